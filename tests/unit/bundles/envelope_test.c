#include "tests/support/unit_test.h"

#include <unistd.h>

#include "base/file.h"
#include "tests/support/test_envelope.h"

#define COMMENT "sealift/1 release product=harbour sequence=7"

static Envelope envelope; /* 76 KiB: not for the stack */

/* The good bundle of these tests: record 0 holds key 1; record 1 has root 1 and the release keys 2
 * (active), 3 (active), 4 (retired, sequences 1 to 6) and 5 (revoked), threshold 1. */
typedef struct Scene {
    Keyring zero;
    Keyring one;
    Text records;
    Head head;
} Scene;

static Scene scene_of(int64_t threshold)
{
    Scene scene = {.zero = test_record0("\1", 1), .head = test_head()};
    scene.one = test_successor(&scene.zero, "\1", "\2\3\4\5");
    scene.one.release_threshold = threshold;
    scene.one.releases[2].status = KEY_RETIRED;
    scene.one.releases[2].first_sequence = 1;
    scene.one.releases[2].last_sequence = 6;
    scene.one.releases[3].status = KEY_REVOKED;
    test_add_record(&scene.one, "\1", &scene.records);
    return scene;
}

static void scene_done(Scene *scene)
{
    text_done(&scene->records);
}

static void compose(Scene *scene, const char *signers)
{
    test_envelope(&scene->head, &scene->records, 1, &envelope);
    for (; *signers; signers++)
        test_envelope_sign(&envelope, (uint8_t)*signers, COMMENT);
}

static void expect_proof(const Keyring *known, KeyringPurpose purpose, EnvelopeProof *proof)
{
    CLEANUP(error_done) Error err = {0};
    if (!envelope_prove(&envelope, known, purpose, proof, &err))
        fail_msg("%s", err.message);
}

static void expect_refused_for(const Keyring *known, KeyringPurpose purpose, ErrorClass class,
                               const char *says)
{
    static EnvelopeProof proof;
    CLEANUP(error_done) Error err = {0};
    proof.signer_count = 77;
    if (envelope_prove(&envelope, known, purpose, &proof, &err))
        fail_msg("accepted; '%s' is expected", says);
    if (err.class != class || !strstr(err.message, says))
        fail_msg("%d %s; '%s' is expected", err.class, err.message, says);
    assert_int_equal(proof.signer_count, 77);
}

static void expect_refused(const Keyring *known, const char *says)
{
    expect_refused_for(known, KEYRING_FOR_APPLY, ERROR_TRUST, says);
}

static void proves_a_good_bundle(void **state UNUSED)
{
    static EnvelopeProof proof;
    CLEANUP(scene_done) Scene scene = scene_of(2);
    compose(&scene, "\2\3");
    expect_proof(&scene.zero, KEYRING_FOR_APPLY, &proof);
    assert_true(proof.keyring_is_newer);
    assert_int_equal(proof.keyring.version, 1);
    assert_int_equal(proof.signer_count, 2);
    assert_string_equal(proof.signers[1].name, "key-3");
    assert_string_equal(proof.head.product, "harbour");
    Digest digest = digest_of(envelope.bytes + BUNDLE_HEAD_OFFSET, BUNDLE_HEAD_SIZE);
    assert_true(digest_equal(&digest, &proof.head_digest));
    expect_proof(&scene.one, KEYRING_FOR_APPLY, &proof);
    assert_false(proof.keyring_is_newer);
}

static void proves_a_bundle_without_records_by_record_0(void **state UNUSED)
{
    static EnvelopeProof proof;
    Keyring zero = test_record0("\1\2", 2);
    Head head = test_head();
    Text none = {0};
    test_envelope(&head, &none, 0, &envelope);
    test_envelope_sign(&envelope, 2, COMMENT);
    expect_refused(&zero, "1 of 2 signatures that the keyring wants");
    test_envelope_sign(&envelope, 1, COMMENT);
    expect_proof(&zero, KEYRING_FOR_APPLY, &proof);
    assert_int_equal(proof.keyring.version, 0);
    assert_false(proof.keyring_is_newer);
}

