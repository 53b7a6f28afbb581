/* What a cycle (up, down, up again) shows of the way back: from fingerprints and row hashes to a
 * verdict and one line for people. Pure. */
#ifndef SEALIFT_APPLIER_REHEARSAL_VERDICT_H
#define SEALIFT_APPLIER_REHEARSAL_VERDICT_H

#include "applier/rehearsal/rehearsal_hash.h"
#include "applier/steps/step_runner.h"
#include "bundles/fingerprint.h"
#include "bundles/manifest.h"

/* What was seen; all borrowed. Fingerprints that are not reached because a step failed are NULL. */
typedef struct RehearsalCycle {
    const Fingerprint *before; /* the schema before the up … */
    const Fingerprint *back;   /* … and after the down */
    const Fingerprint *after;  /* the schema after the up … */
    const Fingerprint *again;  /* … and after the up that followed the down */
    const RowHashes *rows_before;
    const RowHashes *rows_back;
    const StepFailure *down_failure; /* the down stopped, or NULL */
    const StepFailure *up_failure;   /* the up after it stopped, or NULL */
} RehearsalCycle;

typedef struct RehearsalVerdict {
    Verdict verdict;
    char *detail;                   /* owned: one line */
    const char *script;             /* "down", "up", or "" where neither stands out */
    const StepFailure *failure;     /* borrowed; NULL unless VERDICT_FAILS */
    FingerprintChangeArray differs; /* what came back otherwise; rows borrowed */
    RowLossArray lost;              /* texts borrowed */
} RehearsalVerdict;

void rehearsal_verdict_done(RehearsalVerdict *verdict); /* accepts a zeroed one */

/* fails > differs > lossy > column order > exact. All three classes of the fingerprint count. A
 * schema that differs only in the order of columns may be lossy as well: the line says both. */
void rehearsal_verdict_make(const RehearsalCycle *cycle, RehearsalVerdict *ret_verdict);

/* The verdict of what has no way back, without a cycle: VERDICT_IRREVERSIBLE with the author's
 * reason, VERDICT_NONE. False where a down is there to be tried. */
bool rehearsal_verdict_without(const ManifestMigration *migration, RehearsalVerdict *ret_verdict);

/* The same of a version: what its migrations lack. */
bool rehearsal_verdict_without_version(const Manifest *manifest, const ManifestVersion *version,
                                       RehearsalVerdict *ret_verdict);

/* Whether schema and rows are what they were, so that the database may be used on. */
bool rehearsal_verdict_is_clean(const RehearsalVerdict *verdict);

#endif
