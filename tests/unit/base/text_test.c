#include "base/memory.h"
#include "base/text.h"
#include "tests/support/unit_test.h"

static void parses_plain_numbers_only(void **state UNUSED)
{
    uint64_t number = 7;
    assert_true(text_parse_uint("0", 1, 10, &number));
    assert_int_equal(number, 0);
    assert_true(text_parse_uint("18446744073709551615", 20, UINT64_MAX, &number));
    assert_true(number == UINT64_MAX);
    number = 7;
    static const char *const bad[] = {"", "01", "-1", "+1", " 1", "1 ", "18446744073709551616",
                                      "a"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_parse_uint(bad[i], strlen(bad[i]), UINT64_MAX, &number));
    assert_false(text_parse_uint("11", 2, 10, &number));
    assert_int_equal(number, 7);
}

static void knows_utf8(void **state UNUSED)
{
    static const char *const good[] = {"", "a", "é", "€", "😀", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc3",
                                      "\xe0\x9f\xbf", "\xed\xa0\x80",     "\xf0\x8f\xbf\xbf",
                                      "\xf5\x80\x80", "\xf4\x90\x80\x80", "\xff"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
}

static void shows_nothing_that_steers_a_terminal(void **state UNUSED)
{
    CLEANUP(memory_freep) char *shown = text_printable("a\x1b[31m\xc2\x9b\xff é\n", 13, 100);
    assert_string_equal(shown, "a\\x1b[31m\\xc2\\x9b\\xff é ");
    CLEANUP(memory_freep) char *cut = text_printable("abcdef", 6, 3);
    assert_string_equal(cut, "abc…");
}

static void adds_only_lines_that_are_not_there(void **state UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    text_add(&text, "one\ntwo\n");
    text_add_new_lines(&text, "two\nthree\none\n");
    assert_string_equal(text_string(&text), "one\ntwo\nthree\n");
    text_add_new_lines(&text, "");
    text_add_new_lines(&text, "wo\n");
    assert_string_equal(text_string(&text), "one\ntwo\nthree\nwo\n");
}

static void quotes_words_for_a_shell(void **state UNUSED)
{
    static const struct {
        const char *word, *quoted;
    } cases[] = {{"../a-b/c.d", "../a-b/c.d"},
                 {"", "\"\""},
                 {"a b", "\"a b\""},
                 {"it's", "\"it's\""},
                 {"$(x)", "\"\\$(x)\""},
                 {"`\"\\", "\"\\`\\\"\\\\\""},
                 {"~", "\"~\""}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep) char *quoted = text_shell_word(cases[i].word);
        assert_string_equal(quoted, cases[i].quoted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_plain_numbers_only),
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(adds_only_lines_that_are_not_there),
        cmocka_unit_test(quotes_words_for_a_shell),
        cmocka_unit_test(shows_nothing_that_steers_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
