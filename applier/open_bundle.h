/* Opens a bundle for the site's commands: with the keyrings of the site's trust folder. */
#ifndef SEALIFT_APPLIER_OPEN_BUNDLE_H
#define SEALIFT_APPLIER_OPEN_BUNDLE_H

#include "bundles/bundle_reader.h"

/* Prove the envelope of the file at `path` with a keyring that the site trusts. *ret_trusted_by
 * (may be NULL) is the file of that keyring; the caller frees. ERROR_CONFIG where the site trusts
 * nobody yet, and bundle_reader_open's errors. */
bool open_bundle(const char *path, BundleReader **ret_reader, char **ret_trusted_by,
                 Error *err) MUST_CHECK;

#endif
