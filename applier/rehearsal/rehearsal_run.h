/* The rehearsal of a bundle on a scratch cluster: every version up; every migration and every
 * version up, down, and up again, with fingerprints and rows compared; whole versions and the whole
 * run in one transaction. What is found goes into the report; only what keeps the rehearsal itself
 * from being done is an error. */
#ifndef SEALIFT_APPLIER_REHEARSAL_RUN_H
#define SEALIFT_APPLIER_REHEARSAL_RUN_H

#include "applier/rehearsal/rehearsal_report.h"
#include "applier/runs/apply_run.h"

#define REHEARSAL_ROWS_DEFAULT 50
#define REHEARSAL_ROWS_MAX     10000

/* All borrowed. */
typedef struct RehearsalOptions {
    const char *conninfo; /* of the scratch cluster; NULL: DATABASE_URL, then PG* */
    const char *setup;    /* folder of scripts that each database begins with, or NULL */
    const char *seeds;    /* folder, or NULL */
    const char *cycles;   /* file with an identity a line, or NULL: all */
    int64_t rows;         /* generated per empty table; 0: none */
} RehearsalOptions;

/* Errors: ERROR_TARGET where the cluster is no scratch cluster; ERROR_INPUT for a bundle that does
 * not start at nothing, a setup or seed script that fails, a seed of nobody, an unknown identity in
 * `cycles`; ERROR_INTERRUPTED; those of sessions, files and the bundle's objects. */
bool rehearsal_run(const RehearsalOptions *options, const ApplyInput *input,
                   const RehearsalReport *report, Error *err) MUST_CHECK;

#endif
