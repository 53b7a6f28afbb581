#include "bundles/manifest_check.h"

#include <inttypes.h>

#include "bundles/manifest_parameter.h"
#include "bundles/manifest_rehearsal.h"
#include "bundles/parameter_value.h"

int64_t manifest_object_end(const ManifestObject *object)
{
    int64_t end = object->offset + object->stored_size;
    return (end + TAR_BLOCK_SIZE - 1) / TAR_BLOCK_SIZE * TAR_BLOCK_SIZE;
}

bool manifest_object_has_path(const ManifestObject *object, const char *path)
{
    size_t length = strlen(path);
    return strncmp(object->path, path, length) == 0 &&
           strcmp(object->path + length, object->compressed ? ".zst" : "") == 0;
}

PRINTF_LIKE(2, 3)
static bool refuse(Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP(memory_freep) char *what = memory_vformat(format, arguments);
    va_end(arguments);
    return error_set(err, ERROR_INPUT, "manifest: %s", what);
}

static bool check_chunks(const ManifestObject *object, Error *err)
{
    int64_t expected = object->stored_size > OBJECT_CHUNK_SIZE
                           ? (object->stored_size + OBJECT_CHUNK_SIZE - 1) / OBJECT_CHUNK_SIZE
                           : 0;
    if ((int64_t)object->chunk_count != expected)
        return refuse(err, "table 'chunk': object '%s' has %zu chunks, not %" PRId64, object->path,
                      object->chunk_count, expected);
    if (expected == 0)
        return true;
    Digest digest = digest_of(object->chunks, object->chunk_count * sizeof(*object->chunks));
    if (!digest_equal(&digest, &object->stored_digest))
        return refuse(err, "table 'chunk': the chunks of object '%s' do not give its stored digest",
                      object->path);
    return true;
}

static bool check_sizes(const ManifestObject *object, Error *err)
{
    if (!object->compressed && object->stored_size != object->plain_size)
        return refuse(err, "table 'object': '%s' is stored plain in another size", object->path);
    if (!object->compressed && object->chunk_count == 0 &&
        !digest_equal(&object->stored_digest, &object->plain_digest))
        return refuse(err, "table 'object': '%s' is stored plain with two digests", object->path);
    if (object->compressed &&
        (object->plain_size <= OBJECT_COMPRESS_ABOVE || object->stored_size >= object->plain_size))
        return refuse(err, "table 'object': '%s' has no reason to be compressed", object->path);
    if (object->compressed != text_has_suffix(object->path, ".zst"))
        return refuse(err, "table 'object': the path '%s' does not say how it is stored",
                      object->path);
    return true;
}

/* Objects lie one behind the other, in the order of their paths; README first. */
static bool check_layout(const Manifest *manifest, size_t manifest_size, Error *err)
{
    const ManifestObject *objects = manifest->objects.items;
    if (manifest->objects.count == 0 || strcmp(objects[0].path, "README") != 0)
        return refuse(err, "table 'object': the first object is not README");
    int64_t next = 0;
    for (size_t i = 0; i < manifest->objects.count; i++) {
        if (i && strcmp(objects[i - 1].path, objects[i].path) >= 0)
            return refuse(err, "table 'object', row %zu: path '%s' does not come after '%s'", i + 1,
                          objects[i].path, objects[i - 1].path);
        if (objects[i].offset != next + TAR_BLOCK_SIZE)
            return refuse(err,
                          "table 'object', row %zu: offset of '%s' is %" PRId64
                          ", but the object before it ends so that %" PRId64 " comes next",
                          i + 1, objects[i].path, objects[i].offset, next + TAR_BLOCK_SIZE);
        if (!check_chunks(&objects[i], err) || !check_sizes(&objects[i], err))
            return false;
        next = manifest_object_end(&objects[i]);
    }
    int64_t content_size =
        TAR_BLOCK_SIZE + (int64_t)manifest_size + next + BUNDLE_END_SIZE; /* whole pages */
    if (manifest->head.manifest_size != (int64_t)manifest_size ||
        manifest->head.content_size != content_size)
        return refuse(err, "its objects need %" PRId64 " bytes of content, but HEAD says %" PRId64,
                      content_size, manifest->head.content_size);
    return true;
}

