/* Which changesets liquibase runs: a changeset's context, an expression over the contexts of the
 * run, and the labels of a changeset, over which the run has an expression.
 *
 * An expression is a list, of which one must hold: names with `and`, `or`, `!` or `not` and
 * parentheses, in any case of letters; `and` binds closer than `or`. What liquibase reads otherwise
 * than it looks (`!!a`, a comma in parentheses, two names in a row) is refused. */
#ifndef SEALIFT_MIGRATIONS_LIQUIBASE_FILTER_H
#define SEALIFT_MIGRATIONS_LIQUIBASE_FILTER_H

#include <stdbool.h>

#include "base/error.h"

/* What the run is called with, as sealift.conf has it; borrowed. NULL or "": it does not say; "*":
 * nothing is chosen, as by liquibase where the option is not given. */
typedef struct LiquibaseFilter {
    const char *contexts; /* names, separated by commas */
    const char *labels;   /* an expression */
} LiquibaseFilter;

/* Whether `expression` holds where `names`, separated by commas, are given. An empty one of the two
 * holds. ERROR_INPUT, without a place, for what is no expression or no list of names. */
bool liquibase_filter_matches(const char *expression, const char *names, bool *ret_matches,
                              Error *err) MUST_CHECK;

#endif
