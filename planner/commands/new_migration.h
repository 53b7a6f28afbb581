/* Where the next migration goes and what it is called, in the project's own layout. */
#ifndef SEALIFT_PLANNER_NEW_MIGRATION_H
#define SEALIFT_PLANNER_NEW_MIGRATION_H

#include "migrations/project.h"

typedef struct NewMigration {
    char *identity;                      /* owned */
    char *scripts[PROJECT_SCRIPT_COUNT]; /* owned: paths from the root; NULL: none is written */
} NewMigration;

void new_migration_done(NewMigration *added);

/* Name the next migration from `name` (made a slug). `version` is the version folder of our own
 * layout, or NULL: the last unreleased one. `now` (seconds) makes diesel's and time-stamped
 * numbers. ERROR_USAGE for a name without a letter or digit, a version that does not fit. */
bool new_migration_plan(const Project *project, const char *name, const char *version, int64_t now,
                        NewMigration *ret_added, Error *err) MUST_CHECK;

#endif
