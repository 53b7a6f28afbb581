/* Whether the gates of the next version hold now: read-only, rolled back, nothing is recorded. */
#ifndef SEALIFT_APPLIER_GATES_H
#define SEALIFT_APPLIER_GATES_H

#include "applier/runs/apply_plan.h"
#include "applier/server/pg_session.h"

typedef enum {
    GATE_HOLDS,
    GATE_FAILS,
    GATE_LATER, /* of a version behind the next one, whose steps may change the answer */
} GateState;

const char *gate_state_name(GateState state); /* "holds", "fails", "later" */

typedef struct GateResult {
    const RunTask *task; /* the plan's, with version and migration */
    GateState state;
    char *words; /* owned; why it fails, as far as it may be shown; "" else */
} GateResult;

typedef ARRAY_OF(GateResult) GateResultArray;

void gate_results_done(GateResultArray *results);

/* Ask the gates of the version that the plan begins; the others are GATE_LATER. The plan's tasks
 * have their objects, and outlive *ret_results. The session is idle, outside a transaction. A gate
 * that fails is no error; ERROR_CONNECTION, ERROR_INTERRUPTED, and what reading objects brings. */
bool gates_look(PgSession *session, const ApplyPlan *plan, GateResultArray *ret_results,
                Error *err) MUST_CHECK;

#endif