static void says_who_is_missing_among_the_signers(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene = scene_of(2);
    compose(&scene, "");
    expect_refused(&scene.zero, "no signature: the bundle is not signed");
    compose(&scene, "\2");
    expect_refused(&scene.zero, "1 of 2 signatures that the keyring wants");
    compose(&scene, "\2\x9");
    expect_refused(&scene.zero,
                   "slot 2: signed by key 0909090909090909, which this site does not know");
    compose(&scene, "\1\2"); /* a root key is no release key */
    expect_refused(&scene.zero, "slot 1: signed by key 0101010101010101, which this site does not");
    compose(&scene, "\2\2");
    expect_refused(&scene.zero, "slots 1 and 2 are of the same key, 0202020202020202");
    compose(&scene, "\2\3\5");
    expect_refused(&scene.zero, "slot 3: signed by key 0505050505050505 (key-5), which is revoked");
    compose(&scene, "\2\4");
    expect_refused(&scene.zero, "sequence 7 is signed by key 0404040404040404, whose range does "
                                "not hold the bundle's sequence: 1 of 2 signatures");
    Keyring stranger = test_record0("\7", 1);
    expect_refused(&stranger, "version 1 has 0 of 1 signatures that version 0 wants");
}

static void counts_a_key_only_inside_its_range(void **state UNUSED)
{
    static EnvelopeProof proof;
    CLEANUP(scene_done) Scene scene = scene_of(1);
    compose(&scene, "\4");
    expect_refused(&scene.zero, "0 of 1 signatures");
    /* a signer who no longer counts does no harm beside one who does: older sites want him */
    compose(&scene, "\4\2");
    expect_proof(&scene.zero, KEYRING_FOR_APPLY, &proof);
    scene.head.sequence = 6;
    test_envelope(&scene.head, &scene.records, 1, &envelope);
    test_envelope_sign(&envelope, 4, "sealift/1 release product=harbour sequence=6");
    expect_proof(&scene.zero, KEYRING_FOR_APPLY, &proof);
}

static void rolls_back_without_asking_for_range_or_epoch(void **state UNUSED)
{
    static EnvelopeProof proof;
    CLEANUP(scene_done) Scene scene = scene_of(1);
    scene.head.epoch = 3;
    compose(&scene, "\4");
    expect_proof(&scene.zero, KEYRING_FOR_ROLLBACK, &proof);
    compose(&scene, "\5");
    expect_refused_for(&scene.zero, KEYRING_FOR_ROLLBACK, ERROR_TRUST, "which is revoked");
    compose(&scene, "");
    expect_refused_for(&scene.zero, KEYRING_FOR_ROLLBACK, ERROR_TRUST, "no signature");
}

/* Change the bundle's first slot → words. */
static const struct {
    const char *from, *to, *says;
} slot_damages[] = {
    {"untrusted comment: signature from minisign secret key",
     "untrusted comment: signature from sealift  secret key", "slot 1: the signature's first line"},
    {"key\nRU", "key\nRW", "slot 1: the signature is of minisign's legacy kind (Ed)"},
    {"key\nR", "key\r\nR", "slot 1: the signature's first line"},
    {"sequence=7", "sequence=8",
     "slot 1: the signature of key 0202020202020202 over its trusted "
     "comment does not hold"},
    {"==\n\n", "==\n ", "slot 1: something stands behind the signature"},
    {"==\n\n", "==\nx", "slot 1: something stands behind the signature"},
    {"untrusted", "garbage..", "slot 1: the signature's first line"},
};

static void refuses_damaged_slots_and_says_which(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene = scene_of(1);
    for (size_t i = 0; i < ARRAY_LEN(slot_damages); i++) {
        compose(&scene, "\2");
        char *slot = (char *)envelope.bytes + BUNDLE_SIGNATURES_OFFSET;
        char kept[BUNDLE_SLOT_SIZE + 1] = "";
        memcpy(kept, slot, BUNDLE_SLOT_SIZE);
        const char *found = strstr(kept, slot_damages[i].from);
        assert_non_null(found);
        CLEANUP(text_done) Text bad = {0};
        text_add_n(&bad, kept, (size_t)(found - kept));
        text_add(&bad, slot_damages[i].to);
        text_add(&bad, found + strlen(slot_damages[i].from));
        memset(slot, '\n', BUNDLE_SLOT_SIZE);
        memcpy(slot, bad.bytes, bad.length < BUNDLE_SLOT_SIZE ? bad.length : BUNDLE_SLOT_SIZE);
        expect_refused(&scene.zero, slot_damages[i].says);
    }
}

