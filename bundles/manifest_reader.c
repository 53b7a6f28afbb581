#include "base/clock.h"
#include "bundles/manifest_check.h"
#include "bundles/manifest_image.h"
#include "bundles/manifest_meta.h"
#include "bundles/manifest_note.h"
#include "bundles/manifest_parameter.h"
#include "bundles/manifest_rehearsal.h"
#include "bundles/manifest_rows.h"
#include "bundles/manifest_store.h"
#include "bundles/sql/manifest_queries.h"

#define LOCKS_MAX      INT64_C(1000000000)
#define TIMEOUT_MAX_MS INT64_C(2147483647) /* the server's own limit */

static bool read_meta(sqlite3 *db, const Head *head, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "meta", SQL_manifest_read_meta, &rows, err))
        return false;
    manifest->head = *head;
    CLEANUP(text_done) Text expected = {0};
    size_t row = 0;
    for (; rows_next(&rows); row++) {
        CLEANUP(memory_freep) char *key = rows_text(&rows, 0, 1, 64);
        if (row == manifest_meta_count() || strcmp(key, manifest_meta_key(row)) != 0) {
            rows_refuse(&rows, 0, "is '%s' where '%s' is expected", key,
                        row < manifest_meta_count() ? manifest_meta_key(row) : "no row");
            return false;
        }
        if (manifest_meta_is_own(row)) {
            manifest->search_path = rows_text(&rows, 1, 1, MANIFEST_TEXT_MAX);
            continue;
        }
        text_clear(&expected);
        manifest_meta_value(manifest, row, &expected);
        const char *value = rows_borrowed_text(&rows, 1, 1, MANIFEST_TEXT_MAX);
        if (strcmp(value, text_string(&expected)) != 0)
            rows_refuse(&rows, 1, "of key '%s' is '%s', but HEAD says '%s'", key, value,
                        text_string(&expected));
    }
    if (!rows.failed && row < manifest_meta_count())
        return error_set(err, ERROR_INPUT, "manifest: table 'meta' has no row '%s'",
                         manifest_meta_key(row));
    return !rows.failed;
}

static bool read_versions(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "version", SQL_manifest_read_versions, &rows, err))
        return false;
    size_t migrations = 0;
    while (rows_next(&rows)) {
        ManifestVersion *version = array_add(&manifest->versions);
        rows_expect(&rows, 0, manifest->versions.count);
        version->name = rows_text(&rows, 1, 1, BUNDLE_VERSION_MAX);
        version->position = rows_number(&rows, 2, 0, BUNDLE_NUMBER_MAX);
        version->stop = rows_flag(&rows, 3);
        version->released = rows_text(&rows, 4, 1, CLOCK_TEXT_SIZE);
        version->tree_digest = rows_digest(&rows, 5);
        version->first_migration = migrations;
        version->migration_count = (size_t)rows_number(&rows, 6, 0, MANIFEST_SIZE_MAX);
        version->verdict = (Verdict)rows_word(&rows, 7, &verdict_words);
        migrations += version->migration_count;
        version->min_compatible = rows_text_or_null(&rows, 8, BUNDLE_VERSION_MAX);
        if (!head_version_name_is_valid(version->name))
            rows_refuse(&rows, 1, "is no name of a version");
        if (version->min_compatible && !head_version_name_is_valid(version->min_compatible))
            rows_refuse(&rows, 8, "is no name of a version");
        int64_t seconds;
        if (!clock_parse(version->released, &seconds))
            rows_refuse(&rows, 4, "is no time");
    }
    return !rows.failed;
}

static bool read_superseded(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "superseded", SQL_manifest_read_superseded, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestSuperseded *superseded = array_add(&manifest->superseded);
        rows_expect(&rows, 0, manifest->superseded.count);
        superseded->version = (size_t)rows_number(&rows, 1, 0, (int64_t)manifest->versions.count);
        superseded->name = rows_text(&rows, 2, 1, BUNDLE_VERSION_MAX);
        superseded->tree_digest = rows_digest(&rows, 3);
        superseded->same_schema = rows_flag(&rows, 4);
        if (!head_version_name_is_valid(superseded->name))
            rows_refuse(&rows, 2, "is no name of a version");
    }
    return !rows.failed;
}

