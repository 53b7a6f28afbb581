#include "applier/runs/apply_plan.h"

#include <inttypes.h>

#include "base/memory.h"

const char *apply_relation_name(ApplyRelation relation)
{
    static const char *const names[] = {"fits",          "current",      "ahead",
                                        "gap",           "diverged",     "unrest",
                                        "wrong-product", "equivocation", "no-version"};
    return names[relation];
}

void apply_plan_done(ApplyPlan *plan)
{
    array_free(&plan->tasks);
    free(plan->words);
    free(plan->hint);
    *plan = (ApplyPlan){0};
}

/* What the checks look at. */
typedef struct Fit {
    const History *history;
    const Manifest *manifest;
    const Digest *head_digest;
    const char *to_version;
    int64_t base;  /* migrations of the product before the bundle's first */
    int64_t count; /* migrations in the database */
    size_t first;  /* the bundle's versions before it are below the one that was adopted */
    ApplyPlan *plan;
} Fit;

static void PRINTF_LIKE(3, 4) refuse(Fit *fit, ApplyRelation relation, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fit->plan->relation = relation;
    fit->plan->words = memory_vformat(format, arguments);
    va_end(arguments);
}

static void PRINTF_LIKE(2, 3) hint(Fit *fit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fit->plan->hint = memory_vformat(format, arguments);
    va_end(arguments);
}

static const AppliedVersion *version_with_tree(const History *history, const Digest *tree)
{
    array_each (AppliedVersion, version, &history->versions) {
        if (digest_equal(&version->tree_digest, tree))
            return version;
    }
    return NULL;
}

static bool damaged(Fit *fit)
{
    if (!fit->history->diverged)
        return false;
    refuse(fit, RELATION_DIVERGED, "%s", fit->history->diverged);
    hint(fit, "nothing will be applied on top of it; compare with the receipts and the state file");
    return true;
}

static bool other_product(Fit *fit)
{
    const LedgerIdentity *identity = &fit->history->identity;
    const Head *head = &fit->manifest->head;
    if (!fit->history->managed || strcmp(identity->product_uuid, head->product_uuid) == 0)
        return false;
    refuse(fit, RELATION_WRONG_PRODUCT,
           "the database belongs to product '%s' (%s), the bundle to '%s' (%s)", identity->product,
           identity->product_uuid, head->product, head->product_uuid);
    return true;
}

static bool equivocates(Fit *fit)
{
    array_each (KnownBundle, bundle, &fit->history->bundles) {
        if (bundle->sequence != fit->manifest->head.sequence ||
            bundle->epoch != fit->manifest->head.epoch ||
            digest_equal(&bundle->head_digest, fit->head_digest))
            continue;
        char hex[DIGEST_HEX_SIZE];
        refuse(fit, RELATION_EQUIVOCATION,
               "this database knows another bundle of sequence %" PRId64 ": its HEAD is %.16s…",
               bundle->sequence, digest_hex(&bundle->head_digest, hex));
        hint(fit, "a vendor numbers each bundle once: ask which of the two is genuine");
        return true;
    }
    return false;
}

static bool no_version(Fit *fit)
{
    const ManifestVersionArray *versions = &fit->manifest->versions;
    fit->plan->target = versions->count - 1;
    if (!fit->to_version)
        return false;
    for (size_t i = 0; i < versions->count; i++) {
        if (strcmp(versions->items[i].name, fit->to_version) == 0) {
            fit->plan->target = i;
            return false;
        }
    }
    const char *from = fit->manifest->head.covers_from;
    refuse(fit, RELATION_NO_VERSION, "the bundle has no version '%s': it goes from %s to %s",
           fit->to_version, strcmp(from, "-") == 0 ? "nothing" : from,
           fit->manifest->head.covers_to);
    return true;
}

/* A database may have been adopted at a version beyond the one that the bundle starts from. */
static bool find_adopted(Fit *fit)
{
    if (!fit->history->was_adopted || !fit->history->versions.count)
        return false;
    const AppliedVersion *adopted = &fit->history->versions.items[0];
    for (size_t i = 0; i < fit->manifest->versions.count; i++) {
        if (digest_equal(&fit->manifest->versions.items[i].tree_digest, &adopted->tree_digest)) {
            fit->first = i;
            return true;
        }
    }
    return false;
}

