/* COPY … FROM STDIN with an object of the bundle, in a queue whose pipeline stops for it. */
#include "applier/server/pg_wait.h"
#include "applier/steps/step_queue.h"
#include "base/clock.h"
#include "base/memory.h"

#define COPY_PIECE 65536

static bool lost_in_copy(StepQueue *queue, Error *err)
{
    return pg_session_lost_error(queue->session, "sending COPY data", err);
}

/* One piece on its way, without a blind wait: somebody may want to see how far the COPY is. */
static bool put_piece(StepQueue *queue, const char *piece, size_t size, int64_t *told_ms,
                      Error *err)
{
    PgSession *session = queue->session;
    int64_t begun = clock_monotonic_ms();
    int unsent = PQputCopyData(session->connection, piece, (int)size) == 1 ? 1 : -1;
    while (unsent == 1 && (unsent = PQflush(session->connection)) == 1)
        if (!pg_wait(session, PG_WAIT_READ_AND_WRITE, begun))
            return lost_in_copy(queue, err);
    if (unsent < 0)
        return lost_in_copy(queue, err);
    queue->copied_bytes += (int64_t)size;
    queue->copy_bytes += (int64_t)size;
    int64_t now = clock_monotonic_ms();
    if (session->waiting && now - *told_ms >= PG_WAIT_TICK_MS) {
        session->waiting(session->waiting_context, now - begun);
        *told_ms = now;
    }
    return true;
}

/* Object to server in small pieces. An object that does not prove itself ends the COPY with an
 * error, so that the server takes none of it. */
static bool send_data(StepQueue *queue, const RunTask *task, const ManifestObject *object,
                      Error *err)
{
    PGconn *connection = queue->session->connection;
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    CLEANUP(memory_freep) char *piece = memory_zeroed(COPY_PIECE, 1);
    bool good = object_stream_open(task->objects, object, &stream, err);
    int64_t told_ms = clock_monotonic_ms();
    size_t size = 1;
    queue->copy_bytes = 0;
    queue->copy_total_bytes = object->plain_size;
    if (PQsetnonblocking(connection, 1) != 0)
        return lost_in_copy(queue, err);
    while (good && size > 0) {
        good = object_stream_read(stream, piece, COPY_PIECE, &size, err);
        if (good && size && !put_piece(queue, piece, size, &told_ms, err))
            return false;
    }
    good = good && object_stream_finish(stream, err);
    if (PQsetnonblocking(connection, 0) != 0 ||
        PQputCopyEnd(connection, good ? NULL : "the data is not what the bundle says") != 1)
        return good ? lost_in_copy(queue, err) : false;
    return good || error_wrap(err, "reading '%s'", object->path);
}

/* Take the answers of one statement run alone; the first error, if any, goes to the pipeline. */
static bool end_statement(StepQueue *queue, const PipelineEntry *entry, Error *err)
{
    PGresult *result;
    while ((result = pg_wait_result(queue->session))) {
        if (PQresultStatus(result) == PGRES_FATAL_ERROR)
            step_pipeline_fail(queue->pipeline, entry, result);
        else
            PQclear(result);
    }
    return !pg_session_is_lost(queue->session) || lost_in_copy(queue, err);
}

static bool run_copy(StepQueue *queue, const PipelineEntry *entry, const RunTask *task,
                     const char *sql, Error *err)
{
    PGconn *connection = queue->session->connection;
    const ManifestStep *step = &task->migration->scripts[entry->script].steps.items[entry->step];
    if (!PQsendQueryParams(connection, sql, 0, NULL, NULL, NULL, NULL, 0))
        return lost_in_copy(queue, err);
    PGresult *result = pg_wait_result(queue->session);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COPY_IN) {
        if (status != PGRES_FATAL_ERROR) {
            PQclear(result);
            return error_set(err, ERROR_INPUT,
                             "statement %zu of migration '%s' is no COPY FROM "
                             "STDIN, as the manifest says",
                             entry->step + 1, task->migration->identity);
        }
        step_pipeline_fail(queue->pipeline, entry, result);
        return end_statement(queue, entry, err);
    }
    PQclear(result);
    bool good = send_data(queue, task, &task->manifest->objects.items[step->data_object], err);
    CLEANUP(error_done) Error ending = {0};
    bool ended = end_statement(queue, entry, good ? err : &ending);
    queue->copy_total_bytes = 0;
    return ended && good;
}

bool step_queue_copy(StepQueue *queue, const PipelineEntry *entry, const RunTask *task,
                     const char *sql, Error *err)
{
    if (!step_pipeline_drain(queue->pipeline, err))
        return false;
    if (step_pipeline_failure(queue->pipeline, /* ret_result= */ NULL))
        return true;
    queue->single = *entry;
    queue->single_runs = true;
    bool good = run_copy(queue, entry, task, sql, err);
    queue->single_runs = false;
    return good;
}
