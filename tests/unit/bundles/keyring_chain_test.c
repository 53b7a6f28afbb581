#include "tests/support/unit_test.h"

#include "base/memory.h"
#include "tests/support/test_keyring.h"

/* Frame the one record in `text` and offer it to `current`. */
static bool offer(const Keyring *current, const Text *text, Keyring *next, Error *err)
{
    KeyringFrame frame;
    return keyring_frame((const uint8_t *)text->bytes, text->length, &frame, err) &&
           keyring_accept(current, &frame, next, err);
}

static void expect_refused(const Keyring *current, const Text *text, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    Keyring next = {.version = 77};
    if (offer(current, text, &next, &err))
        fail_msg("accepted; '%s' is expected", says);
    if (err.class != ERROR_TRUST || !strstr(err.message, says))
        fail_msg("%d %s; '%s' is expected", err.class, err.message, says);
    assert_int_equal(next.version, 77);
}

static void accepts_a_successor_that_both_sign(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text first = {0}, second = {0};
    Keyring zero = test_record0("\1\2", 2), one = test_successor(&zero, "\3", "\4"), reached;
    /* 9 is a key that neither knows: another site's record 0 */
    test_add_record(&one, "\1\2\3\x9", &first);
    assert_true(offer(&zero, &first, &reached, &err));
    assert_true(digest_equal(&reached.digest, &one.digest));
    assert_int_equal(reached.version, 1);
    Keyring two = test_successor(&reached, "\3\5", "\4\6");
    two.epoch = 1;
    two.root_threshold = 2;
    test_add_record(&two, "\5\3", &second);
    assert_true(offer(&reached, &second, &reached, &err));
    assert_int_equal(reached.epoch, 1);
}

