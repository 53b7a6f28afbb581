#include "tests/support/unit_test.h"

#include "base/text.h"
#include "migrations/finding_index.h"

static void finds_what_names_the_file(void **state UNUSED)
{
    CLEANUP(findings_done) FindingArray findings = {0};
    CLEANUP(finding_index_done) FindingIndex index = {0};
    finding_add(&findings, FINDING_WARNING, NULL, "'m/b.sql' is not read");
    finding_add(&findings, FINDING_WARNING, NULL, "it's said of 'm/b.sql' once more");
    finding_add(&findings, FINDING_ERROR, NULL, "two are called 'a': 'm/a.sql' and 'm/b.sql'");
    finding_add(&findings, FINDING_ERROR, NULL, "m/c.sql:3: 'm/d.sql' is not there: look");
    finding_add(&findings, FINDING_ERROR, NULL, "'m/b.sql' is refused");
    finding_add(&findings, FINDING_WARNING, NULL, "what is said of 'm/it's:e.sql'");
    finding_index_init(&index, &findings);
    static const struct {
        const char *path;
        int finding; /* -1: none */
    } cases[] = {
        {"m/a.sql", 2},     {"m/b.sql", 2}, {"m/c.sql", 3},   {"m/d.sql", 3}, {"m/it's:e.sql", 5},
        {"m/it's.sql", -1}, {"m/a", -1},    {"m/a.sqlx", -1}, {"a.sql", -1},  {"", -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const Finding *about = finding_index_about(&index, cases[i].path);
        int found = about ? (int)(about - findings.items) : -1;
        if (found != cases[i].finding)
            fail_msg("'%s': %d, not %d", cases[i].path, found, cases[i].finding);
    }
}

static void nothing_is_about_a_file_where_nothing_is_said(void **state UNUSED)
{
    CLEANUP(findings_done) FindingArray findings = {0};
    CLEANUP(finding_index_done) FindingIndex index = {0};
    finding_index_init(&index, &findings);
    assert_null(finding_index_about(&index, "m/a.sql"));
    assert_null(finding_index_about(&index, "m/it's.sql"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_names_the_file),
        cmocka_unit_test(nothing_is_about_a_file_where_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
