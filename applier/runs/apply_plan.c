#include "applier/runs/apply_plan.h"

#include <inttypes.h>

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

/* What the checks look at. */
typedef struct Fit {
    const History *history;
    const Manifest *manifest;
    const Digest *head_digest;
    const char *to_version;
    int64_t base;    /* migrations of the product before the bundle's first */
    int64_t count;   /* migrations in the database */
    size_t first;    /* the bundle's versions before it are below what the database began with */
    size_t stand;    /* where it stands: index into versions plus 1; 0: the bundle's start */
    int64_t shift;   /* of positions here against the product's */
    int64_t vouched; /* migrations that a tree digest speaks for, though others stand there */
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

/* --- where it stands -------------------------------------------------------------------------- */

static int64_t end_of(const ManifestVersion *version)
{
    return version->position + (int64_t)version->migration_count;
}

/* The product's migrations through the version of that index plus 1. */
static int64_t position_of(const Manifest *manifest, size_t stand)
{
    if (stand)
        return end_of(&manifest->versions.items[stand - 1]);
    return manifest->versions.count ? manifest->versions.items[0].position : 0;
}

/* The last version in the database that the bundle begins at or goes through; NULL: none. */
static const AppliedVersion *find_anchor(const History *history, const Manifest *manifest,
                                         size_t *ret_stand)
{
    char hex[DIGEST_HEX_SIZE];
    for (size_t v = history->versions.count; v > 0; v--) {
        const AppliedVersion *version = &history->versions.items[v - 1];
        for (size_t i = manifest->versions.count; i > 0; i--) {
            *ret_stand = i;
            if (digest_equal(&manifest->versions.items[i - 1].tree_digest, &version->tree_digest))
                return version;
        }
        *ret_stand = 0;
        if (strcmp(digest_hex(&version->tree_digest, hex), manifest->head.tree_from) == 0)
            return version;
    }
    return NULL;
}

/* What stands for the version that the database is at now. */
static const ManifestSuperseded *find_in_place(const History *history, const Manifest *manifest)
{
    const AppliedVersion *current = history_version(history);
    array_each (const ManifestSuperseded, superseded, &manifest->superseded)
        if (current && superseded->same_schema &&
            digest_equal(&superseded->tree_digest, &current->tree_digest))
            return superseded;
    return NULL;
}

int64_t apply_plan_shift(const History *history, const Manifest *manifest)
{
    size_t stand = 0;
    const AppliedVersion *anchor = history_version(history);
    const ManifestSuperseded *in_place = find_in_place(history, manifest);
    if (in_place)
        stand = in_place->version;
    else
        anchor = find_anchor(history, manifest, &stand);
    return anchor ? anchor->position - position_of(manifest, stand) : 0;
}

static bool is_proven(const Manifest *manifest, size_t version)
{
    array_each (const ManifestFingerprint, fingerprint, &manifest->fingerprints)
        if (fingerprint->version == version)
            return true;
    return false;
}

static const char *name_of(const Manifest *manifest, size_t stand)
{
    return stand ? manifest->versions.items[stand - 1].name : manifest->head.covers_from;
}

/* A version off the line, in whose place one of the bundle's is: the database goes on from there,
 * once its schema was seen to be that one's. */
static bool stands_in_place(Fit *fit)
{
    const ManifestSuperseded *in_place = find_in_place(fit->history, fit->manifest);
    if (!in_place)
        return false;
    fit->plan->stands_for = in_place->name;
    fit->stand = in_place->version;
    fit->first = in_place->version ? in_place->version - 1 : 0;
    fit->vouched = history_version(fit->history)->position;
    return true;
}

static bool unproven_in_place(Fit *fit)
{
    if (!fit->plan->stands_for || is_proven(fit->manifest, fit->stand))
        return false;
    refuse(fit, RELATION_DIVERGED,
           "the database is at version %s, which %s supersedes, and the bundle proves nothing of "
           "the schema that they share",
           fit->plan->stands_for, name_of(fit->manifest, fit->stand));
    hint(fit, "ask the vendor for a bundle that was rehearsed");
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
            fit->stand = fit->stand > i + 1 ? fit->stand : i + 1;
            return true;
        }
    }
    return false;
}

