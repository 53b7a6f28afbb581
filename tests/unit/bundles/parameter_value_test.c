#include "tests/support/unit_test.h"

#include "bundles/parameter_value.h"

#define LETTERS_31 "ééééééééééééééééééééééééééééééé" /* 62 bytes */

static const struct {
    ParameterType type;
    const char *value;
    bool good;
} values[] = {
    {PARAMETER_TEXT, "", true},
    {PARAMETER_TEXT, "O'Brien \\ \"x\"; drop table t; --", true},
    {PARAMETER_TEXT, "Zürich ⛴", true},
    {PARAMETER_TEXT, "two\nlines", false},
    {PARAMETER_TEXT, "a\ttab", false},
    {PARAMETER_TEXT, "\xff", false},
    {PARAMETER_TEXT, "\xc2\x9b", false},
    {PARAMETER_INTEGER, "0", true},
    {PARAMETER_INTEGER, "-1", true},
    {PARAMETER_INTEGER, "9223372036854775807", true},
    {PARAMETER_INTEGER, "-9223372036854775808", true},
    {PARAMETER_INTEGER, "9223372036854775808", false},
    {PARAMETER_INTEGER, "-9223372036854775809", false},
    {PARAMETER_INTEGER, "", false},
    {PARAMETER_INTEGER, "-", false},
    {PARAMETER_INTEGER, "--1", false},
    {PARAMETER_INTEGER, "+1", false},
    {PARAMETER_INTEGER, "01", false},
    {PARAMETER_INTEGER, "1 ", false},
    {PARAMETER_INTEGER, "1.0", false},
    {PARAMETER_INTEGER, "1;drop", false},
    {PARAMETER_NUMBER, "0.50", true},
    {PARAMETER_NUMBER, "-12.5e-3", true},
    {PARAMETER_NUMBER, "1E6", true},
    {PARAMETER_NUMBER, ".5", false},
    {PARAMETER_NUMBER, "5.", false},
    {PARAMETER_NUMBER, "1e", false},
    {PARAMETER_NUMBER, "1e+", false},
    {PARAMETER_NUMBER, "", false},
    {PARAMETER_NUMBER, "007.5", true},
    {PARAMETER_NUMBER, "NaN", false},
    {PARAMETER_NUMBER, "0x1", false},
    {PARAMETER_NUMBER, "1-1", false},
    {PARAMETER_BOOLEAN, "true", true},
    {PARAMETER_BOOLEAN, "false", true},
    {PARAMETER_BOOLEAN, "TRUE", false},
    {PARAMETER_BOOLEAN, "on", false},
    {PARAMETER_IDENTIFIER, "App Role", true},
    {PARAMETER_IDENTIFIER, "", false},
    {PARAMETER_IDENTIFIER, LETTERS_31 "a", true},
    {PARAMETER_IDENTIFIER, LETTERS_31 "é", false},
};

static void knows_what_a_value_of_each_type_is(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        const ManifestParameter parameter = {.type = values[i].type};
        if ((parameter_value_trouble(&parameter, values[i].value) == NULL) != values[i].good)
            fail_msg("%s as %s", values[i].value, parameter_type_name(values[i].type));
    }
}

static void refuses_a_value_of_more_than_1024_bytes(void **state UNUSED)
{
    const ManifestParameter parameter = {.type = PARAMETER_TEXT};
    char value[PARAMETER_VALUE_MAX + 2];
    memset(value, 'x', sizeof(value));
    value[PARAMETER_VALUE_MAX + 1] = '\0';
    assert_string_equal(parameter_value_trouble(&parameter, value), "has more than 1024 bytes");
    value[PARAMETER_VALUE_MAX] = '\0';
    assert_null(parameter_value_trouble(&parameter, value));
}

