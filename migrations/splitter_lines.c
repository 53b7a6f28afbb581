#include "migrations/splitter_state.h"

/* -- comments between statements -- */

void splitter_on_comment(void *context, const char *bytes, size_t size)
{
    StatementSplitter *splitter = context;
    size_t room = sizeof splitter->text - splitter->text_length;
    if (!splitter->events.comment || splitter->in_statement)
        return;
    size_t kept = size < room ? size : room;
    memcpy(splitter->text + splitter->text_length, bytes, kept);
    splitter->text_length += kept;
}

bool splitter_on_comment_end(void *context, int64_t line, Error *err)
{
    StatementSplitter *splitter = context;
    size_t length = splitter->text_length;
    splitter->text_length = 0;
    return length == 0 ||
           splitter->events.comment(splitter->events.context, splitter->text, length, line, err);
}

/* -- backslash commands -- */

void splitter_on_backslash(void *context)
{
    StatementSplitter *splitter = context;
    splitter->mode = FEED_BACKSLASH;
    splitter->text_offset = splitter->scanner.offset;
    splitter->text_line = splitter->scanner.line;
    splitter->text[0] = '\\';
    splitter->text_length = 1;
}

static bool end_backslash(StatementSplitter *splitter, Error *err)
{
    splitter->mode = FEED_SQL;
    splitter->sql_offset = splitter->scanner.offset;
    size_t length = splitter->text_length;
    splitter->text_length = 0;
    return !splitter->events.backslash ||
           splitter->events.backslash(splitter->events.context, splitter->text, length,
                                      splitter->text_offset, splitter->text_line,
                                      splitter->in_statement, err);
}

/* The newline stays: it is white space of the SQL. */
bool splitter_feed_backslash(StatementSplitter *splitter, const char *bytes, size_t size,
                             size_t *ret_used, Error *err)
{
    const char *newline = memchr(bytes, '\n', size);
    size_t length = newline ? (size_t)(newline - bytes) : size;
    if (length > sizeof splitter->text - splitter->text_length)
        return splitter_refuse(splitter, splitter->text_line, err,
                               "a backslash command is too long");
    memcpy(splitter->text + splitter->text_length, bytes, length);
    splitter->text_length += length;
    splitter->scanner.offset += (int64_t)length;
    *ret_used = length;
    return !newline || end_backslash(splitter, err);
}
