#include "applier/steps/step_alone.h"

#include <inttypes.h>

#include "applier/ledger/ledger.h"
#include "applier/server/pg_wait.h"
#include "applier/server/retry_policy.h"
#include "applier/sql/ledger_queries.h"
#include "applier/steps/probe.h"
#include "applier/steps/step_failure.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/memory.h"

#define CLEAN_ATTEMPTS 5
/* Who cancels a step, by a signal or by its limit, does not wait for ever for what it left. */
#define CLEAN_BEHIND_CANCEL_MS 5000

#define NAME_GROUP_SQL "SELECT pg_catalog.set_config('sealift.group', $1, true)"

static bool begin(PgSession *session, RecordDurability durability, Error *err)
{
    return durability == RECORD_DURABLE
               ? ledger_begin_durable(session, err)
               : pg_script(session, "BEGIN", err) &&
                     pg_script(session, "SET LOCAL synchronous_commit = off", err);
}

static bool insert(StepQueue *queue, const JournalRow *row, const RunPart *part, Error *err)
{
    const RunTask *task = &queue->tasks->items[part->task];
    PgValue values[JOURNAL_VALUES];
    step_queue_row_values(queue, row, values);
    if (!pg_query_qualified(queue->session, NAME_GROUP_SQL, PG_VALUES(pg_int(row->number)),
                            PG_ONE_ROW, NULL, err) ||
        !pg_query_qualified(queue->session, SQL_ledger_insert_journal, values, JOURNAL_VALUES,
                            PG_COMMAND, NULL, err))
        return false;
    bool done =
        row->kind == JOURNAL_VERIFIED ? strcmp(row->result, JOURNAL_PASSED) == 0 : row->complete;
    if (!part->ends_version || !done)
        return true;
    return pg_query_qualified(queue->session, SQL_ledger_insert_version,
                              PG_VALUES(pg_int(row->number), pg_int(run_task_position_after(task)),
                                        pg_text(task->version->name),
                                        pg_digest(&task->version->tree_digest),
                                        pg_digest(&task->head_digest)),
                              PG_COMMAND, /* ret_result= */ NULL, err);
}

bool step_alone_record(StepQueue *queue, const RunPart *part, JournalKind kind, const char *result,
                       const char *words, int64_t attempt, RecordDurability durability, Error *err)
{
    JournalChain before = queue->chain;
    JournalRow row = step_queue_row(queue, part, kind, result, attempt);
    if (words) {
        queue->chain = before;
        row.words = (char *)(uintptr_t)words;
        journal_chain_append(&queue->chain, &row);
    }
    if (begin(queue->session, durability, err) && insert(queue, &row, part, err)) {
        bool durable = durability == RECORD_DURABLE;
        if (durable ? ledger_commit_durable(queue->session, err)
                    : pg_script(queue->session, "COMMIT", err))
            return true;
        /* committed, if not confirmed: the chain has moved on */
        if (err->class == ERROR_UNSETTLED)
            return error_wrap(err, "writing the journal");
    }
    queue->chain = before;
    error_wrap(err, "writing the journal");
    CLEANUP(error_done) Error ignored = {0};
    if (!pg_session_is_lost(queue->session))
        (void)!pg_script(queue->session, "ROLLBACK", &ignored);
    return false;
}

bool step_alone_intend(StepQueue *queue, const RunPart *part, const char *look, const char *words,
                       int64_t attempt, Error *err)
{
    CLEANUP(error_done) Error ignored = {0};
    if (step_alone_record(queue, part, JOURNAL_INTENT, look, words, attempt, RECORD_DURABLE, err))
        return true;
    if (err->class == ERROR_UNSETTLED && !pg_session_is_lost(queue->session))
        queue->not_begun =
            step_alone_record(queue, part, JOURNAL_OUTCOME, JOURNAL_FAILED,
                              "not begun: no synchronous standby confirmed the intent", attempt,
                              RECORD_LAZY, &ignored);
    return false;
}

/* --- the statement --------------------------------------------------------------------------- */

static bool set_timeouts(StepQueue *queue, const RunTask *task, const Probe *probe, Error *err)
{
    const ManifestMigration *migration = task->migration;
    char sql[128];
    int64_t lock = migration->lock_timeout_ms, statement = migration->statement_timeout_ms;
    if (probe_waits_freely(probe->kind))
        lock = statement = 0;
    snprintf(sql, sizeof(sql), "SET lock_timeout = %" PRId64, lock);
    if (lock >= 0 && !pg_script(queue->session, sql, err))
        return false;
    snprintf(sql, sizeof(sql), "SET statement_timeout = %" PRId64, statement);
    return statement < 0 || pg_script(queue->session, sql, err);
}

