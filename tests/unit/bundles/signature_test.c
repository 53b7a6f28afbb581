#include "tests/support/unit_test.h"

#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/support/test_signer.h"

#define MESSAGE "the message"
#define COMMENT "sealift/1 release product=harbour sequence=7"

/* A key and a signature over "hello\n" that minisign 0.11 made (-G -W; -S -t 'sealift/1 x'), and a
 * legacy one (-S -l). */
#define WITNESS_KEY "RWR6XNgO8NLmwwPctDetxrTRag5ahbBWayK8NvCS13MDmKL/0BNF1Eeh"
#define WITNESS_SIGNATURE                                                                                    \
    "untrusted comment: signature from minisign secret key\n"                                                \
    "RUR6XNgO8NLmw4KkIbJQCROOl57fyCdM/I8SihQlLDRMG+SCwVrIJPiAmSBBTFsfOCqWB6UMGFILQ3G6kWLc6ps/wLNCAa4crQU=\n" \
    "trusted comment: sealift/1 x\n"                                                                         \
    "xK5BT7ZWt8fE4rDxamBQLJaTps4qvA5in/rL/OzY1+fn4k8wXBVctD1QshxPIejPHSUUztHMkjXxjJA9fMXwBw==\n"
#define WITNESS_LEGACY                                                                                       \
    "untrusted comment: signature from minisign secret key\n"                                                \
    "RWR6XNgO8NLmw9G558lOdUIQ7wuZoS1J2V+1mRCX812S5Zr6fQrnaxT9pY38q9XtxFRdFumfiXu4SVTTZni1TywvUiNIlbD8Zwg=\n" \
    "trusted comment: sealift/1 x\n"                                                                         \
    "+Ux+/Eq1eO+1Ysb/f39nypJDqlbNqWcMciNML2EBllsLmyjqeyve0Yk4VLLNWBF5rtSmKxS61lKZswVEgJPUDg==\n"

static Text good_text(void)
{
    TestSigner signer = test_signer(1);
    Signature signature = test_signer_sign(&signer, MESSAGE, strlen(MESSAGE), COMMENT);
    Text text = {0};
    signature_format(&signature, &text);
    return text;
}

static void reads_back_what_it_writes(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text text = good_text();
    size_t lines = text.length, length;
    text_add(&text, "behind");
    TestSigner signer = test_signer(1);
    Signature signature;
    assert_true(signature_parse((uint8_t *)text.bytes, text.length, &signature, &length, &err));
    assert_int_equal(length, lines);
    assert_true(
        signature_verify(&signature, &signer.public_key, MESSAGE, strlen(MESSAGE), COMMENT, &err));
    CLEANUP(text_done) Text again = {0};
    signature_format(&signature, &again);
    assert_int_equal(again.length, lines);
    assert_memory_equal(again.bytes, text.bytes, lines);
}

