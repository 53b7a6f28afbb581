/* What a migration brought, from its schema before and after. */
#ifndef SEALIFT_BUNDLES_MANIFEST_BROUGHT_H
#define SEALIFT_BUNDLES_MANIFEST_BROUGHT_H

#include "bundles/fingerprint.h"
#include "bundles/manifest.h"

/* Add the tables of `after` that `before` does not have, and columns of tables that both have,
 * under `migration` (an index); what is there already is not added again, and all is put into the
 * manifest's order. Both are sorted. */
void manifest_brought_add(const Fingerprint *before, const Fingerprint *after, size_t migration,
                          ManifestBroughtArray *brought);

#endif
