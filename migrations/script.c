#include "migrations/script.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "migrations/client_copy.h"
#include "migrations/script_directives.h"

#define PIECE_SIZE (64 * 1024)

typedef struct Reading {
    const char *path;
    const char *name;
    const ScriptSink *sink;
    Script *script;
    int64_t shift; /* an offset in the shipped text minus the same place's in the canonical text */
    bool data_open;
} Reading;

void script_done(Script *script)
{
    script_directives_done(&script->directives);
    array_free(&script->statements);
    *script = (Script){0};
}

static bool at_line(const Reading *reading, int64_t line, Error *err)
{
    return error_wrap(err, "%s:%" PRId64, reading->name, line);
}

/* -- the sink -- */

static bool ship(Reading *reading, const void *bytes, size_t size, Error *err)
{
    reading->script->shipped_size += (int64_t)size;
    return !reading->sink->sql || reading->sink->sql(reading->sink->context, bytes, size, err);
}

static bool begin_data(const Reading *reading, Error *err)
{
    return !reading->sink->data_begin || reading->sink->data_begin(reading->sink->context, err);
}

static bool give_data(const Reading *reading, const void *bytes, size_t size, Error *err)
{
    return !reading->sink->data || reading->sink->data(reading->sink->context, bytes, size, err);
}

static bool end_data(const Reading *reading, Error *err)
{
    return !reading->sink->data_end || reading->sink->data_end(reading->sink->context, err);
}

/* -- statements -- */

/* The first words, without anything that may be data: strings and numbers end it. */
static void summarize(const SplitStatement *split, char *summary, size_t size)
{
    static const char more[] = "…";
    size_t length = 0;
    size_t most = size - sizeof more - 1;
    bool glue = true;
    size_t i = 0;
    for (; i < split->word_count; i++) {
        const SplitterWord *word = &split->words[i];
        bool name = word->kind == WORD_KEYWORD || word->kind == WORD_QUOTED;
        bool dot = word->kind == WORD_PUNCTUATION && strcmp(word->text, ".") == 0;
        if (!name && !dot)
            break;
        CLEANUP(memory_freep)
        char *shown = text_printable(word->text, strlen(word->text), SPLITTER_WORD_SIZE_MAX);
        size_t wanted = strlen(shown) + !(glue || dot);
        if (length + wanted > most)
            break;
        if (!(glue || dot))
            summary[length++] = ' ';
        memcpy(summary + length, shown, strlen(shown));
        length += strlen(shown);
        glue = dot;
    }
    if (i < split->word_count || split->words_cut) {
        if (length)
            summary[length++] = ' ';
        memcpy(summary + length, more, strlen(more));
        length += strlen(more);
    }
    summary[length] = '\0';
}

static bool add_statement(Reading *reading, const SplitStatement *split, int64_t offset,
                          int64_t line, Error *err)
{
    if (split->length > SCRIPT_STATEMENT_SIZE_MAX) {
        error_set(err, ERROR_INPUT, "%s:%" PRId64 ": a statement of %" PRId64 " bytes",
                  reading->name, line, split->length);
        return error_hint(err, "at most %" PRId64 " are sent at once; load data with COPY",
                          SCRIPT_STATEMENT_SIZE_MAX);
    }
    ScriptStatement *statement = array_add(&reading->script->statements);
    statement->offset = offset;
    statement->length = split->length;
    statement->line = line;
    statement_kind_of(split, &statement->kind);
    statement->data = statement->kind.copy_from_stdin ? reading->script->data_count++ : -1;
    summarize(split, statement->summary, sizeof statement->summary);
    return true;
}

static bool on_statement(void *context, const SplitStatement *split, Error *err)
{
    Reading *reading = context;
    return add_statement(reading, split, split->offset + reading->shift, split->line, err);
}

static bool on_sql(void *context, const void *bytes, size_t size, int64_t offset UNUSED, Error *err)
{
    return ship(context, bytes, size, err);
}

