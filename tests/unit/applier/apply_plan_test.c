#include "applier/runs/apply_phase.h"
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/applier/apply_plan_case.h"

static void begins_with_nothing(void **state UNUSED)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    history.managed = false;
    apply_plan_make(&history, &manifest, &head_digest, NULL, &plan);
    assert_int_equal(plan.relation, RELATION_FITS);
    assert_int_equal(plan.tasks.count, 4);
    assert_false(plan.tasks.items[0].ends_version);
    assert_true(plan.tasks.items[1].ends_version);
    assert_int_equal(plan.tasks.items[2].position, 2);
    assert_null(plan.tasks.items[3].migration);
    assert_int_equal(plan.tasks.items[3].position, 3);
}

static void goes_on_inside_a_version(void **state UNUSED)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    apply("a");
    AppliedMigration *partly = apply("b");
    partly->state = APPLIED_UP_PARTLY;
    partly->groups_done = 1;
    partly->group_count = 3;
    const ManifestGroup groups[3] = {{0}};
    migrations[1].scripts[SCRIPT_UP].groups.items = (ManifestGroup *)(uintptr_t)groups;
    migrations[1].scripts[SCRIPT_UP].groups.count = 3;
    apply_plan_make(&history, &manifest, &head_digest, "1.0", &plan);
    assert_int_equal(plan.relation, RELATION_FITS);
    assert_int_equal(plan.tasks.count, 1);
    assert_int_equal(plan.tasks.items[0].first_group, 1);
    assert_true(plan.tasks.items[0].ends_version);
    migrations[1].scripts[SCRIPT_UP].groups.count = 2;
    expect("1.0", RELATION_UNREST, ERROR_TARGET, "other groups");
}

static void verifies_what_was_not_verified(void **state UNUSED)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    apply("a");
    apply("b")->unverified = true;
    apply_plan_make(&history, &manifest, &head_digest, "1.0", &plan);
    assert_int_equal(plan.tasks.count, 1);
    assert_true(plan.tasks.items[0].only_verify);
    assert_int_equal(run_task_position_after(&plan.tasks.items[0]), 2);
    cut_manifest();
    reach("1.0");
    expect(NULL, RELATION_UNREST, ERROR_TARGET, "verify script has not run");
}

static void has_nothing_to_do_at_the_target(void **state UNUSED)
{
    apply("a");
    apply("b");
    reach("1.0");
    expect("1.0", RELATION_CURRENT, ERROR_NONE, NULL);
}

static void says_ahead(void **state UNUSED)
{
    apply("a");
    apply("b");
    reach("1.0");
    apply("c");
    reach("1.1");
    expect("1.0", RELATION_AHEAD, ERROR_TARGET, "at version 1.1, ahead of 1.0");
    reach("1.2");
    expect("1.1", RELATION_AHEAD, ERROR_TARGET, "at version 1.2, ahead of 1.1");
    apply("d");
    expect(NULL, RELATION_AHEAD, ERROR_TARGET, "ahead of 1.2");
}

static void names_a_gap(void **state UNUSED)
{
    cut_manifest();
    expect(NULL, RELATION_GAP, ERROR_TARGET, "at version none, the bundle starts at 1.0");
    apply("a");
    reach("0.9");
    expect(NULL, RELATION_GAP, ERROR_TARGET, "at version 0.9, the bundle starts at 1.0");
}

static void names_a_fork(void **state UNUSED)
{
    apply("a");
    apply("x");
    expect(NULL, RELATION_DIVERGED, ERROR_TARGET, "migration 2 of this database is 'x'");
    history.migrations.items[1].identity[0] = 'b';
    expect(NULL, RELATION_DIVERGED, ERROR_TARGET, "'b' with another content");
    cut_manifest();
    reach("1.0-hotfix");
    expect(NULL, RELATION_DIVERGED, ERROR_TARGET, "continues version 1.0");
}

static void refuses_a_version_of_another_make(void **state UNUSED)
{
    apply("a");
    apply("b");
    reach("1.0");
    history.versions.items[0].tree_digest = digest_named("another");
    expect(NULL, RELATION_DIVERGED, ERROR_TARGET, "is not the bundle's version 1.0");
}

static void refuses_a_damaged_journal(void **state UNUSED)
{
    history.diverged = memory_string("row 3 …");
    expect(NULL, RELATION_DIVERGED, ERROR_TARGET, "row 3");
}

static void refuses_another_product(void **state UNUSED)
{
    history.identity.product_uuid[0] = 'v';
    expect(NULL, RELATION_WRONG_PRODUCT, ERROR_TRUST, "belongs to product");
}

static void refuses_two_bundles_of_one_sequence(void **state UNUSED)
{
    *array_add(&history.bundles) =
        (KnownBundle){.sequence = 7, .head_digest = digest_named("other head")};
    expect(NULL, RELATION_EQUIVOCATION, ERROR_TRUST, "another bundle of sequence 7");
    history.bundles.items[0].head_digest = head_digest;
    expect(NULL, RELATION_FITS, ERROR_NONE, NULL);
}

