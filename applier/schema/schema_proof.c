#include "applier/schema/schema_proof.h"

#include <fnmatch.h>
#include <inttypes.h>

#include "base/memory.h"
#include "bundles/fingerprint_object.h"

const char *schema_state_name(SchemaState state)
{
    static const char *const names[] = {"unproven", "proven", "partly", "differs"};
    return names[state];
}

/* --- what is proven -------------------------------------------------------------------------- */

void proof_sources_add(ProofSourceArray *sources, const Manifest *manifest,
                       const ObjectSource *objects)
{
    array_each (const ProofSource, source, sources) {
        if (source->manifest == manifest)
            return;
    }
    if (manifest->fingerprints.count)
        *array_add(sources) = (ProofSource){.manifest = manifest, .objects = objects};
}

size_t proof_version_index(const Manifest *manifest, const char *tree)
{
    char hex[DIGEST_HEX_SIZE];
    if (strcmp(manifest->head.tree_from, tree) == 0)
        return 0;
    for (size_t i = 0; i < manifest->versions.count; i++)
        if (strcmp(digest_hex(&manifest->versions.items[i].tree_digest, hex), tree) == 0)
            return i + 1;
    return SIZE_MAX;
}

void proof_set_done(ProofSet *set)
{
    array_free(&set->entries);
    *set = (ProofSet){0};
}

static int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* 0 where no source has the version. */
static int64_t nearest_major(const ProofSourceArray *sources, const char *tree, int64_t wanted)
{
    int64_t best = 0;
    array_each (const ProofSource, source, sources) {
        size_t version = proof_version_index(source->manifest, tree);
        array_each (const ManifestFingerprint, each, &source->manifest->fingerprints) {
            int64_t major = each->server_major;
            bool nearer = distance(major, wanted) < distance(best, wanted) ||
                          (distance(major, wanted) == distance(best, wanted) && major > best);
            if (each->version == version && (!best || nearer))
                best = major;
        }
    }
    return best;
}

static bool same_scope(const Manifest *a, const Manifest *b)
{
    bool same = a->scope.count == b->scope.count;
    for (size_t i = 0; same && i < a->scope.count; i++)
        same = strcmp(a->scope.items[i], b->scope.items[i]) == 0;
    return same;
}

void proof_set_choose(const ProofSourceArray *sources, const char *tree, int64_t server_major,
                      ProofSet *ret_set)
{
    ProofSet set = {.server_major = nearest_major(sources, tree, server_major)};
    set.same_major = set.server_major == server_major;
    array_each (const ProofSource, source, sources) {
        size_t version = proof_version_index(source->manifest, tree);
        if (set.scope && !same_scope(set.scope, source->manifest))
            continue;
        array_each (const ManifestFingerprint, each, &source->manifest->fingerprints) {
            if (each->version != version || each->server_major != set.server_major)
                continue;
            *array_add(&set.entries) = (ProofEntry){.source = *source, .fingerprint = each};
            set.scope = set.scope ? set.scope : source->manifest;
        }
    }
    *ret_set = set;
}

bool proof_entry_read(const ProofEntry *entry, Fingerprint *ret_fingerprint, Error *err)
{
    return fingerprint_object_read(entry->source.objects, entry->source.manifest,
                                   entry->fingerprint, ret_fingerprint, err) ||
           error_wrap(err, "reading a proven schema of the bundle");
}

/* --- taking out ------------------------------------------------------------------------------ */

static bool glob_fits(const char *glob, const char *text)
{
    return fnmatch(glob, text, /* flags= */ 0) == 0;
}

bool proof_is_tolerated(const Manifest *manifest, const FingerprintRow *row)
{
    const char *object = fingerprint_row_object(row);
    CLEANUP(memory_freep)
    char *kind = object == row->identity
                     ? memory_string(row->kind)
                     : memory_string_n(row->identity, (size_t)(object - row->identity) - 1);
    array_each (const ManifestTolerated, each, &manifest->tolerated) {
        if ((glob_fits(each->kind, row->kind) && glob_fits(each->identity, row->identity)) ||
            (glob_fits(each->kind, kind) && glob_fits(each->identity, object)))
            return true;
    }
    return false;
}

/* Rows move as they are: what they own goes with them. */
static void split(Fingerprint *taken, const Manifest *manifest, const AcceptedExtraArray *accepted,
                  ProofResult *result)
{
    array_each (const FingerprintRow, row, &taken->rows) {
        Fingerprint *to = &result->compared;
        if (accepted_extras_find(accepted, row))
            to = &result->accepted;
        else if (proof_is_tolerated(manifest, row))
            to = &result->tolerated;
        *array_add(&to->rows) = *row;
    }
    array_free(&taken->rows);
}

/* What was accepted may have become the product's own since. */
static void drop_from_expected(Fingerprint *fingerprint, const Manifest *manifest,
                               const AcceptedExtraArray *accepted)
{
    Fingerprint kept = {0}, dropped = {0};
    array_each (const FingerprintRow, row, &fingerprint->rows) {
        bool drop = proof_is_tolerated(manifest, row) || accepted_extras_find(accepted, row);
        *array_add(drop ? &dropped.rows : &kept.rows) = *row;
    }
    array_free(&fingerprint->rows);
    fingerprint_done(&dropped);
    *fingerprint = kept;
}

/* --- comparing ------------------------------------------------------------------------------- */

void proof_result_done(ProofResult *result)
{
    array_free(&result->changes);
    fingerprint_done(&result->compared);
    fingerprint_done(&result->expected);
    fingerprint_done(&result->accepted);
    fingerprint_done(&result->tolerated);
    *result = (ProofResult){0};
}

static bool class_equal(const FingerprintRoots *a, const FingerprintRoots *b,
                        FingerprintClass class)
{
    return digest_equal(&a->classes[class], &b->classes[class]);
}

