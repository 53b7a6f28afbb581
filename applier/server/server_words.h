/* The server's words about an error, as far as they may be repeated (ENGINE.md 23).
 *
 * They can carry data: a value in a message, a row in a RAISE. So: SQLSTATE, its condition name,
 * and the primary message with each quoted part replaced by '…' unless it is an identifier that the
 * server reported as such or that stands in the statement outside of literals. Class 22 (data
 * exceptions), messages that a script made up (RAISE), and conditions that we do not know only as
 * SQLSTATE and name. DETAIL, HINT, CONTEXT and QUERY never. WORDS_WHOLE gives all of it. */
#ifndef SEALIFT_APPLIER_SERVER_WORDS_H
#define SEALIFT_APPLIER_SERVER_WORDS_H

#include <libpq-fe.h>

#include "applier/server/pg_session.h"
#include "base/error.h"
#include "base/text.h"

/* "undefined_table" for 42P01; the class's name for others ("data exception"), or "". */
const char *server_words_condition(const char *sqlstate);

/* The fields of an error that matter here; NULL where the server gave none. */
typedef struct ServerError {
    const char *sqlstate;
    const char *primary;
    const char *detail;
    const char *hint;
    const char *source_function; /* "exec_stmt_raise" for PL/pgSQL's RAISE */
    const char *identifiers[5];  /* schema, table, column, type, constraint */
} ServerError;

ServerError server_words_fields(const PGresult *result);

/* "42P01 undefined_table: relation "x" does not exist". `statement` may be NULL. */
void server_words_add(const ServerError *error, const char *statement, WordsPolicy policy,
                      Text *text);

/* error_set with those words and the SQLSTATE as code. Returns false. */
bool server_words_set(Error *err, ErrorClass class, const PGresult *result, const char *statement,
                      WordsPolicy policy);

#endif
