/* The rows of a fingerprint, as a bundle holds them in an object, proven by what its manifest says
 * of them: the object by its digests, the rows by the roots. */
#ifndef SEALIFT_BUNDLES_FINGERPRINT_OBJECT_H
#define SEALIFT_BUNDLES_FINGERPRINT_OBJECT_H

#include "bundles/manifest.h"
#include "bundles/object_stream.h"

/* Read the rows of `proven`, which is one of manifest's, sorted and with definitions. The caller
 * owns *ret_fingerprint (fingerprint_done). Errors: those of object_stream; ERROR_INPUT where the
 * object is no fingerprint's text or its rows have other roots. */
bool fingerprint_object_read(const ObjectSource *source, const Manifest *manifest,
                             const ManifestFingerprint *proven, Fingerprint *ret_fingerprint,
                             Error *err) MUST_CHECK;

#endif
