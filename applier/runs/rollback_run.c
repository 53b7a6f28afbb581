#include "applier/runs/rollback_run.h"

#include <inttypes.h>

#include "applier/ledger/stored_proofs.h"
#include "applier/runs/rollback_loss.h"
#include "applier/runs/run_backup.h"
#include "applier/runs/run_link.h"
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

/* One rollback under way, in one attempt or several (run_link.h): what stands above the line is of
 * all of them. */
typedef struct Rollback {
    const RollbackOptions *options;
    RollbackReport *report;
    RunLink link;
    RollbackTarget target; /* the options' own, then what the first plan made of it */
    bool accepted;         /* by the operator, and the backup is taken */
    bool announced;        /* the listener knows that the run has begun */
    bool dry;              /* nothing is written, a refusal neither */
    Text warnings;         /* of the first attempt */
    Text repeated;         /* of those behind it: mostly the same */
    /* of this attempt: */
    PgSession *session; /* holds the lock, runs the steps */
    RunTicks ticks;
    PgSession *reader; /* reads what is stored */
    StoredBundles bundles;
    History history;
    RollbackList list;
    RunTaskArray tasks;
    RollbackParameters parameters;
    WayBackArray ways;
    NameArray unproven; /* borrows from the manifests */
    SchemaCheck check;
} Rollback;

/* The first plan of the run is what it reports of. */
static bool goes_on(const Rollback *rollback)
{
    return rollback->report->from_version != NULL;
}

static Text *warnings_of(Rollback *rollback)
{
    return rollback->link.reconnects ? &rollback->repeated : &rollback->warnings;
}

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
        .run_id = rollback->options->run.run_id,
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

static bool read_history(Rollback *rollback, Error *err)
{
    history_done(&rollback->history);
    return run_session_history(rollback->session, PG_SESSION_WRITES, &rollback->options->run,
                               &rollback->history, err) &&
           run_link_check(&rollback->link, &rollback->history, err);
}

/* What the operator said of an open step is said once. */
static SettleChoice settle_choice(const Rollback *rollback, const JournalRow *open)
{
    bool said = rollback->report->settled.happened || (rollback->link.reconnects && !open);
    return said ? SETTLE_BY_LOOKING : rollback->options->run.settle;
}

static bool settle(Rollback *rollback, Error *err)
{
    const JournalRow *open = history_unsettled(&rollback->history);
    const StoredBundle *stored = NULL;
    SettleReport settled;
    if (rollback->history.diverged)
        return true;
    if (open && !stored_bundles_get(&rollback->bundles, &open->head_digest, &stored, err))
        return error_wrap(err, "settling an open step");
    if (!settle_open_step(rollback->session, &rollback->history, stored ? &stored->manifest : NULL,
                          settle_choice(rollback, open), &settled, err))
        return false;
    if (settled.happened)
        rollback->report->settled = settled;
    return !settled.happened || read_history(rollback, err);
}

/* The search_path of the steps is the manifest's, which is known only now. */
static bool pin_search_path(Rollback *rollback, Error *err)
{
    const Manifest *manifest = rollback->tasks.items[0].manifest;
    return strcmp(manifest->search_path, "public") == 0 ||
           pg_session_pin(rollback->session, "search_path", manifest->search_path, err);
}

/* What "the last application" meant when the run began is where it goes, however often it is begun
 * again. */
static void hold_target(Rollback *rollback)
{
    RollbackReport *report = rollback->report;
    report->from_version = memory_string(rollback->list.from_version);
    report->to_version = memory_string(rollback->list.to_version);
    report->inside = memory_string(rollback->list.inside);
    report->inside_count = rollback->list.inside_count;
    rollback->target = (RollbackTarget){.to_version = report->to_version,
                                        .has_position = true,
                                        .position = rollback->list.to_position};
}

/* Against the first plan: what is done of it, by whatever attempt, the ledger says. */
static void count_done(Rollback *rollback)
{
    RollbackReport *report = rollback->report;
    int64_t left = (int64_t)rollback->list.items.count;
    report->tasks = left > report->tasks ? left : report->tasks;
    report->run.tasks_done = report->tasks - left;
    report->run.groups_committed = run_link_committed(&rollback->link, &rollback->history);
    report->run.settled = true;
}

