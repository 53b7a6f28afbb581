#include "applier/steps/step_batch.h"

#include <inttypes.h>

#include "applier/server/pg_wait.h"
#include "applier/server/retry_policy.h"
#include "applier/sql/batch_queries.h"
#include "applier/sql/ledger_queries.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/memory.h"

#define NAME_GROUP_SQL                                                                             \
    "SELECT pg_catalog.set_config('sealift.group', $1, true),"                                     \
    " pg_catalog.set_config('synchronous_commit', 'off', true)"

void batch_run_done(BatchRun *run)
{
    free(run->progress.cursor);
    *run = (BatchRun){.unit = SIZE_MAX};
}

/* A batch, with what is the same for each of its ranges; the texts are owned. */
typedef struct Loop {
    StepQueue *queue;
    const RunPart *part;
    const RunTask *task;
    const ManifestBatch *batch;
    int64_t attempt;
    PipelineEntry entry; /* the statement's */
    BatchRun *run;
    bool observed;
    char *statement;
    char *first_bounds; /* finds the first range … */
    char *next_bounds;  /* … and the one behind $1 */
} Loop;

static void loop_done(Loop *loop)
{
    free(loop->statement);
    free(loop->first_bounds);
    free(loop->next_bounds);
}

static bool failed(const Loop *loop)
{
    return step_pipeline_failure(loop->queue->pipeline, /* ret_result= */ NULL) != NULL;
}

/* A failure that only we see. */
static bool fail(Loop *loop, const PipelineEntry *entry, const char *why)
{
    loop->queue->trouble = why;
    step_pipeline_fail(loop->queue->pipeline, entry, /* result= */ NULL);
    return true;
}

/* The answer to what was sent; meanwhile a signal finds it running. */
static PGresult *wait_for(Loop *loop)
{
    loop->queue->single_runs = true;
    PGresult *result = pg_wait_last_result(loop->queue->session);
    loop->queue->single_runs = false;
    return result;
}

/* Run one statement in its place, unless something failed already. What the server has against it
 * becomes a failure of `entry`, and there is no result then. `ret_result` may be NULL. */
static bool run_one(Loop *loop, const PipelineEntry *entry, const char *sql, const PgValue *values,
                    size_t count, PGresult **ret_result, Error *err)
{
    PgSession *session = loop->queue->session;
    PgParameters parameters;
    if (failed(loop))
        return true;
    pg_parameters_fill(values, count, &parameters);
    loop->queue->single = *entry;
    if (!PQsendQueryParams(session->connection, sql, (int)count, /* paramTypes= */ NULL,
                           parameters.values, parameters.lengths, parameters.formats,
                           /* resultFormat= */ 0))
        return pg_session_lost_error(session, "running a batch", err);
    CLEANUP(pg_result_freep) PGresult *result = wait_for(loop);
    ExecStatusType status = PQresultStatus(result);
    if (pg_session_is_lost(session) || status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
        status == PGRES_COPY_BOTH)
        return pg_session_lost_error(session, "running a batch", err);
    if (status == PGRES_FATAL_ERROR)
        step_pipeline_fail(loop->queue->pipeline, entry, TAKE_PTR(result));
    else if (ret_result)
        *ret_result = TAKE_PTR(result);
    return true;
}

static bool run_plain(Loop *loop, PipelineEntry entry, EntryKind kind, const char *sql, Error *err)
{
    entry.kind = kind;
    return run_one(loop, &entry, sql, PG_NO_VALUES, /* ret_result= */ NULL, err);
}

/* --- what it goes through -------------------------------------------------------------------- */

static bool check_nulls(Loop *loop, const char *sql, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!run_one(loop, &loop->entry, sql, PG_NO_VALUES, &row, err))
        return false;
    return !row || !pg_result_bool(row, 0, 0) ||
           fail(loop, &loop->entry,
                "the table has rows whose key is null, which no range would hold");
}

/* The server reads the statement here, also where there is no row that it would be run for. */
static bool check_statement(Loop *loop, Error *err)
{
    PgSession *session = loop->queue->session;
    if (failed(loop))
        return true;
    loop->queue->single = loop->entry;
    if (!PQsendPrepare(session->connection, "", loop->statement, 0, /* paramTypes= */ NULL))
        return pg_session_lost_error(session, "running a batch", err);
    CLEANUP(pg_result_freep) PGresult *result = wait_for(loop);
    if (pg_session_is_lost(session))
        return pg_session_lost_error(session, "running a batch", err);
    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        step_pipeline_fail(loop->queue->pipeline, &loop->entry, TAKE_PTR(result));
    return true;
}

