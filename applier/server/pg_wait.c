#include "applier/server/pg_wait.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"

static void tell(PgSession *session, int64_t begun_ms)
{
    if (session->waiting)
        session->waiting(session->waiting_context, clock_monotonic_ms() - begun_ms);
    /* behind what it took: it must not fill the time with itself */
    session->told_ms = clock_monotonic_ms();
}

void pg_wait_tick(PgSession *session, int64_t begun_ms)
{
    int64_t since = session->told_ms > begun_ms ? session->told_ms : begun_ms;
    if (session->waiting && clock_monotonic_ms() - since >= PG_WAIT_TICK_MS)
        tell(session, begun_ms);
}

bool pg_wait(PgSession *session, PgWaitFor what, int64_t begun_ms)
{
    PGconn *connection = session->connection;
    struct pollfd wait = {.fd = PQsocket(connection),
                          .events = (short)(POLLIN | (what == PG_WAIT_READ ? 0 : POLLOUT))};
    int ready = poll(&wait, 1, PG_WAIT_TICK_MS);
    if (ready < 0 && errno != EINTR)
        return false;
    if (ready <= 0) {
        tell(session, begun_ms);
        return true;
    }
    /* where much comes in the socket is always ready */
    pg_wait_tick(session, begun_ms);
    return !(wait.revents & (POLLIN | POLLERR | POLLHUP)) || PQconsumeInput(connection) == 1;
}

PGresult *pg_wait_result(PgSession *session)
{
    int64_t begun = clock_monotonic_ms();
    /* a lost connection is PQgetResult's to report, as an error result and then none */
    while (PQisBusy(session->connection)) {
        PgWaitFor what = PQflush(session->connection) == 1 ? PG_WAIT_READ_AND_WRITE : PG_WAIT_READ;
        if (!pg_wait(session, what, begun))
            break;
    }
    return PQgetResult(session->connection);
}

PGresult *pg_wait_last_result(PgSession *session)
{
    PGresult *last = NULL;
    for (PGresult *next; (next = pg_wait_result(session));) {
        PQclear(last);
        last = next;
        ExecStatusType status = PQresultStatus(last);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH ||
            PQstatus(session->connection) != CONNECTION_OK)
            break;
    }
    return last;
}
