#include "tests/support/unit_test.h"

#include "applier/steps/run_units.h"

/* Two versions: 1 (a: one group; b: group, autocommit, group; verified), 2 (c, with a precheck). */
static ManifestStep steps[3];
static ManifestGroup one_group[] = {{.step_count = 1}};
static ManifestGroup three_groups[] = {{.step_count = 1},
                                       {.kind = GROUP_AUTOCOMMIT, .first_step = 1, .step_count = 1},
                                       {.first_step = 2, .step_count = 1}};
static ManifestGroup batch_group[] = {{.kind = GROUP_BATCH, .step_count = 2}};
static ManifestMigration migrations[3];
static ManifestVersion versions[2];
static RunTask tasks_items[3];
static RunTaskArray tasks;

static int begin(void **state UNUSED)
{
    static char a[] = "a", b[] = "b", c[] = "c", one[] = "1", two[] = "2";
    char *const identities[] = {a, b, c};
    memset(steps, 0, sizeof(steps));
    for (size_t i = 0; i < 3; i++) {
        steps[i].lock_estimate = (int64_t)i + 1;
        migrations[i] = (ManifestMigration){
            .identity = identities[i], .version = i / 2, .ordinal = i == 1 ? 2 : 1};
        migrations[i].scripts[SCRIPT_UP] =
            (ManifestScript){.present = true,
                             .steps = {.items = steps, .count = 3},
                             .groups = {.items = one_group, .count = 1}};
        tasks_items[i] = (RunTask){.migration = &migrations[i],
                                   .version = &versions[i / 2],
                                   .ends_version = i > 0,
                                   .position = (int64_t)i};
    }
    versions[0] = (ManifestVersion){.name = one};
    versions[1] = (ManifestVersion){.name = two};
    migrations[1].scripts[SCRIPT_UP].groups.items = three_groups;
    migrations[1].scripts[SCRIPT_UP].groups.count = 3;
    migrations[1].scripts[SCRIPT_VERIFY].present = true;
    migrations[2].scripts[SCRIPT_PRECHECK].present = true;
    tasks.items = tasks_items;
    tasks.count = 3;
    return 0;
}

/* "T(a) …": kind and parts; `.` completes the migration, `^` arrives at a version's schema, `!`
 * ends the version, `r` resets. */
static void expect(AtomicMode mode, const char *shape)
{
    CLEANUP(run_units_done) RunUnits units = {0};
    CLEANUP(text_done) Text got = {0};
    run_units_build(&tasks, mode, &units);
    array_each (RunUnit, unit, &units.units) {
        text_addf(&got, "%s%c(", got.length ? " " : "", "TABGPV"[unit->kind]);
        for (size_t i = 0; i < unit->part_count; i++) {
            const RunPart *part = &units.parts.items[unit->first_part + i];
            text_addf(&got, "%s%s%s%s%s%s", tasks.items[part->task].migration->identity,
                      part->gate ? "|" : "", part->precheck_inside ? "?" : "",
                      part->completes ? "." : "", part->arrives ? "^" : "",
                      part->ends_version ? "!" : "");
        }
        text_addf(&got, ")%s", unit->resets_after ? "r" : "");
    }
    assert_string_equal(text_string(&got), shape);
}

static void cuts_migrations_into_groups(void **state UNUSED)
{
    expect(ATOMIC_MIGRATION, "T(a.)r T(b) A(b) T(b.^)r V(b!) P(c) T(c.^!)r");
}

static void puts_a_version_together(void **state UNUSED)
{
    expect(ATOMIC_VERSION, "T(a.bbb.^)r V(b!) T(c?.^!)r");
    expect(ATOMIC_RUN, "T(a.bbb.^c?.^!)r V(b!)");
}

static void begins_where_the_last_run_stopped(void **state UNUSED)
{
    tasks_items[1].first_group = 2;
    tasks_items[0].only_verify = true;
    expect(ATOMIC_MIGRATION, "T(b.^)r V(b!) P(c) T(c.^!)r");
    tasks_items[1].only_verify = true;
    expect(ATOMIC_MIGRATION, "V(b!) P(c) T(c.^!)r");
}

/* The ranges are a unit of their own, and the one behind them completes the group. */
static void runs_a_batch_before_the_unit_that_ends_it(void **state UNUSED)
{
    migrations[2].scripts[SCRIPT_UP].groups.items = batch_group;
    expect(ATOMIC_MIGRATION, "T(a.)r T(b) A(b) T(b.^)r V(b!) P(c) B(c) T(c.^!)r");
    tasks_items[2].batch.batches = 3;
    expect(ATOMIC_MIGRATION, "T(a.)r T(b) A(b) T(b.^)r V(b!) B(c) T(c.^!)r");
}

