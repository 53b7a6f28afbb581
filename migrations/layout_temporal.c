/* temporal: a folder vX.Y per version whose manifest.json says which files it has, in which order;
 * below a folder `versioned` or in the migration folder itself. The manifest decides, not what lies
 * in the folder. Files repeat their names from version to version, so that an identity begins with
 * the folder's name. Temporal has no down; NAME.down.sql beside a listed NAME.sql is taken for one.
 */
#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/version_manifest.h"

#define MANIFEST_FILE "manifest.json"

static const struct {
    const char *ending;
    ProjectScript script;
} companions[] = {
    {".down.sql", PROJECT_DOWN},
    {".verify.sql", PROJECT_VERIFY},
    {".precheck.sql", PROJECT_PRECHECK},
};

/* A version while the line is put in order. */
typedef struct TemporalVersion {
    char *folder; /* owned: "v1.10" */
    VersionManifest manifest;
    bool refused;
} TemporalVersion;

typedef ARRAY_OF(TemporalVersion) TemporalVersionArray;

static void versions_done(TemporalVersionArray *versions)
{
    array_each (TemporalVersion, version, versions) {
        free(version->folder);
        version_manifest_done(&version->manifest);
    }
    array_free(versions);
}

bool layout_temporal_names(const char *folder)
{
    return folder[0] == 'v' && folder[1] >= '0' && folder[1] <= '9';
}

char *layout_temporal_folder(const char *root, const char *folder)
{
    CLEANUP(memory_freep) char *below = file_path(folder, LAYOUT_TEMPORAL_FOLDER);
    CLEANUP(memory_freep) char *absolute = file_path(root, below);
    return file_is_folder(absolute) ? TAKE_PTR(below) : memory_string(folder);
}

/* --- the manifests --------------------------------------------------------------------------- */

static bool read_manifest(LayoutReading *reading, const char *folder, const char *name,
                          TemporalVersion *version, Error *err)
{
    CLEANUP(memory_freep) char *inside = memory_format("%s/%s/" MANIFEST_FILE, folder, name);
    CLEANUP(memory_freep) char *path = file_path(reading->root, inside);
    CLEANUP(error_done) Error refused = {0};
    version->folder = memory_string(name);
    version->refused = true;
    if (!file_exists(path)) {
        finding_add(reading->findings, FINDING_ERROR, "write it, or remove the folder",
                    "'%s' is missing: it says what version %s has", inside, name + 1);
    } else if (!version_manifest_read(path, inside, &version->manifest, &refused)) {
        if (refused.class != ERROR_INPUT) {
            *err = refused;
            refused = (Error){0};
            return false;
        }
        finding_add_error(reading->findings, &refused);
    } else if (strcmp(version->manifest.version, name + 1) != 0) {
        finding_add(reading->findings, FINDING_ERROR, "Temporal's schema tool refuses this too",
                    "'%s' is of version %s and stands in the folder '%s'", inside,
                    version->manifest.version, name);
    } else {
        version->refused = false;
    }
    return true;
}

static int compare_versions(const void *a, const void *b)
{
    const TemporalVersion *one = a, *other = b;
    return project_compare_versions(one->folder + 1, other->folder + 1);
}

/* --- the files of a version ------------------------------------------------------------------ */

static void take_listed(LayoutReading *reading, const char *folder, const TemporalVersion *version,
                        const char *file)
{
    CLEANUP(memory_freep) char *path = file_path(folder, file);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    if (!layout_is_sql(file) || !file_exists(absolute)) {
        finding_add(reading->findings, FINDING_ERROR, /* hint= */ NULL,
                    "'%s/" MANIFEST_FILE "' lists '%s', which is %s", folder, file,
                    layout_is_sql(file) ? "not there" : "no .sql file");
        return;
    }
    LayoutMigration *added =
        layout_add(reading, version->manifest.version, reading->migrations.count);
    added->migration.title = memory_string_n(file, strlen(file) - strlen(".sql"));
    added->migration.identity = memory_format("%s:%s", version->folder, added->migration.title);
    added->migration.scripts[PROJECT_UP] = TAKE_PTR(path);
}

