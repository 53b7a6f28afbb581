/* Ours: VERSION/NNNN_slug.up.sql and its companions, or the same files in one flat folder; and
 * repeat/NAME.sql, run again in each version in which it has changed (project_repeats.h). */
#include <sys/stat.h>

#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/project_names.h"

#define EXPECTED_NAME                                                                              \
    "scripts are called NNNN_slug.up.sql, .down.sql, .verify.sql or .precheck.sql, NNNN a number " \
    "of at least four digits; for other names say the layout: psql runs any NAME.sql in order of " \
    "the names"

#define REPEAT_FOLDER "repeat"
#define DOWN_ENDING   ".down.sql"

static LayoutMigration *find(LayoutReading *reading, size_t first, uint64_t number)
{
    for (size_t i = first; i < reading->migrations.count; i++)
        if (reading->migrations.items[i].number == number)
            return &reading->migrations.items[i];
    return NULL;
}

static const char *any_script(const ProjectMigration *migration)
{
    for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++)
        if (migration->scripts[i])
            return migration->scripts[i];
    return migration->identity;
}

static void refuse_twin(LayoutReading *reading, const LayoutMigration *found, const char *path)
{
    finding_add(reading->findings, FINDING_ERROR,
                "give one of them another number; scripts of one migration share their slug",
                "the number %llu stands twice: '%s' and '%s'", (unsigned long long)found->number,
                any_script(&found->migration), path);
}

/* `first` is where this folder's migrations begin in the array. */
static void take_script(LayoutReading *reading, size_t first, const char *version_folder,
                        const char *path, const LayoutName *name)
{
    const char *base = file_base_name(path);
    CLEANUP(memory_freep) char *identity = memory_string_n(base, name->stem_length);
    LayoutMigration *found = find(reading, first, name->number);
    if (found && (found->migration.scripts[name->script] ||
                  strcmp(found->migration.identity, identity) != 0)) {
        refuse_twin(reading, found, path);
        return;
    }
    if (!found) {
        found = layout_add(reading, version_folder, name->number);
        found->migration.title = memory_string(identity + name->digits + 1);
        found->migration.identity = TAKE_PTR(identity);
    }
    found->migration.scripts[name->script] = memory_string(path);
}

static void take_code(LayoutReading *reading, size_t first, const char *version_folder,
                      const char *path)
{
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    uint64_t number;
    size_t digits;
    LayoutMigration *twin = layout_parse_number(file_base_name(path), &number, &digits)
                                ? find(reading, first, number)
                                : NULL;
    if (twin)
        refuse_twin(reading, twin, path);
    LayoutMigration *added = layout_take_code(reading, folder, file_base_name(path));
    if (added)
        added->folder = memory_string(version_folder);
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t number_a = ((const LayoutMigration *)a)->number;
    uint64_t number_b = ((const LayoutMigration *)b)->number;
    return number_a < number_b ? -1 : number_a > number_b;
}

/* Sort this folder's migrations; those without an up are errors and go. */
static void finish_folder(LayoutReading *reading, size_t first)
{
    size_t kept = first;
    for (size_t i = first; i < reading->migrations.count; i++) {
        LayoutMigration *at = &reading->migrations.items[i];
        if (at->migration.scripts[PROJECT_UP]) {
            LayoutMigration moved = *at;
            *at = (LayoutMigration){0};
            reading->migrations.items[kept++] = moved;
            continue;
        }
        finding_add(reading->findings, FINDING_ERROR, "add the up script, or remove this one",
                    "'%s' has no '%s.up.sql' beside it", any_script(&at->migration),
                    at->migration.identity);
        layout_migration_done(at);
    }
    reading->migrations.count = kept;
    if (kept > first)
        qsort(reading->migrations.items + first, kept - first, sizeof(LayoutMigration),
              compare_numbers);
}

static bool read_folder(LayoutReading *reading, const char *folder, const char *version_folder,
                        Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, folder, &entries, err))
        return false;
    size_t first = reading->migrations.count;
    array_each (FileEntry, entry, &entries) {
        if (!layout_takes(reading, folder, entry))
            continue;
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        LayoutName name;
        if (entry->kind == FILE_KIND_FOLDER) {
            /* in the flat folder the caller looks at folders: they may be versions */
            if (version_folder && !layout_pass_folder(reading, path, err))
                return false;
        } else if (layout_parse_name(entry->name, &name) && name.digits >= 4 &&
                   name.stem_length > name.digits + 1 && strcmp(name.extension, "sql") == 0) {
            take_script(reading, first, version_folder, path, &name);
        } else if (layout_is_sql(entry->name)) {
            finding_add(reading->findings, FINDING_ERROR, EXPECTED_NAME,
                        "'%s' looks like a script, but its name does not fit", path);
        } else if (layout_is_code(entry->name)) {
            take_code(reading, first, version_folder, path);
        }
    }
    finish_folder(reading, first);
    return true;
}

/* A folder is a version where it holds SQL, or nothing but hidden files (a version that was begun).
 * Anything else (docs/, fixtures/) is not ours. */
static bool is_version_folder(LayoutReading *reading, const char *folder, bool *ret_is_version,
                              Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, folder, &entries, err))
        return false;
    bool only_hidden = true, sql = false;
    array_each (FileEntry, entry, &entries) {
        only_hidden = only_hidden && entry->name[0] == '.';
        sql = sql || (entry->kind != FILE_KIND_FOLDER && layout_is_sql(entry->name));
    }
    *ret_is_version = only_hidden || sql;
    return true;
}

