/* What a bundle says beside its migrations: the extensions that it requires, the schemas that its
 * fingerprints cover and what they tolerate, the versions that others take the place of. */
#ifndef SEALIFT_PLANNER_PLAN_SCOPE_H
#define SEALIFT_PLANNER_PLAN_SCOPE_H

#include "planner/packing/plan_builder.h"

/* Add all of that for the versions of `range`, from a configuration that was checked when it was
 * read. */
void plan_scope(const Project *project, const PlanRange *range, Manifest *manifest);

#endif
