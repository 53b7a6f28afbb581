#include "applier/runs/rollback_run.h"

#include <inttypes.h>

#include "applier/ledger/stored_proofs.h"
#include "applier/runs/rollback_loss.h"
#include "applier/runs/run_backup.h"
#include "applier/runs/run_session.h"
#include "applier/runs/target_check.h"
#include "applier/server/pg_query.h"
#include "base/clock.h"
#include "base/memory.h"

void rollback_report_done(RollbackReport *report)
{
    free(report->from_version);
    free(report->to_version);
    free(report->inside);
    free(report->version);
    free(report->warnings);
    free(report->redacted);
    ways_back_done(&report->ways);
    backup_record_done(&report->backup);
    schema_report_done(&report->schema);
    run_report_done(&report->run);
    *report = (RollbackReport){0};
}

/* One rollback under way. */
typedef struct Rollback {
    const RollbackOptions *options;
    RollbackReport *report;
    PgSession *session; /* holds the lock, runs the steps */
    RunTicks ticks;
    PgSession *reader; /* reads what is stored */
    StoredBundles bundles;
    History history;
    RollbackList list;
    RunTaskArray tasks;
    NameArray unproven; /* borrows from the manifests */
    SchemaCheck check;
    Text warnings;
    bool dry; /* nothing is written, a refusal neither */
} Rollback;

static bool bundle_proven_enough(Rollback *rollback, const StoredBundle *bundle, Error *err)
{
    static const StoredProof least[] = {[ROLLBACK_NEEDS_NOTHING] = PROVEN_BY_NOTHING,
                                        [ROLLBACK_NEEDS_STATE] = PROVEN_BY_STATE,
                                        [ROLLBACK_NEEDS_SIGNATURE] = PROVEN_BY_SIGNATURE};
    if (bundle->proven > rollback->report->proven)
        rollback->report->proven = bundle->proven;
    if (bundle->proven <= least[rollback->options->needs])
        return true;
    error_set(err, ERROR_TRUST,
              "what the database holds of bundle %s is proven by %s only, this site demands more",
              bundle->proof.head.bundle_id,
              bundle->proven == PROVEN_BY_STATE ? "the state file" : "the database itself");
    return error_hint(err,
                      "give this machine the keyring (trust init) or its state folder back, or "
                      "change rollback-needs");
}

static bool stored_source(void *context, const Digest *head_digest, const Manifest **ret_manifest,
                          const ObjectSource **ret_objects, Error *err)
{
    Rollback *rollback = context;
    const StoredBundle *bundle = NULL;
    if (!stored_bundles_get(&rollback->bundles, head_digest, &bundle, err) ||
        !bundle_proven_enough(rollback, bundle, err))
        return false;
    *ret_manifest = &bundle->manifest;
    *ret_objects = &bundle->objects;
    return true;
}

static LedgerEvent event_of(const Rollback *rollback, LedgerPhase phase)
{
    const RunTaskArray *tasks = &rollback->tasks;
    return (LedgerEvent){
        .action = rollback->options->run.action,
        .phase = phase,
        .head_digest = tasks->count ? &tasks->items[0].head_digest : NULL,
        .from_version = rollback->report->from_version ? rollback->report->from_version : "-",
        .to_version = rollback->report->to_version ? rollback->report->to_version : "-",
        .from_position = rollback->history.position,
        .to_position = rollback->list.to_position,
        .sqlstate = "",
        .words = phase == PHASE_OF_FAILURE ? "" : stored_proof_name(rollback->report->proven)};
}

static bool refused(Rollback *rollback, Error *err)
{
    return !rollback->dry &&
           run_session_failed(rollback->session, event_of(rollback, PHASE_OF_REFUSAL),
                              /* step= */ NULL, err);
}

static bool no_way_back(Rollback *rollback, Error *err)
{
    rollback_plan_offer_backup(&rollback->history, &rollback->list, err);
    return refused(rollback, err);
}

