/* An explanation in words and as JSON. */
#include <inttypes.h>

#include "migrations/requires_directive.h"
#include "planner/explain/explanation.h"
#include "planner/packing/project_check.h"

static const char *version_of(const Explanation *explanation)
{
    const ProjectMigration *migration = explanation->migration;
    return migration->version < 0 ? NULL
                                  : explanation->project->versions.items[migration->version].name;
}

/* The step that a statement became: statements that control transactions and those that are left
 * out become none. `next` counts the steps that were given out. */
static const ManifestStep *step_of(const ScriptExplanation *script,
                                   const ScriptStatement *statement, size_t *next)
{
    if (!script->planned || statement->pinned ||
        statement->kind.control != TRANSACTION_CONTROL_NONE || *next >= script->plan->steps.count)
        return NULL;
    return &script->plan->steps.items[(*next)++];
}

/* The group that begins with this step, or NULL. */
static const ManifestGroup *group_at(const ScriptExplanation *script, const ManifestStep *step)
{
    if (!step)
        return NULL;
    size_t index = (size_t)(step - script->plan->steps.items);
    array_each (const ManifestGroup, group, &script->plan->groups)
        if (group->first_step == index)
            return group;
    return NULL;
}

/* --- directives ------------------------------------------------------------------------------ */

typedef struct Directive {
    const char *name;
    char *value; /* owned; NULL: it has none */
} Directive;
typedef ARRAY_OF(Directive) DirectiveArray;

static void add(DirectiveArray *directives, const char *name, char *value)
{
    *array_add(directives) = (Directive){name, value};
}

static void add_time(DirectiveArray *directives, const char *name, int64_t ms)
{
    if (ms >= 0)
        add(directives, name, ms ? memory_format("%" PRId64 "ms", ms) : memory_string("0"));
}

static char *batch_words(const ScriptBatch *batch)
{
    Text words = {0};
    text_addf(&words, "key=%s size=%" PRId64, batch->key, batch->size);
    if (batch->table)
        text_addf(&words, " table=%s%s%s", batch->table_schema ? batch->table_schema : "",
                  batch->table_schema ? "." : "", batch->table);
    if (batch->pause_ms)
        text_addf(&words, " pause=%" PRId64 "ms", batch->pause_ms);
    return text_take(&words);
}

static char *require_words(const ScriptRequire *require)
{
    const char *between = require->kind == REQUIRE_SETTING ? "=" : *require->value ? " >=" : "";
    return memory_format("%s %s%s%s", requires_directive_kind(require->kind), require->name,
                         between, require->value);
}

/* What the author wrote, in one order. */
static void list_directives(const ScriptDirectives *given, DirectiveArray *ret_directives)
{
    DirectiveArray *into = ret_directives;
    if (given->no_transaction)
        add(into, "no-transaction", NULL);
    if (given->idempotent)
        add(into, "idempotent", NULL);
    if (given->verify_in_transaction)
        add(into, "verify", memory_string("in-transaction"));
    if (given->gate)
        add(into, "gate", NULL);
    if (given->phase)
        add(into, "phase", memory_string(given->phase));
    if (given->irreversible)
        add(into, "irreversible", memory_string(given->irreversible));
    if (given->nothing_to_undo)
        add(into, "nothing-to-undo", memory_string(given->nothing_to_undo));
    add_time(into, "lock-timeout", given->lock_timeout_ms);
    add_time(into, "statement-timeout", given->statement_timeout_ms);
    if (given->batch.size)
        add(into, "batch", batch_words(&given->batch));
    array_each (const ScriptAck, ack, &given->acks)
        add(into, "ack", memory_format("%s %s", ack->rule, ack->reason));
    array_each (const ScriptRequire, require, &given->requires)
        add(into, "requires", require_words(require));
    array_each (const ScriptDepend, depend, &given->depends)
        add(into, "depends", memory_string(depend->identity));
}