static int compare_folders(const void *a, const void *b)
{
    return project_compare_versions(*(char *const *)a, *(char *const *)b);
}

static bool find_version_folders(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, reading->folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        bool is_version = false;
        CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
        if (entry->kind != FILE_KIND_FOLDER || entry->name[0] == '.' ||
            project_file_name_trouble(entry->name) || strcmp(entry->name, REPEAT_FOLDER) == 0)
            continue; /* read_folder has said what there is to say */
        if (!is_version_folder(reading, path, &is_version, err))
            return false;
        if (!is_version)
            continue;
        if (project_version_name_is_valid(entry->name))
            *array_add(&reading->folders) = memory_string(entry->name);
        else
            finding_add(reading->findings, FINDING_ERROR,
                        "a version name has " PROJECT_VERSION_GRAMMAR,
                        "the folder '%s' does not have the name of a version", path);
    }
    if (reading->folders.count)
        qsort(reading->folders.items, reading->folders.count, sizeof(char *), compare_folders);
    return true;
}

/* An identity must be unique in the product, wherever its folder. */
static void check_identities(LayoutReading *reading)
{
    for (size_t i = 0; i < reading->migrations.count; i++) {
        const ProjectMigration *a = &reading->migrations.items[i].migration;
        for (size_t j = i + 1; j < reading->migrations.count; j++) {
            const ProjectMigration *b = &reading->migrations.items[j].migration;
            if (strcmp(a->identity, b->identity) == 0)
                finding_add(reading->findings, FINDING_ERROR,
                            "a migration's name must be unique in the product: rename the later",
                            "two migrations are called '%s': '%s' and '%s'", a->identity,
                            a->scripts[PROJECT_UP], b->scripts[PROJECT_UP]);
        }
    }
}

/* --- repeat/ --------------------------------------------------------------------------------- */

static int compare_repeats(const void *a, const void *b)
{
    return strcmp(((const ProjectMigration *)a)->identity, ((const ProjectMigration *)b)->identity);
}

/* repeat/NAME.sql; what else ends in .sql is refused, but for the downs, which come later. */
static void take_repeat(LayoutReading *reading, const char *folder, const char *file)
{
    static const char *const others[] = {".up.sql", ".verify.sql", ".precheck.sql"};
    CLEANUP(memory_freep) char *path = file_path(folder, file);
    if (layout_ends_in_code(file))
        layout_refuse_code(reading, folder, file);
    if (!text_has_suffix(file, ".sql") || text_has_suffix(file, DOWN_ENDING))
        return;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (!text_has_suffix(file, others[i]))
            continue;
        finding_add(reading->findings, FINDING_ERROR,
                    "a repeatable script is called NAME.sql, maybe with a NAME.down.sql",
                    "'%s' looks like a script, but its name does not fit", path);
        return;
    }
    CLEANUP(memory_freep) char *name = memory_string_n(file, strlen(file) - strlen(".sql"));
    (void)layout_add_repeat(reading, name, path);
}

static void take_repeat_down(LayoutReading *reading, const char *folder, const char *file)
{
    if (!text_has_suffix(file, DOWN_ENDING))
        return;
    CLEANUP(memory_freep) char *path = file_path(folder, file);
    CLEANUP(memory_freep) char *name = memory_string_n(file, strlen(file) - strlen(DOWN_ENDING));
    array_each (ProjectMigration, repeat, &reading->repeats) {
        if (strcmp(repeat->identity, name) != 0)
            continue;
        repeat->scripts[PROJECT_DOWN] = TAKE_PTR(path);
        return;
    }
    finding_add(reading->findings, FINDING_ERROR, "add the script, or remove this one",
                "'%s' has no '%s.sql' beside it", path, name);
}

static bool read_repeats(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    CLEANUP(memory_freep) char *folder = file_path(reading->folder, REPEAT_FOLDER);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, folder);
    struct stat status;
    /* a link in its place has been refused with the other entries */
    if (lstat(absolute, &status) != 0 || !S_ISDIR(status.st_mode))
        return true;
    if (!layout_entries(reading, folder, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (!layout_takes(reading, folder, entry))
            continue;
        if (entry->kind != FILE_KIND_FOLDER)
            take_repeat(reading, folder, entry->name);
        else if (!layout_pass_folder(reading, path, err))
            return false;
    }
    array_each (const FileEntry, entry, &entries)
        if (entry->kind == FILE_KIND_REGULAR && entry->name[0] != '.')
            take_repeat_down(reading, folder, entry->name);
    if (reading->repeats.count)
        qsort(reading->repeats.items, reading->repeats.count, sizeof(ProjectMigration),
              compare_repeats);
    return true;
}

bool layout_read_sealift(LayoutReading *reading, Error *err)
{
    if (!read_folder(reading, reading->folder, /* version_folder= */ NULL, err) ||
        !find_version_folders(reading, err))
        return false;
    reading->flat = reading->folders.count == 0;
    if (!reading->flat && reading->migrations.count)
        finding_add(reading->findings, FINDING_ERROR,
                    "move it into a version's folder, or move all scripts out of the folders",
                    "'%s' stands beside version folders ('%s')",
                    any_script(&reading->migrations.items[0].migration), reading->folders.items[0]);
    array_each (char *, version, &reading->folders) {
        CLEANUP(memory_freep) char *path = file_path(reading->folder, *version);
        if (!read_folder(reading, path, *version, err))
            return false;
    }
    check_identities(reading);
    return read_repeats(reading, err);
}
