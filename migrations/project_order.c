#include "migrations/project_order.h"

#include "migrations/project_repeats.h"

#define FROZEN_HINT                                                                                \
    "what is released never changes: sites have run it; put it back as it was and write a new "    \
    "migration instead"

static LayoutMigration *find(LayoutReading *reading, const char *identity)
{
    array_each (LayoutMigration, migration, &reading->migrations)
        if (!migration->claimed && migration->migration.identity &&
            strcmp(migration->migration.identity, identity) == 0)
            return migration;
    return NULL;
}

static bool is_released(const SumFile *sum, const char *identity)
{
    array_each (const SumRelease, release, &sum->releases)
        array_each (const SumMigration, migration, &release->migrations)
            if (strcmp(migration->identity, identity) == 0)
                return true;
    return false;
}

/* The migration that may be the lost one under another name: it begins with the same number, or
 * has the same name behind it. */
static const LayoutMigration *find_renamed(const LayoutReading *reading, const SumFile *sum,
                                           const char *identity)
{
    size_t number = strcspn(identity, "_");
    array_each (const LayoutMigration, at, &reading->migrations) {
        const char *other = at->migration.identity;
        if (!other || is_released(sum, other))
            continue;
        bool same_number = strcspn(other, "_") == number && strncmp(other, identity, number) == 0;
        const char *rest = strchr(identity, '_'), *other_rest = strchr(other, '_');
        if (same_number || (rest && other_rest && rest[1] && strcmp(rest, other_rest) == 0))
            return at;
    }
    return NULL;
}

static void report_lost(Project *project, const LayoutReading *reading, const SumFile *sum,
                        const SumRelease *release, const SumMigration *lost)
{
    const LayoutMigration *renamed = find_renamed(reading, sum, lost->identity);
    CLEANUP(memory_freep) char *repeat = project_repeat_name(lost->identity, release->version);
    CLEANUP(memory_freep)
    char *frozen = repeat ? project_repeat_path(repeat, release->version) : NULL;
    if (repeat && !renamed)
        finding_add(&project->findings, FINDING_ERROR, FROZEN_HINT,
                    "the released migration '%s' (version %s) has lost its text: '%s' is missing",
                    lost->identity, release->version, frozen);
    else if (renamed)
        finding_add(&project->findings, FINDING_ERROR, FROZEN_HINT,
                    "the released migration '%s' (version %s) was renamed to '%s'", lost->identity,
                    release->version, renamed->migration.identity);
    else
        finding_add(&project->findings, FINDING_ERROR, FROZEN_HINT,
                    "the released migration '%s' (version %s) was removed", lost->identity,
                    release->version);
}

/* The position in the layout's own order must grow from one released migration to the next. */
typedef struct Frontier {
    const char *folder;   /* of the last released migration seen; NULL in a flat layout */
    const char *identity; /* of the last released migration in order, or NULL */
    ptrdiff_t position;   /* of that one */
} Frontier;

static void check_place(Project *project, const LayoutReading *reading, const SumRelease *release,
                        const LayoutMigration *found, Frontier *frontier)
{
    ptrdiff_t position = found - reading->migrations.items;
    if (found->folder && strcmp(found->folder, release->version) != 0) {
        finding_add(&project->findings, FINDING_ERROR, FROZEN_HINT,
                    "the released migration '%s' was moved: it belongs to version %s and stands in "
                    "the folder of %s",
                    found->migration.identity, release->version, found->folder);
        return;
    }
    bool same_folder =
        !found->folder || (frontier->folder && strcmp(frontier->folder, found->folder) == 0);
    if (same_folder && frontier->identity && position < frontier->position) {
        finding_add(&project->findings, FINDING_ERROR, FROZEN_HINT,
                    "the released migrations '%s' and '%s' were reordered: the first was released "
                    "before the second",
                    frontier->identity, found->migration.identity);
        return;
    }
    *frontier = (Frontier){found->folder, found->migration.identity, position};
}

static ProjectVersion *add_version(Project *project, const char *name)
{
    ProjectVersion *version = array_add(&project->versions);
    version->name = memory_string(name);
    version->first_migration = project->migrations.count;
    return version;
}

/* A shallow copy goes to the project first; the layout's copy is emptied at the end, because the
 * checks still read names there. */
static ProjectMigration *move_migration(Project *project, LayoutMigration *from, int64_t version)
{
    ProjectMigration *migration = array_add(&project->migrations);
    *migration = from->migration;
    migration->version = version;
    from->claimed = true;
    return migration;
}

/* What has taken a version's place counts where that version is named. */
static const char *on_the_line(const SumFile *sum, const char *version)
{
    for (const SumRelease *by; version && (by = sum_file_replacement(sum, version)) != NULL;)
        version = by->version;
    return version;
}

/* Its scripts may still stand where they stood; nothing of them ships any more. */
static void pass_superseded(LayoutReading *reading, const SumRelease *release, Frontier *frontier)
{
    array_each (const SumMigration, listed, &release->migrations) {
        LayoutMigration *found = find(reading, listed->identity);
        if (!found)
            continue;
        found->claimed = found->superseded = true;
        *frontier =
            (Frontier){found->folder, found->migration.identity, found - reading->migrations.items};
    }
}

