/* Runs a list of tasks to its end or to the first failure: the one door for statements of
 * migrations. Retries what a rollback heals, settles what it can, and says exactly where it
 * stopped. Whatever instant it is killed at, the journal says what is committed, and a later run
 * goes on. */
#ifndef SEALIFT_APPLIER_STEP_RUNNER_H
#define SEALIFT_APPLIER_STEP_RUNNER_H

#include "applier/ledger/journal.h"
#include "applier/server/pg_session.h"
#include "applier/server/retry_policy.h"
#include "applier/steps/run_observer.h"
#include "applier/steps/run_units.h"

/* A group was committed. */
typedef struct RunProgress {
    const RunTask *task;
    int64_t group; /* from 1 */
    int64_t group_count;
    bool completes;     /* the migration */
    int64_t tasks_done; /* in this run */
    int64_t tasks_count;
} RunProgress;

/* What the server is at, while the run waits for it. */
typedef struct RunNow {
    const RunTask *task;
    ScriptKind script;
    size_t step;          /* index into the script's steps; SIZE_MAX: COMMIT, or one of ours */
    bool in_transaction;  /* false: a step outside transactions */
    int64_t waited_ms;    /* this one wait; a statement may have had several */
    int64_t copied_bytes; /* in the run so far, sent by COPY */
    int64_t tasks_done;
    int64_t tasks_count;
} RunNow;

/* What people may want to be told while it runs; each may be NULL. */
typedef struct RunListener {
    void (*progress)(void *context, const RunProgress *progress);
    /* A group is run again after `delay_ms`. */
    void (*retry)(void *context, const RunTask *task, const char *sqlstate, int64_t attempt,
                  int64_t delay_ms);
    /* At each tick of a wait (pg_wait.h). It may use connections of its own, and must be quick. */
    void (*waiting)(void *context, const RunNow *now);
    /* At each tick while the durable end of the run is waited for. */
    void (*ending)(void *context, int64_t waited_ms);
    /* The first signal came, and so many groups that are with the server cannot be held back. */
    void (*stopping)(void *context, int64_t groups);
    void *context;
} RunListener;

/* Which statement stopped the run; texts owned. */
typedef struct StepFailure {
    bool happened;
    char *identity;
    char *version;
    const char *script; /* "up", "down", "verify", "precheck" */
    int64_t statement;  /* from 1 in its script; 0: COMMIT, or a statement of ours */
    int64_t line;       /* in `source`; 0 where there is no statement */
    char *source;       /* path in the vendor's project */
    char sqlstate[6];
    char *words; /* of the server, as far as they may be shown */
    char *kept;  /* the whole sentence as the ledger may keep it: never with data */
} StepFailure;

typedef struct RunReport {
    int64_t groups_committed; /* by this invocation */
    int64_t tasks_done;
    int64_t retries;
    int64_t turns; /* waits for the server, the pipeline's only */
    int64_t copied_bytes;
    int64_t notices;     /* what the server said beside its answers: NOTICE, WARNING, … */
    char notice_code[6]; /* SQLSTATE of the last one */
    bool settled;        /* nothing is left whose state nobody knows */
    StepFailure failure;
} RunReport;

void run_report_done(RunReport *report);
void step_failure_done(StepFailure *failure);

typedef struct StepRunnerOptions {
    AtomicMode atomic;
    int attempts;          /* of a group, the first counted; 0: RETRY_ATTEMPTS_DEFAULT */
    int64_t step_limit_ms; /* for a step outside transactions; 0: none */
    RunListener listener;
    const RunObserver *observer; /* or NULL */
} StepRunnerOptions;

/* Run `tasks` from where `chain` stands; both are moved on. *report is filled also on failure (the
 * caller has zeroed it; it may have counts of before).
 *
 * ERROR_STEP: a step failed and groups_committed is 0. ERROR_UNSETTLED: a step failed after others
 * were committed, or is unsettled. ERROR_CONNECTION: the connection was lost and nothing is known
 * to be committed or begun outside a transaction; else that too is ERROR_UNSETTLED.
 * ERROR_INTERRUPTED: stopped before the next group, or a second signal cancelled a step.
 * ERROR_TRUST, ERROR_INPUT, ERROR_IO: an object of the bundle could not be proven or read; its
 * group was rolled back. An ERROR_TARGET of the observer becomes ERROR_STEP or ERROR_UNSETTLED, as
 * a step's failure would be. */
bool step_runner_run(PgSession *session, const RunTaskArray *tasks, const RunUnits *units,
                     const StepRunnerOptions *options, JournalChain *chain, RunReport *report,
                     Error *err) MUST_CHECK;

#endif
