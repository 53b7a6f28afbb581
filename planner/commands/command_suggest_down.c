/* planner suggest-down: a down script derived from an up script, for the author to complete. */
#include <inttypes.h>

#include "base/command_table.h"
#include "base/file.h"
#include "migrations/script.h"
#include "planner/catalog/catalog_answers.h"
#include "planner/downs/suggest_down.h"
#include "planner/planner_commands.h"

typedef struct SuggestDownOptions {
    const char *project;
    bool write;
} SuggestDownOptions;

static const Option options[] = {
    OPTION_STRING_ROW("project", SuggestDownOptions, project, "DIR", "the project (default: .)"),
    OPTION_FLAG_ROW("write", SuggestDownOptions, write,
                    "write it, where the migration has no down script yet"),
};

static bool find_migration(const Project *project, const char *identity, size_t *ret_number,
                           Error *err)
{
    CLEANUP(memory_freep)
    const char **names = memory_zeroed(project->migrations.count + 1, sizeof(*names));
    for (size_t i = 0; i < project->migrations.count; i++) {
        names[i] = project->migrations.items[i].identity;
        if (strcmp(names[i], identity) == 0) {
            *ret_number = i;
            return true;
        }
    }
    const char *nearest = option_nearest(identity, names, project->migrations.count);
    error_set(err, ERROR_USAGE, "there is no migration '%s'", identity);
    return nearest ? error_hint(err, "did you mean '%s'?", nearest)
                   : error_hint(err, "'planner status' lists them");
}

/* Where the down script stands or would stand: beside the up script, named like it. NULL where an
 * up and its down share a file: that is the author's to edit. */
static char *down_name(const ProjectMigration *migration)
{
    const char *up = migration->scripts[PROJECT_UP], *base = file_base_name(up);
    if (migration->ranges[PROJECT_UP].count || (!strstr(base, ".up.") && strcmp(base, "up.sql")))
        return NULL;
    if (migration->scripts[PROJECT_DOWN])
        return memory_string(migration->scripts[PROJECT_DOWN]);
    const char *mark = strstr(base, ".up.");
    const char *word = mark ? mark + 1 : base; /* diesel's is up.sql */
    return memory_format("%.*sdown%s", (int)(word - up), up, word + strlen("up"));
}

/* A script without a statement, as 'planner new' writes it, is none. */
static bool check_free(const Project *project, const ProjectMigration *migration, Error *err)
{
    static const ScriptSink nowhere = {.forgets_statements = true};
    const char *name = migration->scripts[PROJECT_DOWN];
    CLEANUP(script_done) Script script = {0};
    if (!name)
        return true;
    if (!project_script_read(project, migration, PROJECT_DOWN, &nowhere, &script, err))
        return false;
    if (!script.statement_count)
        return true;
    error_set(err, ERROR_CONFIG, "there is a down script already: '%s'", name);
    return error_hint(err, "without '--write' the draft is printed");
}

static bool write_draft(const Project *project, const ProjectMigration *migration, const Text *text,
                        char **ret_name, Error *err)
{
    CLEANUP(memory_freep) char *name = down_name(migration);
    if (!name) {
        error_set(err, ERROR_USAGE, "the %s layout has no down script of its own beside '%s'",
                  layout_name(project->layout), migration->scripts[PROJECT_UP]);
        return error_hint(err, "without '--write' the draft is printed; put it where it belongs");
    }
    CLEANUP(memory_freep) char *path = file_path(project->root, name);
    if (!check_free(project, migration, err) ||
        !file_write_atomic(path, 0644, text->bytes, text->length, err))
        return false;
    *ret_name = TAKE_PTR(name);
    return true;
}

static const char *outcome_name(DownOutcome outcome)
{
    static const char *const names[] = {"derived", "nothing", "refused"};
    return names[outcome];
}