static bool look_at_subject(Loop *loop, Error *err)
{
    const ManifestBatch *batch = loop->batch;
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!run_one(loop, &loop->entry, SQL_batch_subject,
                 PG_VALUES(pg_text(batch->table_schema), pg_text(batch->table), pg_text(batch->key),
                           pg_int(batch->size)),
                 &row, err))
        return false;
    if (!row)
        return true;
    if (PQntuples(row) != 1)
        return fail(loop, &loop->entry, "there is no such table, or no such column to go by");
    if (!pg_result_bool(row, 0, 4))
        return fail(loop, &loop->entry,
                    "no btree index leads with the key: each range would read the whole table");
    loop->first_bounds = memory_string(pg_result_text(row, 0, 0));
    loop->next_bounds = memory_string(pg_result_text(row, 0, 1));
    loop->run->rows_total = pg_result_int(row, 0, 5);
    return (!pg_result_bool(row, 0, 3) || check_nulls(loop, pg_result_text(row, 0, 2), err)) &&
           check_statement(loop, err);
}

/* --- a range --------------------------------------------------------------------------------- */

/* The migration's own timeouts hold within the transaction. */
static bool begin(Loop *loop, Error *err)
{
    const ManifestMigration *migration = loop->task->migration;
    PipelineEntry open = loop->entry;
    char sql[64];
    open.kind = ENTRY_OPEN;
    if (!run_plain(loop, loop->entry, ENTRY_BEGIN, "BEGIN", err) ||
        !run_one(loop, &open, NAME_GROUP_SQL, PG_VALUES(pg_int(loop->queue->chain.next)),
                 /* ret_result= */ NULL, err))
        return false;
    snprintf(sql, sizeof(sql), "SET LOCAL lock_timeout = %" PRId64, migration->lock_timeout_ms);
    if (migration->lock_timeout_ms >= 0 && !run_plain(loop, open, ENTRY_OURS, sql, err))
        return false;
    snprintf(sql, sizeof(sql), "SET LOCAL statement_timeout = %" PRId64,
             migration->statement_timeout_ms);
    return migration->statement_timeout_ms < 0 || run_plain(loop, open, ENTRY_OURS, sql, err);
}

/* The first and the last key of the next range; no result where the table has no key behind. */
static bool find_range(Loop *loop, PGresult **ret_bounds, Error *err)
{
    const char *cursor = loop->run->progress.cursor;
    const PgValue behind = pg_text(cursor);
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!run_one(loop, &loop->entry, cursor ? loop->next_bounds : loop->first_bounds, &behind,
                 cursor ? 1 : 0, &row, err))
        return false;
    if (row && !PQgetisnull(row, 0, 0))
        *ret_bounds = TAKE_PTR(row);
    return true;
}

static bool observe(Loop *loop, ObserveStep which, Error *err)
{
    const RunStep step = {.task = loop->task,
                          .script = loop->entry.script,
                          .step = loop->entry.step,
                          .in_transaction = true};
    return loop->observed || failed(loop) ||
           step_queue_observe_step(loop->queue, which, &step, err);
}

/* The statement; *ret_rows says how many rows it changed. An observer sees the first range only:
 * the others do the same. */
static bool run_statement(Loop *loop, const PGresult *bounds, char *ret_rows, size_t size,
                          Error *err)
{
    CLEANUP(pg_result_freep) PGresult *result = NULL;
    const PgValue first = pg_text(pg_result_text(bounds, 0, 0));
    const PgValue last = pg_text(pg_result_text(bounds, 0, 1));
    if (!observe(loop, OBSERVE_STEP_BEGINS, err) ||
        !run_one(loop, &loop->entry, loop->statement, PG_VALUES(first, last), &result, err) ||
        !observe(loop, OBSERVE_STEP_ENDS, err))
        return false;
    loop->observed = true;
    const char *rows = result ? PQcmdTuples(result) : "";
    snprintf(ret_rows, size, "%s", *rows ? rows : "0");
    return true;
}

static bool insert_row(Loop *loop, const char *cursor, const char *rows, Error *err)
{
    StepQueue *queue = loop->queue;
    JournalChain before = queue->chain;
    JournalRow row = step_queue_row(queue, loop->part, JOURNAL_BATCH, rows, loop->attempt);
    queue->chain = before;
    row.words = (char *)(uintptr_t)cursor;
    journal_chain_append(&queue->chain, &row);
    PgValue values[JOURNAL_VALUES];
    step_queue_row_values(queue, &row, values);
    PipelineEntry entry = loop->entry;
    entry.kind = ENTRY_LEDGER;
    return run_one(loop, &entry, SQL_ledger_insert_journal, values, JOURNAL_VALUES,
                   /* ret_result= */ NULL, err);
}

