/* The estimate of a run over an open session: sizes read, costs made. Reads only. */
#ifndef SEALIFT_APPLIER_RUN_ESTIMATE_H
#define SEALIFT_APPLIER_RUN_ESTIMATE_H

#include "applier/preflight/run_costs.h"
#include "applier/runs/apply_plan.h"

typedef struct RunEstimate {
    SiteMeasurements site; /* borrowed */
    LiveRelations live;
    RunUnits units;
    StepCosts steps;
    RunCosts costs;
} RunEstimate;

void run_estimate_done(RunEstimate *estimate); /* accepts a zeroed one */

/* `plan` and what `site` points at outlive the estimate. Errors: live_relations_read's. */
bool run_estimate_make(PgSession *session, const ApplyPlan *plan, AtomicMode mode,
                       const LookCosts *looks, const SiteMeasurements *site,
                       RunEstimate *ret_estimate, Error *err) MUST_CHECK;

#endif
