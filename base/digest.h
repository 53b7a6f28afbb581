/* BLAKE2b-512, the one hash of Sealift (RFC 7693; `b2sum` prints the same), and hex; SHA-256, which
 * servers compute themselves, for the rows of fingerprints, and other tools for their files; and
 * SHA-384, which other tools keep. */
#ifndef SEALIFT_BASE_DIGEST_H
#define SEALIFT_BASE_DIGEST_H

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_hash_sha256.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define DIGEST_SIZE     64
#define DIGEST_HEX_SIZE (2 * DIGEST_SIZE + 1) /* with the NUL */

typedef struct Digest {
    uint8_t bytes[DIGEST_SIZE];
} Digest;

/* A digest being computed: digest_begin, digest_update any number of times, digest_end once. */
typedef struct DigestStream {
    crypto_generichash_blake2b_state state;
} DigestStream;

void digest_begin(DigestStream *stream);
void digest_update(DigestStream *stream, const void *bytes, size_t size);
Digest digest_end(DigestStream *stream);

Digest digest_of(const void *bytes, size_t size);
bool digest_equal(const Digest *a, const Digest *b); /* constant time */

/* 128 lower-case hex digits and a NUL into `ret_hex`; returns ret_hex. */
const char *digest_hex(const Digest *digest, char ret_hex[static DIGEST_HEX_SIZE]);

/* Exactly 128 lower-case hex digits; false (ret untouched) for anything else. */
bool digest_parse_hex(const char *hex, size_t length, Digest *ret_digest) MUST_CHECK;

#define DIGEST_SHA256_HEX_SIZE 65 /* with the NUL */

/* SHA-256 as 64 lower-case hex digits and a NUL into `ret_hex`; returns ret_hex. */
const char *digest_sha256_hex(const void *bytes, size_t size,
                              char ret_hex[static DIGEST_SHA256_HEX_SIZE]);

/* A SHA-256 being computed; copying it is allowed. */
typedef struct Sha256Stream {
    crypto_hash_sha256_state state;
} Sha256Stream;

#define DIGEST_SHA256_BASE64_SIZE 45 /* with the NUL */

void digest_sha256_begin(Sha256Stream *stream);
void digest_sha256_update(Sha256Stream *stream, const void *bytes, size_t size);

/* What it comes to if it ended here, in base64 with padding; it may go on. Returns ret_base64. */
const char *digest_sha256_so_far(const Sha256Stream *stream,
                                 char ret_base64[static DIGEST_SHA256_BASE64_SIZE]);

#define DIGEST_SHA384_HEX_SIZE 97 /* with the NUL */

/* SHA-384 likewise. */
const char *digest_sha384_hex(const void *bytes, size_t size,
                              char ret_hex[static DIGEST_SHA384_HEX_SIZE]);

#endif
