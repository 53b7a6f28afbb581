/* Opens a bundle for the site's commands: proven by a keyring that the site trusts for its product,
 * and meant for this site. */
#ifndef SEALIFT_APPLIER_OPEN_BUNDLE_H
#define SEALIFT_APPLIER_OPEN_BUNDLE_H

#include "applier/trust_store.h"
#include "bundles/bundle_reader.h"

/* Prove the envelope of the file at `path` with a keyring of `store`, and check that this is the
 * keyring that counts for its product and that the bundle is for this site, environment and
 * channel. *ret_which (may be NULL) is the keyring's index. bundle_reader_open's errors;
 * ERROR_TRUST. */
bool open_bundle_with(const SiteConfig *config, const TrustStore *store, const char *path,
                      BundleReader **ret_reader, size_t *ret_which, Error *err) MUST_CHECK;

/* The same, with the site's configuration and trust folder read for it. *ret_trusted_by (may be
 * NULL) is the folder of the keyring that counted; the caller frees. ERROR_CONFIG where the site
 * trusts nobody yet. */
bool open_bundle(const char *path, BundleReader **ret_reader, char **ret_trusted_by,
                 Error *err) MUST_CHECK;

#endif
