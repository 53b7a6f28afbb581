/* What the manifest's rows must be to each other: references, order, coverage, layout, digests that
 * follow from others. Values and their ranges have been checked one by one before. */
#ifndef SEALIFT_BUNDLES_MANIFEST_CHECK_H
#define SEALIFT_BUNDLES_MANIFEST_CHECK_H

#include "base/error.h"
#include "bundles/manifest.h"

/* `manifest_size` is that of manifest.db. manifest->head is HEAD. ERROR_INPUT. */
bool manifest_check(const Manifest *manifest, size_t manifest_size, Error *err) MUST_CHECK;

/* Whether the object's path is `path`, with ".zst" behind it where it is stored compressed. */
bool manifest_object_has_path(const ManifestObject *object, const char *path);

/* Where the object after this one starts: its header behind this one's bytes and filler. */
int64_t manifest_object_end(const ManifestObject *object);

#endif
