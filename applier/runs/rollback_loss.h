/* What taking migrations back drops, counted in the live database. */
#ifndef SEALIFT_APPLIER_ROLLBACK_LOSS_H
#define SEALIFT_APPLIER_ROLLBACK_LOSS_H

#include "applier/runs/rollback_plan.h"
#include "applier/server/pg_session.h"

#define ROLLBACK_COUNT_MOST       1000000 /* rows; more is said as "more than" */
#define ROLLBACK_COUNT_TIMEOUT_MS 3000    /* of one table or column */

/* Fill `lost` of each way (one for each task, in order) with the tables and columns that it drops
 * and that hold something, as the manifests name them. In READ ONLY transactions of `session`,
 * which is in none, waiting for no lock longer than a second. What cannot be counted counts as
 * lost. Errors: a lost connection, or what is wrong in the catalog itself. */
bool rollback_loss_count(PgSession *session, const RunTaskArray *tasks, WayBackArray *ways,
                         Error *err) MUST_CHECK;

/* Mark as accepted what was accepted as the rollback that is open began: a run that goes on with it
 * asks no second time (pure). */
void rollback_loss_accept_again(const History *history, WayBackArray *ways);

#endif
