/* A literal of type text[], for a parameter of a query. */
#ifndef SEALIFT_APPLIER_PG_ARRAY_H
#define SEALIFT_APPLIER_PG_ARRAY_H

#include <stddef.h>

#include "base/text.h"

/* `{"a","b"}`; of none `{}`. */
void pg_array_text(const char *const *items, size_t count, Text *text);

#endif
