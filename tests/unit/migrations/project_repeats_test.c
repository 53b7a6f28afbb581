#include "tests/support/unit_test.h"

#include "base/text.h"
#include "migrations/project.h"
#include "migrations/project_repeats.h"
#include "tests/unit/migrations/project_folder.h"

#define HEX                                                                                        \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RELEASE(version)             "release " version " 2026-01-01T00:00:00Z\n"
#define MIGRATION(version, identity) "migration " version " " HEX " " identity "\n"

typedef struct File {
    const char *name; /* in the project */
    const char *bytes;
} File;

#define FILES(...) ((const File[]){__VA_ARGS__, {NULL, NULL}})

static ProjectFolder project_with(const char *layout, const File *files)
{
    ProjectFolder folder = folder_new(layout, NULL, 0);
    for (const File *file = files; file->name; file++)
        folder_write(&folder, file->name, file->bytes);
    return folder;
}

/* "identity version|- state: up / down" a line. */
static void expect(const char *layout, const File *files, const char *listing)
{
    ProjectFolder folder = project_with(layout, files);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    CLEANUP(text_done) Text found = {0};
    if (!project_read(folder.path, &project, &err))
        fail_msg("%s", err.message);
    array_each (const ProjectMigration, at, &project.migrations)
        text_addf(&found, "%s %s%s%s%s: %s / %s\n", at->identity,
                  at->version < 0 ? "-" : project.versions.items[at->version].name,
                  at->released ? " released" : "", at->no_transaction[PROJECT_UP] ? " alone" : "",
                  at->no_transaction[PROJECT_DOWN] ? " down-alone" : "", at->scripts[PROJECT_UP],
                  at->scripts[PROJECT_DOWN] ? at->scripts[PROJECT_DOWN] : "none");
    assert_string_equal(text_string(&found), listing);
    folder_done(&folder);
}

static void expect_says(const char *layout, const File *files, FindingSeverity severity,
                        const char *says)
{
    ProjectFolder folder = project_with(layout, files);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    bool said = false;
    if (!project_survey(folder.path, &project, &err))
        fail_msg("%s", err.message);
    array_each (const Finding, finding, &project.findings)
        said = said || (finding->severity == severity && strstr(finding->message, says));
    if (!said)
        fail_msg("nothing says '%s' (%s)", says,
                 project.findings.count ? project.findings.items[0].message : "no finding");
    folder_done(&folder);
}

static void flyway_runs_them_last_by_description(void **state UNUSED)
{
    expect("flyway",
           FILES({"migrations/V2__t.sql", "SELECT 2;"}, {"migrations/R__a_c.sql", "SELECT 3;"},
                 {"migrations/x/R__a!.sql", "SELECT 4;"}, {"migrations/R__B.sql", "SELECT 5;"},
                 {"migrations/R__B.sql.conf", "executeInTransaction=false\n"}),
           "V2__t -: migrations/V2__t.sql / none\n"
           "R__B@pending - alone: migrations/R__B.sql / none\n"
           "R__a_c@pending -: migrations/R__a_c.sql / none\n"
           "R__a!@pending -: migrations/x/R__a!.sql / none\n");
}

/* Frozen in 1.0.0 and 2.0.0, and changed since; another one is as it was frozen, but for its line
 * ends; a third is gone. */
static void a_change_is_a_migration_whose_down_is_the_text_before(void **state UNUSED)
{
    expect("flyway",
           FILES({"sealift.sum",
                  "sealift-sum 1\n" RELEASE("1.0.0") MIGRATION("1.0.0", "V1__t")
                      MIGRATION("1.0.0", "R__a@1.0.0") MIGRATION("1.0.0", "R__b@1.0.0")
                          MIGRATION("1.0.0", "R__c@1.0.0") RELEASE("2.0.0")
                              MIGRATION("2.0.0", "V2__t") MIGRATION("2.0.0", "R__a@2.0.0")},
                 {"migrations/V1__t.sql", "SELECT 1;"}, {"migrations/V2__t.sql", "SELECT 1;"},
                 {"migrations/V3__t.sql", "SELECT 1;"}, {"migrations/R__a.sql", "SELECT 'new';"},
                 {"migrations/R__b.sql", "\xef\xbb\xbfSELECT\r 1;\r\nSELECT 2;\r\n"},
                 {"sealift.frozen/1.0.0/R__a.sql", "SELECT 'old';"},
                 {"sealift.frozen/1.0.0/R__a.sql.conf", "executeInTransaction=false\n"},
                 {"sealift.frozen/1.0.0/R__b.sql", "SELECT\r 1;\nSELECT 2;\n"},
                 {"sealift.frozen/1.0.0/R__c.sql", "SELECT 1;"},
                 {"sealift.frozen/2.0.0/R__a.sql", "SELECT 'older';"}),
           "V1__t 1.0.0 released: migrations/V1__t.sql / none\n"
           "R__a@1.0.0 1.0.0 released alone: sealift.frozen/1.0.0/R__a.sql / none\n"
           "R__b@1.0.0 1.0.0 released: sealift.frozen/1.0.0/R__b.sql / none\n"
           "R__c@1.0.0 1.0.0 released: sealift.frozen/1.0.0/R__c.sql / none\n"
           "V2__t 2.0.0 released: migrations/V2__t.sql / none\n"
           "R__a@2.0.0 2.0.0 released down-alone: sealift.frozen/2.0.0/R__a.sql / "
           "sealift.frozen/1.0.0/R__a.sql\n"
           "V3__t -: migrations/V3__t.sql / none\n"
           "R__a@pending -: migrations/R__a.sql / sealift.frozen/2.0.0/R__a.sql\n");
}

