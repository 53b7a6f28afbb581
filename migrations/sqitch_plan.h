/* sqitch.plan: which changes there are, in which order, which tags stand between them, and the ids
 * that sqitch gives both. Grammar: sqitchplan-spec of App::Sqitch. */
#ifndef SEALIFT_MIGRATIONS_SQITCH_PLAN_H
#define SEALIFT_MIGRATIONS_SQITCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"

#define SQITCH_ID_SIZE 41 /* 40 hex digits of a SHA-1 and a NUL */

/* [!][PROJECT:](NAME[@TAG] | @TAG | ID) */
typedef struct SqitchDepend {
    char *text; /* owned: as it stands there */
    bool conflict;
    char *name; /* owned, or NULL: only a tag, or an id */
    char *tag;  /* owned, or NULL */
    char *id;   /* owned, or NULL: 40 hex digits instead of a name */
} SqitchDepend;

/* Who planned it, and when, as the id has it. */
typedef struct SqitchStamp {
    char *planner_name;  /* owned */
    char *planner_email; /* owned */
    char *date;          /* owned: 2024-01-01T00:00:00Z */
    char *note;          /* owned: \n, \r and \\ taken for what they are; NULL: none */
} SqitchStamp;

typedef struct SqitchChange {
    char *name;   /* owned; may hold '/' */
    int64_t line; /* in the plan */
    size_t tag;   /* index of the first tag behind it: its version; SIZE_MAX: none yet */
    ARRAY_OF(SqitchDepend) depends;
    SqitchStamp stamp;
    char id[SQITCH_ID_SIZE];
} SqitchChange;

typedef struct SqitchTag {
    char *name; /* owned; without the @ */
    int64_t line;
    size_t changes; /* how many stand before it; it is the last one's */
    SqitchStamp stamp;
    char id[SQITCH_ID_SIZE];
} SqitchTag;

typedef struct SqitchPlan {
    char *project; /* owned */
    char *uri;     /* owned: of %uri in its canonical form; NULL: none */
    ARRAY_OF(SqitchChange) changes;
    ARRAY_OF(SqitchTag) tags;
} SqitchPlan;

/* `name` is how messages call it. ERROR_INPUT "name:line: …" for what is no plan, for a change that
 * is to be reverted (-NAME, which sqitch itself never acts on), for a name that cannot be that of a
 * file below the folder of scripts, for a dependency that is not met by what stands before, for a
 * conflict with it, for another project's changes. */
bool sqitch_plan_read(const char *path, const char *name, SqitchPlan *ret_plan,
                      Error *err) MUST_CHECK;
void sqitch_plan_done(SqitchPlan *plan);

#endif
