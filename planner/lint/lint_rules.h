/* The table of rules. Columns:
 *
 *   id        what findings, acknowledgements and --explain call it
 *   row       of the list of measured statements in docs/lint.md that it comes from; 0: lint's own
 *   severity  error: fails, loses data, or replaces a table's storage; warning: blocks others for
 *             as long as the data is large; note: brief lock, or a matter of taste
 *   about     what the finding is about, which a measurement may refute
 *   why       one sentence: what is wrong with it
 *   effect    lock, rewrite, scan, as measured
 *   safe      the safe way, in general; findings have the SQL for their own statement
 *   versions  of PostgreSQL that it holds for
 *   check     looks at one statement; NULL where lint itself knows */
#ifndef SEALIFT_PLANNER_LINT_RULES_H
#define SEALIFT_PLANNER_LINT_RULES_H

#include "base/text.h"
#include "planner/lint/lint.h"

#define LINT_ROW_COUNT 54

typedef struct LintVisit LintVisit;

typedef enum {
    LINT_ABOUT_TEXT,
    LINT_ABOUT_REWRITE,
    LINT_ABOUT_SCAN,
    LINT_ABOUT_UNSEEN, /* what no rule can see, and a rehearsal has */
} LintAbout;

struct LintRule {
    const char *id;
    int row;
    LintSeverity severity;
    LintAbout about;
    const char *why;
    const char *effect;
    const char *safe;
    const char *versions;
    void (*check)(LintVisit *visit);
};

extern const LintRule lint_rules[];
extern const size_t lint_rule_count;

/* NULL where there is none of that id. */
const LintRule *lint_rule(const char *id);

/* The id nearest to `word`, or NULL where none is near enough. */
const char *lint_rule_nearest(const char *word);

/* Whether `id` names what the rehearsal says about a rollback, which may be acknowledged, too. */
bool lint_is_rollback_rule(const char *id);

/* What --explain prints: one rule, or all of them in a table. */
void lint_rule_explain(const LintRule *rule, Text *out);
void lint_rules_list(Text *out);

#endif
