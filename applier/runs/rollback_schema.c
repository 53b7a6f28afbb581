#include "applier/runs/rollback_state.h"

#include "applier/ledger/stored_proofs.h"

/* The versions on the way are held by the bundles whose scripts run; the one in force, and the one
 * come to, perhaps by others too. What they say is compared with only. */
bool rollback_schema_load(Rollback *rollback, Error *err)
{
    SchemaCheck *check = &rollback->check;
    const History *history = &rollback->history;
    SchemaReport last = check->report; /* of an attempt before */
    schema_check_begin(check, &rollback->options->run.schema, history, &rollback->parameters.said,
                       rollback_run_warnings(rollback));
    check->report = last;
    array_each (const RunTask, task, &rollback->tasks)
        proof_sources_add(&check->sources, task->manifest, task->objects);
    array_each (const AppliedVersion, version, &history->versions) {
        const StoredBundle *stored = NULL;
        if (version->position < rollback->list.to_position ||
            !history_bundle(history, &version->head_digest))
            continue;
        if (!stored_bundles_get(&rollback->bundles, &version->head_digest, &stored, err))
            return error_wrap(err, "looking up the proven schema of version %s", version->name);
        proof_sources_add(&check->sources, &stored->manifest, &stored->objects);
    }
    return stored_proofs_add(&rollback->bundles, history, &check->sources, err);
}

bool rollback_schema_before(Rollback *rollback, Error *err)
{
    return !history_is_at_version(&rollback->history) ||
           schema_check_before(&rollback->check, rollback->session, &rollback->history, err) ||
           rollback_run_refused(rollback, err);
}

/* Nothing to look at where it ends inside a version. */
bool rollback_schema_end(Rollback *rollback, Error *err)
{
    const RollbackList *list = &rollback->list;
    const AppliedVersion *target = NULL;
    char tree[DIGEST_HEX_SIZE];
    array_each (const AppliedVersion, version, &rollback->history.versions) {
        if (strcmp(version->name, list->to_version) == 0)
            target = version;
    }
    if (list->to_position != (target ? target->position : 0))
        return true;
    return schema_check_end(&rollback->check, rollback->session,
                            target ? digest_hex(&target->tree_digest, tree) : "-", list->to_version,
                            err) ||
           run_session_failed(rollback->session, rollback_run_event(rollback, PHASE_OF_FAILURE),
                              /* step= */ NULL, err);
}
