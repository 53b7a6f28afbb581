#include "applier/runs/apply_phase.h"

static bool is_before(const RunTask *task)
{
    return task->migration && !task->only_gate && task->migration->phase == PHASE_BEFORE;
}

/* The leading tasks of the next version that are of phase before, with the version's gates. */
static void only_before(ApplyPlan *plan)
{
    RunTaskArray *tasks = &plan->tasks;
    const RunTask *first = tasks->items;
    size_t kept = 0;
    while (kept < tasks->count && tasks->items[kept].version == first->version &&
           (tasks->items[kept].only_gate || is_before(&tasks->items[kept])))
        tasks->items[kept++].ends_version = false;
    plan->target = (size_t)(first->version - first->manifest->versions.items);
    tasks->count = kept;
    if (run_tasks_count(tasks) > 0)
        return;
    tasks->count = 0;
    plan->relation = RELATION_CURRENT;
}

static const RunTask *first_step(const ApplyPlan *plan)
{
    array_each (const RunTask, task, &plan->tasks)
        if (!task->only_gate)
            return task;
    return NULL;
}

bool apply_phase_choose(ApplyPlan *plan, RunPhase phase, Error *err)
{
    const RunTask *first = first_step(plan);
    if (plan->relation != RELATION_FITS || phase == RUN_ALL_PHASES || !first)
        return true;
    if (phase == RUN_PHASE_BEFORE) {
        only_before(plan);
        return true;
    }
    if (!is_before(first))
        return true;
    error_set(err, ERROR_TARGET,
              "migration '%s' (%s) is of phase before, and not applied: it comes before the "
              "application is upgraded",
              first->migration->identity, first->version->name);
    return error_hint(err, "'applier apply BUNDLE --phase before' runs that part; then the "
                           "application is upgraded, then the rest");
}

bool apply_phase_is_early(const ApplyPlan *plan, size_t index)
{
    const RunTaskArray *tasks = &plan->tasks;
    for (size_t i = 0; i <= index; i++) {
        const RunTask *task = &tasks->items[i];
        if (!task->only_gate && (task->version != tasks->items[0].version || !is_before(task)))
            return false;
    }
    return true;
}
