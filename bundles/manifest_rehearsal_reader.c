#include "bundles/manifest_rehearsal.h"
#include "bundles/manifest_rows.h"
#include "bundles/sql/manifest_queries.h"

static bool read_scope(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "scope", SQL_manifest_read_scope, &rows, err))
        return false;
    while (rows_next(&rows)) {
        char **name = array_add(&manifest->scope);
        rows_expect(&rows, 0, manifest->scope.count);
        *name = rows_text(&rows, 1, 1, MANIFEST_IDENTIFIER_MAX);
    }
    return !rows.failed;
}

static bool read_tolerated(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "tolerated", SQL_manifest_read_tolerated, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestTolerated *tolerated = array_add(&manifest->tolerated);
        rows_expect(&rows, 0, manifest->tolerated.count);
        tolerated->kind = rows_text(&rows, 1, 1, FINGERPRINT_KIND_MAX);
        tolerated->identity = rows_text(&rows, 2, 1, MANIFEST_TEXT_MAX);
    }
    return !rows.failed;
}

/* A server major that HEAD says the bundle is for. */
static int64_t major_at(Rows *rows, int column, const Manifest *manifest)
{
    return rows_number(rows, column, manifest->head.server_min, manifest->head.server_max);
}

/* The three columns from `column` on. */
static FingerprintRoots roots_at(Rows *rows, int column)
{
    FingerprintRoots roots;
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        roots.classes[class] = rows_digest(rows, column + class);
    return roots;
}

static bool read_fingerprints(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "fingerprint", SQL_manifest_read_fingerprints, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestFingerprint *proven = array_add(&manifest->fingerprints);
        rows_expect(&rows, 0, manifest->fingerprints.count);
        proven->version = (size_t)rows_number(&rows, 1, 0, (int64_t)manifest->versions.count);
        proven->arrival = (Arrival)rows_word(&rows, 2, &arrival_words);
        proven->server_major = major_at(&rows, 3, manifest);
        proven->roots = roots_at(&rows, 4);
        proven->object = (int64_t)rows_index(&rows, 7, manifest->objects.count);
    }
    return !rows.failed;
}

static bool read_earlier(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "earlier", SQL_manifest_read_earlier, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestEarlier *earlier = array_add(&manifest->earlier);
        rows_expect(&rows, 0, manifest->earlier.count);
        earlier->name = rows_text(&rows, 1, 1, BUNDLE_VERSION_MAX);
        earlier->tree_digest = rows_digest(&rows, 2);
        earlier->migrations = rows_number(&rows, 3, 0, BUNDLE_NUMBER_MAX);
        /* it may have been proven when the product still supported that server */
        earlier->server_major = rows_number(&rows, 4, 1, BUNDLE_NUMBER_MAX);
        earlier->roots = roots_at(&rows, 5);
        if (!head_version_name_is_valid(earlier->name))
            rows_refuse(&rows, 1, "is no name of a version");
    }
    return !rows.failed;
}

static bool read_rehearsals(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "rehearsal", SQL_manifest_read_rehearsals, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestRehearsal *rehearsal = array_add(&manifest->rehearsals);
        rows_expect(&rows, 0, manifest->rehearsals.count);
        rehearsal->of_version = rows_is_null(&rows, 1);
        if (rehearsal->of_version == rows_is_null(&rows, 2))
            rows_refuse(&rows, 2, "must be there exactly where 'migration' is null");
        rehearsal->index = rehearsal->of_version ? rows_index(&rows, 2, manifest->versions.count)
                                                 : rows_index(&rows, 1, manifest->migrations.count);
        rehearsal->server_major = major_at(&rows, 3, manifest);
        rehearsal->verdict = (Verdict)rows_word(&rows, 4, &verdict_words);
        rehearsal->detail = rows_text(&rows, 5, 0, MANIFEST_TEXT_MAX);
    }
    return !rows.failed;
}

/* Columns 1 to 3: a step that is there. */
static void read_measured_step(Rows *rows, const Manifest *manifest, ManifestMeasured *measured)
{
    measured->migration = rows_index(rows, 1, manifest->migrations.count);
    measured->script = (ScriptKind)rows_word(rows, 2, &script_kind_words);
    if (rows->failed)
        return;
    const ManifestScript *script =
        &manifest->migrations.items[measured->migration].scripts[measured->script];
    if (!script->present)
        rows_refuse(rows, 2, "names a script that the migration does not have");
    else
        measured->step = rows_index(rows, 3, script->steps.count);
}

static bool read_measured(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "measured", SQL_manifest_read_measured, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestMeasured *measured = array_add(&manifest->measured);
        rows_expect(&rows, 0, manifest->measured.count);
        read_measured_step(&rows, manifest, measured);
        measured->server_major = major_at(&rows, 4, manifest);
        measured->relation = rows_text(&rows, 5, 1, MANIFEST_RELATION_MAX);
        measured->lock = rows_text(&rows, 6, 0, MANIFEST_LOCK_MAX);
        measured->rewritten = rows_flag(&rows, 7);
        measured->scanned = rows_flag(&rows, 8);
    }
    return !rows.failed;
}

static bool read_brought(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "brought", SQL_manifest_read_brought, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestBrought *brought = array_add(&manifest->brought);
        rows_expect(&rows, 0, manifest->brought.count);
        brought->migration = rows_index(&rows, 1, manifest->migrations.count);
        brought->is_column = rows_word(&rows, 2, &brought_words) == 1;
        brought->identity = rows_text(&rows, 3, 1, MANIFEST_RELATION_MAX);
        if (!rows.failed &&
            !manifest->migrations.items[brought->migration].scripts[SCRIPT_DOWN].present)
            rows_refuse(&rows, 1, "names a migration that has no way back");
    }
    return !rows.failed;
}

static bool read_atomic(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "atomic", SQL_manifest_read_atomic, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestAtomic *atomic = array_add(&manifest->atomic);
        rows_expect(&rows, 0, manifest->atomic.count);
        atomic->whole_run = rows_word(&rows, 1, &atomic_words) == 1;
        atomic->server_major = major_at(&rows, 2, manifest);
    }
    return !rows.failed;
}

bool manifest_rehearsal_read(sqlite3 *db, Manifest *manifest, Error *err)
{
    return read_scope(db, manifest, err) && read_tolerated(db, manifest, err) &&
           read_fingerprints(db, manifest, err) && read_earlier(db, manifest, err) &&
           read_rehearsals(db, manifest, err) && read_measured(db, manifest, err) &&
           read_brought(db, manifest, err) && read_atomic(db, manifest, err);
}
