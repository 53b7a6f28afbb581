/* Expressions over contexts and labels. What holds and what does not is what liquibase 4.3.3 says
 * of the same expression and names. */
#include "migrations/liquibase_filter.h"

#include "tests/support/unit_test.h"

static void holds_where_liquibase_says_so(void **state UNUSED)
{
    static const struct {
        const char *expression, *names;
        bool holds;
    } cases[] = {
        {"prod", "prod", true},
        {"prod", "test", false},
        {"PROD", "Prod", true},
        {"prod", "", true},
        {"", "test", true},
        {" ", " test , prod ", true},
        {"test, prod", "prod,eu", true},
        {"!test", "test", false},
        {"! test", "prod", true},
        {"NOT test", "prod", true},
        {"not test", "prod, TEST", false},
        {"a and b", "a", false},
        {"a and b", "b,a", true},
        {"a or b and c", "a", true},
        {"a or b and c", "b", false},
        {"(a or b) and c", "a", false},
        {"(a or b)and(c)", "b,c", true},
        {"!(a or b)", "c", true},
        {"not(a and b)", "a,b", false},
        {"a AND\t!b", "a", true},
        {"!a and b", "b", true},
        {"!a, b", "a,b", true},
        {"((a))", "a", true},
        {"nota", "nota", true},
        {"v1.0_x-2", "V1.0_X-2", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(error_done) Error err = {0};
        bool holds = !cases[i].holds;
        if (!liquibase_filter_matches(cases[i].expression, cases[i].names, &holds, &err))
            fail_msg("'%s': %s", cases[i].expression, err.message);
        if (holds != cases[i].holds)
            fail_msg("'%s' of '%s'", cases[i].expression, cases[i].names);
    }
}

static void refuses_what_liquibase_reads_otherwise(void **state UNUSED)
{
    static const struct {
        const char *expression, *names, *says;
    } cases[] = {
        {"!!a", "a", "the expression '!!a': '!a' is not expected there"},
        {"not !a", "a", "'!a' is not expected there"},
        {"a b", "a", "'b' is not expected there"},
        {"a or", "a", "it ends too early"},
        {"a or!b", "a", "'or!b' is not expected there"},
        {"and", "a", "'and' is not expected there"},
        {"(a", "a", "it ends too early"},
        {"a)", "a", "')' is not expected there"},
        {"(a, b) and c", "a", "', b) and c' is not expected there"},
        {"a,,b", "a", "',b' is not expected there"},
        {"a,", "a", "it ends too early"},
        {"a & b", "a", "'& b' is not expected there"},
        {"caf\xc3\xa9", "a", "is not expected there"},
        {"a", "a b", "'a b' is no list of names"},
        {"a", "a,", "'a,' is no list of names"},
        {"", "!a", "'!a' is no list of names"},
        {"a", "or", "'or' is no list of names"},
        {"((((((((((((((((((((((((((((((((((a", "a", "more than 32 parentheses deep"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(error_done) Error err = {0};
        bool holds;
        assert_false(liquibase_filter_matches(cases[i].expression, cases[i].names, &holds, &err));
        assert_int_equal(err.class, ERROR_INPUT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_where_liquibase_says_so),
        cmocka_unit_test(refuses_what_liquibase_reads_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
