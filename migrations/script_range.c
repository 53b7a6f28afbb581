#include "migrations/script_range.h"

#include <stdbool.h>
#include <string.h>

static bool holds(const ScriptRangeArray *ranges, int64_t line)
{
    array_each (const ScriptRange, range, ranges)
        if (line >= range->first && (!range->last || line <= range->last))
            return true;
    return false;
}

void script_ranges_blank(const ScriptRangeArray *ranges, char *bytes, size_t size)
{
    if (!ranges->count)
        return;
    int64_t line = 0;
    for (size_t at = 0; at < size;) {
        char *newline = memchr(bytes + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - (bytes + at)) : size - at;
        if (!holds(ranges, ++line))
            memset(bytes + at, ' ', length);
        at += length + 1;
    }
}
