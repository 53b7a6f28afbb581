/* Steps that hold many statements, each in a line of its own: one message for each. Read in pieces,
 * so that memory grows with the longest line and not with the step. */
#include <inttypes.h>

#include "applier/steps/step_queue.h"
#include "base/memory.h"

#define LINES_PIECE 65536

/* What a walk over the lines does with one; *ret_enough ends it. */
typedef bool (*LineTaker)(void *context, int64_t row, char *statement, bool *ret_enough,
                          Error *err);

typedef struct LineWalk {
    const ManifestScript *script;
    size_t step;
    LineTaker take;
    void *context;
    Text line; /* as far as it has come */
    int64_t row;
    bool enough;
} LineWalk;

static bool refuse(const LineWalk *walk, Error *err)
{
    return error_set(err, ERROR_INPUT,
                     "line %" PRId64 " of step %zu of '%s' is no statement of its own, as the "
                     "manifest says",
                     walk->row + 1, walk->step + 1, walk->script->source);
}

/* All but the last have their semicolon; the manifest says how many there are. */
static bool end_line(LineWalk *walk, bool last, Error *err)
{
    Text *line = &walk->line;
    bool counted = last == (walk->row + 1 == walk->script->steps.items[walk->step].statements);
    if (!counted || !line->length || memchr(line->bytes, '\0', line->length))
        return refuse(walk, err);
    if (!last && line->bytes[line->length - 1] != ';')
        return refuse(walk, err);
    if (!last)
        line->bytes[line->length - 1] = '\0';
    if (!walk->take(walk->context, walk->row++, line->bytes, &walk->enough, err))
        return false;
    text_clear(line);
    return true;
}

static bool take_piece(LineWalk *walk, const char *bytes, size_t size, Error *err)
{
    for (const char *end = bytes + size; bytes < end && !walk->enough;) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        text_add_n(&walk->line, bytes, (size_t)((newline ? newline : end) - bytes));
        if (newline && !end_line(walk, /* last= */ false, err))
            return false;
        bytes = newline ? newline + 1 : end;
    }
    return true;
}

static bool walk_lines(StepQueue *queue, const RunTask *task, ScriptKind kind, LineWalk *walk,
                       Error *err)
{
    const ManifestStep *step = &walk->script->steps.items[walk->step];
    CLEANUP(memory_freep) char *piece = memory_zeroed(1, LINES_PIECE);
    int64_t at = 0;
    while (at < step->length && !walk->enough) {
        int64_t left = step->length - at;
        size_t size = left < LINES_PIECE ? (size_t)left : LINES_PIECE;
        if (!step_queue_read(queue, task, kind, step->offset + at, piece, size, err) ||
            !take_piece(walk, piece, size, err))
            return false;
        at += (int64_t)size;
    }
    return walk->enough || end_line(walk, /* last= */ true, err);
}

/* --- all of them, to the server -------------------------------------------------------------- */

typedef struct Sending {
    StepQueue *queue;
    PipelineEntry entry;
} Sending;

static bool send_line(void *context, int64_t row, char *statement, bool *ret_enough, Error *err)
{
    Sending *sending = context;
    StepPipeline *pipeline = sending->queue->pipeline;
    sending->entry.row = row;
    if (!step_pipeline_send(pipeline, &sending->entry, statement, PG_NO_VALUES, err) ||
        !step_pipeline_statement_queued(pipeline, err))
        return false;
    *ret_enough = step_pipeline_failure(pipeline, /* ret_result= */ NULL) != NULL;
    return true;
}

bool step_queue_lines(StepQueue *queue, const PipelineEntry *entry, const RunTask *task, Error *err)
{
    Sending sending = {queue, *entry};
    LineWalk walk = {.script = &task->migration->scripts[entry->script],
                     .step = entry->step,
                     .take = send_line,
                     .context = &sending};
    bool good = walk_lines(queue, task, entry->script, &walk, err);
    text_done(&walk.line);
    return good;
}

/* --- one of them ----------------------------------------------------------------------------- */

typedef struct Wanted {
    int64_t row;
    char *text;
} Wanted;

static bool keep_line(void *context, int64_t row, char *statement, bool *ret_enough,
                      Error *err UNUSED)
{
    Wanted *wanted = context;
    if (row != wanted->row)
        return true;
    wanted->text = memory_string(statement);
    *ret_enough = true;
    return true;
}

bool step_queue_line(StepQueue *queue, const RunTask *task, ScriptKind kind, size_t step,
                     int64_t row, char **ret_text, Error *err)
{
    Wanted wanted = {.row = row};
    LineWalk walk = {.script = &task->migration->scripts[kind],
                     .step = step,
                     .take = keep_line,
                     .context = &wanted};
    bool good = walk_lines(queue, task, kind, &walk, err);
    text_done(&walk.line);
    if (good)
        *ret_text = wanted.text;
    return good;
}
