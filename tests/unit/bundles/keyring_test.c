#include "tests/support/unit_test.h"

#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/support/test_keyring.h"

static void expect_parse_error(const char *bytes, size_t size, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    Keyring keyring = {.version = 77};
    if (keyring_parse((const uint8_t *)bytes, size, &keyring, &err))
        fail_msg("accepted; '%s' is expected", says);
    if (err.class != ERROR_INPUT || !strstr(err.message, says))
        fail_msg("%d %s; '%s' is expected", err.class, err.message, says);
    assert_int_equal(keyring.version, 77);
}

/* A record 2: two root keys, three release keys of which one is retired and one revoked. */
static Keyring sample(void)
{
    Keyring zero = test_record0("\1", 1), one = test_successor(&zero, "\1\2", "\3\4\5");
    Keyring two = test_successor(&one, "\1\2", "\3\4\5");
    two.previous = digest_of("one", 3);
    two.root_threshold = 2;
    two.releases[1].status = KEY_RETIRED;
    two.releases[1].first_sequence = 1;
    two.releases[1].last_sequence = 6;
    two.releases[2].status = KEY_REVOKED;
    return two;
}

static void reads_back_what_it_writes(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text text = {0}, again = {0};
    Keyring keyring = sample(), parsed;
    KeyringKey swapped = keyring.roots[0]; /* format sorts */
    keyring.roots[0] = keyring.roots[1];
    keyring.roots[1] = swapped;
    assert_true(keyring_format(&keyring, 2, &text, &err));
    assert_true(keyring_parse((uint8_t *)text.bytes, text.length, &parsed, &err));
    assert_true(keyring_format(&parsed, 2, &again, &err));
    assert_string_equal(text.bytes, again.bytes);
    assert_true(digest_equal(&parsed.digest, &keyring.digest));
    assert_int_equal(parsed.releases[1].last_sequence, 6);
    assert_int_equal(parsed.releases[0].last_sequence, KEYRING_OPEN_END);
    assert_int_equal(parsed.releases[2].status, KEY_REVOKED);
    assert_string_equal(parsed.roots[0].name, "key-1");
}

/* What of the sample's text is replaced by what → words. */
static const struct {
    const char *from, *to, *says;
} damages[] = {
    {"sealift-keyring 1", "sealift-keyring 2", "does not begin"},
    {"version: 2", "version: 02", "'02' cannot be its version"},
    {"version: 2", "version: -2", "cannot be its version"},
    {"version: 2", "version: 9007199254740992", "cannot be its version"},
    {"version: 2", "version: 1", "name the record before them"},
    {"version: 2", "version: 0", "name the record before them"},
    {"version: 2\n", "", "'version:' is expected where 'epoch: 0' stands"},
    {"version: 2\n", "version: 2\nversion: 2\n", "'epoch:' is expected"},
    {"version: 2\nepoch: 0\n", "epoch: 0\nversion: 2\n", "'version:' is expected"},
    {"epoch: 0", "epoch: 18446744073709551616", "cannot be its epoch"},
    {"epoch: 0", "epoch:0", "'epoch:' is expected"},
    {"epoch: 0", "epoch: 0 ", "cannot be its epoch"},
    {"epoch: 0\n", "epoch: 0\ncolour: red\n", "'product-uuid:' is expected"},
    {"product-uuid: 3f2b", "product-uuid: 3F2B", "is not the UUID"},
    {"product-uuid: 3f2b8c1e-0000-4000-8000-00000000000a", "product-uuid: -", "is not the UUID"},
    {"product-uuid: 3f2b", "product-uuid: 3f2bb", "cannot be its product-uuid"},
    {"created: 2024-02-02", "created: 2024-02-30", "is not a time"},
    {"previous: ", "previous: A", "cannot be its previous"},
    {"root-threshold: 2", "root-threshold: 0", "root threshold is 0, with 2 root keys"},
    {"root-threshold: 2", "root-threshold: 3", "root threshold is 3, with 2 root keys"},
    {"release-threshold: 1", "release-threshold: 4", "release threshold is 4"},
    {"release-threshold: 1", "release-threshold: 0", "release threshold is 0"},
    {"root: RWQB", "root: RUQB", "56 characters of base64"},
    {" key-1\n", " key 1\n", "is not of 63 letters"},
    {" key-1\n", " \n", "is not of 63 letters"},
    {" key-1\n", "\n", "malformed"},
    {" key-1\n", "  key-1\n", "is not of 63 letters"},
    {" 0 - active key-3", " 1 0 active key-3", "is empty"},
    {" 0 - active key-3", " 00 - active key-3", "malformed"},
    {" 0 - active key-3", " 0 * active key-3", "malformed"},
    {" 0 - active key-3", " 0 - Active key-3", "malformed"},
    {" 0 - active key-3", " 0 -", "malformed"},
    {" 0 - active key-3", " 0", "malformed"},
    {" 0 - active key-3", "", "malformed"},
    {"end: 2\n", "", "'end:' is expected"},
    {"end: 2\n", "end: 16\n", "more than 15 signatures"},
    {"end: 2\n", "end: 2\nend: 2\n", "text after the end line"},
    {"end: 2\n", "end: 2", "'end:' is expected"},
    {"key-1\n", "key-1\r\n", "byte 0x0d"},
    {"key-1\n", "key-\xc3\xa4\n", "byte 0xc3"},
    {"key-1\n", "key-\x7f\n", "byte 0x7f"},
};