static bool settle(Rollback *rollback, Error *err)
{
    const JournalRow *open = history_unsettled(&rollback->history);
    const StoredBundle *stored = NULL;
    if (rollback->history.diverged)
        return true;
    if (open && !stored_bundles_get(&rollback->bundles, &open->head_digest, &stored, err))
        return error_wrap(err, "settling an open step");
    if (!settle_open_step(rollback->session, &rollback->history, stored ? &stored->manifest : NULL,
                          rollback->options->run.settle, &rollback->report->settled, err))
        return false;
    if (!rollback->report->settled.happened)
        return true;
    history_done(&rollback->history);
    return run_session_history(rollback->session, PG_SESSION_WRITES, &rollback->options->run,
                               &rollback->history, err);
}

/* The search_path of the steps is the manifest's, which is known only now. */
static bool pin_search_path(Rollback *rollback, Error *err)
{
    const Manifest *manifest = rollback->tasks.items[0].manifest;
    return strcmp(manifest->search_path, "public") == 0 ||
           pg_session_pin(rollback->session, "search_path", manifest->search_path, err);
}

static bool plan(Rollback *rollback, Error *err)
{
    if (!rollback_list_make(&rollback->history, &rollback->options->target, &rollback->list, err))
        return refused(rollback, err);
    rollback->report->from_version = memory_string(rollback->list.from_version);
    rollback->report->to_version = memory_string(rollback->list.to_version);
    rollback->report->inside = memory_string(rollback->list.inside);
    rollback->report->inside_count = rollback->list.inside_count;
    rollback->report->tasks = (int64_t)rollback->list.items.count;
    if (!rollback_plan_tasks(&rollback->list, stored_source, rollback, &rollback->tasks, err))
        return no_way_back(rollback, err);
    if (!run_units_check_atomic(&rollback->tasks, rollback->options->run.atomic, err))
        return refused(rollback, err);
    rollback_plan_ways(&rollback->tasks, pg_session_major(rollback->session),
                       &rollback->report->ways);
    if (!rollback_plan_check_ways(&rollback->report->ways, err))
        return no_way_back(rollback, err);
    if (rollback->report->proven == PROVEN_BY_NOTHING && rollback->tasks.count)
        text_add(&rollback->warnings,
                 "the way back was not verified again: neither keyring nor state file is at hand, "
                 "it stands on the database's word alone\n");
    return true;
}

/* --- the schema ------------------------------------------------------------------------------ */

/* The versions on the way are held by the bundles whose scripts run; the one in force, and the one
 * come to, perhaps by others too. What they say is compared with only. */
static bool load_proofs(Rollback *rollback, Error *err)
{
    SchemaCheck *check = &rollback->check;
    const History *history = &rollback->history;
    schema_check_begin(check, &rollback->options->run.schema, history, &rollback->warnings);
    array_each (const RunTask, task, &rollback->tasks)
        proof_sources_add(&check->sources, task->manifest, task->objects);
    array_each (const AppliedVersion, version, &history->versions) {
        const StoredBundle *stored = NULL;
        if (version->position < rollback->list.to_position ||
            !history_bundle(history, &version->head_digest))
            continue;
        if (!stored_bundles_get(&rollback->bundles, &version->head_digest, &stored, err))
            return error_wrap(err, "looking up the proven schema of version %s", version->name);
        proof_sources_add(&check->sources, &stored->manifest, &stored->objects);
    }
    return stored_proofs_add(&rollback->bundles, history, &check->sources, err);
}

static bool compare_before(Rollback *rollback, Error *err)
{
    return !history_is_at_version(&rollback->history) ||
           schema_check_before(&rollback->check, rollback->session, &rollback->history, err) ||
           refused(rollback, err);
}

