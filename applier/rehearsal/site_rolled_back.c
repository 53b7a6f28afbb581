/* A rehearsal on the real database: up and, where it can be, back again in one transaction that is
 * rolled back. Nothing of ours is written outside of it, not even a refusal.
 *
 * The runner ends such a transaction with COMMIT; it does not come to that, since whoever is told
 * of the last arrival, before COMMIT, refuses it. So a run in which nobody would be told is refused
 * before it begins. */
#include "applier/ledger/stored_proofs.h"
#include "applier/rehearsal/rolled_back_way.h"
#include "applier/rehearsal/site_way_back.h"
#include "applier/runs/run_session.h"
#include "applier/runs/target_check.h"
#include "applier/server/pg_query.h"
#include "applier/sql/rolled_back_queries.h"
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
    size_t up_count;    /* tasks, the first of the plan's; behind them are those of the way back */
    NameArray unproven; /* versions on it that nobody has proven, come to this way; borrowed */
    Fingerprint schema; /* before */
    int64_t begun_ms;   /* of the direction under way */
    bool arrived;       /* at the target: all steps up went through */
    bool returned;      /* to where it began, and that is what was there before */
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

/* The last act of the one transaction that all of it is; NULL where it is not all of it. */
static const RunTask *last_arrival(const RolledBack *back)
{
    if (!back->units.units.count || back->units.units.items[0].kind != UNIT_TRANSACTION)
        return NULL;
    const RunUnit *unit = &back->units.units.items[0];
    const RunPart *last = &back->units.parts.items[unit->first_part + unit->part_count - 1];
    return last->arrives ? &back->plan.tasks.items[last->task] : NULL;
}

static bool comes_to_target(const RolledBack *back)
{
    const RunTask *task = last_arrival(back);
    return task && task->version == &back->input->manifest->versions.items[back->plan.target];
}

static bool check_locks(RolledBack *back, Error *err)
{
    /* it is one transaction by its method, whatever --atomic would say */
    return target_check_locks(back->session,
                              run_units_lock_estimate(&back->plan.tasks, &back->units),
                              ATOMIC_MIGRATION, err);
}

static bool refuse_gate(const RolledBack *back, Error *err)
{
    const RunPart *part = &back->units.parts.items[back->units.units.items[0].first_part];
    const RunTask *task = &back->plan.tasks.items[part->task];
    error_set(
        err, ERROR_TARGET,
        "this cannot be rolled back as a whole: version %s begins with the gate of '%s', which "
        "is asked in a transaction of its own",
        task->version->name, task->migration->identity);
    return error_hint(err, "rehearse it on a copy: --method template or --method restored");
}

static bool check_shape(RolledBack *back, Error *err)
{
    if (!run_units_check_atomic(&back->plan.tasks, ATOMIC_RUN, err)) {
        error_wrap(err, "this cannot be rolled back as a whole");
        return error_hint(err, "rehearse it on a copy: --method template or --method restored");
    }
    run_units_build(&back->plan.tasks, ATOMIC_RUN, &back->units);
    back->up_count = back->plan.tasks.count;
    if (comes_to_target(back))
        return check_locks(back, err);
    if (back->units.units.count && back->units.units.items[0].kind == UNIT_GATE)
        return refuse_gate(back, err);
    error_set(err, ERROR_TARGET,
              "this cannot be rolled back as a whole: what is left to do is no migration from its "
              "beginning");
    return error_hint(err, "'applier status' says what is open");
}

/* --- the way back ---------------------------------------------------------------------------- */

static bool goes_back(const RolledBack *back)
{
    return back->plan.tasks.count > back->up_count;
}

static void build_anew(RolledBack *back)
{
    run_units_done(&back->units);
    run_units_build(&back->plan.tasks, ATOMIC_RUN, &back->units);
}

