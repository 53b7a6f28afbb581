/* What an apply would do, and on what: read only, for 'plan', 'preflight' and 'status'. */
#include "applier/ledger/stored_proofs.h"
#include "applier/runs/apply_phase.h"
#include "applier/runs/apply_run.h"
#include "applier/runs/run_session.h"
#include "base/clock.h"

/* With what the bundle itself proves: of the version that holds only where it begins there or goes
 * through it. Inside a version nobody looks, as in a run. */
static bool forecast(PgSession *session, const ApplyInput *input, const History *history,
                     SchemaForecast *forecast, Error *err)
{
    CLEANUP(proof_set_done) ProofSet set = {0};
    CLEANUP(proof_result_done) ProofResult result = {0};
    ProofSourceArray sources = {0};
    char tree[DIGEST_HEX_SIZE];
    forecast->state = SCHEMA_UNPROVEN;
    forecast->inside_version = !history_is_at_version(history);
    if (forecast->inside_version)
        return true;
    proof_sources_add(&sources, input->manifest, &input->objects);
    proof_set_choose(&sources, schema_tree(history, tree), pg_session_major(session), &set);
    int64_t begun = clock_monotonic_ms();
    CLEANUP(fingerprint_names_done) FingerprintNames names = {0};
    run_parameters_names(history, &forecast->parameters, &names);
    bool good = !set.scope || schema_look(session, &set, &history->accepted, &names,
                                          PROOF_NO_ARRIVAL, FINGERPRINT_HASHES, &result, err);
    if (good && set.scope) {
        forecast->state = result.state;
        forecast->differences = result.differences;
        forecast->look_ms = clock_monotonic_ms() - begun;
    }
    array_free(&sources);
    return good;
}

void schema_forecast_done(SchemaForecast *forecast)
{
    gate_results_done(&forecast->gates);
    run_parameters_done(&forecast->parameters);
}

/* The values of what will be done, the schema, whose names they may be as in the run, and the
 * gates, which may take some of them. */
static bool forecast_tasks(PgSession *session, const RunOptions *options, const ApplyInput *input,
                           const History *history, ApplyPlan *plan, SchemaForecast *ret_forecast,
                           Error *err)
{
    bool fits = plan->relation == RELATION_FITS;
    *ret_forecast = (SchemaForecast){0};
    if (fits)
        run_parameters_find(&options->parameters, input->manifest, history,
                            options->action == ACTION_RESUME ? RUN_RESUMES : RUN_BEGINS_ANEW,
                            &plan->tasks, &ret_forecast->parameters);
    if (!forecast(session, input, history, ret_forecast, err))
        return false;
    return !fits ||
           (run_parameters_check(&ret_forecast->parameters, history, input->manifest, err) &&
            gates_look(session, plan, &ret_forecast->gates, err));
}

bool apply_run_plan(const RunOptions *options, const ApplyInput *input, const char *to_version,
                    History *ret_history, ApplyPlan *ret_plan, SchemaForecast *ret_forecast,
                    Error *err)
{
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    return run_session_open_reader(options, &session, err) &&
           apply_run_plan_on(session, options, input, to_version, ret_history, ret_plan,
                             ret_forecast, err);
}

bool apply_run_plan_on(PgSession *session, const RunOptions *options, const ApplyInput *input,
                       const char *to_version, History *ret_history, ApplyPlan *ret_plan,
                       SchemaForecast *ret_forecast, Error *err)
{
    CLEANUP(history_done) History history = {.unsettled = -1};
    if (!run_session_history(session, PG_SESSION_READS, options, &history, err))
        return false;
    *ret_history = history;
    history = (History){.unsettled = -1};
    apply_plan_make(ret_history, input->manifest, &input->head_digest, to_version, ret_plan);
    array_each (RunTask, task, &ret_plan->tasks)
        task->objects = &input->objects;
    ret_plan->server_major = pg_session_major(session);
    return apply_phase_choose(ret_plan, options->phase, err) &&
           (!ret_forecast ||
            forecast_tasks(session, options, input, ret_history, ret_plan, ret_forecast, err));
}
