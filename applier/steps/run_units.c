#include "applier/steps/run_units.h"

static const char *const atomic_mode_names[] = {"migration", "version", "run"};

const char *atomic_mode_name(AtomicMode mode)
{
    return atomic_mode_names[mode];
}

AtomicMode atomic_mode_parse(const char *name)
{
    for (AtomicMode mode = ATOMIC_VERSION; mode <= ATOMIC_RUN; mode++)
        if (strcmp(name, atomic_mode_names[mode]) == 0)
            return mode;
    return ATOMIC_MIGRATION;
}

void run_tasks_add_gates(RunTaskArray *tasks, const RunTask *task)
{
    const ManifestVersion *version = task->version;
    for (size_t i = 0; i < version->migration_count; i++) {
        const ManifestMigration *migration =
            &task->manifest->migrations.items[version->first_migration + i];
        if (!migration->scripts[SCRIPT_PRECHECK].gate)
            continue;
        RunTask gate = *task;
        gate.migration = migration;
        gate.only_gate = true;
        *array_add(tasks) = gate;
    }
}

int64_t run_tasks_count(const RunTaskArray *tasks)
{
    int64_t count = 0;
    array_each (const RunTask, task, tasks)
        count += !task->only_gate;
    return count;
}

const ManifestScript *run_task_script(const RunTask *task)
{
    if (!task->migration || task->only_gate)
        return NULL;
    return &task->migration->scripts[task->direction == DIRECTION_UP ? SCRIPT_UP : SCRIPT_DOWN];
}

int64_t run_task_position_during(const RunTask *task)
{
    bool taken_back = task->direction == DIRECTION_DOWN && task->migration && !task->partly;
    return taken_back ? task->position - 1 : task->position;
}

int64_t run_task_position_after(const RunTask *task)
{
    bool added = task->direction == DIRECTION_UP && task->migration && !task->only_verify &&
                 !task->only_gate;
    return run_task_position_during(task) + (added ? 1 : 0);
}

bool run_task_verifies(const RunTask *task)
{
    if (!task->migration || task->direction == DIRECTION_DOWN || task->only_gate)
        return false;
    const ManifestScript *verify = &task->migration->scripts[SCRIPT_VERIFY];
    return verify->present && !verify->in_transaction;
}

void run_units_done(RunUnits *units)
{
    array_free(&units->units);
    array_free(&units->parts);
}

/* --- building -------------------------------------------------------------------------------- */

typedef struct Builder {
    const RunTaskArray *tasks;
    AtomicMode mode;
    RunUnits *into;
} Builder;

static RunPart *add_part(Builder *builder, RunUnit *unit, size_t task)
{
    RunPart *part = array_add(&builder->into->parts);
    *part = (RunPart){.task = task, .group = PART_WITHOUT_STATEMENTS};
    unit->part_count++;
    return part;
}

static RunUnit *add_unit(Builder *builder, UnitKind kind)
{
    RunUnit *unit = array_add(&builder->into->units);
    *unit = (RunUnit){.kind = kind, .first_part = builder->into->parts.count, .attempt = 1};
    return unit;
}

static bool reaches_outside(const ManifestScript *script, const ManifestGroup *group)
{
    for (size_t i = 0; i < group->step_count; i++)
        if (script->steps.items[group->first_step + i].outside_effects)
            return true;
    return false;
}

static void add_check(Builder *builder, size_t task, UnitKind kind)
{
    RunUnit *unit = add_unit(builder, kind);
    add_part(builder, unit, task);
}

/* A precheck that is no gate: gates are tasks of their own. */
static bool has_precheck(const RunTask *task)
{
    if (!task->migration || task->direction == DIRECTION_DOWN)
        return false;
    const ManifestScript *precheck = &task->migration->scripts[SCRIPT_PRECHECK];
    return precheck->present && !precheck->gate;
}