/* Whether the file stands beside a listed one under a name of ours. */
static bool take_companion(LayoutReading *reading, size_t first, const char *path, const char *file)
{
    for (size_t i = 0; i < ARRAY_LEN(companions); i++) {
        if (!text_has_suffix(file, companions[i].ending))
            continue;
        size_t stem = strlen(file) - strlen(companions[i].ending);
        for (size_t at = first; at < reading->migrations.count; at++) {
            ProjectMigration *migration = &reading->migrations.items[at].migration;
            if (strlen(migration->title) == stem && strncmp(migration->title, file, stem) == 0) {
                free(migration->scripts[companions[i].script]);
                migration->scripts[companions[i].script] = memory_string(path);
                return true;
            }
        }
    }
    return false;
}

static bool is_listed(const TemporalVersion *version, const char *file)
{
    array_each (char *const, listed, &version->manifest.files)
        if (strcmp(*listed, file) == 0)
            return true;
    return false;
}

static bool read_version(LayoutReading *reading, const char *base, const TemporalVersion *version,
                         Error *err)
{
    CLEANUP(memory_freep) char *folder = file_path(base, version->folder);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    size_t first = reading->migrations.count;
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    if (!version->refused) {
        *array_add(&reading->folders) = memory_string(version->manifest.version);
        *array_add(&reading->leasts) = memory_string(version->manifest.least);
        array_each (char *const, file, &version->manifest.files)
            take_listed(reading, folder, version, *file);
    }
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (!layout_takes(reading, folder, entry))
            continue;
        if (entry->kind == FILE_KIND_FOLDER) {
            if (!layout_pass_folder(reading, path, err))
                return false;
        } else if (layout_is_sql(entry->name) && !is_listed(version, entry->name) &&
                   !take_companion(reading, first, path, entry->name)) {
            layout_pass_file(reading, path,
                             version->refused ? "its " MANIFEST_FILE " is refused"
                                              : "its " MANIFEST_FILE " does not list it");
        }
    }
    return true;
}

/* --- folders --------------------------------------------------------------------------------- */

/* What lies beside the version folders, or beside `versioned`. */
static bool pass_beside(LayoutReading *reading, const char *folder, const FileEntry *entry,
                        const char *why, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
    if (entry->kind == FILE_KIND_FOLDER)
        return layout_pass_folder(reading, path, err);
    if (layout_is_sql(entry->name))
        layout_pass_file(reading, path, why);
    return true;
}

static bool pass_around(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, reading->folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries)
        if (strcmp(entry->name, LAYOUT_TEMPORAL_FOLDER) != 0 &&
            layout_takes(reading, reading->folder, entry) &&
            !pass_beside(reading, reading->folder, entry,
                         "the versions in '" LAYOUT_TEMPORAL_FOLDER "' are read, not what stands "
                         "beside them",
                         err))
            return false;
    return true;
}

static bool find_versions(LayoutReading *reading, const char *base, TemporalVersionArray *versions,
                          Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, base, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        if (!layout_takes(reading, base, entry))
            continue;
        bool is_version = entry->kind == FILE_KIND_FOLDER && layout_temporal_names(entry->name);
        if (!(is_version
                  ? read_manifest(reading, base, entry->name, array_add(versions), err)
                  : pass_beside(reading, base, entry,
                                "a version is a folder vX.Y with " MANIFEST_FILE " in it", err)))
            return false;
    }
    if (versions->count)
        qsort(versions->items, versions->count, sizeof(TemporalVersion), compare_versions);
    return true;
}

bool layout_read_temporal(LayoutReading *reading, Error *err)
{
    CLEANUP(memory_freep) char *base = layout_temporal_folder(reading->root, reading->folder);
    CLEANUP(versions_done) TemporalVersionArray versions = {0};
    if ((strcmp(base, reading->folder) != 0 && !pass_around(reading, err)) ||
        !find_versions(reading, base, &versions, err))
        return false;
    array_each (const TemporalVersion, version, &versions)
        if (!read_version(reading, base, version, err))
            return false;
    return true;
}
