/* Files of a project that scripts include, found without leaving the project or following a link.
 */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_INCLUDE_H
#define SEALIFT_MIGRATIONS_SCRIPT_INCLUDE_H

#include <stdbool.h>

#include "base/error.h"

/* `path` as it stands in a script, seen from `folder` (in the project, "" its root): the path in
 * the project, without "." and "..", which the caller frees. NULL with ERROR_INPUT where it leads
 * out of the project. */
char *script_include_resolve(const char *folder, const char *path, Error *err);

/* Open it, `name` being such a path. ERROR_INPUT: a link on the way, no regular file, or nothing
 * there. */
bool script_include_open(const char *root, const char *name, int *ret_fd, Error *err) MUST_CHECK;

#endif