static void directives_done(DirectiveArray *directives)
{
    array_each (Directive, directive, directives)
        free(directive->value);
    array_free(directives);
}

/* --- text ------------------------------------------------------------------------------------ */

static void add_lines(const ScriptRangeArray *ranges, Text *out)
{
    for (size_t i = 0; i < ranges->count; i++) {
        const ScriptRange *range = &ranges->items[i];
        text_addf(out, "%s%" PRId64, i ? ", " : ", lines ", range->first);
        if (range->last)
            text_addf(out, " to %" PRId64, range->last);
        else
            text_add(out, " to the end");
    }
}

static void group_text(const ScriptExplanation *script, const ManifestGroup *group, Text *out)
{
    static const char *const words[] = {
        [GROUP_TRANSACTION] = "one transaction",
        [GROUP_AUTOCOMMIT] = "outside transactions",
        [GROUP_BATCH] = "batches, each in a transaction of its own",
    };
    text_addf(out, "  group %zu of %zu: %s", (size_t)(group - script->plan->groups.items) + 1,
              script->plan->groups.count, words[group->kind]);
    if (group->isolation != ISOLATION_DEFAULT)
        text_addf(out, ", isolation level %s", isolation_name(group->isolation));
    text_addf(out, "%s%s\n", group->read_only ? ", read only" : "",
              group->deferrable ? ", deferrable" : "");
}

static void statement_text(const Explanation *explanation, const Script *script,
                           const ScriptStatement *statement, const ManifestStep *step, Text *out)
{
    CLEANUP(explanation_notes_done) ExplanationNotes notes = {0};
    explanation_notes(explanation, script, statement, step, &notes);
    text_addf(out, "    line %-5" PRId64 " %s", statement->script_line, statement->summary);
    if (statement->statements > 1)
        text_addf(out, "  and %" PRId64 " more statement%s, a line each", statement->statements - 1,
                  text_plural(statement->statements - 1));
    text_add_char(out, '\n');
    array_each (char *, words, &notes)
        text_addf(out, "               %s\n", *words);
}

static void script_text(const Explanation *explanation, ProjectScript which, Text *out)
{
    const ScriptExplanation *script = &explanation->scripts[which];
    const ProjectMigration *migration = explanation->migration;
    if (!script->present)
        return;
    text_addf(out, "%s: %s", project_script_name(which), migration->scripts[which]);
    add_lines(&migration->ranges[which], out);
    text_add(out, "\n");
    if (!script->read)
        return;
    if (migration->no_transaction[which])
        text_add(out, "  no transaction, says the layout\n");
    CLEANUP(directives_done) DirectiveArray directives = {0};
    list_directives(&script->script.directives, &directives);
    array_each (const Directive, directive, &directives)
        text_addf(out, "  directive %s%s%s\n", directive->name, directive->value ? " " : "",
                  directive->value ? directive->value : "");
    if (!script->script.statements.count)
        text_add(out, "  no statement\n");
    size_t next = 0;
    array_each (const ScriptStatement, statement, &script->script.statements) {
        const ManifestStep *step = step_of(script, statement, &next);
        const ManifestGroup *group = group_at(script, step);
        if (group)
            group_text(script, group, out);
        statement_text(explanation, &script->script, statement, step, out);
    }
    array_each (const ScriptNote, note, &script->script.notes)
        text_addf(out, "    line %-5" PRId64 " %s: left out, psql alone does that\n", note->line,
                  note->command);
}

