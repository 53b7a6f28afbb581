#include "migrations/layout.h"

#include <inttypes.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/text.h"
#include "migrations/code_replacement.h"
#include "migrations/project_names.h"
#include "migrations/project_repeats.h"
#include "migrations/script_search.h"

#define PEEKED_BYTES (64 * 1024)

/* The layouts, in the order of Layout; how scripts refer to values (none where not said). */
static const struct {
    const char *name;
    bool (*read)(LayoutReading *reading, Error *err);
    ScriptSyntax syntax;
} readers[] = {
    [LAYOUT_SEALIFT] = {"sealift", layout_read_sealift, SCRIPT_SYNTAX_PSQL},
    [LAYOUT_GOLANG_MIGRATE] = {"golang-migrate", layout_read_golang_migrate, SCRIPT_SYNTAX_NONE},
    [LAYOUT_DIESEL] = {"diesel", layout_read_diesel, SCRIPT_SYNTAX_NONE},
    [LAYOUT_DBMATE] = {"dbmate", layout_read_dbmate, SCRIPT_SYNTAX_NONE},
    [LAYOUT_GOOSE] = {"goose", layout_read_goose, SCRIPT_SYNTAX_GOOSE},
    [LAYOUT_NODE_PG] = {"node-pg-migrate", layout_read_node_pg, SCRIPT_SYNTAX_NONE},
    [LAYOUT_SQLX] = {"sqlx", layout_read_sqlx, SCRIPT_SYNTAX_NONE},
    [LAYOUT_PRISMA] = {"prisma", layout_read_prisma, SCRIPT_SYNTAX_NONE},
    [LAYOUT_FLYWAY] = {"flyway", layout_read_flyway, SCRIPT_SYNTAX_FLYWAY},
    [LAYOUT_SQITCH] = {"sqitch", layout_read_sqitch, SCRIPT_SYNTAX_PSQL},
    [LAYOUT_GRAPHILE] = {"graphile-migrate", layout_read_graphile, SCRIPT_SYNTAX_GRAPHILE},
    [LAYOUT_ATLAS] = {"atlas", layout_read_atlas, SCRIPT_SYNTAX_NONE},
    [LAYOUT_LIQUIBASE] = {"liquibase", layout_read_liquibase, SCRIPT_SYNTAX_NONE},
    [LAYOUT_TEMPORAL] = {"temporal", layout_read_temporal, SCRIPT_SYNTAX_NONE},
    [LAYOUT_POPX] = {"popx", layout_read_popx, SCRIPT_SYNTAX_GO_TEMPLATE},
    [LAYOUT_NUMBERED_FOLDERS] = {"numbered-folders", layout_read_numbered_folders,
                                 SCRIPT_SYNTAX_NONE},
    [LAYOUT_PSQL] = {"psql", layout_read_psql, SCRIPT_SYNTAX_PSQL},
    [LAYOUT_REFINERY] = {"refinery", layout_read_refinery, SCRIPT_SYNTAX_NONE},
};

/* The word in a file's name, in the order of ProjectScript. */
static const char *const script_words[PROJECT_SCRIPT_COUNT] = {"up", "down", "verify", "precheck"};

const char *layout_name(Layout layout)
{
    return (size_t)layout < ARRAY_LEN(readers) ? readers[layout].name : "?";
}

bool layout_parse(const char *name, Layout *ret_layout)
{
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        if (strcmp(readers[i].name, name) == 0) {
            *ret_layout = (Layout)i;
            return true;
        }
    }
    return false;
}

/* The readers come upon a program before what replaces it. */
static bool list_replacements(LayoutReading *reading, const char *folder, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (entry->name[0] == '.')
            continue;
        if (entry->kind == FILE_KIND_FOLDER) {
            if (!list_replacements(reading, path, err))
                return false;
        } else if (entry->kind == FILE_KIND_REGULAR && code_replacement_is(entry->name)) {
            LayoutReplacement *added = array_add(&reading->replacements);
            added->path = TAKE_PTR(path);
            if (!code_replacement_alone(reading->root, added->path, &added->alone, err))
                return false;
        }
    }
    return true;
}

ScriptSyntax layout_script_syntax(Layout layout)
{
    return readers[layout].syntax;
}