static void asks_gates_before_the_version(void **state UNUSED)
{
    RunTask with_gate[4];
    migrations[2].scripts[SCRIPT_PRECHECK].gate = true;
    memcpy(with_gate, tasks_items, 2 * sizeof(*with_gate));
    with_gate[2] = with_gate[3] = tasks_items[2];
    with_gate[2].only_gate = true;
    with_gate[2].ends_version = false;
    tasks.items = with_gate;
    tasks.count = 4;
    assert_int_equal(run_tasks_count(&tasks), 3);
    assert_null(run_task_script(&with_gate[2]));
    assert_int_equal(run_task_position_after(&with_gate[2]), 2);
    expect(ATOMIC_MIGRATION, "T(a.)r T(b) A(b) T(b.^)r V(b!) G(c) T(c.^!)r");
    expect(ATOMIC_VERSION, "T(a.bbb.^)r V(b!) G(c) T(c.^!)r");
    expect(ATOMIC_RUN, "T(a.bbb.^c|c.^!)r V(b!)");
}

/* Down, the schema of the version before stands once a version's first migration is taken back. */
static void arrives_behind_a_versions_first_migration_going_down(void **state UNUSED)
{
    RunTask up[3];
    memcpy(up, tasks_items, sizeof(up));
    for (size_t i = 0; i < 3; i++) {
        tasks_items[i] = up[2 - i];
        tasks_items[i].direction = DIRECTION_DOWN;
        tasks_items[i].ends_version = false;
        migrations[i].scripts[SCRIPT_DOWN] = migrations[i].scripts[SCRIPT_UP];
    }
    expect(ATOMIC_MIGRATION, "T(c.^)r T(b) A(b) T(b.)r T(a.^)r");
    expect(ATOMIC_RUN, "T(c.^bbb.a.^)r");
}

/* A rehearsal that is rolled back takes back in the same transaction what it has applied. */
static void comes_up_and_goes_back_in_one_transaction(void **state UNUSED)
{
    RunTask both[6];
    memcpy(both, tasks_items, sizeof(tasks_items));
    for (size_t i = 0; i < 3; i++) {
        both[3 + i] = tasks_items[2 - i];
        both[3 + i].direction = DIRECTION_DOWN;
        both[3 + i].ends_version = false;
        both[3 + i].position = 3 - (int64_t)i;
        migrations[i].scripts[SCRIPT_DOWN] = migrations[0].scripts[SCRIPT_UP];
    }
    tasks.items = both;
    tasks.count = 6;
    expect(ATOMIC_RUN, "T(a.bbb.^c?.^!c.^b.a.^)r V(b!)");
}

static void refuses_atomic_where_a_step_cannot(void **state UNUSED)
{
    CLEANUP(error_done) Error error = {0};
    assert_true(run_units_check_atomic(&tasks, ATOMIC_MIGRATION, &error));
    assert_false(run_units_check_atomic(&tasks, ATOMIC_RUN, &error));
    assert_int_equal(error.class, ERROR_TARGET);
    assert_non_null(strstr(error.message, "'b' (1): a step cannot run in a transaction"));
    migrations[0].scripts[SCRIPT_UP].groups.items = batch_group;
    assert_false(run_units_check_atomic(&tasks, ATOMIC_RUN, &error));
    assert_non_null(strstr(error.message, "'a' (1): it runs in batches"));
    static char why[] = "line 3 uses a new enum value";
    migrations[0].atomic_blocker = why;
    assert_false(run_units_check_atomic(&tasks, ATOMIC_VERSION, &error));
    assert_non_null(strstr(error.message, "'a' (1): line 3 uses a new enum value"));
}

static void sums_locks_of_one_transaction(void **state UNUSED)
{
    CLEANUP(run_units_done) RunUnits apart = {0};
    CLEANUP(run_units_done) RunUnits together = {0};
    run_units_build(&tasks, ATOMIC_MIGRATION, &apart);
    assert_int_equal(run_units_lock_estimate(&tasks, &apart), 3);
    run_units_build(&tasks, ATOMIC_RUN, &together);
    assert_int_equal(run_units_lock_estimate(&tasks, &together), 1 + 1 + 2 + 3 + 1);
}

static void knows_positions(void **state UNUSED)
{
    RunTask up = tasks_items[1], down = tasks_items[1];
    assert_int_equal(run_task_position_during(&up), 1);
    assert_int_equal(run_task_position_after(&up), 2);
    down.direction = DIRECTION_DOWN;
    down.position = 2;
    assert_int_equal(run_task_position_during(&down), 1);
    assert_int_equal(run_task_position_after(&down), 1);
    down.partly = true;
    assert_int_equal(run_task_position_after(&down), 2);
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cuts_migrations_into_groups),
        TEST(puts_a_version_together),
        TEST(begins_where_the_last_run_stopped),
        TEST(runs_a_batch_before_the_unit_that_ends_it),
        TEST(asks_gates_before_the_version),
        TEST(arrives_behind_a_versions_first_migration_going_down),
        TEST(comes_up_and_goes_back_in_one_transaction),
        TEST(refuses_atomic_where_a_step_cannot),
        TEST(sums_locks_of_one_transaction),
        TEST(knows_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
