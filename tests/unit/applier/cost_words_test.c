/* Whom a run keeps off and for how long, the window to ask for, and the words for it. */
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/applier/run_costs_case.h"

static void a_lock_is_held_until_its_transaction_ends(void **state UNUSED)
{
    /* ACCESS EXCLUSIVE at once, then 10 s of reading; behind it the look under the locks */
    saw(0, 0, 15, "public.big", "AccessExclusiveLock", false, false);
    saw(0, 1, 15, "public.big", "ShareUpdateExclusiveLock", false, true);
    tasks[0].ends_version = true;
    all.count = 1;
    make(15, /* site= */ NULL);
    int64_t steps = 2 * COST_STATEMENT_MS + seconds(1000 * MB, COST_RATE_READ);
    assert_int_equal(run.steps_ms, steps);
    assert_int_equal(run.looks_ms, 200);
    assert_int_equal(run.total_ms, steps + 200);
    assert_int_equal(run.exposures.count, 1);
    assert_int_equal(run.exposures.items[0].unreadable_ms, steps + 100);
    assert_int_equal(run.exposures.items[0].unchangeable_ms, steps + 100);
    Text words = {0};
    cost_words_exposure(&run.exposures.items[0], &words);
    assert_string_equal(text_string(&words), "no reads or writes for 10 s");
    text_done(&words);
}

static void a_lock_that_comes_later_is_held_for_less(void **state UNUSED)
{
    saw(0, 0, 15, "public.big", "ShareLock", false, true);
    saw(0, 1, 15, "public.big", "AccessExclusiveLock", false, false);
    all.count = 1;
    make(15, /* site= */ NULL);
    const Exposure *exposure = &run.exposures.items[0];
    assert_int_equal(exposure->unreadable_ms, COST_STATEMENT_MS);
    assert_int_equal(exposure->unwritable_ms, run.steps_ms);
    Text words = {0};
    cost_words_exposure(exposure, &words);
    assert_string_equal(text_string(&words), "no writes for 40 s");
    text_done(&words);
}

static void says_what_an_estimate_stands_on(void **state UNUSED)
{
    const SiteMeasurements none = {0};
    saw(0, 0, 15, "public.big", "AccessExclusiveLock", true, true);
    steps_of_a[1].data_object = 0;
    make(15, /* site= */ NULL);
    Text words = {0};
    step_cost_basis_words(&costs, &costs.steps.items[0], &none, 0, &words);
    assert_string_equal(text_string(&words), "public.big, 1000 MB, written anew at 10 MB/s");
    text_clear(&words);
    step_cost_basis_words(&costs, &costs.steps.items[1], &none, 0, &words);
    assert_string_equal(text_string(&words), "50 MB, loaded at 3 MB/s");
    text_clear(&words);
    step_cost_basis_words(&costs, &costs.steps.items[2], &none, 0, &words);
    assert_string_equal(text_string(&words), "no rows are looked at");
    text_clear(&words);
    RunEstimate estimate = {.costs = run, .steps = costs, .live = live};
    cost_words_space(&estimate, &words);
    assert_string_equal(text_string(&words),
                        "1000 MB in tablespace fast, 50 MB in tablespace pg_default");
    text_done(&words);
}

static void files_that_may_be_smaller_are_counted_apart(void **state UNUSED)
{
    saw(0, 0, 15, "public.big", "AccessExclusiveLock", true, true);
    saw(0, 1, 15, "public.big", "RowExclusiveLock", false, true);
    make(15, /* site= */ NULL);
    RunEstimate estimate = {.costs = run, .steps = costs, .live = live};
    CostSpaces spaces;
    cost_spaces(&estimate, &spaces);
    assert_int_equal(spaces.count, 1);
    assert_int_equal(spaces.items[0].bytes, 2000 * MB);
    assert_int_equal(spaces.items[0].at_most_bytes, 1000 * MB);
    array_free(&spaces);
}

static void only_what_leads_the_order_may_go_before_the_window(void **state UNUSED)
{
    migrations[1].phase = PHASE_BEFORE;
    make(15, /* site= */ NULL);
    assert_int_equal(run.before_count, 0);
    end(NULL);
    migrations[0].phase = PHASE_BEFORE;
    make(15, /* site= */ NULL);
    assert_int_equal(run.before_count, 2);
    assert_int_equal(run.needs.items[1], WINDOW_PHASE_BEFORE);
    assert_string_equal(window_need_name(run.needs.items[0]), "phase before");
}

