/* libFuzzer target for the text of a fingerprint, as a bundle's object holds it. The input is the
 * text behind its first line. Checked: a refusal says that the input is malformed; what parses is
 * written back byte for byte, and its rows are sorted and differ in nothing from themselves.
 *
 *     make fuzz && build/fuzz/fuzz/fingerprint_fuzz -max_len=4096 CORPUS */
#include "base/memory.h"
#include "bundles/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    CLEANUP(text_done) Text text = {0};
    CLEANUP(text_done) Text again = {0};
    text_addf(&text, "sealift-fingerprint %d\n", FINGERPRINT_ALGORITHM);
    if (size)
        text_add_n(&text, bytes, size);
    /* a copy of its exact size, so that a read past its end is seen */
    CLEANUP(memory_freep) char *copy = memory_copy(text.bytes, text.length);
    if (!fingerprint_parse(copy, text.length, &fingerprint, &err)) {
        check(err.class == ERROR_INPUT && fingerprint.rows.count == 0);
        return 0;
    }
    fingerprint_format(&fingerprint, &again);
    check(again.length == text.length && memcmp(again.bytes, text.bytes, text.length) == 0);
    check(fingerprint_sort(&fingerprint, &err));
    FingerprintChangeArray changes = {0};
    fingerprint_compare(&fingerprint, &fingerprint, &changes);
    check(changes.count == 0);
    return 0;
}
