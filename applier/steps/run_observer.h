/* Somebody who looks into a run while it is under way: the proof of a version's schema before its
 * COMMIT, and the measurements of a rehearsal.
 *
 * Each call comes with the pipeline drained, so that pg_query and pg_script may be used on the
 * session; inside a transaction they must leave it open. A call that returns false ends the run:
 * what is uncommitted is rolled back. Each function may be NULL. */
#ifndef SEALIFT_APPLIER_RUN_OBSERVER_H
#define SEALIFT_APPLIER_RUN_OBSERVER_H

#include "applier/server/pg_session.h"
#include "applier/steps/run_units.h"

/* The schema is now that of a version: up, the task's own; down, the one before it. */
typedef struct RunArrival {
    const RunTask *task;
    bool in_transaction; /* before COMMIT; false: behind a step outside transactions */
} RunArrival;

/* A statement of a migration. */
typedef struct RunStep {
    const RunTask *task;
    ScriptKind script;
    size_t step; /* index into the script's steps */
    bool in_transaction;
} RunStep;

typedef struct RunObserver {
    bool (*arrives)(void *context, PgSession *session, const RunArrival *arrival, Error *err);
    /* Behind the COMMIT of a transaction in which `arrives` was called; for the last of its
     * arrivals, which says in_transaction false. */
    bool (*arrived)(void *context, PgSession *session, const RunArrival *arrival, Error *err);
    /* Around each statement, those of verify and precheck scripts too. A run with these two waits
     * for the server at each: not for speed. step_ends is called only where the statement
     * succeeded. */
    bool (*step_begins)(void *context, PgSession *session, const RunStep *step, Error *err);
    bool (*step_ends)(void *context, PgSession *session, const RunStep *step, Error *err);
    void *context;
    void *step_context; /* of those two, where they have another; else NULL */
} RunObserver;

#endif
