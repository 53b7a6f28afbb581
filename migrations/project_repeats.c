#include "migrations/project_repeats.h"

#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "migrations/line_ends.h"

#define PIECE_SIZE (64 * 1024)

char *project_repeat_path(const char *name, const char *version)
{
    return memory_format(PROJECT_FROZEN_NAME "/%s/%s.sql", version, name);
}

char *project_repeat_name(const char *identity, const char *version)
{
    CLEANUP(memory_freep) char *ending = memory_format("@%s", version);
    size_t length = strlen(identity), behind = strlen(ending);
    return length > behind && text_has_suffix(identity, ending)
               ? memory_string_n(identity, length - behind)
               : NULL;
}

/* --- texts ----------------------------------------------------------------------------------- */

/* Of the text without a BOM and with LF line ends, as it would ship. */
typedef struct TextDigest {
    DigestStream stream;
    LineEnds ends;
    bool carriage_return; /* the last byte was one, and is held back */
} TextDigest;

static void take_piece(TextDigest *digest, const char *bytes, size_t size)
{
    if (!line_ends_leave_out(&digest->ends, bytes, size)) {
        if (digest->carriage_return)
            digest_update(&digest->stream, "\r", 1);
        digest->carriage_return = false;
        digest_update(&digest->stream, bytes, size);
        return;
    }
    for (size_t at = 0; at < size;) {
        if (digest->carriage_return && bytes[at] != '\n')
            digest_update(&digest->stream, "\r", 1);
        const char *next = memchr(bytes + at, '\r', size - at);
        size_t length = next ? (size_t)(next - bytes) - at : size - at;
        digest_update(&digest->stream, bytes + at, length);
        digest->carriage_return = next != NULL;
        at += length + (next ? 1 : 0);
    }
}

static bool text_digest(const char *root, const char *name, Digest *ret_digest, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(root, name);
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    CLEANUP(file_closep) int fd = -1;
    TextDigest digest = {0};
    int64_t whole;
    digest_begin(&digest.stream);
    if (!file_open_regular(path, &fd, &whole, err))
        return false;
    bool first = true;
    for (size_t size = 1; size > 0; first = false) {
        if (!file_read_some(fd, path, bytes, PIECE_SIZE, &size, err))
            return false;
        size_t bom = first && size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        take_piece(&digest, bytes + bom, size - bom);
    }
    if (digest.carriage_return)
        digest_update(&digest.stream, "\r", 1);
    *ret_digest = digest_end(&digest.stream);
    return true;
}

/* --- migrations ------------------------------------------------------------------------------ */

static LayoutMigration *find_identity(const LayoutReading *reading, const char *identity)
{
    array_each (LayoutMigration, at, &reading->migrations)
        if (strcmp(at->migration.identity, identity) == 0)
            return at;
    return NULL;
}

/* The newest of this name among those that were added. */
static const ProjectMigration *find_newest(const LayoutReading *reading, const char *name)
{
    for (size_t i = reading->migrations.count; i > 0; i--) {
        const ProjectMigration *at = &reading->migrations.items[i - 1].migration;
        if (at->repeat && strcmp(at->repeat, name) == 0)
            return at;
    }
    return NULL;
}

static const ProjectMigration *find_repeat(const LayoutReading *reading, const char *name)
{
    array_each (const ProjectMigration, at, &reading->repeats)
        if (strcmp(at->identity, name) == 0)
            return at;
    return NULL;
}

/* `name` in `version` (its folder; NULL: none), run from `path`. Its down is what was before. */
static ProjectMigration *add_migration(LayoutReading *reading, const char *name,
                                       const char *version, const char *path)
{
    const ProjectMigration *before = find_newest(reading, name);
    const ProjectMigration *repeat = find_repeat(reading, name);
    const char *down = before   ? before->scripts[PROJECT_UP]
                       : repeat ? repeat->scripts[PROJECT_DOWN]
                                : NULL;
    CLEANUP(memory_freep) char *owned_down = memory_string(down);
    bool alone = before && before->no_transaction[PROJECT_UP];
    bool verbatim = before   ? before->verbatim[PROJECT_UP]
                    : repeat ? repeat->verbatim[PROJECT_DOWN]
                             : false;
    LayoutMigration *added = layout_add(reading, reading->flat ? NULL : version, 0);
    ProjectMigration *migration = &added->migration;
    migration->identity = memory_format("%s@%s", name, version ? version : PROJECT_REPEAT_PENDING);
    migration->title = memory_string(name);
    migration->repeat = memory_string(name);
    migration->scripts[PROJECT_UP] = memory_string(path);
    migration->scripts[PROJECT_DOWN] = TAKE_PTR(owned_down);
    migration->no_transaction[PROJECT_DOWN] = alone;
    migration->verbatim[PROJECT_DOWN] = verbatim;
    return migration;
}

