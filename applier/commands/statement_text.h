/* A statement of a script as plans show it. */
#ifndef SEALIFT_APPLIER_STATEMENT_TEXT_H
#define SEALIFT_APPLIER_STATEMENT_TEXT_H

#include "bundles/manifest.h"
#include "bundles/object_stream.h"

typedef enum { STATEMENT_IN_LINE, STATEMENT_WHOLE } StatementForm;

/* The text of a step from its script's stream, steps in order, with these values of parameters in
 * their places: whole, or its beginning in one line of printable characters. The caller frees.
 * Errors are object_stream_read_range's and parameter_substitute's. */
bool statement_text_read(ObjectStream *stream, const ManifestScript *script, size_t index,
                         const char *const *values, StatementForm form, char **ret_text,
                         Error *err) MUST_CHECK;

#endif