/* The ranges of a batch, which the unit that ends its group follows. */
static void add_batch(Builder *builder, size_t task, size_t group)
{
    RunUnit *unit = add_unit(builder, UNIT_BATCH);
    RunPart *part = add_part(builder, unit, task);
    part->group = group;
}

/* The groups of a task as units of their own, or as parts of `shared`. */
static void add_groups(Builder *builder, size_t index, RunUnit *shared)
{
    const RunTask *task = &builder->tasks->items[index];
    const ManifestScript *script = run_task_script(task);
    const ManifestScript *verify =
        task->migration ? &task->migration->scripts[SCRIPT_VERIFY] : NULL;
    size_t count = script && script->groups.count ? script->groups.count : 1;
    for (size_t i = task->first_group; i < count; i++) {
        const ManifestGroup *group =
            script && script->groups.count ? &script->groups.items[i] : NULL;
        bool alone = group && group->kind == GROUP_AUTOCOMMIT;
        if (group && group->kind == GROUP_BATCH)
            add_batch(builder, index, i);
        RunUnit *unit =
            shared ? shared : add_unit(builder, alone ? UNIT_AUTOCOMMIT : UNIT_TRANSACTION);
        RunPart *part = add_part(builder, unit, index);
        part->group = group ? i : PART_WITHOUT_STATEMENTS;
        part->completes = i + 1 == count;
        part->verify_inside = part->completes && task->direction == DIRECTION_UP && verify &&
                              verify->present && verify->in_transaction && !alone;
        part->precheck_inside = shared && i == 0 && has_precheck(task);
        unit->outside_effects |= group && reaches_outside(script, group);
        unit->resets_after |= part->completes;
    }
}

static void add_task(Builder *builder, size_t index)
{
    const RunTask *task = &builder->tasks->items[index];
    if (task->only_gate) {
        add_check(builder, index, UNIT_GATE);
        return;
    }
    bool begun = task->first_group > 0 || task->batch.batches > 0;
    if (has_precheck(task) && !task->only_verify && !begun)
        add_check(builder, index, UNIT_PRECHECK);
    if (!task->only_verify)
        add_groups(builder, index, /* shared= */ NULL);
    if (run_task_verifies(task))
        add_check(builder, index, UNIT_VERIFY);
}

/* A gate that may look at what the same transaction has not committed. */
static void add_gate_inside(Builder *builder, size_t index, RunUnit *shared)
{
    RunPart *part = add_part(builder, shared, index);
    part->gate = true;
}

/* Tasks [first, end) in one transaction; what verifies runs behind it. */
static void add_together(Builder *builder, size_t first, size_t end)
{
    /* before the transaction has anything of its own to look at */
    for (; first < end &&
           (builder->tasks->items[first].only_gate || builder->tasks->items[first].only_verify);
         first++)
        add_check(builder, first, builder->tasks->items[first].only_gate ? UNIT_GATE : UNIT_VERIFY);
    /* units may move as the array grows: build in a value */
    RunUnit unit = {
        .kind = UNIT_TRANSACTION, .first_part = builder->into->parts.count, .attempt = 1};
    for (size_t i = first; i < end; i++)
        if (builder->tasks->items[i].only_gate)
            add_gate_inside(builder, i, &unit);
        else if (!builder->tasks->items[i].only_verify)
            add_groups(builder, i, &unit);
    if (unit.part_count)
        *array_add(&builder->into->units) = unit;
    for (size_t i = first; i < end; i++)
        if (run_task_verifies(&builder->tasks->items[i]))
            add_check(builder, i, UNIT_VERIFY);
}

/* A version's row belongs to the last part of any of its tasks up: with it the version is complete,
 * in whatever order the parts are. */
static void mark_version_ends(Builder *builder)
{
    const RunTaskArray *tasks = builder->tasks;
    for (size_t i = 0; i < tasks->count; i++) {
        if (!tasks->items[i].ends_version)
            continue;
        RunPart *last = NULL;
        array_each (RunPart, part, &builder->into->parts) {
            const RunTask *task = &tasks->items[part->task];
            if (task->version == tasks->items[i].version && task->direction == DIRECTION_UP)
                last = part;
        }
        if (last)
            last->ends_version = true;
    }
}