static bool add_frozen(LayoutReading *reading, Layout layout, const SumRelease *release, Error *err)
{
    array_each (const SumMigration, listed, &release->migrations) {
        CLEANUP(memory_freep) char *name = project_repeat_name(listed->identity, release->version);
        if (!name || find_identity(reading, listed->identity))
            continue;
        CLEANUP(memory_freep) char *path = project_repeat_path(name, release->version);
        if (layout_find_file(reading, path) != LAYOUT_FILE_THERE)
            continue;
        ProjectMigration *added = add_migration(reading, name, release->version, path);
        if (layout == LAYOUT_FLYWAY && !layout_flyway_check(reading, path, added, PROJECT_UP, err))
            return false;
    }
    return true;
}

/* The version that a change comes into: the last folder that is not released, because what stands
 * there may be what the new text needs; NULL where there is none. */
static const char *pending_version(const LayoutReading *reading, const SumFile *sum)
{
    for (size_t i = reading->folders.count; i > 0; i--)
        if (!sum_file_find(sum, reading->folders.items[i - 1]))
            return reading->folders.items[i - 1];
    return NULL;
}

static bool is_changed(const LayoutReading *reading, const ProjectMigration *repeat,
                       bool *ret_changed, Error *err)
{
    Digest now, then;
    const ProjectMigration *newest = find_newest(reading, repeat->identity);
    *ret_changed = true;
    if (!newest || newest->no_transaction[PROJECT_UP] != repeat->no_transaction[PROJECT_UP] ||
        newest->verbatim[PROJECT_UP] != repeat->verbatim[PROJECT_UP])
        return true;
    if (!text_digest(reading->root, repeat->scripts[PROJECT_UP], &now, err) ||
        !text_digest(reading->root, newest->scripts[PROJECT_UP], &then, err))
        return false;
    *ret_changed = !digest_equal(&now, &then);
    return true;
}

static bool add_pending(LayoutReading *reading, const SumFile *sum, const ProjectMigration *repeat,
                        Error *err)
{
    bool changed;
    if (!is_changed(reading, repeat, &changed, err))
        return false;
    if (!changed)
        return true;
    const ProjectMigration *added = add_migration(
        reading, repeat->identity, pending_version(reading, sum), repeat->scripts[PROJECT_UP]);
    LayoutMigration *last = &reading->migrations.items[reading->migrations.count - 1];
    last->migration.no_transaction[PROJECT_UP] = repeat->no_transaction[PROJECT_UP];
    last->migration.verbatim[PROJECT_UP] = repeat->verbatim[PROJECT_UP];
    if (find_identity(reading, added->identity) != last)
        finding_add(reading->findings, FINDING_ERROR,
                    "NAME@VERSION is what a repeatable script is called in a version",
                    "two migrations are called '%s'", added->identity);
    return true;
}

static bool is_listed(const SumRelease *release, const char *file)
{
    CLEANUP(memory_freep)
    char *identity =
        memory_format("%.*s@%s", (int)(strlen(file) - strlen(".sql")), file, release->version);
    array_each (const SumMigration, listed, &release->migrations)
        if (strcmp(listed->identity, identity) == 0)
            return true;
    return false;
}

/* A text that the version did not have when it was released. */
static bool refuse_inserted(LayoutReading *reading, const SumRelease *release, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    CLEANUP(memory_freep) char *folder = file_path(PROJECT_FROZEN_NAME, release->version);
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (!layout_takes(reading, folder, entry))
            continue;
        if (entry->kind == FILE_KIND_FOLDER) {
            if (!layout_pass_folder(reading, path, err))
                return false;
        } else if (text_has_suffix(entry->name, ".sql") && !is_listed(release, entry->name))
            finding_add(reading->findings, FINDING_ERROR,
                        "remove it, or put the line back that " PROJECT_SUM_NAME " had of it",
                        "'%s' stands among the texts of the released version %s, and "
                        "" PROJECT_SUM_NAME " has none of that name",
                        path, release->version);
    }
    return true;
}

