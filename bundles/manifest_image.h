/* The manifest's bytes opened as an SQLite database, defensively: header checked by hand, opened
 * from memory and never by path (files beside it would be believed), with everything off that a
 * database file could use to run code, its schema equal to ours, limits on all sizes. */
#ifndef SEALIFT_BUNDLES_MANIFEST_IMAGE_H
#define SEALIFT_BUNDLES_MANIFEST_IMAGE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Zeroed is valid for manifest_image_close. */
typedef struct ManifestImage {
    sqlite3 *db;
    int64_t heap_limit_before;
    bool heap_limited;
} ManifestImage;

/* `bytes` are borrowed until the image is closed. SQLite's heap is limited for the process until
 * then. ERROR_INPUT for whatever is wrong. */
bool manifest_image_open(const void *bytes, size_t size, ManifestImage *ret_image,
                         Error *err) MUST_CHECK;
void manifest_image_close(ManifestImage *image);

#endif
