/* A file of liquibase's formatted SQL: one migration for each changeset, called FILE:author:id.
 * What stands in its comments (rollback, conditions) is no part of its up. */
#ifndef SEALIFT_MIGRATIONS_LIQUIBASE_FILE_H
#define SEALIFT_MIGRATIONS_LIQUIBASE_FILE_H

#include "migrations/layout.h"

/* Add the changesets of `path` (in the project) to `reading`; what is refused becomes a finding.
 * ERROR_IO. */
bool liquibase_file_read(LayoutReading *reading, const char *path, Error *err) MUST_CHECK;

#endif
