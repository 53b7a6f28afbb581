#include "planner/packing/plan_builder.h"

#include <inttypes.h>

#include "base/file.h"
#include "migrations/project_notes.h"
#include "migrations/requires_directive.h"
#include "migrations/script.h"
#include "migrations/script_directives.h"
#include "planner/history/history.h"
#include "planner/packing/plan_parameters.h"
#include "planner/packing/plan_scope.h"
#include "planner/packing/project_digests.h"
#include "planner/packing/script_plan.h"

#define UNRELEASED "1970-01-01T00:00:00Z"

static int64_t find_version(const Project *project, const char *name)
{
    for (size_t i = 0; i < project->versions.count; i++)
        if (strcmp(project->versions.items[i].name, name) == 0)
            return (int64_t)i;
    return -1;
}

static bool find_released(const Project *project, const char *name, int64_t *ret_index, Error *err)
{
    int64_t index = find_version(project, name);
    if (index >= 0 && project->versions.items[index].released) {
        *ret_index = index;
        return true;
    }
    const SumRelease *by = sum_file_replacement(&project->sum, name);
    if (by) {
        error_set(err, ERROR_TARGET, "version '%s' is superseded by %s", name, by->version);
        return error_hint(err, "a site that stands at '%s' takes the bundles that start from %s",
                          name, by->version);
    }
    error_set(err, ERROR_TARGET, "version '%s' is not released", name);
    return error_hint(err, "'planner status' lists the versions; 'planner release %s' freezes one",
                      name);
}

bool plan_range(const Project *project, const char *from, const char *to, PlanRange *ret_range,
                Error *err)
{
    PlanRange range = {.first = -1};
    if (from && strcmp(from, "-") != 0 && !find_released(project, from, &range.first, err))
        return false;
    if (!find_released(project, to, &range.last, err))
        return false;
    if (range.first >= range.last)
        return error_set(err, ERROR_USAGE, "version '%s' does not come after '%s'", to, from);
    *ret_range = range;
    return true;
}

/* What is being built, passed along. */
typedef struct Build {
    const Project *project;
    BundleWriter *writer;
    Manifest *manifest;
    History *history;
    const ProjectMigration *source; /* the migration being read */
    ManifestMigration *migration;   /* what it becomes */
    char *folder;                   /* owned: versions/0001/0003-slug */
    char *nothing_to_undo;          /* owned: why its way back has no statement, or NULL */
    bool authored_down;             /* the migration's down has a statement of its own */
    int64_t data_count;             /* data files of this migration so far */
} Build;

/* One script on its way into objects: the sink's context. */
typedef struct Spool {
    Build *build;
    BundleObject *sql;
    BundleObject *data;   /* open between data_begin and data_end */
    int64_t first_object; /* index of the script's first data object in the manifest */
    DigestStream digest;  /* of what was spooled so far */
    char last;            /* the last character of it that is no blank */
} Spool;