/* The version that the bundle starts from must stand in the database. */
static bool not_anchored(Fit *fit)
{
    if (find_adopted(fit))
        return false;
    const Head *head = &fit->manifest->head;
    Digest tree;
    if (strcmp(head->tree_from, "-") == 0 && !fit->history->was_adopted)
        return false;
    bool parsed = digest_parse_hex(head->tree_from, strlen(head->tree_from), &tree);
    const AppliedVersion *from = parsed ? version_with_tree(fit->history, &tree) : NULL;
    if (from && from->position == fit->base)
        return false;
    const char *at = history_version_name(fit->history);
    const AppliedVersion *current = history_version(fit->history);
    if (current && current->position >= fit->base && fit->history->was_adopted &&
        strcmp(head->tree_from, "-") == 0) {
        refuse(fit, RELATION_DIVERGED,
               "the database was adopted at version %s, which the bundle does not hold",
               fit->history->versions.items[0].name);
        return true;
    }
    if (current && current->position >= fit->base) {
        refuse(fit, RELATION_DIVERGED,
               "the bundle continues version %s, which this database (at %s) does not hold as the "
               "vendor made it",
               head->covers_from, at);
        return true;
    }
    refuse(fit, RELATION_GAP, "the database is at version %s, the bundle starts at %s",
           current ? at : "none", head->covers_from);
    hint(fit, "bring the bundles that lead from %s to %s and apply them first",
         current ? at : "the beginning", head->covers_from);
    return true;
}

/* What the database has beyond the bundle's start must be what the bundle says. */
static bool holds_others(Fit *fit)
{
    const ManifestMigrationArray *ours = &fit->manifest->migrations;
    for (int64_t i = fit->base; i < fit->count && i - fit->base < (int64_t)ours->count; i++) {
        const AppliedMigration *there = history_migration(fit->history, i);
        const ManifestMigration *here = &ours->items[i - fit->base];
        if (!there)
            continue; /* adopted with its version, whose tree digest speaks for it */
        if (strcmp(there->identity, here->identity) == 0 &&
            digest_equal(&there->up_digest, &here->up_digest))
            continue;
        refuse(fit, RELATION_DIVERGED,
               "migration %" PRId64 " of this database is '%s' (%s), the bundle has '%s'%s there",
               i + 1, there->identity, there->version, here->identity,
               strcmp(there->identity, here->identity) == 0 ? " with another content" : "");
        return true;
    }
    array_each (ManifestVersion, version, &fit->manifest->versions) {
        array_each (AppliedVersion, there, &fit->history->versions) {
            if (strcmp(there->name, version->name) != 0 ||
                digest_equal(&there->tree_digest, &version->tree_digest))
                continue;
            refuse(fit, RELATION_DIVERGED,
                   "version %s of this database is not the bundle's version %s", there->name,
                   version->name);
            return true;
        }
    }
    return false;
}

static int64_t end_of(const ManifestVersion *version)
{
    return version->position + (int64_t)version->migration_count;
}

static bool is_ahead(Fit *fit)
{
    const ManifestVersion *target = &fit->manifest->versions.items[fit->plan->target];
    const AppliedVersion *there = version_with_tree(fit->history, &target->tree_digest);
    const AppliedVersion *current = history_version(fit->history);
    bool at_end = there == current && fit->count == end_of(target);
    if (there && at_end)
        return false;
    if (!there && fit->count <= end_of(target) && fit->plan->target >= fit->first)
        return false;
    refuse(fit, RELATION_AHEAD, "the database is at version %s, ahead of %s",
           history_version_name(fit->history), target->name);
    hint(fit, "nothing to apply; 'applier rollback --to %s' would take it back there",
         target->name);
    return true;
}

