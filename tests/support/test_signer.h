/* Keys and signatures for tests: made from a number, the same in every run. Signs anything, also
 * what no honest signer would. */
#ifndef SEALIFT_TESTS_SUPPORT_TEST_SIGNER_H
#define SEALIFT_TESTS_SUPPORT_TEST_SIGNER_H

#include <sodium/crypto_sign.h>
#include <string.h>

#include "base/attributes.h"
#include "base/digest.h"
#include "bundles/signature.h"

typedef struct TestSigner {
    PublicKey public_key;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
} TestSigner;

static inline UNUSED TestSigner test_signer(uint8_t number)
{
    TestSigner signer = {0};
    uint8_t seed[crypto_sign_SEEDBYTES];
    memset(seed, number, sizeof(seed));
    crypto_sign_seed_keypair(signer.public_key.key, signer.secret, seed);
    memset(signer.public_key.id, number, sizeof(signer.public_key.id));
    return signer;
}

/* The signature over the trusted comment, anew: for a comment or signature that was changed. */
static inline UNUSED void test_signer_sign_comment(const TestSigner *signer, Signature *signature)
{
    uint8_t bytes[64 + SIGNATURE_COMMENT_MAX];
    size_t length = strlen(signature->trusted_comment);
    memcpy(bytes, signature->signature, 64);
    memcpy(bytes + 64, signature->trusted_comment, length);
    crypto_sign_detached(signature->global_signature, NULL, bytes, 64 + length, signer->secret);
}

static inline UNUSED Signature test_signer_sign(const TestSigner *signer, const void *message,
                                                size_t size, const char *comment)
{
    Signature signature = {0};
    Digest digest = digest_of(message, size);
    memcpy(signature.key_id, signer->public_key.id, SIGNATURE_KEY_ID_SIZE);
    snprintf(signature.trusted_comment, sizeof(signature.trusted_comment), "%s", comment);
    crypto_sign_detached(signature.signature, NULL, digest.bytes, DIGEST_SIZE, signer->secret);
    test_signer_sign_comment(signer, &signature);
    return signature;
}

#endif
