#include "applier/runs/resume_plan.h"

#include "base/memory.h"

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
        plan.before_only = open->run_phase && strcmp(open->run_phase, RUN_OF_BEFORE) == 0;
        plan.bundle_path = memory_string(open->bundle_path);
        plan.to_version = memory_string(open->to_version);
        plan.to_position = open->to_position;
    }
    *ret_plan = plan;
}
