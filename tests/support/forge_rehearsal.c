#include "tests/support/forge_rehearsal.h"

#include "bundles/fingerprint_writer.h"

static void must(bool good, const Error *err)
{
    if (good)
        return;
    error_print(stderr, "forge", err);
    abort();
}

typedef struct Row {
    const char *class, *kind, *identity, *definition;
} Row;

static const Row at_start[] = {
    {"core", "schema", "public", ""},
    {"env", "owner", "schema public", "pg_database_owner"},
};

static const Row with_berths[] = {
    {"core", "column order", "public.berth", "id, name"},
    {"core", "table", "public.berth", "persistent"},
    {"deparse", "view", "public.free", "SELECT name\n  FROM berth"},
    {"env", "owner", "schema public", "pg_database_owner"},
};

/* As a DROP and an ADD of a column leave it. */
static const Row with_berths_in_another_order[] = {
    {"core", "column order", "public.berth", "name, id"},
    {"core", "table", "public.berth", "persistent"},
    {"deparse", "view", "public.free", "SELECT name\n  FROM berth"},
    {"env", "owner", "schema public", "pg_database_owner"},
};

static const Row with_masters[] = {
    {"core", "column order", "public.berth", "id, name"},
    {"core", "table", "public.berth", "persistent"},
    {"core", "table", "public.master", "persistent"},
    {"deparse", "view", "public.free", "SELECT berth.name\n  FROM berth"},
    {"env", "owner", "schema public", "pg_database_owner"},
};

typedef struct Schema {
    const Row *rows;
    size_t count;
    size_t long_definition; /* bytes of a row more, where not 0 */
} Schema;

#define SCHEMA(rows, size)                                                                         \
    {                                                                                              \
        rows, ARRAY_LEN(rows), size                                                                \
    }
static const Schema schemas[] = {
    SCHEMA(at_start, 0), SCHEMA(with_berths, 0), SCHEMA(with_berths_in_another_order, 0),
    SCHEMA(with_masters, FORGE_LONG_DEFINITION), SCHEMA(with_masters, 0)};

/* In the manifest's order; which of the schemas each is. */
static const struct {
    size_t version;
    Arrival arrival;
    int64_t major;
    size_t schema;
} fingerprints[] = {{0, ARRIVAL_UP, 15, 0},   {0, ARRIVAL_UP, 16, 0},   {1, ARRIVAL_UP, 15, 1},
                    {1, ARRIVAL_UP, 16, 1},   {1, ARRIVAL_DOWN, 15, 1}, {1, ARRIVAL_DOWN, 16, 2},
                    {2, ARRIVAL_UP, 15, 3},   {2, ARRIVAL_UP, 16, 4},   {2, ARRIVAL_AGAIN, 15, 3},
                    {2, ARRIVAL_AGAIN, 16, 4}};

static Fingerprint rows_of(const Schema *schema)
{
    Error err = {0};
    Fingerprint fingerprint = {0};
    for (size_t i = 0; i < schema->count; i++) {
        const Row *row = &schema->rows[i];
        must(fingerprint_add(&fingerprint, row->class, row->kind, row->identity, /* hash= */ NULL,
                             row->definition, &err),
             &err);
    }
    if (schema->long_definition) {
        CLEANUP(memory_freep) char *text = memory_zeroed(schema->long_definition + 1, 1);
        memset(text, 'x', schema->long_definition);
        must(fingerprint_add(&fingerprint, "core", "index", "public.berth_name_idx",
                             /* hash= */ NULL, text, &err),
             &err);
    }
    must(fingerprint_sort(&fingerprint, &err), &err);
    return fingerprint;
}

static void add_fingerprints(BundleWriter *writer, Manifest *manifest)
{
    for (size_t i = 0; i < ARRAY_LEN(fingerprints); i++) {
        Error err = {0};
        CLEANUP(fingerprint_done) Fingerprint rows = rows_of(&schemas[fingerprints[i].schema]);
        FingerprintPlace place = {fingerprints[i].version, fingerprints[i].arrival,
                                  fingerprints[i].major};
        must(fingerprint_writer_add(writer, manifest, place, &rows, &err), &err);
    }
}

