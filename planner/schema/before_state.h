/* What an object was before a migration, for derived rollbacks: what the text of the migration does
 * not say, and a rehearsal has seen. Who keeps it fills in a BeforeState. */
#ifndef SEALIFT_PLANNER_BEFORE_STATE_H
#define SEALIFT_PLANNER_BEFORE_STATE_H

#include "base/error.h"

/* What is asked, and what the answer is. A table's column, constraint or trigger is named by `sub`.
 *
 * X(enumerator, what it is called in messages) */
#define BEFORE_KIND_TABLE(X)                                                                       \
    X(BEFORE_FUNCTION, "function") /* pg_get_functiondef; sub: its arguments' types, ", " */       \
    X(BEFORE_VIEW, "view")         /* CREATE OR REPLACE VIEW …, with options and columns */      \
    X(BEFORE_MATVIEW, "materialized view")     /* CREATE MATERIALIZED VIEW …, and its indexes */ \
    X(BEFORE_INDEX, "index")                   /* pg_get_indexdef */                               \
    X(BEFORE_CONSTRAINT, "constraint")         /* pg_get_constraintdef */                          \
    X(BEFORE_TRIGGER, "trigger")               /* pg_get_triggerdef */                             \
    X(BEFORE_TRIGGER_STATE, "trigger's state") /* ENABLE, DISABLE, ENABLE REPLICA, … ALWAYS */   \
    X(BEFORE_RULE, "rule")                     /* pg_get_ruledef */                                \
    X(BEFORE_DEFAULT, "default")               /* of a column: its expression; "" for none */      \
    X(BEFORE_NOT_NULL, "NOT NULL")             /* of a column: "t", "f" */                         \
    X(BEFORE_STATISTICS, "statistics target")  /* of a column: a number, -1 for the default */     \
    X(BEFORE_STORAGE, "storage")               /* of a column: PLAIN, EXTERNAL, EXTENDED, MAIN */  \
    X(BEFORE_OPTIONS, "storage parameters") /* of a relation: "fillfactor=70, …"; "" for none */ \
    X(BEFORE_ROW_SECURITY, "row security") /* "ENABLE FORCE": these words, or DISABLE, NO FORCE */ \
    X(BEFORE_OWNER, "owner")               /* of a relation: the role's name, unquoted */          \
    X(BEFORE_ACL, "privileges")  /* of a relation: {grantee=…/grantor,…}; "" for none */       \
    X(BEFORE_COMMENT, "comment") /* of a relation, or of a column: the text; "" for none */

typedef enum {
#define BEFORE_KIND_ENUM(enumerator, words) enumerator,
    BEFORE_KIND_TABLE(BEFORE_KIND_ENUM)
#undef BEFORE_KIND_ENUM
} BeforeKind;

typedef struct BeforeQuestion {
    const char *migration; /* identity: the state is that in front of it */
    BeforeKind kind;
    const char *schema; /* unquoted, as all names */
    const char *name;   /* of the relation, index, or function */
    const char *sub;    /* "" where the kind needs none */
} BeforeQuestion;

typedef enum {
    BEFORE_UNKNOWN, /* no rehearsal has seen it */
    BEFORE_ABSENT,  /* the object was not there */
    BEFORE_KNOWN,
} BeforeAnswer;

typedef struct BeforeState {
    /* *ret_definition is set for BEFORE_KNOWN alone; the caller frees it. Errors: ERROR_IO. */
    bool (*find)(void *context, const BeforeQuestion *question, BeforeAnswer *ret_answer,
                 char **ret_definition, Error *err);
    void *context;
} BeforeState;

#endif