static void refuses_comments_of_another_purpose_or_bundle(void **state UNUSED)
{
    static const struct {
        const char *comment, *says;
    } rows[] = {
        {"sealift/1 release product=other sequence=7",
         "signed for 'sealift/1 release product=other sequence=7', not for 'sealift/1 release "
         "product=harbour sequence=7'"},
        {"sealift/1 release product=harbour sequence=8", "not for"},
        {"sealift/1 release product=harbour sequence=7 ", "not for"},
        {"timestamp:1714979289\x20"
         "file:HEAD hashed",
         "not for a release"},
        {"sealift/1 receipt site=alpha number=7", "not for a release"},
        {"sealift/1 keyring product-uuid=x version=7", "not for a release"},
        {"sealift/2 release product=harbour sequence=7", "not for a release"},
    };
    CLEANUP(scene_done) Scene scene = scene_of(1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        compose(&scene, "\2"); /* a good one before it does not help */
        test_envelope_sign(&envelope, 3, rows[i].comment);
        expect_refused(&scene.zero, rows[i].says);
    }
}

static void refuses_holes_between_slots(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene = scene_of(1);
    uint8_t *slots = envelope.bytes + BUNDLE_SIGNATURES_OFFSET;
    compose(&scene, "\2\3");
    memset(slots, '\n', BUNDLE_SLOT_SIZE);
    expect_refused(&scene.zero, "slot 2 is not empty, though slot 1 is");
    compose(&scene, "\2");
    slots[15 * BUNDLE_SLOT_SIZE - 1] = 'x';
    expect_refused(&scene.zero, "slot 15 is not empty, though slot 2 is");
    compose(&scene, "\2");
    slots[BUNDLE_SLOT_SIZE] = 0;
    expect_refused(&scene.zero, "slot 2: the signature's first line");
}

static void refuses_headers_that_are_not_ours(void **state UNUSED)
{
    static const size_t offsets[] = {BUNDLE_SIGNATURES_HEADER_OFFSET, BUNDLE_KEYRING_HEADER_OFFSET,
                                     BUNDLE_HEAD_HEADER_OFFSET, BUNDLE_HEAD_HEADER_OFFSET + 511};
    CLEANUP(scene_done) Scene scene = scene_of(1);
    for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
        compose(&scene, "\2");
        assert_true(envelope_has_headers(&envelope));
        envelope.bytes[offsets[i]] ^= 1;
        expect_refused_for(&scene.zero, KEYRING_FOR_APPLY, ERROR_INPUT, "this is not a bundle");
    }
    memset(envelope.bytes, 0, sizeof(envelope.bytes));
    expect_refused_for(&scene.zero, KEYRING_FOR_APPLY, ERROR_INPUT, "this is not a bundle");
}

static void refuses_a_head_that_does_not_fit_the_keyring(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene = scene_of(1);
    Text none = {0};

    scene.head.epoch = 1;
    compose(&scene, "\2");
    expect_refused(&scene.zero, "the bundle is of epoch 1, the keyring in force (version 1) is of "
                                "epoch 0");
    scene.head = test_head();
    snprintf(scene.head.product_uuid, sizeof(scene.head.product_uuid), "%s", TEST_OTHER_UUID);
    compose(&scene, "\2");
    expect_refused(&scene.zero, "the bundle is of product 'harbour' (" TEST_OTHER_UUID
                                "), the keyring is for product " TEST_PRODUCT_UUID);
    /* the record was cut out, HEAD still names it */
    scene.head = test_head();
    test_envelope(&scene.head, &none, 1, &envelope);
    test_envelope_sign(&envelope, 1, COMMENT);
    expect_refused(&scene.zero, "HEAD names keyring version 1, the bundle carries 0");
    /* and the other way round */
    test_envelope(&scene.head, &scene.records, 0, &envelope);
    test_envelope_sign(&envelope, 2, COMMENT);
    expect_refused(&scene.zero, "HEAD names keyring version 0, the bundle carries 1");
    /* records swapped behind HEAD's back */
    test_envelope(&scene.head, &none, 0, &envelope);
    test_envelope_sign(&envelope, 2, COMMENT);
    memcpy(envelope.bytes + BUNDLE_KEYRING_OFFSET, scene.records.bytes, scene.records.length);
    expect_refused(&scene.zero, "the keyring area is not the one that HEAD names");
}

