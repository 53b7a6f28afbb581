#include "planner/catalog/catalog_db.h"
#include "planner/sql/catalog_queries.h"

/* What is being loaded, passed to the row callbacks. */
typedef struct Loading {
    Catalog *catalog;
    Rehearsal *rehearsal;
    const char *server_version;
    const char *key;    /* of what is being read now */
    const char *name;   /* identity or version of it */
    const char *before; /* the version before it, where a version is being read */
    bool of_version;
    bool found;
} Loading;

#define KEY_BINDS(loading)                                                                         \
    BINDS(BIND_TEXT(":key", (loading)->key), BIND_INT(":major", (loading)->rehearsal->major))

/* --- rows, one function for each query ---------------------------------------------------------
 */

static bool take_run(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    Rehearsal *rehearsal = ((Loading *)target)->rehearsal;
    rehearsal->server_version = catalog_column_text(row, 0);
    rehearsal->applier = catalog_column_text(row, 1);
    catalog_column_short(row, 2, rehearsal->rehearsed_at, sizeof(rehearsal->rehearsed_at));
    rehearsal->duration_ms = sqlite3_column_int64(row, 3);
    rehearsal->passed = sqlite3_column_int(row, 4);
    rehearsal->begun = rehearsal->ended = true;
    return true;
}

static bool take_scope(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    *array_add(&((Loading *)target)->rehearsal->scope) = catalog_column_text(row, 0);
    return true;
}

static bool take_result(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    Loading *loading = target;
    RehearsalVerdict *verdict = array_add(&loading->rehearsal->verdicts);
    int found = word_table_find(&verdict_words, (const char *)sqlite3_column_text(row, 0));
    *verdict = (RehearsalVerdict){
        .of_version = loading->of_version,
        .name = memory_string(loading->name),
        .verdict = found < 0 ? VERDICT_UNPROVEN : (Verdict)found,
        .detail = catalog_column_text(row, 1),
        .script = catalog_column_text(row, 2),
        .statement = sqlite3_column_int64(row, 4),
        .line = sqlite3_column_int64(row, 5),
        .source = catalog_column_text(row, 6),
    };
    catalog_column_short(row, 3, verdict->sqlstate, sizeof(verdict->sqlstate));
    catalog_column_short(row, 7, verdict->before, sizeof(verdict->before));
    catalog_column_short(row, 8, verdict->after, sizeof(verdict->after));
    loading->found = true;
    return true;
}

static RehearsalVerdict *last_verdict(const Loading *loading)
{
    return &loading->rehearsal->verdicts.items[loading->rehearsal->verdicts.count - 1];
}

static bool take_difference(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    *array_add(&last_verdict(target)->differences) = (RehearsalDifference){
        .change = catalog_column_text(row, 0),
        .class = catalog_column_text(row, 1),
        .kind = catalog_column_text(row, 2),
        .identity = catalog_column_text(row, 3),
    };
    return true;
}

static bool take_loss(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    *array_add(&last_verdict(target)->losses) = (RehearsalLoss){
        .table = catalog_column_text(row, 0),
        .column = catalog_column_text(row, 1),
        .rows_before = sqlite3_column_int64(row, 2),
        .rows_after = sqlite3_column_int64(row, 3),
    };
    return true;
}

static RehearsalArrival find_arrival(const char *word)
{
    for (int arrival = 0; arrival < REHEARSAL_ARRIVAL_COUNT; arrival++)
        if (strcmp(rehearsal_arrival_names[arrival], word) == 0)
            return (RehearsalArrival)arrival;
    return REHEARSED_UP;
}

