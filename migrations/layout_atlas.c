/* Atlas: VERSION[_name].sql in byte order of the names, under atlas.sum; or pairs of
 * golang-migrate in such a folder, of which only the ups are summed. A checkpoint stands for all
 * before it: it is a migration only where nothing stands before it. */
#include "base/text.h"
#include "migrations/atlas_file.h"
#include "migrations/atlas_sum.h"
#include "migrations/layout.h"
#include "migrations/script_lines.h"

#define UP   ".up.sql"
#define DOWN ".down.sql"

/* --- files ----------------------------------------------------------------------------------- */

typedef struct AtlasFolder {
    LayoutReading *reading;
    bool pairs; /* of golang-migrate */
    Sha256Stream stream;
    AtlasSum computed;
    bool after_migration; /* one that is no checkpoint has been read */
    bool opening;         /* the last migration is a checkpoint that nothing stands before */
} AtlasFolder;

/* "1" of 1.sql and 1_a.sql: what Atlas remembers of a migration. */
static bool same_version(const char *one, const char *other)
{
    size_t length = strcspn(one, "_");
    return strcspn(other, "_") == length && strncmp(one, other, length) == 0;
}

static void refuse_twin(const LayoutReading *reading, const LayoutMigration *added)
{
    array_each (const LayoutMigration, at, &reading->migrations)
        if (at != added && same_version(at->migration.identity, added->migration.identity))
            finding_add(reading->findings, FINDING_ERROR,
                        "atlas knows a migration by its version: give one of them another",
                        "the version of '%s' stands twice: '%s' has it already",
                        added->migration.scripts[PROJECT_UP], at->migration.scripts[PROJECT_UP]);
}

static void drop_last(LayoutReading *reading)
{
    layout_migration_done(&reading->migrations.items[--reading->migrations.count]);
}

static void pass_checkpoint(LayoutReading *reading, const char *path)
{
    layout_pass_file(reading, path,
                     "it is a checkpoint, which stands for the migrations before it, and these are "
                     "read themselves");
}

/* A checkpoint at the very beginning stands for files that are gone; of several, the last does. */
static bool keeps(AtlasFolder *folder, const AtlasFile *file, const char *path)
{
    LayoutReading *reading = folder->reading;
    if (!file->checkpoint) {
        folder->after_migration = true;
        folder->opening = false;
        return true;
    }
    if (folder->after_migration) {
        pass_checkpoint(reading, path);
        return false;
    }
    if (folder->opening) {
        LayoutMigration earlier = reading->migrations.items[0];
        reading->migrations.items[0] = reading->migrations.items[1];
        reading->migrations.items[1] = earlier;
        finding_add(reading->findings, FINDING_WARNING, /* hint= */ NULL,
                    "'%s' is not read: a later checkpoint stands for it",
                    earlier.migration.scripts[PROJECT_UP]);
        drop_last(reading);
    }
    folder->opening = true;
    return true;
}

static bool take_migration(AtlasFolder *folder, const char *name, Error *err)
{
    LayoutReading *reading = folder->reading;
    const char *version = name + strcspn(name, "_");
    LayoutMigration *added = layout_add_file(reading, name, folder->pairs ? UP : ".sql",
                                             /* number= */ 0, /* digits= */ 0);
    ProjectMigration *migration = &added->migration;
    CLEANUP(memory_freep) char *path = memory_string(migration->scripts[PROJECT_UP]);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    AtlasFile file;
    if (!atlas_file_read(absolute, path, &folder->stream, &migration->ranges[PROJECT_UP],
                         reading->findings, &file, err))
        return false;
    if (!file.sum_ignored)
        atlas_sum_add(&folder->computed, name, &folder->stream);
    if (*version) {
        size_t length = strlen(migration->identity);
        free(migration->title);
        migration->title = memory_string_n(version + 1, length - (size_t)(version + 1 - name));
    }
    if (file.no_transaction)
        migration->no_transaction[PROJECT_UP] = true;
    if (keeps(folder, &file, path))
        refuse_twin(reading, &reading->migrations.items[reading->migrations.count - 1]);
    else
        drop_last(reading);
    return true;
}

/* --- other tools' formats in a folder of Atlas ----------------------------------------------- */

static bool has_pairs(const FileEntryArray *entries)
{
    array_each (const FileEntry, entry, entries)
        if (text_has_suffix(entry->name, UP))
            return true;
    return false;
}

