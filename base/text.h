/* A growable text buffer, always NUL-terminated, and a few string questions.
 *
 * `Text text = {0}` is an empty text; text_done releases it. text_take gives the string away. */
#ifndef SEALIFT_BASE_TEXT_H
#define SEALIFT_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

typedef struct Text {
    char *bytes; /* owned; NULL while nothing was added */
    size_t length;
    size_t capacity;
} Text;

void text_add(Text *text, const char *string);
void text_add_n(Text *text, const void *bytes, size_t length);
void text_add_char(Text *text, char character);
void text_addf(Text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void text_vaddf(Text *text, const char *format, va_list arguments) PRINTF_LIKE(2, 0);
/* Each line of `lines` (ended by LF) that `text` does not hold as a line already. */
void text_add_new_lines(Text *text, const char *lines);
void text_clear(Text *text); /* keeps the memory */
void text_done(Text *text);

/* The string, never NULL; valid until the text changes. */
const char *text_string(const Text *text);

/* The string, which the caller now owns and frees; the text is empty afterwards. */
char *text_take(Text *text);

/* What `bytes` look like on a terminal or in a log line: printable UTF-8 stays, control characters
 * and bytes that are not UTF-8 become \xHH, and past `most` bytes it ends in "…". Caller frees. */
char *text_printable(const void *bytes, size_t length, size_t most);

/* A word as a POSIX shell takes it: as it is where nothing in it means more, else in "…", so that
 * it may stand within '…' of a sentence. The caller frees. */
char *text_shell_word(const char *word);

/* "" for one, "s" for any other count: "%lld migration%s". */
const char *text_plural(int64_t count);

bool text_is_utf8(const void *bytes, size_t length);

/* UTF-8, and nothing that moves a cursor: neither ASCII's controls (NUL, TAB, LF) nor those of
 * U+0080 to U+009F. */
bool text_is_printable_line(const char *text, size_t length);
bool text_has_prefix(const char *string, const char *prefix);
bool text_has_suffix(const char *string, const char *suffix);

/* Decimal number of `0|[1-9][0-9]*`, at most `most`; false (ret untouched) for anything else. */
bool text_parse_uint(const char *string, size_t length, uint64_t most,
                     uint64_t *ret_number) MUST_CHECK;

#endif
