#include "migrations/script_range.h"

#include <string.h>

/* The bytes of a line that are outside, from its beginning. */
static size_t count_outside(const ScriptRangeArray *ranges, int64_t line, size_t length)
{
    array_each (const ScriptRange, range, ranges)
        if (line >= range->first && (!range->last || line <= range->last))
            return range->skip < length ? range->skip : length;
    return length;
}

void script_ranges_blank(const ScriptRangeArray *ranges, char *bytes, size_t size)
{
    if (!ranges->count)
        return;
    int64_t line = 0;
    for (size_t at = 0; at < size;) {
        char *newline = memchr(bytes + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - (bytes + at)) : size - at;
        memset(bytes + at, ' ', count_outside(ranges, ++line, length));
        at += length + 1;
    }
}