/* Run one statement of the migration and drop its rows; an error goes to the pipeline. */
static bool run_statement(StepQueue *queue, const PipelineEntry *entry, const char *sql, Error *err)
{
    PGconn *connection = queue->session->connection;
    if (!PQsendQueryParams(connection, sql, 0, NULL, NULL, NULL, NULL, 0))
        return pg_session_lost_error(queue->session, "running a step", err);
    PQsetSingleRowMode(connection);
    queue->alone_begun_ms = clock_monotonic_ms();
    PGresult *result;
    while ((result = pg_wait_result(queue->session))) {
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_FATAL_ERROR && !pg_session_is_lost(queue->session)) {
            step_pipeline_fail(queue->pipeline, entry, result);
            continue;
        }
        PQclear(result);
        if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH)
            return error_set(err, ERROR_INPUT,
                             "a step began a COPY that the bundle does not "
                             "announce");
    }
    queue->alone_begun_ms = 0;
    return !pg_session_is_lost(queue->session) ||
           pg_session_lost_error(queue->session, "running a step outside transactions", err);
}

static bool replay_settings(StepQueue *queue, const RunPart *part, PipelineEntry entry, Error *err)
{
    const RunTask *task = &queue->tasks->items[part->task];
    const ManifestScript *script = run_task_script(task);
    if (!step_queue_replays(queue, part))
        return true;
    for (size_t i = 0; i < script->groups.items[part->group].first_step; i++) {
        CLEANUP(memory_freep) char *sql = NULL;
        if (!script->steps.items[i].session_state)
            continue;
        entry.step = i;
        if (!step_queue_statement(queue, task, entry.script, i, &sql, err) ||
            !run_statement(queue, &entry, sql, err))
            return false;
    }
    return true;
}

/* A statement that "succeeded" while the index it means is INVALID: IF NOT EXISTS found the rest of
 * somebody's failed attempt. */
static bool check_index(StepQueue *queue, const PipelineEntry *entry, const Probe *probe,
                        bool *ret_invalid, Error *err)
{
    ProbeLook now = LOOK_UNKNOWN;
    *ret_invalid = false;
    if (probe->kind != PROBE_INDEX_PRESENT ||
        step_pipeline_failure(queue->pipeline, /* ret_result= */ NULL))
        return true;
    if (!probe_look(queue->session, probe, &now, /* names= */ NULL, err))
        return false;
    *ret_invalid = now == LOOK_INVALID;
    if (*ret_invalid)
        step_pipeline_fail(queue->pipeline, entry, /* result= */ NULL);
    return true;
}

/* Remove what is ours, a few times where somebody's lock is in the way: a partition that is being
 * detached waits for its readers. *ret_clean false: it is still there, for resume to remove. */
static bool clean(StepQueue *queue, const Probe *probe, ProbeLook before, const char *names_before,
                  bool *ret_clean, Error *err)
{
    bool cancelled = strcmp(step_failure_code(queue->pipeline), "57014") == 0;
    int64_t limit_ms = cancelled ? CLEAN_BEHIND_CANCEL_MS : queue->step_limit_ms;
    for (int attempt = 1;; attempt++) {
        CLEANUP(error_done) Error failure = {0};
        *ret_clean = probe_clean(queue->session, probe, before, names_before, limit_ms, &failure);
        if (pg_session_is_lost(queue->session))
            return pg_session_lost_error(queue->session, "removing what a broken step left", err);
        if (*ret_clean || !retry_policy_is_retryable(failure.code) || interrupt_count() > 0 ||
            attempt == CLEAN_ATTEMPTS)
            return true;
        retry_policy_sleep(
            retry_policy_delay_ms(attempt, RETRY_FIRST_MS, RETRY_MOST_MS, retry_policy_random()));
    }
}

/* A detaching that was begun before its failure is done once it is finalized: it cannot be begun
 * again. */
