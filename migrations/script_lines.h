/* The lines of a script that layouts put meaning into: comments that say where an up ends and a
 * down begins. Streams, so that a script of any size costs no memory. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_LINES_H
#define SEALIFT_MIGRATIONS_SCRIPT_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define SCRIPT_LINE_SIZE_MAX 4096 /* bytes of a line that are looked at */

/* `text` is the line without its end (CR included in that), cut at SCRIPT_LINE_SIZE_MAX and at a
 * NUL; a BOM before the first is left out. */
typedef bool (*ScriptLineTaker)(void *context, const char *text, int64_t number, Error *err);

bool script_lines_read(const char *path, ScriptLineTaker take, void *context,
                       Error *err) MUST_CHECK;

/* The first line that holds `text`, which has no line end, anywhere, however long it is; 0: none.
 */
bool script_lines_find(const char *path, const char *text, int64_t *ret_line,
                       Error *err) MUST_CHECK;

/* Whether there is nothing in it but blanks, or a comment of two dashes. */
bool script_line_is_idle(const char *text);

#endif
