#include "applier/runs/adopt_match.h"

#include "base/memory.h"

void adopt_nearest_done(AdoptNearest *nearest)
{
    proof_result_done(&nearest->result);
    proof_set_done(&nearest->set);
    *nearest = (AdoptNearest){0};
}

static void copy_rows(const Fingerprint *from, Fingerprint *to)
{
    array_each (const FingerprintRow, row, &from->rows) {
        FingerprintRow *copy = array_add(&to->rows);
        *copy = *row;
        copy->kind = memory_string(row->kind);
        copy->identity = memory_string(row->identity);
        copy->definition = memory_string(row->definition);
    }
}

/* One search under way. */
typedef struct Search {
    const Manifest *manifest;
    ProofSourceArray sources;
    const Fingerprint *taken;
    const AcceptedExtraArray *accepted;
    int64_t server_major;
    AdoptMatchArray *matches;
    AdoptNearest nearest;
    bool has_roots;
    FingerprintRoots roots; /* of what is compared: the same for every version */
} Search;

/* The bundle's version by ManifestFingerprint.version. */
static bool describe(const Manifest *manifest, size_t index, AdoptMatch *ret_match)
{
    const ManifestVersion *version = index ? &manifest->versions.items[index - 1] : NULL;
    const char *from = manifest->head.tree_from;
    *ret_match =
        (AdoptMatch){.version = version ? version->name : manifest->head.covers_from,
                     .position = version ? version->position + (int64_t)version->migration_count
                                         : manifest->versions.items[0].position};
    if (version)
        ret_match->tree_digest = version->tree_digest;
    return version || strcmp(from, "-") == 0 ||
           digest_parse_hex(from, strlen(from), &ret_match->tree_digest);
}

static void keep_nearest(Search *search, const char *version, ProofSet *set, ProofResult *result)
{
    AdoptNearest *nearest = &search->nearest;
    if (nearest->version && nearest->result.differences <= result->differences)
        return;
    adopt_nearest_done(nearest);
    *nearest = (AdoptNearest){.version = version, .set = *set, .result = *result};
    *set = (ProofSet){0};
    *result = (ProofResult){0};
}

static bool compare_version(Search *search, size_t index, Error *err)
{
    char tree[DIGEST_HEX_SIZE] = "-";
    AdoptMatch match;
    CLEANUP(proof_set_done) ProofSet set = {0};
    CLEANUP(proof_result_done) ProofResult result = {0};
    CLEANUP(fingerprint_done) Fingerprint taken = {0};
    if (!describe(search->manifest, index, &match))
        return true; /* HEAD's reader lets no such tree digest pass */
    if (strcmp(match.version, "-") != 0)
        digest_hex(&match.tree_digest, tree);
    proof_set_choose(&search->sources, tree, search->server_major, &set);
    if (!set.scope)
        return true;
    copy_rows(search->taken, &taken);
    if (!proof_compare(&set, &taken, search->accepted, PROOF_NO_ARRIVAL, &result, err))
        return false;
    search->roots = result.roots;
    search->has_roots = true;
    if (result.state == SCHEMA_DIFFERS) {
        keep_nearest(search, match.version, &set, &result);
        return true;
    }
    match.state = result.state;
    match.arrival = result.entry->fingerprint->arrival;
    match.compared_major = set.server_major;
    match.env_differs = result.env_differences > 0;
    match.roots = result.roots;
    *array_add(search->matches) = match;
    return true;
}

static bool same_class(const FingerprintRoots *a, const FingerprintRoots *b, FingerprintClass class)
{
    return digest_equal(&a->classes[class], &b->classes[class]);
}

static int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* Of the rows of one version the one whose major is nearest; they stand together. */
static bool is_nearest_major(const Search *search, const ManifestEarlier *earlier)
{
    array_each (const ManifestEarlier, other, &search->manifest->earlier) {
        int64_t here = distance(earlier->server_major, search->server_major);
        int64_t there = distance(other->server_major, search->server_major);
        if (digest_equal(&other->tree_digest, &earlier->tree_digest) &&
            (there < here || (there == here && other->server_major > earlier->server_major)))
            return false;
    }
    return true;
}

static void compare_earlier(Search *search, const ManifestEarlier *earlier)
{
    char tree[DIGEST_HEX_SIZE];
    bool same_major = earlier->server_major == search->server_major;
    /* the version that the bundle starts from is compared by its rows */
    if (strcmp(digest_hex(&earlier->tree_digest, tree), search->manifest->head.tree_from) == 0)
        return;
    if (!is_nearest_major(search, earlier) ||
        !same_class(&earlier->roots, &search->roots, FINGERPRINT_CORE) ||
        (same_major && !same_class(&earlier->roots, &search->roots, FINGERPRINT_DEPARSE)))
        return;
    *array_add(search->matches) = (AdoptMatch){
        .version = earlier->name,
        .tree_digest = earlier->tree_digest,
        .position = earlier->migrations,
        .state = same_major ? SCHEMA_PROVEN : SCHEMA_PARTLY,
        .arrival = ARRIVAL_UP,
        .compared_major = earlier->server_major,
        .env_differs = same_major && !same_class(&earlier->roots, &search->roots, FINGERPRINT_ENV),
        .roots = search->roots,
    };
}

bool adopt_match(const ProofSource *bundle, const Fingerprint *taken,
                 const AcceptedExtraArray *accepted, int64_t server_major, AdoptMatchArray *matches,
                 AdoptNearest *ret_nearest, Error *err)
{
    const Manifest *manifest = bundle->manifest;
    Search search = {.manifest = manifest,
                     .taken = taken,
                     .accepted = accepted,
                     .server_major = server_major,
                     .matches = matches};
    proof_sources_add(&search.sources, manifest, bundle->objects);
    bool good = true;
    for (size_t i = 0; good && i <= manifest->versions.count; i++)
        good = compare_version(&search, i, err);
    array_each (const ManifestEarlier, earlier, &manifest->earlier) {
        if (good && search.has_roots)
            compare_earlier(&search, earlier);
    }
    array_free(&search.sources);
    if (good && !matches->count)
        *ret_nearest = search.nearest;
    else
        adopt_nearest_done(&search.nearest);
    return good;
}

/* --- choosing -------------------------------------------------------------------------------- */

static bool list_matches(const AdoptMatchArray *matches, const char *named, Error *err)
{
    CLEANUP(text_done) Text names = {0};
    array_each (const AdoptMatch, match, matches)
        text_addf(&names, "%s%s", names.length ? ", " : "", match->version);
    if (named) {
        error_set(err, ERROR_TARGET, "the schema is not that of version %s, but of %s", named,
                  text_string(&names));
        return error_hint(err, "leave --version out, or name one that it has");
    }
    error_set(err, ERROR_TARGET, "the schema is that of several versions: %s", text_string(&names));
    return error_hint(err, "what their migrations did to rows tells them apart: say which it is by "
                           "--version");
}

bool adopt_choose(const AdoptMatchArray *matches, const char *version, const AdoptMatch **ret_match,
                  Error *err)
{
    const AdoptMatch *found = matches->count == 1 && !version ? matches->items : NULL;
    array_each (const AdoptMatch, match, matches) {
        if (version && strcmp(match->version, version) == 0)
            found = match;
    }
    if (!found)
        return list_matches(matches, version, err);
    if (strcmp(found->version, "-") == 0) {
        error_set(err, ERROR_TARGET, "the database is empty: there is nothing to adopt");
        return error_hint(err, "'applier apply' begins with the first version");
    }
    *ret_match = found;
    return true;
}