/* What HEAD says of it; a tree of "-" stays zero. */
static void set_start(Manifest *manifest)
{
    const Head *head = &manifest->head;
    manifest->start = (ManifestVersion){
        .name = memory_string(head->covers_from),
        .position = manifest->versions.count ? manifest->versions.items[0].position : 0,
    };
    if (!digest_parse_hex(head->tree_from, strlen(head->tree_from), &manifest->start.tree_digest))
        manifest->start.tree_digest = (Digest){{0}};
}

static bool read_objects(sqlite3 *db, Manifest *manifest, Error *err)
{
    static const char *const compressions[] = {"none", "zstd"};
    static const WordTable compression_words = {compressions, ARRAY_LEN(compressions)};
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "object", SQL_manifest_read_objects, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestObject *object = array_add(&manifest->objects);
        rows_expect(&rows, 0, manifest->objects.count);
        object->path = rows_text(&rows, 1, 1, OBJECT_PATH_MAX);
        object->offset = rows_number(&rows, 2, TAR_BLOCK_SIZE, BUNDLE_NUMBER_MAX);
        object->stored_size = rows_number(&rows, 3, 0, OBJECT_STORED_SIZE_MAX - 1);
        object->plain_size = rows_number(&rows, 4, 0, OBJECT_PLAIN_SIZE_MAX);
        object->compressed = rows_word(&rows, 5, &compression_words) == 1;
        object->stored_digest = rows_digest(&rows, 6);
        object->plain_digest = rows_digest(&rows, 7);
    }
    return !rows.failed;
}

static bool read_chunks(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "chunk", SQL_manifest_read_chunks, &rows, err))
        return false;
    while (rows_next(&rows)) {
        size_t index = rows_index(&rows, 0, manifest->objects.count);
        if (rows.failed)
            return false;
        ManifestObject *object = &manifest->objects.items[index];
        rows_expect(&rows, 1, object->chunk_count + 1);
        /* grown by doubling: a row must pay for its memory */
        if ((object->chunk_count & (object->chunk_count - 1)) == 0)
            object->chunks =
                memory_resized(object->chunks, object->chunk_count ? object->chunk_count * 2 : 1,
                               sizeof(*object->chunks));
        object->chunks[object->chunk_count++] = rows_digest(&rows, 2);
    }
    return !rows.failed;
}

/* A time limit; null is the applier's own. */
static int64_t timeout_at(Rows *rows, int column)
{
    return rows_is_null(rows, column) ? -1 : rows_number(rows, column, 0, TIMEOUT_MAX_MS);
}

static bool read_migrations(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "migration", SQL_manifest_read_migrations, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestMigration *migration = array_add(&manifest->migrations);
        for (int kind = 0; kind < SCRIPT_KIND_COUNT; kind++)
            migration->scripts[kind].object = -1;
        rows_expect(&rows, 0, manifest->migrations.count);
        migration->version = rows_index(&rows, 1, manifest->versions.count);
        migration->ordinal = rows_number(&rows, 2, 1, MANIFEST_SIZE_MAX);
        migration->identity = rows_text(&rows, 3, 1, BUNDLE_IDENTITY_MAX);
        migration->slug = rows_text(&rows, 4, 1, OBJECT_SLUG_MAX);
        migration->mode = (TransactionMode)rows_word(&rows, 5, &transaction_mode_words);
        migration->phase = (Phase)rows_word(&rows, 6, &phase_words);
        migration->verdict = (Verdict)rows_word(&rows, 7, &verdict_words);
        migration->rehearsed = rows_flag(&rows, 8);
        migration->irreversible_reason = rows_text_or_null(&rows, 9, MANIFEST_TEXT_MAX);
        migration->acknowledged = rows_text_or_null(&rows, 10, MANIFEST_TEXT_MAX);
        migration->atomic_blocker = rows_text_or_null(&rows, 11, MANIFEST_TEXT_MAX);
        migration->lock_estimate = rows_number(&rows, 12, 0, LOCKS_MAX);
        migration->lock_timeout_ms = timeout_at(&rows, 13);
        migration->statement_timeout_ms = timeout_at(&rows, 14);
        migration->up_digest = rows_digest(&rows, 15);
        migration->up_extended = !rows_is_null(&rows, 16);
        if (migration->up_extended)
            migration->authored_digest = rows_digest(&rows, 16);
    }
    return !rows.failed;
}