static bool plan(Rollback *rollback, Error *err)
{
    if (!rollback_list_make(&rollback->history, &rollback->target, &rollback->list, err))
        return refused(rollback, err);
    if (!goes_on(rollback))
        hold_target(rollback);
    count_done(rollback);
    if (!rollback_plan_tasks(&rollback->list, stored_source, rollback, &rollback->tasks, err))
        return no_way_back(rollback, err);
    if (!rollback_parameters_make(&rollback->options->run.parameters, &rollback->history,
                                  &rollback->tasks, &rollback->parameters, err) ||
        !run_units_check_atomic(&rollback->tasks, rollback->options->run.atomic, err))
        return refused(rollback, err);
    rollback_plan_ways(&rollback->tasks, pg_session_major(rollback->session), &rollback->ways);
    if (!rollback_plan_check_ways(&rollback->ways, err))
        return no_way_back(rollback, err);
    if (rollback->report->proven == PROVEN_BY_NOTHING && rollback->tasks.count)
        text_add(warnings_of(rollback),
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
    SchemaReport last = check->report; /* of an attempt before */
    schema_check_begin(check, &rollback->options->run.schema, history, &rollback->parameters.said,
                       warnings_of(rollback));
    check->report = last;
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

/* An attempt behind the first: what it was asked before it began holds for the rest. */
static bool is_begun(const Rollback *rollback)
{
    return run_link_is_open(&rollback->link, &rollback->history);
}

static bool count_losses(Rollback *rollback, Error *err)
{
    WayBackArray *ways = &rollback->ways;
    const NameArray *accepted = rollback->options->accept_losses;
    if (!rollback_loss_count(rollback->reader, &rollback->tasks, ways, err))
        return false;
    rollback_loss_accept_again(&rollback->history, ways);
    /* what a run that is begun was allowed the ledger says, also of what is taken back already */
    return !accepted || is_begun(rollback) || rollback_plan_accept(ways, accepted, err);
}

static bool show(Rollback *rollback, RollbackShow shown, Error *err)
{
    const RollbackOptions *options = rollback->options;
    const RollbackView view = {
        .database = rollback->report->redacted,
        .list = &rollback->list,
        .tasks = &rollback->tasks,
        .ways = &rollback->ways,
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
    array_each (const WayBack, way, &rollback->ways)
        any |= way_back_loses(way);
    return any;
}

static bool ask(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    return show(rollback, options->ask, err) &&
           run_backup_take_back(&options->run, rollback->session, loses(rollback),
                                event_of(rollback, PHASE_OF_REFUSAL), &rollback->report->backup,
                                warnings_of(rollback), err);
}

/* What nobody has accepted stops it before it begins; then comes the question, then the backup;
 * both once, however often the run comes back. */
static bool accept(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    find_unproven(rollback);
    if (!count_losses(rollback, err) ||
        (!rollback->accepted && !show(rollback, options->show, err)))
        return false;
    if (options->run.rehearsal)
        return true; /* what it loses is lost on a copy */
    if (!rollback_plan_check_losses(&rollback->ways, err) ||
        !rollback_proof_check(&rollback->unproven,
                              options->accept_unproven || options->run.action == ACTION_RESUME ||
                                  is_begun(rollback),
                              err))
        return refused(rollback, err);
    rollback->accepted = rollback->accepted || ask(rollback, err);
    return rollback->accepted;
}

static bool record_losses(Rollback *rollback, Error *err)
{
    array_each (const WayBack, way, &rollback->ways) {
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
    bool open = run_link_is_open(&rollback->link, &rollback->history);
    const LedgerEvent event = event_of(rollback, open ? PHASE_OF_RETURN : PHASE_OF_BEGIN);
    run_link_begins(&rollback->link, &rollback->history);
    if (ledger_begin_local(session, err) &&
        schema_check_run_begins(&rollback->check, session, err) &&
        ledger_add_event(session, &event, err) &&
        (open || (ledger_add_backup(session, &rollback->report->backup, err) &&
                  record_losses(rollback, err) &&
                  run_parameters_record(session, &rollback->parameters.said, err))) &&
        pg_script(session, "COMMIT", err))
        return true;
    CLEANUP(error_done) Error ignored = {0};
    if (!pg_session_is_lost(session))
        (void)!pg_script(session, "ROLLBACK", &ignored);
    return false;
}

static void announce(Rollback *rollback)
{
    const RunOptions *run = &rollback->options->run;
    const RunBegin begin = {.session = rollback->session,
                            .run_id = run->run_id,
                            .action = ledger_action_name(run->action),
                            .from_version = rollback->report->from_version,
                            .to_version = rollback->report->to_version,
                            .tasks_count = rollback->report->tasks};
    if (!rollback->announced)
        run_listener_begins(&run->listener, &begin);
    rollback->announced = true;
}

/* The durable end; a run that was killed behind its last step gets it from the next one. */
static bool end_run(Rollback *rollback, Error *err)
{
    LedgerEvent end = event_of(rollback, PHASE_OF_END);
    CLEANUP(text_done) Text words = {0};
    run_listener_ending(&rollback->options->run.listener, end.words, &words);
    end.words = text_string(&words);
    return run_session_end(rollback->session, &rollback->options->run, &end, err);
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
        .attempts = run->attempts,
        .step_limit_ms = run->step_limit_ms,
        .listener = run->listener,
        .observer = &observer,
        .hurries = run->measure != NULL,
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
    announce(rollback);
    if (!step_runner_run(rollback->session, &rollback->tasks, &units, &options,
                         &rollback->history.chain, &rollback->report->run, err))
        return run_session_failed(rollback->session, event_of(rollback, PHASE_OF_FAILURE),
                                  &rollback->report->run.failure, err);
    return check_end(rollback, err) && end_run(rollback, err);
}

/* Also of our own run, whose COMMIT gave its answer to a connection that is gone: committed again
 * it is waited for again. */
static bool end_open_run(Rollback *rollback, Error *err)
{
    const PastArrival *found = history_arrival(&rollback->history);
    bool looked = found && *found->arrival;
    if (!history_open_run(&rollback->history))
        return !run_link_has_ended(&rollback->link, &rollback->history) || end_run(rollback, err);
    return (looked || check_end(rollback, err)) && end_run(rollback, err);
}

static bool no_ledger(Error *err)
{
    error_set(err, ERROR_TARGET, "the database has no ledger: nothing was applied here by Sealift");
    return error_hint(err, "check --db: is it the database that was meant?");
}

static bool connect(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    if (!run_link_open(&rollback->link, /* search_path= */ NULL, &rollback->session, err))
        return false;
    run_session_watch(rollback->session, &options->run.listener, &rollback->ticks);
    free(rollback->report->redacted);
    rollback->report->redacted = pg_session_describe(rollback->session);
    target_check_pooler(rollback->session, warnings_of(rollback));
    if (rollback->session->facts.superuser)
        text_addf(warnings_of(rollback), "role '%s' is a superuser\n",
                  rollback->session->facts.session_user);
    return read_history(rollback, err);
}

static bool attempt(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    if (!connect(rollback, err))
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

/* --- attempts -------------------------------------------------------------------------------- */

/* Before the next attempt; the report of the schema stays. */
static void forget_attempt(Rollback *rollback)
{
    SchemaReport last = rollback->check.report;
    rollback->check.report = (SchemaReport){0};
    schema_check_done(&rollback->check);
    rollback->check.report = last;
    array_free(&rollback->unproven);
    rollback_parameters_done(&rollback->parameters);
    array_free(&rollback->tasks);
    rollback_list_done(&rollback->list);
    /* the list that was confirmed is what the report shows */
    if (!rollback->report->ways.count) {
        rollback->report->ways = rollback->ways;
        rollback->ways = (WayBackArray){0};
    }
    ways_back_done(&rollback->ways);
    stored_bundles_done(&rollback->bundles);
    history_done(&rollback->history);
    pg_session_close(rollback->reader);
    pg_session_close(rollback->session);
    rollback->reader = rollback->session = NULL;
}

/* The connection that counts is the one that runs the steps; but without the other nothing goes on
 * either. */
static const PgSession *lost_session(const Rollback *rollback)
{
    return rollback->reader && pg_session_is_lost(rollback->reader) ? rollback->reader
                                                                    : rollback->session;
}

static void note_version(Rollback *rollback)
{
    CLEANUP(error_done) Error ignored = {0};
    CLEANUP(history_done) History now = {.unsettled = -1};
    if (rollback->session && !pg_session_is_lost(rollback->session) &&
        history_read(rollback->session, &now, &ignored) && now.managed)
        rollback->report->version = memory_string(history_version_name(&now));
}

static void finish(Rollback *rollback, bool good, int64_t begun_ms)
{
    RollbackReport *report = rollback->report;
    report->reconnects = rollback->link.reconnects;
    report->chain = rollback->history.chain;
    if (good && report->to_version)
        report->version = memory_string(report->to_version);
    else
        note_version(rollback);
    text_add_new_lines(&rollback->warnings, text_string(&rollback->repeated));
    report->warnings = text_take(&rollback->warnings);
    report->schema = rollback->check.report;
    rollback->check.report = (SchemaReport){0};
    report->duration_ms = clock_monotonic_ms() - begun_ms;
    forget_attempt(rollback);
    text_done(&rollback->repeated);
}

static Rollback rollback_of(const RollbackOptions *options, RollbackReport *report)
{
    report->run.settled = true;
    return (Rollback){.options = options,
                      .report = report,
                      .link = run_link_make(&options->run),
                      .target = options->target,
                      .history.unsettled = -1};
}

bool rollback_run(const RollbackOptions *options, RollbackReport *report, Error *err)
{
    Rollback rollback = rollback_of(options, report);
    int64_t begun = clock_monotonic_ms();
    bool good = attempt(&rollback, err);
    while (!good && run_link_goes_on(&rollback.link, lost_session(&rollback), err)) {
        forget_attempt(&rollback);
        step_failure_done(&report->run.failure);
        good = attempt(&rollback, err);
    }
    finish(&rollback, good, begun);
    return good;
}

bool rollback_run_plan(const RollbackOptions *options, RollbackReport *report, Error *err)
{
    Rollback rollback = rollback_of(options, report);
    int64_t begun = clock_monotonic_ms();
    rollback.dry = true;
    bool good = run_dry(&rollback, err);
    finish(&rollback, good, begun);
    return good;
}
