/* The words of liquibase's formatted SQL: comments that mean something, and the line that begins a
 * changeset, `--changeset author:id name:value …`. */
#ifndef SEALIFT_MIGRATIONS_LIQUIBASE_CHANGESET_H
#define SEALIFT_MIGRATIONS_LIQUIBASE_CHANGESET_H

#include <stdbool.h>

#include "base/error.h"
#include "migrations/liquibase_filter.h"
#include "migrations/script_range.h"

typedef struct LiquibaseChangeset {
    char *author;       /* owned, as the others */
    char *id;           /* */
    char *logical_path; /* of its own, or NULL */
    char *delimiter;    /* that ends its statements; NULL: the semicolon */
    char *context;      /* the expression over contexts, or NULL */
    char *labels;       /* names with commas between, or NULL */
    bool no_transaction;
    bool keeps_comments; /* stripComments:false */
    const char *skipped; /* why liquibase does not run it; NULL: it does */
} LiquibaseChangeset;

void liquibase_changeset_done(LiquibaseChangeset *changeset);

/* What follows `-- WORD` in the line, in any case of letters, whatever stands directly behind it;
 * NULL where the line is another. */
const char *liquibase_mark(const char *line, const char *word);

/* `words` is what follows `--changeset`, `filter` what liquibase would be told to run. ERROR_INPUT,
 * without a place, for what is no changeset and for attributes that a bundle cannot follow, unless
 * others say that it is not run. */
bool liquibase_changeset_parse(const char *words, const LiquibaseFilter *filter,
                               LiquibaseChangeset *ret_changeset, Error *err) MUST_CHECK;

/* Whether liquibase would run what has this context and these labels, each of which may be NULL.
 * Where not, *ret_skipped says why; else it is left alone. ERROR_INPUT, without a place, where
 * `filter` does not say, and for what is no expression. */
bool liquibase_select(const LiquibaseFilter *filter, const char *context, const char *labels,
                      const char **ret_skipped, Error *err) MUST_CHECK;

/* `--comment words`, `--validCheckSum 8:…`: known, and no part of the up. */
bool liquibase_remark(const char *line);

/* Whether the line is nothing but what ends the changeset's statements. */
bool liquibase_is_delimiter(const LiquibaseChangeset *changeset, const char *line);

/* What a comment that means nothing was perhaps meant to be: "--changeset author:id", or NULL. */
const char *liquibase_near_miss(const char *line);

/* The path in `logicalFilePath:PATH` among the words behind `--liquibase formatted sql`, owned by
 * the caller, or NULL. ERROR_INPUT for other attributes, which liquibase does not see there. */
bool liquibase_header_parse(const char *words, char **ret_logical_path, Error *err) MUST_CHECK;

/* `words` is what follows `--preconditions`: only a failed one that halts can be followed. */
bool liquibase_preconditions_check(const char *words, Error *err) MUST_CHECK;

/* The precheck that a sql-check is, put together from its line: two ranges more in `checks`.
 * `words` is what follows `--precondition-sql-check` in `line`. ERROR_INPUT, without a place, where
 * the comparison would not be certain to be exact. */
bool liquibase_check_parse(const char *line, const char *words, int64_t number,
                           ScriptRangeArray *checks, Error *err) MUST_CHECK;

#endif
