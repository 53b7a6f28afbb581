/* The manifest's table note. Parts of manifest_write and manifest_read. */
#ifndef SEALIFT_BUNDLES_MANIFEST_NOTE_H
#define SEALIFT_BUNDLES_MANIFEST_NOTE_H

#include <sqlite3.h>

#include "base/error.h"
#include "bundles/manifest.h"

bool manifest_note_write(sqlite3 *db, const Manifest *manifest, Error *err) MUST_CHECK;

/* Versions have been read. Refuses what is out of order, without a title, or not printable. */
bool manifest_note_read(sqlite3 *db, Manifest *manifest, Error *err) MUST_CHECK;

#endif
