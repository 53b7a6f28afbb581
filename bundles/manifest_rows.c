#include "bundles/manifest_rows.h"

#include <inttypes.h>

#include "base/sqlite_db.h"

void rows_close(Rows *rows)
{
    sqlite_db_finalize(rows->statement);
}

bool rows_open(sqlite3 *db, const char *table, const char *sql, Rows *ret_rows, Error *err)
{
    *ret_rows = (Rows){.table = table, .err = err};
    if (sqlite3_prepare_v2(db, sql, -1, &ret_rows->statement, NULL) != SQLITE_OK)
        return error_set(err, ERROR_INPUT, "manifest: table '%s': %s", table, sqlite3_errmsg(db));
    return true;
}

bool rows_next(Rows *rows)
{
    if (rows->failed)
        return false;
    rows->number++;
    int code = sqlite3_step(rows->statement);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE) {
        rows->failed = true;
        error_set(rows->err, ERROR_INPUT, "manifest: table '%s', row %" PRId64 ": %s", rows->table,
                  rows->number, sqlite3_errmsg(sqlite3_db_handle(rows->statement)));
    }
    return false;
}

void rows_refuse(Rows *rows, int column, const char *format, ...)
{
    if (rows->failed)
        return;
    rows->failed = true;
    va_list arguments;
    va_start(arguments, format);
    CLEANUP(memory_freep) char *what = memory_vformat(format, arguments);
    va_end(arguments);
    error_set(rows->err, ERROR_INPUT, "manifest: table '%s', row %" PRId64 ": '%s' %s", rows->table,
              rows->number, sqlite3_column_name(rows->statement, column), what);
}

bool rows_is_null(Rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

int64_t rows_number(Rows *rows, int column, int64_t least, int64_t most)
{
    if (rows->failed)
        return least;
    if (sqlite3_column_type(rows->statement, column) != SQLITE_INTEGER) {
        rows_refuse(rows, column, "is not a number");
        return least;
    }
    int64_t number = sqlite3_column_int64(rows->statement, column);
    if (number >= least && number <= most)
        return number;
    rows_refuse(rows, column, "is %" PRId64 ", outside %" PRId64 " to %" PRId64, number, least,
                most);
    return least;
}

bool rows_flag(Rows *rows, int column)
{
    return rows_number(rows, column, 0, 1) == 1;
}

void rows_expect(Rows *rows, int column, size_t expected)
{
    int64_t number = rows_number(rows, column, 0, INT64_MAX);
    if ((uint64_t)number != expected)
        rows_refuse(rows, column, "is %" PRId64 " where %zu comes next", number, expected);
}

size_t rows_index(Rows *rows, int column, size_t count)
{
    if (count == 0) {
        rows_refuse(rows, column, "refers to a table without rows");
        return 0;
    }
    return (size_t)rows_number(rows, column, 1, (int64_t)count) - 1;
}

/* A text of such a length, or NULL: refused. */
static const char *borrow(Rows *rows, int column, size_t least, size_t most, size_t *ret_length)
{
    if (rows->failed)
        return NULL;
    if (sqlite3_column_type(rows->statement, column) != SQLITE_TEXT) {
        rows_refuse(rows, column, "is not a text");
        return NULL;
    }
    const char *text = (const char *)sqlite3_column_text(rows->statement, column);
    size_t length = (size_t)sqlite3_column_bytes(rows->statement, column);
    *ret_length = length;
    if (text && length >= least && length <= most)
        return text;
    rows_refuse(rows, column, "has %zu bytes, not %zu to %zu", length, least, most);
    return NULL;
}

const char *rows_borrowed_text(Rows *rows, int column, size_t least, size_t most)
{
    size_t length;
    const char *text = borrow(rows, column, least, most, &length);
    if (text && !text_is_printable_line(text, length))
        rows_refuse(rows, column, "is not one line of printable UTF-8");
    return text && !rows->failed ? text : "";
}

char *rows_lines(Rows *rows, int column, size_t most)
{
    size_t length, end;
    const char *text = borrow(rows, column, 0, most, &length);
    for (size_t at = 0; text && at < length; at = end + 1) {
        end = at + strcspn(text + at, "\n");
        if ((end < length && text[end] != '\n') || !text_is_printable_line(text + at, end - at)) {
            rows_refuse(rows, column, "is not lines of printable UTF-8");
            break;
        }
    }
    return memory_string(text && !rows->failed ? text : "");
}

char *rows_text(Rows *rows, int column, size_t least, size_t most)
{
    return memory_string(rows_borrowed_text(rows, column, least, most));
}

char *rows_text_or_null(Rows *rows, int column, size_t most)
{
    return rows->failed || rows_is_null(rows, column) ? NULL : rows_text(rows, column, 1, most);
}

int rows_word(Rows *rows, int column, const WordTable *words)
{
    int value = word_table_find(words, rows_borrowed_text(rows, column, 1, 64));
    if (value >= 0)
        return value;
    rows_refuse(rows, column, "is no word that it may be");
    return 0;
}

Digest rows_digest(Rows *rows, int column)
{
    Digest digest = {{0}};
    const char *hex = rows_borrowed_text(rows, column, 1, DIGEST_HEX_SIZE);
    if (!digest_parse_hex(hex, strlen(hex), &digest))
        rows_refuse(rows, column, "is not a digest of 128 lower-case hex digits");
    return digest;
}
