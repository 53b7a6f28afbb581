#include "applier/runs/rollback_state.h"

#include "base/memory.h"

/* -- what is stored -- */

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

bool rollback_prepare_history(Rollback *rollback, Error *err)
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

bool rollback_prepare_settle(Rollback *rollback, Error *err)
{
    const JournalRow *open = history_unsettled(&rollback->history);
    const StoredBundle *stored = NULL;
    SettleReport settled;
    if (rollback->history.diverged)
        return true;
    if (open && !stored_bundles_get(&rollback->bundles, &open->head_digest, &stored, err))
        return error_wrap(err, "settling an open step");
    if (!settle_open_step(rollback->session, &rollback->history, stored ? &stored->manifest : NULL,
                          settle_choice(rollback, open), rollback->options->run.step_limit_ms,
                          &settled, err))
        return false;
    if (settled.happened)
        rollback->report->settled = settled;
    return !settled.happened || rollback_prepare_history(rollback, err);
}

/* -- the plan -- */

static bool no_way_back(Rollback *rollback, Error *err)
{
    rollback_plan_offer_backup(&rollback->history, &rollback->list, err);
    return rollback_run_refused(rollback, err);
}

/* The first plan of the run is what it reports of. */
static bool goes_on(const Rollback *rollback)
{
    return rollback->report->from_version != NULL;
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

bool rollback_prepare_plan(Rollback *rollback, Error *err)
{
    if (!rollback_list_make(&rollback->history, &rollback->target, &rollback->list, err))
        return rollback_run_refused(rollback, err);
    if (!goes_on(rollback))
        hold_target(rollback);
    count_done(rollback);
    if (!rollback_plan_tasks(&rollback->list, stored_source, rollback, &rollback->tasks, err))
        return no_way_back(rollback, err);
    if (!rollback_parameters_make(&rollback->options->run.parameters, &rollback->history,
                                  &rollback->tasks, &rollback->parameters, err) ||
        !run_units_check_atomic(&rollback->tasks, rollback->options->run.atomic, err))
        return rollback_run_refused(rollback, err);
    rollback_plan_ways(&rollback->tasks, pg_session_major(rollback->session), &rollback->ways);
    if (!rollback_plan_check_ways(&rollback->ways, err))
        return no_way_back(rollback, err);
    if (rollback->report->proven == PROVEN_BY_NOTHING && rollback->tasks.count)
        text_add(rollback_run_warnings(rollback),
                 "the way back was not verified again: neither keyring nor state file is at hand, "
                 "it stands on the database's word alone\n");
    return true;
}
