/* Builds a bundle: objects are spooled as they come, in any order and several at a time; sealing
 * fixes offsets, writes manifest, CONTENT (libarchive) and envelope into a draft beside the target;
 * commit puts it in place. The same input gives the same bytes. A full disk leaves nothing behind.
 */
#ifndef SEALIFT_BUNDLES_BUNDLE_WRITER_H
#define SEALIFT_BUNDLES_BUNDLE_WRITER_H

#include "bundles/envelope.h"
#include "bundles/manifest.h"

typedef struct BundleWriter BundleWriter;
typedef struct BundleObject BundleObject; /* an object being written */

bool bundle_writer_new(const char *path, BundleWriter **ret_writer, Error *err) MUST_CHECK;
void bundle_writer_free(BundleWriter *writer); /* removes what is not committed */
DEFINE_CLEANUP(BundleWriter, bundle_writer_free)

bool bundle_writer_object_begin(BundleWriter *writer, BundleObject **ret_object,
                                Error *err) MUST_CHECK;
bool bundle_writer_object_add(BundleObject *object, const void *bytes, size_t size,
                              Error *err) MUST_CHECK;
/* `path` without ".zst", which is added where the object is stored compressed. Fills all of
 * *ret_object but its offset; the object handle is gone, also on failure. ERROR_INPUT: stored in 8
 * GiB or more, path over 100 bytes. */
bool bundle_writer_object_end(BundleObject *object, const char *path, ManifestObject *ret_object,
                              Error *err) MUST_CHECK;
void bundle_writer_object_abandon(BundleObject *object); /* accepts NULL */

/* Write everything but signatures. `manifest` must list the objects that were ended, in any order;
 * sealing adds README, sorts manifest->objects by path, renumbers every index into them, sets
 * offsets, and each version's verdict from those of its migrations and rehearsals. `head` comes
 * with all but sizes, counts, and the digests of keyring, content and manifest, which are filled
 * here and in manifest->head. What was written is read back by the applier's own rules: a manifest
 * that a site would refuse is ERROR_INPUT here. */
bool bundle_writer_seal(BundleWriter *writer, Manifest *manifest, const void *keyring_records,
                        size_t keyring_size, Head *head, uint8_t ret_head[static BUNDLE_HEAD_SIZE],
                        Error *err) MUST_CHECK;

/* Put a signature's four lines into the next empty slot. */
bool bundle_writer_add_slot(BundleWriter *writer, const Signature *signature,
                            Error *err) MUST_CHECK;

/* fsync, rename. */
bool bundle_writer_commit(BundleWriter *writer, Error *err) MUST_CHECK;

#endif
