/* libpq's pipeline mode with a bounded window: statements are queued without waiting, written and
 * read in one poll loop, and their answers matched to entries that remember what they were for.
 *
 * An error makes the server skip everything behind it until a Sync; the pipeline notes the first
 * failure and passes over the rest. Rows of statements are dropped one by one, so that memory does
 * not grow with them. Between uses (step_pipeline_drain) the session is in normal mode. */
#ifndef SEALIFT_APPLIER_STEP_PIPELINE_H
#define SEALIFT_APPLIER_STEP_PIPELINE_H

#include <libpq-fe.h>

#include "applier/ledger/journal.h"
#include "applier/server/pg_query.h"
#include "applier/server/pg_session.h"
#include "bundles/manifest.h"

#define PIPELINE_UNITS_MAX 32
#define PIPELINE_BYTES_MAX (256 * 1024)

typedef enum {
    ENTRY_PREPARE, /* of a statement of ours */
    ENTRY_BEGIN,
    ENTRY_OPEN,    /* names the group inside the transaction */
    ENTRY_STEP,    /* a statement of a migration */
    ENTRY_LEDGER,  /* the journal's row */
    ENTRY_VERSION, /* the version's row */
    ENTRY_COMMIT,
    ENTRY_OURS, /* any other statement of ours: savepoints, resets, ROLLBACK of a check */
    ENTRY_SYNC,
} EntryKind;

typedef struct PipelineEntry {
    EntryKind kind;
    size_t unit;        /* index of the run's unit */
    size_t part;        /* index of the run's part; for ENTRY_STEP and ENTRY_LEDGER */
    ScriptKind script;  /* for ENTRY_STEP */
    size_t step;        /* index in the script */
    int64_t row;        /* which statement of a step of lines, from 0 */
    JournalChain chain; /* for ENTRY_COMMIT: where the chain stands once it is committed */
    bool closes_unit;   /* with its answer a unit is no longer out */
    /* set by the pipeline */
    size_t bytes;
    char start[64]; /* how the statement begins; "" where it was prepared */
} PipelineEntry;

/* Called for each statement that succeeded, in order. */
typedef void (*PipelineDone)(void *context, const PipelineEntry *entry, const PGresult *result);

typedef struct StepPipeline StepPipeline;

StepPipeline *step_pipeline_new(PgSession *session, PipelineDone done, void *context);
void step_pipeline_free(StepPipeline *pipeline);
DEFINE_CLEANUP(StepPipeline, step_pipeline_free)

/* What a statement that succeeded answered with. */
typedef struct PipelineAnswer {
    int64_t rows;
    bool is_boolean; /* one column, a boolean */
    bool is_true;    /* … which is true in the first row */
} PipelineAnswer;

/* Of the statement that `done` is called for. */
PipelineAnswer step_pipeline_answer(const StepPipeline *pipeline);

/* Queue a statement, or the execution or preparation of a prepared one. Only a lost connection
 * fails (ERROR_CONNECTION). Once a failure is noted nothing is sent any more: the server would skip
 * it, or, where only we saw the failure, must not have it. */
bool step_pipeline_send(StepPipeline *pipeline, const PipelineEntry *entry, const char *sql,
                        const PgValue *values, size_t count, Error *err) MUST_CHECK;
bool step_pipeline_send_prepared(StepPipeline *pipeline, const PipelineEntry *entry,
                                 const char *name, const PgValue *values, size_t count,
                                 Error *err) MUST_CHECK;
bool step_pipeline_send_prepare(StepPipeline *pipeline, const PipelineEntry *entry,
                                const char *name, const char *sql, Error *err) MUST_CHECK;

/* A unit is queued: where the window is full, wait until it is half empty, or something failed. */
bool step_pipeline_unit_queued(StepPipeline *pipeline, Error *err) MUST_CHECK;

/* A statement of a unit is queued, and more may follow: the same where the window of bytes is full,
 * so that memory does not grow with the unit. */
bool step_pipeline_statement_queued(StepPipeline *pipeline, Error *err) MUST_CHECK;

/* Sync, wait for every answer, leave pipeline mode. */
bool step_pipeline_drain(StepPipeline *pipeline, Error *err) MUST_CHECK;

/* What the server is at: the first entry without an answer, or, where somebody has seen how the
 * running statement begins (`seen`, or NULL), the first that begins so: the server keeps its
 * answers back until a Sync. NULL where nothing is out. */
const PipelineEntry *step_pipeline_running(const StepPipeline *pipeline, const char *seen);

/* Units that are queued and not yet answered, the running one counted. */
size_t step_pipeline_units_out(const StepPipeline *pipeline);

/* Whether anything was queued since the last drain. */
bool step_pipeline_is_idle(const StepPipeline *pipeline);

/* The first failure since the last call of step_pipeline_forget_failure; NULL while there is none.
 * *ret_result stays the pipeline's. */
const PipelineEntry *step_pipeline_failure(const StepPipeline *pipeline,
                                           const PGresult **ret_result);

/* Note a failure that was seen outside the pipeline (a COPY) or in the words of an answer (a tag
 * that must not be). Takes `result`. */
void step_pipeline_fail(StepPipeline *pipeline, const PipelineEntry *entry, PGresult *result);
void step_pipeline_forget_failure(StepPipeline *pipeline);

/* How many turns (waits for the server) were taken. */
int64_t step_pipeline_turns(const StepPipeline *pipeline);

#endif
