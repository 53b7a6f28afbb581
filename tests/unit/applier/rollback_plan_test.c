#include "tests/support/unit_test.h"

#include "applier/runs/rollback_plan.h"
#include "base/memory.h"

/* The database: 1.0 (a, b) by bundle X; 1.1 (c) and 1.2 (nothing) by bundle Y; d on top, applied by
 * Z without its version. */
static History history;
static ManifestMigration migrations[4];
static ManifestVersion versions[3];
static Manifest manifest;
static ObjectSource objects;
static const char *const identities[] = {"a", "b", "c", "d"};
static const char *const bundles[] = {"X", "X", "Y", "Z"};

static Digest digest_named(const char *name)
{
    return digest_of(name, strlen(name));
}

static char *text(const char *string)
{
    return (char *)(uintptr_t)string;
}

static void reach(const char *name, int64_t position, const char *bundle, int64_t journal)
{
    *array_add(&history.versions) = (AppliedVersion){.name = memory_string(name),
                                                     .position = position,
                                                     .head_digest = digest_named(bundle),
                                                     .journal_number = journal};
}

static int begin(void **state UNUSED)
{
    history = (History){.managed = true, .unsettled = -1, .position = 4};
    for (size_t i = 0; i < 4; i++) {
        *array_add(&history.migrations) =
            (AppliedMigration){.identity = memory_string(identities[i]),
                               .version = memory_string("1"),
                               .head_digest = digest_named(bundles[i]),
                               .up_digest = digest_named(identities[i]),
                               .journal_number = (int64_t)i + 1 + (i == 3)};
        migrations[i] = (ManifestMigration){.identity = text(identities[i]),
                                            .up_digest = digest_named(identities[i])};
        migrations[i].scripts[SCRIPT_DOWN].present = true;
    }
    reach("1.0", 2, "X", 2);
    reach("1.1", 3, "Y", 3);
    reach("1.2", 3, "Y", 4);
    for (size_t i = 0; i < 3; i++)
        versions[i].name = history.versions.items[i].name;
    manifest = (Manifest){.migrations = {.items = migrations, .count = 4},
                          .versions = {.items = versions, .count = 3}};
    return 0;
}

static int end(void **state UNUSED)
{
    history_done(&history);
    return 0;
}

static bool source(void *context UNUSED, const Digest *head_digest UNUSED,
                   const Manifest **ret_manifest, const ObjectSource **ret_objects,
                   Error *err UNUSED)
{
    *ret_manifest = &manifest;
    *ret_objects = &objects;
    return true;
}

/* "d c 1.2 …": migrations and versions in the order of taking back. */
static void expect(RollbackTarget target, const char *items, const char *to_version)
{
    CLEANUP(rollback_list_done) RollbackList list = {0};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(text_done) Text got = {0};
    assert_true(rollback_list_make(&history, &target, &list, &error));
    array_each (RollbackItem, item, &list.items)
        text_addf(&got, "%s%s", got.length ? " " : "",
                  item->migration ? item->migration->identity : item->version->name);
    assert_string_equal(text_string(&got), items);
    assert_string_equal(list.to_version, to_version);
}

/* A begun run, and its end if it is to have one. */
static void run_of(const char *action, const char *path, const char *from, int64_t from_position,
                   const char *to, int64_t to_position, const char *last_phase)
{
    const char *const phases[] = {"begin", last_phase};
    for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
        if (!phases[i])
            continue;
        *array_add(&history.events) = (PastEvent){.action = memory_string(action),
                                                  .phase = memory_string(phases[i]),
                                                  .bundle_path = memory_string(path),
                                                  .from_version = memory_string(from),
                                                  .from_position = from_position,
                                                  .to_version = memory_string(to),
                                                  .to_position = to_position};
    }
}

static void drop_last_migration(void)
{
    AppliedMigration *last = &history.migrations.items[--history.migrations.count];
    free(last->identity);
    free(last->version);
}