/* Up, a version's schema stands with its last statements; its row may wait for a verify script.
 * Down, the schema of the version before stands once the first migration is taken back. */
static void mark_arrivals(Builder *builder)
{
    const RunTaskArray *tasks = builder->tasks;
    for (size_t i = 0; i < tasks->count; i++) {
        const RunTask *task = &tasks->items[i];
        bool up = task->direction == DIRECTION_UP;
        if (up ? !task->ends_version : task->migration && task->migration->ordinal != 1)
            continue;
        RunPart *last = NULL;
        array_each (RunPart, part, &builder->into->parts) {
            const RunTask *other = &tasks->items[part->task];
            bool same = other->direction == task->direction && other->version == task->version;
            if (part->completes && (up ? same : part->task == i))
                last = part;
        }
        if (last)
            last->arrives = true;
    }
}

void run_units_build(const RunTaskArray *tasks, AtomicMode mode, RunUnits *ret_units)
{
    Builder builder = {.tasks = tasks, .mode = mode, .into = ret_units};
    *ret_units = (RunUnits){0};
    for (size_t i = 0; i < tasks->count;) {
        size_t end = i + 1;
        if (mode == ATOMIC_MIGRATION) {
            add_task(&builder, i);
        } else {
            while (end < tasks->count &&
                   (mode == ATOMIC_RUN || tasks->items[end].version == tasks->items[i].version))
                end++;
            add_together(&builder, i, end);
        }
        i = end;
    }
    mark_version_ends(&builder);
    mark_arrivals(&builder);
}

/* --- questions ------------------------------------------------------------------------------- */

static bool refuse_atomic(const RunTask *task, AtomicMode mode, const char *why, Error *err)
{
    error_set(err, ERROR_TARGET, "--atomic %s cannot be had: migration '%s' (%s): %s",
              atomic_mode_name(mode), task->migration->identity, task->version->name, why);
    return error_hint(err, "run it with --atomic migration, which is the default");
}

bool run_units_check_atomic(const RunTaskArray *tasks, AtomicMode mode, Error *err)
{
    if (mode == ATOMIC_MIGRATION)
        return true;
    array_each (RunTask, task, tasks) {
        const ManifestScript *script = run_task_script(task);
        if (!script || task->only_verify)
            continue;
        if (task->direction == DIRECTION_UP && task->migration->atomic_blocker)
            return refuse_atomic(task, mode, task->migration->atomic_blocker, err);
        array_each (ManifestGroup, group, &script->groups) {
            if (group->kind == GROUP_AUTOCOMMIT)
                return refuse_atomic(task, mode, "a step cannot run in a transaction", err);
            if (group->kind == GROUP_BATCH)
                return refuse_atomic(task, mode, "it runs in batches", err);
            if (group->isolation != ISOLATION_DEFAULT || group->read_only || group->deferrable)
                return refuse_atomic(task, mode, "it chooses its own transaction mode", err);
            if (reaches_outside(script, group))
                return refuse_atomic(task, mode, "it has effects outside the database", err);
        }
    }
    return true;
}

int64_t run_units_lock_estimate(const RunTaskArray *tasks, const RunUnits *units)
{
    int64_t most = 0;
    array_each (RunUnit, unit, &units->units) {
        int64_t sum = 0;
        for (size_t i = 0; i < unit->part_count; i++) {
            const RunPart *part = &units->parts.items[unit->first_part + i];
            const ManifestScript *script = run_task_script(&tasks->items[part->task]);
            if (!script || part->group == PART_WITHOUT_STATEMENTS)
                continue;
            const ManifestGroup *group = &script->groups.items[part->group];
            for (size_t step = 0; step < group->step_count; step++)
                sum += script->steps.items[group->first_step + step].lock_estimate;
        }
        most = sum > most ? sum : most;
    }
    return most;
}