static void a_window_is_asked_for_in_round_numbers(void **state UNUSED)
{
    static const int64_t minutes[][2] = {{0, 1}, {2, 3}, {3, 5}, {4, 10}, {16, 25}, {50, 75}};
    for (size_t i = 0; i < ARRAY_LEN(minutes); i++)
        assert_int_equal(run_costs_window_ms(minutes[i][0] * 60000), minutes[i][1] * 60000);
    const RunEstimate estimate = {
        .costs = {.window_ms = 25 * 60000,
                  .exposures = {.items = &(Exposure){.name = "public.big",
                                                     .live = &relations[0],
                                                     .window_unreadable_ms = 18 * 60000,
                                                     .window_unwritable_ms = 18 * 60000},
                                .count = 1}}};
    Text words = {0};
    cost_words_window(&estimate, &words);
    assert_string_equal(text_string(&words),
                        "ask for 25 min; public.big cannot be read for 18 min of it");
    text_clear(&words);
    cost_words_size(&relations[0], &words);
    text_add(&words, "; ");
    cost_words_size(&relations[1], &words);
    assert_string_equal(text_string(&words),
                        "1000 MB, 5 million rows; 100 MB, rows not counted yet");
    text_done(&words);
}

static void the_window_names_whoever_is_kept_longest(void **state UNUSED)
{
    Exposure exposures[] = {
        {.name = "public.first", .unreadable_ms = 3600000, .unwritable_ms = 3600000},
        {.name = "public.read", .window_unreadable_ms = 120000, .window_unwritable_ms = 120000},
        {.name = "public.written", .window_unwritable_ms = 600000},
    };
    RunEstimate estimate = {
        .costs = {.window_ms = 25 * 60000, .exposures = {.items = exposures, .count = 3}}};
    Text words = {0};
    cost_words_window(&estimate, &words);
    assert_string_equal(text_string(&words),
                        "ask for 25 min; public.read cannot be read for 2 min of it, "
                        "public.written cannot be written for 10 min");
    text_clear(&words);
    exposures[1].window_unreadable_ms = 5;
    cost_words_window(&estimate, &words);
    assert_string_equal(text_string(&words),
                        "ask for 25 min; public.written cannot be written for 10 min of it");
    text_clear(&words);
    exposures[1].window_unwritable_ms = exposures[2].window_unwritable_ms = 5;
    cost_words_window(&estimate, &words);
    assert_string_equal(text_string(&words), "ask for 25 min");
    text_done(&words);
}

static void what_need_not_wait_keeps_nobody_off_in_the_window(void **state UNUSED)
{
    migrations[0].phase = PHASE_BEFORE;
    saw(0, 0, 15, "public.big", "ShareLock", false, true);
    saw(1, 0, 15, "public.big", "AccessExclusiveLock", false, true);
    group_of_b.kind = GROUP_TRANSACTION;
    make(15, /* site= */ NULL);
    const Exposure *exposure = &run.exposures.items[0];
    int64_t index = seconds(1000 * MB, COST_RATE_INDEX);
    assert_true(exposure->unwritable_ms > 2 * index);
    assert_true(exposure->window_unwritable_ms < 3 * index);
    assert_int_equal(exposure->window_unreadable_ms, exposure->unreadable_ms);
    assert_int_equal(exposure->window_unwritable_ms, exposure->window_unreadable_ms);
}

static void locks_keep_off_what_postgresql_says(void **state UNUSED)
{
    assert_int_equal(lock_blocks("AccessShareLock"), BLOCKS_NOTHING);
    assert_int_equal(lock_blocks("ShareUpdateExclusiveLock"), BLOCKS_SCHEMA_CHANGES);
    assert_int_equal(lock_blocks("ShareLock"), BLOCKS_WRITES);
    assert_int_equal(lock_blocks("AccessExclusiveLock"), BLOCKS_READS);
    assert_int_equal(lock_blocks(""), BLOCKS_NOTHING);
    assert_string_equal(lock_words("ShareRowExclusiveLock"), "SHARE ROW EXCLUSIVE");
    assert_string_equal(lock_words("new"), "new");
    assert_string_equal(blocks_words(BLOCKS_READS), "reads and writes");
    assert_string_equal(blocks_name(BLOCKS_SCHEMA_CHANGES), "schema-changes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lock_is_held_until_its_transaction_ends),
        TEST(a_lock_that_comes_later_is_held_for_less),
        TEST(says_what_an_estimate_stands_on),
        TEST(files_that_may_be_smaller_are_counted_apart),
        TEST(only_what_leads_the_order_may_go_before_the_window),
        TEST(a_window_is_asked_for_in_round_numbers),
        TEST(the_window_names_whoever_is_kept_longest),
        TEST(what_need_not_wait_keeps_nobody_off_in_the_window),
        TEST(locks_keep_off_what_postgresql_says),
    };
    return cmocka_run_group_tests(tests, /* setup= */ NULL, /* teardown= */ NULL);
}
