/* Which lines of a file a script is: layouts that keep an up and its down in one file. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_RANGE_H
#define SEALIFT_MIGRATIONS_SCRIPT_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"

/* From `first` through `last`, counted from 1; last 0: to the end of the file. `skip` bytes of each
 * of its lines are left out at the beginning: a script that stands behind a mark in comments. Of a
 * single line, `take` bytes behind these may be all of it, and words of ours stand around them. */
typedef struct ScriptRange {
    int64_t first;
    int64_t last;
    size_t skip;
    size_t take;                /* 0: to the end of the line, and the line end */
    const char *before, *after; /* static texts, or NULL */
    bool joined;      /* the text of the range before it goes on: the lines between are left out */
    bool substitutes; /* goose's ENVSUB is on where it begins */
} ScriptRange;

/* In the order in which they run; each that is not joined is a script by itself, so that a
 * statement without its semicolon ends where its range does. Empty: the whole file. */
typedef ARRAY_OF(ScriptRange) ScriptRangeArray;

/* Make blanks of all that is outside the ranges, so that what is left keeps its place. */
void script_ranges_blank(const ScriptRangeArray *ranges, char *bytes, size_t size);

#endif
