/* The one place where we wait for the server.
 *
 * libpq's own waits are blind: they show nobody what the server is doing, and a signal only wakes
 * them to sleep again. Here the wait ends or goes on in short ticks, and whoever put a function
 * into session->waiting is told at each. */
#ifndef SEALIFT_APPLIER_PG_WAIT_H
#define SEALIFT_APPLIER_PG_WAIT_H

#include "applier/server/pg_session.h"

#define PG_WAIT_TICK_MS 250

typedef enum { PG_WAIT_READ, PG_WAIT_READ_AND_WRITE } PgWaitFor;

/* Wait until the socket is ready, a signal came or a tick went by, and take in what has arrived.
 * `begun_ms` (clock_monotonic_ms) is when this wait began, for session->waiting. false: the
 * connection is lost; what had arrived before can still be read with PQgetResult. */
bool pg_wait(PgSession *session, PgWaitFor what, int64_t begun_ms) MUST_CHECK;

/* A tick, where one is due: for a loop that is busy with the server without waiting for it. */
void pg_wait_tick(PgSession *session, int64_t begun_ms);

/* PQgetResult that waits here. */
PGresult *pg_wait_result(PgSession *session);

/* The last result of what was sent, the others dropped, as PQexec gives it: a COPY ends it early.
 */
PGresult *pg_wait_last_result(PgSession *session);

#endif