static bool on_copy_data(void *context, const void *bytes, size_t size, int64_t offset, Error *err)
{
    Reading *reading = context;
    if (!reading->data_open && !begin_data(reading, err))
        return false;
    reading->data_open = size > 0;
    if (size)
        return give_data(reading, bytes, size, err);
    reading->shift = reading->script->shipped_size - offset;
    return end_data(reading, err);
}

static bool on_comment(void *context, const char *text, size_t length, int64_t line, Error *err)
{
    Reading *reading = context;
    CLEANUP(memory_freep) char *words = NULL;
    if (!script_directives_in_comment(text, length, &words))
        return true;
    if (reading->script->statements.count)
        return error_set(err, ERROR_INPUT,
                         "%s:%" PRId64 ": a directive must stand before the first statement",
                         reading->name, line);
    if (!script_directives_add(&reading->script->directives, words, line, err))
        return at_line(reading, line, err);
    return true;
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

static bool give_file(const Reading *reading, const char *path, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_folder_of(reading->path);
    CLEANUP(file_closep) int fd = -1;
    if (!client_copy_open(folder, path, &fd, err) || !begin_data(reading, err))
        return false;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    for (;;) {
        size_t size;
        if (!file_read_some(fd, path, bytes, PIECE_SIZE, &size, err))
            return false;
        if (size == 0)
            return end_data(reading, err);
        if (!give_data(reading, bytes, size, err))
            return false;
    }
}

static bool ship_copy(Reading *reading, const ClientCopy *copy, int64_t line, Error *err)
{
    SplitStatement split;
    int64_t offset = reading->script->shipped_size;
    return split_copy(copy->statement, &split, err) &&
           add_statement(reading, &split, offset, line, err) &&
           ship(reading, copy->statement, strlen(copy->statement), err) &&
           give_file(reading, copy->path, err);
}

static bool on_backslash(void *context, const char *text, size_t length, int64_t offset,
                         int64_t line, bool in_statement, Error *err)
{
    Reading *reading = context;
    ClientCommandKind kind;
    CLEANUP(client_copy_done) ClientCopy copy = {0};
    if (!client_command_read(text, length, &kind, &copy, err))
        return at_line(reading, line, err);
    if (in_statement) {
        error_set(err, ERROR_INPUT, "a command of psql in the middle of a statement");
        error_hint(err, "end the statement before it with a semicolon");
        return at_line(reading, line, err);
    }
    if (kind == CLIENT_COMMAND_COPY && !ship_copy(reading, &copy, line, err))
        return at_line(reading, line, err);
    reading->shift = reading->script->shipped_size - (offset + (int64_t)length);
    return true;
}

/* -- canonical text -- */

/* Take out the CR of each CRLF; a CR at the very end waits for what follows. */
static size_t drop_returns(char *bytes, size_t size, bool *return_waits)
{
    size_t kept = 0;
    for (size_t at = 0; at < size;) {
        char *from = bytes + at;
        char *found = memchr(from, '\r', size - at);
        size_t plain = found ? (size_t)(found - from) : size - at;
        memmove(bytes + kept, from, plain);
        kept += plain;
        at += plain;
        if (!found)
            break;
        at++;
        if (at == size)
            *return_waits = true;
        else if (bytes[at] != '\n')
            bytes[kept++] = '\r';
    }
    return kept;
}

/* Fill a piece, or reach the end of the file. */
static bool read_piece(int fd, const char *name, char *bytes, size_t size, size_t *ret_size,
                       Error *err)
{
    size_t have = 0;
    while (have < size) {
        size_t got;
        if (!file_read_some(fd, name, bytes + have, size - have, &got, err))
            return false;
        if (got == 0)
            break;
        have += got;
    }
    *ret_size = have;
    return true;
}

/* Where a range begins and ends in the bytes of a file that come by. */
typedef struct RangeFeed {
    const ScriptRange *range;
    int64_t line; /* of the next byte */
    bool return_waits;
    bool over; /* nothing behind this belongs to the range */
} RangeFeed;

/* The piece of `bytes` that belongs to the range. */
static void cut_range(RangeFeed *feed, char **bytes, size_t *size)
{
    const ScriptRange *range = feed->range;
    char *at = *bytes, *end = at + *size;
    while (at < end && feed->line < range->first) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        feed->line += newline != NULL;
        at = newline ? newline + 1 : end;
    }
    char *begin = at;
    while (range->last && at < end && !feed->over) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
        feed->line += newline != NULL;
        feed->over = newline && feed->line > range->last;
    }
    *bytes = begin;
    *size = (size_t)((range->last ? at : end) - begin);
}

