#include "planner/packing/bundle_chains.h"

#include "bundles/bundle_reader.h"

void bundle_chains_done(BundleChains *chains)
{
    array_each (RouteBundle, chain, &chains->chains)
        route_bundle_done(chain);
    array_free(&chains->chains);
    array_each (ChainSource, source, &chains->sources)
        free(source->path);
    array_free(&chains->sources);
    array_each (char *, text, &chains->texts)
        free(*text);
    array_free(&chains->texts);
}

static const char *keep(BundleChains *chains, const char *text)
{
    char **kept = array_add(&chains->texts);
    *kept = memory_string(text);
    return *kept;
}

/* Where a run that comes to the last version so far may begin, given the name that it asks for. */
static size_t least_in(const RouteBundle *chain, const char *name)
{
    for (size_t i = 0; name && i + 1 < chain->versions.count; i++)
        if (strcmp(chain->versions.items[i].key, name) == 0)
            return i;
    return 0;
}

/* --- from text ------------------------------------------------------------------------------- */

typedef ARRAY_OF(const SumRelease *) ReleaseArray;

/* Migrations of the product through the release, along the line that it was made on. */
static int64_t position_of(const SumFile *sum, const SumRelease *release)
{
    int64_t position = 0;
    for (; release; release = sum_file_previous(sum, release))
        position += (int64_t)release->migrations.count;
    return position;
}

/* The releases of the line, last first, without the one that it starts from. */
static bool collect(const SumFile *sum, const BundleLine *line, ReleaseArray *releases, Error *err)
{
    const SumRelease *at = sum_file_find(sum, line->to);
    for (; at && strcmp(at->version, line->from) != 0; at = sum_file_previous(sum, at))
        *array_add(releases) = at;
    bool complete = releases->count && (at || strcmp(line->from, ROUTE_NOTHING) == 0);
    return complete ||
           error_set(err, ERROR_INPUT,
                     BUNDLES_FILE_NAME ": sequence %lld goes from %s to %s, which " PROJECT_SUM_NAME
                                       " does not lead from one to the other",
                     (long long)line->sequence, line->from, line->to);
}

static void add_release(BundleChains *chains, const SumFile *sum, const SumRelease *release,
                        RouteBundle *chain)
{
    RouteVersion *version = array_add(&chain->versions);
    const char *name = keep(chains, release->version);
    *version = (RouteVersion){.name = name,
                              .key = name,
                              .stop = release->stop,
                              .least = least_in(chain, release->min_compatible),
                              .position = position_of(sum, release)};
    array_each (const SumSuperseded, superseded, &release->superseded) {
        const char *key = keep(chains, superseded->version);
        *array_add(&version->replaced) = key;
        if (superseded->same_schema)
            *array_add(&version->same) = key;
    }
}

bool bundle_chains_add_line(const Project *project, const BundleLine *line, BundleChains *chains,
                            Error *err)
{
    const SumFile *sum = &project->sum;
    ReleaseArray releases = {0};
    if (!collect(sum, line, &releases, err)) {
        array_free(&releases);
        return false;
    }
    RouteBundle *chain = array_add(&chains->chains);
    chain->sequence = line->sequence;
    const SumRelease *start = sum_file_find(sum, line->from);
    if (start)
        add_release(chains, sum, start, chain);
    else
        *array_add(&chain->versions) = (RouteVersion){.name = ROUTE_NOTHING, .key = ROUTE_NOTHING};
    for (size_t i = releases.count; i > 0; i--)
        add_release(chains, sum, releases.items[i - 1], chain);
    array_free(&releases);
    ChainSource *source = array_add(&chains->sources);
    source->sequence = line->sequence;
    memcpy(source->channel, line->channel, sizeof(source->channel));
    memcpy(source->head_digest, line->head_digest, sizeof(source->head_digest));
    return true;
}

/* --- from files ------------------------------------------------------------------------------ */

static void add_version(BundleChains *chains, const Manifest *manifest, size_t number,
                        RouteBundle *chain)
{
    const ManifestVersion *from = number ? &manifest->versions.items[number - 1] : &manifest->start;
    RouteVersion *version = array_add(&chain->versions);
    const char *name = keep(chains, from->name);
    *version = (RouteVersion){.name = name,
                              .key = name,
                              .stop = from->stop,
                              .least = number ? manifest_least_start(manifest, number - 1) : 0,
                              .position = from->position + (int64_t)from->migration_count};
    array_each (const ManifestSuperseded, superseded, &manifest->superseded) {
        if (superseded->version != number)
            continue;
        const char *key = keep(chains, superseded->name);
        *array_add(&version->replaced) = key;
        if (superseded->same_schema)
            *array_add(&version->same) = key;
    }
}

bool bundle_chains_add_file(const Project *project, const char *path, BundleChains *chains,
                            Error *err)
{
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    const Manifest *manifest = NULL;
    if (!bundle_reader_open(path, /* known= */ NULL, &reader, err) ||
        !bundle_reader_manifest(reader, &manifest, err))
        return false;
    const EnvelopeProof *proof = bundle_reader_proof(reader);
    const Head *head = &proof->head;
    if (strcmp(head->product_uuid, project->config.product_uuid) != 0)
        return error_set(err, ERROR_TRUST, "'%s' is of product %s", path, head->product);
    RouteBundle *chain = array_add(&chains->chains);
    chain->sequence = head->sequence;
    for (size_t number = 0; number <= manifest->versions.count; number++)
        add_version(chains, manifest, number, chain);
    ChainSource *source = array_add(&chains->sources);
    source->path = memory_string(path);
    source->sequence = head->sequence;
    memcpy(source->channel, head->channel, sizeof(source->channel));
    digest_hex(&proof->head_digest, source->head_digest);
    return true;
}