bool layout_read(Layout layout, LayoutReading *reading, Error *err)
{
    /* sqitch has no programs, and its folder may be all of the project's */
    if ((layout != LAYOUT_SQITCH && !list_replacements(reading, reading->folder, err)) ||
        !readers[layout].read(reading, err))
        return false;
    layout_check_replacements(reading);
    /* a changelog of liquibase's may be JSON, and hold anything */
    return layout == LAYOUT_LIQUIBASE || layout == LAYOUT_SQITCH ||
           layout_refuse_pgroll(reading, err);
}

const char *project_script_name(ProjectScript script)
{
    return script_words[script];
}

void layout_migration_done(LayoutMigration *migration)
{
    free(migration->folder);
    free(migration->order);
    project_migration_done(&migration->migration);
}

void layout_reading_done(LayoutReading *reading)
{
    array_each (char *, folder, &reading->folders)
        free(*folder);
    array_free(&reading->folders);
    array_each (char *, place, &reading->places)
        free(*place);
    array_free(&reading->places);
    array_each (char *, least, &reading->leasts)
        free(*least);
    array_free(&reading->leasts);
    array_each (LayoutReplacement, replacement, &reading->replacements)
        free(replacement->path);
    array_free(&reading->replacements);
    array_each (LayoutMigration, migration, &reading->migrations)
        layout_migration_done(migration);
    array_free(&reading->migrations);
    array_each (ProjectMigration, repeat, &reading->repeats)
        project_migration_done(repeat);
    array_free(&reading->repeats);
}

ProjectMigration *layout_add_repeat(LayoutReading *reading, const char *name, const char *path)
{
    if (strlen(name) > PROJECT_REPEAT_NAME_MAX) {
        finding_add(reading->findings, FINDING_ERROR, "give it a shorter name",
                    "'%s': the name of a repeatable script has at most %d bytes", path,
                    PROJECT_REPEAT_NAME_MAX);
        return NULL;
    }
    array_each (const ProjectMigration, before, &reading->repeats) {
        if (strcmp(before->identity, name) != 0)
            continue;
        finding_add(reading->findings, FINDING_ERROR, "which of the two is run would be a guess",
                    "the repeatable script '%s' stands twice: '%s' is there already", path,
                    before->scripts[PROJECT_UP]);
        return NULL;
    }
    ProjectMigration *added = array_add(&reading->repeats);
    added->identity = memory_string(name);
    added->title = memory_string(name);
    added->version = -1;
    added->scripts[PROJECT_UP] = memory_string(path);
    return added;
}

LayoutMigration *layout_add(LayoutReading *reading, const char *version_folder, uint64_t number)
{
    LayoutMigration *added = array_add(&reading->migrations);
    added->folder = memory_string(version_folder);
    added->number = number;
    added->migration.version = -1;
    return added;
}

bool layout_list(const char *root, const char *folder, FileEntryArray *ret_entries, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(root, folder);
    return file_list(path, ret_entries, err);
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const FileEntry *)a)->name, ((const FileEntry *)b)->name);
}

bool layout_entries(const LayoutReading *reading, const char *folder, FileEntryArray *ret_entries,
                    Error *err)
{
    if (!layout_list(reading->root, folder, ret_entries, err))
        return false;
    array_each (const LayoutReplacement, at, &reading->replacements) {
        CLEANUP(memory_freep) char *stands_in = file_folder_of(at->path);
        const char *name = file_base_name(at->path);
        if (at->alone && strcmp(stands_in, folder) == 0)
            *array_add(ret_entries) = (FileEntry){
                memory_string_n(name, code_replacement_length(name)), FILE_KIND_REGULAR};
    }
    if (ret_entries->count)
        qsort(ret_entries->items, ret_entries->count, sizeof(FileEntry), compare_entries);
    return true;
}

bool layout_peek(const char *root, const char *path, char **ret_bytes, Error *err)
{
    CLEANUP(memory_freep) char *absolute = file_path(root, path);
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PEEKED_BYTES + 1);
    CLEANUP(file_closep) int fd = -1;
    int64_t whole;
    size_t size;
    if (!file_open_regular(absolute, &fd, &whole, err) ||
        !file_read_some(fd, absolute, bytes, PEEKED_BYTES, &size, err))
        return false;
    *ret_bytes = TAKE_PTR(bytes);
    return true;
}

