#include "applier/runs/apply_plan.h"

#include <inttypes.h>

#include "applier/runs/apply_fit.h"
#include "base/memory.h"

const char *apply_relation_name(ApplyRelation relation)
{
    static const char *const names[] = {"fits",       "current", "ahead",         "gap",
                                        "diverged",   "unrest",  "wrong-product", "equivocation",
                                        "no-version", "stop"};
    return names[relation];
}

void apply_plan_done(ApplyPlan *plan)
{
    array_free(&plan->tasks);
    free(plan->halt);
    free(plan->words);
    free(plan->hint);
    *plan = (ApplyPlan){0};
}

/* --- tasks ----------------------------------------------------------------------------------- */

static RunTask task_for(const ApplyFit *fit, const ManifestVersion *version)
{
    return (RunTask){.manifest = fit->manifest,
                     .head_digest = *fit->head_digest,
                     .version = version,
                     .direction = DIRECTION_UP};
}

static void add_migration(ApplyFit *fit, const ManifestVersion *version, size_t index)
{
    int64_t position = fit->base + (int64_t)index;
    RunTask task = task_for(fit, version);
    task.migration = &fit->manifest->migrations.items[index];
    task.position = position;
    if (position < fit->vouched)
        return;
    if (position < fit->count) {
        const AppliedMigration *there = history_migration(fit->history, position);
        if (!there)
            return; /* adopted */
        if (there->state == APPLIED_UP_PARTLY) {
            task.first_group = (size_t)there->groups_done;
            task.batch = there->batch;
        } else if (there->unverified) {
            task.only_verify = true;
            task.position = position + 1;
        } else {
            return;
        }
    }
    *array_add(&fit->plan->tasks) = task;
}

/* Only where nothing of the version is there: what has begun goes on. */
static void add_gates(ApplyFit *fit, const ManifestVersion *version)
{
    RunTask task = task_for(fit, version);
    task.position = version->position + fit->shift;
    if (task.position >= fit->count)
        run_tasks_add_gates(&fit->plan->tasks, &task);
}

static void add_version(ApplyFit *fit, const ManifestVersion *version)
{
    RunTaskArray *tasks = &fit->plan->tasks;
    add_gates(fit, version);
    size_t before = tasks->count;
    for (size_t i = 0; i < version->migration_count; i++)
        add_migration(fit, version, version->first_migration + i);
    if (apply_fit_version_with_tree(fit->history, &version->tree_digest))
        return;
    if (tasks->count == before) {
        /* a version without migrations, or one whose row alone is missing */
        RunTask task = task_for(fit, version);
        task.position = apply_anchor_end(fit, version);
        *array_add(tasks) = task;
    }
    tasks->items[tasks->count - 1].ends_version = true;
}

void apply_plan_make(const History *history, const Manifest *manifest, const Digest *head_digest,
                     const char *to_version, ApplyPlan *ret_plan)
{
    *ret_plan = (ApplyPlan){.relation = RELATION_FITS};
    ApplyFit fit = {.history = history,
                    .manifest = manifest,
                    .head_digest = head_digest,
                    .to_version = to_version,
                    .shift = apply_plan_shift(history, manifest),
                    .count = history_depth(history),
                    .plan = ret_plan};
    fit.base = apply_anchor_position(manifest, 0) + fit.shift;
    if (apply_fit_refuses(&fit))
        return;
    if (ret_plan->stands_for && fit.stand == 0)
        add_version(&fit, &manifest->start);
    for (size_t i = fit.first; i <= ret_plan->target; i++)
        add_version(&fit, &manifest->versions.items[i]);
    ret_plan->to_position = apply_anchor_end(&fit, &manifest->versions.items[ret_plan->target]);
    if (ret_plan->tasks.count == 0)
        ret_plan->relation = RELATION_CURRENT;
}

/* --- asked of a plan ---------------------------------------------------------------------------
 */

int64_t apply_plan_end(const ApplyPlan *plan, int64_t position)
{
    const RunTaskArray *tasks = &plan->tasks;
    return tasks->count ? run_task_position_after(&tasks->items[tasks->count - 1]) : position;
}

bool apply_plan_check(const ApplyPlan *plan, Error *err)
{
    ErrorClass class = ERROR_TARGET;
    switch (plan->relation) {
    case RELATION_FITS:
    case RELATION_CURRENT:
        return true;
    case RELATION_WRONG_PRODUCT:
    case RELATION_EQUIVOCATION:
        class = ERROR_TRUST;
        break;
    case RELATION_NO_VERSION:
        class = ERROR_USAGE;
        break;
    case RELATION_AHEAD:
    case RELATION_GAP:
    case RELATION_DIVERGED:
    case RELATION_UNREST:
    case RELATION_STOP:
        break;
    }
    error_set(err, class, "%s", plan->words);
    return plan->hint ? error_hint(err, "%s", plan->hint) : false;
}

bool apply_plan_check_mode(const Manifest *manifest, AtomicMode mode, size_t target,
                           int64_t server_major, Error *err)
{
    if (mode == ATOMIC_MIGRATION || !manifest->fingerprints.count)
        return true;
    array_each (const ManifestAtomic, atomic, &manifest->atomic) {
        if (atomic->server_major == server_major && atomic->whole_run == (mode == ATOMIC_RUN))
            return true;
    }
    error_set(err, ERROR_TARGET,
              "--atomic %s is not offered: this bundle passed no rehearsal so on PostgreSQL "
              "%" PRId64,
              atomic_mode_name(mode), server_major);
    if (mode == ATOMIC_RUN && target + 1 < manifest->versions.count)
        error_detail(err,
                     "a rehearsal runs all versions of a bundle in one transaction, and that did "
                     "not pass; of the part up to %s alone nothing was tried",
                     manifest->versions.items[target].name);
    return error_hint(err, "run it with --atomic migration, which is the default");
}
