#include "tests/support/unit_test.h"

#include "base/attributes.h"
#include "base/crc32.h"

/* The check value of the catalogue of CRCs, and what gzip prints. */
static void gives_the_known_values(void **state UNUSED)
{
    assert_int_equal(crc32_update(0, "", 0), 0);
    assert_int_equal(crc32_update(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32_update(crc32_update(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(crc32_update(0, "The quick brown fox jumps over the lazy dog", 43),
                     0x414fa339);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gives_the_known_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