/* What the migration under check has used up. */
typedef struct Uses {
    const Manifest *manifest;
    const ManifestMigration *migration;
    bool *used;   /* per object */
    size_t count; /* objects used */
    int64_t data; /* data files of the migration so far */
} Uses;

/* Take `object`, which must be named as generated from its place and not be taken yet. */
static bool use_object(Uses *uses, int64_t index, char *expected_path, Error *err)
{
    CLEANUP(memory_freep) char *path = expected_path;
    const ManifestObject *object = &uses->manifest->objects.items[index];
    if (!manifest_object_has_path(object, path))
        return refuse(err, "migration '%s': object %" PRId64 " is '%s' where '%s' is expected",
                      uses->migration->identity, index + 1, object->path, path);
    if (uses->used[index])
        return refuse(err, "migration '%s': object '%s' is used twice", uses->migration->identity,
                      object->path);
    uses->used[index] = true;
    uses->count++;
    return true;
}

/* A probe names what it looks at; in a transaction there is nothing to look for. */
static bool probe_fits(const Probe *probe, GroupKind kind)
{
    bool names = probe->object || probe->object_schema || probe->table || probe->table_schema;
    if (kind != GROUP_AUTOCOMMIT)
        return probe->kind == PROBE_NONE && !names;
    switch (probe->kind) {
    case PROBE_NONE:
    case PROBE_REPEAT:
        return true;
    case PROBE_REINDEX:
        return probe->object || probe->table;
    case PROBE_INDEX_PRESENT:
    case PROBE_DETACH:
        return probe->object && probe->table;
    case PROBE_INDEX_ABSENT:
    case PROBE_DATABASE_PRESENT:
    case PROBE_DATABASE_ABSENT:
    case PROBE_TABLESPACE_PRESENT:
    case PROBE_TABLESPACE_ABSENT:
    case PROBE_SUBSCRIPTION_PRESENT:
    case PROBE_SUBSCRIPTION_ABSENT:
        return probe->object != NULL;
    }
    return false;
}

/* A batch is all that its script's first group does: the statement for each range, and what must
 * hold then. Behind it may stand what the planner added. */
static bool batch_fits(const ManifestScript *script, ScriptKind kind)
{
    const ManifestGroup *only = script->groups.count ? &script->groups.items[0] : NULL;
    bool batched = only && only->kind == GROUP_BATCH;
    size_t statements = 0, groups = 0;
    array_each (const ManifestStep, step, &script->steps)
        statements += step->kind == STEP_BATCH;
    array_each (const ManifestGroup, group, &script->groups)
        groups += group->kind == GROUP_BATCH;
    if (!batched)
        return statements == 0 && groups == 0 && !script->batch.table;
    return statements == 1 && groups == 1 && script->batch.table &&
           (kind == SCRIPT_UP || kind == SCRIPT_DOWN) && only->step_count == 2 &&
           script->steps.items[0].kind == STEP_BATCH &&
           script->steps.items[1].kind == STEP_ASSERTION && only->isolation == ISOLATION_DEFAULT &&
           !only->read_only && !only->deferrable;
}

/* Lines run in a transaction, one like the other, and each has at least a byte and its newline. */
static bool lines_fit(const ManifestScript *script, const ManifestGroup *group,
                      const ManifestStep *step)
{
    if (step->kind != STEP_LINES)
        return step->statements == 1;
    size_t references = 0;
    (void)parameter_references(script, (size_t)(step - script->steps.items), &references);
    return group->kind == GROUP_TRANSACTION && step->statements >= 2 &&
           step->length >= 2 * step->statements - 1 && !references && !step->session_state &&
           !step->outside_effects;
}

