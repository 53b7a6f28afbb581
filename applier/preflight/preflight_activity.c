#include <inttypes.h>

#include "applier/preflight/preflight_checks.h"
#include "applier/runs/run_conflicts.h"
#include "applier/server/pg_array.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"
#include "base/quantity.h"

#define LONG_TRANSACTION_S 300 /* what is open for so long may well be open in the window */

/* Who is in the way, as apply sees it before it begins. */
static bool look_for_conflicts(Preflight *preflight, ConflictArray *ret_conflicts, Error *err)
{
    ConflictRelationArray relations = {0};
    run_conflicts_relations(&preflight->report->plan.tasks, pg_session_major(preflight->session),
                            &relations);
    bool good = run_conflicts_look(preflight->session, &relations, ret_conflicts, err);
    array_free(&relations);
    return good;
}

/* --- prepared transactions ------------------------------------------------------------------- */

/* NULL: it is in nobody's way, as far as is known what the run locks. */
static const Conflict *conflict_of_gid(const ConflictArray *conflicts, const char *gid)
{
    char name[sizeof((Conflict){0}.who.prepared)];
    watch_copy_name(name, sizeof(name), gid);
    array_each (const Conflict, conflict, conflicts)
        if (conflict->kind == CONFLICT_PREPARED && *conflict->relation &&
            strcmp(conflict->who.prepared, name) == 0)
            return conflict;
    return NULL;
}

/* "; it holds AccessShareLock on public.item, which the run needs as AccessExclusiveLock" */
static void add_held(const Conflict *conflict, Text *text)
{
    if (!conflict || !*conflict->relation)
        return;
    text_addf(text, "; it holds %s on %s, which the run needs as %s", conflict->held,
              conflict->relation, conflict->needed);
    if (conflict->relations > 1)
        text_addf(text, " (and %zu more of what it needs)", conflict->relations - 1);
}

static void add_prepared(Preflight *preflight, const PGresult *rows, int i,
                         const ConflictArray *conflicts)
{
    CLEANUP(text_done) Text age = {0};
    CLEANUP(text_done) Text held = {0};
    const char *gid = pg_result_text(rows, i, 0);
    const Conflict *conflict = conflict_of_gid(conflicts, pg_result_text(rows, i, 3));
    quantity_duration(pg_result_int(rows, i, 2) * 1000, &age);
    add_held(conflict, &held);
    /* its locks do not go by waiting: whichever they are, a run that needs another fails */
    findings_add(preflight->findings, conflict ? LEVEL_BLOCKS : LEVEL_WARNS, NULL,
                 "transaction %s was prepared by %s %s ago and never ended%s", gid,
                 pg_result_text(rows, i, 1), text_string(&age), text_string(&held));
    findings_advise(preflight->findings, "ask its owner which of the two ends it");
    findings_sql(preflight->findings, "COMMIT PREPARED %s;", gid);
    findings_sql(preflight->findings, "ROLLBACK PREPARED %s;", gid);
}

