/* planner release: freeze pending migrations as a version, by appending to sealift.sum. */
#include "base/command_table.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "migrations/project_names.h"
#include "migrations/project_notes.h"
#include "migrations/project_repeats.h"
#include "migrations/sum_file.h"
#include "planner/history/history.h"
#include "planner/packing/project_check.h"
#include "planner/packing/project_digests.h"
#include "planner/planner_commands.h"

typedef struct ReleaseOptions {
    const char *project;
    const char *through;
    const char *min_compatible;
    const char *supersedes;
    bool stop;
    bool empty;
} ReleaseOptions;

static const Option options[] = {
    OPTION_STRING_ROW("through", ReleaseOptions, through, "IDENTITY",
                      "in a flat layout: the last migration of the version (default: all pending)"),
    OPTION_FLAG_ROW("stop", ReleaseOptions, stop,
                    "a required stop: no site may pass it by in one go"),
    OPTION_STRING_ROW("min-compatible", ReleaseOptions, min_compatible, "VERSION",
                      "no run may come to this version that began below VERSION"),
    OPTION_STRING_ROW("supersedes", ReleaseOptions, supersedes, "VERSION",
                      "take the place of VERSION and all released behind it: for a version that "
                      "turned out to be broken; must come to the schema of the last of them"),
    OPTION_FLAG_ROW("empty", ReleaseOptions, empty,
                    "a version of the product that changes nothing in the database"),
    OPTION_STRING_ROW("project", ReleaseOptions, project, "DIR", "the project (default: .)"),
};

/* What is to be released: migrations [first, first + count) of the project. */
typedef struct Range {
    size_t first;
    size_t count;
} Range;

static bool check_version_name(const Project *project, const char *version, Error *err)
{
    if (!project_version_name_is_valid(version)) {
        error_set(err, ERROR_USAGE, "'%s' cannot be the name of a version", version);
        return error_hint(err, "a version name has " PROJECT_VERSION_GRAMMAR);
    }
    array_each (const ProjectVersion, existing, &project->versions) {
        if (!existing->released || strcmp(existing->name, version) != 0)
            continue;
        error_set(err, ERROR_USAGE, "version %s is already released (%s)", version,
                  existing->released_at);
        return error_hint(err, "what is released never changes; release the next version");
    }
    const SumRelease *by = sum_file_replacement(&project->sum, version);
    if (by)
        return error_set(err, ERROR_USAGE, "version %s was released before, and %s supersedes it",
                         version, by->version);
    return true;
}

static bool nothing_pending(Error *err)
{
    error_set(err, ERROR_USAGE, "there is nothing to release: no migration is pending");
    return error_hint(err, "'planner new NAME' writes one; --empty releases a version without any");
}

/* Of a layout whose plan says where versions end: changes that no version has yet. */
static bool nothing_tagged(const Project *project, Error *err)
{
    size_t count = 0;
    const ProjectMigration *first = NULL;
    array_each (const ProjectMigration, at, &project->migrations) {
        if (at->version >= 0)
            continue;
        first = first ? first : at;
        count++;
    }
    if (project->layout != LAYOUT_SQITCH || !first)
        return nothing_pending(err);
    error_set(err, ERROR_USAGE,
              "there is nothing to release: behind the last tag of sqitch's plan %s %zu change%s, "
              "from '%s' on, and no tag",
              count == 1 ? "stands" : "stand", count, text_plural((int64_t)count), first->identity);
    return error_hint(err, "'sqitch tag VERSION' ends a version there; then release it");
}

static bool flat_range(const Project *project, const char *through, Range *ret_range, Error *err)
{
    Range range = {0};
    while (range.first < project->migrations.count &&
           project->migrations.items[range.first].released)
        range.first++;
    size_t pending = project->migrations.count - range.first;
    if (!pending)
        return nothing_pending(err);
    range.count = pending;
    for (size_t i = 0; through && i <= pending; i++) {
        if (i == pending) {
            error_set(err, ERROR_USAGE, "'%s' is no pending migration", through);
            return error_hint(err, "'planner status' lists them");
        }
        if (strcmp(project->migrations.items[range.first + i].identity, through) == 0) {
            range.count = i + 1;
            break;
        }
    }
    *ret_range = range;
    return true;
}

/* Changed repeatable scripts need no folder of their own to become a version. */
static bool repeats_range(const Project *project, Range *ret_range)
{
    Range range = {.first = project->migrations.count};
    while (range.first > 0 && project->migrations.items[range.first - 1].version < 0 &&
           project->migrations.items[range.first - 1].repeat)
        range.first--;
    range.count = project->migrations.count - range.first;
    if (range.count)
        *ret_range = range;
    return range.count > 0;
}

