/* Which part of a plan runs before the application is upgraded, and which behind it. Pure. */
#ifndef SEALIFT_APPLIER_APPLY_PHASE_H
#define SEALIFT_APPLIER_APPLY_PHASE_H

#include "applier/runs/apply_plan.h"

/* Take from a plan that fits what `phase` leaves out. Before: what is left are the leading
 * migrations of the next version that are of that phase, and the version's gates; the version
 * becomes the target and is not completed, even where it has no others; RELATION_CURRENT where
 * there is none. After: ERROR_TARGET where the next migration is of phase before. */
bool apply_phase_choose(ApplyPlan *plan, RunPhase phase, Error *err) MUST_CHECK;

/* Whether task `index` can run before the application's upgrade: it and all before it are of the
 * first version that is to be done, and of phase before. */
bool apply_phase_is_early(const ApplyPlan *plan, size_t index);

#endif
