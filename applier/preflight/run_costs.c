#include "applier/preflight/run_costs.h"

#define MINUTE_MS 60000

void run_costs_done(RunCosts *costs)
{
    array_free(&costs->exposures);
    array_free(&costs->needs);
    *costs = (RunCosts){0};
}

const char *window_need_name(WindowNeed need)
{
    static const char *const names[] = {"window", "phase before", "concurrent"};
    return names[need];
}

/* --- for how long tables are locked ---------------------------------------------------------- */

typedef struct Adding {
    const RunTaskArray *tasks;
    const RunUnits *units;
    const StepCosts *steps;
    const LookCosts *looks;
    RunCosts *into;
    size_t next;              /* index into steps: those of the units before are done */
    ARRAY_OF(size_t) by_name; /* indexes into exposures, sorted by name */
} Adding;

static Exposure *exposure_of(Adding *adding, const CostRelation *relation)
{
    const char *name = relation->measured->relation;
    size_t low = 0, high = adding->by_name.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        Exposure *found = &adding->into->exposures.items[adding->by_name.items[middle]];
        int order = strcmp(found->name, name);
        if (order == 0)
            return found;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    (void)array_add(&adding->by_name);
    memmove(&adding->by_name.items[low + 1], &adding->by_name.items[low],
            (adding->by_name.count - 1 - low) * sizeof(size_t));
    adding->by_name.items[low] = adding->into->exposures.count;
    Exposure *exposure = array_add(&adding->into->exposures);
    *exposure = (Exposure){.name = name, .live = relation->live};
    return exposure;
}

/* When, within a unit, a table was locked first in each of the ways; -1: not. */
typedef struct Locked {
    size_t exposure;
    int64_t since_ms[BLOCKS_READS + 1];
} Locked;

typedef ARRAY_OF(Locked) LockedArray;

static Locked *locked_of(LockedArray *locked, size_t exposure)
{
    array_each (Locked, each, locked)
        if (each->exposure == exposure)
            return each;
    Locked *added = array_add(locked);
    added->exposure = exposure;
    for (int blocks = 0; blocks <= BLOCKS_READS; blocks++)
        added->since_ms[blocks] = -1;
    return added;
}

static void lock_at(Adding *adding, const StepCost *step, int64_t at_ms, LockedArray *locked)
{
    for (size_t i = 0; i < step->relation_count; i++) {
        const CostRelation *relation = &adding->steps->relations.items[step->first_relation + i];
        if (!relation->live || !live_relation_has_rows(relation->live))
            continue;
        const Exposure *exposure = exposure_of(adding, relation);
        Locked *held = locked_of(locked, (size_t)(exposure - adding->into->exposures.items));
        for (int blocks = BLOCKS_SCHEMA_CHANGES; blocks <= (int)relation->blocks; blocks++)
            if (held->since_ms[blocks] < 0)
                held->since_ms[blocks] = at_ms;
    }
}

static int64_t held_ms(const Locked *held, Blocks blocks, int64_t until_ms)
{
    return held->since_ms[blocks] < 0 ? 0 : until_ms - held->since_ms[blocks];
}

/* Whether the step is of this part of the unit or a later one; parts are in the order of steps. */
static bool find_part(const Adding *adding, const RunUnit *unit, const StepCost *step, size_t *part)
{
    for (size_t i = *part; i < unit->part_count; i++) {
        const RunPart *each = &adding->units->parts.items[unit->first_part + i];
        if (each->task != step->task || each->group != step->group)
            continue;
        *part = i;
        return true;
    }
    return false;
}

static int64_t looks_of(const Adding *adding, const RunUnit *unit)
{
    int64_t ms = 0;
    for (size_t i = 0; i < unit->part_count; i++)
        if (adding->units->parts.items[unit->first_part + i].arrives)
            ms += adding->looks->look_ms;
    return ms;
}

/* Whether a part of it waits for the window: a unit is not cut in two. */
static bool waits_for_window(const Adding *adding, const RunUnit *unit)
{
    for (size_t i = 0; i < unit->part_count; i++) {
        const RunPart *part = &adding->units->parts.items[unit->first_part + i];
        if (!part->gate && adding->into->needs.items[part->task] == WINDOW_NEEDED)
            return true;
    }
    return false;
}