static void takes_back_the_last_application_only(void **state UNUSED)
{
    /* one bundle in two goes: its first version, later the rest */
    run_of("apply", "X", "-", 0, "1.0", 2, "end");
    run_of("apply", "X", "1.0", 2, "1.2", 3, "end");
    run_of("apply", "Z", "1.2", 3, "1.3", 4, "failure");
    expect((RollbackTarget){0}, "d", "1.2");
    drop_last_migration();
    expect((RollbackTarget){0}, "c", "1.0");
    drop_last_migration();
    while (history.versions.count > 1)
        free(history.versions.items[--history.versions.count].name);
    expect((RollbackTarget){0}, "b a", "-");
    drop_last_migration();
    drop_last_migration();
    free(history.versions.items[--history.versions.count].name);
    expect((RollbackTarget){0}, "", "-");
}

static void takes_back_a_version_without_migrations(void **state UNUSED)
{
    run_of("apply", "X", "-", 0, "1.2", 4, "end");
    reach("1.3", 4, "W", 9);
    run_of("apply", "W", "1.2", 4, "1.3", 4, "end");
    expect((RollbackTarget){0}, "1.3", "1.2");
    free(history.versions.items[--history.versions.count].name);
    expect((RollbackTarget){0}, "d c b a", "-");
}

static void a_run_and_what_went_on_with_it_are_one(void **state UNUSED)
{
    run_of("apply", "X", "-", 0, "1.0", 2, "end");
    run_of("apply", "Y", "1.0", 2, "1.3", 5, "failure");
    run_of("resume", "Y", "1.0", 3, "1.3", 5, NULL); /* killed */
    run_of("apply", "Y", "1.2", 3, "1.3", 4, "end");
    expect((RollbackTarget){0}, "d c", "1.0");
    /* but not with a run whose end alone was not written */
    run_of("rollback", "", "1.3", 4, "1.2", 3, "end");
    run_of("apply", "Y", "1.1", 3, "1.2", 3, NULL);
    run_of("apply", "Z", "1.2", 3, "1.3", 4, "end");
    expect((RollbackTarget){0}, "d", "1.2");
}

static void a_rollback_between_two_runs_parts_them(void **state UNUSED)
{
    run_of("apply", "X", "-", 0, "1.0", 2, "end");
    run_of("apply", "Y", "1.0", 2, "1.3", 5, "failure");
    run_of("rollback", "", "1.2", 4, "1.2", 3, "failure");
    run_of("resume", "", "1.2", 4, "1.2", 3, "end");
    run_of("apply", "Y", "1.2", 3, "1.3", 4, "end");
    expect((RollbackTarget){0}, "d", "1.2");
}

static void a_rollback_without_its_end_goes_no_further(void **state UNUSED)
{
    run_of("apply", "X", "-", 0, "1.0", 2, "end");
    run_of("apply", "Y", "1.0", 2, "1.3", 5, "end");
    run_of("rollback", "", "1.3", 5, "1.2", 4, NULL); /* killed, with all of it done */
    expect((RollbackTarget){0}, "", "1.2");
    history.migrations.items[3].state = APPLIED_DOWN_PARTLY;
    expect((RollbackTarget){0}, "d c", "1.0");
}

static void asks_how_far_where_the_ledger_does_not_say(void **state UNUSED)
{
    RollbackList list = {0};
    CLEANUP(error_done) Error error = {0};
    assert_false(rollback_list_make(&history, &(RollbackTarget){0}, &list, &error));
    assert_int_equal(error.class, ERROR_TARGET);
    assert_non_null(strstr(error.hint, "--steps"));
}

static void takes_back_to_a_version(void **state UNUSED)
{
    expect((RollbackTarget){.to_version = "1.2"}, "d", "1.2");
    expect((RollbackTarget){.to_version = "1.1"}, "d 1.2", "1.1");
    expect((RollbackTarget){.to_version = "1.0"}, "d c", "1.0");
    expect((RollbackTarget){.to_version = "-"}, "d c b a", "-");
    expect((RollbackTarget){.to_version = "1.0", .has_position = true, .position = 3}, "d 1.2 1.1",
           "1.0");
}

