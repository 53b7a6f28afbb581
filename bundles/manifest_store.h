/* The manifest to and from SQLite bytes. Written deterministically; read from proven bytes in
 * memory, defensively: raw header, DDL equal to ours, authorizer, limits, quick_check, then every
 * value's type, range and reference. */
#ifndef SEALIFT_BUNDLES_MANIFEST_STORE_H
#define SEALIFT_BUNDLES_MANIFEST_STORE_H

#include "bundles/manifest.h"

/* Write `manifest` as a new database at `path` (a temporary name of the caller's, replaced). */
bool manifest_write(const Manifest *manifest, const char *path, Error *err) MUST_CHECK;

/* Read from `size` bytes. `head` is the proven HEAD: values that both hold must be equal.
 * ERROR_INPUT for everything that is wrong, with what and where. */
bool manifest_read(const void *bytes, size_t size, const Head *head, Manifest *ret_manifest,
                   Error *err) MUST_CHECK;

#endif
