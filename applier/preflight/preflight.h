/* Everything that would stop or slow an upgrade, looked for days before it: a table of checks, each
 * of which only reads. Nothing is written, no ledger, no state file; a standby will do. What a role
 * may not see is said, not guessed. */
#ifndef SEALIFT_APPLIER_PREFLIGHT_H
#define SEALIFT_APPLIER_PREFLIGHT_H

#include "applier/preflight/finding.h"
#include "applier/preflight/run_estimate.h"
#include "applier/runs/apply_run.h"

typedef struct PreflightOptions {
    const RunOptions *run; /* conninfo, words, atomic, refuse_superuser, ledger_owner, schema */
    const ApplyInput *input;
    const char *to_version;   /* NULL: the bundle's last */
    const SiteConfig *config; /* where what a rehearsal here measured is kept */
    int64_t now;              /* seconds since 1970 */
} PreflightOptions;

typedef struct PreflightReport {
    Findings findings; /* in the order of the checks */
    char *database;    /* owned: named without secrets */
    char *from;        /* owned: version, or "-" */
    char *to;          /* owned */
    size_t migrations; /* that are to be applied */
    RunEstimate estimate;
    bool estimated; /* there is something to estimate */
    ApplyPlan plan; /* what the estimate is of */
} PreflightReport;

void preflight_report_done(PreflightReport *report); /* accepts a zeroed one */

/* A finding is no error. Errors: those of the session, of the ledger's owner and of reading it (a
 * role that may not read it is told the GRANT), and of reading the bundle. */
bool preflight_run(const PreflightOptions *options, PreflightReport *ret_report,
                   Error *err) MUST_CHECK;

#endif
