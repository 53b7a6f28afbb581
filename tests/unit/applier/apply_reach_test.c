/* How far one run may go, and from where a superseded version goes on. */
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/applier/apply_plan_case.h"

static void expect_target(const char *target, const char *halt)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    apply_plan_make(&history, &manifest, &head_digest, NULL, &plan);
    assert_int_equal(plan.relation, RELATION_FITS);
    assert_string_equal(manifest.versions.items[plan.target].name, target);
    if (halt)
        assert_non_null(strstr(plan.halt, halt));
    else
        assert_null(plan.halt);
}

static void past_event(const char *phase, const char *from, const char *to, int64_t to_position)
{
    PastEvent *event = array_add(&history.events);
    event->action = memory_string("apply");
    event->phase = memory_string(phase);
    event->from_version = memory_string(from);
    event->to_version = memory_string(to);
    event->to_position = to_position;
}

static void ends_at_a_required_stop(void **state UNUSED)
{
    versions[1].stop = true;
    apply("a");
    apply("b");
    reach("1.0");
    expect_target("1.1", "version 1.1 is a required stop");
    expect("1.2", RELATION_STOP, ERROR_TARGET, "no run may go from 1.0 to 1.2: version 1.1 is");
    expect("1.1", RELATION_FITS, ERROR_NONE, NULL);
    apply("c");
    reach("1.1");
    expect_target("1.2", NULL);
    expect("1.0", RELATION_AHEAD, ERROR_TARGET, NULL);
}

static void begins_where_a_version_asks_for(void **state UNUSED)
{
    versions[2].min_compatible = text("1.1");
    apply("a");
    apply("b");
    reach("1.0");
    expect_target("1.1", "a run that comes to 1.2 must begin at 1.1 or later");
    expect("1.2", RELATION_STOP, ERROR_TARGET, "must begin at 1.1");
    versions[2].min_compatible = text("0.9"); /* before the bundle */
    expect_target("1.2", NULL);
}

static void passes_all_from_nothing(void **state UNUSED)
{
    versions[0].stop = true;
    versions[2].min_compatible = text("1.1");
    expect_target("1.2", NULL);
    /* also where it has to go on with what began so */
    past_event("begin", "-", "1.2", 3);
    apply("a");
    apply("b");
    reach("1.0");
    expect_target("1.2", NULL);
    past_event("begin", "1.0", "1.2", 3);
    expect_target("1.2", NULL);
    past_event("end", "1.0", "1.2", 3);
    expect_target("1.1", "must begin at 1.1");
    /* a run of its own had arrived, and only its end is not on record */
    past_event("begin", "-", "1.0", 2);
    expect_target("1.1", "must begin at 1.1");
}

/* --- superseded ------------------------------------------------------------------------------- */

static ManifestSuperseded superseded[2];
static ManifestFingerprint proven;

/* 1.1 of the bundle takes the place of 1.0x, which has the same schema, and 0.x, which has not. */
static void supersede(size_t version)
{
    superseded[0] = (ManifestSuperseded){version, text("0.x"), digest_named("0.x"), false};
    superseded[1] = (ManifestSuperseded){version, text("1.0x"), digest_named("1.0x"), true};
    proven = (ManifestFingerprint){.version = version};
    manifest.superseded.items = superseded;
    manifest.superseded.count = 2;
    manifest.fingerprints.items = &proven;
    manifest.fingerprints.count = 1;
    manifest.start =
        (ManifestVersion){.name = text("1.0"), .tree_digest = digest_named("1.0"), .position = 2};
}

static AppliedMigration *apply_of(const char *name, const char *version)
{
    AppliedMigration *migration = apply(name);
    free(migration->version);
    migration->version = memory_string(version);
    return migration;
}

