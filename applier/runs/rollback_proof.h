/* Which of the versions that a rollback comes through nobody has proven when they are come to this
 * way. A rehearsal took each version back from where the upgrade had left it (arrival "down"), and
 * all of them in one go from the last ("chain"). From a version in the middle, over downs that do
 * not leave exactly what was before, the schemas are those of neither. */
#ifndef SEALIFT_APPLIER_ROLLBACK_PROOF_H
#define SEALIFT_APPLIER_ROLLBACK_PROOF_H

#include "applier/runs/rollback_plan.h"
#include "applier/schema/schema_proof.h"

/* The names of those versions, in the order of coming to them, borrowed from the tasks' manifests;
 * from the first one on all are. `arrival` says which proven schema of the version in force it is
 * that holds ("up", …; NULL where nobody knows). Versions of which a bundle proves nothing are not
 * among them: nobody looks there. Pure. */
void rollback_proof_find(const RunTaskArray *tasks, const ProofSourceArray *sources,
                         const char *arrival, int64_t server_major, NameArray *ret_unproven);

/* ERROR_TARGET where there are some and the operator has not accepted that. */
bool rollback_proof_check(const NameArray *unproven, bool accepted, Error *err) MUST_CHECK;

#endif