static void agrees_with_minisign(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    PublicKey key;
    Signature signature;
    size_t length;
    char shown[SIGNATURE_PUBLIC_KEY_TEXT], id[SIGNATURE_KEY_ID_HEX];
    assert_true(public_key_parse(WITNESS_KEY, strlen(WITNESS_KEY), &key, &err));
    public_key_format(&key, shown);
    assert_string_equal(shown, WITNESS_KEY);
    assert_string_equal(signature_key_id_hex(key.id, id), "C3E6D2F00ED85C7A");
    assert_true(signature_parse((const uint8_t *)WITNESS_SIGNATURE, strlen(WITNESS_SIGNATURE),
                                &signature, &length, &err));
    assert_true(signature_verify(&signature, &key, "hello\n", 6, "sealift/1 x", &err));
    assert_false(signature_parse((const uint8_t *)WITNESS_LEGACY, strlen(WITNESS_LEGACY),
                                 &signature, &length, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    assert_non_null(strstr(err.message, "legacy"));
}

/* A legacy signature is over the file itself; over a file that is a BLAKE2b digest it is also an ED
 * signature of what that is the digest of. It can be relabelled, but its comment is not ours. */
static void refuses_a_relabelled_legacy_signature_by_its_comment(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    TestSigner signer = test_signer(1);
    Digest digest = digest_of(MESSAGE, strlen(MESSAGE));
    Signature relabelled = {.trusted_comment = "timestamp:1\tfile:m"};
    memcpy(relabelled.key_id, signer.public_key.id, SIGNATURE_KEY_ID_SIZE);
    crypto_sign_detached(relabelled.signature, NULL, digest.bytes, DIGEST_SIZE, signer.secret);
    test_signer_sign_comment(&signer, &relabelled);
    assert_false(
        signature_verify(&relabelled, &signer.public_key, MESSAGE, strlen(MESSAGE), COMMENT, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    assert_non_null(strstr(err.message, "signed for 'timestamp:1"));
}

/* What of the good text is replaced (the first time it stands there) by what → words. */
static const struct {
    const char *from, *to, *says;
} damages[] = {
    {"untrusted comment: signature from minisign secret key", "untrusted comment: signed",
     "first line"},
    {"untrusted", "Untrusted", "first line"},
    {"secret key\n", "secret key\r\n", "first line"},
    {"secret key\n", "secret key \n", "first line"},
    {"secret key\n", "secret key\n\n", "100 characters"},
    {"RUQBAQ", "RWQBAQ", "legacy kind (Ed)"},
    {"RUQBAQ", "RUUBAQ", "algorithm is not ED"},
    {"RUQBAQ", "RUQB AQ", "100 characters"},
    {"RUQBAQ", " RUQBAQ", "100 characters"},
    {"RUQBAQ", "RUQBA", "100 characters"},
    {"RUQBAQ", "-UQBAQ", "100 characters"},
    {"=\ntrusted", "\ntrusted", "100 characters"},
    {"=\ntrusted", "=\r\ntrusted", "100 characters"},
    {"=\ntrusted", "==\ntrusted", "100 characters"},
    {"trusted comment: sealift", "Trusted comment: sealift", "no trusted comment"},
    {"trusted comment: sealift", "trusted comment:sealift", "no trusted comment"},
    {"trusted comment: " COMMENT, "trusted comment: ", "1 to 200 bytes"},
    {"product=harbour", "product=\xc3\xa4", "byte 0xc3"},
    {"product=harbour", "product=\x1b[1m", "byte 0x1b"},
    {"product=harbour", "product=\t", "byte 0x09"},
    {"sequence=7\n", "sequence=7\r\n", "byte 0x0d"},
    {"==\n", "=\n", "88 characters"},
    {"==\n", "==\r\n", "88 characters"},
    {"==\n", "A=\n", "88 characters"},
    {"==\n", "==", "cut short"},
};

static void refuses_text_that_is_not_canonical(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(text_done) Text good = good_text(), bad = {0};
        const char *found = strstr(good.bytes, damages[i].from);
        assert_non_null(found);
        text_add_n(&bad, good.bytes, (size_t)(found - good.bytes));
        text_add(&bad, damages[i].to);
        text_add(&bad, found + strlen(damages[i].from));
        Signature signature = {.trusted_comment = "untouched"};
        size_t length = 7;
        if (signature_parse((uint8_t *)bad.bytes, bad.length, &signature, &length, &err))
            fail_msg("'%s' → '%s' is accepted", damages[i].from, damages[i].to);
        if (err.class != ERROR_TRUST || !strstr(err.message, damages[i].says))
            fail_msg("'%s' → '%s': %d %s", damages[i].from, damages[i].to, err.class, err.message);
        assert_string_equal(signature.trusted_comment, "untouched");
        assert_int_equal(length, 7);
    }
}

/* What is accepted is what would be written: no two texts are one signature. Found by changing
 * every byte of a bundle: libsodium takes 0xd0 for '/'. */
static void accepts_only_what_it_would_write(void **state UNUSED)
{
    CLEANUP(text_done) Text good = good_text();
    for (size_t at = 0; at < good.length; at++) {
        char byte = good.bytes[at];
        for (int change = 1; change < 256; change++) {
            CLEANUP(error_done) Error err = {0};
            CLEANUP(text_done) Text again = {0};
            Signature signature;
            size_t length;
            good.bytes[at] = (char)(byte ^ change);
            if (!signature_parse((uint8_t *)good.bytes, good.length, &signature, &length, &err))
                continue;
            signature_format(&signature, &again);
            assert_int_equal(again.length, length);
            assert_memory_equal(again.bytes, good.bytes, length);
        }
        good.bytes[at] = byte;
    }
}

/* 74 bytes leave four bits of the 99th character unused, 64 bytes four of the 86th. */
static void refuses_bits_that_base64_leaves_over(void **state UNUSED)
{
    CLEANUP(text_done) Text good = good_text();
    char *first = strstr(good.bytes, "=\n"), *second = strstr(good.bytes, "==\n");
    char *const last_characters[] = {first - 1, second - 1};
    for (size_t i = 0; i < ARRAY_LEN(last_characters); i++) {
        CLEANUP(error_done) Error err = {0};
        Signature signature;
        size_t length;
        char good_character = *last_characters[i];
        *last_characters[i] = (char)(good_character + 1);
        assert_false(
            signature_parse((uint8_t *)good.bytes, good.length, &signature, &length, &err));
        *last_characters[i] = good_character;
        assert_true(signature_parse((uint8_t *)good.bytes, good.length, &signature, &length, &err));
    }
}

static void refuses_every_cut(void **state UNUSED)
{
    CLEANUP(text_done) Text good = good_text();
    for (size_t size = 0; size < good.length; size++) {
        CLEANUP(error_done) Error err = {0};
        /* a copy of just that size, so that a sanitizer sees a read past its end */
        CLEANUP(memory_freep) uint8_t *cut = memory_copy(good.bytes, size ? size : 1);
        Signature signature;
        size_t length;
        assert_false(signature_parse(cut, size, &signature, &length, &err));
        assert_int_equal(err.class, ERROR_TRUST);
    }
}

static void expect_refusal(const Signature *signature, const PublicKey *key, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    assert_false(signature_verify(signature, key, MESSAGE, strlen(MESSAGE), COMMENT, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    if (!strstr(err.message, says))
        fail_msg("'%s' lacks '%s'", err.message, says);
}

static void refuses_signatures_that_do_not_hold(void **state UNUSED)
{
    TestSigner signer = test_signer(1), other = test_signer(2);
    const Signature good = test_signer_sign(&signer, MESSAGE, strlen(MESSAGE), COMMENT);

    expect_refusal(&good, &other.public_key, "of another key");
    PublicKey impostor = other.public_key;
    memcpy(impostor.id, signer.public_key.id, sizeof(impostor.id));
    expect_refusal(&good, &impostor, "the signature of key 0101010101010101 does not hold");

    Signature bad = test_signer_sign(&signer, "another", 7, COMMENT);
    expect_refusal(&bad, &signer.public_key, "does not hold");
    bad = good;
    bad.global_signature[3] ^= 1;
    expect_refusal(&bad, &signer.public_key, "over its trusted comment does not hold");
    bad = good;
    bad.trusted_comment[0] = 'S';
    expect_refusal(&bad, &signer.public_key, "over its trusted comment does not hold");
    bad = test_signer_sign(&signer, MESSAGE, strlen(MESSAGE),
                           "sealift/1 release product=harbour sequence=8");
    expect_refusal(&bad, &signer.public_key,
                   "signed for 'sealift/1 release product=harbour sequence=8', not for "
                   "'sealift/1 release product=harbour sequence=7'");
    bad = test_signer_sign(&signer, MESSAGE, strlen(MESSAGE), "sealift/1 receipt site=a number=7");
    expect_refusal(&bad, &signer.public_key, "signed for 'sealift/1 receipt");
}

/* S + L is the same scalar: another text for a signature that holds. */
static void refuses_a_malleated_scalar(void **state UNUSED)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    TestSigner signer = test_signer(1);
    Signature bad = test_signer_sign(&signer, MESSAGE, strlen(MESSAGE), COMMENT);
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof(order); i++) {
        carry += (unsigned)bad.signature[32 + i] + order[i];
        bad.signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    test_signer_sign_comment(&signer, &bad);
    expect_refusal(&bad, &signer.public_key, "does not hold");
}

static void refuses_weak_keys(void **state UNUSED)
{
    static const uint8_t weak[][32] = {
        {0},                                             /* order 4 */
        {1},                                             /* the identity */
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* -1: order 2 */
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, /* order 8 */
         0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa,
         0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
        {2}, /* no point of the curve */
    };
    for (size_t i = 0; i < ARRAY_LEN(weak); i++) {
        CLEANUP(error_done) Error err = {0};
        PublicKey key = {.id = {9}}, parsed;
        memcpy(key.key, weak[i], 32);
        char text[SIGNATURE_PUBLIC_KEY_TEXT];
        public_key_format(&key, text);
        assert_false(public_key_parse(text, strlen(text), &parsed, &err));
        assert_int_equal(err.class, ERROR_INPUT);
        assert_non_null(strstr(err.message, "weak"));
        /* and where one got past: R = identity, S = 0 would hold for any message */
        Signature forged = {.trusted_comment = COMMENT};
        memcpy(forged.key_id, key.id, sizeof(key.id));
        forged.signature[0] = forged.global_signature[0] = 1;
        expect_refusal(&forged, &key, "does not hold");
    }
}

static void refuses_what_is_no_public_key(void **state UNUSED)
{
    static const char *const bad[] = {
        "",
        "RWTyAykHfO4bDOPFEuSyByptkEXAFVMpT7rM8R3QyuGi1g32D81XDGN",
        "RWTyAykHfO4bDOPFEuSyByptkEXAFVMpT7rM8R3QyuGi1g32D81XDGNhh",
        "RUTyAykHfO4bDOPFEuSyByptkEXAFVMpT7rM8R3QyuGi1g32D81XDGNh",
        "RWTyAykHfO4bDOPFEuSyByptkEXAFVMpT7rM8R3QyuGi1g32D81XDG\nh",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(error_done) Error err = {0};
        PublicKey key;
        assert_false(public_key_parse(bad[i], strlen(bad[i]), &key, &err));
        assert_int_equal(err.class, ERROR_INPUT);
        assert_non_null(strstr(err.message, "56 characters"));
    }
}

static void reads_public_key_files(void **state UNUSED)
{
    static const struct {
        const char *content;
        bool good;
    } files[] = {
        {"untrusted comment: minisign public key C1BEE7C072903F2\n" WITNESS_KEY "\n", true},
        {"untrusted comment: x\n" WITNESS_KEY, true},
        {"untrusted comment: x\n" WITNESS_KEY "\n\n", false},
        {"untrusted comment: x\r\n" WITNESS_KEY "\r\n", false},
        {"untrusted comment: x", false},
        {"", false},
        {WITNESS_KEY "\n", false},
        {"untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAA\n", false},
    };
    char path[] = "/tmp/sealift-signature-test.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        CLEANUP(error_done) Error err = {0};
        PublicKey key;
        assert_true(
            file_write_atomic(path, 0600, files[i].content, strlen(files[i].content), &err));
        bool good = public_key_read(path, &key, &err);
        if (good != files[i].good)
            fail_msg("file %zu: %s", i, err.message ? err.message : "accepted");
        if (!good)
            assert_int_equal(err.class, ERROR_INPUT);
    }
    unlink(path);
    CLEANUP(error_done) Error err = {0};
    PublicKey key;
    assert_false(public_key_read(path, &key, &err));
    assert_int_equal(err.class, ERROR_IO);
}

static void makes_the_comments_that_separate_purposes(void **state UNUSED)
{
    CLEANUP(memory_freep) char *release = signature_release_comment("harbour", 7);
    CLEANUP(memory_freep) char *keyring = signature_keyring_comment("uuid", 2);
    assert_string_equal(release, COMMENT);
    assert_string_equal(keyring, "sealift/1 keyring product-uuid=uuid version=2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_writes),
        cmocka_unit_test(agrees_with_minisign),
        cmocka_unit_test(refuses_a_relabelled_legacy_signature_by_its_comment),
        cmocka_unit_test(refuses_text_that_is_not_canonical),
        cmocka_unit_test(accepts_only_what_it_would_write),
        cmocka_unit_test(refuses_bits_that_base64_leaves_over),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(refuses_signatures_that_do_not_hold),
        cmocka_unit_test(refuses_a_malleated_scalar),
        cmocka_unit_test(refuses_weak_keys),
        cmocka_unit_test(refuses_what_is_no_public_key),
        cmocka_unit_test(reads_public_key_files),
        cmocka_unit_test(makes_the_comments_that_separate_purposes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
