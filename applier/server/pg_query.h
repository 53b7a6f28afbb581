/* The one door for our own statements: parameters always bound, the shape of the answer stated by
 * the caller, the server's words turned into an Error. Statements of migrations go through
 * step_runner instead. Not for use while the session is in pipeline mode. */
#ifndef SEALIFT_APPLIER_PG_QUERY_H
#define SEALIFT_APPLIER_PG_QUERY_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "applier/server/pg_session.h"
#include "base/digest.h"
#include "base/error.h"

/* A parameter: text, or binary bytes for a bytea. NULL bytes are SQL's null. */
typedef struct PgValue {
    const char *bytes; /* borrowed; NUL-terminated where text */
    size_t size;       /* of binary bytes */
    bool binary;
    char number[24]; /* where the value was made from a number, its text */
} PgValue;

#define PG_VALUES_MAX 32

#define PG_VALUES(...)                                                                             \
    (const PgValue[]){__VA_ARGS__}, sizeof((const PgValue[]){__VA_ARGS__}) / sizeof(PgValue)
#define PG_NO_VALUES NULL, 0

PgValue pg_text(const char *text); /* NULL gives null */
PgValue pg_bytes(const void *bytes, size_t size);
PgValue pg_digest(const Digest *digest); /* NULL gives null */
PgValue pg_int(int64_t number);
PgValue pg_bool(bool value);

/* The arrays libpq wants, filled from values, which must stay where they are. */
typedef struct PgParameters {
    const char *values[PG_VALUES_MAX];
    int lengths[PG_VALUES_MAX];
    int formats[PG_VALUES_MAX];
} PgParameters;

void pg_parameters_fill(const PgValue *values, size_t count, PgParameters *ret_parameters);

typedef enum {
    PG_COMMAND, /* no rows come back */
    PG_ROWS,    /* any number */
    PG_ONE_ROW, /* exactly one; anything else is ERROR_INTERNAL */
} PgShape;

/* Run one statement. *ret_result (may be NULL) is the caller's, by pg_result_free.
 *
 * The session's search_path must be ours: while a script's holds, ERROR_INTERNAL, and nothing is
 * sent.
 *
 * Classes: ERROR_CONNECTION where the connection is lost; ERROR_TARGET for rights (42501), a read
 * only server (25006) and a missing object of ours (3F000, 42P01, 42703); ERROR_INTERRUPTED where a
 * signal cancelled it; ERROR_IO for disk full and I/O (class 53, 58); ERROR_INTERNAL otherwise. The
 * SQLSTATE is in err->code. */
bool pg_query(PgSession *session, const char *sql, const PgValue *values, size_t count,
              PgShape shape, PGresult **ret_result, Error *err) MUST_CHECK;

/* As pg_query, whatever search_path holds: for a statement that names the schema of every function,
 * operator and type that it uses, with OPERATOR(…). Those texts are listed, and held to it, in
 * tests/integration/hostile_names.bats. */
bool pg_query_qualified(PgSession *session, const char *sql, const PgValue *values, size_t count,
                        PgShape shape, PGresult **ret_result, Error *err) MUST_CHECK;

/* As pg_query, with the answer's bytea columns as bytes instead of text. */
bool pg_query_binary(PgSession *session, const char *sql, const PgValue *values, size_t count,
                     PgShape shape, PGresult **ret_result, Error *err) MUST_CHECK;

/* Several statements without parameters, as one simple message: our DDL, and BEGIN or COMMIT. What
 * uses functions or operators wants our search_path to hold, which is not checked here. */
bool pg_script(PgSession *session, const char *sql, Error *err) MUST_CHECK;

/* The same for somebody else's text: where it fails, *ret_position is the place in it that the
 * server names, in characters from 1; 0 where it names none. */
bool pg_script_at(PgSession *session, const char *sql, int64_t *ret_position,
                  Error *err) MUST_CHECK;

/* Rows into a table of ours by COPY … FROM STDIN (FORMAT binary), without a turn for each.
 *
 * Between pg_copy_begin and pg_copy_end nothing else may be asked of the session. Where the caller
 * cannot go on, pg_copy_abandon makes the server take none of the rows; after a failure of
 * pg_copy_row it is called too. Classes of errors as for pg_query; what the server has against a
 * row may come only from pg_copy_end. */
bool pg_copy_begin(PgSession *session, const char *sql, Error *err) MUST_CHECK;

/* Values in the binary form of their types: pg_digest and pg_bytes for bytea, pg_text for text,
 * pg_int4 for integer. */
bool pg_copy_row(PgSession *session, const PgValue *values, size_t count, Error *err) MUST_CHECK;
bool pg_copy_end(PgSession *session, const char *sql, Error *err) MUST_CHECK;
void pg_copy_abandon(PgSession *session);

/* The four bytes of an integer, for pg_copy_row only. */
PgValue pg_int4(int32_t number);

void pg_result_free(PGresult *result);
DEFINE_CLEANUP(PGresult, pg_result_free)

/* Columns of a row. A null is "" (pg_result_text), 0, false. */
const char *pg_result_text(const PGresult *result, int row, int column);
int64_t pg_result_int(const PGresult *result, int row, int column);
bool pg_result_bool(const PGresult *result, int row, int column);
/* A digest written as hex by the query; false where it is none. */
bool pg_result_digest(const PGresult *result, int row, int column, Digest *ret_digest) MUST_CHECK;

#endif
