/* Digests, times, UUIDs, JSON, errors: the small formats of the base layer. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "tests/support/unit_test.h"

static void digests_are_blake2b_512(void **state UNUSED)
{
    /* RFC 7693, appendix A */
    static const char abc[] = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                              "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
    char hex[DIGEST_HEX_SIZE];
    Digest digest = digest_of("abc", 3), parsed;
    assert_string_equal(digest_hex(&digest, hex), abc);
    DigestStream stream;
    digest_begin(&stream);
    digest_update(&stream, "a", 1);
    digest_update(&stream, "bc", 2);
    Digest streamed = digest_end(&stream);
    assert_true(digest_equal(&digest, &streamed));
    assert_true(digest_parse_hex(abc, 128, &parsed));
    assert_true(digest_equal(&digest, &parsed));
    assert_false(digest_parse_hex(abc, 127, &parsed));
    memcpy(hex, abc, sizeof(hex));
    hex[5] = 'A'; /* upper case is another text */
    assert_false(digest_parse_hex(hex, 128, &parsed));
}

static void hashes_of_rows_are_sha_256(void **state UNUSED)
{
    /* FIPS 180-2, appendix B.1 */
    char hex[DIGEST_SHA256_HEX_SIZE];
    assert_string_equal(digest_sha256_hex("abc", 3, hex),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(digest_sha256_hex("", 0, hex),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void sha_256_in_base64_can_go_on(void **state UNUSED)
{
    Sha256Stream stream;
    char base64[DIGEST_SHA256_BASE64_SIZE];
    digest_sha256_begin(&stream);
    assert_string_equal(digest_sha256_so_far(&stream, base64),
                        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    digest_sha256_update(&stream, "a", 1);
    digest_sha256_so_far(&stream, base64);
    digest_sha256_update(&stream, "bc", 2);
    assert_string_equal(digest_sha256_so_far(&stream, base64),
                        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

static void sha384_is_the_standards(void **state UNUSED)
{
    /* FIPS 180-2, appendix D.1, and `sha384sum </dev/null` */
    char hex[DIGEST_SHA384_HEX_SIZE];
    assert_string_equal(digest_sha384_hex("abc", 3, hex),
                        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                        "8086072ba1e7cc2358baeca134c825a7");
    assert_string_equal(digest_sha384_hex("", 0, hex),
                        "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
                        "274edebfe76f65fbd51ad2f14898b95b");
}

static void times_have_one_form(void **state UNUSED)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t seconds;
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    assert_true(clock_parse("2024-02-29T23:59:59Z", &seconds));
    clock_format(seconds, text);
    assert_string_equal(text, "2024-02-29T23:59:59Z");
    static const char *const bad[] = {"",
                                      "2024-02-30T00:00:00Z",
                                      "2023-02-29T00:00:00Z",
                                      "2024-1-1T00:00:00Z",
                                      "2024-01-01T00:00:00",
                                      "2024-01-01 00:00:00Z",
                                      "2024-01-01T24:00:00Z",
                                      "2024-01-01T00:00:00Zx"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(clock_parse(bad[i], &seconds));
}

static void has_local_time_beside_it(void **state UNUSED)
{
    static const struct {
        const char *zone;
        const char *text;
        const char *both;
    } cases[] = {
        {"UTC0", "2026-11-23T22:30:00Z", "2026-11-23T22:30:00Z"},
        {"XXX-1", "2026-11-23T22:30:00Z", "2026-11-23T22:30:00Z (23:30:00+0100)"},
        {"XXX-2", "2026-11-23T22:30:00Z", "2026-11-23T22:30:00Z (2026-11-24 00:30:00+0200)"},
        {"XXX3:30", "2026-01-01T02:00:00Z", "2026-01-01T02:00:00Z (2025-12-31 22:30:00-0330)"},
        {"XXX-1", "", ""},
        {"XXX-1", "yesterday", "yesterday"},
    };
    char *before = memory_string(getenv("TZ"));
    char both[CLOCK_BOTH_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        setenv("TZ", cases[i].zone, 1);
        tzset();
        assert_string_equal(clock_with_local(cases[i].text, both), cases[i].both);
    }
    if (before)
        setenv("TZ", before, 1);
    else
        unsetenv("TZ");
    tzset();
    free(before);
}

static void source_date_epoch_rules_the_clock(void **state UNUSED)
{
    int64_t seconds;
    Error err = {0};
    unsetenv("SOURCE_DATE_EPOCH");
    assert_true(clock_source_date_epoch(5, &seconds, &err));
    assert_int_equal(seconds, 5);
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    assert_true(clock_source_date_epoch(5, &seconds, &err));
    assert_int_equal(seconds, 1700000000);
    setenv("SOURCE_DATE_EPOCH", "yesterday", 1);
    assert_false(clock_source_date_epoch(5, &seconds, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    error_done(&err);
    unsetenv("SOURCE_DATE_EPOCH");
}

static void uuids_are_lower_case_and_differ(void **state UNUSED)
{
    char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];
    uuid_make(a);
    uuid_make(b);
    assert_true(uuid_is_valid(a));
    assert_string_not_equal(a, b);
    assert_int_equal(a[14], '4');
    assert_false(uuid_is_valid(""));
    assert_false(uuid_is_valid("01234567-89AB-4def-8123-456789abcdef"));
    assert_false(uuid_is_valid("01234567-89ab-4def-8123-456789abcdef0"));
    assert_false(uuid_is_valid("01234567089ab-4def-8123-456789abcdef"));
}

static void json_is_quoted_and_nested(void **state UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    JsonWriter json;
    json_begin(&json, &text);
    json_object(&json, NULL);
    json_string(&json, "a\"b", "x\n\xff\\é");
    json_array(&json, "list");
    json_int(&json, NULL, -3);
    json_bool(&json, NULL, true);
    json_null(&json, NULL);
    json_close(&json);
    json_array(&json, "none");
    json_close(&json);
    json_close(&json);
    json_end(&json);
    assert_string_equal(text.bytes,
                        "{\n  \"a\\\"b\": \"x\\u000a\xef\xbf\xbd\\\\é\",\n  \"list\": [\n"
                        "    -3,\n    true,\n    null\n  ],\n  \"none\": []\n}\n");
}

static void json_stands_in_one_line(void **state UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    JsonWriter json;
    json_begin_line(&json, &text);
    json_object(&json, NULL);
    json_string(&json, "a", "x\ny");
    json_array(&json, "list");
    json_int(&json, NULL, 1);
    json_int(&json, NULL, 2);
    json_close(&json);
    json_close(&json);
    json_end(&json);
    assert_string_equal(text_string(&text), "{\"a\":\"x\\u000ay\",\"list\":[1,2]}\n");
}

static void errors_gather_what_was_being_done(void **state UNUSED)
{
    Error err = {0}, moved = {0};
    assert_false(error_set(&err, ERROR_TRUST, "digest mismatch in '%s'", "x"));
    assert_false(error_wrap(&err, "bundle '%s'", "b"));
    assert_false(error_hint(&err, "carry it again"));
    assert_string_equal(err.message, "bundle 'b': digest mismatch in 'x'");
    assert_false(error_move(&moved, &err));
    assert_null(err.message);
    assert_int_equal(moved.class, 6);
    assert_string_equal(exit_code_name(moved.class), "untrusted");
    char *printed = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&printed, &size);
    error_print(stream, "applier", &moved);
    fclose(stream);
    assert_string_equal(printed, "applier: error: bundle 'b': digest mismatch in 'x'\n"
                                 "applier: hint: carry it again\n");
    free(printed);
    error_done(&moved);
    assert_string_equal(exit_code_name((ErrorClass)99), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_blake2b_512),
        cmocka_unit_test(hashes_of_rows_are_sha_256),
        cmocka_unit_test(sha_256_in_base64_can_go_on),
        cmocka_unit_test(sha384_is_the_standards),
        cmocka_unit_test(times_have_one_form),
        cmocka_unit_test(has_local_time_beside_it),
        cmocka_unit_test(source_date_epoch_rules_the_clock),
        cmocka_unit_test(uuids_are_lower_case_and_differ),
        cmocka_unit_test(json_is_quoted_and_nested),
        cmocka_unit_test(json_stands_in_one_line),
        cmocka_unit_test(errors_gather_what_was_being_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