static void take_release(ProjectVersion *version, const SumFile *sum, const SumRelease *release)
{
    const char *least = on_the_line(sum, release->min_compatible);
    version->released = true;
    version->stop = release->stop;
    version->history = memory_string(release->history);
    if (least && strcmp(least, release->version) != 0)
        version->min_compatible = memory_string(least);
    array_each (const SumSuperseded, superseded, &release->superseded)
        *array_add(&version->superseded) = (SumSuperseded){
            memory_string(superseded->version), superseded->same_schema, superseded->tree_digest};
}

static void take_released(Project *project, LayoutReading *reading, const SumFile *sum,
                          Frontier *frontier)
{
    array_each (const SumRelease, release, &sum->releases) {
        if (sum_file_replacement(sum, release->version)) {
            pass_superseded(reading, release, frontier);
            continue;
        }
        ProjectVersion *version = add_version(project, release->version);
        take_release(version, sum, release);
        memcpy(version->released_at, release->released_at, CLOCK_TEXT_SIZE);
        array_each (const SumMigration, listed, &release->migrations) {
            LayoutMigration *found = find(reading, listed->identity);
            if (!found) {
                report_lost(project, reading, sum, release, listed);
                continue;
            }
            /* frozen texts stand behind the layout's own migrations, whatever their version */
            if (!found->migration.repeat)
                check_place(project, reading, release, found, frontier);
            ProjectMigration *migration =
                move_migration(project, found, (int64_t)project->versions.count - 1);
            migration->released = true;
            migration->sum_digest = listed->digest;
            version->migration_count++;
        }
    }
}

static void report_inserted(Project *project, const char *identity, const char *what,
                            const char *before)
{
    finding_add(&project->findings, FINDING_ERROR,
                "sites that have run the later ones would never run it: give it a number behind "
                "what is released, or a later version's folder",
                "the migration '%s' was inserted %s '%s'", identity, what, before);
}

static void take_pending_flat(Project *project, LayoutReading *reading, const Frontier *frontier)
{
    array_each (LayoutMigration, at, &reading->migrations) {
        if (at->claimed)
            continue;
        if (frontier->identity && at - reading->migrations.items < frontier->position)
            report_inserted(project, at->migration.identity, "before the released migration",
                            frontier->identity);
        move_migration(project, at, -1);
    }
}

/* The oldest version whose code works with this version's schema, as the layout has it, or NULL. */
static const char *least_of(const LayoutReading *reading, const char *folder)
{
    for (size_t i = 0; i < reading->leasts.count; i++)
        if (strcmp(reading->folders.items[i], folder) == 0)
            return reading->leasts.items[i];
    return NULL;
}

/* Where a run to the version may begin: the first one on the line that is not older than `least`,
 * and at the latest the one before it. Where that is the line's first, there is nothing to say. */
static void take_least(Project *project, size_t index, const char *least)
{
    size_t start = 0;
    if (!least || index == 0)
        return;
    while (start + 1 < index &&
           project_compare_versions(project->versions.items[start].name, least) < 0)
        start++;
    if (start)
        project->versions.items[index].min_compatible =
            memory_string(project->versions.items[start].name);
}

static void take_folder(Project *project, LayoutReading *reading, const char *folder,
                        const SumFile *sum)
{
    const SumRelease *last =
        sum->releases.count ? &sum->releases.items[sum->releases.count - 1] : NULL;
    bool released = sum_file_find(sum, folder) != NULL;
    bool before = !released && last && !reading->planned &&
                  project_compare_versions(folder, last->version) < 0;
    int64_t index = -1;
    if (!released) {
        add_version(project, folder);
        index = (int64_t)project->versions.count - 1;
    }
    size_t count = 0;
    array_each (LayoutMigration, at, &reading->migrations) {
        if (at->claimed || !at->folder || strcmp(at->folder, folder) != 0)
            continue;
        if (released)
            report_inserted(project, at->migration.identity, "into the released version", folder);
        else if (before)
            report_inserted(project, at->migration.identity, "before the released version",
                            last->version);
        move_migration(project, at, index);
        count++;
    }
    if (before && !count)
        finding_add(&project->findings, FINDING_ERROR, "rename the folder to a later version",
                    "the version folder '%s' sorts before the released version '%s'", folder,
                    last->version);
    if (!released) {
        project->versions.items[index].migration_count = count;
        take_least(project, (size_t)index, least_of(reading, folder));
    }
}

void project_order(Project *project, LayoutReading *reading, const SumFile *sum)
{
    Frontier frontier = {0};
    take_released(project, reading, sum, &frontier);
    if (reading->flat)
        take_pending_flat(project, reading, &frontier);
    array_each (char *, folder, &reading->folders)
        take_folder(project, reading, *folder, sum);
    /* what is left stands where no layout has it (loose scripts beside version folders) */
    array_each (LayoutMigration, at, &reading->migrations)
        if (!at->claimed)
            move_migration(project, at, -1);
    array_each (LayoutMigration, at, &reading->migrations) {
        if (at->superseded)
            project_migration_done(&at->migration);
        at->migration = (ProjectMigration){0};
    }
}
