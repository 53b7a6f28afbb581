#include "bundles/manifest_rehearsal.h"

#include <inttypes.h>

#include "bundles/manifest_check.h"

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* --- order ----------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_tolerated(const void *a, const void *b)
{
    const ManifestTolerated *first = a, *second = b;
    int order = strcmp(first->kind, second->kind);
    return order ? order : strcmp(first->identity, second->identity);
}

static int compare_fingerprints(const void *a, const void *b)
{
    const ManifestFingerprint *first = a, *second = b;
    int order = compare_numbers((int64_t)first->version, (int64_t)second->version);
    if (order == 0)
        order = compare_numbers(first->arrival, second->arrival);
    return order ? order : compare_numbers(first->server_major, second->server_major);
}

/* Versions without migrations share a place in the history, in any order. */
static int compare_earlier(const void *a, const void *b)
{
    const ManifestEarlier *first = a, *second = b;
    int order = compare_numbers(first->migrations, second->migrations);
    if (order == 0 && strcmp(first->name, second->name) != 0)
        return -1;
    return order ? order : compare_numbers(first->server_major, second->server_major);
}

static int compare_rehearsals(const void *a, const void *b)
{
    const ManifestRehearsal *first = a, *second = b;
    int order = compare_numbers(first->of_version, second->of_version);
    if (order == 0)
        order = compare_numbers((int64_t)first->index, (int64_t)second->index);
    return order ? order : compare_numbers(first->server_major, second->server_major);
}

static int compare_measured(const void *a, const void *b)
{
    const ManifestMeasured *first = a, *second = b;
    int order = compare_numbers((int64_t)first->migration, (int64_t)second->migration);
    if (order == 0)
        order = compare_numbers(first->script, second->script);
    if (order == 0)
        order = compare_numbers((int64_t)first->step, (int64_t)second->step);
    if (order == 0)
        order = compare_numbers(first->server_major, second->server_major);
    return order ? order : strcmp(first->relation, second->relation);
}

static int compare_brought(const void *a, const void *b)
{
    const ManifestBrought *first = a, *second = b;
    int order = compare_numbers((int64_t)first->migration, (int64_t)second->migration);
    if (order == 0)
        order = compare_numbers(first->is_column, second->is_column);
    return order ? order : strcmp(first->identity, second->identity);
}

static int compare_atomic(const void *a, const void *b)
{
    const ManifestAtomic *first = a, *second = b;
    int order = compare_numbers(first->whole_run, second->whole_run);
    return order ? order : compare_numbers(first->server_major, second->server_major);
}

/* Each table in its order, no key twice. */
static bool check_order(const Manifest *manifest, Error *err)
{
#define ORDERED(table, array, compare)                                                             \
    {                                                                                              \
        table, (array)->items, (array)->count, sizeof(*(array)->items), compare                    \
    }
    const struct {
        const char *table;
        const void *rows;
        size_t count;
        size_t size;
        int (*compare)(const void *a, const void *b);
    } tables[] = {
        ORDERED("scope", &manifest->scope, compare_names),
        ORDERED("tolerated", &manifest->tolerated, compare_tolerated),
        ORDERED("fingerprint", &manifest->fingerprints, compare_fingerprints),
        ORDERED("earlier", &manifest->earlier, compare_earlier),
        ORDERED("rehearsal", &manifest->rehearsals, compare_rehearsals),
        ORDERED("measured", &manifest->measured, compare_measured),
        ORDERED("brought", &manifest->brought, compare_brought),
        ORDERED("atomic", &manifest->atomic, compare_atomic),
    };
#undef ORDERED
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (size_t row = 1; row < tables[i].count; row++) {
            const char *at = (const char *)tables[i].rows + row * tables[i].size;
            if (tables[i].compare(at - tables[i].size, at) >= 0)
                return error_set(err, ERROR_INPUT,
                                 "manifest: table '%s', row %zu: does not come after the one "
                                 "before",
                                 tables[i].table, row + 1);
        }
    return true;
}

/* --- fingerprints and their objects ---------------------------------------------------------- */

PRINTF_LIKE(3, 4)
static bool refuse(Error *err, const ManifestFingerprint *proven, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP(memory_freep) char *what = memory_vformat(format, arguments);
    va_end(arguments);
    return error_set(err, ERROR_INPUT,
                     "manifest: table 'fingerprint', version %zu by '%s' on %" PRId64 ": %s",
                     proven->version, arrival_name(proven->arrival), proven->server_major, what);
}

/* An object for the first time: it is the version's next one. No script has such a path. */
static bool take_object(const Manifest *manifest, const ManifestFingerprint *proven, int64_t number,
                        Error *err)
{
    const ManifestObject *object = &manifest->objects.items[proven->object];
    CLEANUP(memory_freep) char *path = manifest_fingerprint_path(proven->version, number);
    if (!manifest_object_has_path(object, path))
        return refuse(err, proven, "object %" PRId64 " is '%s' where '%s' is expected",
                      proven->object + 1, object->path, path);
    if (object->plain_size > FINGERPRINT_SIZE_MAX)
        return refuse(err, proven, "object '%s' has more than %" PRId64 " bytes", object->path,
                      FINGERPRINT_SIZE_MAX);
    return true;
}

