/* An error: class (which is the exit status), one message, and optionally detail and hint.
 *
 * The place that sees the trouble calls error_set with the class and what was observed. Callers on
 * the way up add what they were doing with error_wrap, once, where it helps the reader. All of
 * these return false, so that a failing function ends in one line. Only main and the command files
 * print. Messages: lower case, no full stop, names quoted '…'. A hint says what to do next.
 *
 * `Error error = {0}` is a valid empty error; error_done releases it. */
#ifndef SEALIFT_BASE_ERROR_H
#define SEALIFT_BASE_ERROR_H

#include <stdbool.h>
#include <stdio.h>

#include "base/attributes.h"
#include "base/exit_code.h"

typedef struct Error {
    ErrorClass class;
    char *message; /* owned; NULL where there is no error */
    char *detail;  /* owned; what else was observed, or NULL */
    char *hint;    /* owned; what to do next, or NULL */
    char code[8];  /* the origin's own code where it has one (an SQLSTATE), else empty */
} Error;

/* Replace `err` by this error. Returns false, always. `%m` names errno. */
bool error_set(Error *err, ErrorClass class, const char *format, ...) PRINTF_LIKE(3, 4);

/* Put "what was being done: " in front of the message. Returns false, always. */
bool error_wrap(Error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Set or replace detail, hint; return false, always. */
bool error_detail(Error *err, const char *format, ...) PRINTF_LIKE(2, 3);
bool error_hint(Error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Move `from` to `to` (releasing what `to` held); `from` is empty afterwards. Returns false. */
bool error_move(Error *to, Error *from);

/* Release what it holds and make it empty. */
void error_done(Error *err);

/* "error: …", "detail: …", "hint: …", one line each, to `stream`, prefixed by the program's name.
 */
void error_print(FILE *stream, const char *program, const Error *err);

#endif