static bool counts(const ProofSet *set, FingerprintClass class)
{
    return class == FINGERPRINT_CORE || (class == FINGERPRINT_DEPARSE && set->same_major);
}

/* How good a match is: 0 for none. */
static int rank(const ProofSet *set, const ProofEntry *entry, const FingerprintRoots *roots,
                int arrival)
{
    const FingerprintRoots *proven = &entry->fingerprint->roots;
    if (!class_equal(proven, roots, FINGERPRINT_CORE) ||
        (counts(set, FINGERPRINT_DEPARSE) && !class_equal(proven, roots, FINGERPRINT_DEPARSE)))
        return 0;
    return 1 + 2 * ((int)entry->fingerprint->arrival == arrival) +
           class_equal(proven, roots, FINGERPRINT_ENV);
}

static const ProofEntry *find_equal(const ProofSet *set, const FingerprintRoots *roots, int arrival)
{
    const ProofEntry *best = NULL;
    int best_rank = 0;
    array_each (const ProofEntry, entry, &set->entries) {
        int this_rank = rank(set, entry, roots, arrival);
        if (this_rank > best_rank) {
            best = entry;
            best_rank = this_rank;
        }
    }
    return best;
}

/* Differences with one entry become the result's, without those that are not compared. */
static void keep_changes(const ProofSet *set, const FingerprintChangeArray *all,
                         ProofResult *result)
{
    result->changes.count = 0;
    result->differences = result->env_differences = 0;
    array_each (const FingerprintChange, change, all) {
        FingerprintClass class = fingerprint_change_row(change)->class;
        if (!set->same_major && class != FINGERPRINT_CORE)
            continue;
        *array_add(&result->changes) = *change;
        if (counts(set, class))
            result->differences++;
        else
            result->env_differences++;
    }
}

/* One comparison under way. */
typedef struct Comparison {
    const ProofSet *set;
    const AcceptedExtraArray *accepted;
    int arrival;
    ProofResult *result;
} Comparison;

static bool compare_rows(const Comparison *comparison, const ProofEntry *entry, Error *err)
{
    const ProofSet *set = comparison->set;
    ProofResult *result = comparison->result;
    FingerprintChangeArray all = {0};
    fingerprint_done(&result->expected);
    if (!proof_entry_read(entry, &result->expected, err))
        return false;
    drop_from_expected(&result->expected, set->scope, comparison->accepted);
    fingerprint_compare(&result->expected, &result->compared, &all);
    keep_changes(set, &all, result);
    array_free(&all);
    result->entry = entry;
    return true;
}

/* Whether an entry before has the same rows. */
static bool is_repeated(const ProofSet *set, const ProofEntry *entry)
{
    for (const ProofEntry *before = set->entries.items; before < entry; before++)
        if (before->source.manifest == entry->source.manifest &&
            before->fingerprint->object == entry->fingerprint->object)
            return true;
    return false;
}

/* No root is equal: look at the rows of each entry, and stay with the nearest. */
static bool find_nearest(const Comparison *comparison, Error *err)
{
    const ProofSet *set = comparison->set;
    ProofResult *result = comparison->result;
    const ProofEntry *best = NULL;
    size_t least = SIZE_MAX;
    array_each (const ProofEntry, entry, &set->entries) {
        bool wanted = (int)entry->fingerprint->arrival == comparison->arrival;
        if (is_repeated(set, entry) && !wanted)
            continue;
        if (!compare_rows(comparison, entry, err))
            return false;
        size_t badness = result->differences * 2 + !wanted;
        if (badness < least) {
            best = entry;
            least = badness;
        }
    }
    return result->entry == best || compare_rows(comparison, best, err);
}

static bool judge(const Comparison *comparison, Error *err)
{
    const ProofSet *set = comparison->set;
    ProofResult *result = comparison->result;
    fingerprint_roots(&result->compared, &result->roots);
    result->entry = find_equal(set, &result->roots, comparison->arrival);
    if (result->entry) {
        bool same_env =
            class_equal(&result->entry->fingerprint->roots, &result->roots, FINGERPRINT_ENV);
        if (set->same_major && !same_env && !compare_rows(comparison, result->entry, err))
            return false;
    } else if (!find_nearest(comparison, err)) {
        return false;
    }
    result->state = result->differences ? SCHEMA_DIFFERS
                    : set->same_major   ? SCHEMA_PROVEN
                                        : SCHEMA_PARTLY;
    return true;
}

bool proof_compare(const ProofSet *set, Fingerprint *taken, const AcceptedExtraArray *accepted,
                   int arrival, ProofResult *ret_result, Error *err)
{
    CLEANUP(proof_result_done) ProofResult result = {.state = SCHEMA_UNPROVEN};
    if (set->scope) {
        const Comparison comparison = {
            .set = set, .accepted = accepted, .arrival = arrival, .result = &result};
        split(taken, set->scope, accepted, &result);
        if (!judge(&comparison, err))
            return false;
    }
    fingerprint_done(taken);
    *ret_result = result;
    result = (ProofResult){0};
    return true;
}

void proof_changes_text(const ProofResult *result, ChangesWanted wanted, size_t most, Text *text)
{
    size_t shown = 0;
    size_t all = wanted == CHANGES_OF_ENV ? result->env_differences : result->differences;
    array_each (const FingerprintChange, change, &result->changes) {
        bool env = fingerprint_change_row(change)->class == FINGERPRINT_ENV;
        if (env != (wanted == CHANGES_OF_ENV) || shown == most)
            continue;
        text_add(text, shown++ ? "; " : "");
        fingerprint_change_text(change, text);
    }
    if (shown < all)
        text_addf(text, "; and %zu more", all - shown);
}
