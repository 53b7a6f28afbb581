/* Keyrings and signed records for tests. Key numbers are those of test_signer. */
#ifndef SEALIFT_TESTS_SUPPORT_TEST_KEYRING_H
#define SEALIFT_TESTS_SUPPORT_TEST_KEYRING_H

#include "bundles/keyring.h"
#include "tests/support/test_head.h"
#include "tests/support/test_signer.h"

static inline UNUSED KeyringKey test_key(uint8_t number)
{
    KeyringKey key = {.public_key = test_signer(number).public_key,
                      .last_sequence = KEYRING_OPEN_END};
    snprintf(key.name, sizeof(key.name), "key-%u", number);
    return key;
}

/* Record 0 for any product with the keys `numbers` ("\1\2"). */
static inline UNUSED Keyring test_record0(const char *numbers, int64_t threshold)
{
    Keyring keyring = {.product_uuid = "-",
                       .created = "2024-01-01T00:00:00Z",
                       .root_threshold = threshold,
                       .release_threshold = threshold};
    for (; *numbers; numbers++) {
        keyring.roots[keyring.root_count++] = test_key((uint8_t)*numbers);
        keyring.releases[keyring.release_count++] = test_key((uint8_t)*numbers);
    }
    CLEANUP(text_done) Text text = {0};
    Error err = {0};
    if (!keyring_format(&keyring, 0, &text, &err))
        abort();
    return keyring;
}

/* What would follow `current` with root keys `roots` and release keys `releases`, thresholds 1. */
static inline UNUSED Keyring test_successor(const Keyring *current, const char *roots,
                                            const char *releases)
{
    Keyring keyring = {.version = current->version + 1,
                       .epoch = current->epoch,
                       .product_uuid = TEST_PRODUCT_UUID,
                       .created = "2024-02-02T00:00:00Z",
                       .has_previous = current->version > 0,
                       .previous = current->digest,
                       .root_threshold = 1,
                       .release_threshold = 1};
    for (; *roots; roots++)
        keyring.roots[keyring.root_count++] = test_key((uint8_t)*roots);
    for (; *releases; releases++)
        keyring.releases[keyring.release_count++] = test_key((uint8_t)*releases);
    return keyring;
}

/* Append signatures by `signers` over `size` bytes of signed text with this comment. */
static inline UNUSED void test_sign_record(Text *text, size_t start, const char *signers,
                                           const char *comment)
{
    size_t size = text->length - start;
    for (; *signers; signers++) {
        TestSigner signer = test_signer((uint8_t)*signers);
        Signature signature = test_signer_sign(&signer, text->bytes + start, size, comment);
        signature_format(&signature, text);
    }
}

/* Append the record, signed by `signers`, to `text`. Aborts where it is none. */
static inline UNUSED void test_add_record(Keyring *keyring, const char *signers, Text *text)
{
    Error err = {0};
    size_t start = text->length;
    if (!keyring_format(keyring, strlen(signers), text, &err)) {
        error_print(stderr, "test", &err);
        abort();
    }
    char *comment = signature_keyring_comment(keyring->product_uuid, keyring->version);
    test_sign_record(text, start, signers, comment);
    free(comment);
}

/* The records as a bundle's area. */
static inline UNUSED void test_area(const Text *records, uint8_t ret_area[BUNDLE_KEYRING_SIZE])
{
    memset(ret_area, '\n', BUNDLE_KEYRING_SIZE);
    if (records->length > BUNDLE_KEYRING_SIZE)
        abort();
    if (records->length)
        memcpy(ret_area, records->bytes, records->length);
}

#endif