static bool is_done_after_all(StepQueue *queue, const Probe *probe, ProbeLook before,
                              bool *ret_done, Error *err)
{
    ProbeLook now = LOOK_UNKNOWN;
    *ret_done = false;
    if (probe->kind != PROBE_DETACH)
        return true;
    if (!probe_look(queue->session, probe, &now, /* names= */ NULL, err))
        return false;
    *ret_done = probe_decide(probe->kind, before, now) == VERDICT_IS_DONE;
    if (*ret_done)
        step_pipeline_forget_failure(queue->pipeline);
    return true;
}

/* After a failure: remove what is ours, and record it, so that nothing is unsettled. ALONE_DONE is
 * for the caller to record. */
static bool settle_failure(StepQueue *queue, const RunPart *part, const RunUnit *unit,
                           const Probe *probe, ProbeLook before, const char *names_before,
                           AloneEnd *ret_end, Error *err)
{
    const PGresult *failure = NULL;
    (void)step_pipeline_failure(queue->pipeline, &failure);
    const char *code = failure ? PQresultErrorField(failure, PG_DIAG_SQLSTATE) : NULL;
    bool cleaned = false, done = false;
    *ret_end = ALONE_UNSETTLED;
    if (probe->kind == PROBE_NONE)
        return true;
    if (!pg_script(queue->session, "RESET lock_timeout; RESET statement_timeout", err) ||
        !clean(queue, probe, before, names_before, &cleaned, err))
        return false;
    if (!cleaned)
        return true;
    if (!is_done_after_all(queue, probe, before, &done, err))
        return false;
    *ret_end = done ? ALONE_DONE : ALONE_FAILED;
    return done || step_alone_record(queue, part, JOURNAL_OUTCOME, JOURNAL_FAILED, code,
                                     unit->attempt, RECORD_LAZY, err);
}

static bool run_between(StepQueue *queue, const RunPart *part, PipelineEntry *entry,
                        const Probe *probe, Error *err)
{
    const RunTask *task = &queue->tasks->items[part->task];
    const RunStep step = {.task = task, .script = entry->script, .step = entry->step};
    CLEANUP(memory_freep) char *sql = NULL;
    bool invalid = false;
    if (!replay_settings(queue, part, *entry, err) ||
        !step_queue_statement(queue, task, entry->script, entry->step, &sql, err) ||
        !step_queue_observe_step(queue, OBSERVE_STEP_BEGINS, &step, err) ||
        !set_timeouts(queue, task, probe, err) || !run_statement(queue, entry, sql, err) ||
        !check_index(queue, entry, probe, &invalid, err) ||
        !step_queue_observe_step(queue, OBSERVE_STEP_ENDS, &step, err))
        return false;
    return invalid || pg_script(queue->session, "RESET lock_timeout; RESET statement_timeout", err);
}

bool step_alone_run(StepQueue *queue, size_t index, AloneEnd *ret_end, Error *err)
{
    const RunUnit *unit = &queue->units->units.items[index];
    const RunPart *part = &queue->units->parts.items[unit->first_part];
    const RunTask *task = &queue->tasks->items[part->task];
    const ManifestScript *script = run_task_script(task);
    PipelineEntry entry = {.kind = ENTRY_STEP,
                           .unit = index,
                           .part = unit->first_part,
                           .script = step_queue_script_of(unit, task),
                           .step = script->groups.items[part->group].first_step};
    const Probe *probe = &script->steps.items[entry.step].probe;
    ProbeLook before;
    CLEANUP(text_done) Text names = {0};
    queue->single = entry;
    if (!step_queue_set_path(queue, part->task, err) ||
        !probe_look(queue->session, probe, &before, &names, err) ||
        !step_alone_intend(queue, part, probe_look_name(before), text_string(&names), unit->attempt,
                           err) ||
        !run_between(queue, part, &entry, probe, err))
        return false;
    *ret_end = ALONE_DONE;
    if (step_pipeline_failure(queue->pipeline, /* ret_result= */ NULL) &&
        !settle_failure(queue, part, unit, probe, before, text_string(&names), ret_end, err))
        return false;
    if (*ret_end != ALONE_DONE)
        return true;
    queue->flows = true;
    queue->flow_task = part->task;
    queue->flow_group = part->group + 1;
    return step_alone_record(queue, part, JOURNAL_OUTCOME,
                             part->completes && run_task_verifies(task) ? JOURNAL_UNVERIFIED
                                                                        : JOURNAL_DONE,
                             /* words= */ NULL, unit->attempt, RECORD_LAZY, err);
}