/* The column version is set for arrival `chain` only; a way back leads to the version before. */
static bool take_fingerprint(sqlite3_stmt *row, void *target, Error *err)
{
    Loading *loading = target;
    RehearsalFingerprint *fingerprint = array_add(&loading->rehearsal->fingerprints);
    const char *chained = (const char *)sqlite3_column_text(row, 1);
    fingerprint->arrival = find_arrival((const char *)sqlite3_column_text(row, 0));
    fingerprint->version = memory_string(*chained                                 ? chained
                                         : fingerprint->arrival == REHEARSED_DOWN ? loading->before
                                                                                  : loading->name);
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++) {
        const char *hex = (const char *)sqlite3_column_text(row, 2 + class);
        if (!digest_parse_hex(hex, strlen(hex), &fingerprint->roots.classes[class]))
            return error_set(err, ERROR_IO, "the catalog holds '%s' where a digest should be", hex);
    }
    catalog_column_short(row, 5, fingerprint->file, sizeof(fingerprint->file));
    return true;
}

static bool take_relation(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    RehearsalMeasured *measured = target;
    *array_add(&measured->relations) = (RehearsalRelation){
        .relation = catalog_column_text(row, 0),
        .lock = catalog_column_text(row, 1),
        .rewritten = sqlite3_column_int(row, 2),
        .scanned = sqlite3_column_int(row, 3),
        .rows_read = sqlite3_column_int64(row, 4),
    };
    return true;
}

static bool take_index(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    *array_add(&((RehearsalMeasured *)target)->invalid_indexes) = catalog_column_text(row, 0);
    return true;
}

static bool take_measured(sqlite3_stmt *row, void *target, Error *err)
{
    Loading *loading = target;
    RehearsalMeasured *measured = array_add(&loading->rehearsal->measured);
    const char *script = (const char *)sqlite3_column_text(row, 0);
    *measured = (RehearsalMeasured){
        .identity = memory_string(loading->name),
        .script = strcmp(script, script_kind_name(SCRIPT_DOWN)) == 0 ? SCRIPT_DOWN : SCRIPT_UP,
        .statement = sqlite3_column_int64(row, 1),
        .line = sqlite3_column_int64(row, 2),
        .duration_us = sqlite3_column_int64(row, 3),
        .wal_bytes = sqlite3_column_int64(row, 4),
        .declared = sqlite3_column_int(row, 5),
    };
    const Bind *const binds =
        BINDS(BIND_TEXT(":key", loading->key), BIND_INT(":major", loading->rehearsal->major),
              BIND_TEXT(":script", script_kind_name(measured->script)),
              BIND_INT(":statement", measured->statement));
    return catalog_query(loading->catalog, SQL_catalog_read_measured_relations, binds,
                         take_relation, measured, err) &&
           catalog_query(loading->catalog, SQL_catalog_read_invalid_indexes, binds, take_index,
                         measured, err);
}

static bool take_rows(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    Loading *loading = target;
    RehearsalRows *rows = array_add(&loading->rehearsal->rows);
    *rows = (RehearsalRows){
        .identity = memory_string(loading->name),
        .detail = catalog_column_text(row, 0),
        .line = sqlite3_column_int64(row, 2),
    };
    catalog_column_short(row, 1, rows->sqlstate, sizeof(rows->sqlstate));
    return true;
}

static bool take_atomic(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    *array_add(&((Loading *)target)->rehearsal->atomic) = (RehearsalAtomic){
        .whole_run = strcmp((const char *)sqlite3_column_text(row, 0), "run") == 0,
        .passed = sqlite3_column_int(row, 1),
        .detail = catalog_column_text(row, 2),
    };
    return true;
}

static bool take_unsteady(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    *array_add(&((Loading *)target)->rehearsal->unsteady) = (RehearsalUnsteady){
        .version = catalog_column_text(row, 0),
        .identity = catalog_column_text(row, 1),
        .kind = catalog_column_text(row, 2),
        .object = catalog_column_text(row, 3),
    };
    return true;
}

