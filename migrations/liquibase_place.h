/* What [liquibase] in sealift.conf says of the liquibase that a product runs: its version, and
 * where it finds the migration folder. */
#ifndef SEALIFT_MIGRATIONS_LIQUIBASE_PLACE_H
#define SEALIFT_MIGRATIONS_LIQUIBASE_PLACE_H

#include <stdbool.h>

#define LIQUIBASE_VERSION_GRAMMAR "what 'liquibase --version' prints, from 4.3.0 to 4.33 or 5.0"

/* Thousands are the major number: 4028 of "4.28.0"; 0 where it is none of those versions, whose
 * sources say the same of what is read here. */
unsigned liquibase_version_number(const char *version);

/* Whether liquibase would keep the path as it stands: relative, without "." and ".." and empty
 * components, without backslashes and drives. */
bool liquibase_path_is_plain(const char *path);

#define LIQUIBASE_FOLDER_GRAMMAR                                                                    \
    "where the migration folder stands on liquibase's search path, such as db/changelog, or . for " \
    "that itself"

bool liquibase_folder_is_valid(const char *folder);

/* What liquibase calls `path`, which is `folder` in the project or stands below it, where it knows
 * that folder as `known`, which is valid. The caller frees. */
char *liquibase_known_path(const char *known, const char *folder, const char *path);

#endif
