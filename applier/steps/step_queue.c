#include "applier/steps/step_queue.h"

#include <inttypes.h>

#include "applier/server/pg_lock.h"
#include "applier/sql/ledger_queries.h"
#include "applier/sql/session_queries.h"
#include "applier/steps/scripts_path.h"
#include "base/memory.h"
#include "bundles/parameter_value.h"

/* Never DISCARD ALL: it would drop the lock. */
const char *const step_queue_resets[] = {"CLOSE ALL", "UNLISTEN *", "DISCARD TEMP",
                                         "DISCARD SEQUENCES", "RESET ALL"};
const size_t step_queue_reset_count = ARRAY_LEN(step_queue_resets);

void step_queue_done(StepQueue *queue)
{
    object_stream_free(queue->stream);
    queue->stream = NULL;
}

void step_queue_forget_flow(StepQueue *queue)
{
    queue->flows = false;
}

const char *step_queue_path_for(const StepQueue *queue, size_t task)
{
    bool holds = !queue->session->path_is_ours && queue->path_task == task;
    return holds ? NULL : queue->tasks->items[task].manifest->search_path;
}

static void note_path(StepQueue *queue, size_t task)
{
    queue->session->path_is_ours = false;
    queue->path_task = task;
}

bool step_queue_set_path(StepQueue *queue, size_t task, Error *err)
{
    const char *path = step_queue_path_for(queue, task);
    if (path && !scripts_path_begin(queue->session, path, err))
        return false;
    note_path(queue, task);
    return true;
}

static const ManifestScript *script_of(const RunTask *task, ScriptKind kind)
{
    return &task->migration->scripts[kind];
}

/* --- pieces of units ------------------------------------------------------------------------- */

static bool send_ours(StepQueue *queue, size_t unit, const char *sql, Error *err)
{
    PipelineEntry entry = {.kind = ENTRY_OURS, .unit = unit};
    return step_pipeline_send(queue->pipeline, &entry, sql, PG_NO_VALUES, err);
}

/* Our statements that every group needs. */
typedef enum { OURS_OPEN, OURS_JOURNAL, OURS_VERSION, OURS_COUNT } Ours;

static const struct {
    const char *name;
    const char *sql;
} ours[OURS_COUNT] = {[OURS_OPEN] = {"sealift_open", SQL_group_open},
                      [OURS_JOURNAL] = {"sealift_journal", SQL_ledger_insert_journal},
                      [OURS_VERSION] = {"sealift_version", SQL_ledger_insert_version}};

static bool prepare_ours(StepQueue *queue, size_t unit, Error *err)
{
    PipelineEntry entry = {.kind = ENTRY_PREPARE, .unit = unit};
    /* a name that is still there from before an error would refuse the new one */
    if (!step_pipeline_send(queue->pipeline, &entry, "DEALLOCATE ALL", PG_NO_VALUES, err))
        return false;
    for (size_t i = 0; i < OURS_COUNT; i++)
        if (!step_pipeline_send_prepare(queue->pipeline, &entry, ours[i].name, ours[i].sql, err))
            return false;
    queue->prepared = true;
    return true;
}

static bool send_prepared(StepQueue *queue, const PipelineEntry *entry, Ours which,
                          const PgValue *values, size_t count, Error *err)
{
    return queue->unprepared
               ? step_pipeline_send(queue->pipeline, entry, ours[which].sql, values, count, err)
               : step_pipeline_send_prepared(queue->pipeline, entry, ours[which].name, values,
                                             count, err);
}

static const char *begin_statement(const ManifestGroup *group)
{
    static const char *const plain[] = {"BEGIN", "BEGIN ISOLATION LEVEL READ COMMITTED",
                                        "BEGIN ISOLATION LEVEL REPEATABLE READ",
                                        "BEGIN ISOLATION LEVEL SERIALIZABLE"};
    static const char *const deferrable[] = {"BEGIN DEFERRABLE",
                                             "BEGIN ISOLATION LEVEL READ COMMITTED, DEFERRABLE",
                                             "BEGIN ISOLATION LEVEL REPEATABLE READ, DEFERRABLE",
                                             "BEGIN ISOLATION LEVEL SERIALIZABLE, DEFERRABLE"};
    if (!group)
        return plain[ISOLATION_DEFAULT];
    return group->deferrable ? deferrable[group->isolation] : plain[group->isolation];
}

