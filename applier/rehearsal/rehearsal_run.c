#include "applier/rehearsal/rehearsal_run.h"

#include "applier/rehearsal/rehearsal_pass.h"
#include "applier/rehearsal/rehearsal_tolerated.h"
#include "base/file.h"
#include "base/memory.h"

#define CYCLES_SIZE_MAX ((size_t)16 << 20)

/* --- what the passes share ------------------------------------------------------------------- */

RehearsalStage rehearsal_stage_for(Rehearsal *rehearsal, const RehearsalSeeds *seeds)
{
    return (RehearsalStage){.cluster = &rehearsal->cluster,
                            .input = rehearsal->input,
                            .setup = &rehearsal->setup,
                            .seeds = seeds,
                            .parameters = &rehearsal->parameters,
                            .values = rehearsal->parameters.values,
                            .database = REHEARSAL_DATABASE};
}

const char *rehearsal_version_name(const Rehearsal *rehearsal, size_t slot)
{
    return slot ? rehearsal->manifest->versions.items[slot - 1].name : "-";
}

/* What the bundle says is the product's, so that a site compares the same. */
static FingerprintScope scope_of(const Manifest *manifest, const RehearsalParameters *parameters)
{
    return (FingerprintScope){
        .schemas = manifest->scope.count ? (const char *const *)manifest->scope.items : NULL,
        .schema_count = manifest->scope.count,
        .names = &parameters->names,
    };
}

bool rehearsal_fingerprint(PgSession *session, const Rehearsal *rehearsal, FingerprintDetail detail,
                           Fingerprint *ret_fingerprint, Error *err)
{
    const FingerprintScope scope = scope_of(rehearsal->manifest, &rehearsal->parameters);
    if (!fingerprint_read(session, &scope, detail, ret_fingerprint, err))
        return false;
    rehearsal_drop_tolerated(rehearsal->manifest, ret_fingerprint);
    return true;
}

/* By a session of its own: the runner's forgets what was prepared in it with each run. */
bool rehearsal_stage_fingerprint(RehearsalStage *stage, FingerprintDetail detail,
                                 Fingerprint *ret_fingerprint, Error *err)
{
    FingerprintScope scope = scope_of(stage->input->manifest, stage->parameters);
    scope.prepared = true;
    if (!stage->reader &&
        (!rehearsal_cluster_connect(stage->cluster, stage->database, /* scripts_path= */ NULL,
                                    &stage->reader, err) ||
         !fingerprint_prepare(stage->reader, err)))
        return false;
    if (!fingerprint_read(stage->reader, &scope, detail, ret_fingerprint, err))
        return false;
    rehearsal_drop_tolerated(stage->input->manifest, ret_fingerprint);
    return true;
}

bool rehearsal_note_fingerprint(Rehearsal *rehearsal, size_t slot, const char *arrival,
                                const Fingerprint *fingerprint, Error *err)
{
    char file[REHEARSAL_FILE_SIZE];
    FingerprintRoots roots;
    const ManifestVersion *version = slot ? &rehearsal->manifest->versions.items[slot - 1] : NULL;
    int64_t position = version ? version->position + (int64_t)version->migration_count : 0;
    fingerprint_roots(fingerprint, &roots);
    return rehearsal_report_file(rehearsal->report, fingerprint, file, err) &&
           rehearsal_report_fingerprint(rehearsal->report, rehearsal_version_name(rehearsal, slot),
                                        position, arrival, &roots, file, err);
}

/* --- which cycles ---------------------------------------------------------------------------- */

static bool want_cycle(Rehearsal *rehearsal, const char *identity, Error *err)
{
    const ManifestMigration *migration = manifest_find(rehearsal->manifest, identity);
    if (!migration)
        return error_set(err, ERROR_INPUT, "'%s' names migration '%s', which the bundle has not",
                         rehearsal->options->cycles, identity);
    rehearsal->cycles[migration - rehearsal->manifest->migrations.items] = true;
    return true;
}

static bool read_cycles(Rehearsal *rehearsal, Error *err)
{
    size_t count = rehearsal->manifest->migrations.count, size = 0;
    CLEANUP(memory_freep) char *bytes = NULL;
    rehearsal->cycles = memory_zeroed(count + 1, sizeof(*rehearsal->cycles));
    if (!rehearsal->options->cycles) {
        for (size_t i = 0; i < count; i++)
            rehearsal->cycles[i] = true;
        return true;
    }
    if (!file_read_all(rehearsal->options->cycles, CYCLES_SIZE_MAX, &bytes, &size, err))
        return false;
    for (char *at = bytes, *end; *at; at = end) {
        size_t length = strcspn(at, "\n");
        end = at + length + (at[length] == '\n');
        at[length] = '\0';
        if (length && !want_cycle(rehearsal, at, err))
            return false;
    }
    return true;
}