static void refuses_every_damage_and_says_which(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text good = {0};
    Keyring keyring = sample();
    assert_true(keyring_format(&keyring, 2, &good, &err));
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(text_done) Text bad = {0};
        const char *found = strstr(good.bytes, damages[i].from);
        assert_non_null(found);
        text_add_n(&bad, good.bytes, (size_t)(found - good.bytes));
        text_add(&bad, damages[i].to);
        text_add(&bad, found + strlen(damages[i].from));
        expect_parse_error(bad.bytes, bad.length, damages[i].says);
    }
    expect_parse_error("", 0, "does not begin");
    CLEANUP(memory_freep) char *nul = memory_copy(good.bytes, good.length);
    nul[30] = '\0';
    expect_parse_error(nul, good.length, "byte 0x00 at 30");
    CLEANUP(memory_freep) char *large = memory_zeroed(1, KEYRING_RECORD_MAX + 1);
    expect_parse_error(large, KEYRING_RECORD_MAX + 1, "over 16384 bytes");
}

/* The sample with as many lines of one kind as `count`; what they hold is not looked at before. */
static void expect_too_many(const char *line, size_t count, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text good = {0}, bad = {0};
    Keyring keyring = sample();
    assert_true(keyring_format(&keyring, 2, &good, &err));
    const char *at = strstr(good.bytes, line), *next = strchr(at, '\n') + 1;
    text_add_n(&bad, good.bytes, (size_t)(at - good.bytes));
    for (size_t i = 0; i < count; i++)
        text_add_n(&bad, at, (size_t)(next - at));
    text_add(&bad, "end: 0\n");
    expect_parse_error(bad.bytes, bad.length, says);
}

static void refuses_more_keys_than_there_is_room_for(void **state UNUSED)
{
    expect_too_many("root: ", KEYRING_ROOTS_MAX + 1, "more than 15 root keys");
    expect_too_many("release: ", KEYRING_RELEASES_MAX + 1, "more than 31 release keys");
}

static void refuses_keys_out_of_order(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text text = {0}, bad = {0};
    Keyring keyring = sample();
    assert_true(keyring_format(&keyring, 2, &text, &err));
    char *first = strstr(text.bytes, "root: "), *second = strstr(first + 1, "root: ");
    char *after = strstr(second, "release: ");
    text_add_n(&bad, text.bytes, (size_t)(first - text.bytes));
    text_add_n(&bad, second, (size_t)(after - second));
    text_add_n(&bad, first, (size_t)(second - first));
    text_add(&bad, after);
    expect_parse_error(bad.bytes, bad.length, "not sorted by id");
}

static void expect_format_error(Keyring keyring, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text text = {0};
    if (keyring_format(&keyring, 1, &text, &err))
        fail_msg("accepted; '%s' is expected", says);
    if (err.class != ERROR_INPUT || !strstr(err.message, says))
        fail_msg("%d %s; '%s' is expected", err.class, err.message, says);
    assert_int_equal(text.length, 0);
}

static void refuses_to_write_what_it_would_not_read(void **state UNUSED)
{
    Keyring keyring = sample();
    keyring.root_count = 0;
    expect_format_error(keyring, "0 root keys; 1 to 15");
    keyring = sample();
    keyring.release_count = 0;
    expect_format_error(keyring, "0 release keys; 1 to 31");
    keyring = sample();
    keyring.roots[1].public_key = keyring.roots[0].public_key;
    expect_format_error(keyring, "two root keys have the id 0101010101010101");
    keyring = sample();
    memcpy(keyring.roots[1].public_key.key, keyring.roots[0].public_key.key, 32);
    expect_format_error(keyring, "under two ids");
    keyring = sample();
    memcpy(keyring.releases[0].public_key.id, keyring.roots[0].public_key.id, 8);
    expect_format_error(keyring, "share only id or only key");
    keyring = sample();
    keyring.epoch = -1;
    expect_format_error(keyring, "out of range");
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text text = {0};
    keyring = sample();
    assert_false(keyring_format(&keyring, 16, &text, &err));
    assert_non_null(strstr(err.message, "16 signatures"));
}