/* Nothing to look at where it ends inside a version. */
static bool check_end(Rollback *rollback, Error *err)
{
    const RollbackList *list = &rollback->list;
    const AppliedVersion *target = NULL;
    char tree[DIGEST_HEX_SIZE];
    array_each (const AppliedVersion, version, &rollback->history.versions) {
        if (strcmp(version->name, list->to_version) == 0)
            target = version;
    }
    if (list->to_position != (target ? target->position : 0))
        return true;
    return schema_check_end(&rollback->check, rollback->session,
                            target ? digest_hex(&target->tree_digest, tree) : "-", list->to_version,
                            err) ||
           run_session_failed(rollback->session, event_of(rollback, PHASE_OF_FAILURE),
                              /* step= */ NULL, err);
}

/* --- what it costs --------------------------------------------------------------------------- */

static void find_unproven(Rollback *rollback)
{
    SchemaCheck *check = &rollback->check;
    rollback_proof_find(&rollback->tasks, &check->sources, check->report.arrival,
                        pg_session_major(rollback->session), &rollback->unproven);
    check->let_through = rollback->unproven.items;
    check->let_through_count = rollback->unproven.count;
}

static bool count_losses(Rollback *rollback, Error *err)
{
    WayBackArray *ways = &rollback->report->ways;
    const NameArray *accepted = rollback->options->accept_losses;
    if (!rollback_loss_count(rollback->reader, &rollback->tasks, ways, err))
        return false;
    rollback_loss_accept_again(&rollback->history, ways);
    return !accepted || rollback_plan_accept(ways, accepted, err);
}

static bool show(Rollback *rollback, RollbackShow shown, Error *err)
{
    const RollbackOptions *options = rollback->options;
    const RollbackView view = {
        .database = rollback->report->redacted,
        .list = &rollback->list,
        .tasks = &rollback->tasks,
        .ways = &rollback->report->ways,
        .unproven = &rollback->unproven,
        .backup = rollback_plan_backup(&rollback->history, &rollback->list),
        .schema = &rollback->check.report,
        .request = options->run.backup,
        .server_major = pg_session_major(rollback->session),
        .proven = rollback->report->proven,
    };
    return !shown || shown(options->show_context, &view, err);
}

static bool loses(const Rollback *rollback)
{
    bool any = false;
    array_each (const WayBack, way, &rollback->report->ways)
        any |= way_back_loses(way);
    return any;
}

/* What nobody has accepted stops it before it begins; then comes the question, then the backup. */
static bool accept(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    find_unproven(rollback);
    if (!count_losses(rollback, err) || !show(rollback, options->show, err))
        return false;
    if (options->run.rehearsal)
        return true; /* what it loses is lost on a copy */
    if (!rollback_plan_check_losses(&rollback->report->ways, err) ||
        !rollback_proof_check(&rollback->unproven,
                              options->accept_unproven || options->run.action == ACTION_RESUME,
                              err))
        return refused(rollback, err);
    return show(rollback, options->ask, err) &&
           run_backup_take_back(&options->run, rollback->session, loses(rollback),
                                event_of(rollback, PHASE_OF_REFUSAL), &rollback->report->backup,
                                &rollback->warnings, err);
}

static bool record_losses(Rollback *rollback, Error *err)
{
    array_each (const WayBack, way, &rollback->report->ways) {
        if (!way_back_loses(way))
            continue;
        CLEANUP(text_done) Text words = {0};
        if (way->verdict == VERDICT_LOSSY)
            text_addf(&words, "lossy: %s%s", way->detail, way->lost.count ? "; " : "");
        way_back_add_lost(way, &words);
        if (!ledger_add_loss(rollback->session, way->identity, text_string(&words), err))
            return false;
    }
    return true;
}

/* --- the run --------------------------------------------------------------------------------- */

static bool begin(Rollback *rollback, Error *err)
{
    PgSession *session = rollback->session;
    const LedgerEvent event = event_of(rollback, PHASE_OF_BEGIN);
    if (pg_script(session, "BEGIN", err) &&
        schema_check_run_begins(&rollback->check, session, err) &&
        ledger_add_event(session, &event, err) &&
        ledger_add_backup(session, &rollback->report->backup, err) &&
        record_losses(rollback, err) && pg_script(session, "COMMIT", err))
        return true;
    CLEANUP(error_done) Error ignored = {0};
    if (!pg_session_is_lost(session))
        (void)!pg_script(session, "ROLLBACK", &ignored);
    return false;
}

