/* Where a database stands, as far as its ledger and one bundle tell. Pure: no server, no files. */
#ifndef SEALIFT_APPLIER_STATUS_REPORT_H
#define SEALIFT_APPLIER_STATUS_REPORT_H

#include "applier/ledger/history.h"
#include "bundles/manifest.h"

typedef enum {
    STATUS_UNMANAGED, /* no ledger: Sealift has done nothing here */
    STATUS_CURRENT,   /* at the last version of the bundle */
    STATUS_BEHIND,    /* migrations of the bundle are pending */
    STATUS_AHEAD,     /* beyond the bundle */
    STATUS_DIVERGED,  /* not on the bundle's line, or the journal cannot be believed */
    STATUS_FAILED,    /* a run stopped in the middle; `resume` goes on */
    STATUS_RUNNING,   /* in the middle, and an applier is at work there */
} StatusState;

const char *status_state_name(StatusState state);

typedef ARRAY_OF(const ManifestMigration *) PendingArray;

/* What comes next where a bundle is pending; who knows which one puts its path in the place of
 * BUNDLE. Behind a gap it is "applier apply DIR", with a folder that holds what is missing. */
#define STATUS_NEXT_APPLY "applier apply BUNDLE"

typedef struct StatusReport {
    StatusState state;
    const char *version;  /* borrowed from the history: the last whole version, or "-" */
    PendingArray pending; /* borrowed from the manifest, in order of application */
    char *why;            /* owned; one line for people, or NULL */
    const char *next;     /* the command to run next; NULL: nothing is to be done */
    bool before_is_done;  /* the version that is begun waits for the application's upgrade */
} StatusReport;

void status_report_done(StatusReport *report);

/* Somebody holds the run's lock: what looks like a run that stopped in the middle is one that has
 * not come further, and nothing is to be done beside it. */
void status_report_at_work(StatusReport *report);

/* Which bundle the comparison is with: one that the operator gave, or the newest in the ledger. */
typedef enum { STATUS_BUNDLE_GIVEN, STATUS_BUNDLE_KNOWN } StatusBundle;

/* Whether the bundle starts at, or goes through, the version that the database is at, or replaces
 * it.
 */
bool status_bundle_fits(const History *history, const Manifest *manifest);

/* `manifest` is that bundle's (NULL: none is known). `history` and `manifest` must outlive the
 * report. */
void status_report_make(const History *history, const Manifest *manifest, StatusBundle which,
                        StatusReport *ret_report);

#endif
