#include "applier/commands/status_report.h"

#include "base/memory.h"
#include "tests/support/unit_test.h"

/* A product of three versions with one, two and one migrations: a | b c | d. */
static const char *const identities[] = {"a", "b", "c", "d"};
static const struct {
    const char *name;
    size_t position;
    size_t count;
} versions[] = {{"1.0", 0, 1}, {"1.1", 1, 2}, {"2.0", 3, 1}};

static void set_tree(char *hex, int version)
{
    if (version < 0) {
        memcpy(hex, "-", 2);
        return;
    }
    Digest tree = digest_of(versions[version].name, strlen(versions[version].name));
    digest_hex(&tree, hex);
}

/* The manifest of the versions first..last, as indexes. */
static void fill_manifest(Manifest *manifest, int first, int last)
{
    memcpy(manifest->head.covers_from, "-", 2);
    memcpy(manifest->head.covers_to, versions[last < 0 ? 0 : last].name, 4);
    memcpy(manifest->head.tree_from, "-", 2);
    if (first > 0) {
        memcpy(manifest->head.covers_from, versions[first - 1].name, 4);
        set_tree(manifest->head.tree_from, first - 1);
    }
    set_tree(manifest->head.tree_to, last);
    for (int v = first; v <= last; v++) {
        for (size_t m = 0; m < versions[v].count; m++)
            *array_add(&manifest->migrations) = (ManifestMigration){
                .identity = memory_string(identities[versions[v].position + m]),
                .version = manifest->versions.count,
                .ordinal = (int64_t)m + 1,
            };
        *array_add(&manifest->versions) = (ManifestVersion){
            .name = memory_string(versions[v].name),
            .position = (int64_t)versions[v].position,
            .migration_count = versions[v].count,
            .tree_digest = digest_of(versions[v].name, strlen(versions[v].name)),
        };
    }
}

/* `position` migrations applied, the last run having ended in `phase`. */
static void fill_history(History *history, int64_t position, const char *phase)
{
    history->managed = true;
    history->unsettled = -1;
    history->position = position;
    for (int64_t i = 0; i < position; i++)
        *array_add(&history->migrations) =
            (AppliedMigration){.identity = memory_string(identities[i]),
                               .version = memory_string("x"),
                               .state = APPLIED_WHOLLY};
    for (size_t v = 0; v < ARRAY_LEN(versions); v++)
        if ((int64_t)(versions[v].position + versions[v].count) <= position)
            *array_add(&history->versions) = (AppliedVersion){
                .name = memory_string(versions[v].name),
                .position = (int64_t)(versions[v].position + versions[v].count),
                .tree_digest = digest_of(versions[v].name, strlen(versions[v].name))};
    *array_add(&history->events) =
        (PastEvent){.action = memory_string("apply"), .phase = memory_string(phase)};
}

