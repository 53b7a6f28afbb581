#include "migrations/text_check.h"

#include <stdint.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* The length of the run of ASCII without NUL at the start: a word at a time, since this sees every
 * byte of a script and of its COPY data. */
static size_t plain_run(const unsigned char *bytes, size_t size)
{
    size_t at = 0;
    for (; size - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        /* the borrow of the subtraction reaches the high bit of a byte that is 0 */
        if ((word | (word - EACH_BYTE)) & HIGH_BITS)
            break;
    }
    while (at < size && bytes[at] != 0 && bytes[at] < 0x80)
        at++;
    return at;
}

/* A character's first byte: how many follow, and what the first of them may be (no overlong forms,
 * no surrogates, nothing past U+10FFFF). */
static bool start_character(TextCheck *check, unsigned char byte)
{
    check->lowest = 0x80;
    check->highest = 0xbf;
    if (byte < 0xc2 || byte > 0xf4)
        return false;
    check->wanted = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte == 0xe0)
        check->lowest = 0xa0;
    if (byte == 0xed)
        check->highest = 0x9f;
    if (byte == 0xf0)
        check->lowest = 0x90;
    if (byte == 0xf4)
        check->highest = 0x8f;
    return true;
}

size_t text_check_feed(TextCheck *check, const void *bytes, size_t size, TextVerdict *ret_verdict)
{
    const unsigned char *text = bytes;
    size_t at = 0;
    *ret_verdict = TEXT_GOOD;
    for (;;) {
        if (!check->wanted)
            at += plain_run(text + at, size - at);
        if (at == size)
            return at;
        unsigned char byte = text[at];
        if (!check->wanted) {
            if (!start_character(check, byte)) {
                *ret_verdict = byte == 0 ? TEXT_HAS_NUL : TEXT_NOT_UTF8;
                return at;
            }
        } else {
            if (byte < check->lowest || byte > check->highest) {
                *ret_verdict = TEXT_NOT_UTF8;
                return at;
            }
            check->wanted--;
            check->lowest = 0x80;
            check->highest = 0xbf;
        }
        at++;
    }
}

bool text_check_at_boundary(const TextCheck *check)
{
    return check->wanted == 0;
}
