#include "migrations/script_range.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Make blanks of what is outside in one line. */
static void blank_line(const ScriptRangeArray *ranges, int64_t line, char *bytes, size_t length)
{
    size_t begin = length, end = length;
    array_each (const ScriptRange, range, ranges) {
        if (line < range->first || (range->last && line > range->last))
            continue;
        begin = least(range->skip, length);
        end = range->take ? least(begin + range->take, length) : length;
        break;
    }
    memset(bytes, ' ', begin);
    memset(bytes + end, ' ', length - end);
}

void script_ranges_blank(const ScriptRangeArray *ranges, char *bytes, size_t size)
{
    if (!ranges->count)
        return;
    int64_t line = 0;
    for (size_t at = 0; at < size;) {
        char *newline = memchr(bytes + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - (bytes + at)) : size - at;
        blank_line(ranges, ++line, bytes + at, length);
        at += length + 1;
    }
}
