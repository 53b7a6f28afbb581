/* Where a few characters stand in a script: what begins a template of another tool. Streams, so
 * that a script of any size costs no memory. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_SEARCH_H
#define SEALIFT_MIGRATIONS_SCRIPT_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The line, from 1, of the first `mark` in the file, or 0. A mark is two characters, or its first
 * one comes in it only there: after a mismatch nothing that was seen is looked at again. */
bool script_search(const char *path, const char *mark, int64_t *ret_line, Error *err) MUST_CHECK;

#endif
