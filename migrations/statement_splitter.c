#include "migrations/statement_splitter.h"

#include <inttypes.h>

#include "base/memory.h"
#include "migrations/splitter_state.h"

bool splitter_refuse(const StatementSplitter *splitter, int64_t line, Error *err, const char *what)
{
    if (splitter->events.name)
        return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": %s", splitter->events.name, line, what);
    return error_set(err, ERROR_INPUT, "line %" PRId64 ": %s", line, what);
}

static bool on_refusal(void *context, int64_t line, const char *what, Error *err)
{
    return splitter_refuse(context, line, err, what);
}

StatementSplitter *statement_splitter_new(const SplitterEvents *events)
{
    StatementSplitter *splitter = memory_new(StatementSplitter);
    splitter->events = *events;
    sql_scanner_init(&splitter->scanner,
                     &(ScannerEvents){
                         .token = splitter_on_token,
                         .refuse = on_refusal,
                         .string_extended = splitter_on_string_extended,
                         .comment = splitter_on_comment,
                         .comment_end = splitter_on_comment_end,
                         .variable = events->variable ? splitter_on_variable : NULL,
                         .backslash = splitter_on_backslash,
                         .context = splitter,
                     });
    if (events->first_line)
        splitter->scanner.line = events->first_line;
    return splitter;
}

void statement_splitter_skip_lines(StatementSplitter *splitter, int64_t lines)
{
    splitter->scanner.line += lines;
}

void statement_splitter_free(StatementSplitter *splitter)
{
    free(splitter);
}

/* -- SQL pieces -- */

bool splitter_give(StatementSplitter *splitter, const char *bytes, int64_t size, Error *err)
{
    int64_t at = splitter->sql_offset;
    splitter->sql_offset += size;
    return size == 0 || !splitter->events.sql ||
           splitter->events.sql(splitter->events.context, bytes, (size_t)size, at, err);
}

bool splitter_give_sql(StatementSplitter *splitter, int64_t offset, Error *err)
{
    int64_t held = splitter->piece_offset - splitter->sql_offset;
    if (held > 0 && splitter->held_length) {
        const char *from = splitter->held + ((int64_t)splitter->held_length - held);
        int64_t wanted = offset - splitter->sql_offset;
        if (!splitter_give(splitter, from, wanted < held ? wanted : held, err))
            return false;
    }
    const char *from = splitter->piece + (splitter->sql_offset - splitter->piece_offset);
    return splitter_give(splitter, from, offset - splitter->sql_offset, err);
}

/* A piece ends: give away what is left of it, but for what may be the beginning of a reference.
 * One that is longer than any name is none. */
static bool end_piece(StatementSplitter *splitter, Error *err)
{
    const SqlScanner *scanner = &splitter->scanner;
    int64_t end = scanner->offset, begin = end;
    if (splitter->mode == FEED_SQL && sql_scanner_in_reference(scanner) &&
        end - scanner->token.offset <= (int64_t)sizeof splitter->held &&
        scanner->token.offset >= splitter->sql_offset)
        begin = scanner->token.offset;
    if (!splitter_give_sql(splitter, begin, err))
        return false;
    int64_t old = splitter->piece_offset > begin ? splitter->piece_offset - begin : 0;
    size_t fresh = (size_t)(end - begin - old);
    memmove(splitter->held, splitter->held + ((int64_t)splitter->held_length - old), (size_t)old);
    memcpy(splitter->held + old, splitter->piece + (begin + old - splitter->piece_offset), fresh);
    splitter->held_length = (size_t)old + fresh;
    return true;
}

/* -- feeding -- */

static bool step_sql(StatementSplitter *splitter, unsigned char byte, Error *err)
{
    if (!sql_scanner_step(&splitter->scanner, byte, err))
        return false;
    return splitter->mode != FEED_BACKSLASH ||
           splitter_give_sql(splitter, splitter->text_offset, err);
}