static void tells_where_a_database_stands(void **state UNUSED)
{
    static const struct {
        int64_t position;
        const char *phase;
        int first, last; /* of the bundle; last -1: none known */
        StatusBundle which;
        StatusState state;
        size_t pending;
        const char *version;
    } cases[] = {
        {4, "end", 0, 2, STATUS_BUNDLE_KNOWN, STATUS_CURRENT, 0, "2.0"},
        {3, "end", 0, 2, STATUS_BUNDLE_KNOWN, STATUS_BEHIND, 1, "1.1"},
        {1, "end", 0, 2, STATUS_BUNDLE_KNOWN, STATUS_BEHIND, 3, "1.0"},
        {1, "end", 1, 1, STATUS_BUNDLE_GIVEN, STATUS_BEHIND, 2, "1.0"},
        {0, "end", 0, 2, STATUS_BUNDLE_KNOWN, STATUS_BEHIND, 4, "-"},
        /* a rollback by steps may end inside a version */
        {2, "end", 0, 2, STATUS_BUNDLE_KNOWN, STATUS_BEHIND, 2, "1.0"},
        /* a run that stopped there did not mean to */
        {2, "begin", 0, 2, STATUS_BUNDLE_KNOWN, STATUS_FAILED, 2, "1.0"},
        {2, "failure", 0, 2, STATUS_BUNDLE_KNOWN, STATUS_FAILED, 2, "1.0"},
        /* a failure that left nothing behind */
        {1, "failure", 0, 2, STATUS_BUNDLE_KNOWN, STATUS_BEHIND, 3, "1.0"},
        /* two versions behind the bundle's start */
        {0, "end", 2, 2, STATUS_BUNDLE_GIVEN, STATUS_BEHIND, 1, "-"},
        {4, "end", 0, 1, STATUS_BUNDLE_GIVEN, STATUS_AHEAD, 0, "2.0"},
        {4, "end", 0, 1, STATUS_BUNDLE_KNOWN, STATUS_CURRENT, 0, "2.0"},
        {4, "end", 0, -1, STATUS_BUNDLE_KNOWN, STATUS_CURRENT, 0, "2.0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(history_done) History history = {0};
        CLEANUP(manifest_done) Manifest manifest = {0};
        CLEANUP(status_report_done) StatusReport report = {0};
        fill_history(&history, cases[i].position, cases[i].phase);
        fill_manifest(&manifest, cases[i].first, cases[i].last);
        status_report_make(&history, cases[i].last < 0 ? NULL : &manifest, cases[i].which, &report);
        if (report.state != cases[i].state)
            fail_msg("case %zu: %s", i, status_state_name(report.state));
        assert_int_equal(report.pending.count, cases[i].pending);
        assert_string_equal(report.version, cases[i].version);
        /* one command comes next, or nothing is to be done */
        bool rests = report.state == STATUS_CURRENT || report.state == STATUS_AHEAD;
        assert_int_equal(report.next == NULL, rests);
    }
}

static void an_upgrade_that_stopped_on_a_version_is_resumed(void **state UNUSED)
{
    static const struct {
        const char *action;
        int64_t from, position;
        StatusBundle which;
        const char *next;
    } cases[] = {
        {"apply", 1, 3, STATUS_BUNDLE_KNOWN, "applier resume"},
        {"apply", 3, 4, STATUS_BUNDLE_KNOWN, "applier resume"}, /* only its end is missing */
        {"apply", 1, 3, STATUS_BUNDLE_GIVEN, STATUS_NEXT_APPLY},
        {"rollback", 3, 3, STATUS_BUNDLE_KNOWN, STATUS_NEXT_APPLY}, /* nothing was taken back */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(history_done) History history = {0};
        CLEANUP(manifest_done) Manifest manifest = {0};
        CLEANUP(status_report_done) StatusReport report = {0};
        fill_history(&history, cases[i].position, "begin");
        free(history.events.items[0].action);
        history.events.items[0].action = memory_string(cases[i].action);
        history.events.items[0].from_position = cases[i].from;
        fill_manifest(&manifest, 0, 2);
        status_report_make(&history, &manifest, cases[i].which, &report);
        assert_string_equal(report.next, cases[i].next);
    }
}

static void what_is_under_way_has_not_failed(void **state UNUSED)
{
    CLEANUP(history_done) History history = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(status_report_done) StatusReport report = {0};
    fill_history(&history, 2, "begin");
    fill_manifest(&manifest, 0, 2);
    status_report_make(&history, &manifest, STATUS_BUNDLE_KNOWN, &report);
    assert_int_equal(report.state, STATUS_FAILED);
    status_report_at_work(&report);
    assert_int_equal(report.state, STATUS_RUNNING);
    assert_null(report.next);
    assert_null(report.why);
    report.state = STATUS_BEHIND;
    status_report_at_work(&report);
    assert_int_equal(report.state, STATUS_BEHIND);
}

/* Versions a | b c | d, of which b, or b and c, are of phase before. */
static void knows_that_phase_before_is_done(void **state UNUSED)
{
    static const struct {
        int64_t position;
        const char *action, *phase;
        bool c_is_before;
        StatusState state;
        bool done;
    } cases[] = {
        {2, "apply", "end", false, STATUS_BEHIND, true},
        {2, "apply", "end", true, STATUS_BEHIND, false},     /* c is to come, too */
        {2, "rollback", "end", false, STATUS_BEHIND, false}, /* by steps */
        {2, "apply", "failure", false, STATUS_FAILED, false},
        {1, "apply", "end", false, STATUS_BEHIND, false},
        {4, "apply", "end", false, STATUS_CURRENT, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(history_done) History history = {0};
        CLEANUP(manifest_done) Manifest manifest = {0};
        CLEANUP(status_report_done) StatusReport report = {0};
        fill_history(&history, cases[i].position, cases[i].phase);
        free(history.events.items[0].action);
        history.events.items[0].action = memory_string(cases[i].action);
        fill_manifest(&manifest, 0, 2);
        manifest.migrations.items[1].phase = PHASE_BEFORE;
        manifest.migrations.items[2].phase = cases[i].c_is_before ? PHASE_BEFORE : PHASE_AFTER;
        status_report_make(&history, &manifest, STATUS_BUNDLE_KNOWN, &report);
        assert_int_equal(report.state, cases[i].state);
        assert_int_equal(report.before_is_done, cases[i].done);
        if (!cases[i].done)
            continue;
        assert_string_equal(report.next, "applier apply BUNDLE");
        assert_non_null(strstr(report.why, "phase before of version 1.1 is done"));
    }
}

/* A version of nothing but phase before is not complete either. */
static void phase_before_may_be_all_of_a_version(void **state UNUSED)
{
    CLEANUP(history_done) History history = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(status_report_done) StatusReport report = {0};
    fill_history(&history, 4, "end");
    free(history.versions.items[--history.versions.count].name);
    fill_manifest(&manifest, 0, 2);
    manifest.migrations.items[3].phase = PHASE_BEFORE;
    status_report_make(&history, &manifest, STATUS_BUNDLE_KNOWN, &report);
    assert_int_equal(report.state, STATUS_BEHIND);
    assert_true(report.before_is_done);
}

static void a_rollback_that_is_halfway_is_failed_on_a_version_too(void **state UNUSED)
{
    static const struct {
        int64_t from, to;
        StatusState state;
    } cases[] = {{4, 1, STATUS_FAILED}, /* at 1.1, and not all the way back */
                 {3, 1, STATUS_BEHIND}, /* nothing was taken back */
                 {4, 3, STATUS_BEHIND}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(history_done) History history = {0};
        CLEANUP(manifest_done) Manifest manifest = {0};
        CLEANUP(status_report_done) StatusReport report = {0};
        fill_history(&history, 3, "end");
        *array_add(&history.events) = (PastEvent){.action = memory_string("rollback"),
                                                  .phase = memory_string("begin"),
                                                  .from_position = cases[i].from,
                                                  .to_position = cases[i].to};
        fill_manifest(&manifest, 0, 2);
        status_report_make(&history, &manifest, STATUS_BUNDLE_KNOWN, &report);
        assert_int_equal(report.state, cases[i].state);
        if (report.state == STATUS_FAILED)
            assert_string_equal(report.next, "applier resume");
    }
}

static void knows_other_lines_and_broken_journals(void **state UNUSED)
{
    CLEANUP(history_done) History history = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(status_report_done) StatusReport report = {0};
    fill_history(&history, 3, "end");
    fill_manifest(&manifest, 2, 2);
    history.versions.items[1].tree_digest = digest_of("hotfix", 6);
    status_report_make(&history, &manifest, STATUS_BUNDLE_GIVEN, &report);
    assert_int_equal(report.state, STATUS_DIVERGED);
    assert_non_null(strstr(report.why, "not on the line"));
    status_report_done(&report);
    history_done(&history);
    history = (History){0};
    fill_history(&history, 0, "end");
    status_report_make(&history, &manifest, STATUS_BUNDLE_GIVEN, &report);
    assert_int_equal(report.state, STATUS_BEHIND);
    assert_non_null(strstr(report.why, "and nothing is applied here: bundles are missing"));
    status_report_done(&report);
    history.diverged = memory_string("row 3 does not chain");
    status_report_make(&history, &manifest, STATUS_BUNDLE_GIVEN, &report);
    assert_int_equal(report.state, STATUS_DIVERGED);
    assert_string_equal(report.why, "row 3 does not chain");
}

/* The ledger has no trees of what lies below. */
static void a_bundle_below_an_adoption_is_behind_the_database(void **state UNUSED)
{
    CLEANUP(history_done) History history = {.managed = true, .unsettled = -1};
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(status_report_done) StatusReport report = {0};
    history.was_adopted = true;
    history.adopted = history.position = 4;
    *array_add(&history.versions) = (AppliedVersion){
        .name = memory_string("2.0"), .position = 4, .tree_digest = digest_of("2.0", 3)};
    fill_manifest(&manifest, 0, 1);
    status_report_make(&history, &manifest, STATUS_BUNDLE_GIVEN, &report);
    assert_int_equal(report.state, STATUS_AHEAD);
    assert_non_null(strstr(report.why, "beyond 1.1, where the bundle ends"));
}

static void says_what_comes_next(void **state UNUSED)
{
    CLEANUP(history_done) History history = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(status_report_done) StatusReport report = {0};
    fill_history(&history, 0, "end");
    fill_manifest(&manifest, 2, 2);
    status_report_make(&history, &manifest, STATUS_BUNDLE_KNOWN, &report);
    assert_string_equal(report.next, "applier apply DIR");
    status_report_done(&report);
    history_done(&history);
    history = (History){0};
    fill_history(&history, 3, "end");
    status_report_make(&history, &manifest, STATUS_BUNDLE_KNOWN, &report);
    assert_string_equal(report.next, STATUS_NEXT_APPLY);
    status_report_done(&report);
    history.versions.items[1].tree_digest = digest_of("hotfix", 6);
    status_report_make(&history, &manifest, STATUS_BUNDLE_GIVEN, &report);
    assert_string_equal(report.next, "applier status");
    status_report_done(&report);
    history.diverged = memory_string("row 3 does not chain");
    status_report_make(&history, &manifest, STATUS_BUNDLE_GIVEN, &report);
    assert_string_equal(report.next, "applier history");
}

static void an_unmanaged_database_has_everything_pending(void **state UNUSED)
{
    History history = {.unsettled = -1};
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(status_report_done) StatusReport report = {0};
    fill_manifest(&manifest, 0, 2);
    status_report_make(&history, &manifest, STATUS_BUNDLE_GIVEN, &report);
    assert_int_equal(report.state, STATUS_UNMANAGED);
    assert_int_equal(report.pending.count, 4);
}

static void an_empty_ledger_is_behind(void **state UNUSED)
{
    History history = {.managed = true, .unsettled = -1};
    CLEANUP(status_report_done) StatusReport report = {0};
    status_report_make(&history, NULL, STATUS_BUNDLE_KNOWN, &report);
    assert_int_equal(report.state, STATUS_BEHIND);
    assert_string_equal(report.why, "the ledger is there, and nothing was applied yet");
}

static void a_version_that_came_out_otherwise_is_failed(void **state UNUSED)
{
    CLEANUP(history_done) History history = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(status_report_done) StatusReport report = {0};
    fill_manifest(&manifest, 0, 2);
    fill_history(&history, 4, "failure");
    *array_add(&history.arrivals) = (PastArrival){
        .journal_number = 9, .version = memory_string("2.0"), .arrival = memory_string("")};
    status_report_make(&history, &manifest, STATUS_BUNDLE_GIVEN, &report);
    assert_int_equal(report.state, STATUS_FAILED);
    assert_string_equal(report.next, "applier drift");
    assert_non_null(strstr(report.why, "version 2.0 came out with another schema"));
    /* but not once it was mended */
    status_report_done(&report);
    free(history.arrivals.items[0].arrival);
    history.arrivals.items[0].arrival = memory_string("up");
    status_report_make(&history, &manifest, STATUS_BUNDLE_GIVEN, &report);
    assert_int_equal(report.state, STATUS_CURRENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_where_a_database_stands),
        cmocka_unit_test(an_upgrade_that_stopped_on_a_version_is_resumed),
        cmocka_unit_test(what_is_under_way_has_not_failed),
        cmocka_unit_test(knows_that_phase_before_is_done),
        cmocka_unit_test(phase_before_may_be_all_of_a_version),
        cmocka_unit_test(a_rollback_that_is_halfway_is_failed_on_a_version_too),
        cmocka_unit_test(knows_other_lines_and_broken_journals),
        cmocka_unit_test(a_bundle_below_an_adoption_is_behind_the_database),
        cmocka_unit_test(says_what_comes_next),
        cmocka_unit_test(an_unmanaged_database_has_everything_pending),
        cmocka_unit_test(an_empty_ledger_is_behind),
        cmocka_unit_test(a_version_that_came_out_otherwise_is_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
