#include "migrations/splitter_state.h"

bool splitter_give_data(void *context, const void *bytes, size_t size, int64_t offset, Error *err)
{
    StatementSplitter *splitter = context;
    return !splitter->events.copy_data ||
           splitter->events.copy_data(splitter->events.context, bytes, size, offset, err);
}

/* psql reads the data from the next line on and the rest of this line afterwards; text that stands
 * there would trade places with the data, so only white space and comments may. */
bool splitter_step_copy_tail(StatementSplitter *splitter, char byte, Error *err)
{
    static const char misplaced[] =
        "text behind COPY … FROM STDIN; on its line: write it behind the data";
    TailState state = splitter->tail;
    if (byte == '\n') {
        if (state != TAIL_SPACE && state != TAIL_LINE_COMMENT)
            return splitter_refuse(splitter, splitter->scanner.line, err, misplaced);
        splitter->mode = FEED_COPY_DATA;
        copy_lines_init(&splitter->copy_lines, ++splitter->scanner.offset, ++splitter->scanner.line,
                        splitter_give_data, splitter);
        return splitter_give_sql(splitter, splitter->scanner.offset, err);
    }
    splitter->scanner.offset++;
    if (state == TAIL_COMMENT || state == TAIL_COMMENT_STAR)
        splitter->tail = byte == '*'                                 ? TAIL_COMMENT_STAR
                         : byte == '/' && state == TAIL_COMMENT_STAR ? TAIL_SPACE
                                                                     : TAIL_COMMENT;
    else if (state == TAIL_SLASH && byte == '*')
        splitter->tail = TAIL_COMMENT;
    else if (state == TAIL_DASH && byte == '-')
        splitter->tail = TAIL_LINE_COMMENT;
    else if (state == TAIL_SPACE && (byte == '-' || byte == '/'))
        splitter->tail = byte == '-' ? TAIL_DASH : TAIL_SLASH;
    else if (state != TAIL_LINE_COMMENT && (state != TAIL_SPACE || !strchr(" \t\r\f", byte)))
        return splitter_refuse(splitter, splitter->scanner.line, err, misplaced);
    return true;
}

bool splitter_feed_copy_data(StatementSplitter *splitter, const char *bytes, size_t size,
                             size_t *ret_used, Error *err)
{
    bool ended = false;
    if (!copy_lines_feed(&splitter->copy_lines, bytes, size, ret_used, &ended, err))
        return false;
    splitter->scanner.offset = splitter->copy_lines.offset;
    splitter->scanner.line = splitter->copy_lines.line;
    if (!ended)
        return true;
    splitter->mode = FEED_SQL;
    splitter->sql_offset = splitter->scanner.offset;
    return splitter_give_data(splitter, NULL, 0, splitter->scanner.offset, err);
}

/* The text ends in the data: psql takes that for the end of the data, too. */
bool splitter_end_in_copy_data(StatementSplitter *splitter, Error *err)
{
    return copy_lines_end(&splitter->copy_lines, err) &&
           splitter_give_data(splitter, NULL, 0, splitter->scanner.offset, err);
}
