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
#include "applier/watch/conflicts.h"
#include "applier/watch/replica_lag.h"

/* A group was committed. */
typedef struct RunProgress {
    const RunTask *task;
    int64_t group; /* from 1 */
    int64_t group_count;
    bool completes;     /* the migration */
    int64_t tasks_done; /* in this run */
    int64_t tasks_count;
} RunProgress;

/* A range of a batch was committed. */
typedef struct RunBatch {
    const RunTask *task;
    int64_t batches;      /* ranges that are done, those of earlier runs included */
    int64_t rows_changed; /* by them, as the statement's tags say */
    int64_t rows_covered; /* rows that they went through, about */
    int64_t rows_total;   /* of the table, as its statistics say; 0: not known */
} RunBatch;

/* What the server is at, while the run waits for it. */
typedef struct RunNow {
    const RunTask *task;
    ScriptKind script;
    size_t step;          /* index into the script's steps; SIZE_MAX: COMMIT, or one of ours */
    bool in_transaction;  /* false: a step outside transactions */
    int64_t waited_ms;    /* this one wait; a statement may have had several */
    int64_t copied_bytes; /* in the run so far, sent by COPY */
    RunBatch batch;       /* of a step that is a batch; else zeroed */
    /* How far this step has come where we know it ourselves and need not ask the server: a COPY in
     * "bytes", a batch in "rows", lines in "statements". unit NULL: we do not know; total 0: nor
     * where it ends. */
    const char *step_unit;
    int64_t step_done;
    int64_t step_total;
    int64_t tasks_done;
    int64_t tasks_count;
} RunNow;

/* A run begins; all borrowed. */
typedef struct RunBegin {
    const PgSession *session;
    const char *run_id;       /* "" for none */
    const char *action;       /* "apply", "rollback", "resume" */
    const char *product;      /* or NULL */
    const char *from_version; /* "-" for none */
    const char *to_version;
    int64_t tasks_count;
} RunBegin;

/* What people may want to be told while it runs; each may be NULL. */
typedef struct RunListener {
    /* Whoever starts step_runner calls this before, run_listener_begins. */
    void (*begins)(void *context, const RunBegin *begin);
    void (*progress)(void *context, const RunProgress *progress);
    void (*batch)(void *context, const RunBatch *batch);
    /* Somebody is at work who may be in the way; told before the run begins. */
    void (*conflict)(void *context, const Conflict *conflict);
    /* A standby or a slot is too far behind (replica_lag.h). */
    void (*behind)(void *context, const ReplicaBehind *behind);
    /* A group is run again after `delay_ms`. */
    void (*retry)(void *context, const RunTask *task, const char *sqlstate, int64_t attempt,
                  int64_t delay_ms);
    /* At each tick of a wait (pg_wait.h): first look at the session's backend and say how the
     * statement begins that it was seen to be at (NULL: not known), then be told of that one. Both
     * may use connections of their own, and must be quick. */
    const char *(*seen)(void *context, const PgSession *session, int64_t waited_ms);
    void (*waiting)(void *context, const RunNow *now);
    /* At each tick of a wait that is not for a step: for the ledger, a look at the schema, the
     * durable end. As `waiting` otherwise. */
    void (*busy)(void *context, const PgSession *session, int64_t waited_ms);
    /* No step is under way any more; what was told of tasks may be gone from now on. */
    void (*steps_over)(void *context, bool good);
    /* Add who was seen in the way when the last lock was not given ("blocked by pid 12 (…)"). */
    void (*blocked)(void *context, Text *words);
    /* Add what the ledger's end event is to say: whom the run has cancelled. */
    void (*ending)(void *context, Text *words);
    /* At each tick while the durable end of the run is waited for. */
    void (*end_waits)(void *context, int64_t waited_ms);
    /* The first signal came, and so many groups that are with the server cannot be held back. */
    void (*stopping)(void *context, int64_t groups);
    void *context;
} RunListener;

/* What StepRunnerOptions.may_go_on takes, told to the listener. */
ReplicaLag run_listener_lag(const RunListener *listener, LagLimit limit);
void run_listener_begins(const RunListener *listener, const RunBegin *begin);
/* The words of an end event: `words` (or ""), and behind "; " what the listener adds. */
void run_listener_ending(const RunListener *listener, const char *words, Text *text);

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
    int64_t batches;    /* ranges of batches committed */
    int64_t batch_rows; /* rows that these changed */
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
    int attempts;          /* of a group, the first counted; 0: RETRY_ATTEMPTS_DEFAULT */
    int64_t step_limit_ms; /* for a step outside transactions; 0: none */
    RunListener listener;
    const RunObserver *observer; /* or NULL */
    /* Called before each unit, with the pipeline drained and no transaction open, and behind each
     * range of a batch: it may use the session, and take its time (a standby that lags), in which
     * it looks at interrupt_count(). false, with an error, ends the run there. NULL: nobody is
     * asked, which saves the turns. */
    bool (*may_go_on)(void *context, PgSession *session, Error *err); /* replica_lag_may_go_on */
    void *may_go_on_context;
    bool hurries; /* leave out the pauses between the ranges of a batch: a rehearsal */
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
 * a step's failure would be. ERROR_TARGET: a gate does not hold, and this invocation has committed
 * nothing; else that is ERROR_UNSETTLED. */
bool step_runner_run(PgSession *session, const RunTaskArray *tasks, const RunUnits *units,
                     const StepRunnerOptions *options, JournalChain *chain, RunReport *report,
                     Error *err) MUST_CHECK;

#endif
