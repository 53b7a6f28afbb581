#include "applier/runs/rollback_state.h"

#include "applier/runs/rollback_loss.h"
#include "applier/runs/run_backup.h"

void rollback_accept_find_unproven(Rollback *rollback)
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

bool rollback_accept_count_losses(Rollback *rollback, Error *err)
{
    WayBackArray *ways = &rollback->ways;
    const NameArray *accepted = rollback->options->accept_losses;
    if (!rollback_loss_count(rollback->reader, &rollback->tasks, ways, err))
        return false;
    rollback_loss_accept_again(&rollback->history, ways);
    /* what a run that is begun was allowed the ledger says, also of what is taken back already */
    return !accepted || is_begun(rollback) || rollback_plan_accept(ways, accepted, err);
}

bool rollback_accept_show(Rollback *rollback, RollbackShow shown, Error *err)
{
    const RollbackOptions *options = rollback->options;
    const RollbackView view = {
        .product = rollback->history.identity.product,
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

static bool ask(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    return rollback_accept_show(rollback, options->ask, err) &&
           run_backup_take_back(&options->run, rollback->session,
                                ways_back_may_lose(&rollback->ways),
                                rollback_run_event(rollback, PHASE_OF_REFUSAL),
                                &rollback->report->backup, rollback_run_warnings(rollback), err);
}

/* What nobody has accepted stops it before it begins; then comes the question, then the backup;
 * both once, however often the run comes back. */
bool rollback_accept_run(Rollback *rollback, Error *err)
{
    const RollbackOptions *options = rollback->options;
    rollback_accept_find_unproven(rollback);
    if (!rollback_accept_count_losses(rollback, err) ||
        (!rollback->accepted && !rollback_accept_show(rollback, options->show, err)))
        return false;
    if (options->run.rehearsal)
        return true; /* what it loses is lost on a copy */
    bool accepts_unproven =
        options->accept_unproven || options->run.action == ACTION_RESUME || is_begun(rollback);
    if (!rollback_plan_check_losses(&rollback->ways, err) ||
        (!accepts_unproven && !rollback_plan_check_unknown(&rollback->ways, err)) ||
        !rollback_proof_check(&rollback->unproven, accepts_unproven, err))
        return rollback_run_refused(rollback, err);
    rollback->accepted = rollback->accepted || ask(rollback, err);
    return rollback->accepted;
}

/* What is lost by it, in the words that the ledger keeps; the caller frees. */
static char *words_of(const WayBack *way)
{
    Text words = {0};
    bool one = way->unknown == 1;
    if (way->unknown)
        text_addf(&words, "not rehearsed, %zu statement%s drop%s or delete%s%s", way->unknown,
                  one ? "" : "s", one ? "s" : "", one ? "s" : "", way_back_loses(way) ? "; " : "");
    if (way->verdict == VERDICT_LOSSY)
        text_addf(&words, "lossy: %s%s", way->detail, way->lost.count ? "; " : "");
    way_back_add_lost(way, &words);
    return text_take(&words);
}

bool rollback_accept_record(Rollback *rollback, Error *err)
{
    AcceptedLossArray losses = {0};
    array_each (const WayBack, way, &rollback->ways)
        if (way_back_loses(way) || way->unknown)
            *array_add(&losses) = (AcceptedLoss){way->identity, words_of(way)};
    bool good = ledger_add_losses(rollback->session, &losses, err);
    array_each (AcceptedLoss, loss, &losses)
        free(loss->words);
    array_free(&losses);
    return good;
}