/* Whether `proven` shares its object with the fingerprint before it that took it, and may. */
static bool share_object(const ManifestFingerprint *first, const ManifestFingerprint *proven,
                         Error *err)
{
    if (first->version != proven->version)
        return refuse(err, proven, "has the object of another version");
    if (!fingerprint_roots_equal(&first->roots, &proven->roots))
        return refuse(err, proven, "shares its object with other roots");
    return true;
}

/* Equal roots are equal rows, which are there once. */
static bool check_content_is_new(const Manifest *manifest, size_t row, Error *err)
{
    const ManifestFingerprint *rows = manifest->fingerprints.items;
    for (size_t i = row; i > 0 && rows[i - 1].version == rows[row].version; i--)
        if (fingerprint_roots_equal(&rows[i - 1].roots, &rows[row].roots))
            return refuse(err, &rows[row], "the same rows are in two objects");
    return true;
}

static bool check_arrival(const Manifest *manifest, const ManifestFingerprint *proven, Error *err)
{
    bool from_behind = proven->arrival == ARRIVAL_DOWN || proven->arrival == ARRIVAL_CHAIN;
    if (from_behind && proven->version == manifest->versions.count)
        return refuse(err, proven, "there is no version behind it");
    if (proven->arrival == ARRIVAL_AGAIN && proven->version == 0)
        return refuse(err, proven, "no upgrade of this bundle leads there");
    return true;
}

static bool check_fingerprints(const Manifest *manifest, bool *used, size_t *used_count, Error *err)
{
    const ManifestFingerprint *rows = manifest->fingerprints.items;
    size_t count = manifest->objects.count;
    /* per object, the row that took it, from 1 */
    CLEANUP(memory_freep) size_t *taken = memory_zeroed(count ? count : 1, sizeof(*taken));
    int64_t number = 0;
    for (size_t row = 0; row < manifest->fingerprints.count; row++) {
        const ManifestFingerprint *proven = &rows[row];
        if (row && rows[row - 1].version != proven->version)
            number = 0;
        if (!check_arrival(manifest, proven, err))
            return false;
        size_t first = taken[proven->object];
        if (first) {
            if (!share_object(&rows[first - 1], proven, err))
                return false;
            continue;
        }
        if (!take_object(manifest, proven, ++number, err) ||
            !check_content_is_new(manifest, row, err))
            return false;
        taken[proven->object] = row + 1;
        used[proven->object] = true;
        ++*used_count;
    }
    return true;
}

/* --- versions before the bundle -------------------------------------------------------------- */

/* Rows of one version say the same of it. */
static bool earlier_agree(const ManifestEarlier *a, const ManifestEarlier *b)
{
    return digest_equal(&a->tree_digest, &b->tree_digest) && a->migrations == b->migrations;
}

static bool check_earlier_place(const Manifest *manifest, const ManifestEarlier *earlier,
                                Error *err)
{
    const Head *head = &manifest->head;
    int64_t before = manifest->versions.items[0].position;
    char tree[DIGEST_HEX_SIZE];
    bool is_start = strcmp(earlier->name, head->covers_from) == 0;
    if (strcmp(head->covers_from, "-") == 0)
        return error_set(err, ERROR_INPUT,
                         "manifest: table 'earlier': there is '%s' before a bundle that starts "
                         "from nothing",
                         earlier->name);
    if (earlier->migrations > before || (is_start && earlier->migrations != before))
        return error_set(err, ERROR_INPUT,
                         "manifest: table 'earlier': version '%s' does not lie before the bundle",
                         earlier->name);
    if (is_start && strcmp(digest_hex(&earlier->tree_digest, tree), head->tree_from) != 0)
        return error_set(err, ERROR_INPUT,
                         "manifest: table 'earlier': the tree digest of '%s' is not HEAD's",
                         earlier->name);
    return true;
}

/* Names of the bundle's own versions and, once for each run of rows, of the earlier ones. */
static bool check_earlier_names(const Manifest *manifest, Error *err)
{
    size_t most = manifest->earlier.count + manifest->versions.count, count = 0;
    CLEANUP(memory_freep) const char **names = memory_zeroed(most, sizeof(*names));
    array_each (const ManifestVersion, version, &manifest->versions)
        names[count++] = version->name;
    array_each (const ManifestEarlier, earlier, &manifest->earlier) {
        bool same =
            earlier > manifest->earlier.items && strcmp(earlier[-1].name, earlier->name) == 0;
        if (same && !earlier_agree(&earlier[-1], earlier))
            return error_set(err, ERROR_INPUT,
                             "manifest: table 'earlier': version '%s' is said in two ways",
                             earlier->name);
        if (!same)
            names[count++] = earlier->name;
    }
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return error_set(err, ERROR_INPUT,
                             "manifest: table 'earlier': version '%s' is there twice", names[i]);
    return true;
}

