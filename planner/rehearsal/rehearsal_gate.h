/* Whether what was rehearsed may ship: the rules that `rehearse` reports by and `pack` refuses by.
 *
 * A rehearsal counts where it covers everything from the start to the last version, without
 * failure. On those majors the worst verdict rules. A way back that is not exact must be
 * acknowledged by its author in the down script (`-- sealift: ack rollback-VERDICT REASON`), unless
 * the version as a whole goes back exactly: authors do split one change over files whose downs only
 * fit together. Pure: no file, no server. */
#ifndef SEALIFT_PLANNER_REHEARSAL_GATE_H
#define SEALIFT_PLANNER_REHEARSAL_GATE_H

#include "migrations/finding.h"
#include "planner/rehearsal/rehearsal.h"
#include "planner/rehearsal/rehearsal_subject.h"

/* What is asked about: versions first to the subject's last, on what is known of some majors. */
typedef struct RehearsalGate {
    const RehearsalSubject *subject;
    size_t first_version; /* index into the subject's versions */
    const RehearsalArray *rehearsals;
} RehearsalGate;

/* Whether it is a run that ended with the subject's last version, and covers every migration and
 * version of it, with nothing failing. One that went on to later versions says nothing of what
 * taking all back from this one leaves, nor of the modes that this range could have. */
bool rehearsal_is_complete(const RehearsalSubject *subject, const Rehearsal *rehearsal);

/* The worst verdict over the complete rehearsals, and what was said there; UNPROVEN where there is
 * none. *ret_major (may be NULL) says where. */
Verdict rehearsal_worst(const RehearsalGate *gate, bool of_version, const char *name,
                        int64_t *ret_major);

/* The acknowledgement of the verdict in the migration's down script, or NULL. */
const ScriptAck *rehearsal_ack(const SubjectMigration *migration, Verdict verdict);

/* Whether a way back with this verdict needs one. */
bool rehearsal_needs_ack(Verdict verdict);

/* True where there is no error among them; otherwise the first is `err` (ERROR_INPUT). All have
 * been shown to the reader. */
bool rehearsal_gate_result(const FindingArray *findings, Error *err) MUST_CHECK;

/* Add what stands against shipping as errors, and what should be known as warnings. */
void rehearsal_gate_check(const RehearsalGate *gate, FindingArray *findings);

#endif