/* Characters that a slug may hold; everything else becomes one dash. */
static char *slug_of(const char *title)
{
    Text slug = {0};
    for (const char *at = title; *at && slug.length < OBJECT_SLUG_MAX; at++) {
        char letter = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
        bool fits =
            (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
        if (fits)
            text_add_char(&slug, letter);
        else if (slug.length && slug.bytes[slug.length - 1] != '-')
            text_add_char(&slug, '-');
    }
    while (slug.length && slug.bytes[slug.length - 1] == '-')
        slug.bytes[--slug.length] = '\0';
    if (!slug.length)
        text_add(&slug, "migration");
    return text_take(&slug);
}

static int64_t add_object(Build *build, const ManifestObject *object)
{
    *array_add(&build->manifest->objects) = *object;
    return (int64_t)build->manifest->objects.count - 1;
}

static bool spool_sql(void *context, const void *bytes, size_t size, Error *err)
{
    Spool *spool = context;
    digest_update(&spool->digest, bytes, size);
    for (const char *first = bytes, *at = first + size; at > first; at--) {
        if (!strchr(" \t\r\n", at[-1])) {
            spool->last = at[-1];
            break;
        }
    }
    return bundle_writer_object_add(spool->sql, bytes, size, err);
}

static bool spool_data_begin(void *context, Error *err)
{
    Spool *spool = context;
    return bundle_writer_object_begin(spool->build->writer, &spool->data, err);
}

static bool spool_data(void *context, const void *bytes, size_t size, Error *err)
{
    Spool *spool = context;
    return bundle_writer_object_add(spool->data, bytes, size, err);
}

static bool spool_data_end(void *context, Error *err)
{
    Spool *spool = context;
    Build *build = spool->build;
    CLEANUP(memory_freep)
    char *path = memory_format("%s.data%04" PRId64, build->folder, ++build->data_count);
    ManifestObject object;
    if (!bundle_writer_object_end(TAKE_PTR(spool->data), path, &object, err))
        return false;
    add_object(build, &object);
    return true;
}

/* Give the shipped text its place; a script without a statement ships nothing. */
static bool finish_sql(Spool *spool, ScriptKind kind, ManifestScript *planned, Error *err)
{
    if (!planned->present) {
        bundle_writer_object_abandon(TAKE_PTR(spool->sql));
        return true;
    }
    CLEANUP(memory_freep)
    char *path = memory_format("%s.%s.sql", spool->build->folder, script_kind_name(kind));
    ManifestObject object;
    if (!bundle_writer_object_end(TAKE_PTR(spool->sql), path, &object, err))
        return false;
    planned->object = add_object(spool->build, &object);
    return true;
}

static TransactionMode mode_of(const Build *build, ScriptKind kind, const Script *script)
{
    return build->source->no_transaction[kind] || script->directives.no_transaction
               ? TRANSACTION_MODE_NONE
               : TRANSACTION_MODE_GROUP;
}

/* script.h: the directive is "before", "after" or not there. */
static Phase phase_of(const char *word)
{
    if (!word)
        return PHASE_ANY;
    return strcmp(word, "before") == 0 ? PHASE_BEFORE : PHASE_AFTER;
}

/* What the up script says of the whole migration. */
static void take_directives(Build *build, const Script *script)
{
    ManifestMigration *migration = build->migration;
    const ManifestScript *up = &migration->scripts[SCRIPT_UP];
    migration->mode = mode_of(build, SCRIPT_UP, script);
    migration->lock_timeout_ms = script->directives.lock_timeout_ms;
    migration->statement_timeout_ms = script->directives.statement_timeout_ms;
    migration->irreversible_reason = memory_string(script->directives.irreversible);
    migration->atomic_blocker = script_plan_atomic_blocker(script, up, migration->mode);
    array_each (const ManifestStep, step, &up->steps) {
        migration->lock_estimate += step->lock_estimate;
        if (step->kind == STEP_COPY)
            migration->data_object_count++;
    }
    migration->data_objects =
        memory_zeroed(migration->data_object_count, sizeof(*migration->data_objects));
    size_t count = 0;
    array_each (const ManifestStep, step, &up->steps)
        if (step->kind == STEP_COPY)
            migration->data_objects[count++] = step->data_object;
    migration->phase = phase_of(script->directives.phase);
}

static bool has_requirement(const Manifest *manifest, const char *kind, const ScriptRequire *wanted)
{
    array_each (const ManifestRequirement, there, &manifest->requirements)
        if (strcmp(there->kind, kind) == 0 && strcmp(there->name, wanted->name) == 0 &&
            strcmp(there->value, wanted->value) == 0)
            return true;
    return false;
}

/* What a script requires the whole bundle requires; that of the server stands in sealift.conf. */
static void take_requirements(Build *build, const Script *script)
{
    array_each (const ScriptRequire, require, &script->directives.requires) {
        const char *kind = requires_directive_kind(require->kind);
        if (require->kind == REQUIRE_SERVER || has_requirement(build->manifest, kind, require))
            continue;
        *array_add(&build->manifest->requirements) = (ManifestRequirement){
            memory_string(kind), memory_string(require->name), memory_string(require->value)};
    }
}

/* What the layout's own tool would note of this script, as text; empty where nothing. */
static bool history_text(const Build *build, ScriptKind kind, Text *ret_text, Error *err)
{
    size_t index = (size_t)(build->source - build->project->migrations.items);
    if (kind == SCRIPT_UP)
        return history_up_text(build->history, index, ret_text, err);
    return kind != SCRIPT_DOWN || history_down_text(build->history, index, ret_text, err);
}

/* What is put behind the script. A down that is said to have nothing to undo ships one statement
 * that does nothing, unless the history is something to write: a way back has steps. */
static bool added_text(const Build *build, ScriptKind kind, Text *ret_text, Error *err)
{
    bool is_empty = kind == SCRIPT_DOWN && !build->migration->scripts[kind].present;
    if (is_empty && !build->nothing_to_undo)
        return true;
    CLEANUP(text_done) Text noted = {0};
    if (!history_text(build, kind, &noted, err))
        return false;
    if (is_empty)
        text_addf(ret_text, "-- nothing to undo: %s\n%s", build->nothing_to_undo,
                  noted.length ? "" : "SELECT;\n");
    text_add(ret_text, text_string(&noted));
    return true;
}

/* Put that behind the script, whose own digest stays what was released. A down without a statement
 * stays none, unless it is said that there is nothing to undo. */
static bool append_text(Build *build, const ScriptPlanOptions *options, Spool *spool,
                        const ScriptSink *sink, Script *script, Error *err)
{
    ManifestScript *planned = &build->migration->scripts[options->kind];
    CLEANUP(text_done) Text text = {0};
    if (!added_text(build, options->kind, &text, err))
        return false;
    if (!text.length)
        return true;
    DigestStream authored = spool->digest;
    if (options->kind == SCRIPT_UP) {
        build->migration->up_extended = true;
        build->migration->authored_digest =
            planned->present ? digest_end(&authored) : digest_of("", 0);
    }
    size_t first = script->statements.count;
    const ScriptStatement *last = first ? &script->statements.items[first - 1] : NULL;
    int64_t line = last ? last->line + last->statements - 1 : 1;
    CLEANUP(memory_freep)
    char *added =
        memory_format("%s\n%s", spool->last && spool->last != ';' ? "\n;" : "", text_string(&text));
    return script_append(script, added, line, sink, err) &&
           script_plan_append(script, first, options, planned, err);
}

/* A down that the author did not write has no text but what is added. */
static bool read_script(Build *build, ScriptKind kind, Spool *spool, Error *err)
{
    ManifestScript *planned = &build->migration->scripts[kind];
    const char *authored = build->source->scripts[kind];
    const char *name = authored ? authored : build->source->scripts[PROJECT_UP];
    const ScriptSink sink = {.sql = spool_sql,
                             .data_begin = spool_data_begin,
                             .data = spool_data,
                             .data_end = spool_data_end,
                             .joins_lines = !build->source->no_transaction[kind],
                             .context = spool};
    CLEANUP(script_done) Script script = {0};
    script_directives_init(&script.directives);
    if (!authored)
        *array_add(&script.sources) = memory_string(name);
    else if (!project_script_read(build->project, build->source, (ProjectScript)kind, &sink,
                                  &script, err))
        return false;
    if (!build->nothing_to_undo)
        build->nothing_to_undo = TAKE_PTR(script.directives.nothing_to_undo);
    const ScriptPlanOptions options = {.name = name,
                                       .kind = kind,
                                       .mode = mode_of(build, kind, &script),
                                       .values = &build->project->config.values};
    if (!script_plan(&script, &options, planned, err))
        return false;
    build->authored_down |= kind == SCRIPT_DOWN && planned->present;
    if (!append_text(build, &options, spool, &sink, &script, err))
        return false;
    array_each (ManifestStep, step, &planned->steps)
        if (step->data_object >= 0)
            step->data_object += spool->first_object;
    if (!finish_sql(spool, kind, planned, err))
        return false;
    planned->source = memory_string(name);
    take_requirements(build, &script);
    if (kind == SCRIPT_UP)
        take_directives(build, &script);
    return true;
}

static bool build_script(Build *build, ScriptKind kind, Error *err)
{
    ManifestScript *planned = &build->migration->scripts[kind];
    planned->object = -1;
    if (!build->source->scripts[kind] && (kind != SCRIPT_DOWN || !build->nothing_to_undo))
        return true;
    Spool spool = {.build = build, .first_object = (int64_t)build->manifest->objects.count};
    digest_begin(&spool.digest);
    bool good = bundle_writer_object_begin(build->writer, &spool.sql, err) &&
                read_script(build, kind, &spool, err);
    bundle_writer_object_abandon(spool.data);
    bundle_writer_object_abandon(spool.sql);
    return good;
}

/* That what the author says of the way back is one thing. */
static bool check_way_back(const Build *build, Error *err)
{
    const char *up = build->source->scripts[PROJECT_UP];
    const char *down = build->source->scripts[PROJECT_DOWN];
    const bool irreversible = build->migration->irreversible_reason != NULL;
    if (irreversible && build->nothing_to_undo) {
        error_set(err, ERROR_INPUT, "%s: it is declared irreversible, and to have nothing to undo",
                  up);
        return error_hint(err, "take out one of the directives");
    }
    if (!build->authored_down || (!irreversible && !build->nothing_to_undo))
        return true;
    error_set(err, ERROR_INPUT, "%s: it is declared %s, yet has a down script: %s", up,
              irreversible ? "irreversible" : "to have nothing to undo", down);
    return error_hint(err, "take out the directive or the down script");
}

/* Whether there is a way back, as far as texts can say. */
static bool set_verdict(Build *build, Error *err)
{
    ManifestMigration *migration = build->migration;
    bool has_down = migration->scripts[SCRIPT_DOWN].present;
    if (!check_way_back(build, err))
        return false;
    migration->verdict = has_down                         ? VERDICT_UNPROVEN
                         : migration->irreversible_reason ? VERDICT_IRREVERSIBLE
                                                          : VERDICT_NONE;
    return true;
}

static bool build_migration(Build *build, const ProjectMigration *source, size_t version,
                            int64_t ordinal, Error *err)
{
    build->source = source;
    build->data_count = 0;
    build->migration = array_add(&build->manifest->migrations);
    *build->migration = (ManifestMigration){
        .identity = memory_string(source->identity),
        .slug = slug_of(source->title),
        .version = version,
        .ordinal = ordinal,
        .lock_timeout_ms = -1,
        .statement_timeout_ms = -1,
    };
    free(build->nothing_to_undo);
    build->nothing_to_undo = NULL;
    build->authored_down = false;
    free(build->folder);
    build->folder = memory_format("versions/%04zu/%04" PRId64 "-%s", version + 1, ordinal,
                                  build->migration->slug);
    for (ScriptKind kind = SCRIPT_UP; kind < SCRIPT_KIND_COUNT; kind++)
        if (!build_script(build, kind, err))
            return false;
    return set_verdict(build, err);
}

/* What the version's people should read. */
static bool add_notes(Build *build, const char *version, size_t index, Error *err)
{
    CLEANUP(project_notes_done) ProjectNoteArray notes = {0};
    if (!project_notes_read(build->project->root, version, &notes, err))
        return false;
    array_each (ProjectNote, note, &notes)
        *array_add(&build->manifest->notes) = (ManifestNote){
            .version = index,
            .breaking = note->breaking,
            .title = TAKE_PTR(note->title),
            .description = TAKE_PTR(note->description),
            .action = TAKE_PTR(note->action),
        };
    return true;
}

static bool build_version(Build *build, const ProjectVersion *source, Error *err)
{
    ManifestVersion *version = array_add(&build->manifest->versions);
    size_t index = build->manifest->versions.count - 1;
    *version = (ManifestVersion){
        .name = memory_string(source->name),
        .position = (int64_t)source->first_migration,
        .stop = source->stop,
        .min_compatible = memory_string(source->min_compatible),
        .released = memory_string(source->released ? source->released_at : UNRELEASED),
        .first_migration = build->manifest->migrations.count,
        .migration_count = source->migration_count,
    };
    if (!add_notes(build, source->name, index, err))
        return false;
    for (size_t i = 0; i < source->migration_count; i++) {
        const ProjectMigration *migration =
            &build->project->migrations.items[source->first_migration + i];
        if (!build_migration(build, migration, index, (int64_t)i + 1, err))
            return false;
    }
    return true;
}

/* The tree digest of the versions before the range, in hex, or "-": read, not shipped. */
static bool tree_before(const Project *project, const PlanRange *range, char *ret_hex, Error *err)
{
    memcpy(ret_hex, "-", 2);
    for (int64_t i = 0; i <= range->first; i++) {
        const ProjectVersion *version = &project->versions.items[i];
        Digest tree;
        if (!project_version_tree(project, version, ret_hex, &tree, err))
            return false;
        digest_hex(&tree, ret_hex);
    }
    return true;
}

/* The digests of what was spooled, of all that a site runs: parameters count, too. */
static void set_trees(Manifest *manifest)
{
    Head *head = &manifest->head;
    memcpy(head->tree_to, head->tree_from, sizeof(head->tree_to));
    array_each (ManifestMigration, migration, &manifest->migrations) {
        CLEANUP(text_done) Text line = {0};
        manifest_migration_tree_line(manifest, migration, &line);
        migration->up_digest = digest_of(line.bytes, line.length);
    }
    for (size_t i = 0; i < manifest->versions.count; i++) {
        ManifestVersion *version = &manifest->versions.items[i];
        version->tree_digest = manifest_version_tree(manifest, i, head->tree_to);
        digest_hex(&version->tree_digest, head->tree_to);
    }
}

static void count(Manifest *manifest)
{
    Head *head = &manifest->head;
    head->migrations = (int64_t)manifest->migrations.count;
    array_each (const ManifestMigration, migration, &manifest->migrations) {
        head->statements += manifest_script_statements(&migration->scripts[SCRIPT_UP]);
        head->irreversible += migration->verdict == VERDICT_IRREVERSIBLE;
        head->unproven += !migration->rehearsed;
    }
}

static void copy_text(char *target, size_t size, const char *text)
{
    snprintf(target, size, "%s", text);
}

bool plan_build(const Project *project, const PlanRange *range, BundleWriter *writer,
                Manifest *ret_manifest, Error *err)
{
    Head *head = &ret_manifest->head;
    if (!tree_before(project, range, head->tree_from, err))
        return false;
    CLEANUP(history_freep) History *history = NULL;
    if (!history_open(project, &history, err))
        return false;
    Build build = {
        .project = project, .writer = writer, .manifest = ret_manifest, .history = history};
    bool good = true;
    for (int64_t i = range->first + 1; good && i <= range->last; i++)
        good = build_version(&build, &project->versions.items[i], err);
    free(build.folder);
    free(build.nothing_to_undo);
    if (!good || !plan_parameters(&project->config.values, ret_manifest, err))
        return false;
    set_trees(ret_manifest);
    copy_text(head->covers_from, sizeof(head->covers_from),
              range->first < 0 ? "-" : project->versions.items[range->first].name);
    copy_text(head->covers_to, sizeof(head->covers_to), project->versions.items[range->last].name);
    ret_manifest->search_path = memory_string(project->config.search_path);
    plan_scope(project, range, ret_manifest);
    count(ret_manifest);
    return true;
}
