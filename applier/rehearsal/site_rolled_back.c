/* A rehearsal on the real database: all of it in one transaction that is rolled back. Nothing of
 * ours is written outside of it, not even a refusal.
 *
 * The runner ends such a transaction with COMMIT; it does not come to that, since whoever is told
 * of the arrival at the target, before COMMIT, refuses it. So a run in which nobody would be told
 * is refused before it begins. */
#include "applier/ledger/stored_proofs.h"
#include "applier/rehearsal/site_rehearsal.h"
#include "applier/runs/run_session.h"
#include "applier/runs/target_check.h"
#include "applier/server/pg_query.h"
#include "applier/steps/scripts_path.h"
#include "base/clock.h"

/* One under way. */
typedef struct RolledBack {
    const SiteRehearsalOptions *options;
    const ApplyInput *input;
    SiteRehearsal *rehearsal;
    PgSession *session; /* owned */
    History history;
    ApplyPlan plan;
    RunParameters parameters;
    RunUnits units;
    SchemaPolicy policy;
    SchemaCheck check;
    bool arrived; /* at the target: all steps went through */
} RolledBack;

/* --- before ---------------------------------------------------------------------------------- */

static bool make_plan(RolledBack *back, Error *err)
{
    const ApplyInput *input = back->input;
    apply_plan_make(&back->history, input->manifest, &input->head_digest, back->options->to_version,
                    &back->plan);
    array_each (RunTask, task, &back->plan.tasks) {
        task->objects = &input->objects;
        back->rehearsal->unverified += run_task_verifies(task);
    }
    site_rehearsal_note_plan(&back->plan, &back->history, input->manifest, back->rehearsal);
    if (!apply_plan_check(&back->plan, err))
        return false;
    run_parameters_find(&back->options->run.parameters, input->manifest, &back->history,
                        RUN_BEGINS_ANEW, &back->plan.tasks, &back->parameters);
    run_parameters_warn(&back->parameters, &back->rehearsal->warnings);
    return run_parameters_check(&back->parameters, &back->history, input->manifest, err);
}

/* One transaction, which comes to the target as its last act. */
static bool comes_to_target(const RolledBack *back)
{
    if (!back->units.units.count || back->units.units.items[0].kind != UNIT_TRANSACTION)
        return false;
    const RunUnit *unit = &back->units.units.items[0];
    const RunPart *last = &back->units.parts.items[unit->first_part + unit->part_count - 1];
    const RunTask *task = &back->plan.tasks.items[last->task];
    const ManifestVersionArray *versions = &back->input->manifest->versions;
    return last->arrives && task->version == &versions->items[back->plan.target];
}

static bool check_shape(RolledBack *back, Error *err)
{
    if (!run_units_check_atomic(&back->plan.tasks, ATOMIC_RUN, err)) {
        error_wrap(err, "this cannot be rolled back as a whole");
        return error_hint(err, "rehearse it on a copy: --method template or --method restored");
    }
    run_units_build(&back->plan.tasks, ATOMIC_RUN, &back->units);
    /* it is one transaction by its method, whatever --atomic would say */
    if (comes_to_target(back))
        return target_check_locks(back->session,
                                  run_units_lock_estimate(&back->plan.tasks, &back->units),
                                  ATOMIC_MIGRATION, err);
    error_set(err, ERROR_TARGET,
              "this cannot be rolled back as a whole: what is left to do is no migration from its "
              "beginning");
    return error_hint(err, "'applier status' says what is open");
}

/* Whoever is connected would wait for our locks. */
static bool check_others(RolledBack *back, Error *err)
{
    CLEANUP(memory_freep) char *others = NULL;
    if (back->options->allow_blocking)
        return true;
    if (!site_clone_others(back->session, &others, err))
        return false;
    if (!*others)
        return true;
    error_set(err, ERROR_TARGET,
              "others are connected, and a rehearsal that is rolled back holds its locks until it "
              "ends: they would wait");
    error_detail(err, "%s", others);
    return error_hint(err, "stop them, say --allow-blocking, or rehearse on a copy (--method "
                           "restored)");
}

static bool check_schema(RolledBack *back, Error *err)
{
    SchemaCheck *check = &back->check;
    CLEANUP(stored_bundles_done) StoredBundles stored = {.session = back->session};
    /* there is no behind COMMIT here to look at the schema then */
    back->policy = back->options->run.schema;
    back->policy.look_under_lock_ms = INT64_MAX;
    schema_check_begin(check, &back->policy, &back->history, &back->parameters,
                       &back->rehearsal->warnings);
    proof_sources_add(&check->sources, back->input->manifest, &back->input->objects);
    bool good = !history_is_at_version(&back->history) ||
                (stored_proofs_add(&stored, &back->history, &check->sources, err) &&
                 schema_check_before(check, back->session, &back->history, err));
    array_free(&check->sources);
    proof_sources_add(&check->sources, back->input->manifest, &back->input->objects);
    return good;
}

/* --- inside ---------------------------------------------------------------------------------- */

