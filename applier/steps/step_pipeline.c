#include "applier/steps/step_pipeline.h"

#include <sys/socket.h>

#include "applier/server/pg_wait.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/memory.h"

#define BOOLEAN_OID 16 /* pg_type's, the same on every server */

struct StepPipeline {
    PgSession *session;
    PipelineDone done;
    void *context;
    ARRAY_OF(PipelineEntry) entries; /* queued and not yet answered: [first, count) */
    size_t first;
    size_t bytes;         /* of entries */
    size_t units;         /* queued, whose closing entry is still out */
    size_t units_unasked; /* queued since the last request for answers */
    size_t bytes_unasked;
    PipelineAnswer answer; /* of the first entry so far */
    bool answered;         /* the first entry has had its result; its terminator is due */
    bool has_failure;
    PipelineEntry failed;
    PGresult *failure; /* owned; NULL where the failure is a tag */
    int64_t turns;
};

StepPipeline *step_pipeline_new(PgSession *session, PipelineDone done, void *context)
{
    StepPipeline *pipeline = memory_new(StepPipeline);
    pipeline->session = session;
    pipeline->done = done;
    pipeline->context = context;
    return pipeline;
}

void step_pipeline_free(StepPipeline *pipeline)
{
    if (!pipeline)
        return;
    array_free(&pipeline->entries);
    PQclear(pipeline->failure);
    free(pipeline);
}

static bool lost(StepPipeline *pipeline, Error *err)
{
    return pg_session_lost_error(pipeline->session, "running the steps", err);
}

/* --- queueing -------------------------------------------------------------------------------- */

static bool enter(StepPipeline *pipeline, Error *err)
{
    PGconn *connection = pipeline->session->connection;
    if (PQpipelineStatus(connection) != PQ_PIPELINE_OFF)
        return true;
    if (PQsetnonblocking(connection, 1) != 0 || !PQenterPipelineMode(connection))
        return lost(pipeline, err);
    return true;
}

static void remember(StepPipeline *pipeline, const PipelineEntry *entry, const char *sql,
                     size_t bytes)
{
    PipelineEntry *queued = array_add(&pipeline->entries);
    *queued = *entry;
    queued->bytes = bytes;
    size_t length = strnlen(sql, sizeof(queued->start) - 1);
    memcpy(queued->start, sql, length);
    queued->start[length] = '\0';
    pipeline->bytes += bytes;
    pipeline->bytes_unasked += bytes;
}

bool step_pipeline_send(StepPipeline *pipeline, const PipelineEntry *entry, const char *sql,
                        const PgValue *values, size_t count, Error *err)
{
    if (pipeline->has_failure)
        return true;
    if (!enter(pipeline, err))
        return false;
    PgParameters parameters;
    pg_parameters_fill(values, count, &parameters);
    if (!PQsendQueryParams(pipeline->session->connection, sql, (int)count, /* types= */ NULL,
                           parameters.values, parameters.lengths, parameters.formats,
                           /* resultFormat= */ 0))
        return lost(pipeline, err);
    remember(pipeline, entry, sql, strlen(sql) + 64);
    return true;
}

bool step_pipeline_send_prepared(StepPipeline *pipeline, const PipelineEntry *entry,
                                 const char *name, const PgValue *values, size_t count, Error *err)
{
    if (pipeline->has_failure)
        return true;
    if (!enter(pipeline, err))
        return false;
    PgParameters parameters;
    pg_parameters_fill(values, count, &parameters);
    if (!PQsendQueryPrepared(pipeline->session->connection, name, (int)count, parameters.values,
                             parameters.lengths, parameters.formats, /* resultFormat= */ 0))
        return lost(pipeline, err);
    remember(pipeline, entry, /* sql= */ "", 64 + count * 16);
    return true;
}

bool step_pipeline_send_prepare(StepPipeline *pipeline, const PipelineEntry *entry,
                                const char *name, const char *sql, Error *err)
{
    if (pipeline->has_failure)
        return true;
    if (!enter(pipeline, err))
        return false;
    if (!PQsendPrepare(pipeline->session->connection, name, sql, 0, /* types= */ NULL))
        return lost(pipeline, err);
    remember(pipeline, entry, /* sql= */ "", strlen(sql) + 64);
    return true;
}

/* --- answers --------------------------------------------------------------------------------- */

