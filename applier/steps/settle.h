/* Answers what a killed run left open: an INTENT without OUTCOME is settled by what the catalog
 * shows (ENGINE.md 13), never by guessing; what no probe decides, the operator says. The lock must
 * be held: then the session that began the step is gone, and nothing is still running. */
#ifndef SEALIFT_APPLIER_SETTLE_H
#define SEALIFT_APPLIER_SETTLE_H

#include "applier/ledger/history.h"
#include "bundles/manifest.h"

typedef enum {
    SETTLE_BY_LOOKING,
    SETTLE_AS_DONE,     /* resume --step-done */
    SETTLE_AS_NOT_DONE, /* resume --step-not-done */
} SettleChoice;

typedef struct SettleReport {
    bool happened;
    bool done;        /* the step was done; else it will be run again */
    bool by_operator; /* … says the operator */
} SettleReport;

/* Append the answer to the journal; history is stale afterwards (read it again). Nothing to settle
 * is success. `manifest` is that of the bundle which the open row names. ERROR_UNSETTLED where
 * nothing but the operator can decide; ERROR_USAGE where a choice is given and nothing is open.
 * What is to be removed is waited for `limit_ms` at most (0: without end; probe_clean). */
bool settle_open_step(PgSession *session, const History *history, const Manifest *manifest,
                      SettleChoice choice, int64_t limit_ms, SettleReport *ret_report,
                      Error *err) MUST_CHECK;

#endif
