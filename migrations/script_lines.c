#include "migrations/script_lines.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"

#define PIECE_SIZE (64 * 1024)

typedef struct Lines {
    ScriptLineTaker take;
    void *context;
    char text[SCRIPT_LINE_SIZE_MAX + 1];
    size_t length;
    int64_t number;
} Lines;

static bool end_line(Lines *lines, Error *err)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t length = lines->length;
    if (length && lines->text[length - 1] == '\r')
        length--;
    lines->text[length] = '\0';
    lines->length = 0;
    const char *text = lines->text;
    if (++lines->number == 1 && strncmp(text, mark, strlen(mark)) == 0)
        text += strlen(mark);
    return lines->take(lines->context, text, lines->number, err);
}

static bool feed(Lines *lines, const char *bytes, size_t size, Error *err)
{
    for (size_t at = 0; at < size;) {
        const char *newline = memchr(bytes + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - (bytes + at)) : size - at;
        size_t room = SCRIPT_LINE_SIZE_MAX - lines->length;
        size_t kept = length < room ? length : room;
        memcpy(lines->text + lines->length, bytes + at, kept);
        lines->length += kept;
        if (newline && !end_line(lines, err))
            return false;
        at += length + (newline != NULL);
    }
    return true;
}

bool script_lines_read(const char *path, ScriptLineTaker take, void *context, Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    int64_t whole;
    if (!file_open_regular(path, &fd, &whole, err))
        return false;
    CLEANUP(memory_freep) Lines *lines = memory_new(Lines);
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    lines->take = take;
    lines->context = context;
    for (size_t size = 1; size > 0;) {
        if (!file_read_some(fd, path, bytes, PIECE_SIZE, &size, err) ||
            !feed(lines, bytes, size, err))
            return false;
    }
    return lines->length == 0 || end_line(lines, err);
}

static int64_t count_newlines(const char *bytes, size_t size)
{
    int64_t count = 0;
    for (const char *at = bytes; (at = memchr(at, '\n', size - (size_t)(at - bytes))) != NULL; at++)
        count++;
    return count;
}

bool script_lines_find(const char *path, const char *text, int64_t *ret_line, Error *err)
{
    size_t overlap = strlen(text) - 1, kept = 0;
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, overlap + PIECE_SIZE);
    int64_t whole, line = 1;
    if (!file_open_regular(path, &fd, &whole, err))
        return false;
    for (;;) {
        size_t size;
        if (!file_read_some(fd, path, bytes + kept, PIECE_SIZE, &size, err))
            return false;
        char *found = memmem(bytes, kept + size, text, overlap + 1);
        if (found || !size) {
            *ret_line = found ? line + count_newlines(bytes, (size_t)(found - bytes)) : 0;
            return true;
        }
        size += kept;
        kept = size < overlap ? size : overlap;
        line += count_newlines(bytes, size - kept);
        memmove(bytes, bytes + size - kept, kept);
    }
}

bool script_line_is_idle(const char *text)
{
    text += strspn(text, " \t\f\v");
    return !*text || strncmp(text, "--", 2) == 0;
}