static bool folder_range(const Project *project, const char *version, const char *through,
                         Range *ret_range, Error *err)
{
    if (through)
        return error_set(
            err, ERROR_USAGE,
            "--through is for flat layouts; here the folder says what a version holds");
    const ProjectVersion *next = NULL;
    array_each (const ProjectVersion, at, &project->versions) {
        if (!at->released) {
            next = at;
            break;
        }
    }
    if (!next)
        return repeats_range(project, ret_range) || nothing_tagged(project, err);
    if (strcmp(next->name, version) != 0) {
        error_set(err, ERROR_USAGE, "version %s is not the next one: that is %s", version,
                  next->name);
        return error_hint(err, "versions are released in the order of their folders");
    }
    if (!next->migration_count) {
        error_set(err, ERROR_USAGE,
                  "there is nothing to release: the folder of version %s holds no migration",
                  version);
        return error_hint(err, "--empty releases a version without any");
    }
    *ret_range = (Range){next->first_migration, next->migration_count};
    return true;
}

/* A version without migrations takes none that are pending; its folder, if it has one, is empty and
 * comes next. */
static bool empty_range(const Project *project, const char *version, const char *through,
                        Range *ret_range, Error *err)
{
    if (through)
        return error_set(err, ERROR_USAGE, "--empty and --through exclude each other");
    array_each (const ProjectVersion, at, &project->versions) {
        if (at->released || project_compare_versions(version, at->name) < 0)
            continue;
        if (strcmp(at->name, version) == 0 && !at->migration_count)
            continue;
        error_set(err, ERROR_USAGE, "version %s comes first", at->name);
        return error_hint(err, strcmp(at->name, version) == 0
                                   ? "its folder holds migrations: release it without --empty"
                                   : "versions are released in the order of their folders");
    }
    *ret_range = (Range){0};
    return true;
}

static bool find_range(const Project *project, const ReleaseOptions *given, const char *version,
                       Range *ret_range, Error *err)
{
    if (given->empty)
        return empty_range(project, version, given->through, ret_range, err);
    if (project->flat)
        return flat_range(project, given->through, ret_range, err);
    return folder_range(project, version, given->through, ret_range, err);
}

/* --- what it takes the place of, and what it stands on ---------------------------------------- */

/* The index of a released version on the line, or -1 with the error set. */
static int64_t find_on_line(const Project *project, const char *option, const char *name,
                            Error *err)
{
    for (size_t i = 0; i < project->versions.count; i++)
        if (project->versions.items[i].released &&
            strcmp(project->versions.items[i].name, name) == 0)
            return (int64_t)i;
    const SumRelease *by = sum_file_replacement(&project->sum, name);
    if (by)
        error_set(err, ERROR_USAGE, "%s: version %s is superseded by %s", option, name,
                  by->version);
    else
        error_set(err, ERROR_USAGE, "%s: '%s' is no released version", option, name);
    error_hint(err, "'planner status' lists the versions");
    return -1;
}

static void add_superseded(SumRelease *release, const char *version, const Digest *tree, bool same)
{
    *array_add(&release->superseded) = (SumSuperseded){memory_string(version), same, *tree};
}

/* A site may stand at what one of them had superseded, and that goes on through the new one. */
static bool find_superseded(const Project *project, const char *name, SumRelease *release,
                            Error *err)
{
    char tree[DIGEST_HEX_SIZE] = "-";
    int64_t first = find_on_line(project, "--supersedes", name, err);
    if (first < 0)
        return false;
    int64_t last = first;
    while (last + 1 < (int64_t)project->versions.count &&
           project->versions.items[last + 1].released)
        last++;
    for (int64_t i = 0; i <= last; i++) {
        const ProjectVersion *version = &project->versions.items[i];
        Digest digest;
        if (!project_version_tree(project, version, tree, &digest, err))
            return false;
        digest_hex(&digest, tree);
        if (i < first)
            continue;
        array_each (const SumSuperseded, earlier, &version->superseded)
            add_superseded(release, earlier->version, &earlier->tree_digest,
                           earlier->same_schema && i == last);
        add_superseded(release, version->name, &digest, i == last);
    }
    return true;
}

