#include <inttypes.h>

#include "base/file.h"
#include "planner/catalog/catalog_storing.h"
#include "planner/sql/catalog_queries.h"

static const char *key_of(const Storing *storing, bool of_version, const char *name, Error *err)
{
    const char *key = rehearsal_subject_key(storing->store->subject, of_version, name);
    if (!key)
        error_set(err, ERROR_INTERNAL, "applier's report names the %s '%s', which was not packed",
                  of_version ? "version" : "migration", name);
    return key;
}

static bool is_cycled(const Storing *storing, const char *identity)
{
    const RehearsalSubject *subject = storing->store->subject;
    for (size_t i = 0; i < subject->migrations.count; i++)
        if (strcmp(subject->migrations.items[i].identity, identity) == 0)
            return storing->store->cycled[i];
    return false;
}

/* --- fingerprints ------------------------------------------------------------------------------
 */

bool catalog_read_new_text(const Storing *storing, const char *name, char **ret_bytes,
                           size_t *ret_size, Error *err)
{
    char found[REHEARSAL_FILE];
    CLEANUP(memory_freep) char *path = file_path(storing->store->texts, name);
    CLEANUP(memory_freep) char *bytes = NULL;
    if (!file_read_all(path, (size_t)FINGERPRINT_SIZE_MAX, &bytes, ret_size, err))
        return false;
    rehearsal_file_name(bytes, *ret_size, found);
    if (strcmp(found, name) != 0)
        return error_set(err, ERROR_INTERNAL, "'%s' does not hold what its name says", path);
    *ret_bytes = TAKE_PTR(bytes);
    return true;
}

static bool store_text(const Storing *storing, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size = 0;
    return !*name ||
           (catalog_read_new_text(storing, name, &bytes, &size, err) &&
            catalog_run(storing->catalog, SQL_catalog_insert_text,
                        BINDS(BIND_TEXT(":name", name), BIND_BLOB(":bytes", bytes, size)), err));
}

static bool check_roots(const Storing *storing, const RehearsalFingerprint *fingerprint, Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    CLEANUP(fingerprint_done) Fingerprint parsed = {0};
    FingerprintRoots roots;
    size_t size = 0;
    if (!catalog_read_new_text(storing, fingerprint->file, &bytes, &size, err))
        return false;
    if (!fingerprint_parse(bytes, size, &parsed, err)) {
        err->class = ERROR_INTERNAL;
        return error_wrap(err, "the fingerprint of version '%s' (%s)", fingerprint->version,
                          rehearsal_arrival_names[fingerprint->arrival]);
    }
    fingerprint_roots(&parsed, &roots);
    return fingerprint_roots_equal(&roots, &fingerprint->roots) ||
           error_set(err, ERROR_INTERNAL,
                     "the roots that applier reports for version '%s' (%s) are not those of '%s'",
                     fingerprint->version, rehearsal_arrival_names[fingerprint->arrival],
                     fingerprint->file);
}

/* Index of a version in the subject; -1 for the start, -2 where there is none. */
static int64_t version_index(const RehearsalSubject *subject, const char *name)
{
    if (strcmp(name, REHEARSAL_START) == 0)
        return -1;
    for (size_t i = 0; i < subject->versions.count; i++)
        if (strcmp(subject->versions.items[i].name, name) == 0)
            return (int64_t)i;
    return -2;
}

/* What a schema depends on: on the way up its version, on a way back the version taken back, after
 * all in one go the whole run. NULL where the report names what cannot be. */
static const char *fingerprint_key(const RehearsalSubject *subject,
                                   const RehearsalFingerprint *fingerprint)
{
    int64_t version = version_index(subject, fingerprint->version);
    if (version == -2)
        return NULL;
    switch (fingerprint->arrival) {
    case REHEARSED_UP:
        return version < 0 ? subject->start : subject->versions.items[version].key;
    case REHEARSED_AGAIN:
        return version < 0 ? NULL : subject->versions.items[version].key;
    case REHEARSED_DOWN:
        return version + 1 < (int64_t)subject->versions.count
                   ? subject->versions.items[version + 1].key
                   : NULL;
    case REHEARSED_CHAIN:
        return subject->run;
    }
    return NULL;
}