static bool send_begin(StepQueue *queue, size_t unit, const char *sql, Error *err)
{
    PipelineEntry entry = {.kind = ENTRY_BEGIN, .unit = unit};
    queue->clean = false;
    return step_pipeline_send(queue->pipeline, &entry, sql, PG_NO_VALUES, err);
}

typedef enum { OPEN_GUARDED, OPEN_WITHIN } OpenKind;

/* OPEN_GUARDED where a unit begins: there it may be stopped, and nowhere within. `path`: the
 * scripts', or NULL. */
static bool send_open(StepQueue *queue, size_t unit, OpenKind kind, const char *path, Error *err)
{
    PipelineEntry entry = {.kind = ENTRY_OPEN, .unit = unit};
    return send_prepared(queue, &entry, OURS_OPEN,
                         PG_VALUES(pg_int(queue->chain.next),
                                   kind == OPEN_GUARDED ? pg_int(queue->stop_key) : pg_text(NULL),
                                   pg_text(path)),
                         err);
}

/* As a statement of its own. */
static bool send_path(StepQueue *queue, size_t unit, size_t task, Error *err)
{
    PipelineEntry entry = {.kind = ENTRY_OURS, .unit = unit};
    return step_pipeline_send(queue->pipeline, &entry, SQL_path_set,
                              PG_VALUES(pg_text(queue->tasks->items[task].manifest->search_path)),
                              err);
}

/* The migration's own timeouts, within the transaction. */
static bool send_timeouts(StepQueue *queue, size_t unit, const ManifestMigration *migration,
                          Error *err)
{
    char sql[64];
    if (migration->lock_timeout_ms >= 0) {
        snprintf(sql, sizeof(sql), "SET LOCAL lock_timeout = %" PRId64, migration->lock_timeout_ms);
        if (!send_ours(queue, unit, sql, err))
            return false;
    }
    if (migration->statement_timeout_ms >= 0) {
        snprintf(sql, sizeof(sql), "SET LOCAL statement_timeout = %" PRId64,
                 migration->statement_timeout_ms);
        return send_ours(queue, unit, sql, err);
    }
    return true;
}

static bool send_commit(StepQueue *queue, size_t unit, Error *err)
{
    PipelineEntry entry = {
        .kind = ENTRY_COMMIT, .unit = unit, .chain = queue->chain, .closes_unit = true};
    return step_pipeline_send(queue->pipeline, &entry, "COMMIT", PG_NO_VALUES, err);
}

static bool send_resets(StepQueue *queue, size_t unit, Error *err)
{
    for (size_t i = 0; i < step_queue_reset_count; i++)
        if (!send_ours(queue, unit, step_queue_resets[i], err))
            return false;
    step_queue_forget_flow(queue);
    queue->session->path_is_ours = true;
    return send_ours(queue, unit, queue->session->pin_sql, err);
}

/* --- steps ----------------------------------------------------------------------------------- */

static bool queue_step(StepQueue *queue, size_t unit, size_t part_index, ScriptKind kind,
                       size_t index, Error *err)
{
    const RunTask *task = &queue->tasks->items[queue->units->parts.items[part_index].task];
    PipelineEntry entry = {
        .kind = ENTRY_STEP, .unit = unit, .part = part_index, .script = kind, .step = index};
    CLEANUP(memory_freep) char *sql = NULL;
    StepKind step = script_of(task, kind)->steps.items[index].kind;
    if (step == STEP_LINES)
        return step_queue_lines(queue, &entry, task, err);
    if (!step_queue_statement(queue, task, kind, index, &sql, err))
        return false;
    if (step == STEP_COPY)
        return step_queue_copy(queue, &entry, task, sql, err);
    if (!step_pipeline_send(queue->pipeline, &entry, sql, PG_NO_VALUES, err))
        return false;
    /* what it answers must be known before anything behind it is sent */
    return step == STEP_ASSERTION ? step_pipeline_drain(queue->pipeline, err)
                                  : step_pipeline_statement_queued(queue->pipeline, err);
}

static bool queue_observed_step(StepQueue *queue, size_t unit, size_t part_index, ScriptKind kind,
                                size_t index, Error *err)
{
    const RunTask *task = &queue->tasks->items[queue->units->parts.items[part_index].task];
    const RunStep step = {.task = task, .script = kind, .step = index, .in_transaction = true};
    return step_queue_observe_step(queue, OBSERVE_STEP_BEGINS, &step, err) &&
           (step_pipeline_failure(queue->pipeline, /* ret_result= */ NULL) ||
            queue_step(queue, unit, part_index, kind, index, err)) &&
           step_queue_observe_step(queue, OBSERVE_STEP_ENDS, &step, err);
}

