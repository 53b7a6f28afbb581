/* SQL expressions for the values of generated rows: by type, from the row's number `g.i` (from 1),
 * never from a clock or by chance, so that the same schema always gets the same rows. Pure.
 *
 * A column that a constraint refuses is tried again with the next variant, made from the literals
 * that stand in the constraint's text. */
#ifndef SEALIFT_APPLIER_ROWS_VALUE_H
#define SEALIFT_APPLIER_ROWS_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* A column's type, domains resolved. */
typedef struct ValueType {
    const char *name;    /* of the base type: "int4"; of an array's element where is_array */
    const char *written; /* as SQL writes the column's own type: "numeric(10,2)", "shop.mood" */
    char kind;           /* pg_type.typtype of the base: b, e, c, r, m */
    char category;       /* pg_type.typcategory: S for strings */
    bool is_array;
    int64_t modifier;   /* atttypmod, or that of the domain; -1: none */
    int64_t attributes; /* of a composite type */
} ValueType;

/* How many variants there are; the first is 0, without a look at any constraint. */
#define VALUE_VARIANTS 7

/* Append the expression for `variant`, of the row `later` rows behind `g.i`. `check` is the text of
 * the constraint that refused the variants before, or NULL. False, and nothing appended, where
 * there is no such variant, or the type is none that we make values of. */
bool rows_value(const ValueType *type, int variant, const char *check, int later, Text *sql);

#endif
