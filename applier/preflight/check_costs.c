#include "applier/preflight/check_costs.h"

static const MeasuredStep *measured(const SiteMeasurements *site, const char *identity,
                                    ScriptKind script, size_t step)
{
    for (size_t i = 0; i < site->count; i++) {
        const MeasuredStep *each = &site->steps[i];
        if (each->script == script && each->statement == (int64_t)step + 1 &&
            strcmp(each->identity, identity) == 0)
            return each;
    }
    return NULL;
}

/* How much what it read whole has grown; 1 where nothing is known of it. */
static double growth(const MeasuredStep *step, const LiveRelations *live)
{
    int64_t now = 0, then = 0;
    array_each (const MeasuredStepRelation, before, &step->relations) {
        const LiveRelation *relation = live_relations_find(live, before->relation);
        if (!before->scanned || !relation)
            continue;
        now += relation->bytes + relation->index_bytes;
        then += before->bytes;
    }
    return now > 0 && then > 0 ? (double)now / (double)then : 1;
}

static void add_script(const RunTask *task, size_t index, ScriptKind kind,
                       const LiveRelations *live, const SiteMeasurements *site,
                       CheckCostArray *checks)
{
    const ManifestScript *script = &task->migration->scripts[kind];
    double us = 0;
    if (!script->present)
        return;
    for (size_t i = 0; i < script->steps.count; i++) {
        const MeasuredStep *step = measured(site, task->migration->identity, kind, i);
        if (!step)
            return;
        us += (double)step->duration_us * growth(step, live);
    }
    *array_add(checks) =
        (CheckCost){.task = index, .script = kind, .ms = (int64_t)(us / 1000 + 0.5)};
}

void check_costs_make(const RunTaskArray *tasks, const LiveRelations *live,
                      const SiteMeasurements *site, CheckCostArray *ret_checks)
{
    *ret_checks = (CheckCostArray){0};
    if (!site->count)
        return;
    for (size_t i = 0; i < tasks->count; i++) {
        if (!tasks->items[i].migration)
            continue;
        add_script(&tasks->items[i], i, SCRIPT_PRECHECK, live, site, ret_checks);
        add_script(&tasks->items[i], i, SCRIPT_VERIFY, live, site, ret_checks);
    }
}

const CheckCost *check_costs_find(const CheckCostArray *checks, size_t task, ScriptKind script)
{
    size_t low = 0, high = checks->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (checks->items[middle].task < task)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < checks->count && checks->items[low].task == task; low++)
        if (checks->items[low].script == script)
            return &checks->items[low];
    return NULL;
}