/* A bundle made under keyring 1 arrives at a site that knows 2: 2 is in force. */
static void the_newest_known_keyring_is_in_force(void **state UNUSED)
{
    static EnvelopeProof proof;
    CLEANUP(scene_done) Scene scene = scene_of(1);
    CLEANUP(text_done) Text second = {0};
    Keyring two = test_successor(&scene.one, "\1", "\2\3");
    two.releases[0].status = KEY_REVOKED;
    test_add_record(&two, "\1", &second);
    compose(&scene, "\3");
    expect_proof(&two, KEYRING_FOR_APPLY, &proof);
    assert_int_equal(proof.keyring.version, 2);
    assert_false(proof.keyring_is_newer);
    compose(&scene, "\2");
    expect_proof(&scene.one, KEYRING_FOR_APPLY, &proof);
    expect_refused(&two, "which is revoked");
    Keyring raised = two;
    raised.epoch = 1;
    compose(&scene, "\3");
    expect_refused(&raised, "is of epoch 0, the keyring in force (version 2) is of epoch 1");
}

/* Sign whatever bytes HEAD now holds. */
static void sign_raw(const char *from, const char *to)
{
    char *head = (char *)envelope.bytes + BUNDLE_HEAD_OFFSET;
    char *found = strstr(head, from);
    assert_non_null(found);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(found, to, strlen(to));
    memset(envelope.bytes + BUNDLE_SIGNATURES_OFFSET, '\n', BUNDLE_SLOT_SIZE);
    test_envelope_sign(&envelope, 2, COMMENT);
}

static void judges_heads_grammar_only_once_it_is_signed(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene = scene_of(1);
    compose(&scene, "\2");
    envelope.bytes[BUNDLE_HEAD_OFFSET] = 'S';
    expect_refused(&scene.zero, "does not hold");
    compose(&scene, "\2");
    sign_raw("sealift-bundle 1", "Sealift-bundle 1");
    expect_refused_for(&scene.zero, KEYRING_FOR_APPLY, ERROR_INPUT, "HEAD does not begin");
    compose(&scene, "\2");
    sign_raw("sealift-bundle 1", "sealift-bundle 2");
    expect_refused_for(&scene.zero, KEYRING_FOR_APPLY, ERROR_TARGET, "format is 2");
    compose(&scene, "\2");
    sign_raw("min-applier: 0.1.0", "min-applier: 9.1.0");
    expect_refused_for(&scene.zero, KEYRING_FOR_APPLY, ERROR_TARGET, "wants version 9.1.0");
}

/* Claim: no byte of the envelope is outside what is checked. Signatures are slow, so one byte in
 * seven of the text and one in 31 of the filler is changed; the whole-bundle test does them all. */
static void refuses_a_changed_bit_anywhere(void **state UNUSED)
{
    static EnvelopeProof proof;
    CLEANUP(scene_done) Scene scene = scene_of(1);
    compose(&scene, "\2\3");
    size_t changed = 0;
    for (size_t i = 0; i < sizeof(envelope.bytes); i++) {
        if (i % (envelope.bytes[i] == '\n' ? 31 : 7) != 0)
            continue;
        CLEANUP(error_done) Error err = {0};
        envelope.bytes[i] ^= (uint8_t)(1 << (i % 8));
        if (envelope_prove(&envelope, &scene.zero, KEYRING_FOR_APPLY, &proof, &err))
            fail_msg("a changed byte at %zu is accepted", i);
        assert_true(err.class == ERROR_TRUST || err.class == ERROR_INPUT);
        envelope.bytes[i] ^= (uint8_t)(1 << (i % 8));
        changed++;
    }
    assert_true(changed > 2500);
    expect_proof(&scene.zero, KEYRING_FOR_APPLY, &proof);
}

