/* A run under way. For step_runner.c and step_recovery.c only. */
#ifndef SEALIFT_APPLIER_STEP_RUNNER_STATE_H
#define SEALIFT_APPLIER_STEP_RUNNER_STATE_H

#include "applier/steps/step_batch.h"
#include "applier/steps/step_queue.h"
#include "applier/steps/step_runner.h"
#include "applier/steps/step_stop.h"

typedef struct StepRunner {
    PgSession *session;
    StepQueue queue;
    StepPipeline *pipeline; /* owned */
    RunUnits units;         /* a copy of the caller's rows, whose attempts count up */
    const StepRunnerOptions *options;
    RunReport *report;
    StepStop stop;
    int64_t tasks_count;    /* with those that the report counts from before */
    JournalChain committed; /* the chain behind the last COMMIT that answered */
    bool ended_by_script;   /* a statement of the running unit ended our transaction */
    PipelineEntry ending;   /* … this one */
    BatchRun batch;         /* the batch under way */
} StepRunner;

static inline const RunPart *step_runner_part(const StepRunner *runner, size_t part)
{
    return &runner->units.parts.items[part];
}

static inline const RunTask *step_runner_task(const StepRunner *runner, size_t part)
{
    return &runner->queue.tasks->items[step_runner_part(runner, part)->task];
}

/* The session as a migration finds it. */
bool step_recovery_reset_session(StepRunner *runner, Error *err) MUST_CHECK;

/* A step failed: either *next is the unit to go on with, or the run is over (false, with the step's
 * error). */
bool step_recovery_recover(StepRunner *runner, size_t *next, Error *err) MUST_CHECK;

/* An error that is no step's: reading an object, the connection, the observer. What is uncommitted
 * goes; false. */
bool step_recovery_give_up(StepRunner *runner, Error *err);

/* The error of a run that an interrupt ends before this unit; false. */
bool step_recovery_interrupted(const StepRunner *runner, size_t unit, Error *err);

#endif
