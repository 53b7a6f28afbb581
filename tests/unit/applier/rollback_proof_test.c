#include "tests/support/unit_test.h"

#include "applier/runs/rollback_proof.h"
#include "tests/unit/applier/proven_manifest.h"

#define A "core|table|public.t|a\n"
#define B "core|table|public.t|b\n"
#define C "core|table|public.t|c\n"
#define D "core|table|public.t|d\n"

/* From the `from`-th version back to nothing, and which versions are unproven: "1.1 1.0 -". */
static void expect(const Proven *proven, size_t from, const char *arrival, int64_t server_major,
                   const char *unproven)
{
    RunTaskArray tasks = {0};
    ProofSourceArray sources = {0};
    NameArray names = {0};
    CLEANUP(text_done) Text got = {0};
    CLEANUP(error_done) Error err = {0};
    proof_sources_add(&sources, &proven->manifest, &proven->objects);
    for (size_t i = from; i > 0; i--)
        *array_add(&tasks) = (RunTask){.manifest = &proven->manifest,
                                       .objects = &proven->objects,
                                       .version = &proven->manifest.versions.items[i - 1],
                                       .direction = DIRECTION_DOWN};
    rollback_proof_find(&tasks, &sources, arrival, server_major, &names);
    array_each (const char *const, name, &names)
        text_addf(&got, "%s%s", got.length ? " " : "", *name);
    assert_string_equal(text_string(&got), unproven);
    assert_int_equal(rollback_proof_check(&names, false, &err), !names.count);
    assert_true(rollback_proof_check(&names, true, &err));
    array_free(&names);
    array_free(&sources);
    array_free(&tasks);
}

/* Three versions over nothing; what each is by the upgrade. */
static void begin(Proven *proven)
{
    proven_begin(proven, 3);
    proven_add(proven, 0, ARRIVAL_UP, 15, "");
    proven_add(proven, 1, ARRIVAL_UP, 15, A);
    proven_add(proven, 2, ARRIVAL_UP, 15, B);
    proven_add(proven, 3, ARRIVAL_UP, 15, C);
}

static void exact_downs_are_proven_from_everywhere(void **state UNUSED)
{
    CLEANUP(proven_done) Proven proven;
    begin(&proven);
    proven_add(&proven, 0, ARRIVAL_DOWN, 15, "");
    proven_add(&proven, 1, ARRIVAL_DOWN, 15, A);
    proven_add(&proven, 2, ARRIVAL_DOWN, 15, B);
    expect(&proven, 3, "up", 15, "");
    expect(&proven, 2, "up", 15, "");
    expect(&proven, 2, "down", 15, "");
}

static void from_behind_an_inexact_down_nothing_is_known(void **state UNUSED)
{
    CLEANUP(proven_done) Proven proven;
    begin(&proven);
    proven_add(&proven, 0, ARRIVAL_DOWN, 15, "");
    proven_add(&proven, 1, ARRIVAL_DOWN, 15, A);
    proven_add(&proven, 2, ARRIVAL_DOWN, 15, D);
    expect(&proven, 3, "up", 15, "1.0 -");
    expect(&proven, 2, "up", 15, "");
    expect(&proven, 2, "down", 15, "1.0 -");
    /* on another major what is compared is the same here */
    expect(&proven, 3, "up", 16, "1.0 -");
    /* nobody knows what holds: nothing is said */
    expect(&proven, 3, NULL, 15, "");
    expect(&proven, 3, "again", 15, "");
}

static void the_chain_is_proven_in_one_go_and_from_where_it_is_met(void **state UNUSED)
{
    CLEANUP(proven_done) Proven proven;
    begin(&proven);
    proven_add(&proven, 0, ARRIVAL_DOWN, 15, "");
    proven_add(&proven, 0, ARRIVAL_CHAIN, 15, "");
    proven_add(&proven, 1, ARRIVAL_DOWN, 15, A);
    proven_add(&proven, 1, ARRIVAL_CHAIN, 15, D "core|view|public.v|\n");
    proven_add(&proven, 2, ARRIVAL_DOWN, 15, D);
    proven_add(&proven, 2, ARRIVAL_CHAIN, 15, D);
    expect(&proven, 3, "up", 15, "");
    expect(&proven, 2, "chain", 15, "");
    expect(&proven, 2, "down", 15, "");
    expect(&proven, 2, "up", 15, "");
}

static void a_way_that_no_rehearsal_took_is_not_called_unproven(void **state UNUSED)
{
    CLEANUP(proven_done) Proven proven;
    begin(&proven);
    proven_add(&proven, 2, ARRIVAL_DOWN, 15, B);
    expect(&proven, 3, "up", 15, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_downs_are_proven_from_everywhere),
        cmocka_unit_test(from_behind_an_inexact_down_nothing_is_known),
        cmocka_unit_test(the_chain_is_proven_in_one_go_and_from_where_it_is_met),
        cmocka_unit_test(a_way_that_no_rehearsal_took_is_not_called_unproven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
