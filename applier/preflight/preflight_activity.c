#include <inttypes.h>

#include "applier/preflight/preflight_checks.h"
#include "applier/server/pg_array.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"
#include "base/quantity.h"

#define LONG_TRANSACTION_S 300 /* what is open for so long may well be open in the window */

bool preflight_check_prepared(Preflight *preflight, Error *err)
{
    CLEANUP(text_done) Text names = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    preflight_relation_names(preflight, &names);
    if (!pg_query(preflight->session, SQL_preflight_prepared,
                  PG_VALUES(pg_text(text_string(&names))), PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        CLEANUP(text_done) Text age = {0};
        const char *gid = pg_result_text(rows, i, 0), *locked = pg_result_text(rows, i, 3);
        quantity_duration(pg_result_int(rows, i, 2) * 1000, &age);
        findings_add(preflight->findings, *locked ? LEVEL_BLOCKS : LEVEL_WARNS, NULL,
                     "transaction %s was prepared by %s %s ago and never ended%s%s", gid,
                     pg_result_text(rows, i, 1), text_string(&age),
                     *locked ? ": it keeps its locks on " : "", locked);
        findings_advise(preflight->findings, "ask its owner which of the two ends it");
        findings_sql(preflight->findings, "COMMIT PREPARED %s;", gid);
        findings_sql(preflight->findings, "ROLLBACK PREPARED %s;", gid);
    }
    return true;
}

/* --- sessions -------------------------------------------------------------------------------- */

/* A row of preflight_sessions. */
typedef struct SessionRow {
    const char *pid;
    const char *user;
    const char *application;
    const char *state;
    int64_t transaction_s; /* -1: not known, or none */
    int64_t state_s;
    const char *relations; /* that it has locked, of those that the run wants */
    bool is_client;
} SessionRow;

static bool is_dump(const SessionRow *row)
{
    return text_has_prefix(row->application, "pg_dump");
}

/* "pid 4711 (app, psql)" */
static char *describe(const SessionRow *row)
{
    return memory_format("pid %s (%s%s%s)", row->pid, *row->user ? row->user : "no role",
                         *row->application ? ", " : "", row->application);
}

static void add_session(Preflight *preflight, const SessionRow *row)
{
    Findings *findings = preflight->findings;
    CLEANUP(memory_freep) char *name = describe(row);
    CLEANUP(text_done) Text age = {0};
    bool idle = text_has_prefix(row->state, "idle in transaction");
    bool long_ago = row->transaction_s >= LONG_TRANSACTION_S;
    const char *holds = *row->relations ? "; it holds locks on " : "";
    if (row->transaction_s >= 0)
        quantity_duration(row->transaction_s * 1000, &age);
    if (is_dump(row))
        findings_add(findings, LEVEL_WARNS, name,
                     "a dump is running: until it ends it keeps every ALTER TABLE waiting%s%s",
                     holds, row->relations);
    else if (idle)
        findings_add(findings, long_ago ? LEVEL_WARNS : LEVEL_INFORMS, name,
                     "idle in a transaction that began %s ago%s%s", text_string(&age), holds,
                     row->relations);
    else if (long_ago)
        findings_add(findings, LEVEL_WARNS, name, "in a transaction for %s%s%s", text_string(&age),
                     holds, row->relations);
    else if (*row->relations)
        findings_add(findings, LEVEL_INFORMS, name, "holds locks on %s now", row->relations);
    else
        return;
    if (is_dump(row))
        findings_advise(findings, "no backup should run in the window");
    else if (idle || long_ago)
        findings_advise(findings, "such a one stalls concurrent index builds too: make sure that "
                                  "it is gone in the window");
    if (row->is_client && (idle || long_ago) && !is_dump(row))
        findings_sql(findings, "SELECT pg_terminate_backend(%s);", row->pid);
}

bool preflight_check_sessions(Preflight *preflight, Error *err)
{
    CLEANUP(text_done) Text names = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    preflight_relation_names(preflight, &names);
    if (!pg_query(preflight->session, SQL_preflight_sessions,
                  PG_VALUES(pg_text(text_string(&names))), PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        const SessionRow row = {.pid = pg_result_text(rows, i, 0),
                                .user = pg_result_text(rows, i, 1),
                                .application = pg_result_text(rows, i, 2),
                                .state = pg_result_text(rows, i, 3),
                                .transaction_s = pg_result_int(rows, i, 4),
                                .state_s = pg_result_int(rows, i, 5),
                                .relations = pg_result_text(rows, i, 6),
                                .is_client =
                                    strcmp(pg_result_text(rows, i, 7), "client backend") == 0};
        add_session(preflight, &row);
    }
    return true;
}

/* --- indexes --------------------------------------------------------------------------------- */

/* Whether a step of the run makes an index of that name outside transactions: where a broken one is
 * in its place it fails, or with IF NOT EXISTS seems to succeed. */
static bool is_built_by_run(const Preflight *preflight, const char *schema, const char *name)
{
    array_each (const StepCost, cost, &preflight->report->estimate.steps.steps) {
        const RunTask *task = &preflight->report->plan.tasks.items[cost->task];
        const Probe *probe = &run_task_script(task)->steps.items[cost->step].probe;
        if (probe->kind == PROBE_INDEX_PRESENT && probe->object &&
            strcmp(probe->object, name) == 0 &&
            (!probe->table_schema || strcmp(probe->table_schema, schema) == 0))
            return true;
    }
    return false;
}

static void add_invalid(Preflight *preflight, const PGresult *rows, int i)
{
    const char *schema = pg_result_text(rows, i, 0), *name = pg_result_text(rows, i, 1);
    CLEANUP(memory_freep) char *quoted = memory_format("%s.%s", schema, name);
    bool in_the_way =
        is_built_by_run(preflight, pg_result_text(rows, i, 2), pg_result_text(rows, i, 3));
    findings_add(preflight->findings, in_the_way ? LEVEL_BLOCKS : LEVEL_WARNS, quoted,
                 in_the_way ? "an invalid index on %s, left by a build that failed, has the name "
                              "of one that the run builds"
                            : "this index on %s is invalid: a build of it failed, it is used for "
                              "nothing and kept up to date all the same",
                 pg_result_text(rows, i, 4));
    findings_advise(preflight->findings, in_the_way
                                             ? "drop it"
                                             : "drop it, or build it anew with REINDEX INDEX "
                                               "CONCURRENTLY");
    findings_sql(preflight->findings, "DROP INDEX CONCURRENTLY %s;", quoted);
}

bool preflight_check_indexes(Preflight *preflight, Error *err)
{
    CLEANUP(text_done) Text schemas = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    const Manifest *manifest = preflight->manifest;
    const char *only[] = {"public"};
    bool scoped = manifest->scope.count > 0;
    pg_array_text(scoped ? (const char *const *)manifest->scope.items : only,
                  scoped ? manifest->scope.count : 1, &schemas);
    if (!pg_query(preflight->session, SQL_preflight_invalid_indexes,
                  PG_VALUES(pg_text(text_string(&schemas))), PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        add_invalid(preflight, rows, i);
    return true;
}