/* What COMMIT would check, by triggers that run with the search_path of scripts. */
static bool check_deferred(PgSession *session, Error *err)
{
    if (scripts_path_resume(session, PATH_OF_TRANSACTION, err) &&
        pg_script(session, "SET CONSTRAINTS ALL IMMEDIATE", err))
        return true;
    if (!pg_session_is_lost(session))
        err->class = ERROR_STEP;
    return error_wrap(err, "what COMMIT would check");
}

static bool arrives(void *context, PgSession *session, const RunArrival *arrival, Error *err)
{
    RolledBack *back = context;
    const ManifestVersion *version = arrival->task->version;
    bool last = version == &back->input->manifest->versions.items[back->plan.target];
    bool good = schema_check_arrives(&back->check, session, arrival, err);
    const SchemaReport *seen = &back->check.report;
    bool looked = seen->version && strcmp(seen->version, version->name) == 0;
    if (good || looked)
        site_rehearsal_add_version(back->rehearsal, version->name,
                                   looked ? seen->state : SCHEMA_UNPROVEN,
                                   looked && seen->arrival ? seen->arrival : "");
    if (!good || !last)
        return good;
    if (!check_deferred(session, err))
        return false;
    back->arrived = true;
    return error_set(err, ERROR_INTERNAL, "a rehearsal is rolled back");
}

/* The journal's rows need a ledger: of a database without one it is part of what is rolled back. */
static bool open_transaction(RolledBack *back, Error *err)
{
    const Head *head = back->input->head;
    return back->history.managed ||
           (pg_script(back->session, "BEGIN", err) &&
            ledger_make(back->session, head->product, head->product_uuid, err));
}

/* A script that has ended our transaction by itself is ERROR_UNSETTLED, and says so. */
static bool failed(RolledBack *back, Error *err)
{
    if (pg_session_is_lost(back->session))
        return error_hint(err, "the server rolls back what was done: nothing of the rehearsal "
                               "stays");
    if (err->class == ERROR_STEP || err->class == ERROR_INTERRUPTED)
        error_hint(err, "all of it was rolled back: the database is as it was");
    return false;
}

static bool run_steps(RolledBack *back, Error *err)
{
    SiteRehearsal *rehearsal = back->rehearsal;
    const RunObserver measure = site_measure_observer(rehearsal->measure);
    RunOptions run = back->options->run;
    run.measure = &measure;
    RunObserver observer = run_session_observer(&run, &back->check);
    observer.arrives = arrives;
    observer.arrived = NULL;
    observer.context = back;
    /* the ledger of a database without one is gone after the first attempt */
    const StepRunnerOptions options = {
        .attempts = 1, .listener = run.listener, .observer = &observer, .hurries = true};
    JournalChain chain = back->history.chain;
    if (!back->history.managed)
        journal_chain_begin(&chain);
    bool good = open_transaction(back, err) &&
                step_runner_run(back->session, &back->plan.tasks, &back->units, &options, &chain,
                                &rehearsal->apply.run, err);
    rehearsal->ended_us = clock_monotonic_us();
    if (good)
        return error_set(err, ERROR_INTERNAL, "a rehearsal was not rolled back");
    if (!back->arrived)
        return failed(back, err);
    error_done(err);
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool prepare(RolledBack *back, Error *err)
{
    const RunOptions *run = &back->options->run;
    SiteRehearsal *rehearsal = back->rehearsal;
    if (!run_session_open(run, back->input->manifest->search_path, &back->session, err))
        return false;
    rehearsal->database = pg_session_describe(back->session);
    rehearsal->server_version = memory_string(back->session->facts.version_text);
    return target_check(back->session, back->input->manifest, &rehearsal->warnings, err) &&
           run_session_history(back->session, PG_SESSION_WRITES, run, &back->history, err) &&
           make_plan(back, err);
}

static bool run(RolledBack *back, Error *err)
{
    if (!prepare(back, err))
        return false;
    if (back->plan.relation == RELATION_CURRENT)
        return true;
    back->rehearsal->measure = site_measure_new(SITE_MEASURE_WHOLE_RUN);
    if (!check_shape(back, err) || !check_others(back, err) || !check_schema(back, err) ||
        !site_rehearsal_confirm(back->options, back->rehearsal, err) ||
        !site_measure_begin(back->rehearsal->measure, back->session, /* rows= */ NULL, err))
        return false;
    int64_t begun = clock_monotonic_ms();
    bool good = run_steps(back, err);
    back->rehearsal->apply.duration_ms = clock_monotonic_ms() - begun;
    back->rehearsal->up_passed = good;
    return good;
}

bool site_rolled_back_run(const SiteRehearsalOptions *options, const ApplyInput *input,
                          SiteRehearsal *rehearsal, Error *err)
{
    RolledBack back = {
        .options = options, .input = input, .rehearsal = rehearsal, .history.unsettled = -1};
    bool good = run(&back, err);
    rehearsal->apply.schema = back.check.report;
    back.check.report = (SchemaReport){0};
    schema_check_done(&back.check);
    run_parameters_done(&back.parameters);
    run_units_done(&back.units);
    apply_plan_done(&back.plan);
    history_done(&back.history);
    pg_session_close(back.session);
    return good;
}
