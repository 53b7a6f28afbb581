#include "tests/support/unit_test.h"

#include "applier/commands/site_rehearsal_render.h"

static void writes_sizes_as_people_do(void **state UNUSED)
{
    static const struct {
        int64_t bytes;
        const char *words;
    } sizes[] = {{0, "0 bytes"},
                 {1023, "1023 bytes"},
                 {1024, "1.0 kB"},
                 {8060928, "7.7 MB"},
                 {209715200, "200 MB"},
                 {INT64_C(5) << 40, "5.0 TB"},
                 {INT64_C(5) << 50, "5120 TB"}};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        CLEANUP(memory_freep) char *words = render_bytes(sizes[i].bytes);
        assert_string_equal(words, sizes[i].words);
    }
}

static void writes_times_as_people_do(void **state UNUSED)
{
    static const struct {
        int64_t microseconds;
        const char *words;
    } times[] = {{0, "0.0 ms"},       {1234, "1.2 ms"},        {12345, "12 ms"},
                 {1500000, "1.50 s"}, {61000000, "1 min 1 s"}, {INT64_C(7384000000), "2 h 3 min"}};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        CLEANUP(memory_freep) char *words = render_duration(times[i].microseconds);
        assert_string_equal(words, times[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_sizes_as_people_do),
        cmocka_unit_test(writes_times_as_people_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
