/* sqitch.plan: which changes there are, in which order, and which tags stand between them. Grammar:
 * sqitchplan-spec of App::Sqitch. */
#ifndef SEALIFT_MIGRATIONS_SQITCH_PLAN_H
#define SEALIFT_MIGRATIONS_SQITCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"

/* [!][PROJECT:](NAME[@TAG] | @TAG) */
typedef struct SqitchDepend {
    char *text; /* owned: as it stands there */
    bool conflict;
    char *name; /* owned, or NULL: only a tag */
    char *tag;  /* owned, or NULL */
} SqitchDepend;

/* Who planned a line, when and why. Texts owned; NULL where the line has none. */
typedef struct SqitchPlanned {
    char *date; /* 2026-01-31T10:00:00Z */
    char *name;
    char *email;
    char *note; /* its escapes resolved */
} SqitchPlanned;

typedef struct SqitchChange {
    char *name;   /* owned; may hold '/' */
    int64_t line; /* in the plan */
    size_t tag;   /* index of the first tag behind it: its version; SIZE_MAX: none yet */
    SqitchPlanned planned;
    ARRAY_OF(SqitchDepend) depends;
} SqitchChange;

typedef struct SqitchTag {
    char *name; /* owned; without the @ */
    int64_t line;
    size_t changes; /* how many stand before it */
    SqitchPlanned planned;
} SqitchTag;

typedef struct SqitchPlan {
    char *project; /* owned */
    char *uri;     /* owned, or NULL */
    ARRAY_OF(SqitchChange) changes;
    ARRAY_OF(SqitchTag) tags;
} SqitchPlan;

/* `name` is how messages call it. ERROR_INPUT "name:line: …" for what is no plan, for a change that
 * is to be reverted (-NAME, which sqitch itself never acts on), for a dependency that is not met by
 * what stands before, for a conflict with it, for another project's changes. */
bool sqitch_plan_read(const char *path, const char *name, SqitchPlan *ret_plan,
                      Error *err) MUST_CHECK;
void sqitch_plan_done(SqitchPlan *plan);

#endif