/* What only a superseded version brings would be lost on the way around it. */
static bool check_lost_repeats(const Project *project, const SumRelease *release,
                               const Range *range, Error *err)
{
    array_each (const ProjectMigration, at, &project->migrations) {
        const char *version =
            at->released && at->repeat ? project->versions.items[at->version].name : NULL;
        bool lost = false;
        array_each (const SumSuperseded, superseded, &release->superseded)
            lost = lost || (version && strcmp(superseded->version, version) == 0);
        for (size_t i = 0; i < range->count && lost; i++) {
            const char *again = project->migrations.items[range->first + i].repeat;
            lost = !again || strcmp(again, at->repeat) != 0;
        }
        if (!lost)
            continue;
        error_set(err, ERROR_USAGE,
                  "--supersedes: version %s brings the repeatable script '%s', and %s would not",
                  version, at->repeat, release->version);
        return error_hint(err, "change its text, so that it is released again: a comment will do");
    }
    return true;
}

static bool check_least(const Project *project, const char *name, SumRelease *release, Error *err)
{
    if (find_on_line(project, "--min-compatible", name, err) < 0)
        return false;
    array_each (const SumSuperseded, superseded, &release->superseded)
        if (strcmp(superseded->version, name) == 0)
            return error_set(err, ERROR_USAGE,
                             "--min-compatible: version %s is superseded by this one", name);
    release->min_compatible = memory_string(name);
    return true;
}

/* What the layout says of the version (temporal's MinCompatibleVersion), unless that is superseded
 * by it: what takes its place has no such limit. */
static void take_own_least(const Project *project, SumRelease *release)
{
    array_each (const ProjectVersion, version, &project->versions) {
        if (version->released || strcmp(version->name, release->version) != 0)
            continue;
        bool superseded = false;
        array_each (const SumSuperseded, earlier, &release->superseded)
            superseded = superseded || (version->min_compatible &&
                                        strcmp(earlier->version, version->min_compatible) == 0);
        if (!superseded)
            release->min_compatible = memory_string(version->min_compatible);
    }
}

static bool find_line(const Project *project, const ReleaseOptions *given, SumRelease *release,
                      Error *err)
{
    if (given->supersedes && !find_superseded(project, given->supersedes, release, err))
        return false;
    if (given->min_compatible)
        return check_least(project, given->min_compatible, release, err);
    take_own_least(project, release);
    return true;
}

/* Refuse to freeze what could never be packed: after the release nobody may mend it. */
static bool check_range(const Project *project, const Range *range, Error *err)
{
    CLEANUP(findings_done) FindingArray findings = {0};
    for (size_t i = 0; i < range->count; i++)
        project_check_migration(project, &project->migrations.items[range->first + i], &findings);
    return findings_check(&findings, project->root, err);
}

/* From here on they are called as in the version. */
static void assign_repeats(Project *project, const Range *range, const char *version)
{
    for (size_t i = 0; i < range->count; i++) {
        ProjectMigration *migration = &project->migrations.items[range->first + i];
        if (migration->repeat)
            project_repeat_assign(migration, version);
    }
}

static bool freeze_repeats(const Project *project, const Range *range, const char *version,
                           Error *err)
{
    for (size_t i = 0; i < range->count; i++) {
        const ProjectMigration *migration = &project->migrations.items[range->first + i];
        if (migration->repeat && !project_repeat_freeze(project, migration, version, err))
            return false;
    }
    return true;
}

static void discard_repeats(const Project *project, const Range *range, const char *version)
{
    for (size_t i = 0; i < range->count; i++) {
        const ProjectMigration *migration = &project->migrations.items[range->first + i];
        if (migration->repeat)
            project_repeat_discard(project, migration, version);
    }
}

/* Whether the file is known not to name the version: an append that fails at the very end, where
 * its folder is synced, has put it in place. */
static bool is_not_named(const char *sum_path, const char *version)
{
    CLEANUP(sum_file_done) SumFile sum = {0};
    CLEANUP(error_done) Error ignored = {0};
    return sum_file_read(sum_path, &sum, &ignored) && !sum_file_find(&sum, version);
}

/* The texts of repeatables are kept before sealift.sum names them: a release that is killed in
 * between is no release, and the next one keeps them again. One that fails leaves none of them,
 * unless sealift.sum names it all the same. */
static bool write_release(const Project *project, const Range *range, const SumRelease *release,
                          Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(project->root, PROJECT_SUM_NAME);
    if (freeze_repeats(project, range, release->version, err) &&
        sum_file_append(path, release, err))
        return true;
    if (is_not_named(path, release->version))
        discard_repeats(project, range, release->version);
    return false;
}

