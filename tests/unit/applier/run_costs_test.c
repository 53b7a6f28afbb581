#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/applier/run_costs_case.h"

/* What a rehearsal saw of a statement, and what it is taken for. */
static const struct {
    const char *lock;
    bool rewritten;
    bool scanned;
    Work work;
    int64_t rate;
    int64_t new_mb;
    bool at_most;
} kinds[] = {
    {"AccessExclusiveLock", false, false, WORK_NONE, 0, 0, false},
    {"AccessExclusiveLock", true, true, WORK_REWRITE, COST_RATE_REWRITE, 1000, false},
    {"AccessExclusiveLock", false, true, WORK_INDEX, COST_RATE_INDEX, 200, true},
    {"ShareLock", false, true, WORK_INDEX, COST_RATE_INDEX, 200, false},
    {"ShareUpdateExclusiveLock", false, true, WORK_READ, COST_RATE_READ, 0, false},
    {"ShareRowExclusiveLock", false, true, WORK_READ, COST_RATE_READ, 0, false},
    {"RowExclusiveLock", false, true, WORK_CHANGE, COST_RATE_CHANGE, 1000, true},
    {"RowExclusiveLock", false, false, WORK_NONE, 0, 0, false},
    {"AccessShareLock", false, true, WORK_READ, COST_RATE_READ, 0, false},
};

static void takes_a_statement_for_what_it_was_seen_to_do(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        begin(state);
        saw(0, 0, 15, "public.big", kinds[i].lock, kinds[i].rewritten, kinds[i].scanned);
        make(15, /* site= */ NULL);
        assert_int_equal(costs.relations.items[0].work, kinds[i].work);
        assert_int_equal(ms_of(0), kinds[i].rate ? seconds(1000 * MB, kinds[i].rate) : 0);
        assert_int_equal(costs.steps.items[0].new_bytes, kinds[i].new_mb * MB);
        assert_int_equal(costs.steps.items[0].at_most, kinds[i].at_most);
        assert_int_equal(costs.steps.items[0].basis, kinds[i].rate ? BASIS_SIZE : BASIS_MOMENT);
        end(state);
    }
}

/* The group's second statement: the locks of the first are held already, so that it takes none. */
static const struct {
    const char *lock;
    bool builds_anew; /* an index */
    Work work;
    bool at_most;
} second_kinds[] = {
    {"RowExclusiveLock", false, WORK_CHANGE, true},
    {"RowExclusiveLock", true, WORK_READ, false},
    {"ShareLock", false, WORK_INDEX, true},
    {"AccessExclusiveLock", false, WORK_INDEX, true},
    {"ShareRowExclusiveLock", false, WORK_READ, false},
};

static void a_lock_that_is_held_already_counts_for_the_next_statement(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(second_kinds); i++) {
        begin(state);
        saw(0, 0, 15, "public.big", second_kinds[i].lock, false, false);
        saw(0, 1, 15, "public.big", "", false, true);
        if (second_kinds[i].builds_anew)
            saw(0, 1, 15, "public.big_pkey", "AccessExclusiveLock", true, false);
        make(15, /* site= */ NULL);
        assert_int_equal(costs.relations.items[1].work, second_kinds[i].work);
        assert_int_equal(costs.steps.items[1].at_most, second_kinds[i].at_most);
        end(state);
    }
}

static void locks_of_another_group_or_table_do_not_count(void **state UNUSED)
{
    ManifestGroup two[] = {group_of_a, group_of_a};
    two[0].step_count = two[1].step_count = two[1].first_step = 1;
    migrations[0].scripts[SCRIPT_UP].groups.items = two;
    migrations[0].scripts[SCRIPT_UP].groups.count = 2;
    saw(0, 0, 15, "public.big", "RowExclusiveLock", false, false);
    saw(0, 1, 15, "public.big", "", false, true);
    make(15, /* site= */ NULL);
    assert_int_equal(costs.relations.items[1].work, WORK_READ);
    end(NULL);
    begin(NULL);
    saw(0, 0, 15, "public.small", "RowExclusiveLock", false, false);
    saw(0, 1, 15, "public.big", "", false, true);
    make(15, /* site= */ NULL);
    assert_int_equal(costs.relations.items[1].work, WORK_READ);
}

