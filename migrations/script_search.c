#include "migrations/script_search.h"

#include "base/file.h"
#include "base/memory.h"

#define PIECE_SIZE (64 * 1024)

bool script_search(const char *path, const char *mark, int64_t *ret_line, Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    int64_t whole, line = 1;
    size_t seen = 0; /* of the mark */
    if (!file_open_regular(path, &fd, &whole, err))
        return false;
    for (size_t size = 1; size > 0;) {
        if (!file_read_some(fd, path, bytes, PIECE_SIZE, &size, err))
            return false;
        for (size_t at = 0; at < size; at++) {
            seen = bytes[at] == mark[seen] ? seen + 1 : bytes[at] == mark[0];
            if (!mark[seen]) {
                *ret_line = line;
                return true;
            }
            line += bytes[at] == '\n';
        }
    }
    *ret_line = 0;
    return true;
}
