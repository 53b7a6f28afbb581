#include "migrations/script_reading.h"

#include "base/file.h"
#include "migrations/client_copy.h"

#define COPY_PIECE_SIZE (64 * 1024)

static bool begin_data(const ScriptReading *reading, Error *err)
{
    return !reading->sink->data_begin || reading->sink->data_begin(reading->sink->context, err);
}

static bool give_data(const ScriptReading *reading, const void *bytes, size_t size, Error *err)
{
    return !reading->sink->data || reading->sink->data(reading->sink->context, bytes, size, err);
}

static bool end_data(const ScriptReading *reading, Error *err)
{
    return !reading->sink->data_end || reading->sink->data_end(reading->sink->context, err);
}

/* -- inline -- */

bool script_on_copy_data(void *context, const void *bytes, size_t size, int64_t offset, Error *err)
{
    ScriptReading *reading = context;
    if (!reading->data_open && !begin_data(reading, err))
        return false;
    reading->data_open = size > 0;
    if (size)
        return give_data(reading, bytes, size, err);
    reading->shift = reading->script->shipped_size - offset;
    return end_data(reading, err);
}

/* -- \copy -- */

/* The one statement that a \copy line became. */
typedef struct CopyLine {
    SplitStatement split;
    size_t count;
} CopyLine;

static bool on_copy_statement(void *context, const SplitStatement *split, Error *err UNUSED)
{
    CopyLine *line = context;
    line->split = *split;
    line->count++;
    return true;
}

/* What was put together from the line must be one COPY … FROM STDIN and nothing more. */
static bool split_copy(const char *statement, SplitStatement *ret_split, Error *err)
{
    CopyLine line = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter =
        statement_splitter_new(&(SplitterEvents){.statement = on_copy_statement, .context = &line});
    CLEANUP(error_done) Error ignored = {0};
    if (!statement_splitter_feed(splitter, statement, strlen(statement), &ignored) ||
        !statement_splitter_end(splitter, &ignored) || line.count != 1 ||
        line.split.copy != SPLITTER_COPY_FROM_STDIN || !line.split.has_semicolon)
        return error_set(err, ERROR_INPUT, "\\copy holds more or less than one copy");
    *ret_split = line.split;
    return true;
}

static bool give_file(const ScriptReading *reading, const char *path, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_folder_of(reading->source->path);
    CLEANUP(file_closep) int fd = -1;
    reading->script->file_count++;
    if (!client_copy_open(folder, path, &fd, err) || !begin_data(reading, err))
        return false;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, COPY_PIECE_SIZE);
    for (;;) {
        size_t size;
        if (!file_read_some(fd, path, bytes, COPY_PIECE_SIZE, &size, err))
            return false;
        if (size == 0)
            return end_data(reading, err);
        if (!give_data(reading, bytes, size, err))
            return false;
    }
}

bool script_read_copy(ScriptReading *reading, const char *statement, const char *path, int64_t line,
                      Error *err)
{
    SplitStatement split;
    int64_t offset = reading->script->shipped_size;
    return split_copy(statement, &split, err) &&
           script_add_statement(reading, &split, offset, line, err) &&
           script_ship(reading, statement, strlen(statement), err) &&
           (reading->sink->without_files || give_file(reading, path, err));
}

/* Where psql is not the tool, only these of its commands are known. */
bool script_client_command(ScriptReading *reading, const char *text, size_t length, int64_t line,
                           bool in_statement, Error *err)
{
    ClientCommandKind kind;
    CLEANUP(client_copy_done) ClientCopy copy = {0};
    if (!client_command_read(text, length, &kind, &copy, err))
        return false;
    if (in_statement)
        return client_command_refuse_inside(text, err);
    return kind != CLIENT_COMMAND_COPY ||
           script_read_copy(reading, copy.statement, copy.path, line, err);
}
