/* A digest computed beside the caller's own work, in a second thread: CONTENT is hashed twice, as
 * a whole and by chunks, and BLAKE2b takes all the time that verify takes. The one thread in
 * Sealift: it sees a buffer and a digest, nothing else (docs/decisions). */
#ifndef SEALIFT_BUNDLES_DIGEST_THREAD_H
#define SEALIFT_BUNDLES_DIGEST_THREAD_H

#include <stddef.h>

#include "base/digest.h"

typedef struct DigestThread DigestThread;

/* Few bytes are not worth a thread. */
typedef enum { DIGEST_IN_PLACE, DIGEST_BESIDE } DigestPlace;

/* Where no thread can be had, the digest is computed in the calling one. */
DigestThread *digest_thread_new(DigestPlace place);
void digest_thread_free(DigestThread *thread);
DEFINE_CLEANUP(DigestThread, digest_thread_free)

/* Hand over bytes, which must stay as they are until the next update or end has returned. */
void digest_thread_update(DigestThread *thread, const void *bytes, size_t size);

/* The digest of all that was handed over; once. */
Digest digest_thread_end(DigestThread *thread);

#endif
