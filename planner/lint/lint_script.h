/* A script read for lint: the whole canonical text, its statements in the order and with the
 * ordinals of migrations/script, its directives. What keeps it from being read further is a problem
 * for the report, not an error: what stands before it is still looked at. */
#ifndef SEALIFT_PLANNER_LINT_SCRIPT_H
#define SEALIFT_PLANNER_LINT_SCRIPT_H

#include "migrations/script.h"

#define LINT_SCRIPT_SIZE_MAX ((size_t)256 << 20)

typedef struct LintStatement {
    int64_t offset;   /* in the text; -1 for what a \copy line became */
    char *copy;       /* owned: that statement, without its semicolon; NULL for others */
    const char *file; /* of an included file, its path in the project: borrowed from the script;
                       * NULL where it is the script's own */
    int64_t length;
    int64_t line;
    size_t first_reference, reference_count; /* of LintScript.references */
    bool inside;                             /* between the author's own BEGIN and COMMIT */
    int64_t transaction; /* that it runs in: a number within the script, from 1 */
    StatementKind kind;
} LintStatement;

typedef struct LintProblem {
    const char *rule; /* static: the rule's id */
    int64_t line;
    char *message;    /* owned */
    char *hint;       /* owned, or NULL */
    const char *file; /* as a statement's */
} LintProblem;

#define LINT_PSQL_OUTPUT "psql-output" /* a problem of this rule keeps nothing from being read */

typedef struct LintScript {
    char *name; /* owned: path in the project */
    char *text; /* owned: no BOM, CRLF as LF; where `composed`, what is shipped */
    bool
        composed; /* with values, included files and branches in their places (migrations/script) */
    ARRAY_OF(char *) files; /* owned: the script and what it includes, where it is composed */
    size_t size;
    /* To site parameters, by offset in the text, which has a token of x or 1 in their places. */
    ScriptReferenceArray references;
    ScriptDirectives directives;
    ARRAY_OF(LintStatement) statements; /* the index is the ordinal of migrations/script */
    ARRAY_OF(LintProblem) problems;
    int64_t transaction_count;
    bool unclosed; /* a BEGIN without its COMMIT */
} LintScript;

/* `no_transaction`: the layout says so. ERROR_IO where the file cannot be read, ERROR_INPUT where
 * it is over the limit or no file. */
bool lint_script_read(const ScriptFile *file, bool no_transaction, LintScript *ret_script,
                      Error *err) MUST_CHECK;
void lint_script_done(LintScript *script);

/* The statement's text, `length` bytes, not terminated. Borrowed. */
const char *lint_statement_text(const LintScript *script, const LintStatement *statement);

/* The number of the line that holds this place of the statement, from 1, and where that line begins
 * in the text. */
int64_t lint_script_line(const LintScript *script, const LintStatement *statement, int64_t offset,
                         int64_t *ret_begin);

#endif
