/* The journal's row of a part. */

#include "applier/server/pg_lock.h"
#include "applier/steps/step_queue.h"

JournalRow step_queue_row(StepQueue *queue, const RunPart *part, JournalKind kind,
                          const char *result, int64_t attempt)
{
    const RunTask *task = &queue->tasks->items[part->task];
    const ManifestScript *script = run_task_script(task);
    const ManifestMigration *migration = task->migration;
    bool stated = script && part->group != PART_WITHOUT_STATEMENTS;
    const ManifestGroup *group = stated ? &script->groups.items[part->group] : NULL;
    bool completes = part->completes && kind != JOURNAL_INTENT && kind != JOURNAL_BROKEN &&
                     kind != JOURNAL_BATCH && strcmp(result, JOURNAL_FAILED) != 0 &&
                     strcmp(result, JOURNAL_NOT_DONE) != 0;
    JournalRow row = {
        .kind = kind,
        .direction = task->direction,
        .head_digest = task->head_digest,
        .version = task->version->name,
        .identity = migration ? migration->identity : (char *)(uintptr_t) "",
        .group = group ? (int64_t)part->group + 1 : 1,
        .group_count = group ? (int64_t)script->groups.count : 1,
        .first_step = group ? (int64_t)group->first_step + 1 : 0,
        .last_step = group ? (int64_t)(group->first_step + group->step_count) : 0,
        .complete = completes,
        .position_after = completes || kind == JOURNAL_VERIFIED ? run_task_position_after(task)
                                                                : run_task_position_during(task),
        .up_digest = migration ? migration->up_digest : task->version->tree_digest,
        .attempt = attempt,
        .result = (char *)(uintptr_t)result,
        .words = (char *)(uintptr_t) "",
    };
    /* a group that failed has taken nothing back yet */
    if (!strcmp(result, JOURNAL_FAILED) || !strcmp(result, JOURNAL_NOT_DONE))
        row.position_after = part->group == 0 ? task->position : run_task_position_during(task);
    journal_chain_append(&queue->chain, &row);
    return row;
}

void step_queue_row_values(const StepQueue *queue, const JournalRow *row,
                           PgValue ret_values[static JOURNAL_VALUES])
{
    const PgValue values[JOURNAL_VALUES] = {
        pg_int(row->number),
        pg_text(journal_kind_name(row->kind)),
        pg_text(direction_name(row->direction)),
        pg_digest(&row->head_digest),
        pg_text(row->version),
        pg_text(row->identity),
        pg_int(row->group),
        pg_int(row->group_count),
        pg_int(row->first_step),
        pg_int(row->last_step),
        pg_bool(row->complete),
        pg_int(row->position_after),
        pg_digest(&row->up_digest),
        pg_int(row->attempt),
        pg_text(row->result),
        pg_text(row->words),
        row->has_previous ? pg_digest(&row->previous) : pg_digest(NULL),
        pg_digest(&row->digest),
        pg_int(PG_LOCK_KEY),
        pg_text(queue->session->facts.current_user),
    };
    memcpy(ret_values, values, sizeof(values));
}