/* What was left unfinished must be this bundle's to finish. */
static bool cannot_finish(Fit *fit)
{
    const AppliedMigration *top = history_top(fit->history);
    const ManifestMigrationArray *ours = &fit->manifest->migrations;
    CLEANUP(memory_freep) char *unrest = history_unrest(fit->history);
    int64_t first_unverified = fit->count;
    for (int64_t i = fit->count; i > fit->history->adopted; i--)
        if (history_migration(fit->history, i - 1)->unverified)
            first_unverified = i - 1;
    bool back = top && top->state == APPLIED_DOWN_PARTLY;
    bool cut_differently = false, elsewhere = first_unverified < fit->base;
    if (top && top->state == APPLIED_UP_PARTLY) {
        int64_t index = fit->count - 1 - fit->base;
        elsewhere |= index < 0 || index >= (int64_t)ours->count;
        cut_differently =
            !elsewhere &&
            (int64_t)ours->items[index].scripts[SCRIPT_UP].groups.count != top->group_count;
    }
    if (!history_unsettled(fit->history) && !back && !elsewhere && !cut_differently)
        return false;
    refuse(fit, RELATION_UNREST, "%s%s", unrest ? unrest : "the database is not at rest",
           cut_differently ? ", and this bundle cuts it into other groups" : "");
    hint(fit, "'applier resume' goes on with it");
    return true;
}

/* --- tasks ----------------------------------------------------------------------------------- */

static RunTask task_for(const Fit *fit, const ManifestVersion *version)
{
    return (RunTask){.manifest = fit->manifest,
                     .head_digest = *fit->head_digest,
                     .version = version,
                     .direction = DIRECTION_UP};
}

static void add_migration(Fit *fit, const ManifestVersion *version, size_t index)
{
    int64_t position = fit->base + (int64_t)index;
    RunTask task = task_for(fit, version);
    task.migration = &fit->manifest->migrations.items[index];
    task.position = position;
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
static void add_gates(Fit *fit, const ManifestVersion *version)
{
    RunTask task = task_for(fit, version);
    task.position = version->position;
    if (version->position >= fit->count)
        run_tasks_add_gates(&fit->plan->tasks, &task);
}

static void add_version(Fit *fit, const ManifestVersion *version)
{
    RunTaskArray *tasks = &fit->plan->tasks;
    add_gates(fit, version);
    size_t before = tasks->count;
    for (size_t i = 0; i < version->migration_count; i++)
        add_migration(fit, version, version->first_migration + i);
    if (version_with_tree(fit->history, &version->tree_digest))
        return;
    if (tasks->count == before) {
        /* a version without migrations, or one whose row alone is missing */
        RunTask task = task_for(fit, version);
        task.position = end_of(version);
        *array_add(tasks) = task;
    }
    tasks->items[tasks->count - 1].ends_version = true;
}

void apply_plan_make(const History *history, const Manifest *manifest, const Digest *head_digest,
                     const char *to_version, ApplyPlan *ret_plan)
{
    *ret_plan = (ApplyPlan){.relation = RELATION_FITS};
    Fit fit = {.history = history,
               .manifest = manifest,
               .head_digest = head_digest,
               .to_version = to_version,
               .base = manifest->versions.count ? manifest->versions.items[0].position : 0,
               .count = history_depth(history),
               .plan = ret_plan};
    /* The order is the order of importance: what is said is the first that holds. */
    bool (*const checks[])(Fit *) = {damaged,      other_product, equivocates, no_version,
                                     not_anchored, holds_others,  is_ahead,    cannot_finish};
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (checks[i](&fit))
            return;
    for (size_t i = fit.first; i <= ret_plan->target; i++)
        add_version(&fit, &manifest->versions.items[i]);
    if (ret_plan->tasks.count == 0)
        ret_plan->relation = RELATION_CURRENT;
}

/* --- phases ---------------------------------------------------------------------------------- */

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

bool apply_plan_choose_phase(ApplyPlan *plan, RunPhase phase, Error *err)
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
        break;
    }
    error_set(err, class, "%s", plan->words);
    return plan->hint ? error_hint(err, "%s", plan->hint) : false;
}

bool apply_plan_check_mode(const Manifest *manifest, AtomicMode mode, int64_t server_major,
                           Error *err)
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
    return error_hint(err, "run it with --atomic migration, which is the default");
}
