#include "applier/runs/apply_run.h"

#include "applier/ledger/stored_proofs.h"
#include "applier/runs/apply_phase.h"
#include "applier/runs/relation_rights.h"
#include "applier/runs/run_backup.h"
#include "applier/runs/run_link.h"
#include "applier/runs/run_session.h"
#include "applier/runs/target_check.h"
#include "applier/server/pg_query.h"
#include "base/clock.h"
#include "base/memory.h"

void apply_report_done(ApplyReport *report)
{
    free(report->from_version);
    free(report->to_version);
    free(report->version);
    free(report->halt);
    free(report->warnings);
    free(report->redacted);
    schema_report_done(&report->schema);
    backup_record_done(&report->backup);
    run_report_done(&report->run);
    *report = (ApplyReport){0};
}

bool apply_run_is_done(const RunOptions *options, const Head *head, const Digest *head_digest,
                       bool *ret_done, Error *err)
{
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    return run_session_open_reader(options, &session, err) &&
           ledger_check_owner(session, PG_SESSION_WRITES, options->ledger_owner, err) &&
           ledger_is_done(session, head_digest, head->tree_to, ret_done, err);
}

/* One apply under way, in one attempt or several (run_link.h): what stands above the line is of all
 * of them. */
typedef struct Apply {
    const RunOptions *options;
    const ApplyInput *input;
    const char *to_version;
    ApplyReport *report;
    RunLink link;
    Text warnings;  /* of the first attempt */
    Text repeated;  /* of those behind it: mostly the same */
    bool backed_up; /* the gate was passed */
    bool announced; /* the listener knows that the run has begun */
    /* of this attempt: */
    PgSession *session;
    RunTicks ticks;
    History history;
    ApplyPlan plan;
    RunParameters parameters;
    int64_t to_position; /* migrations applied once the target is reached */
    SchemaCheck check;
} Apply;

/* The first plan of the run is what it reports of. */
static bool goes_on(const Apply *apply)
{
    return apply->report->from_version != NULL;
}

static Text *warnings_of(Apply *apply)
{
    return apply->link.reconnects ? &apply->repeated : &apply->warnings;
}

static LedgerEvent event_of(const Apply *apply, LedgerPhase phase)
{
    return (LedgerEvent){.action = apply->options->action,
                         .phase = phase,
                         .head_digest = &apply->input->head_digest,
                         .from_version = apply->report->from_version,
                         .to_version = apply->report->to_version,
                         .from_position = apply->history.position,
                         .to_position = apply->to_position,
                         .run_id = apply->options->run_id,
                         .bundle_path = apply->input->path,
                         .run_phase =
                             apply->options->phase == RUN_PHASE_BEFORE ? RUN_OF_BEFORE : NULL,
                         .sqlstate = "",
                         .words = ""};
}

static bool read_history(Apply *apply, Error *err)
{
    history_done(&apply->history);
    return run_session_history(apply->session, PG_SESSION_WRITES, apply->options, &apply->history,
                               err) &&
           run_link_check(&apply->link, &apply->history, err);
}

/* What the operator said of an open step is said once. */
static SettleChoice settle_choice(const Apply *apply, const JournalRow *open)
{
    bool said = apply->report->settled.happened || (apply->link.reconnects && !open);
    return said ? SETTLE_BY_LOOKING : apply->options->settle;
}

/* What a killed run left open may belong to another bundle, which the ledger has. */
static bool settle(Apply *apply, Error *err)
{
    const JournalRow *open = history_unsettled(&apply->history);
    const ApplyInput *input = apply->input;
    const Manifest *manifest = input->manifest;
    CLEANUP(stored_bundle_freep) StoredBundle *stored = NULL;
    SettleReport settled;
    if (apply->history.diverged)
        return true; /* the plan says so */
    if (open && !digest_equal(&open->head_digest, &input->head_digest)) {
        if (!stored_bundle_load(apply->session, &open->head_digest, /* trust= */ NULL, &stored,
                                err))
            return error_wrap(err, "settling an open step");
        manifest = &stored->manifest;
    }
    if (!settle_open_step(apply->session, &apply->history, manifest, settle_choice(apply, open),
                          apply->options->step_limit_ms, &settled, err))
        return false;
    if (settled.happened)
        apply->report->settled = settled;
    return !settled.happened || read_history(apply, err);
}

