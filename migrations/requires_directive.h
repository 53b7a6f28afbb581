/* The directive `-- sealift: requires …`: what a site must have before the first step. */
#ifndef SEALIFT_MIGRATIONS_REQUIRES_DIRECTIVE_H
#define SEALIFT_MIGRATIONS_REQUIRES_DIRECTIVE_H

#include "migrations/script.h"

/* "extension", "server", "role", "setting". */
const char *requires_directive_kind(RequireKind kind);

/* Add what stands behind the word `requires`. ERROR_INPUT for anything else, and for the same
 * requirement twice. */
bool requires_directive_read(const char *value, ScriptRequireArray *requires,
                             Error *err) MUST_CHECK;

void requires_directive_done(ScriptRequireArray *requires);

#endif
