/* Whether a text's line ends are CRLF, as its first one says. Only there a CR before LF is the end
 * of a line and no part of the text: in others (a dump of rows that hold CRLF) it is what somebody
 * wrote, and git leaves those alone as well. */
#ifndef SEALIFT_MIGRATIONS_LINE_ENDS_H
#define SEALIFT_MIGRATIONS_LINE_ENDS_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed at the text's beginning. */
typedef struct LineEnds {
    bool known;
    bool are_lf;
    bool behind_return; /* what came last was a CR */
} LineEnds;

/* See the next piece of the text, cut anywhere. True where the CR of a CRLF in it is to be left
 * out: as long as no line has ended, too. */
bool line_ends_leave_out(LineEnds *ends, const char *bytes, size_t size);

#endif
