/* The manifest's tables of what a rehearsal showed: scope, tolerated, fingerprint, earlier,
 * rehearsal, measured, brought, atomic. Parts of manifest_write, manifest_read and manifest_check.
 */
#ifndef SEALIFT_BUNDLES_MANIFEST_REHEARSAL_H
#define SEALIFT_BUNDLES_MANIFEST_REHEARSAL_H

#include <sqlite3.h>

#include "base/error.h"
#include "bundles/manifest.h"

bool manifest_rehearsal_write(sqlite3 *db, const Manifest *manifest, Error *err) MUST_CHECK;

/* Versions, objects, migrations, scripts and steps have been read. */
bool manifest_rehearsal_read(sqlite3 *db, Manifest *manifest, Error *err) MUST_CHECK;

/* Order, references and what follows from other rows; of verdicts, too. Takes the objects of
 * fingerprints: sets their flags in `used`, one per object, and adds to *used_count. */
bool manifest_rehearsal_check(const Manifest *manifest, bool *used, size_t *used_count,
                              Error *err) MUST_CHECK;

#endif
