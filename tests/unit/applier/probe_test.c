#include "tests/support/unit_test.h"

#include "applier/steps/probe.h"
#include "base/attributes.h"

static const struct {
    ProbeKind kind;
    ProbeLook before, now;
    ProbeVerdict verdict;
} cases[] = {
    {PROBE_NONE, LOOK_UNKNOWN, LOOK_UNKNOWN, VERDICT_UNDECIDED},
    {PROBE_REPEAT, LOOK_UNKNOWN, LOOK_UNKNOWN, VERDICT_NOT_DONE},
    {PROBE_REINDEX, LOOK_UNKNOWN, LOOK_UNKNOWN, VERDICT_NOT_DONE},
    {PROBE_INDEX_PRESENT, LOOK_ABSENT, LOOK_PRESENT, VERDICT_IS_DONE},
    {PROBE_INDEX_PRESENT, LOOK_ABSENT, LOOK_ABSENT, VERDICT_NOT_DONE},
    {PROBE_INDEX_PRESENT, LOOK_ABSENT, LOOK_INVALID, VERDICT_NOT_DONE},
    /* it was there before: whatever there is, we did not make it */
    {PROBE_INDEX_PRESENT, LOOK_PRESENT, LOOK_PRESENT, VERDICT_NOT_DONE},
    {PROBE_INDEX_ABSENT, LOOK_PRESENT, LOOK_ABSENT, VERDICT_IS_DONE},
    {PROBE_INDEX_ABSENT, LOOK_PRESENT, LOOK_INVALID, VERDICT_NOT_DONE},
    {PROBE_INDEX_ABSENT, LOOK_INVALID, LOOK_ABSENT, VERDICT_IS_DONE},
    {PROBE_DETACH, LOOK_PRESENT, LOOK_ABSENT, VERDICT_IS_DONE},
    {PROBE_DETACH, LOOK_PRESENT, LOOK_PENDING, VERDICT_NOT_DONE},
    {PROBE_DATABASE_PRESENT, LOOK_ABSENT, LOOK_PRESENT, VERDICT_IS_DONE},
    {PROBE_SUBSCRIPTION_ABSENT, LOOK_PRESENT, LOOK_PRESENT, VERDICT_NOT_DONE},
};

static void decides_by_what_changed(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(probe_decide(cases[i].kind, cases[i].before, cases[i].now),
                         cases[i].verdict);
}

static void names_come_back(void **state UNUSED)
{
    for (ProbeLook look = LOOK_UNKNOWN; look <= LOOK_PENDING; look++)
        assert_int_equal(probe_look_of_name(probe_look_name(look)), look);
    assert_int_equal(probe_look_of_name("nonsense"), LOOK_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_by_what_changed),
        cmocka_unit_test(names_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
