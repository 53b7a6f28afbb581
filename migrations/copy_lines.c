#include "migrations/copy_lines.h"

typedef struct Piece {
    CopyLines *lines;
    const char *at;
    const char *end;
    const char *run; /* data from here to `at` is not given away yet */
    int64_t offset;  /* of *run */
} Piece;

void copy_lines_init(CopyLines *lines, int64_t offset, int64_t line, CopyLinesSink sink,
                     void *context)
{
    *lines = (CopyLines){COPY_LINE_START, offset, line, sink, context};
}

/* The next run begins at `at`. */
static void begin_run(Piece *piece)
{
    piece->offset += piece->at - piece->run;
    piece->run = piece->at;
}

static bool give_run(Piece *piece, Error *err)
{
    const char *run = piece->run;
    int64_t offset = piece->offset;
    begin_run(piece);
    return run == piece->at ||
           piece->lines->sink(piece->lines->context, run, (size_t)(piece->at - run), offset, err);
}

/* The `size` bytes held back as a possible terminator are data after all. */
static bool give_held(CopyLines *lines, size_t size, int64_t offset, Error *err)
{
    lines->state = COPY_LINE_MIDDLE;
    return lines->sink(lines->context, "\\.\r", size, offset - (int64_t)size, err);
}

/* The beginning of a line that may be the terminator; it may be cut anywhere. */
static bool step_line(Piece *piece, bool *ret_ended, Error *err)
{
    CopyLines *lines = piece->lines;
    char byte = *piece->at;
    if (lines->state == COPY_LINE_START && !give_run(piece, err))
        return false;
    if (lines->state == COPY_LINE_START && byte == '\\') {
        lines->state = COPY_LINE_BACKSLASH;
    } else if (lines->state == COPY_LINE_BACKSLASH && byte == '.') {
        lines->state = COPY_LINE_DOT;
    } else if (lines->state == COPY_LINE_DOT && byte == '\r') {
        lines->state = COPY_LINE_RETURN;
    } else if (lines->state > COPY_LINE_BACKSLASH && byte == '\n') {
        lines->line++;
        *ret_ended = true;
    } else {
        return give_held(lines, (size_t)lines->state, piece->offset, err);
    }
    piece->at++;
    begin_run(piece);
    return true;
}

/* Most lines that begin with a backslash (\N, a NULL in the first column) are seen through at once.
 */
static bool is_plain(const Piece *piece)
{
    if (piece->lines->state != COPY_LINE_START)
        return piece->lines->state == COPY_LINE_MIDDLE;
    return *piece->at != '\\' || (piece->at + 1 < piece->end && piece->at[1] != '.');
}

bool copy_lines_feed(CopyLines *lines, const char *bytes, size_t size, size_t *ret_used,
                     bool *ret_ended, Error *err)
{
    Piece piece = {lines, bytes, bytes + size, bytes, lines->offset};
    bool ended = false;
    while (piece.at < piece.end && !ended) {
        if (!is_plain(&piece)) {
            if (!step_line(&piece, &ended, err))
                return false;
            continue;
        }
        const char *newline = memchr(piece.at, '\n', (size_t)(piece.end - piece.at));
        lines->state = newline ? COPY_LINE_START : COPY_LINE_MIDDLE;
        lines->line += newline != NULL;
        piece.at = newline ? newline + 1 : piece.end;
    }
    if (!give_run(&piece, err))
        return false;
    lines->offset = piece.offset;
    *ret_used = (size_t)(piece.at - bytes);
    *ret_ended = ended;
    return true;
}

bool copy_lines_end(CopyLines *lines, Error *err)
{
    return (lines->state != COPY_LINE_BACKSLASH && lines->state != COPY_LINE_RETURN) ||
           give_held(lines, (size_t)lines->state, lines->offset, err);
}