static bool read_migration_data(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "migration_data", SQL_manifest_read_migration_data, &rows, err))
        return false;
    while (rows_next(&rows)) {
        size_t index = rows_index(&rows, 0, manifest->migrations.count);
        if (rows.failed)
            return false;
        ManifestMigration *migration = &manifest->migrations.items[index];
        size_t count = migration->data_object_count;
        rows_expect(&rows, 1, count + 1);
        if ((count & (count - 1)) == 0)
            migration->data_objects = memory_resized(migration->data_objects, count ? count * 2 : 1,
                                                     sizeof(*migration->data_objects));
        migration->data_objects[migration->data_object_count++] =
            (int64_t)rows_index(&rows, 2, manifest->objects.count);
    }
    return !rows.failed;
}

/* The script that columns 0 and 1 name, or NULL on failure. */
static ManifestScript *script_at(Rows *rows, Manifest *manifest)
{
    size_t index = rows_index(rows, 0, manifest->migrations.count);
    int kind = rows_word(rows, 1, &script_kind_words);
    return rows->failed ? NULL : &manifest->migrations.items[index].scripts[kind];
}

static ManifestScript *present_script_at(Rows *rows, Manifest *manifest)
{
    ManifestScript *script = script_at(rows, manifest);
    if (script && !script->present) {
        rows_refuse(rows, 1, "names a script that the migration does not have");
        return NULL;
    }
    return script;
}

static bool read_scripts(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "script", SQL_manifest_read_scripts, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestScript *script = script_at(&rows, manifest);
        if (!script)
            return false;
        script->present = true;
        script->object = (int64_t)rows_index(&rows, 2, manifest->objects.count);
        free(script->source);
        script->source = rows_text(&rows, 3, 1, MANIFEST_TEXT_MAX);
        script->in_transaction = rows_flag(&rows, 4);
        script->gate = rows_flag(&rows, 5);
    }
    return !rows.failed;
}

static bool read_batches(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "batch", SQL_manifest_read_batches, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestScript *script = present_script_at(&rows, manifest);
        if (!script)
            return false;
        script->batch.table_schema = rows_text_or_null(&rows, 2, MANIFEST_IDENTIFIER_MAX);
        script->batch.table = rows_text(&rows, 3, 1, MANIFEST_IDENTIFIER_MAX);
        script->batch.key = rows_text(&rows, 4, 1, MANIFEST_IDENTIFIER_MAX);
        script->batch.size = rows_number(&rows, 5, 1, BATCH_SIZE_MAX);
        script->batch.pause_ms = rows_number(&rows, 6, 0, TIMEOUT_MAX_MS);
    }
    return !rows.failed;
}

static bool read_groups(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "step_group", SQL_manifest_read_groups, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestScript *script = present_script_at(&rows, manifest);
        if (!script)
            return false;
        size_t before = script->groups.count;
        size_t first = before ? script->groups.items[before - 1].first_step +
                                    script->groups.items[before - 1].step_count
                              : 0;
        ManifestGroup *group = array_add(&script->groups);
        rows_expect(&rows, 2, before + 1);
        group->kind = (GroupKind)rows_word(&rows, 3, &group_kind_words);
        group->isolation = (Isolation)rows_word(&rows, 4, &isolation_words);
        group->read_only = rows_flag(&rows, 5);
        group->deferrable = rows_flag(&rows, 6);
        group->first_step = first;
        group->step_count = (size_t)rows_number(&rows, 7, 1, MANIFEST_SIZE_MAX);
    }
    return !rows.failed;
}

