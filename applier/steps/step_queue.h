/* Turns a run's units into messages of the pipeline: BEGIN, the statements of a migration read from
 * its proven objects one at a time, the ledger's rows, COMMIT, and the reset of the session between
 * migrations. COPY data is streamed here too, which needs a stop of the pipeline. */
#ifndef SEALIFT_APPLIER_STEP_QUEUE_H
#define SEALIFT_APPLIER_STEP_QUEUE_H

#include "applier/steps/run_observer.h"
#include "applier/steps/run_units.h"
#include "applier/steps/step_pipeline.h"

typedef struct StepQueue {
    PgSession *session; /* borrowed, as all pointers but the stream */
    StepPipeline *pipeline;
    const RunTaskArray *tasks;
    const RunUnits *units;
    const RunObserver *observer; /* or NULL */
    bool refused;                /* it returned false */
    const char *trouble;         /* what a failure is that only we saw, which has no result */
    JournalChain chain;          /* what the next queued row gets */
    bool prepared;               /* our statements are */
    bool unprepared;             /* send ours as text: a script has deallocated the prepared ones */
    bool clean; /* nothing but our own reset since the last drain: BEGIN may set modes */
    /* the script being read */
    ObjectStream *stream; /* owned */
    const ManifestObject *stream_object;
    int64_t stream_at;
    /* whose session settings hold: those of the groups before flow_group of flow_task */
    bool flows;
    size_t flow_task;
    size_t flow_group;
    size_t path_task;         /* whose search_path holds, where it is not the session's own */
    int64_t copied_bytes;     /* in all … */
    int64_t copy_bytes;       /* of the COPY that runs */
    int64_t copy_total_bytes; /* … in all; 0: none runs */
    /* what runs outside the pipeline, while the pipeline is idle: a COPY, a step outside
     * transactions; meaningless else */
    PipelineEntry single;
    bool single_runs;       /* a COPY, or a statement of a batch, does now */
    int64_t alone_begun_ms; /* a statement outside transactions runs since; 0: none */
    int64_t step_limit_ms;  /* for such a statement, and for removing what one left; 0: none */
    bool not_begun;         /* an INTENT is answered: its step was not begun (step_alone.h) */
    int32_t stop_key;       /* of the guard that each group begins with (step_stop.h) */
} StepQueue;

void step_queue_done(StepQueue *queue);

/* Queue a transaction, precheck or verify unit whole. A failure of a step is in the pipeline, not
 * here; here: ERROR_CONNECTION, and what reading objects brings (ERROR_TRUST, ERROR_IO). */
bool step_queue_unit(StepQueue *queue, size_t unit, Error *err) MUST_CHECK;

/* -- step_text.c: what is sent -- */

/* The text of a step's one statement as it is sent, with the task's values in it, NUL-terminated;
 * the caller frees. What the bundle's digests are of is what stands in the object. */
bool step_queue_statement(StepQueue *queue, const RunTask *task, ScriptKind script, size_t step,
                          char **ret_text, Error *err) MUST_CHECK;

/* Bytes of a script's object as they stand there: from the stream that is open, where it has not
 * come further. */
bool step_queue_read(StepQueue *queue, const RunTask *task, ScriptKind script, int64_t offset,
                     char *bytes, size_t length, Error *err) MUST_CHECK;

/* The same with none of the values but those that are identifiers: what words of the server may be
 * compared with. */
bool step_queue_statement_shown(StepQueue *queue, const RunTask *task, ScriptKind script,
                                size_t step, char **ret_text, Error *err) MUST_CHECK;

/* Every check of the script's object has run once this returns: before its COMMIT is queued. */
bool step_queue_finish_script(StepQueue *queue, const RunTask *task, ScriptKind kind,
                              Error *err) MUST_CHECK;

/* -- step_row.c: the journal -- */

/* The row of a part as the chain gives it; kind and result are the caller's. */
JournalRow step_queue_row(StepQueue *queue, const RunPart *part, JournalKind kind,
                          const char *result, int64_t attempt);

/* The twenty parameters of SQL_ledger_insert_journal. */
#define JOURNAL_VALUES 20
void step_queue_row_values(const StepQueue *queue, const JournalRow *row,
                           PgValue ret_values[static JOURNAL_VALUES]);

/* -- step_queue.c again: the search_path, resets -- */

/* The search_path that is to be set before statements of the task; NULL: it holds. */
const char *step_queue_path_for(const StepQueue *queue, size_t task);

/* Outside of the pipeline: set it, where it does not hold. */
bool step_queue_set_path(StepQueue *queue, size_t task, Error *err) MUST_CHECK;

/* The script that a unit's steps come from. */
ScriptKind step_queue_script_of(const RunUnit *unit, const RunTask *task);

/* Whether the steps that set the session and stand before the part's group are to be run again. */
bool step_queue_replays(const StepQueue *queue, const RunPart *part);

/* What a script may have changed in the session, undone (ENGINE.md 3); one statement each. */
extern const char *const step_queue_resets[];
extern const size_t step_queue_reset_count;

/* Run a COPY FROM STDIN with its data, the pipeline drained first; as the rest of a unit, a failure
 * of the statement is in the pipeline. In step_copy.c. ERROR_INPUT where it is no such COPY. */
bool step_queue_copy(StepQueue *queue, const PipelineEntry *entry, const RunTask *task,
                     const char *sql, Error *err) MUST_CHECK;

/* Queue the statements of a STEP_LINES, in order, until one has failed. ERROR_INPUT where its lines
 * are not what the manifest says. In step_lines.c. */
bool step_queue_lines(StepQueue *queue, const PipelineEntry *entry, const RunTask *task,
                      Error *err) MUST_CHECK;

/* One of them, from 0; the caller frees. */
bool step_queue_line(StepQueue *queue, const RunTask *task, ScriptKind script, size_t step,
                     int64_t row, char **ret_text, Error *err) MUST_CHECK;

/* Tell the observer, where there is one that wants to know; the pipeline is drained first, our
 * search_path holds meanwhile, and where that brings a failure of a step to light the observer is
 * not called. false: the observer refused (queue->refused), or the connection was lost. In
 * step_observe.c. */
typedef enum { OBSERVE_STEP_BEGINS, OBSERVE_STEP_ENDS } ObserveStep;
bool step_queue_observe_step(StepQueue *queue, ObserveStep which, const RunStep *step,
                             Error *err) MUST_CHECK;
typedef enum {
    OBSERVE_ARRIVES, /* before COMMIT, or behind a step outside transactions */
    OBSERVE_ARRIVED, /* behind COMMIT */
} ObserveArrival;
bool step_queue_observe_arrival(StepQueue *queue, ObserveArrival which, const RunArrival *arrival,
                                Error *err) MUST_CHECK;

/* The session was reset, or an error undid what was queued: nothing of a script's settings holds.
 */
void step_queue_forget_flow(StepQueue *queue);

#endif