/* A link or a thing that is no file, at `path`; said once, however many scripts are behind it. */
static void refuse_kind(LayoutReading *reading, const char *path, const char *what)
{
    CLEANUP(memory_freep) char *message = memory_format("'%s' is %s", path, what);
    array_each (const Finding, finding, reading->findings)
        if (strcmp(finding->message, message) == 0)
            return;
    finding_add(reading->findings, FINDING_ERROR,
                "put the file itself there: what is released must not change with something "
                "outside the project",
                "%s", message);
}

LayoutFile layout_find_file(LayoutReading *reading, const char *path)
{
    for (const char *end = path; end;) {
        struct stat status;
        end = strchr(end, '/');
        CLEANUP(memory_freep)
        char *part = memory_string_n(path, end ? (size_t)(end - path) : strlen(path));
        CLEANUP(memory_freep) char *absolute = file_path(reading->root, part);
        if (lstat(absolute, &status) != 0)
            return LAYOUT_FILE_ABSENT;
        if (end ? !S_ISDIR(status.st_mode) : !S_ISREG(status.st_mode)) {
            refuse_kind(reading, part,
                        S_ISLNK(status.st_mode) ? "a symbolic link"
                        : end                   ? "not a folder"
                                                : "not a file");
            return LAYOUT_FILE_REFUSED;
        }
        if (end)
            end++;
    }
    return LAYOUT_FILE_THERE;
}

bool layout_takes(LayoutReading *reading, const char *folder, const FileEntry *entry)
{
    if (entry->name[0] == '.')
        return false;
    CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
    const char *trouble = project_file_name_trouble(entry->name);
    if (trouble) {
        CLEANUP(memory_freep) char *shown = text_printable(path, strlen(path), 400);
        finding_add(reading->findings, FINDING_ERROR, "rename it", "the file name '%s' %s", shown,
                    trouble);
        return false;
    }
    if (entry->kind == FILE_KIND_LINK || entry->kind == FILE_KIND_OTHER) {
        refuse_kind(reading, path,
                    entry->kind == FILE_KIND_LINK ? "a symbolic link"
                                                  : "neither a file nor a folder");
        return false;
    }
    /* list_replacements has seen it */
    return entry->kind != FILE_KIND_REGULAR || !code_replacement_is(entry->name);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool layout_parse_number(const char *name, uint64_t *ret_number, size_t *ret_digits)
{
    size_t digits = 0;
    uint64_t number = 0;
    for (; is_digit(name[digits]); digits++) {
        uint64_t digit = (uint64_t)(name[digits] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    *ret_digits = digits;
    return digits > 0;
}

/* golang-migrate's own expression is greedy: the *last* .up. or .down. decides. */
bool layout_parse_name(const char *name, LayoutName *ret_name)
{
    LayoutName parsed = {0};
    if (!layout_parse_number(name, &parsed.number, &parsed.digits) || name[parsed.digits] != '_')
        return false;
    size_t best = 0;
    for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++) {
        CLEANUP(memory_freep) char *word = memory_format(".%s.", script_words[i]);
        for (const char *at = strstr(name + parsed.digits + 1, word); at;
             at = strstr(at + 1, word)) {
            size_t place = (size_t)(at - name);
            if (place <= best)
                continue;
            best = place;
            parsed.script = (ProjectScript)i;
            parsed.stem_length = place;
            parsed.extension = at + strlen(word);
        }
    }
    if (!best || !*parsed.extension)
        return false;
    *ret_name = parsed;
    return true;
}

bool layout_is_sql(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcasecmp(name + length - 4, ".sql") == 0;
}

bool layout_pass_folder(LayoutReading *reading, const char *folder, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        if (!layout_is_sql(entry->name))
            continue;
        finding_add(reading->findings, FINDING_WARNING, NULL,
                    "the folder '%s' holds SQL but is no part of the layout: only what a script "
                    "includes is read from it",
                    folder);
        break;
    }
    return true;
}

/* --- numbered files of one folder ------------------------------------------------------------ */

void layout_pass_file(LayoutReading *reading, const char *path, const char *why)
{
    finding_add(reading->findings, FINDING_WARNING, NULL, "'%s' is not read: %s", path, why);
}

LayoutMigration *layout_add_file(LayoutReading *reading, const char *file, const char *ending,
                                 uint64_t number, size_t digits)
{
    LayoutMigration *added = layout_add(reading, /* version_folder= */ NULL, number);
    ProjectMigration *migration = &added->migration;
    migration->identity = memory_string_n(file, strlen(file) - strlen(ending));
    const char *title = migration->identity + digits;
    migration->title = memory_string(*title == '_' || *title == '-' ? title + 1 : title);
    migration->scripts[PROJECT_UP] = file_path(reading->folder, file);
    return added;
}

static int compare_numbers(const void *a, const void *b)
{
    const LayoutMigration *one = a, *other = b;
    if (one->number != other->number)
        return one->number < other->number ? -1 : 1;
    return strcmp(one->migration.identity, other->migration.identity);
}

static int compare_names(const void *a, const void *b)
{
    const LayoutMigration *one = a, *other = b;
    return strcmp(one->migration.identity, other->migration.identity);
}

void layout_set_no_transaction(ProjectMigration *migration)
{
    for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++)
        migration->no_transaction[i] = true;
}