/* … and what the layout's own tool notes of it can be said. */
static bool check_history(const Project *project, const Range *range, const char *version,
                          Error *err)
{
    CLEANUP(history_freep) History *history = NULL;
    if (!history_open(project, &history, err) ||
        (project->history && !history_check_version(history, version, err)))
        return false;
    for (size_t i = 0; i < range->count; i++) {
        CLEANUP(text_done) Text text = {0};
        if (!history_up_text(history, range->first + i, &text, err))
            return false;
    }
    return true;
}

static bool make_release(const Project *project, const Range *range, SumRelease *release,
                         Error *err)
{
    int64_t now;
    if (!clock_source_date_epoch(clock_now(), &now, err))
        return false;
    clock_format(now, release->released_at);
    for (size_t i = 0; i < range->count; i++) {
        const ProjectMigration *migration = &project->migrations.items[range->first + i];
        Digest digest;
        if (!project_digest(project, migration, &digest, err))
            return false;
        *array_add(&release->migrations) =
            (SumMigration){.identity = memory_string(migration->identity), .digest = digest};
    }
    return true;
}

static void render_notes(const ProjectNoteArray *notes, Text *out)
{
    array_each (const ProjectNote, note, notes)
        text_addf(out, "  %s  %s\n", note->breaking ? "breaking  " : "note      ", note->title);
}

static void render(const SumRelease *release, const ProjectNoteArray *notes, Text *out)
{
    text_addf(out, "released %s at %s%s\n", release->version, release->released_at,
              release->stop ? ", a required stop" : "");
    if (release->min_compatible)
        text_addf(out, "  from        %s or later in one run\n", release->min_compatible);
    if (release->history)
        text_addf(out, "  history     %s\n", release->history);
    array_each (const SumSuperseded, superseded, &release->superseded)
        text_addf(out, "  supersedes  %s%s\n", superseded->version,
                  superseded->same_schema ? ", and must have its schema" : "");
    array_each (const SumMigration, migration, &release->migrations)
        text_addf(out, "  %s\n", migration->identity);
    render_notes(notes, out);
}

static void render_json(const SumRelease *release, const ProjectNoteArray *notes, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "version", release->version);
    json_string(&json, "released_at", release->released_at);
    json_bool(&json, "stop", release->stop);
    json_string(&json, "min_compatible", release->min_compatible);
    json_string(&json, "history", release->history);
    json_array(&json, "supersedes");
    array_each (const SumSuperseded, superseded, &release->superseded)
        json_string(&json, /* name= */ NULL, superseded->version);
    json_close(&json);
    json_array(&json, "migrations");
    array_each (const SumMigration, migration, &release->migrations) {
        char hex[DIGEST_HEX_SIZE];
        json_object(&json, /* name= */ NULL);
        json_string(&json, "identity", migration->identity);
        json_string(&json, "digest", digest_hex(&migration->digest, hex));
        json_close(&json);
    }
    json_close(&json);
    json_array(&json, "notes");
    array_each (const ProjectNote, note, notes) {
        json_object(&json, /* name= */ NULL);
        json_bool(&json, "breaking", note->breaking);
        json_string(&json, "title", note->title);
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    json_end(&json);
}

static bool run(CommandContext *context, Error *err)
{
    const ReleaseOptions *given = context->options;
    const char *version = context->arguments.items[0];
    CLEANUP(project_done) Project project = {0};
    CLEANUP(project_notes_done) ProjectNoteArray notes = {0};
    CLEANUP(sum_release_done) SumRelease release = {.stop = given->stop};
    release.version = memory_string(version);
    Range range = {0};
    if (!project_read(given->project ? given->project : ".", &project, err) ||
        !check_version_name(&project, version, err) || !project_check_released(&project, err))
        return false;
    if (!find_range(&project, given, version, &range, err) ||
        !find_line(&project, given, &release, err) ||
        !check_lost_repeats(&project, &release, &range, err))
        return false;
    release.history = memory_string(project.history);
    if (!project_notes_read(project.root, version, &notes, err) ||
        !check_range(&project, &range, err) || !check_history(&project, &range, version, err))
        return false;
    assign_repeats(&project, &range, version);
    if (!make_release(&project, &range, &release, err) ||
        !write_release(&project, &range, &release, err))
        return false;
    (context->json ? render_json : render)(&release, &notes, context->out);
    return true;
}

const Command command_release = {
    .name = "release",
    .synopsis = "VERSION [--through IDENTITY|--empty] [--stop] [--min-compatible VERSION] "
                "[--supersedes VERSION] [--project DIR]",
    .summary = "freeze the pending migrations as that version",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(ReleaseOptions),
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
