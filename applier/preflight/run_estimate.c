#include "applier/preflight/run_estimate.h"

void run_estimate_done(RunEstimate *estimate)
{
    run_costs_done(&estimate->costs);
    step_costs_done(&estimate->steps);
    run_units_done(&estimate->units);
    live_relations_done(&estimate->live);
    text_done(&estimate->warnings);
    measured_rehearsal_done(&estimate->measured);
    *estimate = (RunEstimate){0};
}

static void read_measured(const MeasuredPlace *place, RunEstimate *estimate)
{
    const History *history = place->history;
    const char *database = history->managed ? history->identity.database_uuid : NULL;
    int64_t at = 0;
    if (!measured_store_read(place->config, database, place->head_digest, &estimate->measured,
                             &estimate->warnings) ||
        !clock_parse(estimate->measured.at, &at))
        return;
    estimate->site = (SiteMeasurements){
        .steps = estimate->measured.steps.items, .count = estimate->measured.steps.count, .at = at};
}

bool run_estimate_make(PgSession *session, const ApplyPlan *plan, AtomicMode mode,
                       const LookCosts *looks, const MeasuredPlace *place,
                       RunEstimate *ret_estimate, Error *err)
{
    RunEstimate estimate = {0};
    read_measured(place, &estimate);
    if (!live_relations_read(session, &plan->tasks, &estimate.site, &estimate.live, err)) {
        run_estimate_done(&estimate);
        return false;
    }
    *ret_estimate = estimate;
    run_units_build(&plan->tasks, mode, &ret_estimate->units);
    step_costs_make(&plan->tasks, &ret_estimate->live, &ret_estimate->site,
                    pg_session_major(session), &ret_estimate->steps);
    run_costs_make(&plan->tasks, &ret_estimate->units, &ret_estimate->steps, looks,
                   &ret_estimate->costs);
    return true;
}