static void add_exposures(Adding *adding, const RunUnit *unit, const LockedArray *locked,
                          int64_t until_ms)
{
    bool in_window = waits_for_window(adding, unit);
    array_each (const Locked, held, locked) {
        Exposure *exposure = &adding->into->exposures.items[held->exposure];
        int64_t unreadable_ms = held_ms(held, BLOCKS_READS, until_ms);
        int64_t unwritable_ms = held_ms(held, BLOCKS_WRITES, until_ms);
        exposure->unreadable_ms += unreadable_ms;
        exposure->unwritable_ms += unwritable_ms;
        exposure->unchangeable_ms += held_ms(held, BLOCKS_SCHEMA_CHANGES, until_ms);
        exposure->window_unreadable_ms += in_window ? unreadable_ms : 0;
        exposure->window_unwritable_ms += in_window ? unwritable_ms : 0;
    }
}

static int64_t add_check(Adding *adding, size_t task, ScriptKind script)
{
    RunCosts *into = adding->into;
    const CheckCost *cost = check_costs_find(&adding->steps->checks, task, script);
    if (!cost) {
        into->checks++;
        return 0;
    }
    into->checks_measured++;
    into->checks_ms += cost->ms;
    into->before_ms += into->needs.items[task] != WINDOW_NEEDED ? cost->ms : 0;
    return cost->ms;
}

/* Scripts that only ask, in units of their own or inside a transaction: there, what is locked stays
 * locked meanwhile, and which of it comes before is not told apart. */
static int64_t add_checks(Adding *adding, const RunUnit *unit)
{
    const RunPart *parts = &adding->units->parts.items[unit->first_part];
    int64_t ms = 0;
    if (unit->kind == UNIT_VERIFY)
        return add_check(adding, parts->task, SCRIPT_VERIFY);
    if (unit->kind == UNIT_GATE || unit->kind == UNIT_PRECHECK)
        return add_check(adding, parts->task, SCRIPT_PRECHECK);
    for (size_t i = 0; i < unit->part_count; i++) {
        if (parts[i].precheck_inside || parts[i].gate)
            ms += add_check(adding, parts[i].task, SCRIPT_PRECHECK);
        if (parts[i].verify_inside)
            ms += add_check(adding, parts[i].task, SCRIPT_VERIFY);
    }
    return ms;
}

static void add_unit(Adding *adding, const RunUnit *unit)
{
    LockedArray locked = {0};
    RunCosts *into = adding->into;
    int64_t at_ms = 0, pause_ms = 0;
    size_t part = 0;
    int64_t checks_ms = add_checks(adding, unit);
    if (unit->kind == UNIT_PRECHECK || unit->kind == UNIT_VERIFY)
        return; /* they change nothing */
    for (; adding->next < adding->steps->steps.count; adding->next++) {
        const StepCost *step = &adding->steps->steps.items[adding->next];
        if (!find_part(adding, unit, step, &part))
            break;
        lock_at(adding, step, at_ms, &locked);
        at_ms += step->ms;
        pause_ms += step->pause_ms;
        into->new_bytes += step->new_bytes;
        into->measured += step->basis == BASIS_MEASURED;
        into->unknown += step->basis == BASIS_UNKNOWN;
    }
    into->steps_ms += at_ms;
    int64_t look_ms = looks_of(adding, unit);
    into->looks_ms += look_ms;
    bool looks_locked = adding->looks->under_locks && unit->kind == UNIT_TRANSACTION;
    /* a batch is alone in its unit, and each of its ranges commits: nothing is held in a pause */
    add_exposures(adding, unit, &locked,
                  at_ms - pause_ms + checks_ms + (looks_locked ? look_ms : 0));
    array_free(&locked);
}