/* The durable end; a run that was killed behind its last step gets it from the next one. */
static bool end_run(Rollback *rollback, Error *err)
{
    LedgerEvent end = event_of(rollback, PHASE_OF_END);
    CLEANUP(text_done) Text words = {0};
    run_listener_ending(&rollback->options->run.listener, end.words, &words);
    end.words = text_string(&words);
    if (ledger_add_durable_event(rollback->session, &end, err))
        return true;
    if (err->class == ERROR_CONNECTION)
        err->class = ERROR_UNSETTLED;
    return false;
}

static bool run_tasks(Rollback *rollback, Error *err)
{
    const RunOptions *run = &rollback->options->run;
    const RunObserver observer = run_session_observer(run, &rollback->check);
    CLEANUP(replica_lag_done) ReplicaLag lag = run_listener_lag(&run->listener, run->max_lag);
    const StepRunnerOptions options = {
        .may_go_on = run->may_go_on                 ? run->may_go_on
                     : lag_limit_is_set(&lag.limit) ? replica_lag_may_go_on
                                                    : NULL,
        .may_go_on_context = run->may_go_on ? run->may_go_on_context : &lag,
        .atomic = run->atomic,
        .attempts = run->attempts,
        .listener = run->listener,
        .observer = &observer,
    };
    CLEANUP(run_units_done) RunUnits units = {0};
    run_units_build(&rollback->tasks, run->atomic, &units);
    if (!target_check_locks(rollback->session, run_units_lock_estimate(&rollback->tasks, &units),
                            err) ||
        !run_conflicts_check(rollback->session, &rollback->tasks, run->conflicts, &run->listener,
                             err) ||
        !replica_lag_check(&lag, rollback->session, err))
        return refused(rollback, err);
    if (!begin(rollback, err))
        return false;
    const LedgerEvent event = event_of(rollback, PHASE_OF_BEGIN);
    run_listener_begins(&run->listener, &(RunBegin){.session = rollback->session,
                                                    .action = ledger_action_name(run->action),
                                                    .from_version = event.from_version,
                                                    .to_version = event.to_version,
                                                    .tasks_count = rollback->report->tasks});
    if (!step_runner_run(rollback->session, &rollback->tasks, &units, &options,
                         &rollback->history.chain, &rollback->report->run, err))
        return run_session_failed(rollback->session, event_of(rollback, PHASE_OF_FAILURE),
                                  &rollback->report->run.failure, err);
    return check_end(rollback, err) && end_run(rollback, err);
}

static bool end_open_run(Rollback *rollback, Error *err)
{
    const PastArrival *found = history_arrival(&rollback->history);
    bool looked = found && *found->arrival;
    return !history_open_run(&rollback->history) ||
           ((looked || check_end(rollback, err)) && end_run(rollback, err));
}

static bool no_ledger(Error *err)
{
    error_set(err, ERROR_TARGET, "the database has no ledger: nothing was applied here by Sealift");
    return error_hint(err, "check --db: is it the database that was meant?");
}

static bool run(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    if (!run_session_open(&options->run, /* search_path= */ NULL, &rollback->session, err))
        return false;
    run_session_watch(rollback->session, &options->run.listener, &rollback->ticks);
    rollback->report->redacted = pg_session_describe(rollback->session);
    target_check_pooler(rollback->session, &rollback->warnings);
    if (rollback->session->facts.superuser)
        text_addf(&rollback->warnings, "role '%s' is a superuser\n",
                  rollback->session->facts.session_user);
    if (!run_session_history(rollback->session, PG_SESSION_WRITES, &options->run,
                             &rollback->history, err))
        return false;
    if (!rollback->history.managed)
        return no_ledger(err);
    if (!run_session_open_reader(&options->run, &rollback->reader, err))
        return false;
    rollback->bundles = (StoredBundles){.session = rollback->reader, .trust = &options->trust};
    if (!settle(rollback, err) || !plan(rollback, err) || !load_proofs(rollback, err))
        return false;
    if (rollback->tasks.count == 0)
        return end_open_run(rollback, err);
    return compare_before(rollback, err) && accept(rollback, err) &&
           pin_search_path(rollback, err) && run_tasks(rollback, err);
}

