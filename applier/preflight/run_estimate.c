#include "applier/preflight/run_estimate.h"

void run_estimate_done(RunEstimate *estimate)
{
    run_costs_done(&estimate->costs);
    step_costs_done(&estimate->steps);
    run_units_done(&estimate->units);
    live_relations_done(&estimate->live);
    *estimate = (RunEstimate){0};
}

bool run_estimate_make(PgSession *session, const ApplyPlan *plan, AtomicMode mode,
                       const LookCosts *looks, const SiteMeasurements *site,
                       RunEstimate *ret_estimate, Error *err)
{
    RunEstimate estimate = {.site = *site};
    if (!live_relations_read(session, &plan->tasks, &estimate.live, err))
        return false;
    *ret_estimate = estimate;
    run_units_build(&plan->tasks, mode, &ret_estimate->units);
    step_costs_make(&plan->tasks, &ret_estimate->live, site, pg_session_major(session),
                    &ret_estimate->steps);
    run_costs_make(&plan->tasks, &ret_estimate->units, &ret_estimate->steps, looks,
                   &ret_estimate->costs);
    return true;
}
