/* What a statement leaves behind for the checks of those that come after it in its script. */
#ifndef SEALIFT_PLANNER_LINT_FACTS_H
#define SEALIFT_PLANNER_LINT_FACTS_H

#include "planner/lint/lint_visit.h"

/* Behind the checks of the statement, before the model takes it over. */
void lint_note_facts(LintVisit *visit);

void lint_facts_done(LintFactArray *facts);

#endif
