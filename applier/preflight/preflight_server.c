#include <inttypes.h>

#include "applier/preflight/preflight_checks.h"
#include "applier/runs/target_check.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"

#define DATABASE_COLLATION_SINCE 15 /* pg_database.datcollversion */

static bool was_rehearsed_on(const Manifest *manifest, int64_t major)
{
    array_each (const ManifestFingerprint, fingerprint, &manifest->fingerprints)
        if (fingerprint->server_major == major)
            return true;
    return false;
}

static void check_major(Preflight *preflight)
{
    const Head *head = &preflight->manifest->head;
    Findings *findings = preflight->findings;
    const char *version = preflight->session->facts.version_text;
    int64_t major = pg_session_major(preflight->session);
    if (major < head->server_min) {
        findings_add(findings, LEVEL_BLOCKS, NULL,
                     "the server is PostgreSQL %s, the bundle needs %" PRId64 " or later", version,
                     head->server_min);
        findings_advise(findings, "upgrade the server first");
    } else if (major > head->server_max) {
        findings_add(findings, LEVEL_WARNS, NULL,
                     "the server is PostgreSQL %s, the bundle was made for %" PRId64 " to %" PRId64,
                     version, head->server_min, head->server_max);
        findings_advise(findings,
                        "rehearse it on a clone first, or ask the vendor for a bundle "
                        "that was rehearsed on %" PRId64,
                        major);
    } else if (preflight->manifest->fingerprints.count &&
               !was_rehearsed_on(preflight->manifest, major)) {
        findings_add(findings, LEVEL_WARNS, NULL,
                     "the bundle was not rehearsed on PostgreSQL %" PRId64
                     ": only the structure of the schema will be compared",
                     major);
        findings_advise(findings, "apply works, with --strict it refuses; rehearsing on a clone "
                                  "would show more");
    }
    if (!preflight->manifest->fingerprints.count) {
        findings_add(findings, LEVEL_WARNS, NULL,
                     "the bundle was packed unproven: nobody has rehearsed it, no schema will be "
                     "compared, and no lock or time is known");
        findings_advise(findings, "rehearse it on a clone before the window");
    }
}

bool preflight_check_server(Preflight *preflight, Error *err UNUSED)
{
    check_major(preflight);
    if (!preflight->session->facts.in_recovery)
        return true;
    findings_add(preflight->findings, LEVEL_WARNS, NULL,
                 "this server is a standby: what is found here is what it has replayed, and the "
                 "sessions and locks of the primary are not seen");
    findings_advise(preflight->findings, "apply needs the primary (target_session_attrs=read-write "
                                         "finds it); run this there too");
    return true;
}

/* One that shares sessions does not come this far: the session is refused. */
bool preflight_check_pooler(Preflight *preflight, Error *err UNUSED)
{
    if (preflight->session->pooler != PG_SESSION_POOL)
        return true;
    findings_add(preflight->findings, LEVEL_INFORMS, NULL,
                 "a pooler stands between: it gives each client a session of its own, which works");
    findings_advise(preflight->findings,
                    "its own limits (query_timeout, client_idle_timeout of PgBouncer) would end a "
                    "long statement or wait: better give the server's own address");
    return true;
}

bool preflight_check_encoding(Preflight *preflight, Error *err UNUSED)
{
    array_each (const ManifestRequirement, requirement, &preflight->manifest->requirements) {
        if (strcmp(requirement->kind, "encoding") != 0 ||
            strcasecmp(requirement->name, preflight->session->facts.encoding) == 0)
            continue;
        findings_add(preflight->findings, LEVEL_BLOCKS, NULL,
                     "the database's encoding is %s, the bundle needs %s",
                     preflight->session->facts.encoding, requirement->name);
        findings_advise(preflight->findings,
                        "dump it, and restore it into a database made with ENCODING '%s'",
                        requirement->name);
    }
    return true;
}

/* Which setting to raise, and to what. */
bool preflight_check_locks(Preflight *preflight, Error *err)
{
    const RunEstimate *estimate = &preflight->report->estimate;
    int64_t wanted = run_units_lock_estimate(&preflight->report->plan.tasks, &estimate->units);
    CLEANUP(error_done) Error refusal = {0};
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (target_check_locks(preflight->session, wanted, ATOMIC_MIGRATION, &refusal))
        return true;
    if (refusal.class != ERROR_TARGET)
        return error_move(err, &refusal);
    if (!pg_query(preflight->session, SQL_preflight_lock_setting, PG_VALUES(pg_int(wanted)),
                  PG_ONE_ROW, &row, err))
        return false;
    findings_add(preflight->findings, LEVEL_BLOCKS, NULL, "%s", refusal.message);
    findings_advise(preflight->findings, "%s", refusal.hint);
    findings_sql(preflight->findings, "ALTER SYSTEM SET max_locks_per_transaction = %s;",
                 pg_result_text(row, 0, 0));
    return true;
}

/* --- collations ------------------------------------------------------------------------------ */

static bool builds_index(const RunEstimate *estimate)
{
    array_each (const CostRelation, relation, &estimate->steps.relations)
        if (relation->work == WORK_INDEX || relation->work == WORK_REWRITE)
            return true;
    return false;
}

static void add_mismatch(Preflight *preflight, const PGresult *rows, int row, bool of_database)
{
    Findings *findings = preflight->findings;
    const char *name = pg_result_text(rows, row, 0);
    findings_add(findings, LEVEL_WARNS, name,
                 "its order of text changed with the operating system (recorded version %s, now "
                 "%s)%s",
                 pg_result_text(rows, row, 1), pg_result_text(rows, row, 2),
                 builds_index(&preflight->report->estimate)
                     ? "; this run builds indexes, and a unique one may fail on rows that the old "
                       "order let through"
                     : "");
    findings_advise(findings, "rebuild what depends on it, then record the new version");
    if (of_database) {
        findings_sql(findings, "REINDEX DATABASE %s;", preflight->database);
        findings_sql(findings, "ALTER DATABASE %s REFRESH COLLATION VERSION;", preflight->database);
        return;
    }
    findings_sql(findings, "%s", pg_result_text(rows, row, 3));
    findings_sql(findings, "ALTER COLLATION %s REFRESH VERSION;", name);
}

bool preflight_check_collation(Preflight *preflight, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *database = NULL;
    CLEANUP(pg_result_freep) PGresult *used = NULL;
    bool known = pg_session_major(preflight->session) >= DATABASE_COLLATION_SINCE;
    if ((known && !pg_query(preflight->session, SQL_preflight_database_collation, PG_NO_VALUES,
                            PG_ROWS, &database, err)) ||
        !pg_query(preflight->session, SQL_preflight_collations, PG_NO_VALUES, PG_ROWS, &used, err))
        return false;
    for (int i = 0; database && i < PQntuples(database); i++)
        add_mismatch(preflight, database, i, /* of_database= */ true);
    for (int i = 0; i < PQntuples(used); i++)
        add_mismatch(preflight, used, i, /* of_database= */ false);
    return true;
}

bool preflight_check_event_triggers(Preflight *preflight, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(preflight->session, SQL_preflight_event_triggers, PG_NO_VALUES, PG_ROWS, &rows,
                  err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        findings_add(preflight->findings, LEVEL_INFORMS, pg_result_text(rows, i, 0),
                     "this event trigger (%s, on %s) fires at the run's statements, and can stop "
                     "them",
                     pg_result_text(rows, i, 2), pg_result_text(rows, i, 1));
    return true;
}
