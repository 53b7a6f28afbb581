/* Objects read as plain bytes, in order, each byte proven before it is handed out: stored bytes by
 * whole digest (up to 1 MiB) or chunk by chunk, and decompressed size and plain digest at the end.
 *
 * Where stored bytes come from is the source's business: a bundle file, the ledger, a test. Memory
 * is constant (two chunks and zstd's window), whatever the object's size. */
#ifndef SEALIFT_BUNDLES_OBJECT_STREAM_H
#define SEALIFT_BUNDLES_OBJECT_STREAM_H

#include "base/error.h"
#include "bundles/manifest.h"

/* Exactly `size` stored bytes of `object` at `offset` (from the object's start); fewer is an error.
 */
typedef struct ObjectSource {
    bool (*read)(void *context, const ManifestObject *object, int64_t offset, void *bytes,
                 size_t size, Error *err);
    void *context; /* borrowed */
} ObjectSource;

typedef struct ObjectStream ObjectStream;

/* The object must outlive the stream. ERROR_TRUST: digest mismatch; ERROR_INPUT: bad zstd frame
 * (several frames, trailing bytes, another size than declared, window too large). */
bool object_stream_open(const ObjectSource *source, const ManifestObject *object,
                        ObjectStream **ret_stream, Error *err) MUST_CHECK;

/* Up to `size` plain bytes; *ret_size is 0 only at the end, after every check has passed. */
bool object_stream_read(ObjectStream *stream, void *bytes, size_t size, size_t *ret_size,
                        Error *err) MUST_CHECK;

void object_stream_free(ObjectStream *stream);
DEFINE_CLEANUP(ObjectStream, object_stream_free)

/* Plain bytes [offset, offset + length) into `bytes`; ranges of one stream must ascend (what lies
 * between is read over). Used for statements: the script's stream is kept while its steps run. */
bool object_stream_read_range(ObjectStream *stream, int64_t offset, void *bytes, size_t length,
                              Error *err) MUST_CHECK;

/* Read to the end, so that every check has run. */
bool object_stream_finish(ObjectStream *stream, Error *err) MUST_CHECK;

#endif