static bool store_fingerprint(const Storing *storing, const RehearsalFingerprint *fingerprint,
                              Error *err)
{
    char roots[FINGERPRINT_CLASS_COUNT][DIGEST_HEX_SIZE];
    const char *key = fingerprint_key(storing->store->subject, fingerprint);
    if (!key)
        return error_set(err, ERROR_INTERNAL,
                         "applier's report has a fingerprint of version '%s' (%s), which cannot be",
                         fingerprint->version, rehearsal_arrival_names[fingerprint->arrival]);
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        digest_hex(&fingerprint->roots.classes[class], roots[class]);
    bool chain = fingerprint->arrival == REHEARSED_CHAIN;
    return check_roots(storing, fingerprint, err) && store_text(storing, fingerprint->file, err) &&
           catalog_run(storing->catalog, SQL_catalog_insert_fingerprint,
                       BINDS(BIND_TEXT(":key", key), BIND_INT(":major", storing->rehearsal->major),
                             BIND_TEXT(":arrival", rehearsal_arrival_names[fingerprint->arrival]),
                             BIND_TEXT(":version", chain ? fingerprint->version : ""),
                             BIND_TEXT(":core", roots[FINGERPRINT_CORE]),
                             BIND_TEXT(":deparse", roots[FINGERPRINT_DEPARSE]),
                             BIND_TEXT(":env", roots[FINGERPRINT_ENV]),
                             BIND_TEXT(":text", fingerprint->file)),
                       err);
}

/* --- results -----------------------------------------------------------------------------------
 */

static bool store_differences(const Storing *storing, const char *key,
                              const RehearsalVerdict *verdict, Error *err)
{
    int64_t ordinal = 0;
    array_each (const RehearsalDifference, difference, &verdict->differences)
        if (!catalog_run(
                storing->catalog, SQL_catalog_insert_difference,
                BINDS(BIND_TEXT(":key", key), BIND_INT(":major", storing->rehearsal->major),
                      BIND_INT(":ordinal", ++ordinal), BIND_TEXT(":change", difference->change),
                      BIND_TEXT(":class", difference->class), BIND_TEXT(":kind", difference->kind),
                      BIND_TEXT(":identity", difference->identity)),
                err))
            return false;
    ordinal = 0;
    array_each (const RehearsalLoss, loss, &verdict->losses)
        if (!catalog_run(storing->catalog, SQL_catalog_insert_loss,
                         BINDS(BIND_TEXT(":key", key),
                               BIND_INT(":major", storing->rehearsal->major),
                               BIND_INT(":ordinal", ++ordinal), BIND_TEXT(":relation", loss->table),
                               BIND_TEXT(":column_name", loss->column),
                               BIND_INT(":rows_before", loss->rows_before),
                               BIND_INT(":rows_after", loss->rows_after)),
                         err))
            return false;
    return true;
}

static bool store_verdict(const Storing *storing, const RehearsalVerdict *verdict, Error *err)
{
    const char *key = key_of(storing, verdict->of_version, verdict->name, err);
    if (!key)
        return false;
    if (!verdict->of_version && !is_cycled(storing, verdict->name))
        return true;
    return catalog_run(
               storing->catalog, SQL_catalog_insert_result,
               BINDS(BIND_TEXT(":key", key), BIND_INT(":major", storing->rehearsal->major),
                     BIND_TEXT(":server_version", storing->store->server_version),
                     BIND_TEXT(":verdict", verdict_name(verdict->verdict)),
                     BIND_TEXT(":detail", verdict->detail), BIND_TEXT(":script", verdict->script),
                     BIND_TEXT(":sqlstate", verdict->sqlstate),
                     BIND_INT(":statement", verdict->statement), BIND_INT(":line", verdict->line),
                     BIND_TEXT(":source", verdict->source), BIND_TEXT(":before", verdict->before),
                     BIND_TEXT(":after", verdict->after)),
               err) &&
           store_text(storing, verdict->before, err) && store_text(storing, verdict->after, err) &&
           store_differences(storing, key, verdict, err);
}

static bool store_touched(const Storing *storing, const char *key,
                          const RehearsalMeasured *measured, Error *err)
{
    int64_t ordinal = 0;
    array_each (const RehearsalRelation, relation, &measured->relations)
        if (!catalog_run(
                storing->catalog, SQL_catalog_insert_measured_relation,
                BINDS(BIND_TEXT(":key", key), BIND_INT(":major", storing->rehearsal->major),
                      BIND_TEXT(":script", script_kind_name(measured->script)),
                      BIND_INT(":statement", measured->statement), BIND_INT(":ordinal", ++ordinal),
                      BIND_TEXT(":relation", relation->relation),
                      BIND_TEXT(":lock", relation->lock),
                      BIND_INT(":rewritten", relation->rewritten),
                      BIND_INT(":scanned", relation->scanned),
                      BIND_INT(":rows_read", relation->rows_read)),
                err))
            return false;
    ordinal = 0;
    array_each (char *const, index, &measured->invalid_indexes)
        if (!catalog_run(storing->catalog, SQL_catalog_insert_invalid_index,
                         BINDS(BIND_TEXT(":key", key),
                               BIND_INT(":major", storing->rehearsal->major),
                               BIND_TEXT(":script", script_kind_name(measured->script)),
                               BIND_INT(":statement", measured->statement),
                               BIND_INT(":ordinal", ++ordinal), BIND_TEXT(":name", *index)),
                         err))
            return false;
    return true;
}

