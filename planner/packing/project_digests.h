/* The digest of each migration's tree line, from its scripts as they would ship, and whether what
 * was released is still what stands in sealift.sum. */
#ifndef SEALIFT_PLANNER_PROJECT_DIGESTS_H
#define SEALIFT_PLANNER_PROJECT_DIGESTS_H

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "migrations/project.h"

/* Append the tree line of one migration (bundles/manifest.h: manifest_tree_line), read from its up
 * script and data as they would ship. An up script without a statement ships nothing: its digest is
 * that of no bytes. */
bool project_tree_line(const Project *project, const ProjectMigration *migration, Text *lines,
                       Error *err) MUST_CHECK;

/* The tree digest of a version (manifest_tree_digest) behind `previous_hex`, read likewise. */
bool project_version_tree(const Project *project, const ProjectVersion *version,
                          const char *previous_hex, Digest *ret_tree, Error *err) MUST_CHECK;

/* Digest of one migration's tree line (bundles/manifest.h: manifest_tree_line); reads its up script
 * and data. Writes nothing. */
bool project_digest(const Project *project, const ProjectMigration *migration, Digest *ret_digest,
                    Error *err) MUST_CHECK;

/* Whether a released migration's up script or data differ from what the sum says. */
bool project_is_edited(const Project *project, const ProjectMigration *migration, bool *ret_edited,
                       Error *err) MUST_CHECK;

/* Set the error that an edited migration is. Returns false, always. */
bool project_report_edited(const Project *project, const ProjectMigration *migration, Error *err);

/* ERROR_INPUT naming the first released migration whose up script or data differs from the sum. */
bool project_check_released(const Project *project, Error *err) MUST_CHECK;

#endif
