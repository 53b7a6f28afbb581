#include "tests/support/unit_test.h"

#include "migrations/project.h"
#include "migrations/project_names.h"

static void orders_versions_as_people_read_them(void **state UNUSED)
{
    /* each list ascends */
    static const char *const lists[][8] = {
        {"1.8", "1.9", "1.10", "1.10.1", "2.0", "10.0"},
        {"1.0-alpha", "1.0-alpha.1", "1.0-beta", "1.0-rc1", "1.0-rc9", "1.0-rc10", "1.0", "1.0.1"},
        {"1.0rc1", "1.0", "1.0+2", "1.0.1"},
        {"2024-01", "2024-01-02", "2024-02", "2024-10"},
        {"v1.9", "v1.10"},
        {"1.0", "1.00", "1.1"},
    };
    for (size_t list = 0; list < ARRAY_LEN(lists); list++)
        for (size_t i = 0; i < 8 && lists[list][i]; i++)
            for (size_t j = 0; j < 8 && lists[list][j]; j++) {
                int order = project_compare_versions(lists[list][i], lists[list][j]);
                assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            }
}

static void knows_numbers_longer_than_a_word(void **state UNUSED)
{
    assert_true(project_compare_versions("99999999999999999999999", "100000000000000000000000") <
                0);
}

static void accepts_only_version_names(void **state UNUSED)
{
    static const char *const good[] = {"1", "1.0.0", "v2", "2024-01-02", "1.0+b_1", "R2D2"};
    static const char *const bad[] = {"",  ".1",  "-1",   "1/2", "1 2",
                                      "é", "1\n", "_1.0", "a,b", "1:0"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(project_version_name_is_valid(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(project_version_name_is_valid(bad[i]));
    char longest[66];
    memset(longest, 'a', sizeof(longest));
    longest[64] = '\0';
    assert_true(project_version_name_is_valid(longest));
    longest[64] = 'a';
    longest[65] = '\0';
    assert_false(project_version_name_is_valid(longest));
}

static void accepts_only_product_names(void **state UNUSED)
{
    assert_true(project_name_is_valid("harbor-2"));
    static const char *const bad[] = {"", "-a", "A", "a_b", "a.b", "a b", "é"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(project_name_is_valid(bad[i]));
}

static void refuses_file_names_that_break_lines_or_terminals(void **state UNUSED)
{
    assert_null(project_file_name_trouble("0001_größe.up.sql"));
    static const char *const bad[] = {"a\nb", "a\tb", "\x1b[2J", "caf\xe9", "\xc2\x9b", "\x7f"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_non_null(project_file_name_trouble(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_versions_as_people_read_them),
        cmocka_unit_test(knows_numbers_longer_than_a_word),
        cmocka_unit_test(accepts_only_version_names),
        cmocka_unit_test(accepts_only_product_names),
        cmocka_unit_test(refuses_file_names_that_break_lines_or_terminals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
