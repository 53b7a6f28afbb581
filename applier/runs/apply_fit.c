#include "applier/runs/apply_fit.h"

#include <inttypes.h>

#include "base/memory.h"

void apply_fit_refuse(ApplyFit *fit, ApplyRelation relation, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fit->plan->relation = relation;
    fit->plan->words = memory_vformat(format, arguments);
    va_end(arguments);
}

void apply_fit_hint(ApplyFit *fit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fit->plan->hint = memory_vformat(format, arguments);
    va_end(arguments);
}

const AppliedVersion *apply_fit_version_with_tree(const History *history, const Digest *tree)
{
    array_each (AppliedVersion, version, &history->versions) {
        if (digest_equal(&version->tree_digest, tree))
            return version;
    }
    return NULL;
}

static bool damaged(ApplyFit *fit)
{
    if (!fit->history->diverged)
        return false;
    apply_fit_refuse(fit, RELATION_DIVERGED, "%s", fit->history->diverged);
    apply_fit_hint(
        fit, "nothing will be applied on top of it; compare with the receipts and the state file");
    return true;
}

static bool other_product(ApplyFit *fit)
{
    const LedgerIdentity *identity = &fit->history->identity;
    const Head *head = &fit->manifest->head;
    if (!fit->history->managed || strcmp(identity->product_uuid, head->product_uuid) == 0)
        return false;
    apply_fit_refuse(fit, RELATION_WRONG_PRODUCT,
                     "the database belongs to product '%s' (%s), the bundle to '%s' (%s)",
                     identity->product, identity->product_uuid, head->product, head->product_uuid);
    return true;
}

static bool equivocates(ApplyFit *fit)
{
    array_each (KnownBundle, bundle, &fit->history->bundles) {
        if (bundle->sequence != fit->manifest->head.sequence ||
            bundle->epoch != fit->manifest->head.epoch ||
            digest_equal(&bundle->head_digest, fit->head_digest))
            continue;
        char hex[DIGEST_HEX_SIZE];
        apply_fit_refuse(fit, RELATION_EQUIVOCATION,
                         "this database knows another bundle of sequence %" PRId64
                         ": its HEAD is %.16s…",
                         bundle->sequence, digest_hex(&bundle->head_digest, hex));
        apply_fit_hint(fit, "a vendor numbers each bundle once: ask which of the two is genuine");
        return true;
    }
    return false;
}

static bool no_version(ApplyFit *fit)
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
    apply_fit_refuse(fit, RELATION_NO_VERSION,
                     "the bundle has no version '%s': it goes from %s to %s", fit->to_version,
                     strcmp(from, "-") == 0 ? "nothing" : from, fit->manifest->head.covers_to);
    return true;
}

/* A database inside a version that was given up, or at one that others were to follow. */
static bool is_of_superseded(ApplyFit *fit, int64_t index, const AppliedMigration *there)
{
    array_each (const ManifestSuperseded, superseded, &fit->manifest->superseded) {
        if (strcmp(superseded->name, there->version) != 0)
            continue;
        size_t by = superseded->version;
        apply_fit_refuse(
            fit, RELATION_DIVERGED,
            "migration %" PRId64 " of this database is '%s' of version %s, which %s supersedes",
            index + 1, there->identity, there->version, apply_anchor_name(fit->manifest, by));
        const char *back = by ? apply_anchor_name(fit->manifest, by - 1) : NULL;
        if (back)
            apply_fit_hint(
                fit,
                "'applier rollback --to %s' takes back what there is of %s; then apply this "
                "bundle again",
                strcmp(back, "-") == 0 ? "-" : back, there->version);
        return true;
    }
    return false;
}

/* What the database has beyond the bundle's start must be what the bundle says. */
static bool holds_others(ApplyFit *fit)
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
        apply_fit_refuse(
            fit, RELATION_DIVERGED,
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
            apply_fit_refuse(fit, RELATION_DIVERGED,
                             "version %s of this database is not the bundle's version %s",
                             there->name, version->name);
            return true;
        }
    }
    return false;
}

static bool is_ahead(ApplyFit *fit)
{
    const ManifestVersion *target = &fit->manifest->versions.items[fit->plan->target];
    const AppliedVersion *there = apply_fit_version_with_tree(fit->history, &target->tree_digest);
    const AppliedVersion *current = history_version(fit->history);
    bool at_end = there == current && fit->count == apply_anchor_end(fit, target);
    if (there && at_end)
        return false;
    if (!there && fit->count <= apply_anchor_end(fit, target) && fit->plan->target >= fit->first)
        return false;
    apply_fit_refuse(fit, RELATION_AHEAD, "the database is at version %s, ahead of %s",
                     history_version_name(fit->history), target->name);
    apply_fit_hint(fit, "nothing to apply; 'applier rollback --to %s' would take it back there",
                   target->name);
    return true;
}

/* What was left unfinished must be this bundle's to finish. */
static bool cannot_finish(ApplyFit *fit)
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
    apply_fit_refuse(fit, RELATION_UNREST, "%s%s", unrest ? unrest : "the database is not at rest",
                     cut_differently ? ", and this bundle cuts it into other groups" : "");
    apply_fit_hint(fit, "'applier resume' goes on with it");
    return true;
}

bool apply_fit_refuses(ApplyFit *fit)
{
    /* The order is the order of importance: what is said is the first that holds. */
    bool (*const checks[])(ApplyFit *) = {damaged,    other_product,           equivocates,
                                          no_version, apply_anchor_is_missing, holds_others,
                                          is_ahead,   cannot_finish,           apply_reach_halts};
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (checks[i](fit))
            return true;
    return false;
}