void step_pipeline_fail(StepPipeline *pipeline, const PipelineEntry *entry, PGresult *result)
{
    if (pipeline->has_failure) {
        PQclear(result);
        return;
    }
    pipeline->has_failure = true;
    pipeline->failed = *entry;
    pipeline->failure = result;
}

static void pop(StepPipeline *pipeline)
{
    const PipelineEntry *entry = &pipeline->entries.items[pipeline->first];
    pipeline->bytes -= entry->bytes;
    if (entry->closes_unit)
        pipeline->units--;
    pipeline->first++;
    pipeline->answer = (PipelineAnswer){0};
    pipeline->answered = false;
    size_t left = pipeline->entries.count - pipeline->first;
    if (left > 0 && pipeline->first < 1024)
        return;
    memmove(pipeline->entries.items, pipeline->entries.items + pipeline->first,
            left * sizeof(*pipeline->entries.items));
    pipeline->first = 0;
    pipeline->entries.count = left;
}

static void note_answer(StepPipeline *pipeline, const PGresult *result)
{
    PipelineAnswer *answer = &pipeline->answer;
    if (answer->rows == 0) {
        answer->is_boolean = PQnfields(result) == 1 && PQftype(result, 0) == BOOLEAN_OID;
        answer->is_true =
            answer->is_boolean && PQntuples(result) > 0 && PQgetvalue(result, 0, 0)[0] == 't';
    }
    answer->rows += PQntuples(result);
}

PipelineAnswer step_pipeline_answer(const StepPipeline *pipeline)
{
    return pipeline->answer;
}

typedef enum { ANSWER_MORE, ANSWER_ENDS_ENTRY, ANSWER_IMPOSSIBLE } Answer;

static Answer take_answer(StepPipeline *pipeline, PGresult *result)
{
    const PipelineEntry *entry = &pipeline->entries.items[pipeline->first];
    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
        note_answer(pipeline, result);
        break;
    case PGRES_EMPTY_QUERY:
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        note_answer(pipeline, result);
        if (!pipeline->has_failure)
            pipeline->done(pipeline->context, entry, result);
        break;
    case PGRES_FATAL_ERROR:
        step_pipeline_fail(pipeline, entry, result);
        return ANSWER_MORE;
    case PGRES_PIPELINE_ABORTED:
        break;
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        return entry->kind == ENTRY_SYNC ? ANSWER_ENDS_ENTRY : ANSWER_IMPOSSIBLE;
    /* A COPY that the plan did not announce: there is no way on from here. */
    case PGRES_COPY_OUT:
    case PGRES_COPY_IN:
    case PGRES_COPY_BOTH:
    case PGRES_BAD_RESPONSE:
    case PGRES_NONFATAL_ERROR:
        PQclear(result);
        return ANSWER_IMPOSSIBLE;
    }
    PQclear(result);
    return ANSWER_MORE;
}

/* Take every answer that has arrived. false: an answer that must not be. */
static bool take_answers(StepPipeline *pipeline)
{
    PGconn *connection = pipeline->session->connection;
    while (pipeline->first < pipeline->entries.count) {
        PQsetSingleRowMode(connection);
        if (PQisBusy(connection))
            return true;
        PGresult *result = PQgetResult(connection);
        if (!result) {
            /* the terminator of an entry; a second one in a row means that nothing is out */
            if (!pipeline->answered)
                return false;
            pop(pipeline);
            continue;
        }
        pipeline->answered = true;
        Answer answer = take_answer(pipeline, result);
        if (answer == ANSWER_IMPOSSIBLE)
            return false;
        if (answer == ANSWER_ENDS_ENTRY)
            pop(pipeline);
    }
    return true;
}

static bool impossible(StepPipeline *pipeline, Error *err)
{
    if (pg_session_is_lost(pipeline->session))
        return lost(pipeline, err);
    pipeline->session->closed_by_us = true;
    /* closing is the only thing that is sure to end what the server is doing */
    (void)shutdown(PQsocket(pipeline->session->connection), SHUT_RDWR);
    (void)PQconsumeInput(pipeline->session->connection);
    return error_set(err, ERROR_CONNECTION,
                     "the server began a COPY that the bundle does not announce, or answered out "
                     "of order; the connection was closed");
}

typedef enum { UNTIL_ROOM, UNTIL_EMPTY } Until;

static bool is_reached(const StepPipeline *pipeline, Until until)
{
    if (until == UNTIL_EMPTY)
        return pipeline->first == pipeline->entries.count;
    return pipeline->has_failure ||
           (pipeline->units <= PIPELINE_UNITS_MAX / 2 && pipeline->bytes <= PIPELINE_BYTES_MAX / 2);
}

