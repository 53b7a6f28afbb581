#include <inttypes.h>

#include "base/clock.h"
#include "base/sqlite_db.h"
#include "bundles/manifest_check.h"
#include "bundles/manifest_image.h"
#include "bundles/manifest_meta.h"
#include "bundles/manifest_store.h"
#include "bundles/sql/manifest_queries.h"

#define TEXT_MAX       4096 /* bytes of a reason, a source's path, a search path */
#define IDENTIFIER_MAX 255  /* bytes of a database object's name */
#define LOCKS_MAX      INT64_C(1000000000)
#define TIMEOUT_MAX_MS INT64_C(2147483647) /* the server's own limit */

/* A table being read, row by row. The first value that does not fit sets `err` and `failed`; later
 * ones give empty values, so that a row is read in one piece and asked about once. */
typedef struct Rows {
    sqlite3_stmt *statement;
    const char *table;
    int64_t number; /* of the row, from 1, for words */
    bool failed;
    Error *err;
} Rows;

static void rows_close(Rows *rows)
{
    sqlite_db_finalize(rows->statement);
}

static bool rows_open(sqlite3 *db, const char *table, const char *sql, Rows *ret_rows, Error *err)
{
    *ret_rows = (Rows){.table = table, .err = err};
    if (sqlite3_prepare_v2(db, sql, -1, &ret_rows->statement, NULL) != SQLITE_OK)
        return error_set(err, ERROR_INPUT, "manifest: table '%s': %s", table, sqlite3_errmsg(db));
    return true;
}

/* Whether a row stands ready; false at the end and on failure. */
static bool rows_next(Rows *rows)
{
    if (rows->failed)
        return false;
    rows->number++;
    int code = sqlite3_step(rows->statement);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE) {
        rows->failed = true;
        error_set(rows->err, ERROR_INPUT, "manifest: table '%s', row %" PRId64 ": %s", rows->table,
                  rows->number, sqlite3_errmsg(sqlite3_db_handle(rows->statement)));
    }
    return false;
}

PRINTF_LIKE(3, 4)
static void refuse(Rows *rows, int column, const char *format, ...)
{
    if (rows->failed)
        return;
    rows->failed = true;
    va_list arguments;
    va_start(arguments, format);
    CLEANUP(memory_freep) char *what = memory_vformat(format, arguments);
    va_end(arguments);
    error_set(rows->err, ERROR_INPUT, "manifest: table '%s', row %" PRId64 ": '%s' %s", rows->table,
              rows->number, sqlite3_column_name(rows->statement, column), what);
}

static bool is_null(Rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

static int64_t number_at(Rows *rows, int column, int64_t least, int64_t most)
{
    if (rows->failed)
        return least;
    if (sqlite3_column_type(rows->statement, column) != SQLITE_INTEGER) {
        refuse(rows, column, "is not a number");
        return least;
    }
    int64_t number = sqlite3_column_int64(rows->statement, column);
    if (number >= least && number <= most)
        return number;
    refuse(rows, column, "is %" PRId64 ", outside %" PRId64 " to %" PRId64, number, least, most);
    return least;
}

static bool flag_at(Rows *rows, int column)
{
    return number_at(rows, column, 0, 1) == 1;
}

/* Rows whose key counts from 1 without gaps. */
static void expect_number(Rows *rows, int column, size_t expected)
{
    int64_t number = number_at(rows, column, 0, INT64_MAX);
    if ((uint64_t)number != expected)
        refuse(rows, column, "is %" PRId64 " where %zu comes next", number, expected);
}

/* A reference to one of `count` rows, as an index from 0. */
static size_t index_at(Rows *rows, int column, size_t count)
{
    if (count == 0) {
        refuse(rows, column, "refers to a table without rows");
        return 0;
    }
    return (size_t)number_at(rows, column, 1, (int64_t)count) - 1;
}

/* Nothing that moves a cursor: neither ASCII's controls nor those of U+0080 to U+009F. */
static bool is_one_printable_line(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f)
            return false;
        if (byte == 0xc2 && i + 1 < length && (unsigned char)text[i + 1] < 0xa0)
            return false;
    }
    return text_is_utf8(text, length);
}