void explanation_text(const Explanation *explanation, Text *out)
{
    const ProjectMigration *migration = explanation->migration;
    const char *version = version_of(explanation);
    text_addf(out, "%s (%s%s, %s layout)\n", migration->identity,
              version ? version : "in no version yet",
              !version              ? ""
              : explanation->edited ? ", released, and edited since"
              : migration->released ? ", released"
                                    : ", not released",
              layout_name(explanation->project->layout));
    for (int which = 0; which < PROJECT_SCRIPT_COUNT; which++)
        script_text(explanation, (ProjectScript)which, out);
    project_findings_text(&explanation->findings, out);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void statement_json(const Explanation *explanation, const ScriptExplanation *script,
                           const ScriptStatement *statement, const ManifestStep *step,
                           int64_t group, JsonWriter *json)
{
    CLEANUP(explanation_notes_done) ExplanationNotes notes = {0};
    explanation_notes(explanation, &script->script, statement, step, &notes);
    json_object(json, /* name= */ NULL);
    json_int(json, "line", statement->script_line);
    json_int(json, "statements", statement->statements);
    json_string(json, "words", statement->summary);
    json_string(json, "kind", step ? step_kind_name(step->kind) : NULL);
    if (step && script->planned)
        json_int(json, "group", group);
    else
        json_null(json, "group");
    json_bool(json, "destructive", statement->kind.destructive);
    json_array(json, "notes");
    array_each (char *, words, &notes)
        json_string(json, /* name= */ NULL, *words);
    json_close(json);
    json_close(json);
}

static void statements_json(const Explanation *explanation, const ScriptExplanation *script,
                            JsonWriter *json)
{
    size_t next = 0;
    int64_t group = 0;
    json_array(json, "groups");
    if (script->planned)
        array_each (const ManifestGroup, at, &script->plan->groups) {
            json_object(json, /* name= */ NULL);
            json_string(json, "kind", group_kind_name(at->kind));
            json_string(json, "isolation", isolation_name(at->isolation));
            json_close(json);
        }
    json_close(json);
    json_array(json, "statements");
    array_each (const ScriptStatement, statement, &script->script.statements) {
        const ManifestStep *step = step_of(script, statement, &next);
        if (group_at(script, step))
            group++;
        statement_json(explanation, script, statement, step, group, json);
    }
    json_close(json);
}

static void ranges_json(const ScriptRangeArray *ranges, JsonWriter *json)
{
    json_array(json, "lines");
    array_each (const ScriptRange, range, ranges) {
        json_object(json, /* name= */ NULL);
        json_int(json, "first", range->first);
        if (range->last)
            json_int(json, "last", range->last);
        else
            json_null(json, "last");
        json_close(json);
    }
    json_close(json);
}

static void script_json(const Explanation *explanation, ProjectScript which, JsonWriter *json)
{
    const ScriptExplanation *script = &explanation->scripts[which];
    if (!script->present)
        return;
    CLEANUP(directives_done) DirectiveArray directives = {0};
    if (script->read)
        list_directives(&script->script.directives, &directives);
    json_object(json, /* name= */ NULL);
    json_string(json, "script", project_script_name(which));
    json_string(json, "source", explanation->migration->scripts[which]);
    ranges_json(&explanation->migration->ranges[which], json);
    json_bool(json, "no_transaction", script->no_transaction);
    json_int(json, "data_files", script->script.data_count);
    json_array(json, "directives");
    array_each (const Directive, directive, &directives) {
        json_object(json, /* name= */ NULL);
        json_string(json, "name", directive->name);
        json_string(json, "value", directive->value);
        json_close(json);
    }
    json_close(json);
    statements_json(explanation, script, json);
    json_close(json);
}

void explanation_json(const Explanation *explanation, JsonWriter *json)
{
    const ProjectMigration *migration = explanation->migration;
    json_string(json, "identity", migration->identity);
    json_string(json, "version", version_of(explanation));
    json_bool(json, "released", migration->released);
    json_string(json, "layout", layout_name(explanation->project->layout));
    json_array(json, "scripts");
    for (int which = 0; which < PROJECT_SCRIPT_COUNT; which++)
        script_json(explanation, (ProjectScript)which, json);
    json_close(json);
    project_findings_json(&explanation->findings, json);
}