static void a_change_of_settings_is_a_change(void **state UNUSED)
{
    expect(
        "flyway",
        FILES({"sealift.sum", "sealift-sum 1\n" RELEASE("1.0.0") MIGRATION("1.0.0", "R__a@1.0.0")},
              {"migrations/R__a.sql", "SELECT 1;"},
              {"migrations/R__a.sql.conf", "executeInTransaction=false\n"},
              {"sealift.frozen/1.0.0/R__a.sql", "SELECT 1;"}),
        "R__a@1.0.0 1.0.0 released: sealift.frozen/1.0.0/R__a.sql / none\n"
        "R__a@pending - alone: migrations/R__a.sql / sealift.frozen/1.0.0/R__a.sql\n");
}

/* Only a CR that ends a line with its LF is no part of the text. */
static void a_carriage_return_alone_is_text(void **state UNUSED)
{
    static const char *const texts[][2] = {{"SELECT\r 1;", "SELECT 1;"},
                                           {"SELECT 1;\r", "SELECT 1;"},
                                           {"\r\r\n", "\r\n"},
                                           {"SELECT '\n\r\n';", "SELECT '\n\n';"}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        expect(
            "sealift",
            FILES({"sealift.sum", "sealift-sum 1\n" RELEASE("1.0.0") MIGRATION("1.0.0", "a@1.0.0")},
                  {"migrations/repeat/a.sql", texts[i][0]},
                  {"sealift.frozen/1.0.0/a.sql", texts[i][1]}),
            "a@1.0.0 1.0.0 released: sealift.frozen/1.0.0/a.sql / none\n"
            "a@pending -: migrations/repeat/a.sql / sealift.frozen/1.0.0/a.sql\n");
}

/* A version that is not on the line any more does not count. */
static void superseded_texts_are_passed(void **state UNUSED)
{
    expect("sealift",
           FILES({"sealift.sum", "sealift-sum 1\n" RELEASE("1.0.0") MIGRATION("1.0.0", "a@1.0.0")
                                     RELEASE("1.1.0") MIGRATION("1.1.0", "a@1.1.0")
                                         RELEASE("1.1.1") "supersedes 1.1.1 1.1.0 same-schema " HEX
                                                          "\n" MIGRATION("1.1.1", "a@1.1.1")},
                 {"migrations/repeat/a.sql", "SELECT 3;"},
                 {"sealift.frozen/1.0.0/a.sql", "SELECT 1;"},
                 {"sealift.frozen/1.1.0/a.sql", "SELECT 2;"},
                 {"sealift.frozen/1.1.1/a.sql", "SELECT 3;"}),
           "a@1.0.0 1.0.0 released: sealift.frozen/1.0.0/a.sql / none\n"
           "a@1.1.1 1.1.1 released: sealift.frozen/1.1.1/a.sql / sealift.frozen/1.0.0/a.sql\n");
}

static void ours_come_into_the_last_version_that_is_not_released(void **state UNUSED)
{
    expect("sealift",
           FILES({"migrations/1.0.0/0001_a.up.sql", "SELECT 1;"},
                 {"migrations/2.0.0/0002_b.up.sql", "SELECT 1;"},
                 {"migrations/repeat/z.sql", "SELECT 1;"},
                 {"migrations/repeat/a b.sql", "SELECT 1;"},
                 {"migrations/repeat/z.down.sql", "SELECT -1;"}),
           "0001_a 1.0.0: migrations/1.0.0/0001_a.up.sql / none\n"
           "0002_b 2.0.0: migrations/2.0.0/0002_b.up.sql / none\n"
           "a b@2.0.0 2.0.0: migrations/repeat/a b.sql / none\n"
           "z@2.0.0 2.0.0: migrations/repeat/z.sql / migrations/repeat/z.down.sql\n");
    /* no folder of a version is left for it */
    expect("sealift",
           FILES({"sealift.sum", "sealift-sum 1\n" RELEASE("1.0.0") MIGRATION("1.0.0", "0001_a")},
                 {"migrations/1.0.0/0001_a.up.sql", "SELECT 1;"},
                 {"migrations/repeat/z.sql", "SELECT 1;"}),
           "0001_a 1.0.0 released: migrations/1.0.0/0001_a.up.sql / none\n"
           "z@pending -: migrations/repeat/z.sql / none\n");
}

static void is_refused_by_name(void **state UNUSED)
{
    char stem[PROJECT_REPEAT_NAME_MAX + 2] = "";
    memset(stem, 'n', sizeof(stem) - 1);
    CLEANUP(memory_freep) char *longest = memory_format("migrations/repeat/%s.sql", stem);
    const struct {
        const char *layout;
        const char *name;
        const char *says;
    } cases[] = {
        {"sealift", "migrations/repeat/a.up.sql", "'migrations/repeat/a.up.sql' looks like"},
        {"sealift", "migrations/repeat/a.verify.sql", "a.verify.sql' looks like a script"},
        {"sealift", "migrations/repeat/a.down.sql",
         "'migrations/repeat/a.down.sql' has no 'a.sql'"},
        {"sealift", "migrations/repeat/a.py", "'migrations/repeat/a.py' is a migration written in"},
        {"sealift", longest, "has at most 190 bytes"},
        {"flyway", "migrations/x/R__t.sql", "'migrations/x/R__t.sql' stands twice"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says(cases[i].layout,
                    FILES({"migrations/R__t.sql", "SELECT 1;"},
                          {"migrations/0001_a.up.sql", "SELECT 1;"}, {cases[i].name, "SELECT 1;"}),
                    FINDING_ERROR, cases[i].says);
    expect("sealift", FILES({"migrations/repeat", "no folder"}), "");
    expect_says("sealift",
                FILES({"migrations/repeat/0001_a.sql", "SELECT 1;"},
                      {"migrations/0001_a@pending.up.sql", "SELECT 1;"}),
                FINDING_ERROR, "two migrations are called '0001_a@pending'");
}

static void a_frozen_text_that_is_missing_or_a_stranger_is_said(void **state UNUSED)
{
    const char *sum = "sealift-sum 1\n" RELEASE("1.0.0") MIGRATION("1.0.0", "a@1.0.0");
    expect_says("sealift", FILES({"sealift.sum", sum}, {"migrations/repeat/a.sql", "SELECT 1;"}),
                FINDING_ERROR, "'sealift.frozen/1.0.0/a.sql' is missing");
    expect_says("sealift",
                FILES({"sealift.sum", sum}, {"sealift.frozen/1.0.0/a.sql", "SELECT 1;"},
                      {"sealift.frozen/1.1.0/a.sql", "SELECT 1;"}),
                FINDING_WARNING, "'sealift.frozen/1.1.0' is not read");
}

static void names_and_paths(void **state UNUSED)
{
    CLEANUP(memory_freep) char *path = project_repeat_path("R__a", "1.0.0");
    CLEANUP(memory_freep) char *name = project_repeat_name("a@b@1.0.0", "1.0.0");
    assert_string_equal(path, "sealift.frozen/1.0.0/R__a.sql");
    assert_string_equal(name, "a@b");
    assert_null(project_repeat_name("@1.0.0", "1.0.0"));
    assert_null(project_repeat_name("a@1.0.0", "1.0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flyway_runs_them_last_by_description),
        cmocka_unit_test(a_change_is_a_migration_whose_down_is_the_text_before),
        cmocka_unit_test(a_change_of_settings_is_a_change),
        cmocka_unit_test(a_carriage_return_alone_is_text),
        cmocka_unit_test(superseded_texts_are_passed),
        cmocka_unit_test(ours_come_into_the_last_version_that_is_not_released),
        cmocka_unit_test(is_refused_by_name),
        cmocka_unit_test(a_frozen_text_that_is_missing_or_a_stranger_is_said),
        cmocka_unit_test(names_and_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