static void a_batch_costs_its_ranges_and_their_pauses(void **state UNUSED)
{
    const ManifestBatch batch = {
        .table = text("big"), .key = text("id"), .size = 1000000, .pause_ms = 100};
    steps_of_a[0].kind = STEP_BATCH;
    migrations[0].scripts[SCRIPT_UP].batch = batch;
    saw(0, 0, 15, "public.big", "RowExclusiveLock", false, false);
    make(15, /* site= */ NULL);
    const StepCost *cost = &costs.steps.items[0];
    assert_int_equal(cost->ranges, 6);
    assert_int_equal(cost->basis, BASIS_SIZE);
    assert_true(cost->at_most);
    assert_int_equal(cost->ms,
                     6 * (COST_STATEMENT_MS + 100) + seconds(1000 * MB, COST_RATE_CHANGE));
    step_costs_done(&costs);
    run_costs_done(&run);
    run_units_done(&units);
    migrations[0].scripts[SCRIPT_UP].batch.table_schema = text("elsewhere");
    make(15, /* site= */ NULL);
    assert_int_equal(costs.steps.items[0].ranges, 0);
    assert_int_equal(costs.steps.items[0].ms, COST_STATEMENT_MS + 100);
}

static void a_batch_holds_nothing_in_its_pauses(void **state UNUSED)
{
    ManifestGroup batch_group = {.kind = GROUP_BATCH, .step_count = 1};
    migrations[0].scripts[SCRIPT_UP].groups.items = &batch_group;
    migrations[0].scripts[SCRIPT_UP].batch = (ManifestBatch){
        .table = text("big"), .key = text("id"), .size = 1000000, .pause_ms = 60000};
    steps_of_a[0].kind = STEP_BATCH;
    saw(0, 0, 15, "public.big", "ShareRowExclusiveLock", false, false);
    all.count = 1;
    make(15, /* site= */ NULL);
    int64_t work = 6 * COST_STATEMENT_MS + seconds(1000 * MB, COST_RATE_CHANGE);
    assert_int_equal(costs.steps.items[0].pause_ms, 6 * 60000);
    assert_int_equal(run.steps_ms, work + 6 * 60000);
    assert_int_equal(run.exposures.items[0].unwritable_ms, work);
    assert_int_equal(run.exposures.items[0].unchangeable_ms, work);
}

/* A batch's table, as the catalog has its name, and as a manifest names a relation. */
static const struct {
    const char *schema;
    const char *table;
    const char *relation;
    bool same;
} batch_names[] = {
    {NULL, "big", "public.big", true},
    {NULL, "big", "\"odd.schema\".big", true},
    {NULL, "big", "\"odd.big\".small", false},
    {NULL, "Big.Table", "public.\"Big.Table\"", true},
    {"Odd", "big", "\"Odd\".big", true},
    {"Odd", "big", "odd.big", false},
    {"s", "say \"so\"", "s.\"say \"\"so\"\"\"", true},
    {"s", "big", "s.big", true},
    {"s", "big", "t.big", false},
    {"s", "1st", "s.\"1st\"", true},
};

static void a_batchs_table_is_known_by_its_quoted_name(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(batch_names); i++) {
        begin(state);
        relations[0].name = text(batch_names[i].relation);
        live.relations.count = 1;
        migrations[0].scripts[SCRIPT_UP].batch =
            (ManifestBatch){.table = text(batch_names[i].table),
                            .table_schema = text(batch_names[i].schema),
                            .key = text("id"),
                            .size = 1000000};
        steps_of_a[0].kind = STEP_BATCH;
        saw(0, 0, 15, batch_names[i].relation, "RowExclusiveLock", false, false);
        make(15, /* site= */ NULL);
        assert_int_equal(costs.steps.items[0].ranges, batch_names[i].same ? 6 : 0);
        end(state);
    }
}

