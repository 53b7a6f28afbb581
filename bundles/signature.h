/* minisign public keys and signatures (prehashed `ED` only), verified with libsodium.
 *
 * Format: https://jedisct1.github.io/minisign/#signature-format. The trusted comment is fixed by
 * us and serves as the domain tag: a signature made for one purpose cannot serve another.
 * Legacy `Ed` signatures are refused: one over a 64-byte file can be relabelled `ED`. */
#ifndef SEALIFT_BUNDLES_SIGNATURE_H
#define SEALIFT_BUNDLES_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define SIGNATURE_KEY_ID_SIZE     8
#define SIGNATURE_KEY_ID_HEX      17  /* 16 upper-case hex digits as minisign prints them, NUL */
#define SIGNATURE_PUBLIC_KEY_SIZE 32  /* Ed25519 */
#define SIGNATURE_PUBLIC_KEY_TEXT 57  /* 56 base64 characters, NUL */
#define SIGNATURE_COMMENT_MAX     200 /* bytes of a trusted comment of ours */
#define SIGNATURE_TEXT_MAX        512 /* four lines; a bundle's slot */

/* What the trusted comment of a signature over HEAD begins with: its domain. */
#define SIGNATURE_RELEASE_DOMAIN "sealift/1 release "

typedef struct PublicKey {
    uint8_t id[SIGNATURE_KEY_ID_SIZE];
    uint8_t key[SIGNATURE_PUBLIC_KEY_SIZE];
} PublicKey;

/* A signature as framed: its grammar holds, nothing is verified yet. */
typedef struct Signature {
    uint8_t key_id[SIGNATURE_KEY_ID_SIZE];
    uint8_t signature[64];
    uint8_t global_signature[64]; /* over signature and trusted comment */
    char trusted_comment[SIGNATURE_COMMENT_MAX + 1];
} Signature;

/* Parse the four lines at the start of `bytes` (grammar of FORMAT's slots: fixed untrusted comment,
 * canonical base64, LF). *ret_length is how many bytes they take. ERROR_TRUST otherwise. */
bool signature_parse(const uint8_t *bytes, size_t size, Signature *ret_signature,
                     size_t *ret_length, Error *err) MUST_CHECK;

/* The four lines, LF-terminated. */
void signature_format(const Signature *signature, Text *text);

/* Whether `key` made this signature over `message` with exactly this trusted comment: prehashed
 * message, signature, then global signature. ERROR_TRUST otherwise. The key's id must match. */
bool signature_verify(const Signature *signature, const PublicKey *key, const void *message,
                      size_t size, const char *expected_comment, Error *err) MUST_CHECK;

/* As signature_verify, with the trusted comment proven to be the signer's but compared with
 * nothing: for a caller that must know who signed before it reads what the comment has to say, and
 * compares afterwards (signature_check_comment). */
bool signature_verify_comment_unchecked(const Signature *signature, const PublicKey *key,
                                        const void *message, size_t size, Error *err) MUST_CHECK;

/* The comment is exactly `expected`. ERROR_TRUST with both. */
bool signature_check_comment(const Signature *signature, const char *expected,
                             Error *err) MUST_CHECK;

/* "sealift/1 release product=P sequence=S" and "sealift/1 keyring product-uuid=U version=N". The
 * caller frees. */
char *signature_release_comment(const char *product, int64_t sequence);
char *signature_keyring_comment(const char *product_uuid, int64_t version);

/* 16 upper-case hex digits, as minisign prints a key id; returns ret_hex. */
const char *signature_key_id_hex(const uint8_t id[static SIGNATURE_KEY_ID_SIZE],
                                 char ret_hex[static SIGNATURE_KEY_ID_HEX]);

/* Public key to and from the 56 characters of a .pub file's second line. Weak keys (zero, small
 * order) are refused. ERROR_INPUT. */
void public_key_format(const PublicKey *key, char ret_text[static SIGNATURE_PUBLIC_KEY_TEXT]);
bool public_key_parse(const char *text, size_t length, PublicKey *ret_key, Error *err) MUST_CHECK;

/* Same id and same key. */
bool public_key_equal(const PublicKey *a, const PublicKey *b);

/* Read FILE.pub (minisign's two lines). ERROR_INPUT, ERROR_IO. */
bool public_key_read(const char *path, PublicKey *ret_key, Error *err) MUST_CHECK;

#endif
