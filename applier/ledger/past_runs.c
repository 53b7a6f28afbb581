#include "applier/ledger/past_runs.h"

const char *past_run_result_name(PastRunResult result)
{
    static const char *const names[] = {"done", "failed", "refused", "stopped", "open"};
    return names[result];
}

static bool is_phase(const PastEvent *event, LedgerPhase phase)
{
    return strcmp(event->phase, ledger_phase_name(phase)) == 0;
}

static PastRunResult result_of(const PastEvent *event)
{
    if (is_phase(event, PHASE_OF_END))
        return PAST_RUN_DONE;
    return is_phase(event, PHASE_OF_FAILURE) ? PAST_RUN_FAILED : PAST_RUN_REFUSED;
}

/* An end, a failure or a refusal belongs to what is under way; where nothing is, it is all there is
 * of its run (an adoption, a refusal before anything began). */
static void take_answer(const PastEvent *event, PastRunArray *runs)
{
    PastRun *open = runs->count ? &runs->items[runs->count - 1] : NULL;
    bool answers = open && open->result == PAST_RUN_OPEN && !is_phase(event, PHASE_OF_REFUSAL);
    if (!answers) {
        if (open && open->result == PAST_RUN_OPEN)
            open->result = PAST_RUN_STOPPED;
        *array_add(runs) =
            (PastRun){.first = event, .last = event, .result = result_of(event), .duration_ms = -1};
        return;
    }
    open->last = event;
    open->result = result_of(event);
    open->duration_ms = event->at_ms - open->first->at_ms;
}

void past_runs_fold(const History *history, PastRunArray *ret_runs)
{
    PastRunArray runs = {0};
    array_each (const PastEvent, event, &history->events) {
        if (is_phase(event, PHASE_OF_RETURN))
            continue; /* the run goes on */
        if (!is_phase(event, PHASE_OF_BEGIN)) {
            take_answer(event, &runs);
            continue;
        }
        if (runs.count && runs.items[runs.count - 1].result == PAST_RUN_OPEN)
            runs.items[runs.count - 1].result = PAST_RUN_STOPPED;
        *array_add(&runs) = (PastRun){.first = event, .result = PAST_RUN_OPEN, .duration_ms = -1};
    }
    *ret_runs = runs;
}
