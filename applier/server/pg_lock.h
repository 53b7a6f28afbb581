/* The lock: one published advisory lock per database, held by the session that runs the steps, so
 * that it lasts exactly as long as any statement of ours. It is only ever tried, in a loop: a
 * session that waits inside a lock holds a snapshot, which CREATE INDEX CONCURRENTLY waits for. */
#ifndef SEALIFT_APPLIER_PG_LOCK_H
#define SEALIFT_APPLIER_PG_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "applier/server/pg_session.h"

#define PG_LOCK_KEY             INT64_C(0x5345414C49465431) /* "SEALIFT1" */
#define PG_LOCK_WAIT_DEFAULT_MS INT64_C(60000)

/* Who holds it; empty texts where the server does not tell. */
typedef struct PgLockHolder {
    int64_t pid;
    char application[64];
    char address[64]; /* "local" for a socket */
    char user[64];
    char since[32]; /* when that session began, UTC */
} PgLockHolder;

/* Called once, when the lock is found taken and waiting begins. */
typedef void (*PgLockWaiting)(void *context, const PgLockHolder *holder);

/* Take the lock, waiting up to `wait_ms` (0: try once). ERROR_LOCKED naming the holder;
 * ERROR_INTERRUPTED. It is released by closing the session. */
bool pg_lock_take(PgSession *session, int64_t wait_ms, PgLockWaiting waiting, void *context,
                  Error *err) MUST_CHECK;

/* Take it where it is free, at once; *ret_taken says whether. */
bool pg_lock_try(PgSession *session, bool *ret_taken, Error *err) MUST_CHECK;

/* Whether somebody holds it; reads only. */
bool pg_lock_look(PgSession *session, bool *ret_held, PgLockHolder *ret_holder,
                  Error *err) MUST_CHECK;

#endif
