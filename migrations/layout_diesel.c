/* diesel: a folder VERSION_name per migration with up.sql, down.sql and maybe metadata.toml. The
 * order is that of VERSION with its dashes removed, not of the folder names: a project that mixes
 * 2017-09-23-182408_x with 20170922000000_y breaks half way otherwise. */
#include "base/text.h"
#include "migrations/layout.h"

#define METADATA_SIZE_MAX 65536

static const struct {
    const char *file;
    ProjectScript script;
} script_files[] = {
    {"up.sql", PROJECT_UP},
    {"down.sql", PROJECT_DOWN},
    {"verify.sql", PROJECT_VERIFY},
    {"precheck.sql", PROJECT_PRECHECK},
};

/* The text before the first '_', its dashes removed. */
static char *order_of(const char *folder)
{
    Text order = {0};
    for (const char *at = folder; *at && *at != '_'; at++)
        if (*at != '-')
            text_add_char(&order, *at);
    return text_take(&order);
}

/* Blanks around a word, and a comment behind it, taken off in place. */
static char *trimmed(char *word)
{
    word[strcspn(word, "#")] = '\0';
    word += strspn(word, " \t\r");
    size_t length = strlen(word);
    while (length && strchr(" \t\r", word[length - 1]))
        word[--length] = '\0';
    return word;
}

/* One line of metadata.toml; diesel knows one key. */
static void take_metadata_line(LayoutReading *reading, const char *path, int line_number,
                               char *line, ProjectMigration *migration)
{
    line = trimmed(line);
    if (!*line)
        return;
    char *equals = strchr(line, '=');
    if (!equals) {
        finding_add(reading->findings, FINDING_WARNING, NULL, "%s:%d: '%s' is not read", path,
                    line_number, line);
        return;
    }
    *equals = '\0';
    const char *key = trimmed(line), *value = trimmed(equals + 1);
    if (strcmp(key, "run_in_transaction") != 0)
        finding_add(reading->findings, FINDING_WARNING, NULL, "%s:%d: '%s' is not read", path,
                    line_number, key);
    else if (strcmp(value, "false") == 0)
        layout_set_no_transaction(migration);
    else if (strcmp(value, "true") != 0)
        finding_add(reading->findings, FINDING_ERROR, NULL,
                    "%s:%d: run_in_transaction is true or false, not '%s'", path, line_number,
                    value);
}

static bool read_metadata(LayoutReading *reading, const char *path, ProjectMigration *migration,
                          Error *err)
{
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!file_read_all(absolute, METADATA_SIZE_MAX, &bytes, &size, err))
        return false;
    if (!text_is_utf8(bytes, size) || memchr(bytes, '\0', size)) {
        finding_add(reading->findings, FINDING_ERROR, NULL, "'%s' is not UTF-8 text", path);
        return true;
    }
    int line_number = 0;
    for (char *line = bytes, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        take_metadata_line(reading, path, ++line_number, line, migration);
    }
    return true;
}

static bool take_file(LayoutReading *reading, const char *folder, const FileEntry *entry,
                      ProjectMigration *migration, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
    if (!layout_takes(reading, folder, entry) || entry->kind != FILE_KIND_REGULAR)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(script_files); i++) {
        if (strcmp(entry->name, script_files[i].file) == 0) {
            migration->scripts[script_files[i].script] = TAKE_PTR(path);
            return true;
        }
    }
    if (strcmp(entry->name, "metadata.toml") == 0)
        return read_metadata(reading, path, migration, err);
    if (layout_is_sql(entry->name))
        finding_add(reading->findings, FINDING_WARNING, NULL,
                    "'%s' is not read: scripts are called up.sql, down.sql, verify.sql and "
                    "precheck.sql",
                    path);
    return true;
}

static bool holds_sql(const FileEntryArray *entries)
{
    array_each (const FileEntry, entry, entries)
        if (layout_is_sql(entry->name))
            return true;
    return false;
}

/* A folder without any SQL is no migration, unless it is named like one. */
static bool read_migration(LayoutReading *reading, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_path(reading->folder, name);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    bool named_like_one = *name >= '0' && *name <= '9' && strchr(name, '_');
    if (!holds_sql(&entries) && !named_like_one)
        return true;
    CLEANUP(layout_migration_done) LayoutMigration found = {.order = order_of(name)};
    found.migration.version = -1;
    found.migration.identity = memory_string(name);
    const char *underscore = strchr(name, '_');
    found.migration.title = memory_string(underscore ? underscore + 1 : name);
    array_each (FileEntry, entry, &entries)
        if (!take_file(reading, folder, entry, &found.migration, err))
            return false;
    if (!found.migration.scripts[PROJECT_UP]) {
        finding_add(reading->findings, FINDING_ERROR, "write it, or remove the folder",
                    "'%s/up.sql' is missing", folder);
        return true;
    }
    if (!*found.order)
        finding_add(reading->findings, FINDING_ERROR,
                    "folders are called VERSION_name, like 2026-01-31-120000_add_berths",
                    "the folder '%s' has no version in its name", folder);
    *array_add(&reading->migrations) = found;
    found = (LayoutMigration){0};
    return true;
}

static int compare_orders(const void *a, const void *b)
{
    return strcmp(((const LayoutMigration *)a)->order, ((const LayoutMigration *)b)->order);
}

static void check_orders(LayoutReading *reading)
{
    for (size_t i = 1; i < reading->migrations.count; i++) {
        const LayoutMigration *a = &reading->migrations.items[i - 1];
        const LayoutMigration *b = &reading->migrations.items[i];
        if (strcmp(a->order, b->order) == 0)
            finding_add(reading->findings, FINDING_ERROR,
                        "their order would be a guess: give one of them another version",
                        "the version %s stands twice: '%s/%s' and '%s/%s'", a->order,
                        reading->folder, a->migration.identity, reading->folder,
                        b->migration.identity);
    }
}

bool layout_read_diesel(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, reading->folder, &entries, err))
        return false;
    reading->flat = true;
    array_each (FileEntry, entry, &entries) {
        if (!layout_takes(reading, reading->folder, entry))
            continue;
        if (entry->kind == FILE_KIND_FOLDER) {
            if (!read_migration(reading, entry->name, err))
                return false;
        } else if (layout_is_sql(entry->name)) {
            CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
            layout_pass_file(reading, path, "a migration is a folder with up.sql in it");
        }
    }
    if (reading->migrations.count)
        qsort(reading->migrations.items, reading->migrations.count, sizeof(LayoutMigration),
              compare_orders);
    check_orders(reading);
    return true;
}
