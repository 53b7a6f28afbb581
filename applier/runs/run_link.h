/* The connection of one run, through what may cut it (decision 17).
 *
 * A run is made of attempts: connect, lock, read the ledger, settle, plan, go on. An attempt that
 * ends because the connection is gone is followed by another one in the same invocation, for as
 * long as the patience lasts: the server is tried again and again, the session that was lost is
 * found by the run id in its name and waited for (or ended, where it only waits for us), the lock
 * is taken again, and what the ledger says then is where the run goes on. */
#ifndef SEALIFT_APPLIER_RUN_LINK_H
#define SEALIFT_APPLIER_RUN_LINK_H

#include "applier/ledger/history.h"
#include "applier/runs/apply_run.h"

typedef struct RunLink {
    const RunOptions *options; /* borrowed */
    bool opened;               /* once: from now on a loss is waited out */
    bool begun;                /* the begin event was sent: steps may be committed */
    int64_t reconnects;
    int64_t lost_at_ms;
    int losses_here;      /* one after the other, with nothing done in between */
    int64_t rows_done;    /* of the journal, as last read; -1: not read yet */
    int64_t first_number; /* of the journal's rows that this run writes; 0: none yet */
    char system_identifier[32];
    char database_oid[16];
    char database_uuid[UUID_TEXT_SIZE]; /* "" while there is no ledger */
} RunLink;

RunLink run_link_make(const RunOptions *options);

/* A session that may write and holds the lock: the first one as run_session_open gives it, each
 * later one with patience. Later: ERROR_CONNECTION (ERROR_UNSETTLED once the run has begun) where
 * the patience is exhausted, the login is refused, or the server is not the one that was lost;
 * ERROR_LOCKED; ERROR_INTERRUPTED. */
bool run_link_open(RunLink *link, const char *scripts_path, PgSession **ret_session,
                   Error *err) MUST_CHECK;

/* What the ledger says now is taken note of. ERROR_TARGET where it is another database's. */
bool run_link_check(RunLink *link, const History *history, Error *err) MUST_CHECK;

/* The run's begin event is about to be written over this history. */
void run_link_begins(RunLink *link, const History *history);

/* Whether the run of this invocation is the one that the ledger has open. */
bool run_link_is_open(const RunLink *link, const History *history);

/* Whether the end of this run is on record already: its answer was lost with the connection. */
bool run_link_has_ended(const RunLink *link, const History *history);

/* Groups that this run has committed, as the ledger has them. */
int64_t run_link_committed(const RunLink *link, const History *history);

/* After an attempt that failed with `err`: whether another one is to follow, because the connection
 * is gone, and not by our own hand. Then `err` is empty again, and people have been told. `session`
 * may be NULL. */
bool run_link_goes_on(RunLink *link, const PgSession *session, Error *err);

#endif