static bool commit(Loop *loop, Error *err)
{
    PipelineEntry entry = loop->entry;
    CLEANUP(pg_result_freep) PGresult *result = NULL;
    entry.kind = ENTRY_COMMIT;
    if (!run_one(loop, &entry, "COMMIT", PG_NO_VALUES, &result, err))
        return false;
    return !result || strcmp(PQcmdStatus(result), "COMMIT") == 0 ||
           fail(loop, &entry, "the server rolled back instead of committing");
}

static void note_range(BatchRun *run, const char *cursor, const char *rows)
{
    BatchProgress *progress = &run->progress;
    free(progress->cursor);
    progress->cursor = memory_string(cursor);
    progress->batches++;
    progress->rows += strtoll(rows, NULL, 10);
}

/* One range, or none where *ret_more becomes false. A failure is in the pipeline. */
static bool run_range(Loop *loop, bool *ret_more, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *bounds = NULL;
    char rows[24];
    *ret_more = false;
    if (!begin(loop, err) || !find_range(loop, &bounds, err))
        return false;
    if (failed(loop))
        return true;
    if (!bounds)
        return run_plain(loop, loop->entry, ENTRY_OURS, "ROLLBACK", err);
    const char *cursor = pg_result_text(bounds, 0, 1);
    if (!run_statement(loop, bounds, rows, sizeof(rows), err) ||
        (!failed(loop) && !insert_row(loop, cursor, rows, err)) || !commit(loop, err))
        return false;
    if (failed(loop))
        return true;
    note_range(loop->run, cursor, rows);
    *ret_more = true;
    return true;
}

/* --- all of them ----------------------------------------------------------------------------- */

static void take_up(BatchRun *run, size_t index, const RunTask *task)
{
    if (run->unit == index)
        return; /* goes on after a range that failed */
    batch_run_done(run);
    *run = (BatchRun){.unit = index, .progress = task->batch};
    run->progress.cursor = memory_string(task->batch.cursor);
}

/* A signal ends it: true where one came. */
static bool pause_between(int64_t pause_ms)
{
    int64_t until = clock_monotonic_ms() + pause_ms;
    for (int64_t left = pause_ms; left > 0 && interrupt_count() == 0;
         left = until - clock_monotonic_ms())
        retry_policy_sleep(left);
    return interrupt_count() > 0;
}

static bool run_ranges(Loop *loop, const BatchWatcher *watcher, BatchEnd *ret_end, Error *err)
{
    for (;;) {
        bool more = false, stop = false;
        if (!run_range(loop, &more, err))
            return false;
        if (failed(loop)) {
            *ret_end = BATCH_FAILED;
            return true;
        }
        if (!more) {
            *ret_end = BATCH_DONE;
            return true;
        }
        if (!watcher->committed(watcher->context, loop->run, &stop, err))
            return false;
        loop->attempt = 1;
        if (!stop && !watcher->hurries)
            stop = pause_between(loop->batch->pause_ms);
        if (stop) {
            *ret_end = BATCH_STOPPED;
            return true;
        }
    }
}

bool step_batch_run(StepQueue *queue, size_t index, BatchRun *run, const BatchWatcher *watcher,
                    BatchEnd *ret_end, Error *err)
{
    const RunUnit *unit = &queue->units->units.items[index];
    const RunPart *part = &queue->units->parts.items[unit->first_part];
    const RunTask *task = &queue->tasks->items[part->task];
    CLEANUP(loop_done)
    Loop loop = {.queue = queue,
                 .part = part,
                 .task = task,
                 .batch = &run_task_script(task)->batch,
                 .attempt = unit->attempt,
                 .entry = {.kind = ENTRY_STEP,
                           .unit = index,
                           .part = unit->first_part,
                           .script = step_queue_script_of(unit, task)},
                 .run = run};
    take_up(run, index, task);
    queue->clean = false;
    *ret_end = BATCH_FAILED;
    if (!step_queue_set_path(queue, part->task, err) ||
        !step_queue_statement(queue, task, loop.entry.script, 0, &loop.statement, err) ||
        !look_at_subject(&loop, err))
        return false;
    return failed(&loop) || run_ranges(&loop, watcher, ret_end, err);
}
