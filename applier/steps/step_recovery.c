/* What becomes of a run after a failure: another attempt, or its end. */
#include <inttypes.h>

#include "applier/steps/step_alone.h"
#include "applier/steps/step_failure.h"
#include "applier/steps/step_runner_state.h"
#include "base/interrupt.h"

bool step_recovery_reset_session(StepRunner *runner, Error *err)
{
    for (size_t i = 0; i < step_queue_reset_count; i++)
        if (!pg_script(runner->session, step_queue_resets[i], err))
            return error_wrap(err, "resetting the session");
    step_queue_forget_flow(&runner->queue);
    runner->queue.prepared = false;
    runner->queue.clean = true;
    return pg_session_pin_again(runner->session, err);
}

/* Back to a session without a transaction, and to the chain that is committed. */
static bool fall_back(StepRunner *runner, Error *err)
{
    runner->session->path_is_ours = false; /* of what was queued, nobody knows what was run */
    if (!step_pipeline_drain(runner->pipeline, err))
        return false;
    if (PQtransactionStatus(runner->session->connection) != PQTRANS_IDLE &&
        !pg_script(runner->session, "ROLLBACK", err))
        return false;
    runner->queue.chain = runner->committed;
    runner->queue.copy_total_bytes = 0;
    return step_recovery_reset_session(runner, err);
}

/* What the journal must know of a failure that is no plain rollback. */
static bool record_failure(StepRunner *runner, const PipelineEntry *entry, Error *err)
{
    const RunUnit *unit = &runner->units.units.items[entry->unit];
    const RunPart *part =
        step_runner_part(runner, entry->kind == ENTRY_STEP ? entry->part : unit->first_part);
    bool good = true;
    if (runner->ended_by_script) {
        runner->report->settled = false;
        good = step_alone_record(&runner->queue, part, JOURNAL_BROKEN, "", "COMMIT in the script",
                                 unit->attempt, RECORD_DURABLE, err);
    } else if (unit->kind == UNIT_VERIFY && entry->kind == ENTRY_STEP) {
        good = step_alone_record(&runner->queue, part, JOURNAL_VERIFIED, JOURNAL_FAILED,
                                 runner->report->failure.sqlstate, unit->attempt, RECORD_LAZY, err);
    } else if (unit->outside_effects && unit->kind == UNIT_TRANSACTION) {
        runner->report->settled = false;
    }
    runner->committed = runner->queue.chain;
    return good;
}

static bool may_retry(const StepRunner *runner, const PipelineEntry *entry)
{
    const RunUnit *unit = &runner->units.units.items[entry->unit];
    int most = runner->options->attempts ? runner->options->attempts : RETRY_ATTEMPTS_DEFAULT;
    bool outside = unit->outside_effects && unit->kind == UNIT_TRANSACTION;
    bool healable =
        retry_policy_is_retryable(step_failure_code(runner->pipeline)) ||
        /* the script deallocated our prepared statements */
        (entry->kind != ENTRY_STEP && strcmp(step_failure_code(runner->pipeline), "26000") == 0);
    /* an INTENT without its answer admits no second one */
    return healable && !outside && runner->report->settled && !runner->ended_by_script &&
           unit->attempt < most && interrupt_count() == 0;
}

static void wait_before_retry(StepRunner *runner, RunUnit *unit)
{
    int64_t delay = retry_policy_delay_ms((int)unit->attempt, RETRY_FIRST_MS, RETRY_MOST_MS,
                                          retry_policy_random());
    const RunListener *listener = &runner->options->listener;
    runner->report->retries++;
    if (listener->retry)
        listener->retry(listener->context, step_runner_task(runner, unit->first_part),
                        step_failure_code(runner->pipeline), unit->attempt, delay);
    retry_policy_sleep(delay);
    unit->attempt++;
}

/* The guard of step_stop.h: the unit has not begun. */
static bool was_held_back(const StepRunner *runner, const PipelineEntry *entry)
{
    return entry->kind == ENTRY_OPEN && runner->stop.guarded &&
           strcmp(step_failure_code(runner->pipeline), "22P02") == 0;
}

bool step_recovery_interrupted(const StepRunner *runner, size_t unit, Error *err)
{
    const RunUnit *next = &runner->units.units.items[unit];
    const RunTask *task = step_runner_task(runner, next->first_part);
    error_set(err, ERROR_INTERRUPTED, "interrupted before migration '%s'",
              task->migration ? task->migration->identity : "");
    return error_hint(err, "'applier resume' goes on from here");
}

bool step_recovery_recover(StepRunner *runner, size_t *next, Error *err)
{
    if (!fall_back(runner, err))
        return false;
    const PipelineEntry entry = *step_pipeline_failure(runner->pipeline, /* ret_result= */ NULL);
    if (was_held_back(runner, &entry))
        return step_recovery_interrupted(runner, entry.unit, err);
    if (may_retry(runner, &entry)) {
        runner->queue.unprepared = strcmp(step_failure_code(runner->pipeline), "26000") == 0;
        wait_before_retry(runner, &runner->units.units.items[entry.unit]);
        step_pipeline_forget_failure(runner->pipeline);
        *next = entry.unit;
        return true;
    }
    const FailedRun run = {.queue = &runner->queue,
                           .options = runner->options,
                           .report = runner->report,
                           .ended_by_script = runner->ended_by_script,
                           .over_limit = runner->stop.over_limit};
    step_failure_note(&run, &entry);
    if (!record_failure(runner, &entry, err))
        return error_wrap(err, "after a step failed (%s)", runner->report->failure.words);
    return step_failure_error(&run, &entry, err);
}

bool step_recovery_give_up(StepRunner *runner, Error *err)
{
    runner->report->turns += step_pipeline_turns(runner->pipeline);
    if (!pg_session_is_lost(runner->session)) {
        CLEANUP(error_done) Error ignored = {0};
        (void)!fall_back(runner, &ignored);
        if (runner->queue.refused && err->class == ERROR_TARGET)
            err->class = run_report_stays(runner->report) ? ERROR_UNSETTLED : ERROR_STEP;
        return false;
    }
    if (err->class == ERROR_CONNECTION && run_report_stays(runner->report)) {
        err->class = ERROR_UNSETTLED;
        error_hint(err,
                   "%" PRId64 " groups are known to be committed, more may be: 'applier "
                   "resume' settles it and goes on",
                   runner->report->groups_committed);
    }
    return false;
}
