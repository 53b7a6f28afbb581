#include "tests/support/unit_test.h"

#include "tests/unit/migrations/layout_cases.h"

/* --- temporal -------------------------------------------------------------------------------- */

#define MANIFEST(version, least, files)                                                            \
    "{\"CurrVersion\": \"" version "\", \"MinCompatibleVersion\": \"" least                        \
    "\", \"SchemaUpdateCqlFiles\": [" files "]}"

static void temporal_reads_what_the_manifests_list(void **state UNUSED)
{
    expect(LAYOUT_TEMPORAL,
           FILES({"v1.10/manifest.json", MANIFEST("1.10", "1.9", "\"b.sql\", \"a.sql\"")},
                 {"v1.10/a.sql", "SELECT 'a';"}, {"v1.10/b.sql", "SELECT 'b';"},
                 {"v1.10/b.down.sql", "SELECT -1;"}, {"v1.10/c.sql", "SELECT 'not listed';"},
                 {"v1.9/manifest.json", MANIFEST("v1.9", "0.1", "\"a.sql\"")},
                 {"v1.9/a.sql", "SELECT 9;"}, {"notes/x.sql", "x"}),
           "v1.9:a: SELECT 9@1 / none\n"
           "v1.10:b: SELECT 'b'@1 / SELECT -1@1\n"
           "v1.10:a: SELECT 'a'@1 / none\n");
}

