/* The digest of each migration's tree line, from its scripts as they would ship, and whether what
 * was released is still what stands in sealift.sum. */
#ifndef SEALIFT_PLANNER_PROJECT_DIGESTS_H
#define SEALIFT_PLANNER_PROJECT_DIGESTS_H

#include "base/digest.h"
#include "base/error.h"
#include "migrations/project.h"

/* Digest of one migration's tree line (bundles/manifest.h: manifest_tree_line); reads its up script
 * and data. Writes nothing. */
bool project_digest(const Project *project, const ProjectMigration *migration, Digest *ret_digest,
                    Error *err) MUST_CHECK;

/* ERROR_INPUT naming the first released migration whose up script or data differs from the sum. */
bool project_check_released(const Project *project, Error *err) MUST_CHECK;

#endif