/* Texts that nobody released: of a release that was killed, or of a line of sealift.sum that is
 * gone. */
static bool check_strays(LayoutReading *reading, const SumFile *sum, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    CLEANUP(memory_freep) char *path = file_path(reading->root, PROJECT_FROZEN_NAME);
    if (!file_exists(path))
        return true;
    if (!layout_list(reading->root, PROJECT_FROZEN_NAME, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries) {
        if (!layout_takes(reading, PROJECT_FROZEN_NAME, entry))
            continue;
        const SumRelease *release = sum_file_find(sum, entry->name);
        CLEANUP(memory_freep) char *stray = file_path(PROJECT_FROZEN_NAME, entry->name);
        if (!release || entry->kind != FILE_KIND_FOLDER)
            layout_pass_file(reading, stray, PROJECT_SUM_NAME " knows no such version");
        else if (!refuse_inserted(reading, release, err))
            return false;
    }
    return true;
}

bool project_repeats_add(LayoutReading *reading, Layout layout, const SumFile *sum, Error *err)
{
    array_each (const SumRelease, release, &sum->releases)
        if (!sum_file_replacement(sum, release->version) &&
            !add_frozen(reading, layout, release, err))
            return false;
    array_each (const ProjectMigration, repeat, &reading->repeats)
        if (!add_pending(reading, sum, repeat, err))
            return false;
    return check_strays(reading, sum, err);
}

/* --- freezing -------------------------------------------------------------------------------- */

static bool copy_file(const char *from, const char *to, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_folder_of(to);
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(file_draft_done) FileDraft draft = {.fd = -1};
    int64_t whole;
    if (!file_open_regular(from, &fd, &whole, err) || !file_make_folders(folder, 0755, err) ||
        !file_draft_open(to, 0644, &draft, err))
        return false;
    for (size_t size = 1; size > 0;)
        if (!file_read_some(fd, from, bytes, PIECE_SIZE, &size, err) ||
            !file_write(draft.fd, to, bytes, size, err))
            return false;
    return file_draft_commit(&draft, err);
}

/* flyway's NAME.sql.conf says how the script is run: it is kept beside it. */
static bool copy_settings(const char *from, const char *to, Error *err)
{
    CLEANUP(memory_freep) char *from_settings = memory_format("%s.conf", from);
    CLEANUP(memory_freep) char *to_settings = memory_format("%s.conf", to);
    if (file_exists(from_settings))
        return copy_file(from_settings, to_settings, err);
    if (unlink(to_settings) != 0 && errno != ENOENT)
        return error_set(err, ERROR_IO, "cannot remove '%s': %m", to_settings);
    return true;
}

void project_repeat_assign(ProjectMigration *migration, const char *version)
{
    free(migration->identity);
    migration->identity = memory_format("%s@%s", migration->repeat, version);
}

bool project_repeat_freeze(const Project *project, const ProjectMigration *migration,
                           const char *version, Error *err)
{
    CLEANUP(memory_freep) char *name = project_repeat_path(migration->repeat, version);
    CLEANUP(memory_freep) char *to = file_path(project->root, name);
    CLEANUP(memory_freep) char *from = project_script_path(project, migration, PROJECT_UP);
    return (copy_file(from, to, err) &&
            (project->layout != LAYOUT_FLYWAY || copy_settings(from, to, err))) ||
           error_wrap(err, "keeping the text of '%s'", migration->scripts[PROJECT_UP]);
}

void project_repeat_discard(const Project *project, const ProjectMigration *migration,
                            const char *version)
{
    CLEANUP(memory_freep) char *name = project_repeat_path(migration->repeat, version);
    CLEANUP(memory_freep) char *path = file_path(project->root, name);
    CLEANUP(memory_freep) char *settings = memory_format("%s.conf", path);
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    CLEANUP(memory_freep) char *all = file_folder_of(folder);
    /* what cannot be removed stays as a text that no release names, which `status` lists */
    (void)unlink(settings);
    (void)unlink(path);
    (void)rmdir(folder);
    (void)rmdir(all);
}
