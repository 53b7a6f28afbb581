/* Sizes, times and counts as people read them: two or three digits that matter, and a unit. For
 * words only; documents for programs carry the plain numbers. */
#ifndef SEALIFT_BASE_QUANTITY_H
#define SEALIFT_BASE_QUANTITY_H

#include <stdint.h>

#include "base/text.h"

/* "812 bytes", "1.5 MB", "12 GB": units of 1024. */
void quantity_bytes(int64_t bytes, Text *text);

/* "120 ms", "12 s", "18 min", "2 h 10 min". */
void quantity_duration(int64_t ms, Text *text);

/* "950", "45 thousand", "1.2 million", "3 billion". */
void quantity_count(int64_t count, Text *text);

#endif
