/* Which lines of a file a script is: layouts that keep an up and its down in one file. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_RANGE_H
#define SEALIFT_MIGRATIONS_SCRIPT_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"

/* From `first` through `last`, counted from 1; last 0: to the end of the file. */
typedef struct ScriptRange {
    int64_t first;
    int64_t last;
    bool substitutes; /* goose's ENVSUB is on where it begins */
} ScriptRange;

/* In the order in which they run; each is a script by itself, so that a statement without its
 * semicolon ends where its range does. Empty: the whole file. */
typedef ARRAY_OF(ScriptRange) ScriptRangeArray;

/* Make blanks of all lines outside the ranges, so that what is left keeps its place. */
void script_ranges_blank(const ScriptRangeArray *ranges, char *bytes, size_t size);

#endif