/* Groups cover the steps without a rest; a step outside transactions is alone. */
static bool check_groups(const Uses *uses, ScriptKind kind, Error *err)
{
    const ManifestScript *script = &uses->migration->scripts[kind];
    const char *identity = uses->migration->identity, *name = script_kind_name(kind);
    size_t covered = 0;
    array_each (const ManifestGroup, group, &script->groups) {
        covered += group->step_count;
        if (covered > script->steps.count)
            break;
        bool alone = group->kind == GROUP_AUTOCOMMIT;
        if (alone && group->step_count != 1)
            return refuse(err, "migration '%s', %s: %zu steps in a group outside transactions",
                          identity, name, group->step_count);
        if (alone &&
            (group->isolation != ISOLATION_DEFAULT || group->read_only || group->deferrable))
            return refuse(err,
                          "migration '%s', %s: a step outside transactions has the settings "
                          "of one",
                          identity, name);
        for (size_t i = group->first_step; i < covered; i++) {
            if (!probe_fits(&script->steps.items[i].probe, group->kind))
                return refuse(err, "migration '%s', %s, step %zu: its probe does not fit", identity,
                              name, i + 1);
            if (!lines_fit(script, group, &script->steps.items[i]))
                return refuse(err,
                              "migration '%s', %s, step %zu: its number of statements does not "
                              "fit",
                              identity, name, i + 1);
        }
    }
    if (covered != script->steps.count || covered == 0)
        return refuse(err, "migration '%s', %s: groups of %zu steps over %zu steps", identity, name,
                      covered, script->steps.count);
    if (!batch_fits(script, kind))
        return refuse(err, "migration '%s', %s: its batch does not fit its steps", identity, name);
    return true;
}

static bool check_steps(Uses *uses, ScriptKind kind, Error *err)
{
    const ManifestScript *script = &uses->migration->scripts[kind];
    const char *identity = uses->migration->identity, *name = script_kind_name(kind);
    int64_t plain_size = uses->manifest->objects.items[script->object].plain_size;
    int64_t end = 0;
    for (size_t i = 0; i < script->steps.count; i++) {
        const ManifestStep *step = &script->steps.items[i];
        if (step->offset < end)
            return refuse(err, "migration '%s', %s, step %zu: overlaps the step before", identity,
                          name, i + 1);
        end = step->offset + step->length;
        if (end > plain_size)
            return refuse(err,
                          "migration '%s', %s, step %zu: ends at byte %" PRId64
                          " of a script of %" PRId64,
                          identity, name, i + 1, end, plain_size);
        if ((step->kind == STEP_COPY) != (step->data_object >= 0))
            return refuse(err, "migration '%s', %s, step %zu: COPY and its data do not go together",
                          identity, name, i + 1);
        if (step->kind == STEP_COPY &&
            !use_object(uses, step->data_object, manifest_data_path(uses->migration, ++uses->data),
                        err))
            return false;
    }
    return true;
}

static bool check_script(Uses *uses, ScriptKind kind, Error *err)
{
    const ManifestScript *script = &uses->migration->scripts[kind];
    if (!script->present)
        return true;
    if (script->in_transaction && kind != SCRIPT_VERIFY)
        return refuse(err, "migration '%s', %s: only a verify script may run before COMMIT",
                      uses->migration->identity, script_kind_name(kind));
    if (script->gate && kind != SCRIPT_PRECHECK)
        return refuse(err, "migration '%s', %s: only a precheck script may be a gate",
                      uses->migration->identity, script_kind_name(kind));
    return use_object(uses, script->object, manifest_script_path(uses->migration, kind), err) &&
           check_steps(uses, kind, err) && check_groups(uses, kind, err);
}

/* The migration's own list of data files is that of its up's COPY steps. */
static bool check_data_list(const ManifestMigration *migration, Error *err)
{
    size_t count = 0;
    array_each (const ManifestStep, step, &migration->scripts[SCRIPT_UP].steps) {
        if (step->kind != STEP_COPY)
            continue;
        if (count == migration->data_object_count ||
            migration->data_objects[count] != step->data_object)
            return refuse(err, "table 'migration_data': not the data of migration '%s'",
                          migration->identity);
        count++;
    }
    if (count != migration->data_object_count)
        return refuse(err, "table 'migration_data': not the data of migration '%s'",
                      migration->identity);
    return true;
}

