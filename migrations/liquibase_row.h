/* What liquibase notes of a changeset in its own table, as one version of liquibase computes it
 * from the changeset's file: its checksum (8:… before 4.22, 9:… from it) and the other columns.
 *
 * Nothing is guessed: where that version would read a line otherwise than Sealift does, or not see
 * it at all, the row is refused. */
#ifndef SEALIFT_MIGRATIONS_LIQUIBASE_ROW_H
#define SEALIFT_MIGRATIONS_LIQUIBASE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct LiquibaseRow {
    char *id;           /* owned, as the others */
    char *author;       /* */
    char *logical_path; /* the changeset's, or its file's; NULL: the path by which it is included */
    char *checksum;     /* "9:" and 32 hex digits */
    char *comments;     /* of the last --comment; "" without one */
    char *contexts;     /* or NULL */
    char *labels;       /* or NULL */
} LiquibaseRow;

void liquibase_row_done(LiquibaseRow *row);

/* `text` is the whole file, which ends in a NUL and is changed; `line` a line of the changeset,
 * from 1; `name` the file's name in messages; `version` one that has a number. ERROR_INPUT
 * "name:line: …". */
bool liquibase_row_read(char *text, size_t size, const char *name, int64_t line,
                        const char *version, LiquibaseRow *ret_row, Error *err) MUST_CHECK;

#endif
