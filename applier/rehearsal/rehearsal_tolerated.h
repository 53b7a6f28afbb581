/* What the vendor tolerates is no part of what a rehearsal proves: objects that come and go at
 * sites, the tables in which the vendor's own migration tool keeps its history. Their rows of a
 * fingerprint and the rows that they hold are left out of every comparison, and nobody makes rows
 * for them. */
#ifndef SEALIFT_APPLIER_REHEARSAL_TOLERATED_H
#define SEALIFT_APPLIER_REHEARSAL_TOLERATED_H

#include "applier/rehearsal/rehearsal_hash.h"
#include "bundles/manifest.h"

/* `table` as fingerprints name it. */
bool rehearsal_tolerates(const Manifest *manifest, const char *table);

void rehearsal_drop_tolerated(const Manifest *manifest, Fingerprint *fingerprint);
void rehearsal_drop_tolerated_tables(const Manifest *manifest, RowHashes *hashes);

#endif
