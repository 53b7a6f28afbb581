/* A table of the manifest being read, row by row, with the type and range of every value checked.
 * The first value that does not fit sets `err` and `failed`; later ones give empty values, so that
 * a row is read in one piece and asked about once. All refusals are ERROR_INPUT and name table, row
 * and column. */
#ifndef SEALIFT_BUNDLES_MANIFEST_ROWS_H
#define SEALIFT_BUNDLES_MANIFEST_ROWS_H

#include <sqlite3.h>

#include "base/error.h"
#include "bundles/manifest.h"

/* Zeroed is valid for rows_close. */
typedef struct Rows {
    sqlite3_stmt *statement; /* owned */
    const char *table;
    int64_t number; /* of the row, from 1, for words */
    bool failed;
    Error *err; /* borrowed; what the functions below set */
} Rows;

/* `sql` selects the table's columns; the functions below take their numbers, from 0. */
bool rows_open(sqlite3 *db, const char *table, const char *sql, Rows *ret_rows,
               Error *err) MUST_CHECK;
void rows_close(Rows *rows);

/* Whether a row stands ready; false at the end and on failure. */
bool rows_next(Rows *rows);

/* "table …, row …: 'column' what", where nothing was refused before. */
void rows_refuse(Rows *rows, int column, const char *format, ...) PRINTF_LIKE(3, 4);

bool rows_is_null(Rows *rows, int column);
int64_t rows_number(Rows *rows, int column, int64_t least, int64_t most);
bool rows_flag(Rows *rows, int column); /* 0 or 1 */

/* A key that counts from 1 without gaps: it must be `expected`. */
void rows_expect(Rows *rows, int column, size_t expected);

/* A reference to one of `count` rows, as an index from 0. */
size_t rows_index(Rows *rows, int column, size_t count);

/* One line of printable UTF-8 of so many bytes. The first is valid until the next row, the others
 * are the caller's. */
const char *rows_borrowed_text(Rows *rows, int column, size_t least, size_t most);
/* Several lines, LF between them. The caller frees. */
char *rows_lines(Rows *rows, int column, size_t most);
char *rows_text(Rows *rows, int column, size_t least, size_t most);
char *rows_text_or_null(Rows *rows, int column, size_t most);

int rows_word(Rows *rows, int column, const WordTable *words); /* the value of the word */
Digest rows_digest(Rows *rows, int column);

#endif