static bool add_way_back(RolledBack *back, Error *err)
{
    RunTaskArray downs = {0};
    if (!rolled_back_way_make(&back->plan.tasks, &back->history, back->input,
                              pg_session_major(back->session), &downs, err))
        return false;
    array_each (const RunTask, task, &downs)
        *array_add(&back->plan.tasks) = *task;
    array_free(&downs);
    build_anew(back);
    const RunTask *last = last_arrival(back);
    if (!last || last != &back->plan.tasks.items[back->plan.tasks.count - 1])
        return error_set(err, ERROR_TARGET, "it would not come back to a version as its last step");
    return check_locks(back, err);
}

/* Without one the up alone is rehearsed, and why is said. */
static bool plan_way_back(RolledBack *back, Error *err)
{
    if (back->options->without_rollback || add_way_back(back, err))
        return true;
    if (err->class != ERROR_TARGET)
        return false;
    back->rehearsal->back.why_not = memory_string(err->message);
    error_done(err);
    back->plan.tasks.count = back->up_count;
    build_anew(back);
    return true;
}

/* --- before the first step ------------------------------------------------------------------- */

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
        pg_script(session, "SET CONSTRAINTS ALL IMMEDIATE", err) &&
        scripts_path_pause(session, PATH_OF_TRANSACTION, err))
        return true;
    if (!pg_session_is_lost(session))
        err->class = ERROR_STEP;
    return error_wrap(err, "what COMMIT would check");
}

static bool refuse_commit(Error *err)
{
    return error_set(err, ERROR_INTERNAL, "a rehearsal is rolled back");
}

/* As a transaction begins, which a rollback would be. */
static bool defer_again(PgSession *session, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_rolled_back_defers, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "looking for deferred constraints");
    return PQgetisnull(row, 0, 0) || pg_script(session, pg_result_text(row, 0, 0), err);
}

/* All is up; in the same transaction it goes back. Versions that nobody has proven, come to this
 * way, may come out otherwise. */
static bool turn(RolledBack *back, PgSession *session, Error *err)
{
    SchemaCheck *check = &back->check;
    RunTaskArray downs = {0};
    for (size_t i = back->up_count; i < back->plan.tasks.count; i++)
        *array_add(&downs) = back->plan.tasks.items[i];
    rollback_proof_find(&downs, &check->sources, check->report.arrival, pg_session_major(session),
                        &back->unproven);
    array_free(&downs);
    check->let_through = back->unproven.items;
    check->let_through_count = back->unproven.count;
    back->rehearsal->apply.schema = check->report;
    check->report = (SchemaReport){0};
    back->rehearsal->back.tried = true;
    if (!defer_again(session, err) || !site_measure_turn(back->rehearsal->measure, session, err))
        return false;
    back->begun_ms = clock_monotonic_ms();
    return true;
}

static bool arrives_up(RolledBack *back, PgSession *session, const RunArrival *arrival, Error *err)
{
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
    back->rehearsal->apply.duration_ms = clock_monotonic_ms() - back->begun_ms;
    return goes_back(back) ? turn(back, session, err) : refuse_commit(err);
}

static bool arrives_down(RolledBack *back, PgSession *session, const RunArrival *arrival,
                         Error *err)
{
    SiteWayBack *way = &back->rehearsal->back;
    CLEANUP(fingerprint_done) Fingerprint schema = {0};
    if (!schema_check_arrives(&back->check, session, arrival, err))
        return false;
    if (arrival->task != &back->plan.tasks.items[back->plan.tasks.count - 1])
        return true;
    if (!check_deferred(session, err))
        return false;
    way->run.duration_ms = clock_monotonic_ms() - back->begun_ms;
    if (!site_way_back_read(session, back->input->manifest, &schema, err))
        return error_wrap(err, "reading the schema");
    site_way_back_judge(&back->schema, &schema, /* rows_before= */ NULL, /* rows_after= */ NULL,
                        way);
    if (!site_way_back_check(way, back->check.report.state, err))
        return false;
    back->returned = true;
    return refuse_commit(err);
}

