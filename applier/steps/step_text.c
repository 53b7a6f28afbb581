/* The text of a script's statements, read from the bundle as they are queued. */
#include <inttypes.h>

#include "applier/steps/step_queue.h"
#include "base/memory.h"
#include "bundles/parameter_value.h"

static bool stand_at(StepQueue *queue, const RunTask *task, const ManifestObject *object,
                     int64_t offset, Error *err)
{
    if (queue->stream_object == object && queue->stream_at <= offset)
        return true;
    step_queue_done(queue);
    queue->stream_object = NULL;
    if (!object_stream_open(task->objects, object, &queue->stream, err))
        return false;
    queue->stream_object = object;
    queue->stream_at = 0;
    return true;
}

static const ManifestScript *script_of(const RunTask *task, ScriptKind kind)
{
    return &task->migration->scripts[kind];
}

bool step_queue_read(StepQueue *queue, const RunTask *task, ScriptKind kind, int64_t offset,
                     char *bytes, size_t length, Error *err)
{
    const ManifestObject *object = &task->manifest->objects.items[script_of(task, kind)->object];
    if (!stand_at(queue, task, object, offset, err))
        return error_wrap(err, "reading '%s'", object->path);
    if (!object_stream_read_range(queue->stream, offset, bytes, length, err)) {
        queue->stream_object = NULL;
        return error_wrap(err, "reading '%s'", object->path);
    }
    queue->stream_at = offset + (int64_t)length;
    return true;
}

/* As it stands in the object. */
static bool read_statement(StepQueue *queue, const RunTask *task, ScriptKind kind, size_t index,
                           char **ret_text, Error *err)
{
    const ManifestScript *script = script_of(task, kind);
    const ManifestStep *step = &script->steps.items[index];
    size_t length = (size_t)step->length;
    CLEANUP(memory_freep) char *text = memory_zeroed(length + 1, 1);
    if (!step_queue_read(queue, task, kind, step->offset, text, length, err))
        return false;
    if (memchr(text, '\0', length))
        return error_set(err, ERROR_INPUT, "'%s' holds a NUL byte in statement %" PRId64,
                         task->manifest->objects.items[script->object].path,
                         manifest_statement_number(script, index));
    *ret_text = TAKE_PTR(text);
    return true;
}

static bool with_values(StepQueue *queue, const RunTask *task, ScriptKind kind, size_t index,
                        ParameterPlaces places, char **ret_text, Error *err)
{
    const ManifestScript *script = script_of(task, kind);
    CLEANUP(memory_freep) char *text = NULL;
    CLEANUP(text_done) Text sent = {0};
    size_t count = 0;
    if (!read_statement(queue, task, kind, index, &text, err))
        return false;
    (void)parameter_references(script, index, &count);
    if (!count) {
        *ret_text = TAKE_PTR(text);
        return true;
    }
    size_t length = (size_t)script->steps.items[index].length;
    if (!parameter_substitute(script, index, text, length, task->values, places, &sent, err))
        return error_wrap(err, "statement %" PRId64 " of '%s'",
                          manifest_statement_number(script, index), script->source);
    *ret_text = text_take(&sent);
    return true;
}

bool step_queue_statement(StepQueue *queue, const RunTask *task, ScriptKind kind, size_t index,
                          char **ret_text, Error *err)
{
    return with_values(queue, task, kind, index, PARAMETER_ALL_PLACES, ret_text, err);
}

bool step_queue_statement_shown(StepQueue *queue, const RunTask *task, ScriptKind kind,
                                size_t index, char **ret_text, Error *err)
{
    return with_values(queue, task, kind, index, PARAMETER_IDENTIFIER_PLACES, ret_text, err);
}

bool step_queue_finish_script(StepQueue *queue, const RunTask *task, ScriptKind kind, Error *err)
{
    const ManifestScript *script = script_of(task, kind);
    if (!script->present)
        return true;
    const ManifestObject *object = &task->manifest->objects.items[script->object];
    /* the stream that is open, wherever it stands, or a new one */
    bool good = stand_at(queue, task, object, INT64_MAX, err);
    good = good && object_stream_finish(queue->stream, err);
    step_queue_done(queue);
    queue->stream_object = NULL;
    return good || error_wrap(err, "checking '%s'", object->path);
}
