/* Checks a stream for what no script may hold: NUL, and bytes that are not UTF-8. Works on pieces
 * cut anywhere, several bytes at a time where the text is ASCII. */
#ifndef SEALIFT_MIGRATIONS_TEXT_CHECK_H
#define SEALIFT_MIGRATIONS_TEXT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

typedef enum { TEXT_GOOD, TEXT_HAS_NUL, TEXT_NOT_UTF8 } TextVerdict;

/* `TextCheck check = {0}` stands at the beginning of a text. */
typedef struct TextCheck {
    unsigned char wanted;  /* continuation bytes still to come */
    unsigned char lowest;  /* bounds of the next continuation byte */
    unsigned char highest; /* */
} TextCheck;

/* How many of the bytes are good; less than `size` only with *ret_verdict saying why. */
size_t text_check_feed(TextCheck *check, const void *bytes, size_t size, TextVerdict *ret_verdict);

/* Whether the text may end here: not inside a character. */
bool text_check_at_boundary(const TextCheck *check);

#endif