/* A down beside its up; what is neither is no part of a folder of pairs. */
static void take_beside(LayoutReading *reading, const char *name)
{
    CLEANUP(memory_freep) char *path = file_path(reading->folder, name);
    size_t stem = text_has_suffix(name, DOWN) ? strlen(name) - strlen(DOWN) : 0;
    array_each (LayoutMigration, at, &reading->migrations) {
        const char *identity = at->migration.identity;
        if (!stem || strlen(identity) != stem || strncmp(identity, name, stem) != 0)
            continue;
        at->migration.scripts[PROJECT_DOWN] = TAKE_PTR(path);
        return;
    }
    layout_pass_file(reading, path,
                     stem ? "no up script stands beside it"
                          : "in a folder of .up.sql and .down.sql files atlas does not read it");
}

static bool take_mark(void *context, const char *line, int64_t number UNUSED, Error *err UNUSED)
{
    const char **tool = context;
    if (layout_goose_marks(line))
        *tool = "goose";
    else if (layout_dbmate_marks(line))
        *tool = "dbmate";
    return true;
}

/* Atlas can run folders of other tools, and only its own command line says which. */
static bool check_format(LayoutReading *reading, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(reading->folder, name);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    /* a version of Atlas may be called V1 */
    const char *tool = layout_flyway_names(name) && strstr(name, "__") ? "flyway" : NULL;
    if (!tool && !script_lines_read(absolute, take_mark, &tool, err))
        return false;
    if (tool)
        finding_add(
            reading->findings, FINDING_ERROR,
            "'layout' in sealift.conf (import: --layout) can name that tool: then its rules count, and " ATLAS_SUM_NAME
            " is not looked at",
            "'%s' is a migration of %s in a folder of atlas", path, tool);
    return true;
}

/* --- the folder ------------------------------------------------------------------------------ */

static bool compare_sum(const AtlasFolder *folder, Error *err)
{
    LayoutReading *reading = folder->reading;
    CLEANUP(memory_freep) char *name = file_path(reading->folder, ATLAS_SUM_NAME);
    CLEANUP(memory_freep) char *path = file_path(reading->root, name);
    CLEANUP(atlas_sum_done) AtlasSum written = {0};
    CLEANUP(error_done) Error refused = {0};
    if (!file_exists(path)) {
        if (reading->migrations.count)
            finding_add(reading->findings, FINDING_ERROR, "'atlas migrate hash' writes it",
                        "there is no '%s'", name);
        return true;
    }
    if (atlas_sum_read(path, name, &written, &refused))
        atlas_sum_compare(&written, &folder->computed, name, reading->folder, reading->findings);
    else if (refused.class == ERROR_INPUT)
        finding_add_error(reading->findings, &refused);
    else
        return error_move(err, &refused);
    return true;
}

static bool take_entry(AtlasFolder *folder, const FileEntry *entry, Error *err)
{
    LayoutReading *reading = folder->reading;
    CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
    if (!layout_takes(reading, reading->folder, entry))
        return true;
    if (entry->kind == FILE_KIND_FOLDER)
        return layout_pass_folder(reading, path, err);
    if (layout_is_code(entry->name))
        layout_refuse_code(reading, reading->folder, entry->name);
    if (!text_has_suffix(entry->name, folder->pairs ? UP : ".sql")) {
        if (layout_is_sql(entry->name) && !folder->pairs)
            layout_pass_file(reading, path, "atlas reads only names that end in .sql");
        return true;
    }
    return check_format(reading, entry->name, err) && take_migration(folder, entry->name, err);
}

static void folder_done(AtlasFolder *folder)
{
    atlas_sum_done(&folder->computed);
}

bool layout_read_atlas(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    CLEANUP(folder_done) AtlasFolder folder = {.reading = reading};
    if (!layout_list(reading->root, reading->folder, &entries, err))
        return false;
    reading->flat = true;
    folder.pairs = has_pairs(&entries);
    digest_sha256_begin(&folder.stream);
    /* file_list is in byte order of the names, as Atlas sorts them, .sql included */
    array_each (FileEntry, entry, &entries)
        if (!take_entry(&folder, entry, err))
            return false;
    array_each (FileEntry, entry, &entries)
        if (folder.pairs && entry->kind == FILE_KIND_REGULAR && layout_is_sql(entry->name) &&
            !text_has_suffix(entry->name, UP))
            take_beside(reading, entry->name);
    return compare_sum(&folder, err);
}
