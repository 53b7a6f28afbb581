/* A bundle file, proven in the order that keeps parsers from unproven bytes: envelope, then the
 * manifest's bytes against HEAD, then CONTENT in one pass, then tar headers, filler and objects
 * against the manifest. All by pread on one descriptor, never mmap, never by tar library. */
#ifndef SEALIFT_BUNDLES_BUNDLE_READER_H
#define SEALIFT_BUNDLES_BUNDLE_READER_H

#include "bundles/envelope.h"
#include "bundles/manifest.h"
#include "bundles/object_stream.h"

typedef struct BundleReader BundleReader;

/* Open the file and prove its envelope against `known` (the site's keyring), or, where `known` is
 * NULL, read it without trust (the vendor's own eyes only). Size against HEAD. Nothing of CONTENT
 * has been read yet. Errors: envelope_prove's; ERROR_INPUT for what is not a regular file or is cut
 * short; ERROR_IO. */
bool bundle_reader_open(const char *path, const Keyring *known, BundleReader **ret_reader,
                        Error *err) MUST_CHECK;

/* As open, of a descriptor, which the reader owns from now on, also on failure; `name` is for
 * words.
 */
bool bundle_reader_open_fd(int fd, const char *name, const Keyring *known,
                           BundleReader **ret_reader, Error *err) MUST_CHECK;

/* As open, trying each of `count` keyrings of the site: the first whose proof holds counts; where
 * none does, the error of the last, with what each of several says as its detail. A HEAD that is
 * malformed or too new, with signatures that hold, ends the search. *ret_which (may be NULL) is its
 * index. */
bool bundle_reader_open_any(const char *path, const Keyring *keyrings, size_t count,
                            BundleReader **ret_reader, size_t *ret_which, Error *err) MUST_CHECK;

void bundle_reader_free(BundleReader *reader);
DEFINE_CLEANUP(BundleReader, bundle_reader_free)

const EnvelopeProof *bundle_reader_proof(const BundleReader *reader);
bool bundle_reader_is_trusted(const BundleReader *reader); /* a keyring proved the envelope */
const Envelope *bundle_reader_envelope(const BundleReader *reader);
const char *bundle_reader_name(const BundleReader *reader); /* the path it was opened by */
int64_t bundle_reader_size(const BundleReader *reader);     /* of the file */

/* Hash manifest.db into memory, compare with HEAD, read it. Valid until the reader is freed; a
 * second call gives the same. */
bool bundle_reader_manifest(BundleReader *reader, const Manifest **ret_manifest,
                            Error *err) MUST_CHECK;

/* The proven bytes of manifest.db (after bundle_reader_manifest), for the ledger. */
const void *bundle_reader_manifest_bytes(const BundleReader *reader, size_t *ret_size);

/* Everything: CONTENT's digest in one pass over the file, tar headers, filler, end of archive,
 * stored digests of every object. Calls bundle_reader_manifest by itself. ERROR_TRUST where CONTENT
 * is not what was signed; ERROR_INPUT where it is, but was built wrong. */
bool bundle_reader_verify(BundleReader *reader, Error *err) MUST_CHECK;

/* `size` bytes of the file at `offset`, as they are there now, proven by nobody. */
bool bundle_reader_read(const BundleReader *reader, int64_t offset, void *bytes, size_t size,
                        Error *err) MUST_CHECK;

/* Objects of this bundle (after bundle_reader_manifest); valid while the reader is. */
ObjectSource bundle_reader_objects(BundleReader *reader);

#endif
