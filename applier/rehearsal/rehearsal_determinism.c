/* The search for a migration that makes another schema each time. */
#include "applier/rehearsal/rehearsal_pass.h"

#include "base/memory.h"

/* The schema behind each migration of a version, in a database made for it. */
static bool take_each(Rehearsal *rehearsal, const ManifestVersion *version, Fingerprint *ret_taken,
                      Error *err)
{
    RehearsalStage stage = rehearsal_stage_for(rehearsal, /* seeds= */ NULL);
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome outcome = {0};
    bool good = rehearsal_stage_renew(&stage, err) &&
                rehearsal_stage_advance(&stage, version->first_migration, &outcome, err);
    for (size_t i = 0; good && outcome.passed && i < version->migration_count; i++)
        good = rehearsal_stage_advance(&stage, version->first_migration + i + 1, &outcome, err) &&
               (!outcome.passed ||
                rehearsal_stage_fingerprint(&stage, FINGERPRINT_HASHES, &ret_taken[i], err));
    rehearsal_stage_done(&stage);
    return good;
}

/* The first migration behind which two databases differ, and in what. */
static const ManifestMigration *first_different(const Rehearsal *rehearsal,
                                                const ManifestVersion *version,
                                                const Fingerprint *one, const Fingerprint *other,
                                                FingerprintChangeArray *ret_changes)
{
    for (size_t i = 0; i < version->migration_count; i++) {
        fingerprint_compare(&one[i], &other[i], ret_changes);
        if (ret_changes->count)
            return &rehearsal->manifest->migrations.items[version->first_migration + i];
    }
    return NULL;
}

static void free_each(const ManifestVersion *version, Fingerprint *taken)
{
    for (size_t i = 0; i < version->migration_count; i++)
        fingerprint_done(&taken[i]);
    free(taken);
}

/* Twice the same, without rows: what differs then does so by itself. Where nothing does, rows or
 * chance made the difference, and no migration is blamed. */
static bool blame(Rehearsal *rehearsal, const ManifestVersion *version,
                  const FingerprintChangeArray *seen, Error *err)
{
    Fingerprint *one = memory_zeroed(version->migration_count + 1, sizeof(*one));
    Fingerprint *other = memory_zeroed(version->migration_count + 1, sizeof(*other));
    FingerprintChangeArray changes = {0};
    bool good =
        take_each(rehearsal, version, one, err) && take_each(rehearsal, version, other, err);
    const ManifestMigration *migration =
        good ? first_different(rehearsal, version, one, other, &changes) : NULL;
    good = good && rehearsal_report_nondeterministic(rehearsal->report, version->name,
                                                     migration ? migration->identity : NULL,
                                                     migration ? &changes : seen, err);
    array_free(&changes);
    free_each(version, one);
    free_each(version, other);
    return good;
}

bool rehearsal_is_same(const Rehearsal *rehearsal, size_t version, const Fingerprint *taken)
{
    FingerprintRoots first, second;
    fingerprint_roots(&rehearsal->versions[version + 1], &first);
    fingerprint_roots(taken, &second);
    return fingerprint_roots_equal(&first, &second);
}

bool rehearsal_note_other(Rehearsal *rehearsal, size_t version, const Fingerprint *taken,
                          Error *err)
{
    FingerprintChangeArray changes = {0};
    rehearsal->passed = false;
    /* what is not the same in one version is not in the next: the first one counts */
    if (rehearsal->nondeterministic)
        return true;
    rehearsal->nondeterministic = true;
    fingerprint_compare(&rehearsal->versions[version + 1], taken, &changes);
    bool good = blame(rehearsal, &rehearsal->manifest->versions.items[version], &changes, err);
    array_free(&changes);
    return good;
}