static void takes_back_steps(void **state UNUSED)
{
    expect((RollbackTarget){.steps = 1}, "d", "1.2");
    expect((RollbackTarget){.steps = 3}, "d c b", "-");
}

static void refuses_what_cannot_be(void **state UNUSED)
{
    static const struct {
        RollbackTarget target;
        const char *says;
    } cases[] = {{{.to_version = "0.9"}, "does not hold version '0.9'"},
                 {{.steps = 5}, "5 steps back cannot be: 4 migrations are applied"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        RollbackList list = {0};
        CLEANUP(error_done) Error error = {0};
        assert_false(rollback_list_make(&history, &cases[i].target, &list, &error));
        assert_int_equal(error.class, ERROR_TARGET);
        assert_non_null(strstr(error.message, cases[i].says));
    }
    RollbackList list = {0};
    CLEANUP(error_done) Error error = {0};
    history.diverged = memory_string("damaged");
    assert_false(rollback_list_make(&history, &(RollbackTarget){0}, &list, &error));
    assert_int_equal(error.class, ERROR_TARGET);
}

static void names_every_migration_without_a_way_back(void **state UNUSED)
{
    CLEANUP(rollback_list_done) RollbackList list = {0};
    CLEANUP(error_done) Error error = {0};
    RunTaskArray tasks = {0};
    migrations[1].scripts[SCRIPT_DOWN].present = false;
    migrations[2].verdict = VERDICT_IRREVERSIBLE;
    migrations[2].irreversible_reason = text("data is gone");
    assert_true(rollback_list_make(&history, &(RollbackTarget){.to_version = "-"}, &list, &error));
    assert_false(rollback_plan_tasks(&list, source, NULL, &tasks, &error));
    assert_int_equal(error.class, ERROR_TARGET);
    assert_string_equal(error.message, "there is no way back: 'c' is irreversible: data is gone; "
                                       "'b' has no down script");
}

static void refuses_another_migration_of_the_same_name(void **state UNUSED)
{
    CLEANUP(rollback_list_done) RollbackList list = {0};
    CLEANUP(error_done) Error error = {0};
    RunTaskArray tasks = {0};
    migrations[3].up_digest = digest_named("other");
    assert_true(rollback_list_make(&history, &(RollbackTarget){.steps = 1}, &list, &error));
    assert_false(rollback_plan_tasks(&list, source, NULL, &tasks, &error));
    assert_non_null(strstr(error.message, "does not hold it"));
}

static void counts_positions_down(void **state UNUSED)
{
    CLEANUP(rollback_list_done) RollbackList list = {0};
    CLEANUP(error_done) Error error = {0};
    RunTaskArray tasks = {0};
    history.migrations.items[3].state = APPLIED_DOWN_PARTLY;
    history.migrations.items[3].groups_done = 2;
    assert_true(rollback_list_make(&history, &(RollbackTarget){.steps = 2}, &list, &error));
    assert_true(rollback_plan_tasks(&list, source, NULL, &tasks, &error));
    assert_int_equal(tasks.items[0].first_group, 2);
    assert_int_equal(run_task_position_during(&tasks.items[0]), 3);
    assert_int_equal(run_task_position_after(&tasks.items[0]), 3);
    assert_int_equal(run_task_position_after(&tasks.items[1]), 2);
    array_free(&tasks);
}

/* a and b were there when the database was adopted at 1.0. */
static void adopt(void)
{
    AppliedMigration *items = history.migrations.items;
    for (size_t i = 0; i < 2; i++) {
        free(items[i].identity);
        free(items[i].version);
    }
    memmove(items, items + 2, 2 * sizeof(*items));
    history.migrations.count = 2;
    history.was_adopted = true;
    history.adopted = 2;
}

static void refuse(RollbackTarget target, const char *words)
{
    RollbackList list = {0};
    CLEANUP(error_done) Error error = {0};
    assert_false(rollback_list_make(&history, &target, &list, &error));
    assert_int_equal(error.class, ERROR_TARGET);
    assert_non_null(strstr(error.message, words));
}

static void goes_back_to_an_adopted_version_and_no_further(void **state UNUSED)
{
    static const char words[] = "there is no way back below version 1.0";
    adopt();
    run_of("apply", "Y", "1.0", 2, "1.3", 4, "end");
    expect((RollbackTarget){0}, "d c", "1.0");
    expect((RollbackTarget){.to_version = "1.0"}, "d c", "1.0");
    expect((RollbackTarget){.steps = 2}, "d c", "1.0");
    refuse((RollbackTarget){.steps = 3}, words);
    refuse((RollbackTarget){.to_version = "-"}, words);
    refuse((RollbackTarget){.to_version = "0.9"}, "does not hold version '0.9'");
    drop_last_migration();
    drop_last_migration();
    while (history.versions.count > 1)
        free(history.versions.items[--history.versions.count].name);
    refuse((RollbackTarget){0}, words);
}

/* The verdict, its detail, and the migration. */
static void rehearse(size_t index, int64_t major, Verdict verdict, const char *detail)
{
    *array_add(&manifest.rehearsals) = (ManifestRehearsal){
        .index = index, .server_major = major, .verdict = verdict, .detail = text(detail)};
}

static void says_what_was_rehearsed_on_this_server(void **state UNUSED)
{
    CLEANUP(rollback_list_done) RollbackList list = {0};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(ways_back_done) WayBackArray ways = {0};
    RunTaskArray tasks = {0};
    rehearse(3, 14, VERDICT_LOSSY, "rows of d");
    rehearse(3, 15, VERDICT_EXACT, "");
    rehearse(2, 14, VERDICT_EXACT, "");
    rehearse(2, 16, VERDICT_FAILS, "42P01");
    assert_true(
        rollback_list_make(&history, &(RollbackTarget){.to_version = "1.1"}, &list, &error));
    assert_true(rollback_plan_tasks(&list, source, NULL, &tasks, &error));
    rollback_plan_ways(&tasks, 15, &ways);
    assert_int_equal(ways.count, 2);
    assert_int_equal(ways.items[0].verdict, VERDICT_EXACT);
    assert_null(ways.items[1].identity); /* version 1.2 has no migrations */
    assert_true(rollback_plan_check_ways(&ways, &error));
    array_free(&tasks);
    rollback_list_done(&list);
    ways_back_done(&ways);
    /* of a major that was not rehearsed the worst counts */
    assert_true(
        rollback_list_make(&history, &(RollbackTarget){.to_version = "1.0"}, &list, &error));
    assert_true(rollback_plan_tasks(&list, source, NULL, &tasks, &error));
    rollback_plan_ways(&tasks, 17, &ways);
    assert_int_equal(ways.items[0].verdict, VERDICT_LOSSY);
    assert_string_equal(ways.items[0].detail, "rows of d");
    assert_int_equal(ways.items[1].verdict, VERDICT_FAILS);
    assert_false(rollback_plan_check_ways(&ways, &error));
    assert_int_equal(error.class, ERROR_TARGET);
    assert_string_equal(error.message,
                        "taking this back failed when it was rehearsed: 'c' (1.0): 42P01");
    array_free(&tasks);
    array_free(&manifest.rehearsals);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_back_the_last_application_only),
        TEST(takes_back_a_version_without_migrations),
        TEST(a_run_and_what_went_on_with_it_are_one),
        TEST(a_rollback_between_two_runs_parts_them),
        TEST(a_rollback_without_its_end_goes_no_further),
        TEST(asks_how_far_where_the_ledger_does_not_say),
        TEST(takes_back_to_a_version),
        TEST(takes_back_steps),
        TEST(refuses_what_cannot_be),
        TEST(names_every_migration_without_a_way_back),
        TEST(refuses_another_migration_of_the_same_name),
        TEST(counts_positions_down),
        TEST(goes_back_to_an_adopted_version_and_no_further),
        TEST(says_what_was_rehearsed_on_this_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