static void knows_which_key_may_sign(void **state UNUSED)
{
    Keyring keyring = sample();
    const char *why;
    const uint8_t active[8] = {3, 3, 3, 3, 3, 3, 3, 3}, retired[8] = {4, 4, 4, 4, 4, 4, 4, 4};
    const uint8_t revoked[8] = {5, 5, 5, 5, 5, 5, 5, 5}, root[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    assert_non_null(keyring_release_key(&keyring, active, 1000, KEYRING_FOR_APPLY, &why));
    assert_null(why);
    assert_non_null(keyring_release_key(&keyring, retired, 1, KEYRING_FOR_APPLY, &why));
    assert_non_null(keyring_release_key(&keyring, retired, 6, KEYRING_FOR_APPLY, &why));
    assert_null(keyring_release_key(&keyring, retired, 7, KEYRING_FOR_APPLY, &why));
    assert_string_equal(why, "whose range does not hold the bundle's sequence");
    assert_null(keyring_release_key(&keyring, retired, 0, KEYRING_FOR_APPLY, &why));
    assert_non_null(keyring_release_key(&keyring, retired, 7, KEYRING_FOR_ROLLBACK, &why));
    assert_null(keyring_release_key(&keyring, revoked, 1, KEYRING_FOR_APPLY, &why));
    assert_string_equal(why, "which is revoked");
    assert_null(keyring_release_key(&keyring, revoked, 1, KEYRING_FOR_ROLLBACK, &why));
    assert_null(keyring_release_key(&keyring, root, 1, KEYRING_FOR_APPLY, &why));
    assert_string_equal(why, "which this site does not know");
}

static void makes_a_record_0(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    const PublicKey keys[] = {test_signer(2).public_key, test_signer(1).public_key};
    const char *const names[] = {"b", "a"};
    Keyring keyring;
    assert_true(keyring_record0(keys, names, 2, 2, "-", "2024-01-01T00:00:00Z", &keyring, &err));
    assert_int_equal(keyring.version, 0);
    assert_int_equal(keyring.epoch, 0);
    assert_int_equal(keyring.release_threshold, 2);
    assert_string_equal(keyring.roots[0].name, "a");
    assert_string_equal(keyring.releases[1].name, "b");
    CLEANUP(text_done) Text text = {0};
    assert_true(keyring_format(&keyring, 0, &text, &err));
    Keyring again;
    assert_true(keyring_parse((uint8_t *)text.bytes, text.length, &again, &err));
    char ours[KEYRING_FINGERPRINT_TEXT], theirs[KEYRING_FINGERPRINT_TEXT];
    assert_string_equal(keyring_fingerprint_text(&keyring, ours),
                        keyring_fingerprint_text(&again, theirs));
    assert_int_equal(strlen(ours), 64 + 15);

    const char *const bad_names[] = {"b", "a b"};
    const PublicKey same[] = {keys[0], keys[0]};
    const char *uuid = TEST_PRODUCT_UUID, *time = "2024-01-01T00:00:00Z";
    assert_false(keyring_record0(keys, names, 0, 1, uuid, time, &keyring, &err));
    assert_false(keyring_record0(keys, names, 16, 1, uuid, time, &keyring, &err));
    assert_false(keyring_record0(keys, names, 2, 3, uuid, time, &keyring, &err));
    assert_false(keyring_record0(keys, names, 2, 0, uuid, time, &keyring, &err));
    assert_false(keyring_record0(keys, bad_names, 2, 1, uuid, time, &keyring, &err));
    assert_false(keyring_record0(same, names, 2, 1, uuid, time, &keyring, &err));
    assert_false(keyring_record0(keys, names, 2, 1, "../x", time, &keyring, &err));
    assert_int_equal(err.class, ERROR_INPUT);
}

static void names_a_key_after_its_file(void **state UNUSED)
{
    static const struct {
        const char *file, *name;
    } rows[] = {
        {"vendor.pub", "vendor"}, {"vendor", "vendor"}, {"a.b@c+d-1.pub", "a.b@c+d-1"},
        {"a b.pub", NULL},        {".pub", NULL},
    };
    char folder[] = "/tmp/sealift-keyring-test.XXXXXX";
    assert_non_null(mkdtemp(folder));
    TestSigner signer = test_signer(1);
    char text[SIGNATURE_PUBLIC_KEY_TEXT];
    public_key_format(&signer.public_key, text);
    CLEANUP(memory_freep) char *content = memory_format("untrusted comment: x\n%s\n", text);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(memory_freep) char *path = file_path(folder, rows[i].file);
        KeyringKey key = {0};
        assert_true(file_write_atomic(path, 0644, content, strlen(content), &err));
        bool good = keyring_key_read(path, &key, &err);
        unlink(path);
        assert_int_equal(good, rows[i].name != NULL);
        if (good) {
            assert_string_equal(key.name, rows[i].name);
            assert_true(public_key_equal(&key.public_key, &signer.public_key));
            assert_int_equal(key.last_sequence, KEYRING_OPEN_END);
        } else {
            assert_int_equal(err.class, ERROR_INPUT);
            assert_non_null(strstr(err.message, "cannot be the name of a key"));
        }
    }
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_writes),
        cmocka_unit_test(refuses_every_damage_and_says_which),
        cmocka_unit_test(refuses_more_keys_than_there_is_room_for),
        cmocka_unit_test(refuses_keys_out_of_order),
        cmocka_unit_test(refuses_to_write_what_it_would_not_read),
        cmocka_unit_test(knows_which_key_may_sign),
        cmocka_unit_test(makes_a_record_0),
        cmocka_unit_test(names_a_key_after_its_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