static bool arrives(void *context, PgSession *session, const RunArrival *arrival, Error *err)
{
    RolledBack *back = context;
    return arrival->task->direction == DIRECTION_UP ? arrives_up(back, session, arrival, err)
                                                    : arrives_down(back, session, arrival, err);
}

/* The journal's rows need a ledger: of a database without one it is part of what is rolled back. */
static bool open_transaction(RolledBack *back, Error *err)
{
    const Head *head = back->input->head;
    return back->history.managed ||
           (pg_script(back->session, "BEGIN", err) &&
            ledger_make(back->session, head->product, head->product_uuid, err));
}

/* What stopped the way back is its own failure. */
static void note_way_back_failed(RolledBack *back, Error *err)
{
    SiteRehearsal *rehearsal = back->rehearsal;
    rehearsal->back.run.run.failure = rehearsal->apply.run.failure;
    rehearsal->apply.run.failure = (StepFailure){0};
    if (!rehearsal->back.run.duration_ms)
        rehearsal->back.run.duration_ms = clock_monotonic_ms() - back->begun_ms;
    error_wrap(err, "the way back");
}

/* A script that has ended our transaction by itself is ERROR_UNSETTLED, and says so. */
static bool failed(RolledBack *back, Error *err)
{
    if (back->arrived)
        note_way_back_failed(back, err);
    else
        back->rehearsal->apply.duration_ms = clock_monotonic_ms() - back->begun_ms;
    if (pg_session_is_lost(back->session))
        return error_hint(err, "the server rolls back what was done: nothing of the rehearsal "
                               "stays");
    /* what does not lead back has a hint of its own */
    if (!back->rehearsal->back.done &&
        (err->class == ERROR_STEP || err->class == ERROR_INTERRUPTED))
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
    if (goes_back(back) ? !back->returned : !back->arrived)
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

/* The schema as it is now; of a way back alone it is of use. */
static bool look_before(RolledBack *back, Error *err)
{
    back->rehearsal->back.run.tasks = (int64_t)(back->plan.tasks.count - back->up_count);
    if (goes_back(back) &&
        !site_way_back_read(back->session, back->input->manifest, &back->schema, err))
        return error_wrap(err, "reading the schema");
    return site_measure_begin(back->rehearsal->measure, back->session, /* rows= */ NULL, err);
}

static bool run(RolledBack *back, Error *err)
{
    if (!prepare(back, err))
        return false;
    if (back->plan.relation == RELATION_CURRENT)
        return true;
    back->rehearsal->measure = site_measure_new(SITE_MEASURE_WHOLE_RUN);
    if (!check_shape(back, err) || !plan_way_back(back, err) || !check_others(back, err) ||
        !check_schema(back, err) || !site_rehearsal_confirm(back->options, back->rehearsal, err) ||
        !look_before(back, err))
        return false;
    back->begun_ms = clock_monotonic_ms();
    bool good = run_steps(back, err);
    back->rehearsal->up_passed = back->arrived;
    return good;
}

bool site_rolled_back_run(const SiteRehearsalOptions *options, const ApplyInput *input,
                          SiteRehearsal *rehearsal, Error *err)
{
    RolledBack back = {
        .options = options, .input = input, .rehearsal = rehearsal, .history.unsettled = -1};
    bool good = run(&back, err);
    *(rehearsal->back.tried ? &rehearsal->back.run.schema : &rehearsal->apply.schema) =
        back.check.report;
    back.check.report = (SchemaReport){0};
    array_free(&back.unproven);
    fingerprint_done(&back.schema);
    schema_check_done(&back.check);
    run_parameters_done(&back.parameters);
    run_units_done(&back.units);
    apply_plan_done(&back.plan);
    history_done(&back.history);
    pg_session_close(back.session);
    return good;
}