/* --- the run --------------------------------------------------------------------------------- */

static bool report_begin(Rehearsal *rehearsal, Error *err)
{
    const PgFacts *facts = &rehearsal->cluster.admin->facts;
    ReportBegin begin = {.server_major = facts->version / 10000,
                         .server_version = facts->version_text,
                         .head_digest = &rehearsal->input->head_digest,
                         .to = rehearsal->manifest->head.covers_to,
                         .migrations = rehearsal->manifest->migrations.count};
    for (size_t i = 0; i < begin.migrations; i++)
        begin.cycles += rehearsal->cycles[i];
    return rehearsal_report_begin(rehearsal->report, &begin, err);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every schema that any version has. */
static bool report_scope(Rehearsal *rehearsal, Error *err)
{
    ARRAY_OF(char *) names = {0};
    for (size_t slot = 0; slot <= rehearsal->version_count; slot++)
        array_each (FingerprintRow, row, &rehearsal->versions[slot].rows)
            if (strcmp(row->kind, "schema") == 0)
                *array_add(&names) = row->identity;
    size_t count = 0;
    if (names.count)
        qsort(names.items, names.count, sizeof(*names.items), by_text);
    for (size_t i = 0; i < names.count; i++)
        if (!count || strcmp(names.items[count - 1], names.items[i]) != 0)
            names.items[count++] = names.items[i];
    bool good = rehearsal_report_scope(rehearsal->report, names.items, count, err);
    array_free(&names);
    return good;
}

static bool run_passes(Rehearsal *rehearsal, Error *err)
{
    return report_begin(rehearsal, err) && rehearsal_pass_upgrade(rehearsal, err) &&
           report_scope(rehearsal, err) && rehearsal_pass_cycles(rehearsal, err) &&
           rehearsal_pass_versions(rehearsal, err) &&
           (!rehearsal->passed || rehearsal_pass_values(rehearsal, err)) &&
           (!rehearsal->passed || rehearsal_pass_atomic(rehearsal, err)) &&
           rehearsal_report_end(rehearsal->report, rehearsal->passed, err);
}

/* The cluster is left as it was found, also after a failure. */
static bool run_on_cluster(Rehearsal *rehearsal, Error *err)
{
    CLEANUP(error_done) Error ignored = {0};
    if (!rehearsal_cluster_open(rehearsal->options->conninfo, &rehearsal->cluster, err))
        return false;
    bool good = run_passes(rehearsal, err);
    if (!rehearsal_cluster_reset(&rehearsal->cluster, good ? err : &ignored))
        good = false;
    rehearsal_cluster_close(&rehearsal->cluster);
    return good;
}

bool rehearsal_run(const RehearsalOptions *options, const ApplyInput *input,
                   const RehearsalReport *report, Error *err)
{
    const Manifest *manifest = input->manifest;
    Rehearsal rehearsal = {
        .options = options, .input = input, .manifest = manifest, .report = report, .passed = true};
    if (strcmp(manifest->head.tree_from, "-") != 0) {
        error_set(err, ERROR_INPUT, "the bundle starts at version %s: there is nothing to begin on",
                  manifest->head.covers_from);
        return error_hint(err, "a rehearsal wants a bundle from the very beginning (--from -)");
    }
    rehearsal.versions = memory_zeroed(manifest->versions.count + 1, sizeof(Fingerprint));
    bool good = read_cycles(&rehearsal, err) &&
                rehearsal_parameters_make(input, &rehearsal.parameters, err) &&
                rehearsal_setup_read(options->setup, &rehearsal.setup, err) &&
                rehearsal_seeds_read(options->seeds, manifest, &rehearsal.seeds, err) &&
                run_on_cluster(&rehearsal, err);
    for (size_t i = 0; i <= manifest->versions.count; i++)
        fingerprint_done(&rehearsal.versions[i]);
    free(rehearsal.versions);
    free(rehearsal.cycles);
    rehearsal_setup_done(&rehearsal.setup);
    rehearsal_seeds_done(&rehearsal.seeds);
    rehearsal_parameters_done(&rehearsal.parameters);
    return good;
}
