/* CONTENT compared, byte by byte and in one pass, with what the manifest says must be there: the
 * headers of a tar archive, manifest.db, each object by its digests, filler, the archive's end. */
#ifndef SEALIFT_BUNDLES_CONTENT_CHECK_H
#define SEALIFT_BUNDLES_CONTENT_CHECK_H

#include "bundles/manifest.h"

#include "base/error.h"

/* Read CONTENT from `fd`; `name` is for words. `manifest_bytes` are manifest.db's, already proven.
 * ERROR_TRUST where CONTENT does not have HEAD's digest, with the first place that shows it;
 * ERROR_INPUT where it has, but is not what the manifest says. */
bool content_check(int fd, const char *name, const Manifest *manifest, const void *manifest_bytes,
                   Error *err) MUST_CHECK;

#endif
