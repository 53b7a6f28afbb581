/* The keyrings that a site trusts, one folder per product:
 *
 *     <config>/trust.d/<product-uuid>/keyring.<N>     for one product
 *     <config>/trust.d/any/keyring.0                  for products that have no folder
 *
 * keyring.0 is the site's own word (`trust init`); each later record is accepted as the successor
 * of the one before, every time it is read. Only `apply` and `trust` write here. */
#ifndef SEALIFT_APPLIER_TRUST_STORE_H
#define SEALIFT_APPLIER_TRUST_STORE_H

#include "applier/site/site_config.h"
#include "bundles/envelope.h"
#include "bundles/keyring.h"

#define TRUST_STORE_MAX 64    /* folders */
#define TRUST_ANY       "any" /* the folder for products without their own */

typedef struct TrustStore {
    size_t count;
    Keyring *keyrings;               /* owned: the newest of each folder; `any`, if there, last */
    char (*folders)[UUID_TEXT_SIZE]; /* owned: the folder's name, a product's UUID or "any" */
} TrustStore;

/* Load what the site trusts; at least one keyring. ERROR_CONFIG: no trust at all (the hint says how
 * to begin), a file or folder that others may write, a record that does not follow. ERROR_IO. */
bool trust_store_load(const SiteConfig *config, TrustStore *ret_store, Error *err) MUST_CHECK;
void trust_store_done(TrustStore *store);

/* Whether keyrings[which], by which a bundle of this product was proven, is the one that counts for
 * it: the product's own folder wins over `any`, and a folder counts for its product only.
 * ERROR_TRUST. */
bool trust_store_check_choice(const TrustStore *store, size_t which, const Head *head,
                              Error *err) MUST_CHECK;

/* The path of a folder by its name; the caller frees. */
char *trust_store_folder(const SiteConfig *config, const char *name);

/* Write the first record. ERROR_CONFIG where its folder (the keyring's product, or `any`) has one.
 */
bool trust_store_create(const SiteConfig *config, Keyring *record0, Error *err) MUST_CHECK;

/* Store the records of a proven envelope that are newer than keyrings[which]. What `any` accepted
 * goes, with its record 0, to a folder of the product's own, since a record names its product. Does
 * nothing where there is none newer. ERROR_TRUST, ERROR_IO. */
bool trust_store_accept(const SiteConfig *config, const TrustStore *store, size_t which,
                        const Envelope *envelope, Error *err) MUST_CHECK;

#endif
