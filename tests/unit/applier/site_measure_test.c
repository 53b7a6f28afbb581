#include "tests/support/unit_test.h"

#include "applier/rehearsal/site_measure.h"

/* Steps that last a second each, begun every two seconds. */
static void add_step(SiteStepArray *steps, int64_t transaction)
{
    int64_t begun = 2000000 * (int64_t)steps->count;
    *array_add(steps) =
        (SiteStep){.transaction = transaction, .begun_us = begun, .duration_us = 1000000};
}

static void add_lock(SiteStepArray *steps, const char *relation, const char *lock)
{
    *array_add(&steps->items[steps->count - 1].relations) = (MeasuredStepRelation){
        .relation = (char *)(uintptr_t)relation, .lock = (char *)(uintptr_t)lock};
}

static void free_steps(SiteStepArray *steps)
{
    array_each (SiteStep, step, steps)
        array_free(&step->relations);
    array_free(steps);
}

static void check_lock(const SiteLock *lock, const char *relation, LockMode mode, int64_t held_us)
{
    assert_string_equal(lock->relation, relation);
    assert_int_equal(lock->lock, mode);
    assert_int_equal(lock->held_us, held_us);
}

static void sample(SiteStepArray *steps)
{
    add_step(steps, 1);
    add_lock(steps, "public.a", "AccessExclusiveLock");
    add_step(steps, 1);
    add_lock(steps, "public.b", "ShareLock");
    add_lock(steps, "public.c", "RowExclusiveLock");
    add_step(steps, 1);
    add_step(steps, 2);
    add_lock(steps, "public.a", "AccessExclusiveLock");
    add_lock(steps, "public.b", "AccessExclusiveLock");
}

static void holds_a_lock_to_the_end_of_its_transaction(void **state UNUSED)
{
    SiteStepArray steps = {0};
    SiteLockArray locks;
    sample(&steps);
    site_measure_locks(&steps, /* ended_us= */ 0, &locks);
    /* of b the stronger one counts alone, weak ones not at all */
    assert_int_equal(locks.count, 2);
    check_lock(&locks.items[0], "public.a", LOCK_ACCESS_EXCLUSIVE, 4000000);
    check_lock(&locks.items[1], "public.b", LOCK_ACCESS_EXCLUSIVE, 1000000);
    array_free(&locks);
    free_steps(&steps);
}

static void holds_it_by_the_clock_until_all_is_rolled_back(void **state UNUSED)
{
    SiteStepArray steps = {0};
    SiteLockArray locks;
    add_step(&steps, 1);
    add_step(&steps, 1);
    add_lock(&steps, "public.a", "ShareLock");
    site_measure_locks(&steps, /* ended_us= */ 9000000, &locks);
    assert_int_equal(locks.count, 1);
    check_lock(&locks.items[0], "public.a", LOCK_SHARE, 7000000);
    array_free(&locks);
    free_steps(&steps);
}

static void nothing_is_locked_by_nothing(void **state UNUSED)
{
    SiteStepArray steps = {0};
    SiteLockArray locks;
    site_measure_locks(&steps, /* ended_us= */ 0, &locks);
    assert_int_equal(locks.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_a_lock_to_the_end_of_its_transaction),
        cmocka_unit_test(holds_it_by_the_clock_until_all_is_rolled_back),
        cmocka_unit_test(nothing_is_locked_by_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
