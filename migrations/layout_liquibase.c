/* liquibase: every .sql file of the folder and those below, in order of their paths, as includeAll
 * takes them; or in the order of a changelog in XML or YAML that includes them and does nothing
 * else. Each changeset of formatted SQL is a migration. */
#include <strings.h>

#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/liquibase_changeset.h"
#include "migrations/liquibase_file.h"
#include "migrations/liquibase_master.h"
#include "migrations/liquibase_place.h"

#define CHANGELOG_SIZE_MAX (16 * 1024 * 1024)
#define DOTS_GONE_FROM     4024 /* the version that notes the folder ./x as x */

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

bool layout_liquibase_names(const char *name)
{
    static const char *const endings[] = {".xml", ".yaml", ".yml", ".json"};
    size_t length = strlen(name);
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (length > strlen(endings[i]) &&
            strcasecmp(name + length - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

typedef struct LiquibaseFolder {
    LayoutReading *reading;
    PathArray files;                /* .sql, in order of their paths */
    PathArray order;                /* as the changelog includes them */
    PathArray skipped;              /* included, and not run */
    char *master;                   /* owned: the changelog, or NULL */
    LiquibaseIncludeArray includes; /* of that one */
} LiquibaseFolder;

static void folder_done(LiquibaseFolder *folder)
{
    paths_done(&folder->files);
    paths_done(&folder->order);
    paths_done(&folder->skipped);
    liquibase_includes_done(&folder->includes);
    free(folder->master);
}

static bool look_at_changelog(LiquibaseFolder *folder, const char *path, Error *err)
{
    LayoutReading *reading = folder->reading;
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    CLEANUP(memory_freep) char *bytes = NULL;
    CLEANUP(error_done) Error refused = {0};
    size_t size;
    if (!file_read_all(absolute, CHANGELOG_SIZE_MAX, &bytes, &size, err))
        return false;
    if (!strstr(bytes, "databaseChangeLog")) {
        layout_pass_file(reading, path, "it is no changelog of liquibase");
        return true;
    }
    if (folder->master) {
        finding_add(reading->findings, FINDING_ERROR,
                    "let one of them include all files, and the other stand outside the folder",
                    "'%s' is a second changelog beside '%s'", path, folder->master);
        return true;
    }
    folder->master = memory_string(path);
    if (!liquibase_master_read(bytes, path, &folder->includes, &refused))
        finding_add_error(reading->findings, &refused);
    return true;
}

static bool find_files(LiquibaseFolder *found, const char *folder, Error *err)
{
    LayoutReading *reading = found->reading;
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (!layout_takes(reading, folder, entry))
            continue;
        if (entry->kind == FILE_KIND_FOLDER) {
            if (!find_files(found, path, err))
                return false;
        } else if (layout_liquibase_names(entry->name)) {
            if (!look_at_changelog(found, path, err))
                return false;
        } else if (layout_is_sql(entry->name)) {
            *array_add(&found->files) = TAKE_PTR(path);
        }
    }
    return true;
}

/* --- the order of a changelog ---------------------------------------------------------------- */

/* Whether a path that is not relative to the changelog means this file or folder: by [liquibase]
 * folder, or, where nobody has said where liquibase looks, by the end of it. */
static bool is_meant(const LiquibaseFolder *folder, const char *wanted, const char *path)
{
    const LayoutReading *reading = folder->reading;
    wanted += *wanted == '/';
    if (*reading->liquibase_folder) {
        CLEANUP(memory_freep)
        char *known = liquibase_known_path(reading->liquibase_folder, reading->folder, path);
        return strcmp(known, wanted) == 0;
    }
    CLEANUP(memory_freep) char *rooted = memory_format("/%s", path);
    CLEANUP(memory_freep) char *ending = memory_format("/%s", wanted);
    return text_has_suffix(rooted, ending);
}

/* The file that an include means. *ret_several: there is more than one. */
static const char *find_included(const LiquibaseFolder *folder, const LiquibaseInclude *include,
                                 bool *ret_several)
{
    CLEANUP(memory_freep) char *beside = file_folder_of(folder->master);
    CLEANUP(memory_freep) char *wanted = file_path(beside, include->file);
    const char *found = NULL;
    *ret_several = false;
    array_each (char *, path, &folder->files) {
        bool same =
            include->relative ? strcmp(*path, wanted) == 0 : is_meant(folder, include->file, *path);
        *ret_several = *ret_several || (same && found);
        found = same ? *path : found;
    }
    return found;
}

static bool holds(const PathArray *paths, const char *path)
{
    array_each (char *, at, paths)
        if (strcmp(*at, path) == 0)
            return true;
    return false;
}

/* Whether the changelog has named the file already. */
static bool has_place(const LiquibaseFolder *folder, const char *path)
{
    return holds(&folder->order, path) || holds(&folder->skipped, path);
}

static void refuse_include(LiquibaseFolder *folder, const LiquibaseInclude *include,
                           const char *what, const char *which)
{
    finding_add(folder->reading->findings, FINDING_ERROR, /* hint= */ NULL, "%s:%lld: %s '%s'",
                folder->master, (long long)include->line, what, which);
}

/* Whether a row of liquibase's, where they are kept, would have the path without what stands before
 * it. */
static bool is_known_so(LiquibaseFolder *folder, const LiquibaseInclude *include)
{
    const char *version = folder->reading->liquibase_version;
    if (!include->dotted || !version || liquibase_version_number(version) >= DOTS_GONE_FROM)
        return true;
    refuse_include(folder, include, "liquibase would note the './' before", include->file);
    return false;
}

/* What all that an include brings is chosen by: false where it is not run, for *ret_why, or
 * refused. */
static bool select_include(LiquibaseFolder *folder, const LiquibaseInclude *include,
                           const char **ret_why)
{
    LayoutReading *reading = folder->reading;
    CLEANUP(error_done) Error refused = {0};
    if ((include->context || include->labels) && reading->liquibase_version) {
        refuse_include(folder, include,
                       "[foreign-history] keep cannot note the context and labels of an include:",
                       include->file);
        return false;
    }
    if (liquibase_select(&reading->liquibase, include->context, include->labels, ret_why, &refused))
        return true;
    error_wrap(&refused, "%s:%lld", folder->master, (long long)include->line);
    finding_add_error(reading->findings, &refused);
    return false;
}

/* Give a file that the changelog includes its place, or none where it is not run. */
static void add_included(LiquibaseFolder *folder, const char *path, const char *why)
{
    if (why)
        layout_pass_file(folder->reading, path, why);
    *array_add(why ? &folder->skipped : &folder->order) = memory_string(path);
}

static void take_include(LiquibaseFolder *folder, const LiquibaseInclude *include)
{
    bool several;
    const char *why = NULL;
    const char *path = find_included(folder, include, &several);
    const char *what = !path                     ? "there is no such .sql file in the folder:"
                       : several                 ? "several files may be meant by"
                       : has_place(folder, path) ? "the file is included twice:"
                                                 : NULL;
    if (what)
        refuse_include(folder, include, what, include->file);
    else if (select_include(folder, include, &why))
        add_included(folder, path, why);
}

/* Whether `folder`, the first `length` bytes of a path, is what an includeAll means. */
static bool is_included(const LiquibaseFolder *folder, const LiquibaseInclude *include,
                        const char *path, size_t length)
{
    CLEANUP(memory_freep) char *beside = file_folder_of(folder->master);
    CLEANUP(memory_freep) char *whole = memory_string_n(path, length);
    CLEANUP(memory_freep)
    char *wanted =
        strcmp(include->file, ".") == 0 ? memory_string(beside) : file_path(beside, include->file);
    return include->relative ? strcmp(whole, wanted) == 0 : is_meant(folder, include->file, whole);
}

/* How much of the path is the first folder that the includeAll means: nothing of it, where that is
 * the project's own, as of a folder that is imported. */
static bool find_included_folder(const LiquibaseFolder *folder, const LiquibaseInclude *include,
                                 const char *path, size_t *ret_length)
{
    const LayoutReading *reading = folder->reading;
    *ret_length = 0;
    if (include->relative && strcmp(include->file, ".") == 0 && !strchr(folder->master, '/'))
        return true;
    if (!include->relative && *reading->liquibase_folder && strcmp(reading->folder, ".") == 0 &&
        is_meant(folder, include->file, reading->folder))
        return true;
    for (const char *at = path; (at = strchr(at, '/')) != NULL; at++) {
        *ret_length = (size_t)(at - path);
        if (is_included(folder, include, path, *ret_length))
            return true;
    }
    return false;
}

/* All .sql files of a folder and those below, in order of their paths. */
static void take_folder(LiquibaseFolder *folder, const LiquibaseInclude *include)
{
    const char *first = NULL;
    const char *why = NULL;
    size_t first_length = 0;
    if (!is_known_so(folder, include) || !select_include(folder, include, &why))
        return;
    array_each (char *, path, &folder->files) {
        size_t length;
        if (!find_included_folder(folder, include, *path, &length))
            continue;
        if (first && (length != first_length || strncmp(first, *path, length) != 0)) {
            refuse_include(folder, include, "several folders may be meant by", include->file);
            return;
        }
        first = *path;
        first_length = length;
        if (has_place(folder, *path))
            refuse_include(folder, include, "the file is included twice:", *path);
        else
            add_included(folder, *path, why);
    }
    if (!first)
        refuse_include(folder, include, "no .sql file stands in", include->file);
}

static void take_order(LiquibaseFolder *folder)
{
    array_each (const LiquibaseInclude, include, &folder->includes) {
        if (include->all)
            take_folder(folder, include);
        else
            take_include(folder, include);
    }
    array_each (char *, path, &folder->files)
        if (!has_place(folder, *path))
            layout_pass_file(folder->reading, *path, "the changelog does not include it");
}

bool layout_read_liquibase(LayoutReading *reading, Error *err)
{
    CLEANUP(folder_done) LiquibaseFolder folder = {.reading = reading};
    if (!find_files(&folder, reading->folder, err))
        return false;
    reading->flat = true;
    if (folder.files.count)
        qsort(folder.files.items, folder.files.count, sizeof *folder.files.items, compare_paths);
    if (folder.master)
        take_order(&folder);
    array_each (char *, path, folder.master ? &folder.order : &folder.files)
        if (!liquibase_file_read(reading, *path, err))
            return false;
    return true;
}
