/* The findings of one statement, corrected by what the rehearsal measured of it. */
#ifndef SEALIFT_PLANNER_LINT_CORRECT_H
#define SEALIFT_PLANNER_LINT_CORRECT_H

#include "planner/lint/lint_visit.h"

void lint_finding_done(LintFinding *finding);

/* Drop the findings from number `first` on that a measurement refutes; add those that it makes. */
void lint_correct(LintVisit *visit, size_t first, const LintMeasurement *measurement);

#endif