static bool pump(StepPipeline *pipeline, Until until, Error *err)
{
    PGconn *connection = pipeline->session->connection;
    bool waited = false;
    int64_t begun = clock_monotonic_ms();
    for (;;) {
        int unsent = PQflush(connection);
        if (!take_answers(pipeline))
            return impossible(pipeline, err);
        if (unsent < 0 || pg_session_is_lost(pipeline->session))
            return lost(pipeline, err);
        if (is_reached(pipeline, until))
            break;
        waited = true;
        if (!pg_wait(pipeline->session, unsent ? PG_WAIT_READ_AND_WRITE : PG_WAIT_READ, begun)) {
            /* what had arrived before the end still counts */
            (void)take_answers(pipeline);
            return lost(pipeline, err);
        }
    }
    pipeline->turns += waited;
    return true;
}

/* Ask at each half of the window, which lets the server work on one half while the other's answers
 * are read; wait where it is full. */
static bool keep_window(StepPipeline *pipeline, Error *err)
{
    PGconn *connection = pipeline->session->connection;
    if (pipeline->units_unasked >= PIPELINE_UNITS_MAX / 2 ||
        pipeline->bytes_unasked >= PIPELINE_BYTES_MAX / 2) {
        pipeline->units_unasked = pipeline->bytes_unasked = 0;
        if (!PQsendFlushRequest(connection) || PQflush(connection) < 0)
            return lost(pipeline, err);
    }
    if (pipeline->units < PIPELINE_UNITS_MAX && pipeline->bytes < PIPELINE_BYTES_MAX)
        return true;
    return pump(pipeline, UNTIL_ROOM, err);
}

bool step_pipeline_unit_queued(StepPipeline *pipeline, Error *err)
{
    if (pipeline->has_failure)
        return true;
    pipeline->units++;
    pipeline->units_unasked++;
    return keep_window(pipeline, err);
}

bool step_pipeline_statement_queued(StepPipeline *pipeline, Error *err)
{
    return pipeline->has_failure || keep_window(pipeline, err);
}

bool step_pipeline_drain(StepPipeline *pipeline, Error *err)
{
    PGconn *connection = pipeline->session->connection;
    if (PQpipelineStatus(connection) == PQ_PIPELINE_OFF)
        return true;
    if (!PQpipelineSync(connection))
        return lost(pipeline, err);
    remember(pipeline, &(PipelineEntry){.kind = ENTRY_SYNC}, /* sql= */ "", 0);
    pipeline->units_unasked = pipeline->bytes_unasked = 0;
    if (!pump(pipeline, UNTIL_EMPTY, err))
        return false;
    pipeline->units = 0;
    if (!PQexitPipelineMode(connection) || PQsetnonblocking(connection, 0) != 0)
        return lost(pipeline, err);
    return true;
}

static bool begins_so(const PipelineEntry *entry, const char *seen)
{
    size_t most = sizeof(entry->start) - 1;
    return strlen(entry->start) < most ? *seen && strcmp(entry->start, seen) == 0
                                       : strncmp(entry->start, seen, most) == 0;
}

const PipelineEntry *step_pipeline_running(const StepPipeline *pipeline, const char *seen)
{
    if (pipeline->first == pipeline->entries.count)
        return NULL;
    for (size_t i = pipeline->first; seen && i < pipeline->entries.count; i++)
        if (begins_so(&pipeline->entries.items[i], seen))
            return &pipeline->entries.items[i];
    return &pipeline->entries.items[pipeline->first];
}

size_t step_pipeline_units_out(const StepPipeline *pipeline)
{
    return pipeline->units;
}

bool step_pipeline_is_idle(const StepPipeline *pipeline)
{
    return PQpipelineStatus(pipeline->session->connection) == PQ_PIPELINE_OFF;
}

const PipelineEntry *step_pipeline_failure(const StepPipeline *pipeline,
                                           const PGresult **ret_result)
{
    if (!pipeline->has_failure)
        return NULL;
    if (ret_result)
        *ret_result = pipeline->failure;
    return &pipeline->failed;
}

void step_pipeline_forget_failure(StepPipeline *pipeline)
{
    PQclear(pipeline->failure);
    pipeline->failure = NULL;
    pipeline->has_failure = false;
}

int64_t step_pipeline_turns(const StepPipeline *pipeline)
{
    return pipeline->turns;
}
