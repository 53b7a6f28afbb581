/* The 512-byte ustar header of a regular file as bundles have it: mode 0644, uid and gid 0, no
 * names, mtime 0. The bytes are those that libarchive's ustar writer makes, so that the fixed
 * headers of the envelope, the reader's check of CONTENT and the writer agree on every byte. */
#ifndef SEALIFT_BUNDLES_TAR_HEADER_H
#define SEALIFT_BUNDLES_TAR_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "bundles/bundle_format.h"

/* False (ret untouched) where ustar cannot say it: an empty path or one over OBJECT_PATH_MAX bytes,
 * a size that is negative or OBJECT_STORED_SIZE_MAX or more. */
bool tar_header_make(const char *path, int64_t size,
                     uint8_t ret_header[static TAR_BLOCK_SIZE]) MUST_CHECK;

#endif