/* The version that the bundle starts from must stand in the database. */
static bool not_anchored(Fit *fit)
{
    const AppliedVersion *anchor = find_anchor(fit->history, fit->manifest, &fit->stand);
    if (stands_in_place(fit))
        return unproven_in_place(fit);
    if (anchor && fit->shift)
        fit->vouched = anchor->position;
    fit->stand = anchor ? fit->stand : 0;
    if (find_adopted(fit))
        return false;
    const Head *head = &fit->manifest->head;
    Digest tree;
    if (strcmp(head->tree_from, "-") == 0 && !fit->history->was_adopted)
        return false;
    bool parsed = digest_parse_hex(head->tree_from, strlen(head->tree_from), &tree);
    if (anchor && parsed && version_with_tree(fit->history, &tree))
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

/* A database inside a version that was given up, or at one that others were to follow. */
static bool is_of_superseded(Fit *fit, int64_t index, const AppliedMigration *there)
{
    array_each (const ManifestSuperseded, superseded, &fit->manifest->superseded) {
        if (strcmp(superseded->name, there->version) != 0)
            continue;
        size_t by = superseded->version;
        refuse(fit, RELATION_DIVERGED,
               "migration %" PRId64 " of this database is '%s' of version %s, which %s supersedes",
               index + 1, there->identity, there->version, name_of(fit->manifest, by));
        const char *back = by ? name_of(fit->manifest, by - 1) : NULL;
        if (back)
            hint(fit,
                 "'applier rollback --to %s' takes back what there is of %s; then apply this "
                 "bundle again",
                 strcmp(back, "-") == 0 ? "-" : back, there->version);
        return true;
    }
    return false;
}

/* What the database has beyond the bundle's start must be what the bundle says. */
static bool holds_others(Fit *fit)
{
    const ManifestMigrationArray *ours = &fit->manifest->migrations;
    int64_t first = fit->base > fit->vouched ? fit->base : fit->vouched;
    for (int64_t i = first; i < fit->count && i - fit->base < (int64_t)ours->count; i++) {
        const AppliedMigration *there = history_migration(fit->history, i);
        const ManifestMigration *here = &ours->items[i - fit->base];
        if (!there)
            continue; /* adopted with its version, whose tree digest speaks for it */
        if (strcmp(there->identity, here->identity) == 0 &&
            digest_equal(&there->up_digest, &here->up_digest))
            continue;
        if (is_of_superseded(fit, i, there))
            return true;
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

static int64_t end_here(const Fit *fit, const ManifestVersion *version)
{
    return end_of(version) + fit->shift;
}

static bool is_ahead(Fit *fit)
{
    const ManifestVersion *target = &fit->manifest->versions.items[fit->plan->target];
    const AppliedVersion *there = version_with_tree(fit->history, &target->tree_digest);
    const AppliedVersion *current = history_version(fit->history);
    bool at_end = there == current && fit->count == end_here(fit, target);
    if (there && at_end)
        return false;
    if (!there && fit->count <= end_here(fit, target) && fit->plan->target >= fit->first)
        return false;
    refuse(fit, RELATION_AHEAD, "the database is at version %s, ahead of %s",
           history_version_name(fit->history), target->name);
    hint(fit, "nothing to apply; 'applier rollback --to %s' would take it back there",
         target->name);
    return true;
}

/* --- how far one run may go ------------------------------------------------------------------- */

/* The start of what is under way: of the last run without an end, and of those that it went on
 * with. NULL: nothing is, or it has arrived. */
static const PastEvent *run_under_way(const History *history)
{
    const PastEvent *first = NULL;
    array_each (const PastEvent, event, &history->events) {
        if (strcmp(event->phase, ledger_phase_name(PHASE_OF_END)) == 0)
            first = NULL;
        if (strcmp(event->phase, ledger_phase_name(PHASE_OF_BEGIN)) != 0)
            continue;
        if (!past_event_applies(event))
            first = NULL;
        else if (!first)
            first = event;
    }
    bool arrived = first && first->to_position == history->position &&
                   strcmp(first->to_version, history_version_name(history)) == 0;
    return arrived ? NULL : first;
}

static bool begins_with_nothing(const History *history)
{
    const PastEvent *begun = run_under_way(history);
    if (begun)
        return strcmp(begun->from_version, "-") == 0;
    return !history->versions.count && history_depth(history) == 0;
}

/* The farthest version that one run may come to from where the database stands, as an index plus 1,
 * and what stands in the way of the next. */
static size_t farthest(const Fit *fit, char **ret_why)
{
    const ManifestVersionArray *versions = &fit->manifest->versions;
    *ret_why = NULL;
    if (begins_with_nothing(fit->history))
        return versions->count;
    for (size_t i = fit->stand; i < versions->count; i++) {
        const ManifestVersion *version = &versions->items[i];
        if (manifest_least_start(fit->manifest, i) > fit->stand) {
            *ret_why = memory_format("a run that comes to %s must begin at %s or later",
                                     version->name, version->min_compatible);
            return i;
        }
        if (version->stop && i + 1 < versions->count) {
            *ret_why = memory_format("version %s is a required stop: that version of the product "
                                     "has to do its part before anything later is applied",
                                     version->name);
            return i + 1;
        }
    }
    return versions->count;
}

static bool is_halted(Fit *fit)
{
    CLEANUP(memory_freep) char *why = NULL;
    size_t most = farthest(fit, &why);
    if (fit->plan->target + 1 <= most || fit->plan->target + 1 <= fit->stand)
        return false;
    const char *last = name_of(fit->manifest, most);
    if (!fit->to_version) {
        fit->plan->target = most - 1;
        fit->plan->halt = TAKE_PTR(why);
        return false;
    }
    refuse(fit, RELATION_STOP, "no run may go from %s to %s: %s",
           name_of(fit->manifest, fit->stand), fit->to_version, why);
    hint(fit, "apply with --to %s first", last);
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
    int64_t ours_begin = fit->base > fit->vouched ? fit->base : fit->vouched;
    bool cut_differently = false, elsewhere = first_unverified < ours_begin;
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
static void add_gates(Fit *fit, const ManifestVersion *version)
{
    RunTask task = task_for(fit, version);
    task.position = version->position + fit->shift;
    if (task.position >= fit->count)
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
        task.position = end_here(fit, version);
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
               .shift = apply_plan_shift(history, manifest),
               .count = history_depth(history),
               .plan = ret_plan};
    /* The order is the order of importance: what is said is the first that holds. */
    bool (*const checks[])(Fit *) = {damaged,    other_product, equivocates,
                                     no_version, not_anchored,  holds_others,
                                     is_ahead,   cannot_finish, is_halted};
    fit.base = position_of(manifest, 0) + fit.shift;
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (checks[i](&fit))
            return;
    if (ret_plan->stands_for && fit.stand == 0)
        add_version(&fit, &manifest->start);
    for (size_t i = fit.first; i <= ret_plan->target; i++)
        add_version(&fit, &manifest->versions.items[i]);
    ret_plan->to_position = end_here(&fit, &manifest->versions.items[ret_plan->target]);
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
