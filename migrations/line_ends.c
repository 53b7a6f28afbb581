#include "migrations/line_ends.h"

#include <string.h>

bool line_ends_leave_out(LineEnds *ends, const char *bytes, size_t size)
{
    const char *newline = ends->known || !size ? NULL : memchr(bytes, '\n', size);
    if (newline) {
        ends->known = true;
        ends->are_lf = !(newline > bytes ? newline[-1] == '\r' : ends->behind_return);
    }
    if (size)
        ends->behind_return = bytes[size - 1] == '\r';
    return !ends->are_lf;
}
