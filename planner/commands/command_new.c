/* planner new: the files of a new migration, with comments that say what goes where. */
#include "base/command_table.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "planner/commands/new_migration.h"
#include "planner/planner_commands.h"

typedef struct NewOptions {
    const char *project;
    const char *version;
} NewOptions;

static const Option options[] = {
    OPTION_STRING_ROW("version", NewOptions, version, "VERSION",
                      "the version folder (default: the last that is not released)"),
    OPTION_STRING_ROW("project", NewOptions, project, "DIR", "the project (default: .)"),
};

/* In the order of ProjectScript; %s is the identity. */
static const char *const templates[PROJECT_SCRIPT_COUNT] = {
    "-- %s: up\n"
    "--\n"
    "-- Plain SQL, run in one transaction. What cannot run in one (CREATE INDEX CONCURRENTLY)\n"
    "-- becomes a step of its own by itself. Directives stand above the first statement, as\n"
    "-- comments that begin with the word sealift and a colon:\n"
    "--   irreversible REASON     there is no way back; then there is no down script\n"
    "--   nothing-to-undo REASON  the way back has no statement, as a rehearsal proves\n"
    "--   lock-timeout 5s         how long to wait for a lock before trying again\n"
    "--   statement-timeout 10min\n"
    "--   no-transaction          every statement on its own\n"
    "\n",
    "-- %s: down\n"
    "--\n"
    "-- Undoes the up exactly: constraints, defaults, indexes, functions and types too, under\n"
    "-- their old names. A file without a statement counts as no way back,\n"
    "-- unless a directive here says why there is nothing to undo: nothing-to-undo REASON\n"
    "\n",
    "-- %s: verify\n"
    "--\n"
    "-- Runs after the up, read-only. An error means that the migration did not do its work:\n"
    "--   SELECT 1 / count(*) FROM information_schema.tables WHERE table_name = 'berth';\n"
    "-- fails with a division by zero where the table is missing.\n"
    "\n",
    NULL,
};

static bool write_script(const Project *project, const NewMigration *added, ProjectScript script,
                         Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(project->root, added->scripts[script]);
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    CLEANUP(text_done) Text text = {0};
    CLEANUP(file_draft_done) FileDraft draft = {.fd = -1};
    for (const char *at = templates[script]; *at; at++) {
        if (at[0] == '%' && at[1] == 's') {
            text_add(&text, added->identity);
            at++;
        } else {
            text_add_char(&text, *at);
        }
    }
    return file_make_folders(folder, 0755, err) && file_draft_open(path, 0644, &draft, err) &&
           file_write(draft.fd, path, text.bytes, text.length, err) &&
           file_draft_commit_new(&draft, err);
}

static void render_json(const NewMigration *added, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "identity", added->identity);
    for (int script = 0; script < PROJECT_SCRIPT_COUNT; script++)
        if (added->scripts[script])
            json_string(&json, project_script_name((ProjectScript)script), added->scripts[script]);
    json_close(&json);
    json_end(&json);
}

static bool run(CommandContext *context, Error *err)
{
    const NewOptions *given = context->options;
    CLEANUP(project_done) Project project = {0};
    CLEANUP(new_migration_done) NewMigration added = {0};
    int64_t now;
    if (!project_read(given->project ? given->project : ".", &project, err) ||
        !clock_source_date_epoch(clock_now(), &now, err) ||
        !new_migration_plan(&project, context->arguments.items[0], given->version, now, &added,
                            err))
        return false;
    for (int script = 0; script < PROJECT_SCRIPT_COUNT; script++) {
        if (!added.scripts[script])
            continue;
        if (!write_script(&project, &added, (ProjectScript)script, err))
            return false;
        if (!context->json)
            text_addf(context->out, "%s\n", added.scripts[script]);
    }
    if (context->json)
        render_json(&added, context->out);
    return true;
}

const Command command_new = {
    .name = "new",
    .synopsis = "NAME [--version VERSION] [--project DIR]",
    .summary = "write the files of a new migration",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(NewOptions),
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