static void refuses_an_unknown_version(void **state UNUSED)
{
    expect("3.0", RELATION_NO_VERSION, ERROR_USAGE,
           "no version '3.0': it goes from nothing to 1.2");
}

static void leaves_a_rollback_under_way_to_resume(void **state UNUSED)
{
    apply("a")->state = APPLIED_DOWN_PARTLY;
    expect(NULL, RELATION_UNREST, ERROR_TARGET, "taken back in part");
}

/* The database came to this version without us. */
static void adopt(const char *name, int64_t position)
{
    history.was_adopted = true;
    history.adopted = history.position = position;
    *array_add(&history.versions) = (AppliedVersion){
        .name = memory_string(name), .tree_digest = digest_named(name), .position = position};
}

static void expect_tasks(const char *to_version, ApplyRelation relation, const char *names_of_tasks)
{
    ApplyPlan plan;
    CLEANUP(text_done) Text got = {0};
    apply_plan_make(&history, &manifest, &head_digest, to_version, &plan);
    assert_int_equal(plan.relation, relation);
    array_each (RunTask, task, &plan.tasks)
        text_addf(&got, "%s%s%s@%d", got.length ? " " : "", task->only_gate ? "gate-" : "",
                  task->migration ? task->migration->identity : task->version->name,
                  (int)task->position);
    assert_string_equal(text_string(&got), names_of_tasks);
    apply_plan_done(&plan);
}

static void asks_the_gates_of_a_version_that_is_not_begun(void **state UNUSED)
{
    migrations[1].scripts[SCRIPT_PRECHECK].gate = true;
    migrations[2].scripts[SCRIPT_PRECHECK].gate = true;
    expect_tasks(NULL, RELATION_FITS, "gate-b@0 a@0 b@1 gate-c@2 c@2 1.2@3");
    apply("a");
    expect_tasks(NULL, RELATION_FITS, "b@1 gate-c@2 c@2 1.2@3");
    expect_tasks("1.0", RELATION_FITS, "b@1");
}

static void takes_a_batch_up_where_it_stopped(void **state UNUSED)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    AppliedMigration *partly = apply("a");
    const ManifestGroup group = {.kind = GROUP_BATCH};
    history.position = 0;
    partly->state = APPLIED_UP_PARTLY;
    partly->group_count = 1;
    partly->batch = (BatchProgress){.batches = 2, .rows = 20, .cursor = memory_string("k")};
    migrations[0].scripts[SCRIPT_UP].groups.items = (ManifestGroup *)(uintptr_t)&group;
    migrations[0].scripts[SCRIPT_UP].groups.count = 1;
    apply_plan_make(&history, &manifest, &head_digest, "1.0", &plan);
    assert_int_equal(plan.tasks.items[0].first_group, 0);
    assert_int_equal(plan.tasks.items[0].batch.batches, 2);
    assert_string_equal(plan.tasks.items[0].batch.cursor, "k");
}

/* What `phase` leaves of the plan, "task!" for one that ends its version, and where it ends. */
static void expect_phase(RunPhase phase, ApplyRelation relation, const char *left, int64_t end)
{
    ApplyPlan plan;
    CLEANUP(text_done) Text got = {0};
    CLEANUP(error_done) Error error = {0};
    apply_plan_make(&history, &manifest, &head_digest, /* to_version= */ NULL, &plan);
    assert_true(apply_phase_choose(&plan, phase, &error));
    assert_int_equal(plan.relation, relation);
    array_each (RunTask, task, &plan.tasks)
        text_addf(&got, "%s%s%s%s", got.length ? " " : "", task->only_gate ? "gate-" : "",
                  task->migration ? task->migration->identity : task->version->name,
                  task->ends_version ? "!" : "");
    assert_string_equal(text_string(&got), left);
    assert_int_equal(apply_plan_end(&plan, history.position), end);
    apply_plan_done(&plan);
}

static void leaves_of_phase_before_what_leads_the_next_version(void **state UNUSED)
{
    migrations[0].phase = migrations[2].phase = PHASE_BEFORE;
    migrations[1].scripts[SCRIPT_PRECHECK].gate = true;
    expect_phase(RUN_ALL_PHASES, RELATION_FITS, "gate-b a b! c! 1.2!", 3);
    expect_phase(RUN_PHASE_BEFORE, RELATION_FITS, "gate-b a", 1);
    migrations[1].phase = PHASE_BEFORE;
    expect_phase(RUN_PHASE_BEFORE, RELATION_FITS, "gate-b a b", 2);
    migrations[0].phase = PHASE_AFTER;
    expect_phase(RUN_PHASE_BEFORE, RELATION_CURRENT, "", 0);
    expect_phase(RUN_PHASE_AFTER, RELATION_FITS, "gate-b a b! c! 1.2!", 3);
    apply("a");
    apply("b");
    /* the row of 1.0 alone is missing: that is for a run without the option */
    expect_phase(RUN_PHASE_BEFORE, RELATION_CURRENT, "", 2);
    reach("1.0");
    expect_phase(RUN_PHASE_BEFORE, RELATION_FITS, "c", 3);
}