/* Two sessions that only read: one looks at the schema while the other reads what is stored. */
static bool run_dry(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    if (!run_session_open_reader(&options->run, &rollback->session, err) ||
        !run_session_open_reader(&options->run, &rollback->reader, err))
        return false;
    rollback->report->redacted = pg_session_describe(rollback->session);
    if (!run_session_history(rollback->session, PG_SESSION_READS, &options->run, &rollback->history,
                             err))
        return false;
    if (!rollback->history.managed)
        return no_ledger(err);
    rollback->bundles = (StoredBundles){.session = rollback->reader, .trust = &options->trust};
    if (!plan(rollback, err) || !load_proofs(rollback, err) || !compare_before(rollback, err))
        return false;
    find_unproven(rollback);
    return count_losses(rollback, err) && show(rollback, options->show, err);
}

static void note_version(Rollback *rollback)
{
    CLEANUP(error_done) Error ignored = {0};
    CLEANUP(history_done) History now = {.unsettled = -1};
    if (rollback->session && !pg_session_is_lost(rollback->session) &&
        history_read(rollback->session, &now, &ignored) && now.managed)
        rollback->report->version = memory_string(history_version_name(&now));
}

static void done(Rollback *rollback)
{
    schema_check_done(&rollback->check);
    array_free(&rollback->unproven);
    array_free(&rollback->tasks);
    rollback_list_done(&rollback->list);
    stored_bundles_done(&rollback->bundles);
    history_done(&rollback->history);
    pg_session_close(rollback->reader);
    pg_session_close(rollback->session);
}

static bool report_on(Rollback *rollback, bool (*run_it)(Rollback *rollback, Error *err),
                      Error *err)
{
    RollbackReport *report = rollback->report;
    int64_t begun = clock_monotonic_ms();
    report->run.settled = true;
    bool good = run_it(rollback, err);
    report->chain = rollback->history.chain;
    if (good && report->to_version)
        report->version = memory_string(report->to_version);
    else
        note_version(rollback);
    report->warnings = text_take(&rollback->warnings);
    report->schema = rollback->check.report;
    rollback->check.report = (SchemaReport){0};
    report->duration_ms = clock_monotonic_ms() - begun;
    done(rollback);
    return good;
}

bool rollback_run(const RollbackOptions *options, RollbackReport *report, Error *err)
{
    Rollback rollback = {.options = options, .report = report, .history.unsettled = -1};
    return report_on(&rollback, run, err);
}

bool rollback_run_plan(const RollbackOptions *options, RollbackReport *report, Error *err)
{
    Rollback rollback = {
        .options = options, .report = report, .history.unsettled = -1, .dry = true};
    return report_on(&rollback, run_dry, err);
}

/* --- resume ---------------------------------------------------------------------------------- */

void resume_plan_done(ResumePlan *plan)
{
    free(plan->bundle_path);
    free(plan->to_version);
    free(plan->unrest);
    *plan = (ResumePlan){0};
}

void resume_plan_make(const History *history, ResumePlan *ret_plan)
{
    ResumePlan plan = {.unrest = history_unrest(history)};
    const PastEvent *open = history_open_run(history);
    if (open) {
        plan.kind = past_event_applies(open) ? RESUME_APPLY : RESUME_ROLLBACK;
        plan.has_head = open->has_head;
        plan.head_digest = open->head_digest;
        plan.bundle_path = memory_string(open->bundle_path);
        plan.to_version = memory_string(open->to_version);
        plan.to_position = open->to_position;
    }
    *ret_plan = plan;
}
