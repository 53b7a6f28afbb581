/* What can be said against a migration without a server: every script reads, splits and can be
 * planned; and what its author may not have meant. */
#ifndef SEALIFT_PLANNER_PROJECT_CHECK_H
#define SEALIFT_PLANNER_PROJECT_CHECK_H

#include "base/json_writer.h"
#include "migrations/project.h"

/* Add what is found in one migration's scripts. A file that cannot be read is a finding too, so
 * that the others are still looked at. */
void project_check_migration(const Project *project, const ProjectMigration *migration,
                             FindingArray *findings);

/* Findings as text lines, where many files that are not read for one reason are summed up, and as
 * the member "findings" of a JSON object, one by one. */
void project_findings_text(const FindingArray *findings, Text *text);
void project_findings_json(const FindingArray *findings, JsonWriter *json);

#endif