static bool feed_sql(StatementSplitter *splitter, const char *bytes, size_t size, size_t *ret_used,
                     Error *err)
{
    size_t used = 0;
    FeedMode mode = splitter->mode;
    while (used < size && splitter->mode == mode) {
        if (mode == FEED_SQL)
            used += sql_scanner_skip(&splitter->scanner, bytes + used, size - used);
        if (used == size)
            break;
        unsigned char byte = (unsigned char)bytes[used++];
        if (mode == FEED_COPY_TAIL ? !splitter_step_copy_tail(splitter, (char)byte, err)
                                   : !step_sql(splitter, byte, err))
            return false;
    }
    *ret_used = used;
    return true;
}

static bool feed_checked(StatementSplitter *splitter, const char *bytes, size_t size, Error *err)
{
    splitter->piece = bytes;
    splitter->piece_offset = splitter->scanner.offset;
    while (size) {
        size_t used = 0;
        bool done = splitter->mode == FEED_COPY_DATA
                        ? splitter_feed_copy_data(splitter, bytes, size, &used, err)
                    : splitter->mode == FEED_BACKSLASH
                        ? splitter_feed_backslash(splitter, bytes, size, &used, err)
                        : feed_sql(splitter, bytes, size, &used, err);
        if (!done)
            return false;
        bytes += used;
        size -= used;
    }
    if (splitter->mode == FEED_SQL || splitter->mode == FEED_COPY_TAIL)
        return end_piece(splitter, err);
    splitter->held_length = 0;
    return true;
}

bool statement_splitter_feed(StatementSplitter *splitter, const void *bytes, size_t size,
                             Error *err)
{
    TextVerdict verdict;
    size_t good = text_check_feed(&splitter->check, bytes, size, &verdict);
    if (!feed_checked(splitter, bytes, good, err))
        return false;
    switch (verdict) {
    case TEXT_GOOD:
        return true;
    case TEXT_HAS_NUL:
        return splitter_refuse(splitter, splitter->scanner.line, err, "a NUL byte");
    case TEXT_NOT_UTF8:
        return splitter_refuse(splitter, splitter->scanner.line, err, "not valid UTF-8");
    }
    return true;
}

static bool refuse_open(StatementSplitter *splitter, Error *err)
{
    int64_t line;
    const char *what = sql_scanner_open(&splitter->scanner, &line);
    if (!what && splitter->paren_depth) {
        what = "parenthesis";
        line = splitter->paren_line;
    }
    if (!what && splitter->begin_depth) {
        what = "BEGIN … END body";
        line = splitter->begin_line;
    }
    if (!what)
        return true;
    CLEANUP(memory_freep)
    char *words = memory_format("a %s that begins here is never closed", what);
    return splitter_refuse(splitter, line, err, words);
}

/* A reference that the text ends in still has its text given away. */
static bool end_reference(StatementSplitter *splitter, Error *err)
{
    splitter->piece = "";
    splitter->piece_offset = splitter->scanner.offset;
    return sql_scanner_end_reference(&splitter->scanner, err) && end_piece(splitter, err);
}

bool statement_splitter_end(StatementSplitter *splitter, Error *err)
{
    if (!text_check_at_boundary(&splitter->check))
        return splitter_refuse(splitter, splitter->scanner.line, err, "not valid UTF-8: cut off");
    if (splitter->mode == FEED_SQL && !end_reference(splitter, err))
        return false;
    int64_t end = splitter->scanner.offset;
    if (splitter->mode == FEED_COPY_DATA)
        return splitter_end_in_copy_data(splitter, err);
    /* a newline behind the text ends all that may end there; nobody sees it */
    SplitterEvents events = splitter->events;
    splitter->events.sql = NULL;
    bool done = feed_checked(splitter, "\n", 1, err);
    splitter->events = events;
    splitter->scanner.offset = end;
    if (!done || !refuse_open(splitter, err))
        return false;
    if (splitter->mode == FEED_SQL &&
        !splitter_report_statement(splitter, /* has_semicolon= */ false, end, err))
        return false;
    /* COPY … FROM STDIN at the very end: there is no data */
    return splitter->mode == FEED_SQL || splitter_give_data(splitter, NULL, 0, end, err);
}
