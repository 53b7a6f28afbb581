/* What a rehearsal saw of one migration's statements, among the manifest's rows. Pure. */
#ifndef SEALIFT_APPLIER_MEASURED_LOCKS_H
#define SEALIFT_APPLIER_MEASURED_LOCKS_H

#include "bundles/manifest.h"

/* The rows of a migration of this manifest, which are in order of script, step and major; up's come
 * first. Borrowed; *ret_count may be 0. */
const ManifestMeasured *measured_locks_of(const Manifest *manifest,
                                          const ManifestMigration *migration, size_t *ret_count);

#endif