static void read_step(Rows *rows, const Manifest *manifest, ManifestStep *step)
{
    step->kind = (StepKind)rows_word(rows, 3, &step_kind_words);
    step->line = rows_number(rows, 4, 1, OBJECT_PLAIN_SIZE_MAX);
    step->offset = rows_number(rows, 5, 0, OBJECT_PLAIN_SIZE_MAX);
    step->length = rows_number(rows, 6, 1, STATEMENT_SIZE_MAX);
    step->data_object =
        rows_is_null(rows, 7) ? -1 : (int64_t)rows_index(rows, 7, manifest->objects.count);
    step->session_state = rows_flag(rows, 8);
    step->destructive = rows_flag(rows, 9);
    step->outside_effects = rows_flag(rows, 10);
    step->lock_estimate = rows_number(rows, 11, 0, LOCKS_MAX);
    step->probe.kind = (ProbeKind)rows_word(rows, 12, &probe_kind_words);
    step->probe.object = rows_text_or_null(rows, 13, MANIFEST_IDENTIFIER_MAX);
    step->probe.object_schema = rows_text_or_null(rows, 14, MANIFEST_IDENTIFIER_MAX);
    step->probe.table = rows_text_or_null(rows, 15, MANIFEST_IDENTIFIER_MAX);
    step->probe.table_schema = rows_text_or_null(rows, 16, MANIFEST_IDENTIFIER_MAX);
    step->statements = rows_number(rows, 17, 1, OBJECT_PLAIN_SIZE_MAX);
}

static bool read_steps(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "step", SQL_manifest_read_steps, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestScript *script = present_script_at(&rows, manifest);
        if (!script)
            return false;
        ManifestStep *step = array_add(&script->steps);
        rows_expect(&rows, 2, script->steps.count);
        read_step(&rows, manifest, step);
    }
    return !rows.failed;
}

static bool read_requirements(sqlite3 *db, Manifest *manifest, Error *err)
{
    /* a requirement that the applier does not know must not be passed over */
    static const char *const kinds[] = {"extension", "encoding", "role", "setting"};
    static const WordTable kind_words = {kinds, ARRAY_LEN(kinds)};
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "requirement", SQL_manifest_read_requirements, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestRequirement *requirement = array_add(&manifest->requirements);
        rows_expect(&rows, 0, manifest->requirements.count);
        requirement->kind = memory_string(kinds[rows_word(&rows, 1, &kind_words)]);
        requirement->name = rows_text(&rows, 2, 1, MANIFEST_IDENTIFIER_MAX);
        requirement->value = rows_text(&rows, 3, 0, MANIFEST_IDENTIFIER_MAX);
    }
    return !rows.failed;
}

static bool read_rows(sqlite3 *db, const Head *head, Manifest *manifest, Error *err)
{
    return read_meta(db, head, manifest, err) && read_versions(db, manifest, err) &&
           read_superseded(db, manifest, err) && manifest_note_read(db, manifest, err) &&
           read_objects(db, manifest, err) && read_chunks(db, manifest, err) &&
           read_migrations(db, manifest, err) && read_migration_data(db, manifest, err) &&
           read_scripts(db, manifest, err) && read_batches(db, manifest, err) &&
           read_groups(db, manifest, err) && read_steps(db, manifest, err) &&
           read_requirements(db, manifest, err) && manifest_parameter_read(db, manifest, err) &&
           manifest_rehearsal_read(db, manifest, err);
}

bool manifest_read(const void *bytes, size_t size, const Head *head, Manifest *ret_manifest,
                   Error *err)
{
    CLEANUP(manifest_image_close) ManifestImage image = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    if (!manifest_image_open(bytes, size, &image, err) ||
        !read_rows(image.db, head, &manifest, err) || !manifest_check(&manifest, size, err))
        return false;
    set_start(&manifest);
    *ret_manifest = manifest;
    manifest = (Manifest){0};
    return true;
}
