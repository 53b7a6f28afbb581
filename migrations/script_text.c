#include "migrations/script_text.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "migrations/line_ends.h"

#define PIECE_SIZE (64 * 1024)

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
    LineEnds ends; /* of the whole file */
    int64_t line;  /* of the next byte */
    size_t skip;   /* bytes still to be left out of its line */
    size_t taken;  /* bytes of a range that takes only some */
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

/* Leave out the first bytes of each line, and what stands behind those that are wanted; what is
 * kept moves together. */
static size_t drop_marks(RangeFeed *feed, char *bytes, size_t size)
{
    size_t kept = 0, take = feed->range->take;
    for (size_t at = 0; at < size; at++) {
        bool newline = bytes[at] == '\n';
        if (feed->skip && !newline) {
            feed->skip--;
            continue;
        }
        if (take && (newline || feed->taken++ >= take))
            continue;
        bytes[kept++] = bytes[at];
        if (newline)
            feed->skip = feed->range->skip;
    }
    return kept;
}

static bool feed_piece(RangeFeed *feed, char *bytes, size_t size, ScriptTextTaker take,
                       void *context, Error *err)
{
    bool leaves_out = line_ends_leave_out(&feed->ends, bytes, size);
    cut_range(feed, &bytes, &size);
    if (feed->range->skip || feed->range->take)
        size = drop_marks(feed, bytes, size);
    if (size == 0)
        return true;
    if (feed->return_waits && bytes[0] != '\n' && !take(context, "\r", 1, err))
        return false;
    feed->return_waits = false;
    size_t kept = leaves_out ? drop_returns(bytes, size, &feed->return_waits) : size;
    return take(context, bytes, kept, err);
}

/* The other formats of pg_dump are no text; people have them under names that end in .sql. */
static bool check_plain(const char *name, const char *bytes, size_t size, Error *err)
{
    static const char *const begins[] = {"PGDMP", "toc.dat"};
    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        size_t length = strlen(begins[i]);
        if (size <= length || memcmp(bytes, begins[i], length) != 0 || !memchr(bytes, '\0', size))
            continue;
        error_set(err, ERROR_INPUT, "%s: this is an archive of pg_dump, not SQL", name);
        return error_hint(err, "'pg_restore --file=NAME.sql ARCHIVE' makes SQL of it");
    }
    return true;
}

bool script_text_read(int fd, const char *name, const ScriptRange *range, ScriptTextTaker take,
                      void *context, Error *err)
{
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    RangeFeed feed = {.range = range, .line = 1, .skip = range->skip};
    for (bool first = true; !feed.over; first = false) {
        size_t size;
        if (!read_piece(fd, name, bytes, PIECE_SIZE, &size, err))
            return false;
        if (size == 0)
            break;
        if (first && !check_plain(name, bytes, size, err))
            return false;
        size_t mark = first && size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        if (!feed_piece(&feed, bytes + mark, size - mark, take, context, err))
            return false;
    }
    return !feed.return_waits || take(context, "\r", 1, err);
}
