#include "applier/runs/apply_fit.h"

static int64_t end_of(const ManifestVersion *version)
{
    return version->position + (int64_t)version->migration_count;
}

int64_t apply_anchor_position(const Manifest *manifest, size_t stand)
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
    return anchor ? anchor->position - apply_anchor_position(manifest, stand) : 0;
}

static bool is_proven(const Manifest *manifest, size_t version)
{
    array_each (const ManifestFingerprint, fingerprint, &manifest->fingerprints)
        if (fingerprint->version == version)
            return true;
    return false;
}

const char *apply_anchor_name(const Manifest *manifest, size_t stand)
{
    return stand ? manifest->versions.items[stand - 1].name : manifest->head.covers_from;
}

/* A version off the line, in whose place one of the bundle's is: the database goes on from there,
 * once its schema was seen to be that one's. */
static bool stands_in_place(ApplyFit *fit)
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

static bool unproven_in_place(ApplyFit *fit)
{
    if (!fit->plan->stands_for || is_proven(fit->manifest, fit->stand))
        return false;
    apply_fit_refuse(
        fit, RELATION_DIVERGED,
        "the database is at version %s, which %s supersedes, and the bundle proves nothing of "
        "the schema that they share",
        fit->plan->stands_for, apply_anchor_name(fit->manifest, fit->stand));
    apply_fit_hint(fit, "ask the vendor for a bundle that was rehearsed");
    return true;
}

/* A database may have been adopted at a version beyond the one that the bundle starts from. */
static bool find_adopted(ApplyFit *fit)
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

bool apply_anchor_is_missing(ApplyFit *fit)
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
    if (anchor && parsed && apply_fit_version_with_tree(fit->history, &tree))
        return false;
    const char *at = history_version_name(fit->history);
    const AppliedVersion *current = history_version(fit->history);
    if (current && current->position >= fit->base && fit->history->was_adopted &&
        strcmp(head->tree_from, "-") == 0) {
        apply_fit_refuse(fit, RELATION_DIVERGED,
                         "the database was adopted at version %s, which the bundle does not hold",
                         fit->history->versions.items[0].name);
        return true;
    }
    if (current && current->position >= fit->base) {
        apply_fit_refuse(
            fit, RELATION_DIVERGED,
            "the bundle continues version %s, which this database (at %s) does not hold as the "
            "vendor made it",
            head->covers_from, at);
        return true;
    }
    apply_fit_refuse(fit, RELATION_GAP, "the database is at version %s, the bundle starts at %s",
                     current ? at : "none", head->covers_from);
    apply_fit_hint(fit, "bring the bundles that lead from %s to %s and apply them first",
                   current ? at : "the beginning", head->covers_from);
    return true;
}

int64_t apply_anchor_end(const ApplyFit *fit, const ManifestVersion *version)
{
    return end_of(version) + fit->shift;
}
