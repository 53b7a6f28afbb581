#include "applier/server/pooler_check.h"

#include <inttypes.h>

#include "applier/server/pg_query.h"
#include "applier/server/pg_wait.h"
#include "applier/sql/session_queries.h"
#include "base/clock.h"
#include "base/memory.h"

/* What a pooler answers to a BEGIN that it does not allow: a pool that shares by statement. */
#define REFUSED_BY_POOLER "08P01"

static void on_notice(void *argument UNUSED, const PGresult *result UNUSED)
{
}

static bool not_served(Error *err)
{
    error_set(err, ERROR_TARGET,
              "the connection goes through a pooler that gives no second one to the server within "
              "%d s",
              POOLER_PATIENCE_MS / 1000);
    return error_hint(err, "give the server's own address, or let the pool hold more connections");
}

/* The last result, or the first that is a failure: a pooler says why, and then closes. */
static PGresult *take_results(PgSession *session)
{
    PGresult *kept = NULL;
    for (PGresult *next; (next = pg_wait_result(session));) {
        bool keep = !kept || PQresultStatus(kept) != PGRES_FATAL_ERROR;
        PQclear(keep ? kept : next);
        kept = keep ? next : kept;
    }
    return kept;
}

/* Not for ever: a pool may keep us in its queue. */
static bool wait_for_answer(PgSession *session, PGresult **ret_result, Error *err)
{
    int64_t begun = clock_monotonic_ms();
    while (PQisBusy(session->connection)) {
        PgWaitFor what = PQflush(session->connection) == 1 ? PG_WAIT_READ_AND_WRITE : PG_WAIT_READ;
        if (clock_monotonic_ms() - begun > POOLER_PATIENCE_MS)
            return not_served(err);
        if (!pg_wait(session, what, begun))
            break;
    }
    *ret_result = take_results(session);
    return true;
}

/* Which process serves this connection; *ret_pid is 0 where the pooler refused the question. */
static bool ask(PgSession *session, const char *sql, int64_t *ret_pid, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *result = NULL;
    if (PQsendQuery(session->connection, sql) && !wait_for_answer(session, &result, err))
        return false;
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool refused = code && strcmp(code, REFUSED_BY_POOLER) == 0;
    if (!refused && (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1))
        return pg_session_lost_error(session, "looking for a pooler", err);
    *ret_pid = refused ? 0 : pg_result_int(result, 0, 0);
    return true;
}

/* One transaction beside us. */
static bool look_once(PgSession *session, PgSession *beside, bool *ret_shares, Error *err)
{
    int64_t own = session->facts.backend_pid, other = 0, again = own;
    if (!ask(beside, "BEGIN; " SQL_session_process, &other, err))
        return false;
    *ret_shares = other == 0 || other == own;
    /* a pool of one process would let us wait for the transaction that is open beside us */
    if (*ret_shares)
        return true;
    if (!ask(session, SQL_session_process, &again, err) ||
        !ask(beside, "ROLLBACK; " SQL_session_process, &other, err))
        return false;
    *ret_shares = again != own;
    return true;
}

bool pooler_check(PgSession *session, PgPooler *ret_pooler, Error *err)
{
    *ret_pooler = PG_DIRECT;
    if (PQbackendPID(session->connection) == session->facts.backend_pid)
        return true;
    PgSession beside = {.words = session->words};
    if (!pg_session_connect_beside(session, &beside.connection, err))
        return error_wrap(err, "the connection goes through a pooler; a second one to look closer");
    PQsetNoticeReceiver(beside.connection, on_notice, /* arg= */ NULL);
    bool shares = false, good = true;
    for (int i = 0; i < POOLER_ROUNDS && good && !shares; i++)
        good = look_once(session, &beside, &shares, err);
    PQfinish(beside.connection);
    *ret_pooler = shares ? PG_TRANSACTION_POOL : PG_SESSION_POOL;
    return good;
}

bool pooler_refuse(const PgSession *session, Error *err)
{
    CLEANUP(memory_freep) char *where = pg_session_describe(session);
    error_set(err, ERROR_TARGET,
              "the connection to %s goes through a transaction-pooling proxy (PgBouncer, Odyssey, "
              "…): a lock and settings would not stay with it",
              where);
    return error_hint(err, "give the server's own address, or a pool in session mode");
}