static void step_json(const DownStep *step, JsonWriter *json)
{
    json_object(json, /* name= */ NULL);
    json_string(json, "outcome", outcome_name(step->outcome));
    json_int(json, "line", step->line);
    json_string(json, "statement", step->statement);
    json_string(json, "sql", step->sql);
    json_string(json, "loses", step->loses);
    json_string(json, "reason", step->reason);
    json_close(json);
}

static void render_json(const char *identity, const DownDraft *draft, const char *text,
                        const char *written, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "migration", identity);
    json_string(&json, "written", written);
    json_int(&json, "derived", down_draft_count(draft, DOWN_DERIVED));
    json_int(&json, "refused", down_draft_count(draft, DOWN_REFUSED));
    json_array(&json, "steps");
    for (size_t i = draft->steps.count; i-- > 0;)
        step_json(&draft->steps.items[i], &json);
    json_close(&json);
    json_string(&json, "draft", text);
    json_close(&json);
    json_end(&json);
}

/* Nothing was derived: a file of comments is no way back. */
static bool refuse_empty(const DownDraft *draft, const char *identity, Error *err)
{
    array_each (const DownStep, step, &draft->steps) {
        if (step->outcome != DOWN_REFUSED)
            continue;
        error_set(err, ERROR_INPUT, "nothing of '%s' can be taken back by a derived script",
                  identity);
        error_detail(err, "line %" PRId64 ": %s", step->line, step->reason);
        return error_hint(err, "write the down script, or say '-- sealift: irreversible REASON' in "
                               "the up");
    }
    error_set(err, ERROR_INPUT, "'%s' changes nothing that could be taken back", identity);
    return error_hint(err,
                      "'-- sealift: nothing-to-undo REASON' in the up says so, and a rehearsal "
                      "proves it");
}

static bool check_draft(const DownDraft *draft, const char *identity, Error *err)
{
    if (draft->irreversible || draft->nothing_to_undo) {
        error_set(err, ERROR_INPUT, "'%s' is declared %s: %s", identity,
                  draft->irreversible ? "irreversible" : "to have nothing to undo",
                  draft->irreversible ? draft->irreversible : draft->nothing_to_undo);
        return error_hint(err, "take the directive out of the up script first");
    }
    return down_draft_count(draft, DOWN_DERIVED) > 0 || refuse_empty(draft, identity, err);
}

static bool run(CommandContext *context, Error *err)
{
    const SuggestDownOptions *given = context->options;
    const char *identity = context->arguments.items[0];
    CLEANUP(project_done) Project project = {0};
    CLEANUP(catalog_answers_done) CatalogAnswers answers = {0};
    CLEANUP(down_draft_done) DownDraft draft = {0};
    CLEANUP(text_done) Text text = {0};
    CLEANUP(memory_freep) char *written = NULL;
    size_t number = 0;
    if (!project_read(given->project ? given->project : ".", &project, err) ||
        !find_migration(&project, identity, &number, err) ||
        !catalog_answers_open(project.root, &answers, err))
        return false;
    const BeforeState before = catalog_answers_before(&answers);
    if (!suggest_down(&project, number, &before, &sql_parser_limits, &draft, err) ||
        !check_draft(&draft, identity, err))
        return false;
    down_draft_text(&draft, identity, &text);
    if (given->write &&
        !write_draft(&project, &project.migrations.items[number], &text, &written, err))
        return false;
    if (context->json)
        render_json(identity, &draft, text_string(&text), written, context->out);
    else if (written)
        text_addf(context->out, "wrote '%s': %" PRId64 " derived, %" PRId64 " to be written\n",
                  written, down_draft_count(&draft, DOWN_DERIVED),
                  down_draft_count(&draft, DOWN_REFUSED));
    else
        text_add(context->out, text_string(&text));
    return true;
}

const Command command_suggest_down = {
    .name = "suggest-down",
    .synopsis = "MIGRATION [--write] [--project DIR]",
    .summary = "draft a down script from a migration's up script",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(SuggestDownOptions),
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
