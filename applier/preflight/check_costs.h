/* What verify and precheck scripts cost here. Nothing in a manifest says what they read, so that
 * their time is known only where a rehearsal at this site has measured it; it is scaled to what the
 * tables that they read whole have grown since. Pure. */
#ifndef SEALIFT_APPLIER_CHECK_COSTS_H
#define SEALIFT_APPLIER_CHECK_COSTS_H

#include "applier/preflight/live_relations.h"

typedef struct CheckCost {
    size_t task; /* index into the tasks */
    ScriptKind script;
    int64_t ms;
} CheckCost;

typedef ARRAY_OF(CheckCost) CheckCostArray;

/* Those of the tasks' migrations of which every statement was measured, in the order of the tasks.
 */
void check_costs_make(const RunTaskArray *tasks, const LiveRelations *live,
                      const SiteMeasurements *site, CheckCostArray *ret_checks);

/* NULL: it was not measured. */
const CheckCost *check_costs_find(const CheckCostArray *checks, size_t task, ScriptKind script);

#endif
