#include "applier/runs/rollback_proof.h"

/* What is known of the schema on the way. */
typedef enum {
    WAY_UNKNOWN,  /* nothing is proven of where it stands: nothing is said of where it leads */
    WAY_KNOWN,    /* it has the roots of a proven one */
    WAY_UNPROVEN, /* it left what was rehearsed */
} WayState;

typedef struct Way {
    const ProofSourceArray *sources;
    int64_t server_major;
    WayState state;
    FingerprintRoots roots; /* where known */
} Way;

static bool same(const ProofSet *set, const FingerprintRoots *a, const FingerprintRoots *b)
{
    return digest_equal(&a->classes[FINGERPRINT_CORE], &b->classes[FINGERPRINT_CORE]) &&
           (!set->same_major ||
            digest_equal(&a->classes[FINGERPRINT_DEPARSE], &b->classes[FINGERPRINT_DEPARSE]));
}

static const ManifestFingerprint *find(const ProofSet *set, const Manifest *manifest,
                                       Arrival arrival)
{
    array_each (const ProofEntry, entry, &set->entries)
        if (entry->source.manifest == manifest && entry->fingerprint->arrival == arrival)
            return entry->fingerprint;
    return NULL;
}

/* Whether the way stands at the schema that the version above has by this arrival. */
static bool stands_at(const Way *way, const ProofSet *above, const Manifest *manifest,
                      Arrival arrival)
{
    const ManifestFingerprint *proven = find(above, manifest, arrival);
    return proven && same(above, &way->roots, &proven->roots);
}

static const char *tree_of(const Manifest *manifest, size_t place, char hex[static DIGEST_HEX_SIZE])
{
    return place ? digest_hex(&manifest->versions.items[place - 1].tree_digest, hex)
                 : manifest->head.tree_from;
}

/* From the version of the task to the one before it. */
static void step(Way *way, const RunTask *task)
{
    const Manifest *manifest = task->manifest;
    size_t place = (size_t)(task->version - manifest->versions.items);
    char hex[DIGEST_HEX_SIZE];
    CLEANUP(proof_set_done) ProofSet above = {0};
    CLEANUP(proof_set_done) ProofSet below = {0};
    proof_set_choose(way->sources, tree_of(manifest, place + 1, hex), way->server_major, &above);
    proof_set_choose(way->sources, tree_of(manifest, place, hex), way->server_major, &below);
    if (way->state == WAY_UNPROVEN)
        return;
    if (!find(&above, manifest, ARRIVAL_UP) || !find(&below, manifest, ARRIVAL_UP)) {
        way->state = WAY_UNKNOWN;
        return;
    }
    if (way->state == WAY_UNKNOWN)
        return;
    bool as_up = stands_at(way, &above, manifest, ARRIVAL_UP);
    bool as_chain = stands_at(way, &above, manifest, ARRIVAL_CHAIN);
    const ManifestFingerprint *next = as_up ? find(&below, manifest, ARRIVAL_DOWN) : NULL;
    if (!next && as_chain)
        next = find(&below, manifest, ARRIVAL_CHAIN);
    way->state = next ? WAY_KNOWN : as_up || as_chain ? WAY_UNKNOWN : WAY_UNPROVEN;
    if (next)
        way->roots = next->roots;
}

/* The schema in force is that of the first task's version, by this arrival. */
static void start(Way *way, const RunTask *task, const char *arrival)
{
    char hex[DIGEST_HEX_SIZE];
    CLEANUP(proof_set_done) ProofSet set = {0};
    int known = arrival ? word_table_find(&arrival_words, arrival) : -1;
    size_t place = (size_t)(task->version - task->manifest->versions.items) + 1;
    proof_set_choose(way->sources, tree_of(task->manifest, place, hex), way->server_major, &set);
    array_each (const ProofEntry, entry, &set.entries)
        if ((int)entry->fingerprint->arrival == known) {
            way->state = WAY_KNOWN;
            way->roots = entry->fingerprint->roots;
        }
}

static bool is_first_of_version(const RunTask *task)
{
    return !task->migration || task->migration->ordinal == 1;
}

void rollback_proof_find(const RunTaskArray *tasks, const ProofSourceArray *sources,
                         const char *arrival, int64_t server_major, NameArray *ret_unproven)
{
    Way way = {.sources = sources, .server_major = server_major};
    *ret_unproven = (NameArray){0};
    if (tasks->count)
        start(&way, &tasks->items[0], arrival);
    array_each (const RunTask, task, tasks) {
        if (!is_first_of_version(task))
            continue;
        step(&way, task);
        const Manifest *manifest = task->manifest;
        size_t place = (size_t)(task->version - manifest->versions.items);
        if (way.state == WAY_UNPROVEN)
            *array_add(ret_unproven) =
                place ? manifest->versions.items[place - 1].name : manifest->head.covers_from;
    }
}

bool rollback_proof_check(const NameArray *unproven, bool accepted, Error *err)
{
    CLEANUP(text_done) Text names = {0};
    if (!unproven->count || accepted)
        return true;
    array_each (const char *const, name, unproven)
        text_addf(&names, "%s%s", names.length ? ", " : "",
                  strcmp(*name, "-") == 0 ? "(nothing)" : *name);
    error_set(err, ERROR_TARGET,
              "the way back leaves what was rehearsed: nobody has proven the schema that %s comes "
              "out with this way",
              text_string(&names));
    return error_hint(err,
                      "nothing was done; a rollback from the bundle's last version in one go is "
                      "proven (apply the rest first), or one that stops before; else "
                      "--accept-unproven: what comes out otherwise is then drift");
}