static void rows_that_nobody_counted_make_no_ranges(void **state)
{
    static const int64_t rows_then[][2] = {{-1, 0}, {0, 0}, {1, 1}, {2500000, 3}};
    for (size_t i = 0; i < ARRAY_LEN(rows_then); i++) {
        begin(state);
        MeasuredStepRelation relation_then = {.relation = text("public.big"),
                                              .rows = rows_then[i][0]};
        const MeasuredStep step = {.identity = text("a"),
                                   .script = SCRIPT_UP,
                                   .statement = 1,
                                   .duration_us = 1000,
                                   .relations = {.items = &relation_then, .count = 1}};
        const SiteMeasurements site = {.steps = &step, .count = 1};
        relations[0].rows = -1;
        migrations[0].scripts[SCRIPT_UP].batch =
            (ManifestBatch){.table = text("big"), .key = text("id"), .size = 1000000};
        steps_of_a[0].kind = STEP_BATCH;
        make(15, &site);
        assert_int_equal(costs.steps.items[0].ranges, rows_then[i][1]);
        end(state);
    }
}

static void an_index_that_is_built_anew_costs_its_table_only_once(void **state UNUSED)
{
    saw(0, 0, 15, "public.big", "ShareLock", false, true);
    saw(0, 0, 15, "public.big_pkey", "AccessExclusiveLock", true, false);
    make(15, /* site= */ NULL);
    assert_int_equal(costs.relations.items[0].work, WORK_READ);
    assert_int_equal(costs.relations.items[1].work, WORK_INDEX);
    assert_int_equal(costs.steps.items[0].new_bytes, 100 * MB);
}

static void a_concurrent_build_reads_its_table_twice_and_may_lead(void **state UNUSED)
{
    tasks[0] = tasks[1]; /* alone */
    all.count = 1;
    saw(1, 0, 15, "public.big", "ShareUpdateExclusiveLock", false, true);
    make(15, /* site= */ NULL);
    assert_int_equal(ms_of(0), 2 * seconds(1000 * MB, COST_RATE_INDEX));
    assert_int_equal(run.needs.items[0], WINDOW_CONCURRENT);
    assert_int_equal(run.before_count, 1);
    assert_int_equal(run.window_ms, 0);
    assert_int_equal(run.exposures.items[0].unwritable_ms, 0);
    Text words = {0};
    RunEstimate estimate = {.costs = run};
    cost_words_window(&estimate, &words);
    assert_string_equal(text_string(&words), "none is needed");
    text_done(&words);
}

static void what_was_measured_here_goes_before_sizes_and_is_scaled(void **state UNUSED)
{
    /* with indexes, of which the table has 300 MB now; what is not worked on does not count */
    MeasuredStepRelation relations_then[] = {
        {.relation = text("public.big"), .bytes = 650 * MB, .lock = text("AccessExclusiveLock")},
        {.relation = text("public.big_pkey"), .bytes = 1, .lock = text("AccessExclusiveLock")}};
    const MeasuredStep step = {.identity = text("a"),
                               .script = SCRIPT_UP,
                               .statement = 1,
                               .duration_us = 3000000,
                               .relations = {.items = relations_then, .count = 2}};
    const SiteMeasurements site = {.steps = &step, .count = 1, .at = 1000};
    saw(0, 0, 15, "public.big", "AccessExclusiveLock", true, true);
    make(15, &site);
    assert_int_equal(costs.steps.items[0].ms, 6000);
    assert_int_equal(costs.steps.items[0].basis, BASIS_MEASURED);
    assert_int_equal(run.measured, 1);
    Text words = {0};
    step_cost_basis_words(&costs, &costs.steps.items[0], &site, 1000 + 2 * 86400, &words);
    assert_string_equal(text_string(&words), "measured on a clone 2 days ago");
    text_clear(&words);
    RunEstimate estimate = {.costs = run, .steps = costs, .site = site};
    cost_words_time(&estimate, 1000 + 3 * 86400, &words);
    assert_string_equal(text_string(&words),
                        "about 6 s, 1 of 3 statements as measured on a clone 3 days ago, the "
                        "others from live sizes at default rates");
    text_done(&words);
}

