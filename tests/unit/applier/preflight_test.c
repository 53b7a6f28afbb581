#include "tests/support/unit_test.h"

#include "applier/preflight/preflight_checks.h"
#include "base/memory.h"

static void findings_keep_their_check_their_words_and_their_sql(void **state UNUSED)
{
    Findings findings = {.check = "one"};
    findings_add(&findings, LEVEL_BLOCKS, "public.t", "%d things", 2);
    findings_advise(&findings, "first");
    findings_advise(&findings, "do %s", "this");
    findings_sql(&findings, "SELECT %d;", 1);
    findings_sql(&findings, "SELECT 2;");
    findings.check = "two";
    findings_add(&findings, LEVEL_INFORMS, NULL, "nothing");
    const Finding *first = &findings.items.items[0], *second = &findings.items.items[1];
    assert_string_equal(first->check, "one");
    assert_string_equal(first->object, "public.t");
    assert_string_equal(first->what, "2 things");
    assert_string_equal(first->advice, "do this");
    assert_string_equal(first->sql, "SELECT 1;\nSELECT 2;");
    assert_string_equal(second->check, "two");
    assert_string_equal(second->object, "");
    assert_string_equal(second->advice, "");
    assert_string_equal(second->sql, "");
    assert_int_equal(findings_count(&findings, LEVEL_BLOCKS), 1);
    assert_int_equal(findings_count(&findings, LEVEL_WARNS), 0);
    assert_string_equal(finding_level_name(LEVEL_WARNS), "warns");
    findings_done(&findings);
}

static void room_must_hold_the_files_and_should_hold_the_log(void **state UNUSED)
{
    assert_int_equal(preflight_space_level(-1, 100, 0), LEVEL_INFORMS);
    assert_int_equal(preflight_space_level(99, 100, 0), LEVEL_BLOCKS);
    assert_int_equal(preflight_space_level(100, 100, 0), LEVEL_WARNS);
    assert_int_equal(preflight_space_level(199, 100, 0), LEVEL_WARNS);
    assert_int_equal(preflight_space_level(200, 100, 0), LEVEL_INFORMS);
    assert_int_equal(preflight_space_level(0, 0, 0), LEVEL_INFORMS);
    /* what is known only as a limit blocks nothing */
    assert_int_equal(preflight_space_level(1, 100, 100), LEVEL_WARNS);
    assert_int_equal(preflight_space_level(39, 100, 60), LEVEL_BLOCKS);
    assert_int_equal(preflight_space_level(40, 100, 60), LEVEL_WARNS);
}

static void counts_the_standbys_that_a_commit_waits_for(void **state UNUSED)
{
    static const struct {
        const char *names;
        int64_t count;
    } settings[] = {{"", 0},
                    {"  ", 0},
                    {"far", 1},
                    {"far, near", 1},
                    {"*", 1},
                    {"ANY 2 (a, b, c)", 2},
                    {" any  3(a,b,c)", 3},
                    {"FIRST 2 (a, b)", 2},
                    {"2 (a, b)", 2},
                    {"1, 2", 1},
                    {"anyone", 1},
                    {"firstly", 1},
                    {"\"any\"", 1}};
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        assert_int_equal(preflight_synchronous_count(settings[i].names), settings[i].count);
}

static void a_part_belongs_to_what_stands_before_its_last_dot(void **state UNUSED)
{
    static const char *const parents[][2] = {
        {"public.t.c", "public.t"},
        {"public.t", "public"},
        {"public.\"a.b\".c", "public.\"a.b\""},
        {"public.\"a\"\".b\"", "public"},
        {"app.f(pg_catalog.int4, x.y)", "app"},
    };
    for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
        char *parent = touched_parent(parents[i][0]);
        assert_string_equal(parent, parents[i][1]);
        free(parent);
    }
    assert_null(touched_parent("public"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_keep_their_check_their_words_and_their_sql),
        cmocka_unit_test(room_must_hold_the_files_and_should_hold_the_log),
        cmocka_unit_test(counts_the_standbys_that_a_commit_waits_for),
        cmocka_unit_test(a_part_belongs_to_what_stands_before_its_last_dot),
    };
    return cmocka_run_group_tests(tests, /* setup= */ NULL, /* teardown= */ NULL);
}