static int longest_first(const void *a, const void *b)
{
    const Exposure *left = a, *right = b;
    const int64_t lefts[] = {left->unreadable_ms, left->unwritable_ms, left->unchangeable_ms};
    const int64_t rights[] = {right->unreadable_ms, right->unwritable_ms, right->unchangeable_ms};
    for (size_t i = 0; i < ARRAY_LEN(lefts); i++)
        if (lefts[i] != rights[i])
            return lefts[i] > rights[i] ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* --- what need not wait ---------------------------------------------------------------------- */

static bool is_quiet(const StepCosts *steps, const StepCost *step)
{
    for (size_t i = 0; i < step->relation_count; i++) {
        const CostRelation *relation = &steps->relations.items[step->first_relation + i];
        if (relation->blocks > BLOCKS_SCHEMA_CHANGES ||
            strcmp(relation->measured->lock, "RowExclusiveLock") == 0)
            return false; /* keeps the application waiting, or changes its rows */
    }
    return true;
}

/* By task: builds an index concurrently, and has nothing that the application could feel. */
static void find_concurrent(const Adding *adding, bool *builds, bool *feels)
{
    array_each (const StepCost, step, &adding->steps->steps) {
        const RunTask *task = &adding->tasks->items[step->task];
        builds[step->task] |= step->concurrently;
        feels[step->task] |= run_task_script(task)->steps.items[step->step].destructive ||
                             step->basis == BASIS_UNKNOWN || step->data_bytes ||
                             !is_quiet(adding->steps, step);
    }
}

static void find_needs(Adding *adding)
{
    size_t count = adding->tasks->count;
    CLEANUP(memory_freep) bool *builds = memory_zeroed(count + 1, sizeof(bool));
    CLEANUP(memory_freep) bool *feels = memory_zeroed(count + 1, sizeof(bool));
    bool leads = true;
    find_concurrent(adding, builds, feels);
    for (size_t i = 0; i < count; i++) {
        const ManifestMigration *migration = adding->tasks->items[i].migration;
        WindowNeed need = WINDOW_NEEDED;
        if (adding->tasks->items[i].only_gate) {
            *array_add(&adding->into->needs) = need; /* it only asks */
            continue;
        }
        /* what comes first in the order runs first: nothing can be taken out of the middle */
        if (leads && migration && migration->phase == PHASE_BEFORE)
            need = WINDOW_PHASE_BEFORE;
        else if (leads && builds[i] && !feels[i])
            need = WINDOW_CONCURRENT;
        leads &= need != WINDOW_NEEDED;
        *array_add(&adding->into->needs) = need;
        if (need == WINDOW_NEEDED)
            continue;
        adding->into->before_count = i + 1;
        adding->into->before_migrations++;
    }
    array_each (const StepCost, step, &adding->steps->steps)
        if (adding->into->needs.items[step->task] != WINDOW_NEEDED)
            adding->into->before_ms += step->ms;
}

/* What one says on the telephone: minutes, then fives, then quarters of an hour. */
int64_t run_costs_window_ms(int64_t work_ms)
{
    int64_t minutes = (work_ms + work_ms / 2 + MINUTE_MS - 1) / MINUTE_MS;
    int64_t grain = minutes > 60 ? 15 : minutes > 5 ? 5 : 1;
    if (minutes < 1)
        minutes = 1;
    return (minutes + grain - 1) / grain * grain * MINUTE_MS;
}

void run_costs_make(const RunTaskArray *tasks, const RunUnits *units, const StepCosts *steps,
                    const LookCosts *looks, RunCosts *ret_costs)
{
    *ret_costs = (RunCosts){.looks_ms = looks->look_ms};
    Adding adding = {
        .tasks = tasks, .units = units, .steps = steps, .looks = looks, .into = ret_costs};
    find_needs(&adding);
    array_each (const RunUnit, unit, &units->units)
        add_unit(&adding, unit);
    if (ret_costs->exposures.count)
        qsort(ret_costs->exposures.items, ret_costs->exposures.count, sizeof(Exposure),
              longest_first);
    array_free(&adding.by_name);
    ret_costs->total_ms = ret_costs->steps_ms + ret_costs->looks_ms + ret_costs->checks_ms;
    if (ret_costs->before_count < tasks->count)
        ret_costs->window_ms = run_costs_window_ms(ret_costs->total_ms - ret_costs->before_ms);
}