static bool store_measured(const Storing *storing, const RehearsalMeasured *measured, Error *err)
{
    const char *key = key_of(storing, /* of_version= */ false, measured->identity, err);
    if (!key)
        return false;
    if (!is_cycled(storing, measured->identity))
        return true;
    return catalog_run(storing->catalog, SQL_catalog_insert_measured,
                       BINDS(BIND_TEXT(":key", key), BIND_INT(":major", storing->rehearsal->major),
                             BIND_TEXT(":script", script_kind_name(measured->script)),
                             BIND_INT(":statement", measured->statement),
                             BIND_INT(":line", measured->line),
                             BIND_INT(":duration_us", measured->duration_us),
                             BIND_INT(":wal_bytes", measured->wal_bytes),
                             BIND_INT(":declared", measured->declared)),
                       err) &&
           store_touched(storing, key, measured, err);
}

/* --- findings ----------------------------------------------------------------------------------
 */

static bool store_rows(const Storing *storing, const RehearsalRows *rows, Error *err)
{
    const char *key = key_of(storing, /* of_version= */ false, rows->identity, err);
    return key &&
           catalog_run(storing->catalog, SQL_catalog_insert_rows_finding,
                       BINDS(BIND_TEXT(":key", key), BIND_INT(":major", storing->rehearsal->major),
                             BIND_TEXT(":detail", rows->detail),
                             BIND_TEXT(":sqlstate", rows->sqlstate), BIND_INT(":line", rows->line)),
                       err);
}

static bool store_unsteady(const Storing *storing, const RehearsalUnsteady *unsteady,
                           int64_t ordinal, Error *err)
{
    bool of_version = !*unsteady->identity;
    const char *key =
        key_of(storing, of_version, of_version ? unsteady->version : unsteady->identity, err);
    return key &&
           catalog_run(
               storing->catalog, SQL_catalog_insert_unsteady,
               BINDS(BIND_TEXT(":key", key), BIND_INT(":major", storing->rehearsal->major),
                     BIND_INT(":ordinal", ordinal), BIND_TEXT(":version", unsteady->version),
                     BIND_TEXT(":identity", unsteady->identity), BIND_TEXT(":kind", unsteady->kind),
                     BIND_TEXT(":object", unsteady->object)),
               err);
}

static bool store_failure(const Storing *storing, const RehearsalFailure *failure, int64_t ordinal,
                          Error *err)
{
    const char *key = key_of(storing, /* of_version= */ false, failure->identity, err);
    return key &&
           catalog_run(
               storing->catalog, SQL_catalog_insert_failure,
               BINDS(BIND_TEXT(":key", key), BIND_INT(":major", storing->rehearsal->major),
                     BIND_INT(":ordinal", ordinal), BIND_TEXT(":identity", failure->identity),
                     BIND_TEXT(":version", failure->version), BIND_TEXT(":script", failure->script),
                     BIND_INT(":statement", failure->statement), BIND_INT(":line", failure->line),
                     BIND_TEXT(":source", failure->source),
                     BIND_TEXT(":sqlstate", failure->sqlstate), BIND_TEXT(":words", failure->words),
                     BIND_TEXT(":proposal", failure->proposal)),
               err);
}

static bool store_findings(const Storing *storing, Error *err)
{
    const Rehearsal *rehearsal = storing->rehearsal;
    int64_t ordinal = 0;
    array_each (const RehearsalRows, rows, &rehearsal->rows)
        if (!store_rows(storing, rows, err))
            return false;
    array_each (const RehearsalUnsteady, unsteady, &rehearsal->unsteady)
        if (!store_unsteady(storing, unsteady, ++ordinal, err))
            return false;
    ordinal = 0;
    array_each (const RehearsalFailure, failure, &rehearsal->failures)
        if (!store_failure(storing, failure, ++ordinal, err))
            return false;
    array_each (const RehearsalAtomic, atomic, &rehearsal->atomic)
        if (!catalog_run(storing->catalog, SQL_catalog_insert_atomic,
                         BINDS(BIND_TEXT(":key", storing->store->subject->run),
                               BIND_INT(":major", rehearsal->major),
                               BIND_TEXT(":mode", atomic->whole_run ? "run" : "version"),
                               BIND_INT(":passed", atomic->passed),
                               BIND_TEXT(":detail", atomic->detail)),
                         err))
            return false;
    return true;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static bool forget(const Storing *storing, const char *key, const char *const *deletes,
                   size_t count, Error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!catalog_run(
                storing->catalog, deletes[i],
                BINDS(BIND_TEXT(":key", key), BIND_INT(":major", storing->rehearsal->major)), err))
            return false;
    return true;
}