static void goes_on_from_a_superseded_version(void **state UNUSED)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    supersede(2);
    apply("a");
    apply("b");
    reach("1.0");
    apply_of("x", "1.0x");
    apply_of("y", "1.0x");
    reach("1.0x");
    apply_plan_make(&history, &manifest, &head_digest, NULL, &plan);
    assert_int_equal(plan.relation, RELATION_FITS);
    assert_string_equal(plan.stands_for, "1.0x");
    /* a row that says it stands at 1.1, and what comes behind; both counted as they are here */
    assert_int_equal(plan.tasks.count, 2);
    assert_null(plan.tasks.items[0].migration);
    assert_string_equal(plan.tasks.items[0].version->name, "1.1");
    assert_true(plan.tasks.items[0].ends_version);
    assert_int_equal(plan.tasks.items[0].position, 4);
    assert_string_equal(plan.tasks.items[1].version->name, "1.2");
    assert_int_equal(plan.to_position, 4);
    assert_int_equal(apply_plan_shift(&history, &manifest), 1);
    expect("1.1", RELATION_FITS, ERROR_NONE, NULL);
    expect("1.0", RELATION_AHEAD, ERROR_TARGET, "ahead of 1.0");
    /* once that row is there */
    reach("1.1");
    CLEANUP(apply_plan_done) ApplyPlan next = {0};
    apply_plan_make(&history, &manifest, &head_digest, NULL, &next);
    assert_int_equal(next.relation, RELATION_FITS);
    assert_null(next.stands_for);
    assert_int_equal(next.tasks.count, 1);
    assert_int_equal(next.tasks.items[0].position, 4);
    expect("1.1", RELATION_CURRENT, ERROR_NONE, NULL);
}

static void goes_on_from_one_that_its_start_supersedes(void **state UNUSED)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    cut_manifest();
    supersede(0);
    apply_of("x", "1.0x");
    reach("1.0x");
    apply_plan_make(&history, &manifest, &head_digest, NULL, &plan);
    assert_int_equal(plan.relation, RELATION_FITS);
    assert_int_equal(plan.tasks.count, 3);
    assert_ptr_equal(plan.tasks.items[0].version, &manifest.start);
    assert_int_equal(plan.tasks.items[0].position, 1);
    assert_string_equal(plan.tasks.items[1].migration->identity, "c");
    assert_int_equal(plan.tasks.items[1].position, 1);
    assert_int_equal(plan.to_position, 2);
    reach("1.0");
    CLEANUP(apply_plan_done) ApplyPlan next = {0};
    apply_plan_make(&history, &manifest, &head_digest, NULL, &next);
    assert_int_equal(next.tasks.count, 2);
    assert_int_equal(next.tasks.items[0].position, 1);
}

/* The database has one migration where the product has two. */
static void asks_gates_where_positions_are_others(void **state UNUSED)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    cut_manifest();
    supersede(0);
    apply_of("x", "1.0x");
    reach("1.0x");
    reach("1.0");
    migrations[2].scripts[SCRIPT_PRECHECK].gate = true;
    apply_plan_make(&history, &manifest, &head_digest, NULL, &plan);
    assert_int_equal(plan.tasks.count, 3);
    assert_true(plan.tasks.items[0].only_gate);
    assert_int_equal(plan.tasks.items[0].position, 1);
    /* it has begun */
    apply_of("c", "1.1")->state = APPLIED_UP_PARTLY;
    CLEANUP(apply_plan_done) ApplyPlan next = {0};
    apply_plan_make(&history, &manifest, &head_digest, NULL, &next);
    assert_int_equal(next.relation, RELATION_FITS);
    assert_false(next.tasks.items[0].only_gate);
}

static void takes_nothing_for_another_without_proof(void **state UNUSED)
{
    supersede(2);
    proven.version = 1;
    apply_of("x", "1.0x");
    reach("1.0x");
    expect(NULL, RELATION_DIVERGED, ERROR_TARGET,
           "at version 1.0x, which 1.1 supersedes, and the bundle proves nothing");
}

static void says_how_to_leave_a_superseded_version(void **state UNUSED)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    supersede(2);
    apply("a");
    apply("b");
    reach("1.0");
    apply_of("x", "1.0x")->state = APPLIED_UP_PARTLY;
    apply_plan_make(&history, &manifest, &head_digest, NULL, &plan);
    assert_false(apply_plan_check(&plan, &error));
    assert_int_equal(error.class, ERROR_TARGET);
    assert_string_equal(
        error.message, "migration 3 of this database is 'x' of version 1.0x, which 1.1 supersedes");
    assert_non_null(strstr(error.hint, "'applier rollback --to 1.0' takes back what there is"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ends_at_a_required_stop),
        TEST(begins_where_a_version_asks_for),
        TEST(passes_all_from_nothing),
        TEST(goes_on_from_a_superseded_version),
        TEST(goes_on_from_one_that_its_start_supersedes),
        TEST(asks_gates_where_positions_are_others),
        TEST(takes_nothing_for_another_without_proof),
        TEST(says_how_to_leave_a_superseded_version),
    };
    return cmocka_run_group_tests(tests, /* setup= */ NULL, /* teardown= */ NULL);
}