static bool take_failure(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    RehearsalFailure *failure = array_add(&((Loading *)target)->rehearsal->failures);
    *failure = (RehearsalFailure){
        .identity = catalog_column_text(row, 0),
        .version = catalog_column_text(row, 1),
        .script = catalog_column_text(row, 2),
        .statement = sqlite3_column_int64(row, 3),
        .line = sqlite3_column_int64(row, 4),
        .source = catalog_column_text(row, 5),
        .words = catalog_column_text(row, 7),
        .proposal = catalog_column_text(row, 8),
    };
    catalog_column_short(row, 6, failure->sqlstate, sizeof(failure->sqlstate));
    return true;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static bool query(Loading *loading, const char *sql, CatalogTakeRow take, Error *err)
{
    return catalog_query(loading->catalog, sql, KEY_BINDS(loading), take, loading, err);
}

/* A result and what hangs on it; where there is none, nothing. */
static bool load_result(Loading *loading, Error *err)
{
    loading->found = false;
    return catalog_query(loading->catalog, SQL_catalog_read_result,
                         BINDS(BIND_TEXT(":key", loading->key),
                               BIND_INT(":major", loading->rehearsal->major),
                               BIND_TEXT(":server_version", loading->server_version)),
                         take_result, loading, err) &&
           (!loading->found ||
            (query(loading, SQL_catalog_read_differences, take_difference, err) &&
             query(loading, SQL_catalog_read_losses, take_loss, err) &&
             query(loading, SQL_catalog_read_measured, take_measured, err)));
}

static bool load_findings(Loading *loading, Error *err)
{
    return query(loading, SQL_catalog_read_rows_finding, take_rows, err) &&
           query(loading, SQL_catalog_read_unsteady, take_unsteady, err) &&
           query(loading, SQL_catalog_read_failures, take_failure, err);
}

static bool load_migrations(Loading *loading, const RehearsalSubject *subject, Error *err)
{
    loading->of_version = false;
    array_each (const SubjectMigration, migration, &subject->migrations) {
        loading->key = migration->key;
        loading->name = migration->identity;
        if (!load_result(loading, err) || !load_findings(loading, err))
            return false;
    }
    return true;
}

static bool load_versions(Loading *loading, const RehearsalSubject *subject, Error *err)
{
    loading->key = subject->start;
    loading->name = REHEARSAL_START;
    if (!query(loading, SQL_catalog_read_fingerprints, take_fingerprint, err))
        return false;
    loading->of_version = true;
    loading->before = REHEARSAL_START;
    array_each (const SubjectVersion, version, &subject->versions) {
        loading->key = version->key;
        loading->name = version->name;
        if (!load_result(loading, err) || !load_findings(loading, err) ||
            !query(loading, SQL_catalog_read_fingerprints, take_fingerprint, err))
            return false;
        loading->before = version->name;
    }
    return true;
}

static bool load_run(Loading *loading, const RehearsalSubject *subject, Error *err)
{
    loading->key = subject->run;
    if (!catalog_query(loading->catalog, SQL_catalog_read_run,
                       BINDS(BIND_TEXT(":key", subject->run),
                             BIND_INT(":major", loading->rehearsal->major),
                             BIND_TEXT(":server_version", loading->server_version)),
                       take_run, loading, err))
        return false;
    return !loading->rehearsal->ended ||
           (query(loading, SQL_catalog_read_scope, take_scope, err) &&
            query(loading, SQL_catalog_read_atomic, take_atomic, err) &&
            query(loading, SQL_catalog_read_fingerprints, take_fingerprint, err));
}

bool catalog_load(Catalog *catalog, const RehearsalSubject *subject, int64_t major,
                  const char *server_version, Rehearsal *ret_rehearsal, Error *err)
{
    CLEANUP(rehearsal_done) Rehearsal rehearsal = {.major = major};
    Loading loading = {
        .catalog = catalog, .rehearsal = &rehearsal, .server_version = server_version};
    if (!load_versions(&loading, subject, err) || !load_migrations(&loading, subject, err) ||
        !load_run(&loading, subject, err))
        return false;
    *ret_rehearsal = rehearsal;
    rehearsal = (Rehearsal){0};
    return true;
}
