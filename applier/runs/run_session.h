/* What apply and rollback begin and end with: a session that holds the lock over a ledger that is
 * ours, and the events around a run. */
#ifndef SEALIFT_APPLIER_RUN_SESSION_H
#define SEALIFT_APPLIER_RUN_SESSION_H

#include "applier/runs/apply_run.h"

/* The application_name of the run's sessions. */
void run_session_name(const RunOptions *options, char ret_name[static PG_APPLICATION_SIZE]);

/* Connect for writing, with neither checks nor lock. */
bool run_session_connect(const RunOptions *options, const char *scripts_path,
                         PgSession **ret_session, Error *err) MUST_CHECK;

/* ERROR_TARGET for a standby or, where the site says so, a superuser. */
bool run_session_check(const PgSession *session, const RunOptions *options, Error *err) MUST_CHECK;

/* Connect for writing and take the lock. ERROR_TARGET for a standby or, where the site says so, a
 * superuser. */
bool run_session_open(const RunOptions *options, const char *scripts_path, PgSession **ret_session,
                      Error *err) MUST_CHECK;

/* Who is told of the session's waits outside of the steps. */
typedef struct RunTicks {
    const RunListener *listener;
    const PgSession *session;
} RunTicks;

/* From now on the listener's `busy` is told; `ticks` is filled, and outlives the session's use. */
void run_session_watch(PgSession *session, const RunListener *listener, RunTicks *ticks);

/* A second session for reading what the ledger stores while the first runs steps. */
bool run_session_open_reader(const RunOptions *options, PgSession **ret_session,
                             Error *err) MUST_CHECK;

/* Check the ledger's owner and read its history. *ret_history is unmanaged where there is none.
 * ERROR_TARGET for writing to a copy that was made to rehearse on, or to a database that moved
 * (run_session_refuse_moved), unless this is a rehearsal. */
bool run_session_history(PgSession *session, PgSessionPurpose purpose, const RunOptions *options,
                         History *ret_history, Error *err) MUST_CHECK;

/* ERROR_TARGET where the history is that of a copy that was made to rehearse on. */
bool run_session_refuse_copy(const History *history, Error *err) MUST_CHECK;

/* ERROR_TARGET where the ledger was last used elsewhere, and nobody says that this is the site's
 * database from now on. */
bool run_session_refuse_moved(const History *history, const RunOptions *options,
                              Error *err) MUST_CHECK;

/* Who looks into a run: the check of schemas where there is something to compare with, and who
 * measures its statements where somebody does. It borrows both. */
RunObserver run_session_observer(const RunOptions *options, SchemaCheck *check);

/* Store the bundle in the ledger as ledger_store_bundle does; the caller holds the transaction
 * open. */
bool run_session_store_bundle(PgSession *session, const ApplyInput *input, Error *err) MUST_CHECK;

/* The durable end of a run, for which listener.end_waits is told how long it takes. ERROR_UNSETTLED
 * where the run is committed and its end is not on record, or not confirmed by a standby: then the
 * ledger says so too, and `resume` ends it. */
bool run_session_end(PgSession *session, const RunOptions *options, const LedgerEvent *end,
                     Error *err) MUST_CHECK;

/* Record a failure or a refusal as an event, as far as the session still can; keeps `err`. `step`
 * is the step that failed, or NULL. What --show-sql adds to the server's words is for the terminal:
 * the ledger never gets it. Returns false. */
bool run_session_failed(PgSession *session, LedgerEvent event, const StepFailure *step, Error *err);

#endif