static bool feed_piece(RangeFeed *feed, char *bytes, size_t size, StatementSplitter *splitter,
                       Error *err)
{
    cut_range(feed, &bytes, &size);
    if (size == 0)
        return true;
    if (feed->return_waits && bytes[0] != '\n' && !statement_splitter_feed(splitter, "\r", 1, err))
        return false;
    feed->return_waits = false;
    size_t kept = drop_returns(bytes, size, &feed->return_waits);
    return statement_splitter_feed(splitter, bytes, kept, err);
}

static bool feed_range(int fd, const char *name, const ScriptRange *range,
                       StatementSplitter *splitter, Error *err)
{
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    RangeFeed feed = {.range = range, .line = 1};
    for (bool first = true; !feed.over; first = false) {
        size_t size;
        if (!read_piece(fd, name, bytes, PIECE_SIZE, &size, err))
            return false;
        if (size == 0)
            break;
        size_t mark = first && size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        if (!feed_piece(&feed, bytes + mark, size - mark, splitter, err))
            return false;
    }
    if (feed.return_waits && !statement_splitter_feed(splitter, "\r", 1, err))
        return false;
    return statement_splitter_end(splitter, err);
}

/* A range is a text by itself: its offsets begin anew, its lines are the file's. */
static bool read_range(Reading *reading, const ScriptRange *range, Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    int64_t size;
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter = statement_splitter_new(&(SplitterEvents){
        .name = reading->name,
        .first_line = range->first,
        .statement = on_statement,
        .backslash = on_backslash,
        .comment = on_comment,
        .sql = on_sql,
        .copy_data = on_copy_data,
        .context = reading,
    });
    reading->shift = reading->script->shipped_size;
    return file_open_regular(reading->path, &fd, &size, err) &&
           feed_range(fd, reading->name, range, splitter, err);
}

bool script_read(const ScriptFile *file, const ScriptSink *sink, Script *ret_script, Error *err)
{
    static const ScriptSink nowhere;
    static const ScriptRange whole = {.first = 1};
    CLEANUP(script_done) Script script = {0};
    script_directives_init(&script.directives);
    Reading reading = {file->path, file->name, sink ? sink : &nowhere, &script, 0, false};
    size_t count = file->ranges ? file->ranges->count : 0;
    for (size_t i = 0; i < (count ? count : 1); i++)
        if (!read_range(&reading, count ? &file->ranges->items[i] : &whole, err))
            return false;
    *ret_script = script;
    script = (Script){0};
    return true;
}

/* -- what is added behind it -- */

typedef struct Appending {
    Reading reading;
    int64_t line;
} Appending;

static bool on_appended(void *context, const SplitStatement *split, Error *err)
{
    Appending *appending = context;
    if (!split->has_semicolon)
        return error_set(err, ERROR_INTERNAL, "a statement that is added has no end");
    return add_statement(&appending->reading, split, split->offset + appending->reading.shift,
                         appending->line, err);
}

bool script_append(Script *script, const char *text, int64_t line, const ScriptSink *sink,
                   Error *err)
{
    Appending appending = {
        .reading = {.name = "added", .sink = sink, .script = script, .shift = script->shipped_size},
        .line = line};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter = statement_splitter_new(&(SplitterEvents){
        .name = "added", .statement = on_appended, .sql = on_sql, .context = &appending});
    return statement_splitter_feed(splitter, text, strlen(text), err) &&
           statement_splitter_end(splitter, err);
}
