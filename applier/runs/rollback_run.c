#include "applier/runs/rollback_run.h"

#include "applier/runs/rollback_state.h"
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

Text *rollback_run_warnings(Rollback *rollback)
{
    return rollback->link.reconnects ? &rollback->repeated : &rollback->warnings;
}

LedgerEvent rollback_run_event(const Rollback *rollback, LedgerPhase phase)
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

bool rollback_run_refused(Rollback *rollback, Error *err)
{
    return !rollback->dry &&
           run_session_failed(rollback->session, rollback_run_event(rollback, PHASE_OF_REFUSAL),
                              /* step= */ NULL, err);
}

/* --- the run --------------------------------------------------------------------------------- */

static bool begin(Rollback *rollback, Error *err)
{
    PgSession *session = rollback->session;
    bool open = run_link_is_open(&rollback->link, &rollback->history);
    const LedgerEvent event = rollback_run_event(rollback, open ? PHASE_OF_RETURN : PHASE_OF_BEGIN);
    run_link_begins(&rollback->link, &rollback->history);
    if (ledger_begin_local(session, err) &&
        schema_check_run_begins(&rollback->check, session, err) &&
        ledger_add_event(session, &event, err) &&
        (open || (ledger_add_backup(session, &rollback->report->backup, err) &&
                  rollback_accept_record(rollback, err) &&
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
                            .product = rollback->history.identity.product,
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
    LedgerEvent end = rollback_run_event(rollback, PHASE_OF_END);
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
                            run->atomic, err) ||
        !run_conflicts_check(rollback->session, &rollback->tasks, run->conflicts, &run->listener,
                             err) ||
        !replica_lag_check(&lag, rollback->session, err))
        return rollback_run_refused(rollback, err);
    if (!begin(rollback, err))
        return false;
    announce(rollback);
    if (!step_runner_run(rollback->session, &rollback->tasks, &units, &options,
                         &rollback->history.chain, &rollback->report->run, err))
        return run_session_failed(rollback->session, rollback_run_event(rollback, PHASE_OF_FAILURE),
                                  &rollback->report->run.failure, err);
    return rollback_schema_end(rollback, err) && end_run(rollback, err);
}

/* Also of our own run, whose COMMIT gave its answer to a connection that is gone: committed again
 * it is waited for again. */
static bool end_open_run(Rollback *rollback, Error *err)
{
    const PastArrival *found = history_arrival(&rollback->history);
    bool looked = found && *found->arrival;
    if (!history_open_run(&rollback->history))
        return !run_link_has_ended(&rollback->link, &rollback->history) || end_run(rollback, err);
    return (looked || rollback_schema_end(rollback, err)) && end_run(rollback, err);
}

static bool no_ledger(Error *err)
{
    error_set(err, ERROR_TARGET, "the database has no ledger: nothing was applied here by Sealift");
    return error_hint(err, "check --db: is it the database that was meant?");
}

static bool connect(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    if (!run_link_open(&rollback->link, /* scripts_path= */ NULL, &rollback->session, err))
        return false;
    run_session_watch(rollback->session, &options->run.listener, &rollback->ticks);
    free(rollback->report->redacted);
    rollback->report->redacted = pg_session_describe(rollback->session);
    target_check_pooler(rollback->session, rollback_run_warnings(rollback));
    if (rollback->session->facts.superuser)
        text_addf(rollback_run_warnings(rollback), "role '%s' is a superuser\n",
                  rollback->session->facts.session_user);
    return rollback_prepare_history(rollback, err);
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
    if (!rollback_prepare_settle(rollback, err) || !rollback_prepare_plan(rollback, err) ||
        !rollback_schema_load(rollback, err))
        return false;
    if (rollback->tasks.count == 0)
        return end_open_run(rollback, err);
    /* it is the manifest's, which is known only now */
    pg_session_note_scripts_path(rollback->session, rollback->tasks.items[0].manifest->search_path);
    return rollback_schema_before(rollback, err) && rollback_accept_run(rollback, err) &&
           run_tasks(rollback, err);
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
    if (!rollback_prepare_plan(rollback, err) || !rollback_schema_load(rollback, err) ||
        !rollback_schema_before(rollback, err))
        return false;
    rollback_accept_find_unproven(rollback);
    return rollback_accept_count_losses(rollback, err) &&
           rollback_accept_show(rollback, options->show, err);
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
