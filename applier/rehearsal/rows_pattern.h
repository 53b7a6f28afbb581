/* A string for each row that a regular expression matches, as an SQL expression of `g.i`. Pure.
 *
 * Only the plain patterns that checks are made of: characters, sets, escapes (\d \w \s \.),
 * anchors, quantifiers, and groups that are not repeated. */
#ifndef SEALIFT_APPLIER_ROWS_PATTERN_H
#define SEALIFT_APPLIER_ROWS_PATTERN_H

#include <stdbool.h>

#include "base/text.h"

/* Append the expression. False, and nothing appended, where the pattern is none of those. */
bool rows_pattern(const char *pattern, Text *sql);

#endif
