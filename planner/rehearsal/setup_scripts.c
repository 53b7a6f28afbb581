#include "planner/rehearsal/setup_scripts.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "migrations/script.h"

void setup_scripts_done(SetupScriptArray *scripts)
{
    array_each (SetupScript, script, scripts) {
        free(script->name);
        free(script->sql);
    }
    array_free(scripts);
}

static bool take_sql(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    text_add_n(context, bytes, size);
    return true;
}

static bool refuse(const Script *script, const ScriptStatement *statement, Error *err,
                   const char *why, const char *hint)
{
    CLEANUP(memory_freep) char *place = script_statement_place(script, statement);
    error_set(err, ERROR_INPUT, "setup script: %s: '%s' %s", place, statement->summary, why);
    return error_hint(err, "%s", hint);
}

/* The statements in the lines that they have in the file, so that the server's place in the text is
 * one in the file. What pg_dump sets and the session has already is left out: an older server may
 * not know it. */
static bool compose(const Script *script, const char *shipped, Text *sql, Error *err)
{
    int64_t line = 1;
    array_each (const ScriptStatement, statement, &script->statements) {
        if (statement->kind.copy_from_stdin)
            return refuse(script, statement, err, "loads rows", "give rows by a seed script");
        if (statement->reference_count)
            return refuse(script, statement, err, "holds a site parameter",
                          "write the value: what is set up is for rehearsals only");
        if (statement->pinned)
            continue;
        for (; line < statement->line; line++)
            text_add_char(sql, '\n');
        for (int64_t i = 0; i < statement->length; i++) {
            text_add_char(sql, shipped[statement->offset + i]);
            line += shipped[statement->offset + i] == '\n';
        }
        text_add_char(sql, ';');
    }
    return true;
}

static bool read_script(const Project *project, const char *path, const char *name,
                        SetupScriptArray *scripts, Error *err)
{
    CLEANUP(text_done) Text shipped = {0}, sql = {0};
    CLEANUP(script_done) Script script = {0};
    const ScriptSink sink = {.sql = take_sql, .context = &shipped, .without_files = true};
    const ScriptFile file = {
        .path = path,
        .name = name,
        .settings = {.syntax = SCRIPT_SYNTAX_PSQL, .values = &project->config.values},
    };
    if (!script_read(&file, &sink, &script, err))
        return error_wrap(err, "setup script");
    if (!compose(&script, text_string(&shipped), &sql, err))
        return false;
    const char *slash = strrchr(name, '/');
    *array_add(scripts) =
        (SetupScript){.name = memory_string(slash ? slash + 1 : name), .sql = text_take(&sql)};
    return true;
}

static bool read_folder(const Project *project, const char *folder, const char *name,
                        SetupScriptArray *scripts, Error *err)
{
    FileEntryArray entries = {0};
    bool good = file_list(folder, &entries, err);
    array_each (const FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        CLEANUP(memory_freep) char *shown = file_path(name, entry->name);
        if (!good || entry->name[0] == '.')
            continue;
        if (entry->kind == FILE_KIND_FOLDER || !text_has_suffix(entry->name, ".sql")) {
            error_set(err, ERROR_INPUT, "'%s' is no setup script", shown);
            good = error_hint(err, "[rehearsal] setup names a folder of .sql files, or one file");
        } else {
            good = read_script(project, path, shown, scripts, err);
        }
    }
    file_entries_free(&entries);
    return good;
}

bool setup_scripts_read(const Project *project, SetupScriptArray *ret_scripts, Error *err)
{
    CLEANUP(setup_scripts_done) SetupScriptArray scripts = {0};
    const char *named = project->config.setup;
    CLEANUP(memory_freep)
    char *path = *named == '/' ? memory_string(named) : file_path(project->root, named);
    struct stat found;
    if (!*named)
        return true;
    if (stat(path, &found) != 0)
        return error_set(err, ERROR_CONFIG, PROJECT_CONFIG_NAME ": [rehearsal] setup: '%s': %m",
                         named);
    bool good = S_ISDIR(found.st_mode) ? read_folder(project, path, named, &scripts, err)
                                       : read_script(project, path, named, &scripts, err);
    if (!good)
        return false;
    *ret_scripts = scripts;
    scripts = (SetupScriptArray){0};
    return true;
}

bool setup_scripts_write(const SetupScriptArray *scripts, const char *folder, Error *err)
{
    if (!file_make_folders(folder, 0700, err))
        return false;
    array_each (const SetupScript, script, scripts) {
        CLEANUP(memory_freep) char *path = file_path(folder, script->name);
        if (!file_write_atomic(path, 0600, script->sql, strlen(script->sql), err))
            return false;
    }
    return true;
}
