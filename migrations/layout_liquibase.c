/* liquibase: every .sql file of the folder and those below, in order of their paths, as includeAll
 * takes them; each changeset of formatted SQL is a migration. Changelogs in XML, YAML or JSON say
 * another order and hold changes that are no SQL: they are refused. */
#include <strings.h>

#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/liquibase_changeset.h"
#include "migrations/liquibase_file.h"

#define CHANGELOG_SIZE_MAX (16 * 1024 * 1024)

typedef ARRAY_OF(char *) PathArray;

static void paths_done(PathArray *paths)
{
    array_each (char *, path, paths)
        free(*path);
    array_free(paths);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool layout_liquibase_marks(const char *first_line)
{
    const char *rest = liquibase_mark(first_line, "liquibase");
    return rest && strncasecmp(rest + strspn(rest, " \t"), "formatted", 9) == 0;
}

static bool may_be_changelog(const char *name)
{
    static const char *const endings[] = {".xml", ".yaml", ".yml", ".json"};
    size_t length = strlen(name);
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (length > strlen(endings[i]) &&
            strcasecmp(name + length - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

static bool look_at_changelog(LayoutReading *reading, const char *path, Error *err)
{
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!file_read_all(absolute, CHANGELOG_SIZE_MAX, &bytes, &size, err))
        return false;
    if (strstr(bytes, "databaseChangeLog"))
        finding_add(reading->findings, FINDING_ERROR,
                    "name the .sql files so that the order of their paths is the one that it says, "
                    "write its other changes as formatted SQL, and keep it outside the folder",
                    "'%s' is a changelog that is no SQL: what it includes, and in which order, is "
                    "not read",
                    path);
    return true;
}

static bool find_files(LayoutReading *reading, const char *folder, PathArray *paths, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (!layout_takes(reading, folder, entry))
            continue;
        if (entry->kind == FILE_KIND_FOLDER) {
            if (!find_files(reading, path, paths, err))
                return false;
        } else if (may_be_changelog(entry->name)) {
            if (!look_at_changelog(reading, path, err))
                return false;
        } else if (layout_is_sql(entry->name)) {
            *array_add(paths) = TAKE_PTR(path);
        }
    }
    return true;
}

bool layout_read_liquibase(LayoutReading *reading, Error *err)
{
    CLEANUP(paths_done) PathArray paths = {0};
    if (!find_files(reading, reading->folder, &paths, err))
        return false;
    reading->flat = true;
    if (paths.count)
        qsort(paths.items, paths.count, sizeof *paths.items, compare_paths);
    array_each (char *, path, &paths)
        if (!liquibase_file_read(reading, *path, err))
            return false;
    return true;
}
