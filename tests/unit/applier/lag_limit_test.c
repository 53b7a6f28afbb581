#include "tests/support/unit_test.h"

#include "applier/site/lag_limit.h"

static void reads_sizes_and_times(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t bytes;
        int64_t ms;
    } good[] = {{"64MB", INT64_C(64) << 20, 0},
                {"1kB", 1024, 0},
                {"2TB", INT64_C(2) << 40, 0},
                {"3GB", INT64_C(3) << 30, 0},
                {"30s", 0, 30000},
                {"500ms", 0, 500},
                {"2min", 0, 120000},
                {"1h", 0, 3600000},
                {"0", 0, 0}};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        LagLimit limit = {.bytes = -1, .ms = -1};
        assert_true(lag_limit_parse(good[i].text, &limit));
        assert_int_equal(limit.bytes, good[i].bytes);
        assert_int_equal(limit.ms, good[i].ms);
        assert_int_equal(lag_limit_is_set(&limit), good[i].bytes || good[i].ms);
    }
}

static void refuses_what_has_no_unit_or_another(void **state UNUSED)
{
    static const char *const bad[] = {"",    "64",    "MB",    "64mb",      "64 MB", "-1s",
                                      "0MB", "1.5GB", "30sec", "1000001MB", "1e3s",  "00s"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        LagLimit limit = {.bytes = 7, .ms = 8};
        assert_false(lag_limit_parse(bad[i], &limit));
        assert_int_equal(limit.bytes, 7);
        assert_int_equal(limit.ms, 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_sizes_and_times),
        cmocka_unit_test(refuses_what_has_no_unit_or_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
