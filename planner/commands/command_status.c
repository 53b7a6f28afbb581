/* planner status: versions and migrations, what is released, what is pending, what was edited. */
#include "base/command_table.h"
#include "base/json_writer.h"
#include "planner/commands/files_render.h"
#include "planner/packing/project_check.h"
#include "planner/packing/project_digests.h"
#include "planner/planner_commands.h"

typedef struct StatusOptions {
    const char *project;
    bool files;
} StatusOptions;

static const Option options[] = {
    OPTION_FLAG_ROW("files", StatusOptions, files,
                    "list the files of the migration folder that are not read, and why"),
    OPTION_STRING_ROW("project", StatusOptions, project, "DIR", "the project (default: .)"),
};

typedef enum { STATE_PENDING, STATE_RELEASED, STATE_EDITED, STATE_UNREADABLE } State;
typedef ARRAY_OF(State) StateArray;

static const char *const state_names[] = {"pending", "released", "edited", "unreadable"};

/* The state of each migration; what is wrong with released ones goes to the findings. */
static void find_states(Project *project, StateArray *states)
{
    array_each (const ProjectMigration, migration, &project->migrations) {
        State *state = array_add(states);
        CLEANUP(error_done) Error failure = {0};
        bool edited = false;
        *state = migration->released ? STATE_RELEASED : STATE_PENDING;
        if (!migration->released)
            continue;
        if (!project_is_edited(project, migration, &edited, &failure)) {
            *state = STATE_UNREADABLE;
            finding_add_error(&project->findings, &failure);
        } else if (edited) {
            *state = STATE_EDITED;
            project_report_edited(project, migration, &failure);
            finding_add_error(&project->findings, &failure);
        }
    }
}

static void render_version(const ProjectVersion *version, Text *out)
{
    if (version->released)
        text_addf(out, "%s  released %s%s\n", version->name, version->released_at,
                  version->stop ? ", a required stop" : "");
    else
        text_addf(out, "%s  not released\n", version->name);
    if (version->min_compatible)
        text_addf(out, "  from        %s or later in one run\n", version->min_compatible);
    if (version->history)
        text_addf(out, "  history     %s\n", version->history);
    array_each (const SumSuperseded, superseded, &version->superseded)
        text_addf(out, "  supersedes  %s%s\n", superseded->version,
                  superseded->same_schema ? ", and has its schema" : "");
    if (!version->migration_count)
        text_add(out, "  (no migrations)\n");
}

static void render_migrations(const Project *project, const StateArray *states, int64_t version,
                              Text *out)
{
    for (size_t i = 0; i < project->migrations.count; i++) {
        const ProjectMigration *migration = &project->migrations.items[i];
        if (migration->version == version)
            text_addf(out, "  %-10s  %s%s\n", state_names[states->items[i]], migration->identity,
                      migration->scripts[PROJECT_DOWN] ? "" : "  (no down)");
    }
}

static bool has_pending_flat(const Project *project)
{
    size_t count = project->migrations.count;
    return count && project->migrations.items[count - 1].version < 0;
}

/* What a status shows. */
typedef struct Shown {
    const Project *project;
    StateArray states;
    ProjectFileArray files;
    bool list_files;
} Shown;

static void render(const Shown *shown, Text *out)
{
    const Project *project = shown->project;
    const StateArray *states = &shown->states;
    text_addf(out, "%s (%s layout, %s)\n", project->config.product, layout_name(project->layout),
              project->config.folder);
    if (project->layout_reason)
        text_addf(out, "layout: %s, because %s\n", layout_name(project->layout),
                  project->layout_reason);
    project_files_text(&shown->files, shown->list_files ? LIST_FILES : LIST_NO_FILES, out);
    for (size_t i = 0; i < project->versions.count; i++) {
        render_version(&project->versions.items[i], out);
        render_migrations(project, states, (int64_t)i, out);
    }
    if (has_pending_flat(project)) {
        text_add(out, project->layout != LAYOUT_SQITCH || project->flat
                          ? "in no version yet ('planner release VERSION' makes them one)\n"
                          : "in no version yet (a version ends with a tag: 'sqitch tag')\n");
        render_migrations(project, states, -1, out);
    }
    if (!project->migrations.count)
        text_add(out, "no migrations yet ('planner new NAME' writes one)\n");
    project_findings_text(&project->findings, out);
}

static void render_version_json(const Project *project, const ProjectVersion *version,
                                JsonWriter *json)
{
    json_object(json, /* name= */ NULL);
    json_string(json, "version", version->name);
    json_bool(json, "released", version->released);
    json_string(json, "released_at", version->released ? version->released_at : NULL);
    json_bool(json, "stop", version->stop);
    json_string(json, "min_compatible", version->min_compatible);
    json_string(json, "history", version->history);
    json_array(json, "supersedes");
    array_each (const SumSuperseded, superseded, &version->superseded)
        json_string(json, /* name= */ NULL, superseded->version);
    json_close(json);
    json_array(json, "migrations");
    for (size_t i = 0; i < version->migration_count; i++)
        json_string(json, /* name= */ NULL,
                    project->migrations.items[version->first_migration + i].identity);
    json_close(json);
    json_close(json);
}

static void render_migration_json(const Project *project, const ProjectMigration *migration,
                                  State state, JsonWriter *json)
{
    json_object(json, /* name= */ NULL);
    json_string(json, "identity", migration->identity);
    json_string(json, "version",
                migration->version < 0 ? NULL : project->versions.items[migration->version].name);
    json_string(json, "state", state_names[state]);
    json_string(json, "repeatable", migration->repeat);
    for (int script = 0; script < PROJECT_SCRIPT_COUNT; script++)
        json_string(json, project_script_name((ProjectScript)script), migration->scripts[script]);
    json_close(json);
}

static void render_json(const Shown *shown, Text *out)
{
    const Project *project = shown->project;
    const StateArray *states = &shown->states;
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", project->config.product);
    json_string(&json, "product_uuid", project->config.product_uuid);
    json_string(&json, "layout", layout_name(project->layout));
    json_string(&json, "layout_reason", project->layout_reason);
    json_string(&json, "folder", project->config.folder);
    project_files_json(&shown->files, &json);
    json_array(&json, "versions");
    array_each (const ProjectVersion, version, &project->versions)
        render_version_json(project, version, &json);
    json_close(&json);
    json_array(&json, "migrations");
    for (size_t i = 0; i < project->migrations.count; i++)
        render_migration_json(project, &project->migrations.items[i], states->items[i], &json);
    json_close(&json);
    project_findings_json(&project->findings, &json);
    json_close(&json);
    json_end(&json);
}

static bool run(CommandContext *context, Error *err)
{
    const StatusOptions *given = context->options;
    CLEANUP(project_done) Project project = {0};
    if (!project_survey(given->project ? given->project : ".", &project, err))
        return false;
    Shown shown = {.project = &project, .list_files = given->files};
    /* before the scripts are read: what is wrong inside one is no reason not to read it */
    if (!project_files_list(&project, &shown.files, err))
        return false;
    find_states(&project, &shown.states);
    (context->json ? render_json : render)(&shown, context->out);
    array_free(&shown.states);
    project_files_done(&shown.files);
    return findings_check(&project.findings, /* project= */ NULL, err);
}

const Command command_status = {
    .name = "status",
    .synopsis = "[--files] [--project DIR]",
    .summary = "show versions and migrations: released, pending, edited",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(StatusOptions),
    .run = run,
};
