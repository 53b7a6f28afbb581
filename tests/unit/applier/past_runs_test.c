#include "tests/support/unit_test.h"

#include "applier/ledger/past_runs.h"

static History history;

static int begin(void **state UNUSED)
{
    history = (History){.unsettled = -1};
    return 0;
}

static int end(void **state UNUSED)
{
    history_done(&history);
    return 0;
}

/* Events come a second and a half apart. */
static void event(const char *action, const char *phase)
{
    *array_add(&history.events) = (PastEvent){.number = (int64_t)history.events.count,
                                              .at_ms = 1500 * (int64_t)history.events.count,
                                              .action = memory_string(action),
                                              .phase = memory_string(phase)};
}

static void expect(const char *expected)
{
    PastRunArray runs;
    CLEANUP(text_done) Text text = {0};
    past_runs_fold(&history, &runs);
    array_each (const PastRun, run, &runs)
        text_addf(&text, "%s%s %s %lld", text.length ? ", " : "", run->first->action,
                  past_run_result_name(run->result), (long long)run->duration_ms);
    array_free(&runs);
    assert_string_equal(text_string(&text), expected);
}

static void a_run_lasts_from_its_begin_to_its_end(void **state UNUSED)
{
    expect("");
    event("apply", "begin");
    event("apply", "end");
    event("rollback", "begin");
    event("rollback", "failure");
    expect("apply done 1500, rollback failed 1500");
}

static void an_event_alone_is_a_run(void **state UNUSED)
{
    event("adopt", "end");
    event("apply", "refused");
    event("apply", "failure");
    expect("adopt done -1, apply refused -1, apply failed -1");
}

static void a_run_without_an_end_is_open_or_was_stopped(void **state UNUSED)
{
    event("apply", "begin");
    expect("apply open -1");
    event("apply", "refused");
    expect("apply stopped -1, apply refused -1");
    event("apply", "begin");
    event("resume", "begin");
    event("resume", "end");
    expect("apply stopped -1, apply refused -1, apply stopped -1, resume done 1500");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_lasts_from_its_begin_to_its_end, begin, end),
        cmocka_unit_test_setup_teardown(an_event_alone_is_a_run, begin, end),
        cmocka_unit_test_setup_teardown(a_run_without_an_end_is_open_or_was_stopped, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
