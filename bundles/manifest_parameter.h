/* The manifest's tables parameter and step_parameter. Parts of manifest_write, manifest_read and
 * manifest_check. */
#ifndef SEALIFT_BUNDLES_MANIFEST_PARAMETER_H
#define SEALIFT_BUNDLES_MANIFEST_PARAMETER_H

#include <sqlite3.h>

#include "base/error.h"
#include "bundles/manifest.h"

bool manifest_parameter_write(sqlite3 *db, const Manifest *manifest, Error *err) MUST_CHECK;

/* Migrations, scripts and steps have been read. */
bool manifest_parameter_read(sqlite3 *db, Manifest *manifest, Error *err) MUST_CHECK;

/* Names, values and patterns; places inside their steps, one after the other; no parameter that no
 * step takes. */
bool manifest_parameter_check(const Manifest *manifest, Error *err) MUST_CHECK;

#endif