static void refuses_phase_after_while_before_is_not_done(void **state UNUSED)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    CLEANUP(error_done) Error error = {0};
    migrations[0].phase = PHASE_BEFORE;
    apply_plan_make(&history, &manifest, &head_digest, /* to_version= */ NULL, &plan);
    assert_false(apply_phase_choose(&plan, RUN_PHASE_AFTER, &error));
    assert_int_equal(error.class, ERROR_TARGET);
    assert_non_null(strstr(error.message, "migration 'a' (1.0) is of phase before"));
}

static void goes_on_from_an_adopted_version(void **state UNUSED)
{
    adopt("1.0", 2);
    expect_tasks(NULL, RELATION_FITS, "c@2 1.2@3");
    expect_tasks("1.0", RELATION_CURRENT, "");
    apply("c");
    expect_tasks(NULL, RELATION_FITS, "1.1@3 1.2@3"); /* its version's row is not there yet */
    reach("1.1");
    history.versions.items[1].position = 3;
    expect_tasks(NULL, RELATION_FITS, "1.2@3");
    cut_manifest();
    expect_tasks(NULL, RELATION_FITS, "1.2@3");
}

static void knows_an_adopted_version_beyond_the_bundles_start(void **state UNUSED)
{
    adopt("1.1", 3);
    expect_tasks(NULL, RELATION_FITS, "1.2@3");
    expect_tasks("1.0", RELATION_AHEAD, "");
    cut_manifest();
    expect_tasks(NULL, RELATION_FITS, "1.2@3");
    expect_tasks("1.1", RELATION_CURRENT, "");
}

static void refuses_a_bundle_without_the_adopted_version(void **state UNUSED)
{
    adopt("0.9", 1);
    ApplyPlan plan;
    apply_plan_make(&history, &manifest, &head_digest, NULL, &plan);
    assert_int_equal(plan.relation, RELATION_DIVERGED);
    assert_string_equal(plan.words,
                        "the database was adopted at version 0.9, which the bundle does not hold");
    apply_plan_done(&plan);
    cut_manifest();
    expect_tasks(NULL, RELATION_GAP, "");
}

static void offers_the_modes_that_were_rehearsed(void **state UNUSED)
{
    static const struct {
        AtomicMode mode;
        int64_t major;
        bool offered;
    } cases[] = {{ATOMIC_MIGRATION, 17, true}, {ATOMIC_VERSION, 15, true},
                 {ATOMIC_VERSION, 16, true},   {ATOMIC_RUN, 15, false},
                 {ATOMIC_RUN, 16, true},       {ATOMIC_VERSION, 17, false}};
    CLEANUP(error_done) Error error = {0};
    assert_true(apply_plan_check_mode(&manifest, ATOMIC_RUN, 2, 17, &error)); /* unproven */
    *array_add(&manifest.fingerprints) = (ManifestFingerprint){.server_major = 15};
    *array_add(&manifest.atomic) = (ManifestAtomic){.server_major = 15};
    *array_add(&manifest.atomic) = (ManifestAtomic){.server_major = 16};
    *array_add(&manifest.atomic) = (ManifestAtomic){.whole_run = true, .server_major = 16};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        error_done(&error);
        assert_int_equal(apply_plan_check_mode(&manifest, cases[i].mode, 2, cases[i].major, &error),
                         cases[i].offered);
        assert_int_equal(error.class, cases[i].offered ? 0 : ERROR_TARGET);
        assert_null(error.detail);
    }
    error_done(&error);
    assert_false(apply_plan_check_mode(&manifest, ATOMIC_RUN, 0, 15, &error));
    assert_non_null(strstr(error.detail, "of the part up to 1.0 alone nothing was tried"));
    array_free(&manifest.fingerprints);
    array_free(&manifest.atomic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(begins_with_nothing),
        TEST(goes_on_inside_a_version),
        TEST(verifies_what_was_not_verified),
        TEST(has_nothing_to_do_at_the_target),
        TEST(says_ahead),
        TEST(names_a_gap),
        TEST(names_a_fork),
        TEST(refuses_a_version_of_another_make),
        TEST(refuses_a_damaged_journal),
        TEST(refuses_another_product),
        TEST(refuses_two_bundles_of_one_sequence),
        TEST(refuses_an_unknown_version),
        TEST(leaves_a_rollback_under_way_to_resume),
        TEST(asks_the_gates_of_a_version_that_is_not_begun),
        TEST(takes_a_batch_up_where_it_stopped),
        TEST(leaves_of_phase_before_what_leads_the_next_version),
        TEST(refuses_phase_after_while_before_is_not_done),
        TEST(goes_on_from_an_adopted_version),
        TEST(knows_an_adopted_version_beyond_the_bundles_start),
        TEST(refuses_a_bundle_without_the_adopted_version),
        TEST(offers_the_modes_that_were_rehearsed),
    };
    return cmocka_run_group_tests(tests, /* setup= */ NULL, /* teardown= */ NULL);
}
