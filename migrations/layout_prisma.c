/* prisma: a folder STAMP_name per migration with migration.sql, in order of the folders' names;
 * migration_lock.toml beside them names the database. prisma has no down; a down.sql that people
 * put beside migration.sql is taken for one. */
#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/script_lines.h"

#define LOCK_FILE "migration_lock.toml"

static const struct {
    const char *file;
    ProjectScript script;
} script_files[] = {
    {"migration.sql", PROJECT_UP},
    {"down.sql", PROJECT_DOWN},
    {"verify.sql", PROJECT_VERIFY},
    {"precheck.sql", PROJECT_PRECHECK},
};

static void take_file(LayoutReading *reading, const char *folder, const FileEntry *entry,
                      ProjectMigration *migration)
{
    CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
    if (!layout_takes(reading, folder, entry) || entry->kind != FILE_KIND_REGULAR)
        return;
    for (size_t i = 0; i < ARRAY_LEN(script_files); i++) {
        if (strcmp(entry->name, script_files[i].file) == 0) {
            migration->scripts[script_files[i].script] = TAKE_PTR(path);
            return;
        }
    }
    if (layout_is_sql(entry->name))
        layout_pass_file(reading, path, "a migration of prisma is its migration.sql");
}

static bool read_migration(LayoutReading *reading, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_path(reading->folder, name);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    uint64_t number;
    size_t digits;
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    CLEANUP(layout_migration_done) LayoutMigration found = {0};
    found.migration.version = -1;
    array_each (FileEntry, entry, &entries)
        take_file(reading, folder, entry, &found.migration);
    if (!found.migration.scripts[PROJECT_UP]) {
        finding_add(reading->findings, FINDING_ERROR, "write it, or remove the folder",
                    "'%s/migration.sql' is missing", folder);
        return true;
    }
    found.migration.identity = memory_string(name);
    bool stamped = layout_parse_number(name, &number, &digits) && name[digits] == '_';
    found.migration.title = memory_string(stamped ? name + digits + 1 : name);
    *array_add(&reading->migrations) = found;
    found = (LayoutMigration){0};
    return true;
}

/* provider = "postgresql" */
static bool take_lock_line(void *context, const char *line, int64_t number UNUSED,
                           Error *err UNUSED)
{
    LayoutReading *reading = context;
    line += strspn(line, " \t");
    if (!text_has_prefix(line, "provider"))
        return true;
    line += strlen("provider");
    line += strspn(line, " \t=");
    if (!text_has_prefix(line, "\"postgresql\"") && !text_has_prefix(line, "'postgresql'"))
        finding_add(reading->findings, FINDING_ERROR, /* hint= */ NULL,
                    "'%s/" LOCK_FILE "' says that these migrations are not for PostgreSQL: %s",
                    reading->folder, line);
    return true;
}

static bool read_lock(LayoutReading *reading, Error *err)
{
    CLEANUP(memory_freep) char *name = file_path(reading->folder, LOCK_FILE);
    CLEANUP(memory_freep) char *path = file_path(reading->root, name);
    return script_lines_read(path, take_lock_line, reading, err);
}

bool layout_read_prisma(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, reading->folder, &entries, err))
        return false;
    reading->flat = true;
    /* file_list is in byte order, as prisma sorts its folders */
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
        if (!layout_takes(reading, reading->folder, entry))
            continue;
        if (entry->kind == FILE_KIND_FOLDER) {
            if (!read_migration(reading, entry->name, err))
                return false;
        } else if (strcmp(entry->name, LOCK_FILE) == 0) {
            if (!read_lock(reading, err))
                return false;
        } else if (layout_is_sql(entry->name)) {
            layout_pass_file(reading, path, "a migration of prisma is a folder");
        }
    }
    return true;
}
