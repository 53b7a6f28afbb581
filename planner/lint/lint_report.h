/* A lint report as text, as a JSON object and as SARIF 2.1.0. */
#ifndef SEALIFT_PLANNER_LINT_REPORT_H
#define SEALIFT_PLANNER_LINT_REPORT_H

#include "base/json_writer.h"
#include "planner/lint/lint.h"

/* "file:line:column: severity: message [rule]", the line with a caret, why, the safe way; a line of
 * counts at the end. */
void lint_report_text(const LintReport *report, Text *out);

/* The whole document. */
void lint_report_json(const Project *project, const LintReport *report, Text *out);
void lint_report_sarif(const LintReport *report, Text *out);

#endif