static void refuses_who_has_not_the_thresholds(void **state UNUSED)
{
    Keyring zero = test_record0("\1\2", 2), one = test_successor(&zero, "\3\4", "\5");
    static const struct {
        const char *signers;
        int64_t threshold;
        const char *says;
    } rows[] = {
        {"\3", 1, "has 0 of 2 signatures that version 0 wants"}, /* self-signed only */
        {"\1\3", 1, "has 1 of 2 signatures that version 0 wants"},
        {"\1\2", 1, "has 0 of 1 signatures that version 1 wants"}, /* not by itself */
        {"\1\2\3", 2, "has 1 of 2 signatures that version 1 wants"},
        {"\1\2\5", 1, "has 0 of 1 signatures that version 1 wants"}, /* a release key is no root */
        {"", 1, "has 0 of 2 signatures that version 0 wants"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(text_done) Text text = {0};
        one.root_threshold = rows[i].threshold;
        test_add_record(&one, rows[i].signers, &text);
        expect_refused(&zero, &text, rows[i].says);
    }
}

static void refuses_what_does_not_follow(void **state UNUSED)
{
    Keyring zero = test_record0("\1", 1), one = test_successor(&zero, "\1", "\1");
    CLEANUP(text_done) Text good = {0};
    test_add_record(&one, "\1", &good);
    zero.digest = digest_of("any", 3); /* record 1 names no previous: any record 0 will do */
    CLEANUP(error_done) Error err = {0};
    Keyring reached;
    assert_true(offer(&zero, &good, &reached, &err));

    CLEANUP(text_done) Text gap = {0}, fork = {0}, back = {0}, other = {0}, again = {0};
    Keyring next = test_successor(&reached, "\1", "\1");
    next.version = 3;
    test_add_record(&next, "\1", &gap);
    expect_refused(&reached, &gap, "version 3 does not follow version 1");
    next = test_successor(&reached, "\1", "\1");
    next.previous = digest_of("another", 7);
    test_add_record(&next, "\1", &fork);
    expect_refused(&reached, &fork, "follows another version 1");
    expect_refused(&reached, &good, "version 1 does not follow version 1");
    reached.epoch = 5;
    next = test_successor(&reached, "\1", "\1");
    next.epoch = 4;
    test_add_record(&next, "\1", &back);
    expect_refused(&reached, &back, "goes back in epoch");
    next = test_successor(&reached, "\1", "\1");
    snprintf(next.product_uuid, sizeof(next.product_uuid), "%s", TEST_OTHER_UUID);
    test_add_record(&next, "\1", &other);
    expect_refused(&reached, &other, "is for product " TEST_OTHER_UUID ", not for");
    Keyring product_zero = test_record0("\1", 1);
    snprintf(product_zero.product_uuid, sizeof(zero.product_uuid), "%s", TEST_OTHER_UUID);
    expect_refused(&product_zero, &good, "is for product " TEST_PRODUCT_UUID ", not for");
}

static void refuses_signatures_that_do_not_hold(void **state UNUSED)
{
    Keyring zero = test_record0("\1", 1), one = test_successor(&zero, "\1", "\1");
    CLEANUP(error_done) Error err = {0};
    /* signed for something else */
    static const char *const comments[] = {
        "sealift/1 release product=harbour sequence=1",
        "sealift/1 keyring product-uuid=" TEST_OTHER_UUID " version=1",
        "sealift/1 keyring product-uuid=" TEST_PRODUCT_UUID " version=2",
    };
    for (size_t i = 0; i < ARRAY_LEN(comments); i++) {
        CLEANUP(text_done) Text text = {0};
        assert_true(keyring_format(&one, 1, &text, &err));
        test_sign_record(&text, 0, "\1", comments[i]);
        expect_refused(&zero, &text, "key 0101010101010101 signed for 'sealift/1 ");
    }
    /* one byte changed after signing: here a key's name */
    CLEANUP(text_done) Text text = {0};
    test_add_record(&one, "\1", &text);
    strstr(text.bytes, "key-1")[4] = '7';
    expect_refused(&zero, &text, "does not hold");
    /* known id with another key */
    Keyring impostor = test_record0("\2", 1);
    memcpy(impostor.roots[0].public_key.id, test_signer(1).public_key.id, SIGNATURE_KEY_ID_SIZE);
    CLEANUP(text_done) Text good = {0};
    test_add_record(&one, "\1", &good);
    expect_refused(&impostor, &good, "does not hold");
}

/* Signed by whom it must be, and still no record: grammar stays refused, as untrusted. */
static void refuses_a_signed_record_that_is_malformed(void **state UNUSED)
{
    Keyring zero = test_record0("\1", 1), one = test_successor(&zero, "\1", "\1");
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text text = {0};
    assert_true(keyring_format(&one, 1, &text, &err));
    memcpy(strstr(text.bytes, "root-threshold: 1"), "root-threshold: 9", 17);
    test_sign_record(&text, 0, "\1",
                     "sealift/1 keyring product-uuid=" TEST_PRODUCT_UUID " version=1");
    expect_refused(&zero, &text, "root threshold is 9");
}

static void refuses_frames_that_are_not_exact(void **state UNUSED)
{
    static const struct {
        const char *from, *to, *says;
    } rows[] = {
        {"sealift-keyring 1", "sealift-keyring 2", "does not begin"},
        {"version: 1", "version: 01", "second line is not its version"},
        {"version: 1\nepoch: 0", "epoch: 0\nversion: 1", "second line is not its version"},
        {"end: 1\n", "end: 01\n", "no end line"},
        {"end: 1\n", "end: 16\n", "no end line"},
        {"end: 1\n", "", "no end line"},
        {"end: 1\n", "end: 2\n", "signature 2 of 2"},
        {"end: 1\n", "end: 1\n\n", "signature 1 of 1"},
        {"epoch: 0\n", "epoch: 0\r\n", "no end line"},
        {"epoch: 0\n", "\nepoch: 0\n", "no end line"},
    };
    Keyring zero = test_record0("\1", 1), one = test_successor(&zero, "\1", "\1");
    CLEANUP(text_done) Text good = {0};
    test_add_record(&one, "\1", &good);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(text_done) Text bad = {0};
        const char *found = strstr(good.bytes, rows[i].from);
        assert_non_null(found);
        text_add_n(&bad, good.bytes, (size_t)(found - good.bytes));
        text_add(&bad, rows[i].to);
        text_add(&bad, found + strlen(rows[i].from));
        expect_refused(&zero, &bad, rows[i].says);
    }
    CLEANUP(text_done) Text twice = {0};
    test_add_record(&one, "\1\1", &twice);
    expect_refused(&zero, &twice, "one key signed the record twice");
    for (size_t size = 0; size < good.length; size++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(memory_freep) uint8_t *cut = memory_copy(good.bytes, size ? size : 1);
        KeyringFrame frame;
        assert_false(keyring_frame(cut, size, &frame, &err));
        assert_int_equal(err.class, ERROR_TRUST);
    }
}

/* A chain of records 1, 2, 3 over record 0 of key 1; every one hands over to the next key. */
static Keyring chain[4];
static Text records[4];

static int make_chain(void **state UNUSED)
{
    chain[0] = test_record0("\1", 1);
    for (uint8_t i = 1; i < 4; i++) {
        const char root[] = {(char)(i + 1), 0}, signers[] = {(char)i, (char)(i + 1), 0};
        chain[i] = test_successor(&chain[i - 1], root, root);
        test_add_record(&chain[i], signers, &records[i]);
    }
    return 0;
}

static int drop_chain(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(records); i++)
        text_done(&records[i]);
    return 0;
}

/* Walk an area of the records named by `versions` ("12") from chain[known]. */
static bool walk(size_t known, const char *versions, Keyring *newest, KeyringFrame *last,
                 uint8_t area[BUNDLE_KEYRING_SIZE], Error *err)
{
    CLEANUP(text_done) Text text = {0};
    for (; *versions; versions++)
        text_add(&text, text_string(&records[*versions - '0']));
    test_area(&text, area);
    return keyring_walk(&chain[known], area, newest, last, err);
}