/* A pattern is of the whole value, also one with alternatives and one without anchors. */
static void matches_a_pattern_with_the_whole_value(void **state UNUSED)
{
    static const struct {
        const char *pattern;
        const char *value;
        bool good;
    } rows[] = {
        {"[a-z]+", "abc", true},       {"[a-z]+", "abc1", false}, {"[a-z]+", "1abc", false},
        {"a|abc", "abc", true},        {"a|b", "ab", false},      {"^a$", "a", true},
        {"[a-z]{2,3}", "abcd", false}, {"a*", "", true},          {"a)|(b", "a", false},
        {"x.z", "xyz", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(memory_freep) char *pattern = memory_string(rows[i].pattern);
        const ManifestParameter parameter = {.type = PARAMETER_TEXT, .pattern = pattern};
        if ((parameter_value_trouble(&parameter, rows[i].value) == NULL) != rows[i].good)
            fail_msg("'%s' with '%s'", rows[i].value, rows[i].pattern);
    }
}

static void refuses_patterns_that_are_none_or_cost_too_much(void **state UNUSED)
{
    static const char *const bad[] = {"",      "[a",    "(a",   "(a{255}){255}", "a{255}{255}",
                                      "a+{2}", "a*{3}", "a?{3}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (parameter_pattern_is_valid(bad[i]))
            fail_msg("'%s' was taken", bad[i]);
    assert_true(parameter_pattern_is_valid("[a-z_][a-z0-9_]{0,62}"));
}

static void knows_names_of_parameters(void **state UNUSED)
{
    static const char *const bad[] = {"", "1a", "-a", ".a", "a b", "a=b", "é"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parameter_name_is_valid(bad[i]));
    assert_true(parameter_name_is_valid("app_Role2.x-y"));
    assert_true(parameter_name_is_valid("_"));
}

static const struct {
    ParameterQuoting quoting;
    const char *value;
    const char *written;
} quotes[] = {
    {QUOTING_LITERAL, "", "''"},
    {QUOTING_LITERAL, "plain", "'plain'"},
    {QUOTING_LITERAL, "O'Brien", "'O''Brien'"},
    {QUOTING_LITERAL, "x'; drop table t; --", "'x''; drop table t; --'"},
    {QUOTING_LITERAL, "C:\\new", " E'C:\\\\new'"},
    {QUOTING_LITERAL, "\\'", " E'\\\\'''"},
    {QUOTING_LITERAL, "Zürich", "'Zürich'"},
    {QUOTING_LITERAL, "$$", "'$$'"},
    {QUOTING_IDENTIFIER, "app", "\"app\""},
    {QUOTING_IDENTIFIER, "App Role", "\"App Role\""},
    {QUOTING_IDENTIFIER, "a\"b", "\"a\"\"b\""},
    {QUOTING_IDENTIFIER, "a\\b'c", "\"a\\b'c\""},
    {QUOTING_RAW, "5", "5"},
    {QUOTING_RAW, "-5", " -5"},
    {QUOTING_RAW, "true", "true"},
};

static void writes_a_value_as_one_token(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(quotes); i++) {
        CLEANUP(text_done) Text text = {0};
        parameter_quote(quotes[i].quoting, quotes[i].value, &text);
        assert_string_equal(text_string(&text), quotes[i].written);
    }
}

static void puts_values_in_the_places_of_a_step(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text sent = {0};
    ManifestReference places[] = {
        {.step = 0, .offset = 0, .length = 1},
        {.step = 2, .offset = 0, .length = 2, .parameter = 1, .quoting = QUOTING_IDENTIFIER},
        {.step = 2, .offset = 2, .length = 1, .parameter = 0, .quoting = QUOTING_LITERAL},
        {.step = 2, .offset = 10, .length = 2, .parameter = 2, .quoting = QUOTING_RAW},
        {.step = 3, .offset = 0, .length = 1},
    };
    ManifestScript script = {.references = {.items = places, .count = ARRAY_LEN(places)}};
    const char *const with[] = {"it's", "T", "-7"};
    assert_true(parameter_substitute(&script, 2, ":t: and - :n", 12, with, PARAMETER_ALL_PLACES,
                                     &sent, &err));
    assert_string_equal(text_string(&sent), "\"T\"'it''s' and -  -7");
    text_done(&sent);
    assert_true(parameter_substitute(&script, 2, ":t: and - :n", 12, with,
                                     PARAMETER_IDENTIFIER_PLACES, &sent, &err));
    assert_string_equal(text_string(&sent), "\"T\": and - :n");
    size_t count = 0;
    assert_ptr_equal(parameter_references(&script, 2, &count), &places[1]);
    assert_int_equal(count, 3);
    assert_null(parameter_references(&script, 1, &count));
    assert_int_equal(count, 0);
    assert_null(parameter_references(&script, 4, &count));
}

static void refuses_a_place_outside_the_statement(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text sent = {0};
    ManifestReference place = {.offset = 3, .length = 2};
    ManifestScript script = {.references = {.items = &place, .count = 1}};
    const char *const with[] = {"x"};
    assert_false(
        parameter_substitute(&script, 0, "abcd", 4, with, PARAMETER_ALL_PLACES, &sent, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_null(sent.bytes);
}

static void refuses_a_place_without_a_value(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text sent = {0};
    ManifestReference place = {.offset = 1, .length = 2};
    ManifestScript script = {.references = {.items = &place, .count = 1}};
    const char *const with[] = {NULL};
    assert_false(
        parameter_substitute(&script, 0, "abcd", 4, with, PARAMETER_ALL_PLACES, &sent, &err));
    assert_int_equal(err.class, ERROR_INTERNAL);
    error_done(&err);
    assert_false(
        parameter_substitute(&script, 0, "abcd", 4, NULL, PARAMETER_ALL_PLACES, &sent, &err));
    assert_int_equal(err.class, ERROR_INTERNAL);
}

/* 300,000 places of a value of 1,024 bytes are more than a statement may have. */
static void refuses_a_statement_that_values_make_too_large(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text sent = {0};
    CLEANUP(text_done) Text value = {0};
    size_t count = 300000;
    CLEANUP(memory_freep) ManifestReference *places = memory_zeroed(count, sizeof(*places));
    CLEANUP(memory_freep) char *text = memory_zeroed(count, 1);
    memset(text, 'x', count);
    for (size_t i = 0; i < count; i++)
        places[i] = (ManifestReference){.offset = (int64_t)i, .length = 1};
    for (size_t i = 0; i < PARAMETER_VALUE_MAX; i++)
        text_add_char(&value, 'v');
    ManifestScript script = {.references = {.items = places, .count = count}};
    const char *const with[] = {text_string(&value)};
    assert_false(
        parameter_substitute(&script, 0, text, count, with, PARAMETER_ALL_PLACES, &sent, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_non_null(strstr(err.message, "is larger than 268435456 bytes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_a_value_of_each_type_is),
        cmocka_unit_test(refuses_a_value_of_more_than_1024_bytes),
        cmocka_unit_test(matches_a_pattern_with_the_whole_value),
        cmocka_unit_test(refuses_patterns_that_are_none_or_cost_too_much),
        cmocka_unit_test(knows_names_of_parameters),
        cmocka_unit_test(writes_a_value_as_one_token),
        cmocka_unit_test(puts_values_in_the_places_of_a_step),
        cmocka_unit_test(refuses_a_place_outside_the_statement),
        cmocka_unit_test(refuses_a_place_without_a_value),
        cmocka_unit_test(refuses_a_statement_that_values_make_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
