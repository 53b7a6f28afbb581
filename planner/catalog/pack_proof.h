/* What pack takes from the catalog: whether the versions of a bundle may ship, and the manifest's
 * tables of what their rehearsals showed. Only what is the same on every rehearsal of the same text
 * gets in (docs/decisions/0010), so that the same input gives the same bundle: no times, no WAL, no
 * minor version of a server. */
#ifndef SEALIFT_PLANNER_PACK_PROOF_H
#define SEALIFT_PLANNER_PACK_PROOF_H

#include "bundles/bundle_writer.h"
#include "planner/catalog/catalog.h"
#include "planner/packing/plan_builder.h"

/* Zeroed is valid for pack_proof_done. */
typedef struct PackProof {
    const Project *project; /* borrowed */
    PlanRange range;
    RehearsalSubject subject;  /* from the start to the bundle's last version */
    RehearsalArray rehearsals; /* on declared majors that cover it all, in order */
    Catalog *catalog;
    FindingArray findings; /* errors: it may not ship */
} PackProof;

void pack_proof_done(PackProof *proof);

/* Read what is known of the range and judge it. Where errors are among the findings, the bundle may
 * not ship. ERROR_INPUT, ERROR_IO. */
bool pack_proof_read(const Project *project, const PlanRange *range, PackProof *ret_proof,
                     Error *err) MUST_CHECK;

/* Fill the manifest that plan_build filled, and spool the fingerprints' texts. The findings must
 * have been without error. */
bool pack_proof_fill(PackProof *proof, BundleWriter *writer, Manifest *manifest,
                     Error *err) MUST_CHECK;

#endif
