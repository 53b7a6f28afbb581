/* In which scripts of a migration a directive means something. Elsewhere nobody would follow it, so
 * it is an error. */
#ifndef SEALIFT_PLANNER_PACKING_DIRECTIVE_PLACES_H
#define SEALIFT_PLANNER_PACKING_DIRECTIVE_PLACES_H

#include "planner/packing/script_plan.h"

/* ERROR_INPUT for the first directive of `script` that has no meaning in a script of its kind. The
 * former text of a repeatable script, which is its down, keeps what it has as an up. */
bool directive_places_check(const Script *script, const ScriptPlanOptions *options,
                            Error *err) MUST_CHECK;

#endif