void layout_drop_without_up(LayoutReading *reading)
{
    size_t kept = 0;
    for (size_t i = 0; i < reading->migrations.count; i++) {
        LayoutMigration at = reading->migrations.items[i];
        reading->migrations.items[i] = (LayoutMigration){0};
        if (at.migration.scripts[PROJECT_UP])
            reading->migrations.items[kept++] = at;
        else
            layout_migration_done(&at);
    }
    reading->migrations.count = kept;
}

void layout_pass_without_up(LayoutReading *reading)
{
    array_each (const LayoutMigration, at, &reading->migrations)
        for (size_t script = 0; script < PROJECT_SCRIPT_COUNT; script++)
            if (!at->migration.scripts[PROJECT_UP] && at->migration.scripts[script])
                layout_pass_file(reading, at->migration.scripts[script],
                                 "there is no up script with its number");
    layout_drop_without_up(reading);
}

bool layout_need_ups(LayoutReading *reading)
{
    array_each (const LayoutMigration, at, &reading->migrations)
        for (size_t script = 0; script < PROJECT_SCRIPT_COUNT; script++)
            if (!at->migration.scripts[PROJECT_UP] && at->migration.scripts[script])
                finding_add(reading->findings, FINDING_ERROR,
                            "add the up script, or remove this one",
                            "'%s' has no up script beside it", at->migration.scripts[script]);
    layout_drop_without_up(reading);
    return true;
}

static void refuse_twins(LayoutReading *reading)
{
    for (size_t i = 0; i < reading->migrations.count; i++)
        for (size_t j = 0; j < i; j++) {
            const LayoutMigration *at = &reading->migrations.items[i];
            const LayoutMigration *before = &reading->migrations.items[j];
            if (at->number != before->number || !at->migration.scripts[PROJECT_UP] ||
                !before->migration.scripts[PROJECT_UP])
                continue;
            finding_add(reading->findings, FINDING_ERROR,
                        "their order would be a guess: give one of them another number",
                        "the number of '%s' stands twice: '%s' has it already",
                        at->migration.scripts[PROJECT_UP], before->migration.scripts[PROJECT_UP]);
            break;
        }
}

bool layout_read_numbered(LayoutReading *reading, LayoutTakeFile take, LayoutOrder order,
                          Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, reading->folder, &entries, err))
        return false;
    reading->flat = true;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
        if (!layout_takes(reading, reading->folder, entry))
            continue;
        if (!(entry->kind == FILE_KIND_FOLDER ? layout_pass_folder(reading, path, err)
                                              : take(reading, entry->name, err)))
            return false;
    }
    if (reading->migrations.count)
        qsort(reading->migrations.items, reading->migrations.count, sizeof(LayoutMigration),
              order == LAYOUT_BY_NAME ? compare_names : compare_numbers);
    refuse_twins(reading);
    return true;
}

bool layout_refuse_mark(LayoutReading *reading, const char *mark, const char *what,
                        const char *hint, Error *err)
{
    array_each (const LayoutMigration, at, &reading->migrations) {
        for (int script = 0; script < PROJECT_SCRIPT_COUNT; script++) {
            const char *path = at->migration.scripts[script];
            int64_t line = 0;
            if (!path || code_replacement_is(path))
                continue; /* SQL for a program is read as it stands */
            CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
            if (!script_search(absolute, mark, &line, err))
                return false;
            if (line)
                finding_add(reading->findings, FINDING_ERROR, hint, "%s:%" PRId64 ": %s", path,
                            line, what);
        }
    }
    return true;
}
