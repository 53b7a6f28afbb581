/* A bundle as a site opens it: proven by the keyring that this site trusts for its product, and
 * meant for this site, its environment and its channel. */
#ifndef SEALIFT_APPLIER_SITE_BUNDLE_H
#define SEALIFT_APPLIER_SITE_BUNDLE_H

#include "applier/runs/apply_run.h"
#include "applier/site/site_config.h"
#include "applier/site/trust_store.h"
#include "bundles/bundle_reader.h"

typedef struct SiteBundle {
    SiteConfig config;
    TrustStore trust;
    size_t which; /* trust.keyrings[which] proved the envelope */
    BundleReader *reader;
    char *path;         /* owned: where the file is, absolute */
    char *verification; /* owned: who signed, by which keyring; for people and the ledger */
} SiteBundle;

void site_bundle_done(SiteBundle *bundle); /* accepts a zeroed one */

/* Prove the envelope of the file at `path`; nothing behind it is read. ERROR_CONFIG where the site
 * trusts nobody yet, ERROR_TRUST where the bundle is not for this site, and bundle_reader_open's
 * errors. */
bool site_bundle_open(const char *path, SiteBundle *ret_bundle, Error *err) MUST_CHECK;

/* The file's name in the trust folder of the keyring that counted ("any", or the product's UUID).
 */
const char *site_bundle_trusted_by(const SiteBundle *bundle);

/* Prove the rest, every byte, and give what a run takes; it borrows from the bundle. */
bool site_bundle_input(SiteBundle *bundle, ApplyInput *ret_input, Error *err) MUST_CHECK;

#endif
