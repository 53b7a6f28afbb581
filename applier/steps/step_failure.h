/* What is said of a step that failed, and what to do next: into the report, and as an error. */
#ifndef SEALIFT_APPLIER_STEP_FAILURE_H
#define SEALIFT_APPLIER_STEP_FAILURE_H

#include "applier/steps/step_queue.h"
#include "applier/steps/step_runner.h"

/* What a run knows when a step of it has failed; all borrowed. */
typedef struct FailedRun {
    StepQueue *queue;
    const StepRunnerOptions *options;
    RunReport *report;
    bool ended_by_script; /* a statement of the running unit ended our transaction */
    bool over_limit;      /* it was cancelled by --step-limit */
} FailedRun;

/* Whether something of this run stays, whatever comes. */
bool run_report_stays(const RunReport *report);

/* The SQLSTATE of the pipeline's failure, "" where it is not the server's. Valid until that is
 * forgotten. */
const char *step_failure_code(const StepPipeline *pipeline);

/* Put it into the report. */
void step_failure_note(const FailedRun *run, const PipelineEntry *entry);

/* Fill `err` from the report, with the one next command. False. */
bool step_failure_error(const FailedRun *run, const PipelineEntry *entry, Error *err);

#endif
