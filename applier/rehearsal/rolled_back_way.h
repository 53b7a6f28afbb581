/* The way back of a rehearsal that is rolled back: what takes back, in the same transaction, what
 * the tasks before it have applied; by the rules of a rollback, from the bundle itself, since the
 * ledger keeps it only once it is applied. Pure. */
#ifndef SEALIFT_APPLIER_ROLLED_BACK_WAY_H
#define SEALIFT_APPLIER_ROLLED_BACK_WAY_H

#include "applier/runs/apply_run.h"

/* The down tasks for `ups`, in the order of taking back; they borrow from all arguments.
 * ERROR_TARGET, with why, where the database would not be at a version afterwards, a migration has
 * no way back or one that failed when it was rehearsed on this server major, or a down cannot run
 * in one transaction with others. */
bool rolled_back_way_make(const RunTaskArray *ups, const History *history, const ApplyInput *input,
                          int64_t server_major, RunTaskArray *ret_downs, Error *err) MUST_CHECK;

#endif