/* Valid until the next row. */
static const char *borrowed_text_at(Rows *rows, int column, size_t least, size_t most)
{
    if (rows->failed)
        return "";
    if (sqlite3_column_type(rows->statement, column) != SQLITE_TEXT) {
        refuse(rows, column, "is not a text");
        return "";
    }
    const char *text = (const char *)sqlite3_column_text(rows->statement, column);
    size_t length = (size_t)sqlite3_column_bytes(rows->statement, column);
    if (!text || length < least || length > most)
        refuse(rows, column, "has %zu bytes, not %zu to %zu", length, least, most);
    else if (!is_one_printable_line(text, length))
        refuse(rows, column, "is not one line of printable UTF-8");
    return rows->failed ? "" : text;
}

static char *text_at(Rows *rows, int column, size_t least, size_t most)
{
    return memory_string(borrowed_text_at(rows, column, least, most));
}

static char *text_or_null_at(Rows *rows, int column, size_t most)
{
    return rows->failed || is_null(rows, column) ? NULL : text_at(rows, column, 1, most);
}

static int word_at(Rows *rows, int column, const WordTable *words)
{
    int value = word_table_find(words, borrowed_text_at(rows, column, 1, 64));
    if (value >= 0)
        return value;
    refuse(rows, column, "is no word that it may be");
    return 0;
}

static Digest digest_at(Rows *rows, int column)
{
    Digest digest = {{0}};
    const char *hex = borrowed_text_at(rows, column, 1, DIGEST_HEX_SIZE);
    if (!digest_parse_hex(hex, strlen(hex), &digest))
        refuse(rows, column, "is not a digest of 128 lower-case hex digits");
    return digest;
}

static bool read_meta(sqlite3 *db, const Head *head, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "meta", SQL_manifest_read_meta, &rows, err))
        return false;
    manifest->head = *head;
    CLEANUP(text_done) Text expected = {0};
    size_t row = 0;
    for (; rows_next(&rows); row++) {
        CLEANUP(memory_freep) char *key = text_at(&rows, 0, 1, 64);
        if (row == manifest_meta_count() || strcmp(key, manifest_meta_key(row)) != 0) {
            refuse(&rows, 0, "is '%s' where '%s' is expected", key,
                   row < manifest_meta_count() ? manifest_meta_key(row) : "no row");
            return false;
        }
        if (manifest_meta_is_own(row)) {
            manifest->search_path = text_at(&rows, 1, 1, TEXT_MAX);
            continue;
        }
        text_clear(&expected);
        manifest_meta_value(manifest, row, &expected);
        const char *value = borrowed_text_at(&rows, 1, 1, TEXT_MAX);
        if (strcmp(value, text_string(&expected)) != 0)
            refuse(&rows, 1, "of key '%s' is '%s', but HEAD says '%s'", key, value,
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
        expect_number(&rows, 0, manifest->versions.count);
        version->name = text_at(&rows, 1, 1, BUNDLE_VERSION_MAX);
        version->position = number_at(&rows, 2, 0, BUNDLE_NUMBER_MAX);
        version->stop = flag_at(&rows, 3);
        version->released = text_at(&rows, 4, 1, CLOCK_TEXT_SIZE);
        version->tree_digest = digest_at(&rows, 5);
        version->first_migration = migrations;
        version->migration_count = (size_t)number_at(&rows, 6, 0, MANIFEST_SIZE_MAX);
        migrations += version->migration_count;
        if (!head_version_name_is_valid(version->name))
            refuse(&rows, 1, "is no name of a version");
        int64_t seconds;
        if (!clock_parse(version->released, &seconds))
            refuse(&rows, 4, "is no time");
    }
    return !rows.failed;
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
        expect_number(&rows, 0, manifest->objects.count);
        object->path = text_at(&rows, 1, 1, OBJECT_PATH_MAX);
        object->offset = number_at(&rows, 2, TAR_BLOCK_SIZE, BUNDLE_NUMBER_MAX);
        object->stored_size = number_at(&rows, 3, 0, OBJECT_STORED_SIZE_MAX - 1);
        object->plain_size = number_at(&rows, 4, 0, OBJECT_PLAIN_SIZE_MAX);
        object->compressed = word_at(&rows, 5, &compression_words) == 1;
        object->stored_digest = digest_at(&rows, 6);
        object->plain_digest = digest_at(&rows, 7);
    }
    return !rows.failed;
}