bool preflight_check_prepared(Preflight *preflight, Error *err)
{
    ConflictArray conflicts = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(preflight->session, SQL_preflight_prepared, PG_NO_VALUES, PG_ROWS, &rows, err) ||
        !look_for_conflicts(preflight, &conflicts, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        add_prepared(preflight, rows, i, &conflicts);
    array_free(&conflicts);
    return true;
}

/* --- sessions -------------------------------------------------------------------------------- */

/* A row of preflight_sessions. */
typedef struct SessionRow {
    int64_t pid;
    const char *user;
    const char *application;
    const char *state;
    int64_t transaction_s; /* -1: not known, or none */
    int64_t state_s;
    const char *relations; /* that it has locked, of those that the run wants */
    bool is_client;
} SessionRow;

static const Conflict *dump_of(const ConflictArray *conflicts, const SessionRow *row)
{
    array_each (const Conflict, conflict, conflicts)
        if (conflict->kind == CONFLICT_DUMP && conflict->who.pid == row->pid)
            return conflict;
    return NULL;
}

/* "pid 4711 (app, psql)" */
static char *describe(const SessionRow *row)
{
    return memory_format("pid %" PRId64 " (%s%s%s)", row->pid, *row->user ? row->user : "no role",
                         *row->application ? ", " : "", row->application);
}

static void add_dump(Preflight *preflight, const SessionRow *row, const Conflict *dump)
{
    CLEANUP(memory_freep) char *name = describe(row);
    CLEANUP(text_done) Text held = {0};
    add_held(dump, &held);
    findings_add(preflight->findings, conflict_stops(dump) ? LEVEL_BLOCKS : LEVEL_WARNS, name,
                 "%s is running: until it ends it keeps every ALTER TABLE waiting%s",
                 dump->by_looks ? "what looks like a dump" : "a dump", text_string(&held));
    findings_advise(preflight->findings, conflict_stops(dump)
                                             ? "let it end: apply refuses to begin beside it"
                                             : "no backup should run in the window");
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
    if (idle)
        findings_add(findings, long_ago ? LEVEL_WARNS : LEVEL_INFORMS, name,
                     "idle in a transaction that began %s ago%s%s", text_string(&age), holds,
                     row->relations);
    else if (long_ago)
        findings_add(findings, LEVEL_WARNS, name, "in a transaction for %s%s%s", text_string(&age),
                     holds, row->relations);
    else if (*row->relations)
        findings_add(findings, LEVEL_INFORMS, name, "holds locks on %s now", row->relations);
    if (!idle && !long_ago)
        return;
    findings_advise(findings, "such a one stalls concurrent index builds too: make sure that it is "
                              "gone in the window");
    if (row->is_client)
        findings_sql(findings, "SELECT pg_terminate_backend(%" PRId64 ");", row->pid);
}

static SessionRow take_session(const PGresult *rows, int i)
{
    return (SessionRow){.pid = pg_result_int(rows, i, 0),
                        .user = pg_result_text(rows, i, 1),
                        .application = pg_result_text(rows, i, 2),
                        .state = pg_result_text(rows, i, 3),
                        .transaction_s = pg_result_int(rows, i, 4),
                        .state_s = pg_result_int(rows, i, 5),
                        .relations = pg_result_text(rows, i, 6),
                        .is_client = strcmp(pg_result_text(rows, i, 7), "client backend") == 0};
}

bool preflight_check_sessions(Preflight *preflight, Error *err)
{
    ConflictArray conflicts = {0};
    CLEANUP(text_done) Text names = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    preflight_relation_names(preflight, &names);
    if (!pg_query(preflight->session, SQL_preflight_sessions,
                  PG_VALUES(pg_text(text_string(&names))), PG_ROWS, &rows, err) ||
        !look_for_conflicts(preflight, &conflicts, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        const SessionRow row = take_session(rows, i);
        const Conflict *dump = dump_of(&conflicts, &row);
        if (dump)
            add_dump(preflight, &row, dump);
        else
            add_session(preflight, &row);
    }
    array_free(&conflicts);
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

/* Invalid as well, until it is ready: nothing to drop. */
static void add_being_built(Preflight *preflight, const PGresult *rows, int i, const char *quoted,
                            bool in_the_way)
{
    findings_add(preflight->findings, in_the_way ? LEVEL_WARNS : LEVEL_INFORMS, quoted,
                 "this index on %s is being built by pid %s just now%s", pg_result_text(rows, i, 4),
                 pg_result_text(rows, i, 5),
                 in_the_way ? ", under the name of one that the run builds" : "");
    findings_advise(preflight->findings, "let it end, and run the preflight again");
}

static void add_invalid(Preflight *preflight, const PGresult *rows, int i)
{
    const char *schema = pg_result_text(rows, i, 0), *name = pg_result_text(rows, i, 1);
    CLEANUP(memory_freep) char *quoted = memory_format("%s.%s", schema, name);
    bool in_the_way =
        is_built_by_run(preflight, pg_result_text(rows, i, 2), pg_result_text(rows, i, 3));
    if (pg_result_int(rows, i, 5) != 0) {
        add_being_built(preflight, rows, i, quoted, in_the_way);
        return;
    }
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
