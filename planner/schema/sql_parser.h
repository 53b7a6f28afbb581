/* PostgreSQL's own grammar (libpg_query, that of version 15) in a child process with limits.
 *
 * The library crashes on tens of thousands of chained operators and takes gigabytes for a very long
 * statement. It therefore runs in a child that has no descriptor but its end of a socket pair, and
 * bounded memory and processor time; a crash, a timeout or an answer that is too large is the
 * outcome of one statement, after which a new child is started. Nothing the child says is trusted:
 * sizes are compared with limits, and the tree is read by planner/parse_tree, which checks it. */
#ifndef SEALIFT_PLANNER_SQL_PARSER_H
#define SEALIFT_PLANNER_SQL_PARSER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct SqlParserLimits {
    size_t statement_size_max; /* bytes; longer statements are not parsed */
    size_t answer_size_max;    /* bytes of a tree */
    size_t memory_max;         /* bytes of address space of the child; not under a sanitizer */
    unsigned cpu_seconds;      /* for one statement */
    unsigned wall_seconds;     /* for one statement */
} SqlParserLimits;

extern const SqlParserLimits sql_parser_limits;

typedef enum {
    SQL_PARSE_TREE,    /* `tree` holds JSON */
    SQL_PARSE_REFUSED, /* the grammar does not know it: message, offset */
    SQL_PARSE_FAILED,  /* no answer: too large, too slow, crashed: message */
} SqlParseOutcome;

typedef struct SqlParse {
    SqlParseOutcome outcome;
    char *tree; /* owned, NUL-terminated; NULL unless SQL_PARSE_TREE */
    size_t tree_size;
    char *message;  /* owned; NULL for SQL_PARSE_TREE */
    int64_t offset; /* of the trouble, in bytes of the statement; 0 where not known */
} SqlParse;

void sql_parse_done(SqlParse *parse);

typedef struct SqlParser SqlParser;

/* The child is started with the first statement. `limits` is copied. The caller frees. */
SqlParser *sql_parser_new(const SqlParserLimits *limits);
void sql_parser_free(SqlParser *parser); /* ends the child; accepts NULL */
DEFINE_CLEANUP(SqlParser, sql_parser_free)

/* Parse one statement of `size` bytes without NUL. Whatever becomes of the statement is an outcome;
 * an error (ERROR_IO) only where no child can be started. Release with sql_parse_done. */
bool sql_parser_parse(SqlParser *parser, const char *sql, size_t size, SqlParse *ret_parse,
                      Error *err) MUST_CHECK;

#endif
