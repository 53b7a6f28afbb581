/* Writes a proven bundle out as a folder: what `tar -xf` would give, and every compressed script
 * and fingerprint also plain, for reading. */
#ifndef SEALIFT_BUNDLES_BUNDLE_UNPACK_H
#define SEALIFT_BUNDLES_BUNDLE_UNPACK_H

#include "bundles/bundle_reader.h"

/* `folder` is made, or must be empty (ERROR_CONFIG otherwise). The bundle is verified first, and
 * its bytes again as they are written out; the folder is filled wholly or not at all. */
bool bundle_unpack(BundleReader *reader, const char *folder, int64_t *ret_files,
                   Error *err) MUST_CHECK;

#endif