/* Against the first plan: what is done of it, by whatever attempt, the ledger says. */
static void count_done(Apply *apply)
{
    ApplyReport *report = apply->report;
    int64_t left = run_tasks_count(&apply->plan.tasks);
    report->tasks = left > report->tasks ? left : report->tasks;
    report->run.tasks_done = report->tasks - left;
    report->run.groups_committed = run_link_committed(&apply->link, &apply->history);
    report->run.settled = true;
}

/* All that the migrations of this run take, their way back included, before anything begins. */
static bool find_parameters(Apply *apply, Error *err)
{
    const Manifest *manifest = apply->input->manifest;
    run_parameters_find(&apply->options->parameters, manifest, &apply->history,
                        apply->options->action == ACTION_RESUME ? RUN_RESUMES : RUN_BEGINS_ANEW,
                        &apply->plan.tasks, &apply->parameters);
    run_parameters_warn(&apply->parameters, warnings_of(apply));
    return run_parameters_check(&apply->parameters, &apply->history, manifest, err);
}

static bool make_plan(Apply *apply, Error *err)
{
    const ApplyInput *input = apply->input;
    apply_plan_make(&apply->history, input->manifest, &input->head_digest, apply->to_version,
                    &apply->plan);
    array_each (RunTask, task, &apply->plan.tasks)
        task->objects = &input->objects;
    ApplyReport *report = apply->report;
    RunPhase phase = apply->options->phase;
    /* where the rest may begin is asked once, not wherever a lost connection let it come back */
    bool good = (phase == RUN_PHASE_AFTER && goes_on(apply)) ||
                apply_phase_choose(&apply->plan, phase, err);
    const ManifestVersionArray *versions = &input->manifest->versions;
    if (!goes_on(apply)) {
        report->relation = apply->plan.relation;
        report->before_only = phase == RUN_PHASE_BEFORE;
        report->from_version = memory_string(history_version_name(&apply->history));
        report->to_version = memory_string(apply->plan.relation == RELATION_NO_VERSION
                                               ? apply->to_version
                                               : versions->items[apply->plan.target].name);
        report->halt = memory_string(apply->plan.halt);
    }
    count_done(apply);
    apply->to_position = phase == RUN_PHASE_BEFORE
                             ? apply_plan_end(&apply->plan, apply->history.position)
                             : apply->plan.to_position;
    return (good && apply_plan_check(&apply->plan, err) && find_parameters(apply, err)) ||
           run_session_failed(apply->session, event_of(apply, PHASE_OF_REFUSAL), /* step= */ NULL,
                              err);
}

/* Envelope, manifest and the way back are in the ledger before the first step. */
static bool begin(Apply *apply, Error *err)
{
    const ApplyInput *input = apply->input;
    bool open = run_link_is_open(&apply->link, &apply->history);
    const LedgerEvent event = event_of(apply, open ? PHASE_OF_RETURN : PHASE_OF_BEGIN);
    run_link_begins(&apply->link, &apply->history);
    if (!apply->history.managed &&
        !ledger_install(apply->session, input->head->product, input->head->product_uuid, err))
        return false;
    if (ledger_begin_local(apply->session, err) &&
        run_session_store_bundle(apply->session, input, err) &&
        schema_check_run_begins(&apply->check, apply->session, err) &&
        ledger_add_event(apply->session, &event, err) &&
        (open || (ledger_add_backup(apply->session, &apply->report->backup, err) &&
                  run_parameters_record(apply->session, &apply->parameters, err))) &&
        pg_script(apply->session, "COMMIT", err))
        return true;
    CLEANUP(error_done) Error ignored = {0};
    if (!pg_session_is_lost(apply->session))
        (void)!pg_script(apply->session, "ROLLBACK", &ignored);
    return false;
}

/* --- the schema ------------------------------------------------------------------------------ */

/* What the ledger keeps may know proven schemas of the version in force that this bundle does not:
 * of another server major, or by a rollback. */
static bool compare_before(Apply *apply, Error *err)
{
    SchemaCheck *check = &apply->check;
    CLEANUP(stored_bundles_done) StoredBundles stored = {.session = apply->session};
    if (!history_is_at_version(&apply->history))
        return true;
    bool good = stored_proofs_add(&stored, &apply->history, &check->sources, err) &&
                schema_check_before(check, apply->session, &apply->history, err);
    /* inside the run the session is busy, and only this bundle's versions are come to */
    array_free(&check->sources);
    proof_sources_add(&check->sources, apply->input->manifest, &apply->input->objects);
    if (good && apply->plan.stands_for)
        good = schema_check_in_place(check, apply->session, apply->plan.stands_for,
                                     apply->plan.tasks.items[0].version, err);
    return good || run_session_failed(apply->session, event_of(apply, PHASE_OF_REFUSAL),
                                      /* step= */ NULL, err);
}

