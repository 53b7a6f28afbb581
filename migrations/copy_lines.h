/* The data of COPY … FROM STDIN in a script: lines up to one that is a backslash and a dot, maybe a
 * CR, as psql has it. Works on pieces cut anywhere, at most three bytes held back; looks closely
 * only at lines that begin with a backslash. */
#ifndef SEALIFT_MIGRATIONS_COPY_LINES_H
#define SEALIFT_MIGRATIONS_COPY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef bool (*CopyLinesSink)(void *context, const void *bytes, size_t size, int64_t offset,
                              Error *err);

typedef enum {
    COPY_LINE_START,
    COPY_LINE_BACKSLASH,
    COPY_LINE_DOT,
    COPY_LINE_RETURN,
    COPY_LINE_MIDDLE,
} CopyLine;

typedef struct CopyLines {
    CopyLine state;
    int64_t offset; /* of the next byte in the text */
    int64_t line;   /* of that byte, from 1 */
    CopyLinesSink sink;
    void *context;
} CopyLines;

/* The data begins at this place; it goes to `sink`. */
void copy_lines_init(CopyLines *lines, int64_t offset, int64_t line, CopyLinesSink sink,
                     void *context);

/* *ret_used bytes were data or terminator; *ret_ended says that the terminator was among them.
 * Fails with what the sink said. */
bool copy_lines_feed(CopyLines *lines, const char *bytes, size_t size, size_t *ret_used,
                     bool *ret_ended, Error *err) MUST_CHECK;

/* The text ends here. A terminator without its newline is one, a backslash held back is data. */
bool copy_lines_end(CopyLines *lines, Error *err) MUST_CHECK;

#endif
