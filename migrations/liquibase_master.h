/* A changelog of liquibase in XML or YAML that does nothing but include files or all of a folder,
 * one after the other: their order is that of the migrations. Anything else in it is refused by
 * line. */
#ifndef SEALIFT_MIGRATIONS_LIQUIBASE_MASTER_H
#define SEALIFT_MIGRATIONS_LIQUIBASE_MASTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"

typedef struct LiquibaseInclude {
    char *file;  /* owned: as it is written; of includeAll the folder, without a slash at its end */
    bool all;    /* includeAll: the folder's files and those below */
    bool dotted; /* … and is written with "./" before it */
    bool relative; /* to the folder of the changelog */
    char *context; /* owned: an expression over contexts that holds for all of it; or NULL */
    char *labels;  /* owned: of all of it; or NULL */
    int64_t line;
} LiquibaseInclude;

typedef ARRAY_OF(LiquibaseInclude) LiquibaseIncludeArray;

void liquibase_includes_done(LiquibaseIncludeArray *includes);

/* Read `text`, which ends in a NUL and which is changed; `name` says by its ending what it is and
 * is its name in messages. ERROR_INPUT "name:line: …". */
bool liquibase_master_read(char *text, const char *name, LiquibaseIncludeArray *ret_includes,
                           Error *err) MUST_CHECK;

#endif
