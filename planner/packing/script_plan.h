/* From the statements of one script to steps in transaction groups: what the applier will run.
 *
 * Pure: no files, no server. Decides what is refused by policy (ENGINE.md 3, 7, 9, 13, 24): role
 * changes, statements that would break the applier's session, COPY to the client or a server's
 * file, transaction control that cannot be lifted, a step outside transactions that nobody could
 * settle after a crash, a batch that is not exactly its two statements. Every refusal is
 * ERROR_INPUT "name:line: …". */
#ifndef SEALIFT_PLANNER_SCRIPT_PLAN_H
#define SEALIFT_PLANNER_SCRIPT_PLAN_H

#include "bundles/manifest.h"
#include "migrations/script.h"

typedef struct ScriptPlanOptions {
    const char *name; /* of the script, for messages */
    ScriptKind kind;
    TransactionMode mode;
    const ProjectValueArray *values; /* of the project; NULL where no script refers to any */
} ScriptPlanOptions;

/* Fill ret_script->steps, ->groups and ->batch (and in_transaction, gate) from `script`; object and
 * source stay as they are. A step's data_object is the number of the data file, from 0, and a
 * reference's parameter the index of the project's value, for the caller to map. */
bool script_plan(const Script *script, const ScriptPlanOptions *options, ManifestScript *ret_script,
                 Error *err) MUST_CHECK;

/* Add the statements of `script` from index `first` on, which the planner appended, behind what was
 * planned of it: into its last group, where that is a transaction that may write and others may
 * join, else into one of their own. */
bool script_plan_append(const Script *script, size_t first, const ScriptPlanOptions *options,
                        ManifestScript *planned, Error *err) MUST_CHECK;

/* Why an up script that was planned cannot share one transaction with other migrations, or NULL.
 * The caller frees. */
char *script_plan_atomic_blocker(const Script *script, const ManifestScript *planned,
                                 TransactionMode mode);

#endif