/* All steps of a script that is a check: precheck or verify. The script's search_path holds, which
 * goes with what is rolled back behind it. */
static bool queue_check(StepQueue *queue, size_t unit, size_t part, ScriptKind kind, Error *err)
{
    const RunTask *task = &queue->tasks->items[queue->units->parts.items[part].task];
    bool was_ours = queue->session->path_is_ours;
    queue->session->path_is_ours = false;
    for (size_t i = 0; i < script_of(task, kind)->steps.count; i++)
        if (!queue_observed_step(queue, unit, part, kind, i, err))
            return false;
    queue->session->path_is_ours = was_ours;
    return step_queue_finish_script(queue, task, kind, err);
}

/* A check inside a transaction that goes on: READ ONLY under a savepoint, which is rolled back. */
static bool queue_check_inside(StepQueue *queue, size_t unit, size_t part, ScriptKind kind,
                               Error *err)
{
    const RunPart *checked = &queue->units->parts.items[part];
    return send_ours(queue, unit, "SAVEPOINT sealift_check", err) &&
           (!checked->gate || send_path(queue, unit, checked->task, err)) &&
           send_ours(queue, unit, "SET TRANSACTION READ ONLY", err) &&
           queue_check(queue, unit, part, kind, err) &&
           send_ours(queue, unit, "ROLLBACK TO SAVEPOINT sealift_check", err) &&
           send_ours(queue, unit, "RELEASE SAVEPOINT sealift_check", err);
}

bool step_queue_replays(const StepQueue *queue, const RunPart *part)
{
    bool holds = queue->flows && queue->flow_task == part->task && queue->flow_group == part->group;
    return part->group != PART_WITHOUT_STATEMENTS && part->group > 0 && !holds;
}

static bool queue_replays(StepQueue *queue, size_t unit, size_t part_index, Error *err)
{
    const RunPart *part = &queue->units->parts.items[part_index];
    const RunTask *task = &queue->tasks->items[part->task];
    const ManifestScript *script = run_task_script(task);
    if (!step_queue_replays(queue, part))
        return true;
    for (size_t i = 0; i < script->groups.items[part->group].first_step; i++)
        if (script->steps.items[i].session_state &&
            !queue_step(queue, unit, part_index,
                        task->direction == DIRECTION_UP ? SCRIPT_UP : SCRIPT_DOWN, i, err))
            return false;
    return true;
}

/* --- the ledger's rows ----------------------------------------------------------------------- */

static bool send_version_row(StepQueue *queue, size_t unit, const RunTask *task, int64_t journal,
                             Error *err)
{
    PipelineEntry entry = {.kind = ENTRY_VERSION, .unit = unit};
    return send_prepared(queue, &entry, OURS_VERSION,
                         PG_VALUES(pg_int(journal), pg_int(run_task_position_after(task)),
                                   pg_text(task->version->name),
                                   pg_digest(&task->version->tree_digest),
                                   pg_digest(&task->head_digest)),
                         err);
}

static bool send_row(StepQueue *queue, size_t unit, size_t part_index, JournalKind kind,
                     const char *result, Error *err)
{
    const RunPart *part = &queue->units->parts.items[part_index];
    const RunTask *task = &queue->tasks->items[part->task];
    JournalRow row =
        step_queue_row(queue, part, kind, result, queue->units->units.items[unit].attempt);
    PgValue values[JOURNAL_VALUES];
    step_queue_row_values(queue, &row, values);
    PipelineEntry entry = {.kind = ENTRY_LEDGER, .unit = unit, .part = part_index};
    if (!send_prepared(queue, &entry, OURS_JOURNAL, values, JOURNAL_VALUES, err))
        return false;
    return !part->ends_version || send_version_row(queue, unit, task, row.number, err);
}

/* --- units ----------------------------------------------------------------------------------- */

