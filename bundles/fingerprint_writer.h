/* Puts proven schemas into a bundle: an object for each content of a version, and the manifest's
 * rows. Apart from fingerprint_object, so that who only reads does not link the writer. */
#ifndef SEALIFT_BUNDLES_FINGERPRINT_WRITER_H
#define SEALIFT_BUNDLES_FINGERPRINT_WRITER_H

#include "bundles/bundle_writer.h"

/* Where a schema belongs: version as in ManifestFingerprint (0: the start). */
typedef struct FingerprintPlace {
    size_t version;
    Arrival arrival;
    int64_t server_major;
} FingerprintPlace;

/* Append to manifest->fingerprints, and to manifest->objects and `writer` where the version does
 * not have this content yet. `rows` are sorted and have definitions; nothing is kept of them.
 * Places must come in the manifest's order, version, arrival, server_major: ERROR_INTERNAL.
 * ERROR_IO. */
bool fingerprint_writer_add(BundleWriter *writer, Manifest *manifest, FingerprintPlace place,
                            const Fingerprint *rows, Error *err) MUST_CHECK;

#endif
