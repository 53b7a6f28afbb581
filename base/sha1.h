/* SHA-1 (FIPS 180-4), because other tools name things by it: sqitch its changes. Nothing of ours is
 * trusted by it; what is proven is proven by base/digest. */
#ifndef SEALIFT_BASE_SHA1_H
#define SEALIFT_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_HEX_SIZE   41 /* with the NUL */
#define SHA1_BLOCK_SIZE 64

/* Being computed: sha1_begin, sha1_update any number of times, sha1_end once. */
typedef struct Sha1Stream {
    uint32_t state[5];
    uint64_t length; /* bytes so far */
    uint8_t block[SHA1_BLOCK_SIZE];
} Sha1Stream;

void sha1_begin(Sha1Stream *stream);
void sha1_update(Sha1Stream *stream, const void *bytes, size_t size);

/* 40 lower-case hex digits and a NUL into `ret_hex`; returns ret_hex. */
const char *sha1_end(Sha1Stream *stream, char ret_hex[static SHA1_HEX_SIZE]);

#endif