ScriptKind step_queue_script_of(const RunUnit *unit, const RunTask *task)
{
    switch (unit->kind) {
    case UNIT_GATE:
    case UNIT_PRECHECK:
        return SCRIPT_PRECHECK;
    case UNIT_VERIFY:
        return SCRIPT_VERIFY;
    case UNIT_BATCH:
    case UNIT_TRANSACTION:
    case UNIT_AUTOCOMMIT:
        break;
    }
    return task->direction == DIRECTION_UP ? SCRIPT_UP : SCRIPT_DOWN;
}

static bool queue_steps(StepQueue *queue, size_t unit, size_t part_index,
                        const ManifestGroup *group, Error *err)
{
    const RunPart *part = &queue->units->parts.items[part_index];
    const RunTask *task = &queue->tasks->items[part->task];
    ScriptKind kind = task->direction == DIRECTION_UP ? SCRIPT_UP : SCRIPT_DOWN;
    /* the ranges of a batch are done: of its group the assertion is left */
    size_t first = group && group->kind == GROUP_BATCH ? 1 : 0;
    for (size_t i = first; group && i < group->step_count; i++)
        if (!queue_observed_step(queue, unit, part_index, kind, group->first_step + i, err))
            return false;
    return true;
}

/* READ ONLY comes after our own row, which it would refuse. */
static bool queue_read_only_part(StepQueue *queue, size_t unit, size_t part_index,
                                 const ManifestGroup *group, const char *result, Error *err)
{
    return send_row(queue, unit, part_index, JOURNAL_GROUP, result, err) &&
           send_ours(queue, unit, "SET TRANSACTION READ ONLY", err) &&
           queue_steps(queue, unit, part_index, group, err);
}

static bool queue_part(StepQueue *queue, size_t unit, size_t part_index, Error *err)
{
    const RunPart *part = &queue->units->parts.items[part_index];
    const RunTask *task = &queue->tasks->items[part->task];
    const ManifestScript *script = run_task_script(task);
    const ManifestGroup *group =
        part->group == PART_WITHOUT_STATEMENTS ? NULL : &script->groups.items[part->group];
    const char *result = part->completes && run_task_verifies(task) ? JOURNAL_UNVERIFIED : "";
    JournalKind kind = task->migration ? JOURNAL_GROUP : JOURNAL_VERSION;
    bool first = part_index == queue->units->units.items[unit].first_part;
    if (part->gate)
        return queue_check_inside(queue, unit, part_index, SCRIPT_PRECHECK, err);
    const char *path = step_queue_path_for(queue, part->task);
    note_path(queue, part->task);
    if (!send_open(queue, unit, first ? OPEN_GUARDED : OPEN_WITHIN, path, err) ||
        (task->migration && !send_timeouts(queue, unit, task->migration, err)))
        return false;
    if (part->precheck_inside && !queue_check_inside(queue, unit, part_index, SCRIPT_PRECHECK, err))
        return false;
    if (!queue_replays(queue, unit, part_index, err))
        return false;
    if (group && group->read_only) {
        if (!queue_read_only_part(queue, unit, part_index, group, result, err))
            return false;
    } else if (!queue_steps(queue, unit, part_index, group, err)) {
        return false;
    }
    queue->flows = true;
    queue->flow_task = part->task;
    queue->flow_group = part->group + 1;
    if (part->completes && group &&
        !step_queue_finish_script(queue, task,
                                  task->direction == DIRECTION_UP ? SCRIPT_UP : SCRIPT_DOWN, err))
        return false;
    if (part->verify_inside && !queue_check_inside(queue, unit, part_index, SCRIPT_VERIFY, err))
        return false;
    if ((!group || !group->read_only) && !send_row(queue, unit, part_index, kind, result, err))
        return false;
    const RunArrival arrival = {.task = task, .in_transaction = true};
    return !part->arrives || step_queue_observe_arrival(queue, OBSERVE_ARRIVES, &arrival, err);
}

/* Whether the script that this part is of may have prepared statements: PREPARE is session state.
 */
static bool may_prepare(const StepQueue *queue, const RunUnit *unit, size_t part)
{
    const RunTask *task = &queue->tasks->items[queue->units->parts.items[part].task];
    const ManifestScript *script =
        task->migration ? script_of(task, step_queue_script_of(unit, task)) : NULL;
    for (size_t i = 0; script && i < script->steps.count; i++)
        if (script->steps.items[i].session_state)
            return true;
    return false;
}

