/* How one statement is taken back: the inside of planner/suggest_down. */
#ifndef SEALIFT_PLANNER_DOWN_DERIVE_H
#define SEALIFT_PLANNER_DOWN_DERIVE_H

#include "planner/downs/suggest_down.h"
#include "planner/lint/lint_visit.h"

typedef struct DownDeriving {
    LintVisit visit; /* the statement, and the model in front of it */
    const BeforeState *before;
    DownDraft *draft;
    ModelNames made;  /* what this migration made: "schema.name", or a schema's name */
    ModelNames added; /* constraints that it added: "schema.table.name" */
    Error *err;       /* of a question that failed */
    bool failed;
} DownDeriving;

/* Add the steps of the statement in `deriving->visit`. */
void down_derive(DownDeriving *deriving);

/* down_alter.c: those of an ALTER TABLE, a step for each of its commands. */
void down_derive_alter_table(DownDeriving *deriving);

/* down_rename.c: those of RENAME and SET SCHEMA. */
void down_derive_rename(DownDeriving *deriving);
void down_derive_set_schema(DownDeriving *deriving);

/* down_create.c: those of CREATE … The last two answer whether the statement is theirs. */
void down_derive_table(DownDeriving *deriving);
void down_derive_schema(DownDeriving *deriving);
void down_derive_view(DownDeriving *deriving);
void down_derive_function(DownDeriving *deriving);
void down_derive_index(DownDeriving *deriving);
bool down_derive_maker(DownDeriving *deriving);
bool down_derive_on_table(DownDeriving *deriving);

/* down_parameters.c: the text that is derived from has masks where the statement refers to site
 * parameters (planner/lint/lint_script). */

/* How much there was before a statement. */
typedef struct DownMark {
    size_t steps, made, added;
} DownMark;

DownMark down_mark(const DownDeriving *deriving);

/* Refuse, by the parameter's name, each of the statement's steps that would hold a mask; then what
 * it made is not taken for known either. */
void down_refuse_masks(DownDeriving *deriving, const DownMark *before);

/* The statement as it was written. The caller frees. */
char *down_written(const LintVisit *visit);

/* -- what they share -- */

/* A step that takes the statement back by `sql` (taken), or does nothing, or is refused. */
DownStep *down_add(DownDeriving *deriving, char *sql);
void down_nothing(DownDeriving *deriving, const char *format, ...) PRINTF_LIKE(2, 3);
void down_refuse(DownDeriving *deriving, const char *format, ...) PRINTF_LIKE(2, 3);

/* What an object was. False, with a step that says so added, where nobody knows, or where the
 * object was not there and `absent` is NULL. The caller frees *ret_definition. */
bool down_ask(DownDeriving *deriving, BeforeKind kind, const char *schema, const char *name,
              const char *sub, bool *ret_absent, char **ret_definition);

const char *down_schema(const DownDeriving *deriving, const char *schema);
/* Whether the RangeVar is of this migration's own: a step says that what is done to it goes with
 * it. */
bool down_goes_with(DownDeriving *deriving, const Node *relation);
bool down_made_here(const DownDeriving *deriving, const char *schema, const char *name);
void down_note_made(DownDeriving *deriving, const char *schema, const char *name);

#endif
