/* CONTENT, the tar archive behind HEAD, written by libarchive so that every tar reads it. */
#ifndef SEALIFT_BUNDLES_CONTENT_WRITER_H
#define SEALIFT_BUNDLES_CONTENT_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"

typedef struct ContentWriter ContentWriter;

/* Write to `fd` from `offset` on; `name` is for words. Both are borrowed until the writer is freed.
 */
bool content_writer_new(int fd, const char *name, int64_t offset, ContentWriter **ret_writer,
                        Error *err) MUST_CHECK;
void content_writer_free(ContentWriter *writer);
DEFINE_CLEANUP(ContentWriter, content_writer_free)

/* An entry with `size` bytes of `from_fd` at `from_offset`. */
bool content_writer_add(ContentWriter *writer, const char *path, int64_t size, int from_fd,
                        int64_t from_offset, Error *err) MUST_CHECK;

/* End the archive: what was written, in bytes, and its digest. */
bool content_writer_finish(ContentWriter *writer, int64_t *ret_size, Digest *ret_digest,
                           Error *err) MUST_CHECK;

#endif
