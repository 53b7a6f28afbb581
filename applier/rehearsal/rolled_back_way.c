#include "applier/rehearsal/rolled_back_way.h"

#include "applier/runs/rollback_plan.h"
#include "base/memory.h"

/* What the ledger would say once the ups are done. */
typedef struct Applied {
    AppliedMigrationArray migrations; /* texts borrowed, as those of versions */
    AppliedVersionArray versions;     /* without migrations, where the ups begin */
    const AppliedVersion *below;      /* the version that holds before; or NULL */
} Applied;

static void applied_done(Applied *applied)
{
    array_free(&applied->migrations);
    array_free(&applied->versions);
}

static void apply_all(const RunTaskArray *ups, const History *history, Applied *applied)
{
    int64_t from = ups->count ? ups->items[0].position : 0;
    applied->below = history_version(history);
    array_each (const RunTask, task, ups) {
        if (task->only_gate)
            continue;
        if (task->migration)
            *array_add(&applied->migrations) =
                (AppliedMigration){.identity = task->migration->identity,
                                   .version = task->version->name,
                                   .head_digest = task->head_digest,
                                   .up_digest = task->migration->up_digest};
        else if (task->position == from) /* those above go with their migrations */
            *array_add(&applied->versions) =
                (AppliedVersion){.name = task->version->name,
                                 .position = from,
                                 .tree_digest = task->version->tree_digest,
                                 .head_digest = task->head_digest};
    }
}

static void list_make(const Applied *applied, int64_t from, RollbackItemArray *items)
{
    for (size_t i = applied->migrations.count; i > 0; i--)
        *array_add(items) = (RollbackItem){.migration = &applied->migrations.items[i - 1],
                                           .position = from + (int64_t)i - 1};
    for (size_t i = applied->versions.count; i > 0; i--)
        *array_add(items) =
            (RollbackItem){.version = &applied->versions.items[i - 1],
                           .below = i > 1 ? &applied->versions.items[i - 2] : applied->below,
                           .position = from};
}

static bool from_bundle(void *context, const Digest *head_digest UNUSED,
                        const Manifest **ret_manifest, const ObjectSource **ret_objects,
                        Error *err UNUSED)
{
    const ApplyInput *input = context;
    *ret_manifest = input->manifest;
    *ret_objects = &input->objects;
    return true;
}

/* Nobody is told of an arrival inside a version, and nothing could be compared there. */
static bool check_start(const History *history, Error *err)
{
    CLEANUP(memory_freep) char *unrest = history_unrest(history);
    int64_t count = 0;
    const char *inside = history_inside(history, &count);
    if (unrest)
        return error_set(err, ERROR_TARGET, "%s", unrest);
    return !inside || error_set(err, ERROR_TARGET, "the database stands inside version %s", inside);
}

static bool check_ways(const RunTaskArray *downs, int64_t server_major, Error *err)
{
    WayBackArray ways = {0};
    rollback_plan_ways(downs, server_major, &ways);
    bool good = rollback_plan_check_ways(&ways, err);
    ways_back_done(&ways);
    return good && (run_units_check_atomic(downs, ATOMIC_RUN, err) ||
                    error_wrap(err, "it cannot go back in the same transaction"));
}

bool rolled_back_way_make(const RunTaskArray *ups, const History *history, const ApplyInput *input,
                          int64_t server_major, RunTaskArray *ret_downs, Error *err)
{
    CLEANUP(applied_done) Applied applied = {0};
    CLEANUP(rollback_list_done) RollbackList list = {0};
    RunTaskArray downs = {0};
    if (!check_start(history, err))
        return false;
    apply_all(ups, history, &applied);
    list_make(&applied, ups->count ? ups->items[0].position : 0, &list.items);
    if (!rollback_plan_tasks(&list, from_bundle, (ApplyInput *)(uintptr_t)input, &downs, err))
        return false;
    array_each (RunTask, task, &downs)
        task->values = ups->items[0].values;
    if (check_ways(&downs, server_major, err)) {
        *ret_downs = downs;
        return true;
    }
    array_free(&downs);
    return false;
}