static bool read_chunks(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "chunk", SQL_manifest_read_chunks, &rows, err))
        return false;
    while (rows_next(&rows)) {
        size_t index = index_at(&rows, 0, manifest->objects.count);
        if (rows.failed)
            return false;
        ManifestObject *object = &manifest->objects.items[index];
        expect_number(&rows, 1, object->chunk_count + 1);
        /* grown by doubling: a row must pay for its memory */
        if ((object->chunk_count & (object->chunk_count - 1)) == 0)
            object->chunks =
                memory_resized(object->chunks, object->chunk_count ? object->chunk_count * 2 : 1,
                               sizeof(*object->chunks));
        object->chunks[object->chunk_count++] = digest_at(&rows, 2);
    }
    return !rows.failed;
}

/* A time limit; null is the applier's own. */
static int64_t timeout_at(Rows *rows, int column)
{
    return is_null(rows, column) ? -1 : number_at(rows, column, 0, TIMEOUT_MAX_MS);
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
        expect_number(&rows, 0, manifest->migrations.count);
        migration->version = index_at(&rows, 1, manifest->versions.count);
        migration->ordinal = number_at(&rows, 2, 1, MANIFEST_SIZE_MAX);
        migration->identity = text_at(&rows, 3, 1, BUNDLE_IDENTITY_MAX);
        migration->slug = text_at(&rows, 4, 1, OBJECT_SLUG_MAX);
        migration->mode = (TransactionMode)word_at(&rows, 5, &transaction_mode_words);
        migration->phase = (Phase)word_at(&rows, 6, &phase_words);
        migration->verdict = (Verdict)word_at(&rows, 7, &verdict_words);
        migration->rehearsed = flag_at(&rows, 8);
        migration->irreversible_reason = text_or_null_at(&rows, 9, TEXT_MAX);
        migration->atomic_blocker = text_or_null_at(&rows, 10, TEXT_MAX);
        migration->lock_estimate = number_at(&rows, 11, 0, LOCKS_MAX);
        migration->lock_timeout_ms = timeout_at(&rows, 12);
        migration->statement_timeout_ms = timeout_at(&rows, 13);
        migration->up_digest = digest_at(&rows, 14);
    }
    return !rows.failed;
}

static bool read_migration_data(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "migration_data", SQL_manifest_read_migration_data, &rows, err))
        return false;
    while (rows_next(&rows)) {
        size_t index = index_at(&rows, 0, manifest->migrations.count);
        if (rows.failed)
            return false;
        ManifestMigration *migration = &manifest->migrations.items[index];
        size_t count = migration->data_object_count;
        expect_number(&rows, 1, count + 1);
        if ((count & (count - 1)) == 0)
            migration->data_objects = memory_resized(migration->data_objects, count ? count * 2 : 1,
                                                     sizeof(*migration->data_objects));
        migration->data_objects[migration->data_object_count++] =
            (int64_t)index_at(&rows, 2, manifest->objects.count);
    }
    return !rows.failed;
}

/* The script that columns 0 and 1 name, or NULL on failure. */
static ManifestScript *script_at(Rows *rows, Manifest *manifest)
{
    size_t index = index_at(rows, 0, manifest->migrations.count);
    int kind = word_at(rows, 1, &script_kind_words);
    return rows->failed ? NULL : &manifest->migrations.items[index].scripts[kind];
}

