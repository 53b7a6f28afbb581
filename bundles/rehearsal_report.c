#include "bundles/rehearsal_report.h"

#include <inttypes.h>

/* --- for people ------------------------------------------------------------------------------ */

/* "first, second, …" as they come. */
typedef struct List {
    Text *out;
    const char *begin; /* in front of the first */
    size_t count;
} List;

PRINTF_LIKE(2, 3)
static void add_to(List *list, const char *format, ...)
{
    text_add(list->out, list->count++ ? ", " : list->begin);
    va_list arguments;
    va_start(arguments, format);
    text_vaddf(list->out, format, arguments);
    va_end(arguments);
}

static void end_line(const List *list)
{
    if (list->count)
        text_add_char(list->out, '\n');
}

static int compare_majors(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

typedef ARRAY_OF(int64_t) MajorArray;

/* Every major that anything was proven on, once, in order. */
static void collect_majors(const Manifest *manifest, MajorArray *ret_majors)
{
    MajorArray majors = {0};
    array_each (const ManifestFingerprint, proven, &manifest->fingerprints)
        *array_add(&majors) = proven->server_major;
    if (majors.count)
        qsort(majors.items, majors.count, sizeof(*majors.items), compare_majors);
    size_t kept = 0;
    for (size_t i = 0; i < majors.count; i++)
        if (i == 0 || majors.items[i] != majors.items[i - 1])
            majors.items[kept++] = majors.items[i];
    majors.count = kept;
    *ret_majors = majors;
}

static void add_servers(const Manifest *manifest, Text *out)
{
    MajorArray majors;
    List servers = {out, "rehearsed    on PostgreSQL ", 0};
    List schemas = {out, "; schemas ", 0};
    collect_majors(manifest, &majors);
    array_each (const int64_t, major, &majors)
        add_to(&servers, "%" PRId64, *major);
    array_each (char *const, name, &manifest->scope)
        add_to(&schemas, "%s", *name);
    end_line(&servers);
    array_free(&majors);
}

/* In the manifest's order: first one transaction for each version, then one for all. */
static void add_atomic(const Manifest *manifest, Text *out)
{
    List each = {out, "atomic       each version on PostgreSQL ", 0};
    List whole = {out, "atomic       the whole run on PostgreSQL ", 0};
    array_each (const ManifestAtomic, atomic, &manifest->atomic)
        if (!atomic->whole_run)
            add_to(&each, "%" PRId64, atomic->server_major);
    end_line(&each);
    array_each (const ManifestAtomic, atomic, &manifest->atomic)
        if (atomic->whole_run)
            add_to(&whole, "%" PRId64, atomic->server_major);
    end_line(&whole);
}

/* Rows of one version stand together. */
static bool is_another(const Manifest *manifest, const ManifestEarlier *earlier)
{
    return earlier == manifest->earlier.items || strcmp(earlier[-1].name, earlier->name) != 0;
}

void rehearsal_report_bundle(const Manifest *manifest, Text *out)
{
    if (manifest->fingerprints.count == 0)
        text_add(out, "rehearsed    nowhere: no schema and no way back is proven\n");
    else
        add_servers(manifest, out);
    add_atomic(manifest, out);
    List tolerated = {out, "tolerated    ", 0}, earlier = {out, "adoptable    ", 0};
    array_each (const ManifestTolerated, one, &manifest->tolerated)
        add_to(&tolerated, "%s %s", one->kind, one->identity);
    end_line(&tolerated);
    array_each (const ManifestEarlier, one, &manifest->earlier)
        if (is_another(manifest, one))
            add_to(&earlier, "%s", one->name);
    end_line(&earlier);
}

static bool is_of(const ManifestRehearsal *rehearsal, bool of_version, size_t index)
{
    return rehearsal->of_version == of_version && rehearsal->index == index;
}

static bool same_result(const ManifestRehearsal *a, const ManifestRehearsal *b)
{
    return a->verdict == b->verdict && strcmp(a->detail, b->detail) == 0;
}

/* Whether another server has said the same of it before. */
static bool was_said(const Manifest *manifest, const ManifestRehearsal *rehearsal)
{
    for (const ManifestRehearsal *one = rehearsal; one-- > manifest->rehearsals.items;) {
        if (!is_of(one, rehearsal->of_version, rehearsal->index))
            break;
        if (same_result(one, rehearsal))
            return true;
    }
    return false;
}

/* A line for each result: "on PostgreSQL 15, 16: lossy: rows of public.berth". */
static void add_results(const Manifest *manifest, bool of_version, size_t index, const char *indent,
                        Text *out)
{
    array_each (const ManifestRehearsal, rehearsal, &manifest->rehearsals) {
        if (!is_of(rehearsal, of_version, index) || was_said(manifest, rehearsal))
            continue;
        List servers = {out, "on PostgreSQL ", 0};
        text_add(out, indent);
        for (const ManifestRehearsal *one = rehearsal;
             one < manifest->rehearsals.items + manifest->rehearsals.count &&
             is_of(one, of_version, index);
             one++)
            if (same_result(one, rehearsal))
                add_to(&servers, "%" PRId64, one->server_major);
        text_addf(out, ": %s%s%s\n", verdict_name(rehearsal->verdict),
                  *rehearsal->detail ? ": " : "", rehearsal->detail);
    }
}

void rehearsal_report_version(const Manifest *manifest, size_t index, Text *out)
{
    text_addf(out, "  way back: %s", verdict_name(manifest->versions.items[index].verdict));
    List servers = {out, "; schema proven on PostgreSQL ", 0};
    array_each (const ManifestFingerprint, proven, &manifest->fingerprints)
        if (proven->version == index + 1 && proven->arrival == ARRIVAL_UP)
            add_to(&servers, "%" PRId64, proven->server_major);
    bool is_gap = manifest->fingerprints.count && !servers.count;
    text_add(out, is_gap ? "; schema not proven\n" : "\n");
    add_results(manifest, /* of_version= */ true, index, "    ", out);
}

void rehearsal_report_migration(const Manifest *manifest, size_t index, Text *out)
{
    const ManifestMigration *migration = &manifest->migrations.items[index];
    text_addf(out, "way back: %s", verdict_name(migration->verdict));
    if (migration->irreversible_reason)
        text_addf(out, " (%s)", migration->irreversible_reason);
    if (migration->acknowledged)
        text_addf(out, " (acknowledged: %s)", migration->acknowledged);
}

void rehearsal_report_results(const Manifest *manifest, size_t index, Text *out)
{
    add_results(manifest, /* of_version= */ false, index, "          ", out);
}

/* --- for programs ---------------------------------------------------------------------------- */

static void majors_json(const Manifest *manifest, JsonWriter *json)
{
    MajorArray majors;
    collect_majors(manifest, &majors);
    json_array(json, "rehearsed_on");
    array_each (const int64_t, major, &majors)
        json_int(json, /* name= */ NULL, *major);
    json_close(json);
    array_free(&majors);
}

static void roots_json(const FingerprintRoots *roots, JsonWriter *json)
{
    char hex[DIGEST_HEX_SIZE];
    for (FingerprintClass class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        json_string(json, fingerprint_class_name(class), digest_hex(&roots->classes[class], hex));
}

/* The schemas proven for a version; 0: for what the bundle starts from. */
static void fingerprints_json(const Manifest *manifest, const char *name, size_t version,
                              JsonWriter *json)
{
    json_array(json, name);
    array_each (const ManifestFingerprint, proven, &manifest->fingerprints) {
        if (proven->version != version)
            continue;
        json_object(json, /* name= */ NULL);
        json_int(json, "server_major", proven->server_major);
        json_string(json, "arrival", arrival_name(proven->arrival));
        roots_json(&proven->roots, json);
        json_string(json, "path", manifest->objects.items[proven->object].path);
        json_close(json);
    }
    json_close(json);
}

static void earlier_json(const Manifest *manifest, JsonWriter *json)
{
    char hex[DIGEST_HEX_SIZE];
    json_array(json, "earlier");
    array_each (const ManifestEarlier, earlier, &manifest->earlier) {
        json_object(json, /* name= */ NULL);
        json_string(json, "name", earlier->name);
        json_string(json, "tree_digest", digest_hex(&earlier->tree_digest, hex));
        json_int(json, "server_major", earlier->server_major);
        roots_json(&earlier->roots, json);
        json_close(json);
    }
    json_close(json);
}

void rehearsal_report_bundle_json(const Manifest *manifest, JsonWriter *json)
{
    majors_json(manifest, json);
    json_array(json, "scope");
    array_each (char *const, name, &manifest->scope)
        json_string(json, /* name= */ NULL, *name);
    json_close(json);
    json_array(json, "tolerated");
    array_each (const ManifestTolerated, tolerated, &manifest->tolerated) {
        json_object(json, /* name= */ NULL);
        json_string(json, "kind", tolerated->kind);
        json_string(json, "identity", tolerated->identity);
        json_close(json);
    }
    json_close(json);
    json_array(json, "atomic");
    array_each (const ManifestAtomic, atomic, &manifest->atomic) {
        json_object(json, /* name= */ NULL);
        json_string(json, "mode", manifest_atomic_name(atomic));
        json_int(json, "server_major", atomic->server_major);
        json_close(json);
    }
    json_close(json);
    earlier_json(manifest, json);
    fingerprints_json(manifest, "start_fingerprints", 0, json);
}

static void rehearsals_json(const Manifest *manifest, bool of_version, size_t index,
                            JsonWriter *json)
{
    json_array(json, "rehearsals");
    array_each (const ManifestRehearsal, rehearsal, &manifest->rehearsals) {
        if (!is_of(rehearsal, of_version, index))
            continue;
        json_object(json, /* name= */ NULL);
        json_int(json, "server_major", rehearsal->server_major);
        json_string(json, "way_back", verdict_name(rehearsal->verdict));
        json_string(json, "detail", *rehearsal->detail ? rehearsal->detail : NULL);
        json_close(json);
    }
    json_close(json);
}

void rehearsal_report_version_json(const Manifest *manifest, size_t index, JsonWriter *json)
{
    json_string(json, "way_back", verdict_name(manifest->versions.items[index].verdict));
    rehearsals_json(manifest, /* of_version= */ true, index, json);
    fingerprints_json(manifest, "fingerprints", index + 1, json);
}

static void measured_json(const Manifest *manifest, size_t migration, JsonWriter *json)
{
    json_array(json, "measured");
    array_each (const ManifestMeasured, measured, &manifest->measured) {
        if (measured->migration != migration)
            continue;
        const ManifestScript *script =
            &manifest->migrations.items[migration].scripts[measured->script];
        json_object(json, /* name= */ NULL);
        json_string(json, "script", script_kind_name(measured->script));
        json_int(json, "line", script->steps.items[measured->step].line);
        json_int(json, "server_major", measured->server_major);
        json_string(json, "relation", measured->relation);
        json_string(json, "lock", *measured->lock ? measured->lock : NULL);
        json_bool(json, "rewritten", measured->rewritten);
        json_bool(json, "scanned", measured->scanned);
        json_close(json);
    }
    json_close(json);
}

static void brought_json(const Manifest *manifest, size_t migration, JsonWriter *json)
{
    json_array(json, "brought");
    array_each (const ManifestBrought, brought, &manifest->brought) {
        if (brought->migration != migration)
            continue;
        json_object(json, /* name= */ NULL);
        json_string(json, "kind", manifest_brought_name(brought));
        json_string(json, "identity", brought->identity);
        json_close(json);
    }
    json_close(json);
}

void rehearsal_report_migration_json(const Manifest *manifest, size_t index, JsonWriter *json)
{
    const ManifestMigration *migration = &manifest->migrations.items[index];
    json_bool(json, "rehearsed", migration->rehearsed);
    json_string(json, "way_back", verdict_name(migration->verdict));
    json_string(json, "irreversible_reason", migration->irreversible_reason);
    json_string(json, "acknowledged", migration->acknowledged);
    rehearsals_json(manifest, /* of_version= */ false, index, json);
    measured_json(manifest, index, json);
    brought_json(manifest, index, json);
}
