/* SQLite behind one door: open, bind by name, run, read rows. Errors are ERROR_INTERNAL for a
 * statement that does not fit its schema and ERROR_IO for the rest; readers of untrusted content
 * give their own class. */
#ifndef SEALIFT_BASE_SQLITE_DB_H
#define SEALIFT_BASE_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef enum { BIND_KIND_INT, BIND_KIND_TEXT, BIND_KIND_BLOB, BIND_KIND_NULL } BindKind;

typedef struct Bind {
    const char *name; /* ":ordinal"; NULL ends the list */
    BindKind kind;
    int64_t integer;
    const void *bytes; /* borrowed until the call returns */
    size_t size;
} Bind;

#define BIND_INT(name_, value_)                                                                    \
    ((Bind){.name = (name_), .kind = BIND_KIND_INT, .integer = (int64_t)(value_)})
#define BIND_TEXT(name_, value_) sqlite_db_bind_text((name_), (value_)) /* NULL binds null */
#define BIND_BLOB(name_, bytes_, size_)                                                            \
    ((Bind){.name = (name_), .kind = BIND_KIND_BLOB, .bytes = (bytes_), .size = (size_)})
#define BINDS(...) ((const Bind[]){__VA_ARGS__, {.name = NULL}})
#define NO_BINDS   ((const Bind[]){{.name = NULL}})

Bind sqlite_db_bind_text(const char *name, const char *value);

/* Close what was opened; accepts NULL. */
void sqlite_db_close(sqlite3 *db);
DEFINE_CLEANUP(sqlite3, sqlite_db_close)

/* Create or open the database at `path` for writing. */
bool sqlite_db_open(const char *path, sqlite3 **ret_db, Error *err) MUST_CHECK;

/* Run SQL text that takes no values and gives no rows: DDL, PRAGMA, BEGIN, COMMIT. */
bool sqlite_db_script(sqlite3 *db, const char *sql, Error *err) MUST_CHECK;

/* A prepared statement kept for many rows; sqlite_db_finalize accepts NULL. */
bool sqlite_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement,
                       Error *err) MUST_CHECK;
void sqlite_db_finalize(sqlite3_stmt *statement);
DEFINE_CLEANUP(sqlite3_stmt, sqlite_db_finalize)

/* Bind, for a statement that is then stepped: every parameter must be named in `binds`, whose bytes
 * are borrowed until it is reset. */
bool sqlite_db_bind(sqlite3_stmt *statement, const Bind *binds, Error *err) MUST_CHECK;

/* Bind (every parameter of the statement must be named in `binds`), run to the end, reset. */
bool sqlite_db_run(sqlite3_stmt *statement, const Bind *binds, Error *err) MUST_CHECK;

/* Step a statement that reads: *ret_row tells whether a row stands ready. At the end it is reset.
 */
bool sqlite_db_step(sqlite3_stmt *statement, bool *ret_row, Error *err) MUST_CHECK;

#endif
