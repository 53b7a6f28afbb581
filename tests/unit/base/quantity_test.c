#include "tests/support/unit_test.h"

#include "base/memory.h"
#include "base/quantity.h"

typedef void Words(int64_t number, Text *text);

typedef struct Case {
    Words *words;
    int64_t number;
    const char *expected;
} Case;

static const Case cases[] = {
    {quantity_bytes, 0, "0 bytes"},
    {quantity_bytes, 1, "1 byte"},
    {quantity_bytes, 1023, "1023 bytes"},
    {quantity_bytes, 1024, "1 kB"},
    {quantity_bytes, 1536, "1.5 kB"},
    {quantity_bytes, 10188, "9.9 kB"},
    {quantity_bytes, 10190, "10 kB"},
    {quantity_bytes, 1048575, "1 MB"},
    {quantity_bytes, (int64_t)12 << 30, "12 GB"},
    {quantity_bytes, (int64_t)5000 << 40, "5000 TB"},
    {quantity_duration, 0, "0 ms"},
    {quantity_duration, 999, "999 ms"},
    {quantity_duration, 1000, "1 s"},
    {quantity_duration, 60000, "1 min"},
    {quantity_duration, 61000, "61 s"},
    {quantity_duration, 99499, "99 s"},
    {quantity_duration, 99500, "2 min"},
    {quantity_duration, 18 * 60000, "18 min"},
    {quantity_duration, 120 * 60000, "2 h"},
    {quantity_duration, 130 * 60000, "2 h 10 min"},
    {quantity_count, 0, "0"},
    {quantity_count, 999, "999"},
    {quantity_count, 1000, "1 thousand"},
    {quantity_count, 45000, "45 thousand"},
    {quantity_count, 999600, "1 million"},
    {quantity_count, 1200000, "1.2 million"},
    {quantity_count, 3000000000, "3 billion"},
};

static void says_numbers_as_people_read_them(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Text text = {0};
        cases[i].words(cases[i].number, &text);
        assert_string_equal(text_string(&text), cases[i].expected);
        text_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_numbers_as_people_read_them),
    };
    return cmocka_run_group_tests(tests, /* setup= */ NULL, /* teardown= */ NULL);
}
