/* The vendor's seed scripts: one file per migration or version, run as it is where the rehearsal
 * has come so far. */
#ifndef SEALIFT_APPLIER_REHEARSAL_SEEDS_H
#define SEALIFT_APPLIER_REHEARSAL_SEEDS_H

#include "applier/rehearsal/rehearsal_script.h"
#include "base/array.h"
#include "bundles/manifest.h"

typedef struct RehearsalSeed {
    const ManifestMigration *migration; /* run after its up; NULL: … */
    const ManifestVersion *version;     /* … after this version's last */
    RehearsalScript script;
} RehearsalSeed;

typedef struct RehearsalSeeds {
    ARRAY_OF(RehearsalSeed) items;
} RehearsalSeeds;

void rehearsal_seeds_done(RehearsalSeeds *seeds); /* accepts a zeroed one */

/* Read `<identity>.sql` and `<version>.sql` from `folder` (NULL: none); a '/' in an identity is
 * "__" in the name. ERROR_INPUT naming a file that is of neither. */
bool rehearsal_seeds_read(const char *folder, const Manifest *manifest, RehearsalSeeds *ret_seeds,
                          Error *err) MUST_CHECK;

/* Run those of the migration, or of the version where `migration` is NULL; what they set is reset.
 * ERROR_INPUT naming the file where it fails. */
bool rehearsal_seeds_run(const RehearsalSeeds *seeds, PgSession *session,
                         const ManifestMigration *migration, const ManifestVersion *version,
                         Error *err) MUST_CHECK;

#endif