/* A run that ended behind its last step, before anybody looked, or that was found to differ. */
static bool check_end(Apply *apply, Error *err)
{
    char tree[DIGEST_HEX_SIZE];
    const ManifestVersion *target = &apply->input->manifest->versions.items[apply->plan.target];
    if (apply->report->before_only)
        return true; /* inside a version: nothing is proven of that */
    return schema_check_end(&apply->check, apply->session, digest_hex(&target->tree_digest, tree),
                            target->name, err) ||
           run_session_failed(apply->session, event_of(apply, PHASE_OF_FAILURE), /* step= */ NULL,
                              err);
}

static bool check_mode(Apply *apply, Error *err)
{
    const Manifest *manifest = apply->input->manifest;
    AtomicMode mode = apply->options->atomic;
    if (mode != ATOMIC_MIGRATION && !manifest->fingerprints.count)
        text_addf(warnings_of(apply), "--atomic %s was not rehearsed: the bundle is unproven\n",
                  atomic_mode_name(mode));
    return apply_plan_check_mode(manifest, mode, apply->plan.target,
                                 pg_session_major(apply->session), err);
}

/* --- the run --------------------------------------------------------------------------------- */

static bool check_limits(Apply *apply, const RunUnits *units, Error *err)
{
    return (check_mode(apply, err) &&
            run_units_check_atomic(&apply->plan.tasks, apply->options->atomic, err) &&
            target_check_locks(apply->session, run_units_lock_estimate(&apply->plan.tasks, units),
                               apply->options->atomic, err) &&
            relation_rights_check(apply->session, &apply->plan.tasks, &apply->input->objects,
                                  err)) ||
           run_session_failed(apply->session, event_of(apply, PHASE_OF_REFUSAL), /* step= */ NULL,
                              err);
}

static bool check_others(Apply *apply, ReplicaLag *lag, Error *err)
{
    return (run_conflicts_check(apply->session, &apply->plan.tasks, apply->options->conflicts,
                                &apply->options->listener, err) &&
            replica_lag_check(lag, apply->session, err)) ||
           run_session_failed(apply->session, event_of(apply, PHASE_OF_REFUSAL), /* step= */ NULL,
                              err);
}

/* What a run committed without waiting for the disk is on it once this returns. A run that was
 * killed behind its last step gets its end from the next one. */
static bool end_run(Apply *apply, Error *err)
{
    LedgerEvent end = event_of(apply, PHASE_OF_END);
    CLEANUP(text_done) Text words = {0};
    run_listener_ending(&apply->options->listener, end.words, &words);
    end.words = text_string(&words);
    if (!run_session_end(apply->session, apply->options, &end, err))
        return false;
    apply->report->chain = apply->history.chain;
    apply->report->recorded = true;
    return ledger_read_identity(apply->session, &apply->report->identity, err);
}

/* Once, however often the run comes back. */
static bool take_backup(Apply *apply, Error *err)
{
    apply->backed_up =
        apply->backed_up || run_backup_take(apply->options, apply->session, &apply->history,
                                            event_of(apply, PHASE_OF_REFUSAL),
                                            &apply->report->backup, &apply->warnings, err);
    return apply->backed_up;
}

static void announce(Apply *apply)
{
    const RunBegin begin = {.session = apply->session,
                            .run_id = apply->options->run_id,
                            .action = ledger_action_name(apply->options->action),
                            .product = apply->input->head->product,
                            .from_version = apply->report->from_version,
                            .to_version = apply->report->to_version,
                            .tasks_count = apply->report->tasks};
    if (!apply->announced)
        run_listener_begins(&apply->options->listener, &begin);
    apply->announced = true;
}

static bool run_units(Apply *apply, const RunUnits *units, Error *err)
{
    const RunObserver observer = run_session_observer(apply->options, &apply->check);
    CLEANUP(replica_lag_done)
    ReplicaLag lag = run_listener_lag(&apply->options->listener, apply->options->max_lag);
    const StepRunnerOptions options = {
        .may_go_on = apply->options->may_go_on      ? apply->options->may_go_on
                     : lag_limit_is_set(&lag.limit) ? replica_lag_may_go_on
                                                    : NULL,
        .may_go_on_context = apply->options->may_go_on ? apply->options->may_go_on_context : &lag,
        .attempts = apply->options->attempts,
        .step_limit_ms = apply->options->step_limit_ms,
        .listener = apply->options->listener,
        .observer = &observer,
        .hurries = apply->options->measure != NULL,
    };
    if (!check_limits(apply, units, err) || !compare_before(apply, err) ||
        !check_others(apply, &lag, err) || !take_backup(apply, err) || !begin(apply, err))
        return false;
    announce(apply);
    bool good = step_runner_run(apply->session, &apply->plan.tasks, units, &options,
                                &apply->history.chain, &apply->report->run, err);
    if (!good)
        return run_session_failed(apply->session, event_of(apply, PHASE_OF_FAILURE),
                                  &apply->report->run.failure, err);
    return check_end(apply, err) && end_run(apply, err);
}

