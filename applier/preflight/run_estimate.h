/* The estimate of a run over an open session: sizes read, costs made. Reads only. */
#ifndef SEALIFT_APPLIER_RUN_ESTIMATE_H
#define SEALIFT_APPLIER_RUN_ESTIMATE_H

#include "applier/preflight/run_costs.h"
#include "applier/runs/apply_plan.h"
#include "applier/site/measured_store.h"

/* Where what a rehearsal of this bundle measured here is kept; borrowed. */
typedef struct MeasuredPlace {
    const SiteConfig *config;
    const History *history; /* of the database */
    const Digest *head_digest;
} MeasuredPlace;

typedef struct RunEstimate {
    MeasuredRehearsal measured; /* owned */
    Text warnings;              /* owned: lines, of what was measured and cannot be read */
    SiteMeasurements site;      /* borrowed from `measured` */
    LiveRelations live;
    RunUnits units;
    StepCosts steps;
    RunCosts costs;
} RunEstimate;

void run_estimate_done(RunEstimate *estimate); /* accepts a zeroed one */

/* `plan` outlives the estimate, `place` the call only. Errors: live_relations_read's. */
bool run_estimate_make(PgSession *session, const ApplyPlan *plan, AtomicMode mode,
                       const LookCosts *looks, const MeasuredPlace *place,
                       RunEstimate *ret_estimate, Error *err) MUST_CHECK;

#endif