static void walks_to_the_newest(void **state UNUSED)
{
    static const struct {
        size_t known;
        const char *versions;
        size_t reaches;
    } rows[] = {
        {0, "", 0},   {2, "", 2},   {0, "1", 1},  {0, "12", 2}, {0, "123", 3}, {1, "12", 2},
        {2, "12", 2}, {3, "12", 3}, {1, "23", 3}, {2, "23", 3}, {3, "1", 3},
    };
    static uint8_t area[BUNDLE_KEYRING_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(error_done) Error err = {0};
        Keyring newest;
        KeyringFrame last;
        if (!walk(rows[i].known, rows[i].versions, &newest, &last, area, &err))
            fail_msg("%zu over '%s': %s", rows[i].known, rows[i].versions, err.message);
        assert_int_equal(newest.version, rows[i].reaches);
        assert_true(digest_equal(&newest.digest, &chain[rows[i].reaches].digest));
        if (rows[i].reaches == rows[i].known) {
            assert_null(last.bytes);
            continue;
        }
        assert_int_equal(last.size, records[rows[i].reaches].length);
        assert_memory_equal(last.bytes, records[rows[i].reaches].bytes, last.size);
    }
}

static void refuses_gaps_and_records_out_of_order(void **state UNUSED)
{
    static const struct {
        size_t known;
        const char *versions, *says;
    } rows[] = {
        {0, "2", "from 2, this site has 0: version 1 is missing"},
        {0, "23", "version 1 is missing"},
        {1, "3", "version 2 is missing"},
        {0, "13", "the record after version 1 is version 3"}, /* record cut out */
        {3, "13", "the record after version 1 is version 3"},
        {0, "21", "version 1 is missing"},
        {3, "21", "the record after version 2 is version 1"},
        {0, "11", "the record after version 1 is version 1"},
    };
    static uint8_t area[BUNDLE_KEYRING_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(error_done) Error err = {0};
        Keyring newest = {.version = 77};
        if (walk(rows[i].known, rows[i].versions, &newest, NULL, area, &err))
            fail_msg("%zu over '%s' is accepted", rows[i].known, rows[i].versions);
        if (err.class != ERROR_TRUST || !strstr(err.message, rows[i].says))
            fail_msg("%zu over '%s': %s", rows[i].known, rows[i].versions, err.message);
        assert_int_equal(newest.version, 77);
    }
}

static void refuses_a_fork(void **state UNUSED)
{
    static uint8_t area[BUNDLE_KEYRING_SIZE];
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text text = {0};
    Keyring fork = test_successor(&chain[0], "\2", "\2"), newest;
    fork.release_threshold = 1;
    snprintf(fork.created, sizeof(fork.created), "2025-01-01T00:00:00Z");
    test_add_record(&fork, "\1\2", &text);
    test_area(&text, area);
    assert_true(keyring_walk(&chain[0], area, &newest, NULL, &err));
    assert_false(keyring_walk(&chain[1], area, &newest, NULL, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    assert_non_null(strstr(err.message, "another version 1 than the one that is known here"));
}

static void refuses_record_0_and_filler_that_is_not(void **state UNUSED)
{
    static uint8_t area[BUNDLE_KEYRING_SIZE];
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text zero = {0};
    Keyring keyring = chain[0], newest;
    assert_true(keyring_format(&keyring, 0, &zero, &err));
    test_area(&zero, area);
    assert_false(keyring_walk(&chain[0], area, &newest, NULL, &err));
    assert_non_null(strstr(err.message, "is version 0"));

    assert_true(walk(0, "1", &newest, NULL, area, &err));
    area[BUNDLE_KEYRING_SIZE - 1] = ' ';
    assert_false(keyring_walk(&chain[0], area, &newest, NULL, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    assert_non_null(strstr(err.message, "byte 0x20 at 65023"));
    assert_true(walk(0, "1", &newest, NULL, area, &err));
    area[records[1].length] = 'x';
    assert_false(keyring_walk(&chain[0], area, &newest, NULL, &err));
    memset(area, 0, sizeof(area));
    assert_false(keyring_walk(&chain[0], area, &newest, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_a_successor_that_both_sign),
        cmocka_unit_test(refuses_who_has_not_the_thresholds),
        cmocka_unit_test(refuses_what_does_not_follow),
        cmocka_unit_test(refuses_signatures_that_do_not_hold),
        cmocka_unit_test(refuses_a_signed_record_that_is_malformed),
        cmocka_unit_test(refuses_frames_that_are_not_exact),
        cmocka_unit_test(walks_to_the_newest),
        cmocka_unit_test(refuses_gaps_and_records_out_of_order),
        cmocka_unit_test(refuses_a_fork),
        cmocka_unit_test(refuses_record_0_and_filler_that_is_not),
    };
    return cmocka_run_group_tests(tests, make_chain, drop_chain);
}
