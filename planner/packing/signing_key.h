/* Secret keys: minisign's key files (unencrypted), and signing with them. The secret lives in
 * locked memory, is zeroed on free, and the file must be readable by its owner only. */
#ifndef SEALIFT_PLANNER_SIGNING_KEY_H
#define SEALIFT_PLANNER_SIGNING_KEY_H

#include "bundles/signature.h"

typedef struct SigningKey SigningKey;

/* Make a key pair: secret in `path` (0600, O_EXCL), public key in `path`.pub. Neither file may be
 * there (ERROR_CONFIG). */
bool signing_key_create(const char *path, PublicKey *ret_public, Error *err) MUST_CHECK;

/* ERROR_CONFIG: readable by others, encrypted, not a regular file; ERROR_INPUT: not a minisign key.
 */
bool signing_key_open(const char *path, SigningKey **ret_key, Error *err) MUST_CHECK;
void signing_key_free(SigningKey *key);
DEFINE_CLEANUP(SigningKey, signing_key_free)

const PublicKey *signing_key_public(const SigningKey *key);

/* Sign `message` (prehashed) with this trusted comment. */
void signing_key_sign(const SigningKey *key, const void *message, size_t size, const char *comment,
                      Signature *ret_signature);

#endif