/* Between two migrations of one transaction, as between two of their own. */
static bool reset_between(StepQueue *queue, size_t index, size_t part, Error *err)
{
    const RunUnit *unit = &queue->units->units.items[index];
    const RunPart *next = &queue->units->parts.items[part], *before = next - 1;
    if (next->task == before->task || before->gate || !queue->tasks->items[before->task].migration)
        return true;
    return send_resets(queue, index, err) &&
           (!may_prepare(queue, unit, part - 1) || prepare_ours(queue, index, err));
}

static bool queue_transaction(StepQueue *queue, size_t index, const RunUnit *unit, Error *err)
{
    const RunPart *first = &queue->units->parts.items[unit->first_part];
    const ManifestScript *script = run_task_script(&queue->tasks->items[first->task]);
    const ManifestGroup *group = script && first->group != PART_WITHOUT_STATEMENTS
                                     ? &script->groups.items[first->group]
                                     : NULL;
    /* The resets before this BEGIN took a snapshot in the same server-side transaction, after which
     * an isolation level cannot be chosen any more: a Sync closes it. */
    bool chooses = group && (group->isolation != ISOLATION_DEFAULT || group->deferrable);
    if (chooses && !queue->clean && !step_pipeline_drain(queue->pipeline, err))
        return false;
    if (!send_begin(queue, index, begin_statement(group), err))
        return false;
    for (size_t i = 0; i < unit->part_count; i++) {
        if ((i && !reset_between(queue, index, unit->first_part + i, err)) ||
            !queue_part(queue, index, unit->first_part + i, err))
            return false;
        if (step_pipeline_failure(queue->pipeline, /* ret_result= */ NULL))
            return true; /* seen while a COPY waited: the rest would only be skipped */
    }
    return send_commit(queue, index, err) &&
           (!unit->resets_after || send_resets(queue, index, err));
}

/* Without a Sync all that follows a COMMIT is one transaction on the server, which a later BEGIN
 * goes on with: a ROLLBACK would undo the resets that stand before it. */
static bool keep_resets(StepQueue *queue, size_t unit, Error *err)
{
    return step_pipeline_is_idle(queue->pipeline) ||
           (send_begin(queue, unit, "BEGIN", err) && send_ours(queue, unit, "COMMIT", err));
}

static bool queue_check_unit(StepQueue *queue, size_t index, const RunUnit *unit, Error *err)
{
    size_t task_index = queue->units->parts.items[unit->first_part].task;
    const RunTask *task = &queue->tasks->items[task_index];
    PipelineEntry end = {
        .kind = ENTRY_OURS, .unit = index, .closes_unit = unit->kind != UNIT_VERIFY};
    if (!keep_resets(queue, index, err) || !send_begin(queue, index, "BEGIN READ ONLY", err) ||
        !(unit->kind == UNIT_GATE
              ? send_path(queue, index, task_index, err)
              : send_open(queue, index, OPEN_GUARDED, task->manifest->search_path, err)) ||
        !send_timeouts(queue, index, task->migration, err) ||
        !queue_check(queue, index, unit->first_part, step_queue_script_of(unit, task), err) ||
        !step_pipeline_send(queue->pipeline, &end, "ROLLBACK", PG_NO_VALUES, err))
        return false;
    if (unit->kind != UNIT_VERIFY)
        return true;
    return send_begin(queue, index, "BEGIN", err) &&
           send_open(queue, index, OPEN_WITHIN, /* path= */ NULL, err) &&
           send_row(queue, index, unit->first_part, JOURNAL_VERIFIED, JOURNAL_PASSED, err) &&
           send_commit(queue, index, err);
}

bool step_queue_unit(StepQueue *queue, size_t index, Error *err)
{
    const RunUnit *unit = &queue->units->units.items[index];
    /* a gate writes nothing, and is asked where there is no ledger, too */
    if (!queue->prepared && unit->kind != UNIT_GATE && !prepare_ours(queue, index, err))
        return false;
    if (unit->kind == UNIT_TRANSACTION ? !queue_transaction(queue, index, unit, err)
                                       : !queue_check_unit(queue, index, unit, err))
        return false;
    /* a migration's end is the end of its statements, too: ours are prepared again behind them */
    bool ends = unit->kind != UNIT_TRANSACTION || unit->resets_after;
    if (ends && may_prepare(queue, unit, unit->first_part + unit->part_count - 1))
        queue->prepared = false;
    return step_pipeline_unit_queued(queue->pipeline, err);
}
