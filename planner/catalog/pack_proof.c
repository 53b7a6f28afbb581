#include "planner/catalog/pack_proof.h"

#include <inttypes.h>

#include "bundles/fingerprint_writer.h"
#include "bundles/manifest_brought.h"
#include "planner/packing/project_digests.h"
#include "planner/rehearsal/rehearsal_gate.h"

void pack_proof_done(PackProof *proof)
{
    rehearsal_subject_done(&proof->subject);
    rehearsals_done(&proof->rehearsals);
    catalog_free(proof->catalog);
    findings_done(&proof->findings);
    *proof = (PackProof){0};
}

/* --- reading and judging -----------------------------------------------------------------------
 */

static bool is_declared(const Project *project, int64_t major)
{
    uint64_t least = 0, most = 0;
    const ProjectConfig *config = &project->config;
    return text_parse_uint(config->server_min, strlen(config->server_min), 99, &least) &&
           text_parse_uint(config->server_max, strlen(config->server_max), 99, &most) &&
           major >= (int64_t)least && major <= (int64_t)most;
}

static bool load_rehearsals(PackProof *proof, Error *err)
{
    CLEANUP(memory_freep) int64_t *majors = NULL;
    size_t count = 0;
    if (!catalog_majors(proof->catalog, &majors, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (is_declared(proof->project, majors[i]) &&
            !catalog_load(proof->catalog, &proof->subject, majors[i], /* server_version= */ NULL,
                          array_add(&proof->rehearsals), err))
            return false;
    return true;
}

/* Declared majors that no rehearsal covers, in one warning. */
static void warn_of_missing(PackProof *proof)
{
    CLEANUP(text_done) Text missing = {0};
    for (int64_t major = 1; major < 100; major++) {
        bool covered = !is_declared(proof->project, major);
        array_each (const Rehearsal, rehearsal, &proof->rehearsals)
            covered |=
                rehearsal->major == major && rehearsal_is_complete(&proof->subject, rehearsal);
        if (!covered)
            text_addf(&missing, "%s%" PRId64, missing.length ? ", " : "", major);
    }
    if (missing.length)
        finding_add(&proof->findings, FINDING_WARNING,
                    "sites on them compare what is the same on every server",
                    "not rehearsed on the declared PostgreSQL %s", text_string(&missing));
}

/* What does not cover everything has served the judgement, and says nothing in the manifest. */
static void keep_complete(PackProof *proof)
{
    size_t kept = 0;
    for (size_t i = 0; i < proof->rehearsals.count; i++) {
        Rehearsal *rehearsal = &proof->rehearsals.items[i];
        if (!rehearsal_is_complete(&proof->subject, rehearsal)) {
            rehearsal_done(rehearsal);
            continue;
        }
        Rehearsal moved = *rehearsal;
        *rehearsal = (Rehearsal){0};
        proof->rehearsals.items[kept++] = moved;
    }
    proof->rehearsals.count = kept;
}

bool pack_proof_read(const Project *project, const PlanRange *range, PackProof *ret_proof,
                     Error *err)
{
    CLEANUP(pack_proof_done) PackProof proof = {.project = project, .range = *range};
    CLEANUP(memory_freep) char *seeds = NULL;
    RehearsalSettings settings;
    if (!rehearsal_settings(project, /* seeds= */ NULL, /* rows= */ -1, &settings, &seeds, err) ||
        !rehearsal_subject_read(project, &settings, range->last, &proof.subject, err) ||
        !catalog_open(project->root, &proof.catalog, /* ret_lost= */ NULL, err) ||
        !load_rehearsals(&proof, err))
        return false;
    const RehearsalGate gate = {&proof.subject, (size_t)(range->first + 1), &proof.rehearsals};
    rehearsal_gate_check(&gate, &proof.findings);
    if (findings_error_count(&proof.findings) == 0)
        warn_of_missing(&proof);
    keep_complete(&proof);
    *ret_proof = proof;
    proof = (PackProof){0};
    return true;
}

/* --- fingerprints ------------------------------------------------------------------------------
 */

/* What is being filled, passed along. */
typedef struct Filling {
    PackProof *proof;
    BundleWriter *writer;
    Manifest *manifest;
    ManifestNameArray schemas; /* owned: seen in the fingerprints, as they come */
    char last_file[REHEARSAL_FILE];
    Fingerprint last; /* owned: of last_file: what one migration leaves the next begins with */
} Filling;

/* The name of a bundle's version by index plus 1; 0 is what it starts from. */
static const char *version_name(const Filling *filling, size_t version)
{
    return version == 0 ? filling->manifest->head.covers_from
                        : filling->manifest->versions.items[version - 1].name;
}

static void add_schemas(Filling *filling, const Fingerprint *fingerprint)
{
    array_each (const FingerprintRow, row, &fingerprint->rows) {
        if (row->class != FINGERPRINT_CORE || strcmp(row->kind, "schema") != 0)
            continue;
        bool known = false;
        array_each (char *const, name, &filling->schemas)
            known |= strcmp(*name, row->identity) == 0;
        if (!known)
            *array_add(&filling->schemas) = memory_string(row->identity);
    }
}

/* What is signed is read once more, and must still be what was reported. */
static bool read_rows(Filling *filling, const RehearsalFingerprint *shown, Fingerprint *ret_rows,
                      Error *err)
{
    CLEANUP(text_done) Text text = {0};
    FingerprintRoots roots;
    if (!catalog_text(filling->proof->catalog, shown->file, &text, err) ||
        !fingerprint_parse(text_string(&text), text.length, ret_rows, err))
        return error_wrap(err, "the catalog's fingerprint of version %s", shown->version);
    fingerprint_roots(ret_rows, &roots);
    return fingerprint_roots_equal(&roots, &shown->roots) ||
           error_set(err, ERROR_IO, "the catalog's fingerprint of version %s was changed",
                     shown->version);
}

static bool add_fingerprint(Filling *filling, const Rehearsal *rehearsal, size_t version,
                            Arrival arrival, Error *err)
{
    /* a rehearsal's arrivals are a manifest's, in the same order */
    const RehearsalFingerprint *shown =
        rehearsal_fingerprint(rehearsal, version_name(filling, version), (RehearsalArrival)arrival);
    CLEANUP(fingerprint_done) Fingerprint rows = {0};
    if (!shown)
        return true;
    if (!read_rows(filling, shown, &rows, err))
        return false;
    add_schemas(filling, &rows);
    const FingerprintPlace place = {version, arrival, rehearsal->major};
    return fingerprint_writer_add(filling->writer, filling->manifest, place, &rows, err);
}

/* Only what this bundle's own migrations can lead to: behind its last version lies what a later
 * bundle may change, before its first what an earlier one did. */
static bool can_arrive(const Manifest *manifest, size_t version, Arrival arrival)
{
    switch (arrival) {
    case ARRIVAL_UP:
        return true;
    case ARRIVAL_DOWN:
    case ARRIVAL_CHAIN:
        return version < manifest->versions.count;
    case ARRIVAL_AGAIN:
        return version > 0;
    }
    return false;
}

static bool add_fingerprints(Filling *filling, Error *err)
{
    for (size_t version = 0; version <= filling->manifest->versions.count; version++) {
        for (Arrival arrival = ARRIVAL_UP; arrival <= ARRIVAL_CHAIN; arrival++) {
            if (!can_arrive(filling->manifest, version, arrival))
                continue;
            array_each (const Rehearsal, rehearsal, &filling->proof->rehearsals)
                if (!add_fingerprint(filling, rehearsal, version, arrival, err))
                    return false;
        }
    }
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Without a scope of the vendor's own: the schemas that any proven version has. */
static void set_scope(Filling *filling)
{
    ManifestNameArray *schemas = &filling->schemas;
    if (schemas->count)
        qsort(schemas->items, schemas->count, sizeof(*schemas->items), compare_names);
    if (filling->manifest->scope.count == 0) {
        filling->manifest->scope = *schemas;
        *schemas = (ManifestNameArray){0};
    }
}

/* Trees of the versions before the bundle's first, and the schemas that they had. */
static bool add_earlier(Filling *filling, Error *err)
{
    const Project *project = filling->proof->project;
    char tree[DIGEST_HEX_SIZE] = "-";
    for (int64_t i = 0; i <= filling->proof->range.first; i++) {
        const ProjectVersion *version = &project->versions.items[i];
        Digest digest;
        if (!project_version_tree(project, version, tree, &digest, err))
            return false;
        digest_hex(&digest, tree);
        array_each (const Rehearsal, rehearsal, &filling->proof->rehearsals)
            *array_add(&filling->manifest->earlier) = (ManifestEarlier){
                .name = memory_string(version->name),
                .tree_digest = digest,
                .migrations = (int64_t)(version->first_migration + version->migration_count),
                .server_major = rehearsal->major,
                .roots = rehearsal_fingerprint(rehearsal, version->name, REHEARSED_UP)->roots,
            };
    }
    return true;
}

/* --- verdicts ----------------------------------------------------------------------------------
 */

static void add_verdict(Filling *filling, bool of_version, size_t index, const char *name)
{
    array_each (const Rehearsal, rehearsal, &filling->proof->rehearsals) {
        const RehearsalVerdict *verdict = rehearsal_verdict(rehearsal, of_version, name);
        if (!verdict_is_rehearsed(verdict->verdict))
            continue;
        *array_add(&filling->manifest->rehearsals) = (ManifestRehearsal){
            .of_version = of_version,
            .index = index,
            .server_major = rehearsal->major,
            .verdict = verdict->verdict,
            .detail = memory_string(verdict->detail),
        };
    }
}

static bool has_way_back(const Manifest *manifest, const ManifestVersion *version)
{
    for (size_t m = 0; m < version->migration_count; m++)
        if (!manifest->migrations.items[version->first_migration + m].scripts[SCRIPT_DOWN].present)
            return false;
    return true;
}

/* Rows first; what they come to is the manifest's own rule. */
static void add_verdicts(Filling *filling)
{
    Manifest *manifest = filling->manifest;
    for (size_t i = 0; i < manifest->migrations.count; i++)
        if (manifest->migrations.items[i].scripts[SCRIPT_DOWN].present)
            add_verdict(filling, /* of_version= */ false, i,
                        manifest->migrations.items[i].identity);
    for (size_t i = 0; i < manifest->versions.count; i++)
        if (has_way_back(manifest, &manifest->versions.items[i]))
            add_verdict(filling, /* of_version= */ true, i, manifest->versions.items[i].name);
    CLEANUP(memory_freep) Verdict *verdicts = manifest_migration_verdicts(manifest);
    for (size_t i = 0; i < manifest->migrations.count; i++) {
        ManifestMigration *migration = &manifest->migrations.items[i];
        const SubjectMigration *subject =
            rehearsal_subject_migration(&filling->proof->subject, migration->identity);
        const ScriptAck *ack =
            rehearsal_needs_ack(verdicts[i]) ? rehearsal_ack(subject, verdicts[i]) : NULL;
        migration->verdict = verdicts[i];
        migration->rehearsed = true;
        migration->acknowledged = ack ? memory_string(ack->reason) : NULL;
    }
}

/* --- what was measured -------------------------------------------------------------------------
 */

/* A TOAST table is named after its table's OID, which is another on every server. */
static bool is_telling(const RehearsalRelation *relation)
{
    return strncmp(relation->relation, "pg_toast.", 9) != 0 &&
           (*relation->lock || relation->rewritten || relation->scanned);
}

static int compare_measured(const void *a, const void *b)
{
    const ManifestMeasured *first = a, *second = b;
    const int64_t left[] = {(int64_t)first->migration, first->script, (int64_t)first->step,
                            first->server_major};
    const int64_t right[] = {(int64_t)second->migration, second->script, (int64_t)second->step,
                             second->server_major};
    for (size_t i = 0; i < ARRAY_LEN(left); i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return strcmp(first->relation, second->relation);
}

static void add_relation(Filling *filling, const ManifestMeasured *place,
                         const RehearsalRelation *relation)
{
    ManifestMeasured *measured = array_add(&filling->manifest->measured);
    *measured = *place;
    measured->relation = memory_string(relation->relation);
    measured->lock = memory_string(relation->lock);
    measured->rewritten = relation->rewritten;
    measured->scanned = relation->scanned;
}

static bool add_measured(Filling *filling, Error *err)
{
    Manifest *manifest = filling->manifest;
    array_each (const Rehearsal, rehearsal, &filling->proof->rehearsals)
        array_each (const RehearsalMeasured, measured, &rehearsal->measured) {
            const ManifestMigration *migration = manifest_find(manifest, measured->identity);
            if (!migration)
                continue; /* of a version before the bundle's */
            const ManifestMeasured place = {
                .migration = (size_t)(migration - manifest->migrations.items),
                .script = measured->script,
                .step = (size_t)measured->statement - 1,
                .server_major = rehearsal->major,
            };
            if (place.step >= migration->scripts[measured->script].steps.count)
                return error_set(
                    err, ERROR_INTERNAL,
                    "the catalog has measures of '%s', %s:%" PRId64 ", which it does not have",
                    measured->identity, script_kind_name(measured->script), measured->statement);
            array_each (const RehearsalRelation, relation, &measured->relations)
                if (is_telling(relation))
                    add_relation(filling, &place, relation);
        }
    if (manifest->measured.count)
        qsort(manifest->measured.items, manifest->measured.count, sizeof(*manifest->measured.items),
              compare_measured);
    return true;
}

/* --- what goes with the way back -------------------------------------------------------------- */

static bool read_schema(Filling *filling, const char *file, Fingerprint *ret_rows, Error *err)
{
    CLEANUP(text_done) Text text = {0};
    return (catalog_text(filling->proof->catalog, file, &text, err) &&
            fingerprint_parse(text_string(&text), text.length, ret_rows, err)) ||
           error_wrap(err, "the catalog's fingerprint '%s'", file);
}

static bool add_brought(Filling *filling, size_t index, const RehearsalVerdict *verdict, Error *err)
{
    CLEANUP(fingerprint_done) Fingerprint before = {0};
    if (!*verdict->before || !*verdict->after)
        return true;
    if (strcmp(filling->last_file, verdict->before) == 0)
        before = filling->last;
    else
        fingerprint_done(&filling->last);
    filling->last = (Fingerprint){0};
    *filling->last_file = '\0';
    if ((!before.rows.count && !read_schema(filling, verdict->before, &before, err)) ||
        !read_schema(filling, verdict->after, &filling->last, err))
        return false;
    memcpy(filling->last_file, verdict->after, sizeof(filling->last_file));
    manifest_brought_add(&before, &filling->last, index, &filling->manifest->brought);
    return true;
}

static bool add_all_brought(Filling *filling, Error *err)
{
    Manifest *manifest = filling->manifest;
    array_each (const Rehearsal, rehearsal, &filling->proof->rehearsals)
        for (size_t i = 0; i < manifest->migrations.count; i++) {
            const ManifestMigration *migration = &manifest->migrations.items[i];
            if (migration->scripts[SCRIPT_DOWN].present &&
                !add_brought(
                    filling, i,
                    rehearsal_verdict(rehearsal, /* of_version= */ false, migration->identity),
                    err))
                return false;
        }
    return true;
}

/* By mode, then major. */
static void add_atomic(Filling *filling)
{
    for (int whole_run = 0; whole_run <= 1; whole_run++)
        array_each (const Rehearsal, rehearsal, &filling->proof->rehearsals)
            array_each (const RehearsalAtomic, atomic, &rehearsal->atomic)
                if (atomic->whole_run == whole_run && atomic->passed)
                    *array_add(&filling->manifest->atomic) =
                        (ManifestAtomic){atomic->whole_run, rehearsal->major};
}

bool pack_proof_fill(PackProof *proof, BundleWriter *writer, Manifest *manifest, Error *err)
{
    Filling filling = {.proof = proof, .writer = writer, .manifest = manifest};
    bool good = add_fingerprints(&filling, err) && add_earlier(&filling, err) &&
                add_measured(&filling, err) && add_all_brought(&filling, err);
    if (good) {
        set_scope(&filling);
        add_verdicts(&filling);
        add_atomic(&filling);
    }
    array_each (char *, name, &filling.schemas)
        free(*name);
    array_free(&filling.schemas);
    fingerprint_done(&filling.last);
    return good;
}
