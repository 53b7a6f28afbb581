/* Who is in a run's way before it begins (watch/conflicts.h), against what its tasks lock as they
 * were rehearsed. */
#ifndef SEALIFT_APPLIER_RUN_CONFLICTS_H
#define SEALIFT_APPLIER_RUN_CONFLICTS_H

#include "applier/steps/step_runner.h"
#include "applier/watch/conflicts.h"

/* What the tasks' scripts lock of what is there already, as rehearsed on this major or, where it
 * was not, on any; each relation with its strongest lock. Nothing for a bundle that is unproven.
 * The names stay the manifests'; the caller frees the array. */
void run_conflicts_relations(const RunTaskArray *tasks, int64_t server_major,
                             ConflictRelationArray *ret_relations);

typedef enum { CONFLICTS_REFUSED, CONFLICTS_IGNORED } ConflictPolicy;

/* Tell the listener of each. ERROR_TARGET where one of them stops the run (conflict_stops) and
 * `policy` does not say otherwise. */
bool run_conflicts_check(PgSession *session, const RunTaskArray *tasks, ConflictPolicy policy,
                         const RunListener *listener, Error *err) MUST_CHECK;

#endif
