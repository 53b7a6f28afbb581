/* A down script derived from an up script, as a draft for the author: statement by statement, in
 * reverse order, each with what will be lost. What the text does not say is asked of a BeforeState;
 * what nobody knows, or what cannot be taken back, is refused by name and reason. A draft proves
 * nothing: the rehearsal does. */
#ifndef SEALIFT_PLANNER_SUGGEST_DOWN_H
#define SEALIFT_PLANNER_SUGGEST_DOWN_H

#include "base/text.h"
#include "migrations/project.h"
#include "planner/schema/before_state.h"
#include "planner/schema/sql_parser.h"

typedef enum {
    DOWN_DERIVED, /* `sql` takes it back */
    DOWN_NOTHING, /* nothing has to be done; `reason` says why */
    DOWN_REFUSED, /* `reason` says why */
} DownOutcome;

typedef struct DownStep {
    DownOutcome outcome;
    int64_t line;    /* of the up statement */
    char *statement; /* owned: its beginning */
    char *sql;       /* owned, with its semicolon; DOWN_DERIVED alone */
    char *loses;     /* owned: what is lost, or NULL */
    char *guard;     /* owned: a condition that is true where something would be lost, or NULL */
    char *reason;    /* owned; not for DOWN_DERIVED */
    char *index;     /* owned: of CREATE INDEX, its name; NULL for others */
} DownStep;

typedef ARRAY_OF(DownStep) DownStepArray;

typedef struct DownDraft {
    DownStepArray steps;   /* in the order of the up script */
    char *irreversible;    /* owned: why the up script says that there is no way back, or NULL */
    char *nothing_to_undo; /* owned: why it says that there is nothing to take back, or NULL */
    bool no_transaction;   /* the up script runs outside transactions */
} DownDraft;

void down_draft_done(DownDraft *draft);
int64_t down_draft_count(const DownDraft *draft, DownOutcome outcome);

/* Derive for migration number `number` of the project. `before` may be NULL: nothing is known.
 * ERROR_INPUT for a script that cannot be read to its end; ERROR_IO. */
bool suggest_down(const Project *project, size_t number, const BeforeState *before,
                  const SqlParserLimits *limits, DownDraft *ret_draft, Error *err) MUST_CHECK;

/* The file's text. */
void down_draft_text(const DownDraft *draft, const char *identity, Text *out);

#endif
