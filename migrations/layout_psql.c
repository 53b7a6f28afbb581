/* psql: scripts that psql runs, one after the other. [migrations] main names a file of \i and \ir
 * lines, whose order it is; without one, the .sql files of the folder in the order of their names.
 * NAME.sql or NAME.up.sql is taken back by NAME.down.sql beside it, or by revert/NAME.sql of the
 * migration folder. */
#include <inttypes.h>
#include <sys/stat.h>

#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/psql_words.h"
#include "migrations/script.h"
#include "migrations/script_include.h"
#include "migrations/script_lines.h"

#define ENDING      ".sql"
#define UP_ENDING   ".up.sql"
#define DOWN_ENDING ".down.sql"
#define DOWN_FOLDER "revert"

static char *in_project(const LayoutReading *reading, const char *path)
{
    return file_path(reading->root, path);
}

static LayoutMigration *find(LayoutReading *reading, const char *identity)
{
    array_each (LayoutMigration, at, &reading->migrations)
        if (strcmp(at->migration.identity, identity) == 0)
            return at;
    return NULL;
}

/* The script that takes this one back, or NULL. */
static char *find_down(const LayoutReading *reading, const char *path, const char *identity)
{
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    CLEANUP(memory_freep) char *beside = memory_format("%s/%s" DOWN_ENDING, folder, identity);
    CLEANUP(memory_freep)
    char *apart = memory_format("%s/" DOWN_FOLDER "/%s" ENDING, reading->folder, identity);
    char **const ways[] = {&beside, &apart};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        CLEANUP(memory_freep) char *absolute = in_project(reading, *ways[i]);
        struct stat status;
        if (lstat(absolute, &status) == 0 && S_ISREG(status.st_mode))
            return TAKE_PTR(*ways[i]);
    }
    return NULL;
}

/* `where` says who names the file, for words. */
static void take_script(LayoutReading *reading, const char *path, const char *where)
{
    const char *base = file_base_name(path);
    const char *ending = text_has_suffix(base, UP_ENDING) ? UP_ENDING
                         : text_has_suffix(base, ENDING)  ? ENDING
                                                          : "";
    size_t length = strlen(base) - strlen(ending);
    CLEANUP(memory_freep) char *identity = memory_string_n(base, length);
    const LayoutMigration *other = find(reading, identity);
    if (other) {
        finding_add(reading->findings, FINDING_ERROR,
                    "a migration is called as its file, whatever folder that is in: rename one",
                    "%s: two migrations are called '%s': '%s' and '%s'", where, identity,
                    other->migration.scripts[PROJECT_UP], path);
        return;
    }
    LayoutMigration *added =
        layout_add(reading, /* version_folder= */ NULL, reading->migrations.count);
    added->migration.title = memory_string(identity);
    added->migration.scripts[PROJECT_UP] = memory_string(path);
    added->migration.scripts[PROJECT_DOWN] = find_down(reading, path, identity);
    added->migration.identity = TAKE_PTR(identity);
}

/* --- the main file --------------------------------------------------------------------------- */

typedef struct MainFile {
    LayoutReading *reading;
    const char *name; /* in the project */
} MainFile;

static void refuse_line(const MainFile *file, int64_t line, const char *hint, const char *what)
{
    finding_add(file->reading->findings, FINDING_ERROR, hint, "%s:%" PRId64 ": %s", file->name,
                line, what);
}

/* psql's working folder is the migrations', where the project's has no such file. */
static char *resolve(const MainFile *file, const char *path, bool beside, Error *err)
{
    const LayoutReading *reading = file->reading;
    CLEANUP(memory_freep) char *folder = file_folder_of(file->name);
    if (beside)
        return script_include_resolve(folder, path, err);
    CLEANUP(memory_freep) char *name = script_include_resolve("", path, err);
    CLEANUP(memory_freep) char *absolute = name ? in_project(reading, name) : NULL;
    if (!name || file_exists(absolute))
        return TAKE_PTR(name);
    return script_include_resolve(reading->folder, path, err);
}

static void include(const MainFile *file, const char *path, bool beside, int64_t line)
{
    CLEANUP(error_done) Error refused = {0};
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(memory_freep) char *name = resolve(file, path, beside, &refused);
    CLEANUP(memory_freep) char *where = memory_format("%s:%" PRId64, file->name, line);
    if (name && script_include_open(file->reading->root, name, &fd, &refused))
        take_script(file->reading, name, where);
    else
        refuse_line(file, line, refused.hint, refused.message);
}

