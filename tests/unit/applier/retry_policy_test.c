#include "tests/support/unit_test.h"

#include "applier/server/retry_policy.h"
#include "base/attributes.h"

static void retries_only_what_a_rollback_heals(void **state UNUSED)
{
    assert_true(retry_policy_is_retryable("55P03"));
    assert_true(retry_policy_is_retryable("40P01"));
    assert_true(retry_policy_is_retryable("40001"));
    assert_false(retry_policy_is_retryable("23505"));
    assert_false(retry_policy_is_retryable("57014"));
    assert_false(retry_policy_is_retryable(""));
}

static void doubles_up_to_a_bound(void **state UNUSED)
{
    assert_int_equal(retry_policy_delay_ms(1, 100, 5000, UINT32_MAX), 100);
    assert_int_equal(retry_policy_delay_ms(2, 100, 5000, UINT32_MAX), 200);
    assert_int_equal(retry_policy_delay_ms(5, 100, 5000, UINT32_MAX), 1600);
    assert_int_equal(retry_policy_delay_ms(7, 100, 5000, UINT32_MAX), 5000);
    assert_int_equal(retry_policy_delay_ms(1000000, 100, 5000, UINT32_MAX), 5000);
}

static void jitter_takes_at_most_half(void **state UNUSED)
{
    assert_int_equal(retry_policy_delay_ms(1, 100, 5000, 0), 50);
    assert_int_equal(retry_policy_delay_ms(1, 100, 5000, UINT32_MAX / 2), 74);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_only_what_a_rollback_heals),
        cmocka_unit_test(doubles_up_to_a_bound),
        cmocka_unit_test(jitter_takes_at_most_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
