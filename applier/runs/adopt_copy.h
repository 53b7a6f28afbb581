/* Letting a copy of a database that Sealift manages go its own way: its ledger stays, with another
 * database UUID, so that it is not taken for the database that it was copied from
 * (docs/decisions/0029). */
#ifndef SEALIFT_APPLIER_ADOPT_COPY_H
#define SEALIFT_APPLIER_ADOPT_COPY_H

#include "applier/runs/apply_run.h"

typedef struct AdoptCopyOptions {
    RunOptions run;
    /* Called before anything is written; false stops, with the error that it set. NULL: go on. */
    bool (*confirm)(void *context, const History *history, Error *err);
    void *confirm_context;
} AdoptCopyOptions;

typedef struct AdoptCopyReport {
    char *redacted; /* owned: how the target is named */
    char product[BUNDLE_NAME_MAX + 1];
    char *version;                      /* owned: where it stands, "-" for none */
    char before[UUID_TEXT_SIZE];        /* the UUID of the database that it was copied from */
    char database_uuid[UUID_TEXT_SIZE]; /* its own, where `recorded` */
    bool recorded;
} AdoptCopyReport;

void adopt_copy_report_done(AdoptCopyReport *report);

/* Do it, under the lock and in one durable transaction: the identity and one event, nothing else.
 * *report (zeroed by the caller) is filled as far as it came. ERROR_TARGET, with nothing written:
 * there is no ledger, it is that of a copy to rehearse on, or the database is where its ledger was
 * last used, and so no copy. */
bool adopt_copy_run(const AdoptCopyOptions *options, AdoptCopyReport *report,
                    Error *err) MUST_CHECK;

#endif
