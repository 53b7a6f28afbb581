/* The bundle that a rehearsal runs: what would ship, from nothing to a last version that need not
 * be released, signed with a key that lives as long as the rehearsal. */
#ifndef SEALIFT_PLANNER_REHEARSAL_BUNDLE_H
#define SEALIFT_PLANNER_REHEARSAL_BUNDLE_H

#include "bundles/bundle_writer.h"
#include "migrations/project.h"

#define REHEARSAL_BUNDLE_NAME "rehearsal.bundle"
#define REHEARSAL_KEY_NAME    "rehearsal.key" /* and .pub */

/* Write bundle and key into `folder`. *ret_manifest (zeroed; the caller releases it, also on
 * failure) is what the bundle holds. ERROR_INPUT for a script that cannot be packed. */
bool rehearsal_bundle_make(const Project *project, int64_t last, const char *folder,
                           Manifest *ret_manifest, Error *err) MUST_CHECK;

#endif
