/* The bytes of a script's file as canonical text, streamed: no BOM, CRLF as LF where that is how
 * its lines end (line_ends.h), only the lines of one range. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_TEXT_H
#define SEALIFT_MIGRATIONS_SCRIPT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "migrations/script_range.h"

typedef bool (*ScriptTextTaker)(void *context, const char *bytes, size_t size, Error *err);

/* From where `fd` stands, the file's beginning, to the range's end; `name` is for words. Fails with
 * what `take` said, ERROR_IO, or
 * ERROR_INPUT for an archive of pg_dump. */
bool script_text_read(int fd, const char *name, const ScriptRange *range, ScriptTextTaker take,
                      void *context, Error *err) MUST_CHECK;

#endif