static void takes_the_nearest_major_that_was_rehearsed(void **state UNUSED)
{
    saw(0, 0, 14, "public.big", "ShareLock", false, true);
    saw(0, 0, 17, "public.big", "AccessExclusiveLock", true, true);
    make(16, /* site= */ NULL);
    assert_int_equal(costs.rehearsed_major, 17);
    assert_int_equal(costs.relations.count, 1);
    assert_int_equal(costs.relations.items[0].work, WORK_REWRITE);
    Text words = {0};
    RunEstimate estimate = {.costs = run, .steps = costs};
    cost_words_time(&estimate, 0, &words);
    assert_non_null(strstr(text_string(&words), "locks as rehearsed on PostgreSQL 17"));
    text_done(&words);
}

static void of_an_unrehearsed_bundle_nothing_is_known(void **state UNUSED)
{
    make(15, /* site= */ NULL);
    assert_int_equal(costs.rehearsed_major, 0);
    assert_int_equal(run.unknown, 3);
    assert_int_equal(run.needs.items[0], WINDOW_NEEDED);
    Text words = {0};
    RunEstimate estimate = {.costs = run, .steps = costs};
    cost_words_time(&estimate, 0, &words);
    assert_non_null(strstr(text_string(&words), "was never rehearsed"));
    text_done(&words);
}

static void what_is_not_there_yet_costs_nothing_and_is_in_nobodys_way(void **state UNUSED)
{
    saw(0, 0, 15, "public.new", "AccessExclusiveLock", true, true);
    make(15, /* site= */ NULL);
    assert_null(costs.relations.items[0].live);
    assert_int_equal(ms_of(0), 0);
    assert_int_equal(run.exposures.count, 0);
}

static void scripts_that_only_ask_are_counted_apart(void **state UNUSED)
{
    migrations[0].scripts[SCRIPT_PRECHECK].present = true;
    migrations[0].scripts[SCRIPT_VERIFY].present = true;
    migrations[1].scripts[SCRIPT_VERIFY].present = true;
    make(15, /* site= */ NULL);
    assert_int_equal(run.checks, 3);
    Text words = {0};
    RunEstimate estimate = {.costs = run, .steps = costs};
    cost_words_time(&estimate, 0, &words);
    assert_non_null(strstr(text_string(&words), "; 3 verify or precheck scripts come on top"));
    text_done(&words);
    end(NULL);
    migrations[0].scripts[SCRIPT_PRECHECK].present = false;
    migrations[1].scripts[SCRIPT_VERIFY].present = false;
    migrations[0].scripts[SCRIPT_VERIFY].in_transaction = true;
    make(15, /* site= */ NULL);
    assert_int_equal(run.checks, 1);
}

/* A precheck of two statements, and a verify script before COMMIT; of the other verify script not
 * all is known. */