static void take_command(const MainFile *file, const PsqlCommand *command, int64_t line)
{
    static const char *const here[] = {"i", "include"}, *const beside[] = {"ir",
                                                                           "include_relative"};
    const char *const *words = (const char *const *)command->words.items;
    for (size_t i = 0; i < ARRAY_LEN(here); i++) {
        bool is_beside = strcmp(command->name, beside[i]) == 0;
        if (!is_beside && strcmp(command->name, here[i]) != 0)
            continue;
        if (command->words.count == 1)
            include(file, words[0], is_beside, line);
        else
            refuse_line(file, line, /* hint= */ NULL, "it names no file, or more than one");
        return;
    }
    bool on;
    size_t count = command->words.count;
    if (strcmp(command->name, "set") == 0 && count && strcmp(words[0], "ON_ERROR_STOP") == 0 &&
        (count == 1 || (count == 2 && psql_parse_boolean(words[1], &on) && on)))
        return;
    if (!script_psql_prints(command->name))
        refuse_line(file, line, "values are declared in sealift.conf, and SQL is a migration's",
                    "a main file has \\i and \\ir lines only");
}

static bool take_main_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    const MainFile *file = context;
    const char *at = line + strspn(line, " \t");
    CLEANUP(error_done) Error refused = {0};
    if (script_line_is_idle(line))
        return true;
    if (*at != '\\') {
        refuse_line(file, number, "values are declared in sealift.conf, and SQL is a migration's",
                    "a main file has \\i and \\ir lines only");
        return true;
    }
    while (*at == '\\') {
        CLEANUP(psql_command_done) PsqlCommand command = {0};
        if (!psql_command_read(&at, PSQL_WORDS_READ, /* values= */ NULL, &command, &refused)) {
            refuse_line(file, number, refused.hint, refused.message);
            return true;
        }
        take_command(file, &command, number);
    }
    return true;
}

static bool read_main(LayoutReading *reading, Error *err)
{
    CLEANUP(memory_freep) char *name = file_path(reading->folder, reading->main);
    CLEANUP(memory_freep) char *path = in_project(reading, name);
    MainFile file = {reading, name};
    if (!file_exists(path)) {
        error_set(err, ERROR_CONFIG, "there is no file '%s'", name);
        return error_hint(err,
                          "[migrations] main in sealift.conf names it, in the migration folder");
    }
    return script_lines_read(path, take_main_line, &file, err);
}

/* --- the files by name ----------------------------------------------------------------------- */

/* A down without its up is no migration. */
static void judge_down(LayoutReading *reading, const char *path, const char *ending)
{
    const char *base = file_base_name(path);
    CLEANUP(memory_freep) char *identity = memory_string_n(base, strlen(base) - strlen(ending));
    if (!find(reading, identity))
        layout_pass_file(reading, path, "there is no script that it takes back");
}

static bool read_reverts(LayoutReading *reading, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_path(reading->folder, DOWN_FOLDER);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (layout_takes(reading, folder, entry) && text_has_suffix(entry->name, ENDING))
            judge_down(reading, path, ENDING);
    }
    return true;
}

static bool read_names(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, reading->folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
        if (layout_takes(reading, reading->folder, entry) && entry->kind == FILE_KIND_REGULAR &&
            text_has_suffix(entry->name, ENDING) && !text_has_suffix(entry->name, DOWN_ENDING))
            take_script(reading, path, reading->folder);
    }
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
        bool is_folder = entry->kind == FILE_KIND_FOLDER;
        if (entry->name[0] == '.')
            continue;
        if (is_folder &&
            !(strcmp(entry->name, DOWN_FOLDER) == 0 ? read_reverts(reading, err)
                                                    : layout_pass_folder(reading, path, err)))
            return false;
        if (!is_folder && text_has_suffix(entry->name, DOWN_ENDING))
            judge_down(reading, path, DOWN_ENDING);
    }
    return true;
}

bool layout_read_psql(LayoutReading *reading, Error *err)
{
    reading->flat = true;
    return *reading->main ? read_main(reading, err) : read_names(reading, err);
}
