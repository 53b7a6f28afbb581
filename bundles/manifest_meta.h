/* The rows of the manifest's table meta: HEAD's values again, in HEAD's form, so that a person who
 * opens the manifest sees what it belongs to, and the reader can refuse a pair that differs. */
#ifndef SEALIFT_BUNDLES_MANIFEST_META_H
#define SEALIFT_BUNDLES_MANIFEST_META_H

#include "bundles/manifest.h"

/* How many rows there are. */
size_t manifest_meta_count(void);

/* The key of a row (rows are in byte order of their keys). */
const char *manifest_meta_key(size_t row);

/* Append the value that the row has for this manifest: from manifest->head, or its search path. */
void manifest_meta_value(const Manifest *manifest, size_t row, Text *text);

/* Whether the row holds what HEAD does not (the search path). */
bool manifest_meta_is_own(size_t row);

#endif
