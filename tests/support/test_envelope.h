/* A whole envelope for tests: keyring records, HEAD made to fit them, slots. */
#ifndef SEALIFT_TESTS_SUPPORT_TEST_ENVELOPE_H
#define SEALIFT_TESTS_SUPPORT_TEST_ENVELOPE_H

#include "base/memory.h"
#include "bundles/envelope.h"
#include "tests/support/test_keyring.h"

/* Put `head`, with keyring-version and -blake2b made to fit, and no signature, into an envelope
 * that carries `records`. */
static inline UNUSED void test_envelope(Head *head, const Text *records, int64_t keyring_version,
                                        Envelope *ret_envelope)
{
    uint8_t area[BUNDLE_KEYRING_SIZE], bytes[BUNDLE_HEAD_SIZE];
    Error err = {0};
    test_area(records, area);
    head->keyring_version = keyring_version;
    head->keyring_digest = digest_of(area, sizeof(area));
    head_bundle_id(head->product_uuid, head->sequence, head->tree_to, head->bundle_id);
    if (!head_format(head, bytes, &err)) {
        error_print(stderr, "test", &err);
        abort();
    }
    envelope_compose(ret_envelope, records->bytes, records->length, bytes);
}

/* Add a slot of key `number` over the envelope's HEAD with this comment. */
static inline UNUSED void test_envelope_sign(Envelope *envelope, uint8_t number,
                                             const char *comment)
{
    TestSigner signer = test_signer(number);
    Signature signature =
        test_signer_sign(&signer, envelope_head(envelope), BUNDLE_HEAD_SIZE, comment);
    envelope_put_slot(envelope, envelope_filled_slots(envelope), &signature);
}

#endif
