/* Lint: what the text of migrations suggests about them, rule by rule (docs/lint.md), corrected by
 * what a rehearsal measured, with what the author has acknowledged marked. */
#ifndef SEALIFT_PLANNER_LINT_H
#define SEALIFT_PLANNER_LINT_H

#include "migrations/project.h"
#include "planner/lint/lint_measured.h"
#include "planner/schema/sql_parser.h"

typedef enum { LINT_ERROR, LINT_WARNING, LINT_NOTE } LintSeverity;
#define LINT_SEVERITY_COUNT 3

const char *lint_severity_name(LintSeverity severity);

typedef struct LintRule LintRule; /* planner/lint_rules.h */

typedef struct LintFinding {
    const LintRule *rule;
    LintSeverity severity; /* the rule's, or less where it is only likely */
    char *identity;        /* owned: of the migration */
    char *file;            /* owned: path in the project */
    int64_t line, column;  /* from 1; columns count characters */
    char *source;          /* owned: the line, or NULL */
    int64_t statement;     /* ordinal within the script; -1 for none */
    char *message;         /* owned */
    char *safe;            /* owned: the safe way as SQL or words, or NULL */
    char *reason;          /* owned: of its acknowledgement; NULL where there is none */
    /* A finding that a later migration takes back: gone where this constraint's table has an index
     * for it in the end, or where table or constraint is gone. NULL for others. Owned. */
    char *index_schema, *index_table, *index_constraint;
} LintFinding;

typedef ARRAY_OF(LintFinding) LintFindingArray;

typedef struct LintReport {
    LintFindingArray findings; /* in the order of migrations and lines */
    int64_t migration_count;   /* looked at */
    int64_t statement_count;   /* in them */
} LintReport;

void lint_report_done(LintReport *report);

/* Findings of this severity that nobody has acknowledged. */
int64_t lint_report_count(const LintReport *report, LintSeverity severity);
int64_t lint_report_acknowledged(const LintReport *report);

typedef struct LintOptions {
    const bool *selected;         /* one for each migration of the project */
    const LintMeasured *measured; /* NULL: nothing was */
    const SqlParserLimits *limits;
} LintOptions;

/* Look at the up scripts of the selected migrations; the others are read for what they make of the
 * schema. A script that cannot be read is a finding. Errors: ERROR_IO where no parser can be
 * started; what LintMeasured says. */
bool lint_run(const Project *project, const LintOptions *options, LintReport *ret_report,
              Error *err) MUST_CHECK;

#endif