static void reads_without_trust_what_is_well_formed(void **state UNUSED)
{
    static EnvelopeProof proof;
    CLEANUP(scene_done) Scene scene = scene_of(2);
    compose(&scene, "");
    CLEANUP(error_done) Error err = {0};
    assert_true(envelope_read_without_trust(&envelope, &proof, &err));
    assert_int_equal(proof.signer_count, 0);
    compose(&scene, "\x9");
    assert_true(envelope_read_without_trust(&envelope, &proof, &err));
    assert_int_equal(proof.signer_count, 1);
    assert_int_equal(proof.signers[0].public_key.id[0], 9);
    assert_string_equal(proof.head.covers_to, "1.1.0");

    test_envelope_sign(&envelope, 3, "sealift/1 release product=harbour sequence=8");
    assert_false(envelope_read_without_trust(&envelope, &proof, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    compose(&scene, "\2");
    envelope.bytes[BUNDLE_KEYRING_OFFSET + BUNDLE_KEYRING_SIZE - 1] = 'x';
    assert_false(envelope_read_without_trust(&envelope, &proof, &err));
    assert_non_null(strstr(err.message, "keyring area is not the one"));
    envelope.bytes[0] = 'x';
    assert_false(envelope_read_without_trust(&envelope, &proof, &err));
    assert_int_equal(err.class, ERROR_INPUT);
}

static void composes_what_stock_tar_lists(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene = scene_of(1);
    CLEANUP(error_done) Error err = {0};
    compose(&scene, "\2");
    char path[] = "/tmp/sealift-envelope-test.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char end[BUNDLE_END_SIZE];
    assert_true(file_write(fd, path, envelope.bytes, sizeof(envelope.bytes), &err));
    assert_true(file_write(fd, path, end, sizeof(end), &err));
    close(fd);
    CLEANUP(memory_freep)
    char *command = memory_format("LC_ALL=C TZ=UTC tar --numeric-owner -tvf '%s'", path);
    FILE *tar = popen(command, "r"); /* the path is our own */
    char listed[512] = "";
    assert_true(fread(listed, 1, sizeof(listed) - 1, tar) > 0);
    assert_int_equal(pclose(tar), 0);
    unlink(path);
    assert_string_equal(listed, "-rw-r--r-- 0/0            7680 1970-01-01 00:00 SIGNATURES\n"
                                "-rw-r--r-- 0/0           65024 1970-01-01 00:00 KEYRING\n"
                                "-rw-r--r-- 0/0            3584 1970-01-01 00:00 HEAD\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_a_good_bundle),
        cmocka_unit_test(proves_a_bundle_without_records_by_record_0),
        cmocka_unit_test(says_who_is_missing_among_the_signers),
        cmocka_unit_test(counts_a_key_only_inside_its_range),
        cmocka_unit_test(rolls_back_without_asking_for_range_or_epoch),
        cmocka_unit_test(refuses_damaged_slots_and_says_which),
        cmocka_unit_test(refuses_comments_of_another_purpose_or_bundle),
        cmocka_unit_test(refuses_holes_between_slots),
        cmocka_unit_test(refuses_headers_that_are_not_ours),
        cmocka_unit_test(refuses_a_head_that_does_not_fit_the_keyring),
        cmocka_unit_test(the_newest_known_keyring_is_in_force),
        cmocka_unit_test(judges_heads_grammar_only_once_it_is_signed),
        cmocka_unit_test(refuses_a_changed_bit_anywhere),
        cmocka_unit_test(reads_without_trust_what_is_well_formed),
        cmocka_unit_test(composes_what_stock_tar_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