/* Versions before the bundle's first, and the one that it starts from. */
static void add_earlier(Manifest *manifest, const char *tree_from)
{
    static const struct {
        const char *name;
        int64_t migrations;
        int64_t major;
    } rows[] = {{"0.8.0", 2, 9}, {"0.8.0", 2, 15}, {"0.9.0", 2, 15}, {"1.0.0", 4, 15}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        ManifestEarlier *earlier = array_add(&manifest->earlier);
        *earlier = (ManifestEarlier){.name = memory_string(rows[i].name),
                                     .tree_digest = digest_of(rows[i].name, 5),
                                     .migrations = rows[i].migrations,
                                     .server_major = rows[i].major,
                                     .roots = manifest->fingerprints.items[0].roots};
        if (rows[i].migrations == 4 &&
            !digest_parse_hex(tree_from, strlen(tree_from), &earlier->tree_digest))
            abort();
    }
}

static void add_verdicts(Manifest *manifest)
{
    static const struct {
        bool of_version;
        size_t index;
        int64_t major;
        Verdict verdict;
        const char *detail;
    } rows[] = {{false, 0, 15, VERDICT_LOSSY, "rows of public.berth"},
                {false, 0, 16, VERDICT_EXACT, ""},
                {false, 2, 15, VERDICT_EXACT, ""},
                {false, 2, 16, VERDICT_COLUMN_ORDER, "public.berth"},
                {true, 1, 15, VERDICT_EXACT, ""},
                {true, 1, 16, VERDICT_COLUMN_ORDER, "public.berth"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        *array_add(&manifest->rehearsals) =
            (ManifestRehearsal){rows[i].of_version, rows[i].index, rows[i].major, rows[i].verdict,
                                memory_string(rows[i].detail)};
    CLEANUP(memory_freep) Verdict *verdicts = manifest_migration_verdicts(manifest);
    for (size_t i = 0; i < manifest->migrations.count; i++) {
        manifest->migrations.items[i].verdict = verdicts[i];
        manifest->migrations.items[i].rehearsed = true;
    }
    manifest->migrations.items[0].acknowledged = memory_string("berths are counted again anyway");
}

static void add_measured(Manifest *manifest)
{
    static const ManifestMeasured rows[] = {
        {0, SCRIPT_UP, 0, 15, NULL, NULL, false, false},
        {0, SCRIPT_UP, 2, 15, NULL, NULL, false, true},
        {0, SCRIPT_DOWN, 0, 16, NULL, NULL, false, false},
        {1, SCRIPT_UP, 0, 16, NULL, NULL, true, true},
    };
    static const char *const locks[] = {"AccessExclusiveLock", "ShareUpdateExclusiveLock",
                                        "AccessExclusiveLock", ""};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        ManifestMeasured *measured = array_add(&manifest->measured);
        *measured = rows[i];
        measured->relation = memory_string("public.berth");
        measured->lock = memory_string(locks[i]);
    }
}

void forge_add_rehearsal(BundleWriter *writer, Manifest *manifest)
{
    *array_add(&manifest->scope) = memory_string("harbour");
    *array_add(&manifest->scope) = memory_string("public");
    *array_add(&manifest->tolerated) =
        (ManifestTolerated){memory_string("*"), memory_string("public.site_*")};
    *array_add(&manifest->tolerated) =
        (ManifestTolerated){memory_string("index"), memory_string("*")};
    add_fingerprints(writer, manifest);
    add_earlier(manifest, manifest->head.tree_from);
    add_verdicts(manifest);
    add_measured(manifest);
    *array_add(&manifest->brought) =
        (ManifestBrought){0, /* is_column= */ false, memory_string("public.berth")};
    *array_add(&manifest->brought) =
        (ManifestBrought){0, /* is_column= */ true, memory_string("public.quay.depth")};
    *array_add(&manifest->atomic) = (ManifestAtomic){.whole_run = false, .server_major = 15};
    *array_add(&manifest->atomic) = (ManifestAtomic){.whole_run = false, .server_major = 16};
    *array_add(&manifest->atomic) = (ManifestAtomic){.whole_run = true, .server_major = 16};
}