static void temporal_is_refused_by_name(void **state UNUSED)
{
    static const struct {
        const char *manifest;
        const char *says;
    } cases[] = {
        {"[]", "'migrations/v1.0/manifest.json' is no JSON object"},
        {"{", "is no JSON object"},
        {"{\"CurrVersion\": \"\xff\"}", "is not UTF-8 text"},
        {"{}", "has no version in CurrVersion"},
        {MANIFEST("1.0", "", "\"a.sql\""), "has no version in MinCompatibleVersion"},
        {"{\"CurrVersion\": 1.0}", "has no version in CurrVersion"},
        {MANIFEST("1.1", "1.0", "\"a.sql\""), "is of version 1.1 and stands in the folder 'v1.0'"},
        {MANIFEST("1.0", "1.0", ""), "lists no file in SchemaUpdateCqlFiles"},
        {MANIFEST("1.0", "1.0", "7"), "lists in SchemaUpdateCqlFiles what is no text"},
        {MANIFEST("1.0", "1.0", "\"../a.sql\""), "lists '../a.sql', which is no file of its"},
        {MANIFEST("1.0", "1.0", "\".a.sql\""), "which is no file of its folder"},
        {MANIFEST("1.0", "1.0", "\"a.sql\", \"a.sql\""), "lists 'a.sql' twice"},
        {MANIFEST("1.0", "1.0", "\"x.sql\""), "lists 'x.sql', which is not there"},
        {MANIFEST("1.0", "1.0", "\"manifest.json\""), "which is no .sql file"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("temporal",
                    FILES({"v1.0/manifest.json", cases[i].manifest}, {"v1.0/a.sql", "SELECT 1;"}),
                    FINDING_ERROR, cases[i].says);
    expect_says("temporal", FILES({"v1.0/a.sql", "SELECT 1;"}), FINDING_ERROR,
                "'migrations/v1.0/manifest.json' is missing");
    expect_says("temporal", FILES({"v1.0/manifest.json", "{}"}, {"v1.0/a.sql", "SELECT 1;"}),
                FINDING_WARNING,
                "'migrations/v1.0/a.sql' is not read: its manifest.json is refused");
    expect_says("temporal", FILES({"x.sql", "SELECT 1;"}), FINDING_WARNING,
                "'migrations/x.sql' is not read: a version is a folder vX.Y");
}

/* What the layout says of pending versions: "1.1 from 1.0|…". */
static void expect_starts(const File *files, const char *expected)
{
    ProjectFolder folder = project_with("auto", files);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    CLEANUP(text_done) Text found = {0};
    if (!project_read(folder.path, &project, &err))
        fail_msg("%s", err.message);
    array_each (const ProjectVersion, version, &project.versions)
        text_addf(&found, "%s:%s ", version->name,
                  version->min_compatible ? version->min_compatible : "-");
    assert_string_equal(text_string(&found), expected);
    folder_done(&folder);
}

#define VERSION(name, least)                                                                       \
    {"versioned/v" name "/manifest.json", MANIFEST(name, least, "\"a.sql\"")},                     \
    {                                                                                              \
        "versioned/v" name "/a.sql", "SELECT 1;"                                                   \
    }

static void temporal_says_where_a_run_begins(void **state UNUSED)
{
    /* not on the line: the next that is; newer than all before: the one before */
    expect_starts(FILES(VERSION("1.0", "0.1"), VERSION("1.1", "1.0"), VERSION("1.2", "1.2"),
                        VERSION("1.4", "1.1.5"), VERSION("1.10", "1.3")),
                  "1.0:- 1.1:- 1.2:1.1 1.4:1.2 1.10:1.4 ");
    expect_starts(FILES({"v1.0/manifest.json", "{\"CurrVersion\": \"1.0\", "
                                               "\"MinCompatibleVersion\": \"1.0\", "
                                               "\"AllowNoCqlFiles\": true}"}),
                  "1.0:- ");
}

/* --- popx ------------------------------------------------------------------------------------ */

static void popx_chooses_by_dialect(void **state UNUSED)
{
    expect(LAYOUT_POPX,
           FILES({"2_b.postgres.up.sql", "SELECT 'ours';"}, {"2_b.up.sql", "SELECT 'any';"},
                 {"2_other_name.down.sql", "SELECT -2;"}, {"2_b.mysql.down.sql", "x"},
                 {"10000000000000000000000_c.autocommit.up.sql", "SELECT 10"},
                 {"10000000000000000000000_c.pg.autocommit.down.sql", "SELECT -10"},
                 {"below/3_d.sqlite3.up.sql", "x"}, {"below/3_d.up.sql", "SELECT 3;"},
                 {"4_mysql_only.mysql.up.sql", "x"}, {"4_mysql_only.down.sql", "SELECT -4;"},
                 {"5_e.newsql.up.sql", "x"}),
           "10000000000000000000000_c up-alone down-alone: SELECT 10@1 / SELECT -10@1\n"
           "2_b: SELECT 'ours'@1 / SELECT -2@1\n"
           "3_d: SELECT 3@1 / none\n");
}

static void popx_is_refused_by_name(void **state UNUSED)
{
    static const SaysCase cases[] = {
        {"2_b.postgres.up.sql", "SELECT 1;\n\nSELECT {{ .x }};", FINDING_ERROR,
         "migrations/2_b.postgres.up.sql:3: a template of Go"},
        {"1_a.down.sql", "-- {{", FINDING_ERROR, "1_a.down.sql:1: a template of Go"},
        {"1_z.postgresql.up.sql", "x", FINDING_ERROR,
         "the version of 'migrations/1_z.postgresql.up.sql' stands twice"},
        {"x.sql", "x", FINDING_ERROR, "'migrations/x.sql' is not named as popx names"},
        {"2_b.mysql.postgres.up.sql", "x", FINDING_ERROR, "is not named as popx names"},
        {"2_b.autocommit.mysql.up.sql", "x", FINDING_ERROR, "is not named as popx names"},
        {"2_b..up.sql", "x", FINDING_ERROR, "is not named as popx names"},
        {"2_.up.sql", "x", FINDING_ERROR, "is not named as popx names"},
        {"2_b.go", "x", FINDING_ERROR, "in a programming language"},
        {"2_b.up.fizz", "x", FINDING_ERROR, "in a programming language"},
        {"2_b.cockroach.up.sql", "x", FINDING_WARNING, "for another database than PostgreSQL"},
        {"2_b.postgre.up.sql", "x", FINDING_WARNING, "popx does not know the dialect"},
        {"2_b.down.sql", "x", FINDING_WARNING,
         "'migrations/2_b.down.sql' is not read: there is no up script"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("popx",
                    FILES({"1_a.postgres.up.sql", "SELECT 1;"}, {cases[i].name, cases[i].bytes}),
                    cases[i].severity, cases[i].says);
}

static void popx_without_placeholders_has_no_templates(void **state UNUSED)
{
    CLEANUP(folder_done)
    ProjectFolder folder = project_with("popx", FILES({"1_a.postgres.up.sql", "SELECT '{{ x';"}));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    folder_write(&folder, "sealift.conf",
                 FOLDER_CONFIG "[migrations]\nlayout = popx\nplaceholders = none\n");
    if (!project_read(folder.path, &project, &err))
        fail_msg("%s", err.message);
    CLEANUP(memory_freep) char *listing = listing_of(&project);
    assert_string_equal(listing, "1_a: SELECT '{{ x'@1 / none\n");
}

/* --- numbered-folders ------------------------------------------------------------------------ */

static void numbered_folders_are_read_by_number(void **state UNUSED)
{
    expect(LAYOUT_NUMBERED_FOLDERS,
           FILES({"99/01_a.sql", "SELECT 99;"}, {"9/02_b.up.sql", "SELECT 92;"},
                 {"9/02_b.down.sql", "SELECT -92;"}, {"9/1-a.sql", "SELECT 91;"},
                 {"010_x.sql", "SELECT 10;"}, {"11.sql", "SELECT 11;"},
                 {"9/02_b.verify.sql", "SELECT 'true';"}, {"9/03event.sql", "SELECT 93;"}),
           "9:1-a: SELECT 91@1 / none\n"
           "9:02_b: SELECT 92@1 / SELECT -92@1\n"
           "9:03event: SELECT 93@1 / none\n"
           "010_x: SELECT 10@1 / none\n"
           "11: SELECT 11@1 / none\n"
           "99:01_a: SELECT 99@1 / none\n");
}

static void numbered_folders_are_refused_by_name(void **state UNUSED)
{
    static const struct {
        const char *name;
        FindingSeverity severity;
        const char *says;
    } cases[] = {
        {"9/x.sql", FINDING_ERROR, "'migrations/9/x.sql' does not begin with a number"},
        {"x.sql", FINDING_ERROR, "'migrations/x.sql' does not begin with a number"},
        {"9/2 x.sql", FINDING_ERROR, "'migrations/9/2 x.sql' does not begin with a number"},
        {"9/1event.sql", FINDING_ERROR, "the number of 'migrations/9/1event.sql' stands twice"},
        {"9/1_b.sql", FINDING_ERROR, "the number of 'migrations/9/1_b.sql' stands twice"},
        {"009/01_b.sql", FINDING_ERROR, "stands twice"},
        {"9/1_a.up.sql", FINDING_ERROR, "'migrations/9/1_a.up.sql' stands beside"},
        {"9/3_c.down.sql", FINDING_ERROR, "'migrations/9/3_c.down.sql' has no up script"},
        {"9/3_c.verify.sql", FINDING_ERROR, "'migrations/9/3_c.verify.sql' has no up script"},
        {"9/3_c.py", FINDING_ERROR, "'migrations/9/3_c.py' is a migration written in"},
        {"9/3_c.sql.postgres", FINDING_ERROR, "3_c.sql.postgres' is a script for PostgreSQL, but"},
        {"9/c.sql.postgresql", FINDING_ERROR, "/c.sql.postgresql' is a script for PostgreSQL"},
        {"9/3_c.sql.sqlite", FINDING_WARNING, "3_c.sql.sqlite' is not read: it is for another"},
        {"9/more/1_c.sql", FINDING_WARNING, "the folder 'migrations/9/more' holds SQL"},
        {"more/1_c.sql", FINDING_WARNING, "the folder 'migrations/more' holds SQL"},
        {"99999999999999999999999/1_c.sql", FINDING_WARNING, "holds SQL"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("numbered-folders",
                    FILES({"9/1_a.sql", "SELECT 1;"}, {cases[i].name, "SELECT 1;"}),
                    cases[i].severity, cases[i].says);
}

/* --- refinery -------------------------------------------------------------------------------- */

static void refinery_runs_u_among_v(void **state UNUSED)
{
    const File *files =
        FILES({"V10__c.sql", "SELECT 10"}, {"U2__b.sql", "--- refinery:noTransaction\nSELECT 2;"},
              {"x/V9__d_1.sql", "-- not refinery:noTransaction\nSELECT 9;"},
              {"x/V9__d_1.down.sql", "SELECT -9;"}, {"V1__a.sql", "SELECT 1;"},
              {"V1__a.verify.sql", "SELECT true;"}, {"mod.rs", "x"}, {"V4__e.rs", "x"},
              {"V4__e.rs.sealift.sql",
               "-- sealift: replaces V4__e.rs blake2b "
               "0909377ad35110cafb2909e185672b7f2728d1f5094f8ad68d6fac6274bf1f49"
               "9485a80ea364c04ed006d29459ea3cb7c600280e2f83e032529906f88ae30d0a\n"
               "SELECT 4;"});
    ProjectFolder folder = project_with("auto", files);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_survey(folder.path, &project, &err));
    assert_string_equal(layout_name(project.layout), "refinery");
    CLEANUP(memory_freep) char *listing = listing_of(&project);
    assert_string_equal(listing, "V1__a: SELECT 1@1 / none\n"
                                 "U2__b up-alone: SELECT 2@2 / none\n"
                                 "V4__e: SELECT 4@2 / none\n"
                                 "V9__d_1: SELECT 9@2 / SELECT -9@1\n"
                                 "V10__c: SELECT 10@1 / none\n");
    folder_done(&folder);
}

static void refinery_is_told_from_flyway(void **state UNUSED)
{
    static const struct {
        const char *name, *bytes, *layout;
    } cases[] = {
        {"V2__b.rs", "x", "refinery"},
        {"V2__b.sql", "SELECT 2;\n-- refinery:noTransaction\n", "refinery"},
        {"../Cargo.toml", "[dependencies]\nrefinery = \"0.8\"\n", "refinery"},
        {"../Cargo.toml", "[dev-dependencies.refinery]\nversion = \"0.8\"\n", "refinery"},
        {"../Cargo.toml", "# no refinery\n[dependencies]\nrefinery-like = \"1\"\n", "flyway"},
        {"Cargo.toml", "[dependencies]\nrefinery.workspace = true\n", "refinery"},
        {"V2__b.java", "x", "flyway"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder = project_with(
            "auto", FILES({"V1__a.sql", "SELECT 1;"}, {cases[i].name, cases[i].bytes}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        assert_true(project_survey(folder.path, &project, &err));
        assert_string_equal(layout_name(project.layout), cases[i].layout);
        folder_done(&folder);
    }
    expect_says("flyway", FILES({"V1__a.sql", "SELECT 1;"}, {"U2__b.sql", "SELECT 2;"}),
                FINDING_WARNING, "where the tool is refinery");
}

/* The folder of the migrations is deep in a crate of a workspace, or is the project itself. */
static void refinery_is_told_by_its_crate(void **state UNUSED)
{
    static const char depends[] = "[dependencies]\nrefinery = { workspace = true }\n";
    ProjectFolder folder = folder_new("auto\nfolder = lib/db/src/migrations", NULL, 0);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project deep = {0};
    CLEANUP(project_done) Project bare = {0};
    CLEANUP(memory_freep) char *inside = file_path(folder.path, "lib/db/src/migrations");
    folder_write(&folder, "lib/db/src/migrations/V1__a.sql", "SELECT 1;");
    folder_write(&folder, "lib/db/Cargo.toml", depends);
    assert_true(project_survey(folder.path, &deep, &err));
    assert_string_equal(layout_name(deep.layout), "refinery");
    assert_string_equal(deep.layout_reason, "'lib/db/Cargo.toml' is refinery's, or names it");
    assert_true(project_survey_folder(inside, "auto", &bare, &err));
    assert_string_equal(layout_name(bare.layout), "refinery");
    assert_string_equal(bare.layout_reason, "'../../Cargo.toml' is refinery's, or names it");
    folder_done(&folder);
}

/* No tool but refinery has U… without a V…; where another tool's files are, it is a stray. */
static void refinery_is_told_by_its_names_alone(void **state UNUSED)
{
    static const struct {
        const char *name, *layout;
    } cases[] = {
        {"U2__b.sql", "refinery"},    {"x/U2__b.sql", "refinery"}, {"V2__b.sql", "flyway"},
        {"x/V2__b.sql", "flyway"},    {"2_b.sql", "sqlx"},         {"2_b.up.sql", "golang-migrate"},
        {"0002_b.up.sql", "sealift"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder =
            project_with("auto", FILES({"U1__a.sql", "SELECT 1;"}, {cases[i].name, "SELECT 2;"}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        assert_true(project_survey(folder.path, &project, &err));
        assert_string_equal(layout_name(project.layout), cases[i].layout);
        folder_done(&folder);
    }
}

static void refinery_is_refused_by_name(void **state UNUSED)
{
    static const SaysCase cases[] = {
        {"U01__b.sql", "x", FINDING_ERROR, "the version of 'migrations/V1__a.sql' stands twice"},
        {"V1.1__b.sql", "x", FINDING_ERROR, "'migrations/V1.1__b.sql' has no version"},
        {"V9223372036854775807__b.sql", "x", FINDING_ERROR, "has no version of refinery's"},
        {"V2.5__b.rs", "x", FINDING_ERROR, "'migrations/V2.5__b.rs' has no version"},
        {"V2__b.rs", "x", FINDING_ERROR, "'migrations/V2__b.rs' is a migration written in"},
        {"V2__b-c.sql", "x", FINDING_WARNING, "'migrations/V2__b-c.sql' is not read"},
        {"v2__b.sql", "x", FINDING_WARNING, "'migrations/v2__b.sql' is not read"},
        {"V2_b.sql", "x", FINDING_WARNING, "'migrations/V2_b.sql' is not read"},
        {"V2__b.SQL", "x", FINDING_WARNING, "'migrations/V2__b.SQL' is not read"},
        {"V2__b.down.sql", "x", FINDING_WARNING, "there is no script of its name beside it"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("refinery", FILES({"V1__a.sql", "SELECT 1;"}, {cases[i].name, cases[i].bytes}),
                    cases[i].severity, cases[i].says);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temporal_reads_what_the_manifests_list),
        cmocka_unit_test(temporal_is_refused_by_name),
        cmocka_unit_test(temporal_says_where_a_run_begins),
        cmocka_unit_test(popx_chooses_by_dialect),
        cmocka_unit_test(popx_is_refused_by_name),
        cmocka_unit_test(popx_without_placeholders_has_no_templates),
        cmocka_unit_test(numbered_folders_are_read_by_number),
        cmocka_unit_test(numbered_folders_are_refused_by_name),
        cmocka_unit_test(refinery_runs_u_among_v),
        cmocka_unit_test(refinery_is_told_from_flyway),
        cmocka_unit_test(refinery_is_told_by_its_crate),
        cmocka_unit_test(refinery_is_told_by_its_names_alone),
        cmocka_unit_test(refinery_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
