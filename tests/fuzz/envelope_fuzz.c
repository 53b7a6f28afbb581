/* libFuzzer target for what is read before it is trusted: slots and keyring records; and for HEAD,
 * record and whole-envelope grammars as if their signatures held, since a fuzzer makes no Ed25519.
 * The first byte chooses the grammar. Checked: what parses is written back byte for byte.
 *
 *     make fuzz && build/fuzz/fuzz/envelope_fuzz -max_len=8192 CORPUS */
#include "base/memory.h"
#include "bundles/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void fuzz_signature(const uint8_t *bytes, size_t size)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text again = {0};
    Signature signature;
    size_t length;
    if (!signature_parse(bytes, size, &signature, &length, &err)) {
        check(err.class == ERROR_TRUST);
        return;
    }
    signature_format(&signature, &again);
    check(again.length == length && memcmp(again.bytes, bytes, length) == 0);
}

static void fuzz_head(const uint8_t *bytes, size_t size)
{
    CLEANUP(error_done) Error err = {0};
    uint8_t head_bytes[BUNDLE_HEAD_SIZE], again[BUNDLE_HEAD_SIZE];
    Head head;
    memset(head_bytes, '\n', sizeof(head_bytes));
    memcpy(head_bytes, bytes, size < sizeof(head_bytes) ? size : sizeof(head_bytes));
    if (!head_parse(head_bytes, &head, &err)) {
        check(err.class == ERROR_INPUT || err.class == ERROR_TARGET);
        return;
    }
    check(head_format(&head, again, &err));
    check(memcmp(again, head_bytes, sizeof(again)) == 0);
}

static void fuzz_record(const uint8_t *bytes, size_t size)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text again = {0};
    Keyring keyring;
    KeyringFrame frame;
    if (!keyring_frame(bytes, size, &frame, &err)) {
        check(err.class == ERROR_TRUST);
        return;
    }
    check(frame.signed_size <= frame.size && frame.size <= size);
    if (!keyring_parse(bytes, frame.signed_size, &keyring, &err)) {
        check(err.class == ERROR_INPUT);
        return;
    }
    check(keyring.version == frame.claimed_version);
    check(keyring_format(&keyring, frame.signature_count, &again, &err));
    check(again.length == frame.signed_size && memcmp(again.bytes, bytes, again.length) == 0);
}

/* The input laid over slots and keyring area of an envelope with its fixed headers. */
static void fuzz_envelope(const uint8_t *bytes, size_t size)
{
    static Envelope envelope;
    static EnvelopeProof proof;
    CLEANUP(error_done) Error err = {0};
    uint8_t head[BUNDLE_HEAD_SIZE];
    size_t slots = size / 2 < BUNDLE_SLOT_COUNT * BUNDLE_SLOT_SIZE
                       ? size / 2
                       : BUNDLE_SLOT_COUNT * BUNDLE_SLOT_SIZE;
    size_t left = size - slots;
    memset(head, '\n', sizeof(head));
    memcpy(head, bytes + slots, left < sizeof(head) ? left : sizeof(head));
    envelope_compose(&envelope, bytes + slots, left, head);
    memcpy(envelope.bytes + BUNDLE_SIGNATURES_OFFSET, bytes, slots);
    if (!envelope_read_without_trust(&envelope, &proof, &err))
        check(err.class != ERROR_NONE && err.message);
    const Keyring nobody = {.product_uuid = "-", .root_threshold = 1, .release_threshold = 1};
    check(!envelope_prove(&envelope, &nobody, KEYRING_FOR_APPLY, &proof, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const grammars[])(const uint8_t *, size_t) = {fuzz_signature, fuzz_head,
                                                                fuzz_record, fuzz_envelope};
    if (size == 0)
        return 0;
    /* a copy, so that a read past its end is seen (one spare byte: no allocation of nothing) */
    CLEANUP(memory_freep) uint8_t *copy = memory_zeroed(size, 1);
    memcpy(copy, bytes + 1, size - 1);
    grammars[bytes[0] % ARRAY_LEN(grammars)](copy, size - 1);
    return 0;
}