/* What this report says anew; a migration that did not go through its cycle keeps its results. */
static bool forget_replaced(const Storing *storing, Error *err)
{
    static const char *const of_result[] = {
        SQL_catalog_delete_result,        SQL_catalog_delete_difference,
        SQL_catalog_delete_loss,          SQL_catalog_delete_fingerprint,
        SQL_catalog_delete_measured,      SQL_catalog_delete_measured_relation,
        SQL_catalog_delete_invalid_index,
    };
    static const char *const of_finding[] = {
        SQL_catalog_delete_rows_finding,
        SQL_catalog_delete_unsteady,
        SQL_catalog_delete_failure,
    };
    static const char *const of_run[] = {
        SQL_catalog_delete_run,
        SQL_catalog_delete_scope,
        SQL_catalog_delete_atomic,
        SQL_catalog_delete_fingerprint,
    };
    const RehearsalSubject *subject = storing->store->subject;
    for (size_t i = 0; i < subject->migrations.count; i++) {
        const char *key = subject->migrations.items[i].key;
        if ((storing->store->cycled[i] &&
             !forget(storing, key, of_result, ARRAY_LEN(of_result), err)) ||
            !forget(storing, key, of_finding, ARRAY_LEN(of_finding), err))
            return false;
    }
    array_each (const SubjectVersion, version, &subject->versions)
        if (!forget(storing, version->key, of_result, ARRAY_LEN(of_result), err) ||
            !forget(storing, version->key, of_finding, ARRAY_LEN(of_finding), err))
            return false;
    return forget(storing, subject->run, of_run, ARRAY_LEN(of_run), err);
}

static bool store_run(const Storing *storing, Error *err)
{
    const Rehearsal *rehearsal = storing->rehearsal;
    array_each (char *const, schema, &rehearsal->scope)
        if (!catalog_run(storing->catalog, SQL_catalog_insert_scope,
                         BINDS(BIND_TEXT(":key", storing->store->subject->run),
                               BIND_INT(":major", rehearsal->major), BIND_TEXT(":name", *schema)),
                         err))
            return false;
    return catalog_run(storing->catalog, SQL_catalog_insert_run,
                       BINDS(BIND_TEXT(":key", storing->store->subject->run),
                             BIND_INT(":major", rehearsal->major),
                             BIND_TEXT(":server_version", storing->store->server_version),
                             BIND_TEXT(":applier", rehearsal->applier),
                             BIND_TEXT(":rehearsed_at", rehearsal->rehearsed_at),
                             BIND_INT(":duration_ms", rehearsal->duration_ms),
                             BIND_INT(":passed", rehearsal->passed)),
                       err);
}

static bool store_all(const Storing *storing, Error *err)
{
    if (!catalog_compare_with_earlier(storing, err) || !forget_replaced(storing, err) ||
        !store_run(storing, err) || !store_findings(storing, err))
        return false;
    array_each (const RehearsalFingerprint, fingerprint, &storing->rehearsal->fingerprints)
        if (!store_fingerprint(storing, fingerprint, err))
            return false;
    array_each (const RehearsalVerdict, verdict, &storing->rehearsal->verdicts)
        if (!store_verdict(storing, verdict, err))
            return false;
    array_each (const RehearsalMeasured, measured, &storing->rehearsal->measured)
        if (!store_measured(storing, measured, err))
            return false;
    return true;
}

bool catalog_store(Catalog *catalog, const CatalogStore *store, Rehearsal *rehearsal, Error *err)
{
    const Storing storing = {catalog, store, rehearsal};
    if (!sqlite_db_script(catalog->db, "BEGIN IMMEDIATE", err))
        return false;
    if (store_all(&storing, err) && sqlite_db_script(catalog->db, "COMMIT", err))
        return true;
    CLEANUP(error_done) Error ignored = {0};
    bool undone = sqlite_db_script(catalog->db, "ROLLBACK", &ignored);
    (void)undone; /* closing undoes it as well */
    return error_wrap(err, "keeping what PostgreSQL %" PRId64 " showed", rehearsal->major);
}