/* Nothing to do but the end of a run that was killed behind its last step; or of our own, whose
 * COMMIT gave its answer to a connection that is gone: committed again it is waited for again. */
static bool end_open_run(Apply *apply, Error *err)
{
    const PastArrival *found = history_arrival(&apply->history);
    bool looked = found && *found->arrival;
    const PastEvent *open = history_open_run(&apply->history);
    if (open && apply->report->before_only && open->to_position != apply->history.position) {
        error_set(err, ERROR_TARGET,
                  "the run to version %s is not at its end, and no migration of phase before is "
                  "next",
                  open->to_version);
        return error_hint(err, "'applier resume' goes on with it");
    }
    if (!open)
        return !run_link_has_ended(&apply->link, &apply->history) || end_run(apply, err);
    return (looked || check_end(apply, err)) && end_run(apply, err);
}

/* The last look of an attempt before stays the last look until there is another. */
static void begin_check(Apply *apply)
{
    SchemaReport last = apply->check.report;
    schema_check_begin(&apply->check, &apply->options->schema, &apply->history, &apply->parameters,
                       warnings_of(apply));
    apply->check.report = last;
}

static bool attempt(Apply *apply, Error *err)
{
    if (!run_link_open(&apply->link, apply->input->manifest->search_path, &apply->session, err))
        return false;
    free(apply->report->redacted);
    run_session_watch(apply->session, &apply->options->listener, &apply->ticks);
    apply->report->redacted = pg_session_describe(apply->session);
    if (!target_check(apply->session, apply->input->manifest, warnings_of(apply), err) ||
        !read_history(apply, err) || !settle(apply, err) || !make_plan(apply, err))
        return false;
    begin_check(apply);
    proof_sources_add(&apply->check.sources, apply->input->manifest, &apply->input->objects);
    if (apply->plan.relation == RELATION_CURRENT)
        return end_open_run(apply, err);
    CLEANUP(run_units_done) RunUnits units = {0};
    run_units_build(&apply->plan.tasks, apply->options->atomic, &units);
    return run_units(apply, &units, err);
}

/* Before the next attempt; the report of the schema stays. */
static void forget_attempt(Apply *apply)
{
    SchemaReport last = apply->check.report;
    apply->check.report = (SchemaReport){0};
    schema_check_done(&apply->check);
    apply->check.report = last;
    apply_plan_done(&apply->plan);
    run_parameters_done(&apply->parameters);
    history_done(&apply->history);
    pg_session_close(apply->session);
    apply->session = NULL;
}

/* Which version holds now, as far as the session can still tell. */
static void note_version(Apply *apply)
{
    CLEANUP(error_done) Error ignored = {0};
    if (apply->session && !pg_session_is_lost(apply->session) && read_history(apply, &ignored))
        apply->report->version = memory_string(history_version_name(&apply->history));
}

bool apply_run(const RunOptions *options, const ApplyInput *input, const char *to_version,
               ApplyReport *report, Error *err)
{
    Apply apply = {.options = options,
                   .input = input,
                   .to_version = to_version,
                   .report = report,
                   .link = run_link_make(options),
                   .history.unsettled = -1};
    int64_t begun = clock_monotonic_ms();
    report->run.settled = true;
    bool good = attempt(&apply, err);
    while (!good && run_link_goes_on(&apply.link, apply.session, err)) {
        forget_attempt(&apply);
        step_failure_done(&report->run.failure);
        good = attempt(&apply, err);
    }
    report->reconnects = apply.link.reconnects;
    if (good && report->to_version && !report->before_only)
        report->version = memory_string(report->to_version);
    else
        note_version(&apply);
    report->duration_ms = clock_monotonic_ms() - begun;
    text_add_new_lines(&apply.warnings, text_string(&apply.repeated));
    report->warnings = text_take(&apply.warnings);
    report->schema = apply.check.report;
    apply.check.report = (SchemaReport){0};
    forget_attempt(&apply);
    text_done(&apply.repeated);
    return good;
}
