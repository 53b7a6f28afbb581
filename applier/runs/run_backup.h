/* The backup gate inside a run: asked before its first step, on record with the event that begins
 * or refuses it. */
#ifndef SEALIFT_APPLIER_RUN_BACKUP_H
#define SEALIFT_APPLIER_RUN_BACKUP_H

#include "applier/ledger/history.h"
#include "applier/runs/apply_run.h"

/* The backup that already stands behind the application that is open, or NULL: a run that goes on
 * with it needs none again (pure). */
const PastBackup *run_backup_standing(const History *history);

/* Ask the gate, for an apply. True without an answer where nobody has set one up, or a backup
 * stands behind the run that this one goes on with and the operator named no other. What was found
 * is in *ret_record, also on failure; the refusal (an event made by the caller) is then in the
 * ledger with it. Errors: those of backup_gate_pass. */
bool run_backup_take(const RunOptions *options, PgSession *session, const History *history,
                     LedgerEvent refusal, BackupRecord *ret_record, Text *warnings,
                     Error *err) MUST_CHECK;

/* The same for a rollback, which asks only where the operator named a backup, or something is lost
 * by it. */
bool run_backup_take_back(const RunOptions *options, PgSession *session, bool loses,
                          LedgerEvent refusal, BackupRecord *ret_record, Text *warnings,
                          Error *err) MUST_CHECK;

#endif
