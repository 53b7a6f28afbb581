/* Where two characters stand beside each other in a script: what begins a template of another
 * tool. Streams, so that a script of any size costs no memory. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_SEARCH_H
#define SEALIFT_MIGRATIONS_SCRIPT_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The line, from 1, of the first `pair` in the file, or 0. */
bool script_search_pair(const char *path, const char pair[static 2], int64_t *ret_line,
                        Error *err) MUST_CHECK;

#endif