static void scripts_that_only_ask_cost_what_was_measured_here(void **state UNUSED)
{
    MeasuredStepRelation then[] = {{.relation = text("public.big"), .bytes = 650 * MB}};
    MeasuredStepRelation read_whole[] = {then[0]};
    read_whole[0].scanned = true;
    static ManifestStep asked[2];
    const MeasuredStep measured_steps[] = {
        {text("a"), SCRIPT_PRECHECK, 1, 1000000, {.items = then, .count = 1}},
        {text("a"), SCRIPT_PRECHECK, 2, 1000000, {.items = read_whole, .count = 1}},
        {text("a"), SCRIPT_VERIFY, 1, 7000000, {0}},
        {text("b"), SCRIPT_VERIFY, 1, 5000000, {0}}};
    const SiteMeasurements site = {.steps = measured_steps, .count = 4, .at = 1000};
    migrations[0].scripts[SCRIPT_PRECHECK] =
        (ManifestScript){.present = true, .steps = {.items = asked, .count = 2}};
    migrations[0].scripts[SCRIPT_VERIFY] = (ManifestScript){
        .present = true, .in_transaction = true, .steps = {.items = asked, .count = 1}};
    migrations[1].scripts[SCRIPT_VERIFY] =
        (ManifestScript){.present = true, .steps = {.items = asked, .count = 2}};
    saw(0, 1, 15, "public.big", "AccessExclusiveLock", false, false);
    make(15, &site);
    /* what reads public.big whole reads twice as much as then */
    assert_int_equal(run.checks_ms, 1000 + 2000 + 7000);
    assert_int_equal(run.checks_measured, 2);
    assert_int_equal(run.checks, 1);
    assert_int_equal(run.total_ms, run.steps_ms + run.looks_ms + run.checks_ms);
    /* the lock is held while the script before COMMIT asks, not while the precheck does */
    assert_int_equal(run.exposures.items[0].unreadable_ms, COST_STATEMENT_MS + 7000);
    Text words = {0};
    RunEstimate estimate = {.costs = run, .steps = costs, .site = site};
    cost_words_time(&estimate, 1000, &words);
    assert_non_null(strstr(text_string(&words),
                           "; 2 verify or precheck scripts in it, as measured on a clone; 1 "
                           "verify or precheck script comes on top"));
    text_done(&words);
}

static void what_asks_for_a_task_that_leads_needs_no_window(void **state UNUSED)
{
    static ManifestStep asked[1];
    const MeasuredStep measured_step = {text("a"), SCRIPT_PRECHECK, 1, 1000000, {0}};
    const SiteMeasurements site = {.steps = &measured_step, .count = 1, .at = 1000};
    migrations[0].phase = PHASE_BEFORE;
    migrations[0].scripts[SCRIPT_PRECHECK] =
        (ManifestScript){.present = true, .steps = {.items = asked, .count = 1}};
    make(15, &site);
    assert_int_equal(run.needs.items[0], WINDOW_PHASE_BEFORE);
    assert_int_equal(run.before_ms, 2 * COST_STATEMENT_MS + 1000);
    assert_int_equal(run.window_ms, run_costs_window_ms(run.total_ms - run.before_ms));
}

static void steps_that_are_done_cost_nothing_more(void **state UNUSED)
{
    tasks[0].first_group = 1;
    make(15, /* site= */ NULL);
    assert_int_equal(costs.steps.count, 1);
    assert_int_equal(costs.steps.items[0].task, 1);
    end(NULL);
    tasks[0].first_group = 0;
    tasks[0].only_verify = true;
    make(15, /* site= */ NULL);
    assert_int_equal(costs.steps.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_a_statement_for_what_it_was_seen_to_do),
        TEST(a_lock_that_is_held_already_counts_for_the_next_statement),
        TEST(locks_of_another_group_or_table_do_not_count),
        TEST(a_batch_costs_its_ranges_and_their_pauses),
        TEST(a_batch_holds_nothing_in_its_pauses),
        TEST(a_batchs_table_is_known_by_its_quoted_name),
        TEST(rows_that_nobody_counted_make_no_ranges),
        TEST(an_index_that_is_built_anew_costs_its_table_only_once),
        TEST(a_concurrent_build_reads_its_table_twice_and_may_lead),
        TEST(what_was_measured_here_goes_before_sizes_and_is_scaled),
        TEST(takes_the_nearest_major_that_was_rehearsed),
        TEST(of_an_unrehearsed_bundle_nothing_is_known),
        TEST(what_is_not_there_yet_costs_nothing_and_is_in_nobodys_way),
        TEST(scripts_that_only_ask_are_counted_apart),
        TEST(scripts_that_only_ask_cost_what_was_measured_here),
        TEST(what_asks_for_a_task_that_leads_needs_no_window),
        TEST(steps_that_are_done_cost_nothing_more),
    };
    return cmocka_run_group_tests(tests, /* setup= */ NULL, /* teardown= */ NULL);
}
