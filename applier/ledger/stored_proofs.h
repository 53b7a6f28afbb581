/* The proven schemas of the version in force, from the bundles that the ledger keeps. */
#ifndef SEALIFT_APPLIER_STORED_PROOFS_H
#define SEALIFT_APPLIER_STORED_PROOFS_H

#include "applier/ledger/history.h"
#include "applier/ledger/stored_bundle.h"
#include "applier/schema/schema_proof.h"

/* Add every stored bundle that may hold a proven schema of the version in force: the one that
 * brought it, those that start from it, and the one whose scripts ran last (a rollback comes to a
 * version by the scripts of the next). They live as long as `bundles`. Errors:
 * stored_bundle_load's.
 */
bool stored_proofs_add(StoredBundles *bundles, const History *history, ProofSourceArray *sources,
                       Error *err) MUST_CHECK;

#endif