static bool check_earlier(const Manifest *manifest, Error *err)
{
    array_each (const ManifestEarlier, earlier, &manifest->earlier)
        if (!check_earlier_place(manifest, earlier, err))
            return false;
    return check_earlier_names(manifest, err);
}

/* --- servers --------------------------------------------------------------------------------- */

static int compare_majors(const void *a, const void *b)
{
    return compare_numbers(*(const int64_t *)a, *(const int64_t *)b);
}

/* The majors that fingerprints were taken on, sorted. */
typedef struct Majors {
    int64_t *items; /* owned */
    size_t count;
} Majors;

static void majors_done(Majors *majors)
{
    free(majors->items);
}

static Majors proven_majors(const Manifest *manifest)
{
    size_t count = manifest->fingerprints.count;
    Majors majors = {.items = memory_zeroed(count ? count : 1, sizeof(*majors.items))};
    array_each (const ManifestFingerprint, proven, &manifest->fingerprints)
        majors.items[majors.count++] = proven->server_major;
    qsort(majors.items, majors.count, sizeof(*majors.items), compare_majors);
    return majors;
}

static bool check_major(const Majors *majors, int64_t major, const char *table, Error *err)
{
    return bsearch(&major, majors->items, majors->count, sizeof(*majors->items), compare_majors) ||
           error_set(err, ERROR_INPUT,
                     "manifest: table '%s': there is no fingerprint of a server %" PRId64, table,
                     major);
}

/* What a rehearsal said on a server, it also took a fingerprint on. */
static bool check_majors(const Manifest *manifest, Error *err)
{
    CLEANUP(majors_done) Majors majors = proven_majors(manifest);
    array_each (const ManifestRehearsal, rehearsal, &manifest->rehearsals)
        if (!check_major(&majors, rehearsal->server_major, "rehearsal", err))
            return false;
    array_each (const ManifestMeasured, measured, &manifest->measured)
        if (!check_major(&majors, measured->server_major, "measured", err))
            return false;
    array_each (const ManifestAtomic, atomic, &manifest->atomic)
        if (!check_major(&majors, atomic->server_major, "atomic", err))
            return false;
    return true;
}

/* --- verdicts -------------------------------------------------------------------------------- */

/* `said` is what the migration or version has, `worst` what its rehearsals came to. */
static bool check_verdict(const char *what, const char *name, Verdict said, Verdict worst,
                          Error *err)
{
    return said == worst ||
           error_set(err, ERROR_INPUT,
                     "manifest: %s '%s': its way back is '%s', but its rehearsals say '%s'", what,
                     name, verdict_name(said), verdict_name(worst));
}

static bool check_migration_verdicts(const Manifest *manifest, Error *err)
{
    CLEANUP(memory_freep) Verdict *verdicts = manifest_migration_verdicts(manifest);
    const Verdict *worst = verdicts;
    array_each (const ManifestMigration, migration, &manifest->migrations) {
        if (!check_verdict("migration", migration->identity, migration->verdict, *worst++, err))
            return false;
        if (verdict_is_rehearsed(migration->verdict) && !migration->rehearsed)
            return error_set(err, ERROR_INPUT,
                             "manifest: migration '%s': its way back was rehearsed, but it was not",
                             migration->identity);
        if (migration->rehearsed && manifest->fingerprints.count == 0)
            return error_set(err, ERROR_INPUT,
                             "manifest: migration '%s': it was rehearsed, but no fingerprint was "
                             "taken",
                             migration->identity);
    }
    return true;
}

static bool check_version_verdicts(const Manifest *manifest, Error *err)
{
    CLEANUP(memory_freep) Verdict *verdicts = manifest_version_verdicts(manifest);
    const Verdict *worst = verdicts;
    array_each (const ManifestVersion, version, &manifest->versions)
        if (!check_verdict("version", version->name, version->verdict, *worst++, err))
            return false;
    return true;
}

/* A version that cannot be taken back was not. The schema's CHECK has looked at the results. */
static bool check_results(const Manifest *manifest, Error *err)
{
    size_t row = 0;
    array_each (const ManifestRehearsal, rehearsal, &manifest->rehearsals) {
        row++;
        if (rehearsal->of_version &&
            !verdict_is_rehearsed(manifest->versions.items[rehearsal->index].verdict))
            return error_set(err, ERROR_INPUT,
                             "manifest: table 'rehearsal', row %zu: version '%s' has no way back",
                             row, manifest->versions.items[rehearsal->index].name);
    }
    return true;
}

bool manifest_rehearsal_check(const Manifest *manifest, bool *used, size_t *used_count, Error *err)
{
    return check_order(manifest, err) && check_fingerprints(manifest, used, used_count, err) &&
           check_earlier(manifest, err) && check_majors(manifest, err) &&
           check_migration_verdicts(manifest, err) && check_version_verdicts(manifest, err) &&
           check_results(manifest, err);
}
