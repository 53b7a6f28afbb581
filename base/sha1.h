/* SHA-1 (FIPS 180-4, section 6.1), for the digests that other tools keep in their migration folders
 * and tables. It proves nothing against somebody who means harm: what Sealift itself vouches for is
 * hashed by base/digest. */
#ifndef SEALIFT_BASE_SHA1_H
#define SEALIFT_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE     20
#define SHA1_HEX_SIZE (2 * SHA1_SIZE + 1) /* with the NUL */

/* A digest being computed: sha1_begin, sha1_update any number of times, sha1_end once. */
typedef struct Sha1Stream {
    uint32_t state[5];
    uint64_t size;     /* bytes so far */
    uint8_t block[64]; /* the last size % 64 of them */
} Sha1Stream;

void sha1_begin(Sha1Stream *stream);
void sha1_update(Sha1Stream *stream, const void *bytes, size_t size);
void sha1_end(Sha1Stream *stream, uint8_t ret_hash[static SHA1_SIZE]);

/* As sha1_end, as 40 lower-case hex digits and a NUL; returns ret_hex. */
const char *sha1_end_hex(Sha1Stream *stream, char ret_hex[static SHA1_HEX_SIZE]);

/* Of bytes that are at hand; returns ret_hex. */
const char *sha1_hex(const void *bytes, size_t size, char ret_hex[static SHA1_HEX_SIZE]);

#endif