static bool slug_is_valid(const char *slug)
{
    return slug[0] && slug[strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

/* What a migration says of its way back, its locks and its text follows from its scripts. */
static bool check_summary(const Manifest *manifest, const ManifestMigration *migration, Error *err)
{
    const char *identity = migration->identity;
    bool no_way_back =
        migration->verdict == VERDICT_NONE || migration->verdict == VERDICT_IRREVERSIBLE;
    if (no_way_back == migration->scripts[SCRIPT_DOWN].present)
        return refuse(err, "migration '%s': its way back is '%s', but it has %s down script",
                      identity, verdict_name(migration->verdict), no_way_back ? "a" : "no");
    if ((migration->verdict == VERDICT_IRREVERSIBLE) != (migration->irreversible_reason != NULL))
        return refuse(err, "migration '%s': 'irreversible' and its reason do not go together",
                      identity);
    int64_t locks = 0;
    array_each (const ManifestStep, step, &migration->scripts[SCRIPT_UP].steps)
        locks += step->lock_estimate;
    if (locks != migration->lock_estimate)
        return refuse(err, "migration '%s': its lock estimate is not the sum of its steps'",
                      identity);
    CLEANUP(text_done) Text line = {0};
    manifest_migration_tree_line(manifest, migration, &line);
    Digest digest = digest_of(line.bytes, line.length);
    if (!digest_equal(&digest, &migration->up_digest))
        return refuse(err, "migration '%s': its digest is not that of its scripts", identity);
    return true;
}

static bool check_place(const Manifest *manifest, size_t index, Error *err)
{
    const ManifestMigration *migration = &manifest->migrations.items[index];
    const ManifestVersion *version = &manifest->versions.items[migration->version];
    if ((uint64_t)migration->ordinal > version->migration_count ||
        version->first_migration + (size_t)migration->ordinal - 1 != index)
        return refuse(err,
                      "table 'migration', row %zu: is not migration %" PRId64 " of version '%s'",
                      index + 1, migration->ordinal, version->name);
    if (!slug_is_valid(migration->slug))
        return refuse(err, "table 'migration', row %zu: 'slug' has characters that it may not",
                      index + 1);
    return true;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts `names`. */
static bool check_unique(const char **names, size_t count, const char *what, Error *err)
{
    if (count)
        qsort(names, count, sizeof(*names), compare_texts);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return refuse(err, "two %s are named '%s'", what, names[i]);
    return true;
}

static bool check_names(const Manifest *manifest, Error *err)
{
    size_t most =
        1 + manifest->versions.count + manifest->superseded.count + manifest->migrations.count;
    CLEANUP(memory_freep) const char **names = memory_zeroed(most, sizeof(*names));
    size_t count = 0;
    if (strcmp(manifest->head.covers_from, "-") != 0) /* its name is taken, too */
        names[count++] = manifest->head.covers_from;
    array_each (const ManifestVersion, version, &manifest->versions)
        names[count++] = version->name;
    array_each (const ManifestSuperseded, superseded, &manifest->superseded)
        names[count++] = superseded->name;
    if (!check_unique(names, count, "versions", err))
        return false;
    count = 0;
    array_each (const ManifestMigration, migration, &manifest->migrations)
        names[count++] = migration->identity;
    return check_unique(names, count, "migrations", err);
}

static bool check_migrations(const Manifest *manifest, Error *err)
{
    CLEANUP(memory_freep) bool *used = memory_zeroed(manifest->objects.count, sizeof(*used));
    Uses uses = {.manifest = manifest, .used = used};
    for (size_t i = 0; i < manifest->migrations.count; i++) {
        uses.migration = &manifest->migrations.items[i];
        uses.data = 0;
        if (!check_place(manifest, i, err))
            return false;
        for (ScriptKind kind = SCRIPT_UP; kind < SCRIPT_KIND_COUNT; kind++)
            if (!check_script(&uses, kind, err))
                return false;
        if (!check_data_list(uses.migration, err) || !check_summary(manifest, uses.migration, err))
            return false;
    }
    if (!manifest_rehearsal_check(manifest, used, &uses.count, err))
        return false;
    if (uses.count + 1 != manifest->objects.count) /* README is nobody's */
        return refuse(err, "%zu of %zu objects belong to nothing",
                      manifest->objects.count - 1 - uses.count, manifest->objects.count - 1);
    return true;
}

static bool holds_tree(const Manifest *manifest, const Digest *tree)
{
    char hex[DIGEST_HEX_SIZE];
    bool held = strcmp(digest_hex(tree, hex), manifest->head.tree_from) == 0;
    array_each (const ManifestVersion, version, &manifest->versions)
        held |= digest_equal(&version->tree_digest, tree);
    return held;
}

/* What is off the line is nowhere on it, and nothing can be in the place of nothing. */
static bool check_superseded(const Manifest *manifest, Error *err)
{
    const ManifestSuperseded *items = manifest->superseded.items;
    for (size_t i = 0; i < manifest->superseded.count; i++) {
        if (i && items[i].version < items[i - 1].version)
            return refuse(err, "table 'superseded', row %zu: does not come after the one before",
                          i + 1);
        if (items[i].version == 0 && strcmp(manifest->head.covers_from, "-") == 0)
            return refuse(err, "table 'superseded', row %zu: nothing replaces '%s'", i + 1,
                          items[i].name);
        bool twice = holds_tree(manifest, &items[i].tree_digest);
        for (size_t j = 0; j < i; j++)
            twice |= digest_equal(&items[j].tree_digest, &items[i].tree_digest);
        if (twice)
            return refuse(err, "table 'superseded', row %zu: the tree of '%s' stands twice", i + 1,
                          items[i].name);
    }
    return true;
}

/* The version that a run must begin at comes before the one that asks for it. */
static bool check_least(const Manifest *manifest, Error *err)
{
    for (size_t i = 0; i < manifest->versions.count; i++) {
        const char *least = manifest->versions.items[i].min_compatible;
        if (manifest_least_start(manifest, i) > i)
            return refuse(err, "table 'version', row %zu: 'min_compatible' is '%s', not before it",
                          i + 1, least);
    }
    return true;
}

/* Versions follow each other from what HEAD starts at to what it ends at. */
static bool check_versions(const Manifest *manifest, Error *err)
{
    const Head *head = &manifest->head;
    const ManifestVersionArray *versions = &manifest->versions;
    bool from_nothing = strcmp(head->covers_from, "-") == 0;
    if (from_nothing != (strcmp(head->tree_from, "-") == 0) ||
        (from_nothing && versions->items[0].position != 0))
        return refuse(err, "table 'version': what it starts from is said in two ways");
    char previous[DIGEST_HEX_SIZE];
    snprintf(previous, sizeof(previous), "%s", head->tree_from);
    size_t migrations = 0;
    for (size_t i = 0; i < versions->count; i++) {
        const ManifestVersion *version = &versions->items[i];
        Digest tree = manifest_version_tree(manifest, i, previous);
        if (!digest_equal(&tree, &version->tree_digest))
            return refuse(err,
                          "table 'version', row %zu: tree digest of '%s' is not that of its "
                          "migrations",
                          i + 1, version->name);
        digest_hex(&tree, previous);
        if (version->position != versions->items[0].position + (int64_t)migrations)
            return refuse(err, "table 'version', row %zu: 'preceding_migrations' does not follow",
                          i + 1);
        migrations += version->migration_count;
    }
    if (strcmp(previous, head->tree_to) != 0 ||
        strcmp(versions->items[versions->count - 1].name, head->covers_to) != 0)
        return refuse(err, "table 'version': the last row is not what HEAD covers");
    return true;
}

static bool check_counts(const Manifest *manifest, Error *err)
{
    const Head *head = &manifest->head;
    if (manifest->versions.count == 0)
        return refuse(err, "table 'version' has no rows");
    size_t migrations = 0;
    array_each (const ManifestVersion, version, &manifest->versions)
        migrations += version->migration_count;
    if (migrations != manifest->migrations.count)
        return refuse(err, "versions hold %zu migrations, but there are %zu", migrations,
                      manifest->migrations.count);
    ManifestCounts counts = manifest_counts(manifest);
    if (counts.migrations != head->migrations || counts.statements != head->statements ||
        counts.irreversible != head->irreversible || counts.unproven != head->unproven)
        return refuse(err, "its migrations, statements, irreversible or unproven ones are not as "
                           "many as HEAD says");
    return true;
}

bool manifest_check(const Manifest *manifest, size_t manifest_size, Error *err)
{
    /* counts first: what follows walks from versions to migrations */
    return check_counts(manifest, err) && check_names(manifest, err) &&
           check_layout(manifest, manifest_size, err) && manifest_parameter_check(manifest, err) &&
           check_migrations(manifest, err) && check_versions(manifest, err) &&
           check_superseded(manifest, err) && check_least(manifest, err);
}
