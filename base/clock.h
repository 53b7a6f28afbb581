/* Wall clock and monotonic time. Times in files and output are UTC, `YYYY-MM-DDThh:mm:ssZ`. */
#ifndef SEALIFT_BASE_CLOCK_H
#define SEALIFT_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define CLOCK_TEXT_SIZE 21 /* with the NUL */
#define CLOCK_BOTH_SIZE 64 /* with the NUL */

/* Seconds since 1970. */
int64_t clock_now(void);

/* Milliseconds of a clock that never goes back; only differences mean something. */
int64_t clock_monotonic_ms(void);

/* The same clock in microseconds. */
int64_t clock_monotonic_us(void);

/* `seconds` since 1970 as text; outside the years 0001 to 9999 it is clamped. */
void clock_format(int64_t seconds, char ret_text[static CLOCK_TEXT_SIZE]);

/* A valid time of exactly that form; false (ret untouched) otherwise. */
bool clock_parse(const char *text, int64_t *ret_seconds) MUST_CHECK;

/* For people: a time of that form with the local one beside it,
 * "2026-11-23T22:30:00Z (23:30:00+0100)", with its date where that is another; the time alone where
 * local time is UTC. What is no time stays as it is, cut to the size. */
const char *clock_with_local(const char *text, char ret_text[static CLOCK_BOTH_SIZE]);

/* SOURCE_DATE_EPOCH where it is set (ERROR_CONFIG when it is no number), else `otherwise`. */
bool clock_source_date_epoch(int64_t otherwise, int64_t *ret_seconds, Error *err) MUST_CHECK;

#endif