static ManifestScript *present_script_at(Rows *rows, Manifest *manifest)
{
    ManifestScript *script = script_at(rows, manifest);
    if (script && !script->present) {
        refuse(rows, 1, "names a script that the migration does not have");
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
        script->object = (int64_t)index_at(&rows, 2, manifest->objects.count);
        free(script->source);
        script->source = text_at(&rows, 3, 1, TEXT_MAX);
        script->in_transaction = flag_at(&rows, 4);
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
        expect_number(&rows, 2, before + 1);
        group->kind = (GroupKind)word_at(&rows, 3, &group_kind_words);
        group->isolation = (Isolation)word_at(&rows, 4, &isolation_words);
        group->read_only = flag_at(&rows, 5);
        group->deferrable = flag_at(&rows, 6);
        group->first_step = first;
        group->step_count = (size_t)number_at(&rows, 7, 1, MANIFEST_SIZE_MAX);
    }
    return !rows.failed;
}

static void read_step(Rows *rows, const Manifest *manifest, ManifestStep *step)
{
    step->kind = (StepKind)word_at(rows, 3, &step_kind_words);
    step->line = number_at(rows, 4, 1, OBJECT_PLAIN_SIZE_MAX);
    step->offset = number_at(rows, 5, 0, OBJECT_PLAIN_SIZE_MAX);
    step->length = number_at(rows, 6, 1, STATEMENT_SIZE_MAX);
    step->data_object = is_null(rows, 7) ? -1 : (int64_t)index_at(rows, 7, manifest->objects.count);
    step->session_state = flag_at(rows, 8);
    step->destructive = flag_at(rows, 9);
    step->outside_effects = flag_at(rows, 10);
    step->lock_estimate = number_at(rows, 11, 0, LOCKS_MAX);
    step->probe.kind = (ProbeKind)word_at(rows, 12, &probe_kind_words);
    step->probe.object = text_or_null_at(rows, 13, IDENTIFIER_MAX);
    step->probe.object_schema = text_or_null_at(rows, 14, IDENTIFIER_MAX);
    step->probe.table = text_or_null_at(rows, 15, IDENTIFIER_MAX);
    step->probe.table_schema = text_or_null_at(rows, 16, IDENTIFIER_MAX);
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
        expect_number(&rows, 2, script->steps.count);
        read_step(&rows, manifest, step);
    }
    return !rows.failed;
}

static bool read_requirements(sqlite3 *db, Manifest *manifest, Error *err)
{
    /* a requirement that the applier does not know must not be passed over */
    static const char *const kinds[] = {"extension", "encoding"};
    static const WordTable kind_words = {kinds, ARRAY_LEN(kinds)};
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "requirement", SQL_manifest_read_requirements, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestRequirement *requirement = array_add(&manifest->requirements);
        expect_number(&rows, 0, manifest->requirements.count);
        requirement->kind = memory_string(kinds[word_at(&rows, 1, &kind_words)]);
        requirement->name = text_at(&rows, 2, 1, IDENTIFIER_MAX);
        requirement->value = text_at(&rows, 3, 0, IDENTIFIER_MAX);
    }
    return !rows.failed;
}

static bool read_rows(sqlite3 *db, const Head *head, Manifest *manifest, Error *err)
{
    return read_meta(db, head, manifest, err) && read_versions(db, manifest, err) &&
           read_objects(db, manifest, err) && read_chunks(db, manifest, err) &&
           read_migrations(db, manifest, err) && read_migration_data(db, manifest, err) &&
           read_scripts(db, manifest, err) && read_groups(db, manifest, err) &&
           read_steps(db, manifest, err) && read_requirements(db, manifest, err);
}

bool manifest_read(const void *bytes, size_t size, const Head *head, Manifest *ret_manifest,
                   Error *err)
{
    CLEANUP(manifest_image_close) ManifestImage image = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    if (!manifest_image_open(bytes, size, &image, err) ||
        !read_rows(image.db, head, &manifest, err) || !manifest_check(&manifest, size, err))
        return false;
    *ret_manifest = manifest;
    manifest = (Manifest){0};
    return true;
}
