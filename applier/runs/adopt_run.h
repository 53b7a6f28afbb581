/* Taking over a database that came to its version without us: find which it is, ask, and write the
 * ledger with that version in force, in one transaction, only where the schema is equal to a proven
 * one (docs/decisions/0011). */
#ifndef SEALIFT_APPLIER_ADOPT_RUN_H
#define SEALIFT_APPLIER_ADOPT_RUN_H

#include "applier/runs/adopt_match.h"
#include "applier/runs/apply_run.h"
#include "applier/runs/foreign_tables.h"

typedef struct AdoptOptions {
    RunOptions run;
    const char *version; /* which of several that are equal; NULL */
    /* Called once the version is known, before anything is written; NULL: go on. */
    bool (*confirm)(void *context, const AdoptMatch *match, Error *err);
    void *confirm_context;
} AdoptOptions;

typedef struct AdoptReport {
    bool found;
    AdoptMatch match;     /* where found; borrows from the manifest */
    AdoptNearest nearest; /* where not: what is different from it */
    AcceptedExtraArray accepted;
    ForeignTableArray foreign; /* what other tools' tables say; borrows from the manifest */
    int64_t server_major;
    char *redacted; /* owned: how the target is named */
    char *warnings; /* owned: one line each, or "" */
    bool recorded;  /* the ledger is written: */
    LedgerIdentity identity;
    JournalChain chain;
} AdoptReport;

void adopt_report_done(AdoptReport *report);

/* Do it. *report (zeroed by the caller) is filled as far as it came. ERROR_TARGET, with nothing
 * written: there is a ledger already, the bundle is unproven, no version is equal
 * (report->nearest), several are, the database is empty, under strict an unrehearsed server major
 * or other owners, rights, comments or settings. */
bool adopt_run(const AdoptOptions *options, const ApplyInput *input, AdoptReport *report,
               Error *err) MUST_CHECK;

#endif
