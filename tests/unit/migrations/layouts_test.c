#include "tests/support/unit_test.h"

#include "tests/unit/migrations/layout_cases.h"

#define UP_DOWN(up, down) "-- +goose Up\n" up "\n-- +goose Down\n" down "\n"

/* --- goose ----------------------------------------------------------------------------------- */

static void goose_reads_up_and_down_by_number(void **state UNUSED)
{
    expect(
        LAYOUT_GOOSE,
        FILES({"10_b.sql", UP_DOWN("SELECT 10;", "-- nothing")},
              {"9_a.sql", "-- a comment\n\n-- +goose up\nSELECT 9;\n--  DOWN--+goose \nSELECT -9;"},
              {"00011_c.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 11"},
              {"readme.txt", "x"}, {"00001_old_test.go", "package x"}),
        "9_a: SELECT 9@4 / SELECT -9@6\n"
        "10_b: SELECT 10@2 / \n"
        "00011_c up-alone down-alone: SELECT 11@3 / none\n");
}

static void goose_statements_end_where_their_bounds_do(void **state UNUSED)
{
    expect(LAYOUT_GOOSE,
           FILES({"1_a.sql", "-- +goose Up\n"
                             "-- +goose StatementBegin\n"
                             "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql\n"
                             "-- +goose StatementEnd\n"
                             "SELECT 2;\n"
                             "-- +goose Down\n"
                             "-- +goose StatementBegin\n"
                             "DROP FUNCTION f()\n"
                             "-- +goose StatementEnd\n"}),
           "1_a: CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql@3|SELECT 2@5 / "
           "DROP FUNCTION f()@8\n");
}

static void goose_is_refused_by_line(void **state UNUSED)
{
    static const struct {
        const char *bytes;
        const char *says;
    } cases[] = {
        {"SELECT 1;\n-- +goose Up\n", "line 1: a statement stands before '-- +goose Up'"},
        {"SELECT 1;\n", "line 1: a statement stands before"},
        {"-- nothing\n", "there is no '-- +goose Up'"},
        {"-- +goose Up\n-- +goose Up\n", "line 2: '-- +goose Up' stands twice"},
        {UP_DOWN("", "") "-- +goose Down\n", "'-- +goose Down' stands twice"},
        {"-- +goose Down\n", "line 1: '-- +goose Down' stands before"},
        {"-- +goose Up\n-- +goose StatementBegin\n", "line 2: '-- +goose StatementBegin' has no"},
        {UP_DOWN("-- +goose StatementBegin", ""), "line 2: '-- +goose StatementBegin' has no"},
        {"-- +goose Up\n-- +goose StatementEnd\n", "line 2: '-- +goose StatementEnd' has no"},
        {"-- +goose StatementBegin\n", "line 1: '-- +goose StatementBegin' stands where none"},
        {"-- +goose Upp\n-- +goose Up\n", "line 1: goose has no such annotation"},
        {"-- +goose Up\n-- what +goose Down means\n", "line 2: goose has no such annotation"},
        {"-- +goose Up\n-- +goose\n", "line 2: goose has no such annotation"},
        {"-- +goose Up\n-- +goose no  transaction\n", "line 2: goose has no such annotation"},
        {"-- +goose Up\n  -- +goose Down\n", "line 2: goose takes no annotation behind blanks"},
        {"\t-- +goose Up\n", "line 1: goose takes no annotation behind blanks"},
        {"-- +goose Up\n-- +Goose Down\n", "line 2: to goose this is a comment and no annotation"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("goose", FILES({"1_a.sql", cases[i].bytes}), FINDING_ERROR, cases[i].says);
    expect_says("goose", FILES({"1_a.sql", UP_DOWN("", "")}, {"01_b.sql", UP_DOWN("", "")}),
                FINDING_ERROR, "the number of 'migrations/1_a.sql' stands twice");
    expect_says("goose", FILES({"2_code.go", "package x"}), FINDING_ERROR, "2_code.go");
    expect_says("goose", FILES({"notes.sql", "SELECT 1;"}), FINDING_WARNING,
                "'migrations/notes.sql'");
}

/* --- dbmate ---------------------------------------------------------------------------------- */

static void dbmate_reads_by_name(void **state UNUSED)
{
    expect(LAYOUT_DBMATE,
           FILES({"20240102_b.sql", "--  migrate:up transaction:false\r\nSELECT 2;\r\n"
                                    "-- migrate:down\r\n"},
                 {"20240101a.sql", "-- about\n--migrate:up\nSELECT 1;\n"
                                   "-- migrate:down transaction:false\nSELECT -1;\n"},
                 {"100.sql", "-- migrate:up\n-- migrate:down\n"}),
           "100:  / \n"
           "20240101a down-alone: SELECT 1@3 / SELECT -1@5\n"
           "20240102_b up-alone: SELECT 2@2 / \n");
}

static void dbmate_is_refused_by_line(void **state UNUSED)
{
    static const struct {
        const char *bytes;
        const char *says;
    } cases[] = {
        {"SELECT 1;\n-- migrate:up\n-- migrate:down\n", "line 1: a statement stands before"},
        {"-- migrate:up\nSELECT 1;\n", "there is no '-- migrate:down'"},
        {"-- nothing\n", "there is no '-- migrate:up'"},
        {"-- migrate:down\n-- migrate:up\n", "line 1: '-- migrate:down' stands before"},
        {"-- migrate:up\n-- migrate:down\n-- migrate:up\n", "line 3: a second pair"},
        {"-- migrate:up lock:no\n-- migrate:down\n", "line 1: an option that is not known"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("dbmate", FILES({"1_a.sql", cases[i].bytes}), FINDING_ERROR, cases[i].says);
    expect_says("dbmate", FILES({"notes.sql", "SELECT 1;"}), FINDING_WARNING,
                "'migrations/notes.sql' is not read");
    expect_says("dbmate",
                FILES({"1_a.sql", "-- migrate:up\n-- migrate:down\n"},
                      {"1_b.sql", "-- migrate:up\n-- migrate:down\n"}),
                FINDING_ERROR, "the number of 'migrations/1_b.sql' stands twice");
}

/* --- node-pg-migrate ------------------------------------------------------------------------- */

static void node_pg_reads_marks_and_pairs(void **state UNUSED)
{
    expect(LAYOUT_NODE_PG,
           FILES({"1577836800000_a.sql", "  -- -- up  Migration\nSELECT 1;\n"
                                         "-- Down Migration\nSELECT -1;\n"},
                 {"20191231000000000_first.sql", "--- Up Migration\nSELECT 0"},
                 {"20200102000000000_c.up.sql", "SELECT 3;"},
                 {"20200102000000000_c.down.sql", "SELECT -3;"},
                 {"20200103000000000_d.sql", "SELECT 4;"},
                 {"20200104000000000_e.sql", "-- Down migration\nSELECT -5;\n"
                                             "-- Up migration\nSELECT 5;\n"}),
           "20191231000000000_first: SELECT 0@2 / none\n"
           "1577836800000_a: SELECT 1@2 / SELECT -1@4\n"
           "20200102000000000_c: SELECT 3@1 / SELECT -3@1\n"
           "20200103000000000_d: SELECT 4@1 / none\n"
           "20200104000000000_e: SELECT 5@4 / SELECT -5@2\n");
}

static void node_pg_is_refused(void **state UNUSED)
{
    expect_says("node-pg-migrate", FILES({"1_a.sql", "SELECT 1;\n-- Down Migration\nSELECT 2;\n"}),
                FINDING_ERROR, "no '-- Up Migration' in it");
    expect_says("node-pg-migrate", FILES({"1_a.up.sql", "SELECT 1;"}, {"1_a.sql", "SELECT 1;"}),
                FINDING_ERROR, "'migrations/1_a.up.sql' stands beside");
    expect_says("node-pg-migrate", FILES({"1_a.down.sql", "SELECT 1;"}), FINDING_ERROR,
                "'migrations/1_a.down.sql' has no up script");
    expect_says("node-pg-migrate", FILES({"1_a.js", "x"}), FINDING_ERROR, "1_a.js");
    expect_says("node-pg-migrate", FILES({"a.sql", "x"}), FINDING_WARNING, "'migrations/a.sql'");
}

/* --- sqlx ------------------------------------------------------------------------------------ */

static void sqlx_reads_one_way_and_pairs(void **state UNUSED)
{
    expect(LAYOUT_SQLX,
           FILES({"2_b.sql", "-- no-transaction\nSELECT 2;"}, {"10_c.sql", "SELECT 10;"},
                 {"1_a.sql", "SELECT 1;"}, {"README", "x"}),
           "1_a: SELECT 1@1 / none\n"
           "2_b up-alone: SELECT 2@2 / none\n"
           "10_c: SELECT 10@1 / none\n");
    ProjectFolder folder = project_with(
        "sqlx",
        FILES({"1_a.up.sql", "SELECT 1;"}, {"1_a.down.sql", "-- no-transaction\nSELECT 2;"},
              {"02_add.up.sql", "SELECT 3;"}, {"2_drop.down.sql", "SELECT 4;"},
              {"3_undo.down.sql", "-- no-transaction\nSELECT 6;"}, {"3_up.up.sql", "SELECT 5;"}));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    CLEANUP(memory_freep) char *found = listing_of(&project);
    assert_string_equal(found, "1_a down-alone: SELECT 1@1 / SELECT 2@2\n"
                               "02_add: SELECT 3@1 / SELECT 4@1\n"
                               "3_up down-alone: SELECT 5@1 / SELECT 6@2\n");
    folder_done(&folder);
}

static void sqlx_is_refused(void **state UNUSED)
{
    expect_says("sqlx", FILES({"x_a.sql", "SELECT 1;"}), FINDING_ERROR, "does not begin with a");
    expect_says("sqlx", FILES({"0_a.sql", "SELECT 1;"}), FINDING_ERROR, "does not begin with a");
    expect_says("sqlx", FILES({"9223372036854775808_a.sql", "SELECT 1;"}), FINDING_ERROR,
                "does not begin with a");
    expect_says("sqlx", FILES({"1_a.sql", "SELECT 1;"}, {"1_a.up.sql", "SELECT 1;"}), FINDING_ERROR,
                "the number of 'migrations/1_a.up.sql' stands twice");
    expect_says("sqlx",
                FILES({"1_a.down.sql", "x"}, {"1_b.up.sql", "x"}, {"01_c.down.sql", "SELECT 1;"}),
                FINDING_ERROR, "the number of 'migrations/1_a.down.sql' stands twice");
    expect_says("sqlx", FILES({"2_a.up.sql", "x"}, {"1_a.down.sql", "SELECT 1;"}), FINDING_WARNING,
                "'migrations/1_a.down.sql' is not read: there is no up script with its number");
    expect_says("sqlx", FILES({"1_a.sql", "SELECT 1;"}, {"1_b.sql", "SELECT 1;"}), FINDING_ERROR,
                "stands twice");
    expect_says("sqlx", FILES({"a.sql", "SELECT 1;"}), FINDING_WARNING, "'migrations/a.sql'");
}

/* --- prisma ---------------------------------------------------------------------------------- */

static void prisma_reads_folders(void **state UNUSED)
{
    expect(LAYOUT_PRISMA,
           FILES({"20240102000000_b/migration.sql", "SELECT 2;"},
                 {"20240101000000_a/migration.sql", "SELECT 1;"},
                 {"20240101000000_a/down.sql", "SELECT -1;"},
                 {"migration_lock.toml", "# prisma\nprovider = 'postgresql'\n"}),
           "20240101000000_a: SELECT 1@1 / SELECT -1@1\n"
           "20240102000000_b: SELECT 2@1 / none\n");
}

static void prisma_is_refused(void **state UNUSED)
{
    expect_says("prisma",
                FILES({"1_a/migration.sql", "SELECT 1;"},
                      {"migration_lock.toml", "provider = \"mysql\"\n"}),
                FINDING_ERROR, "not for PostgreSQL");
    expect_says("prisma", FILES({"1_a/readme.md", "x"}), FINDING_ERROR,
                "'migrations/1_a/migration.sql' is missing");
    expect_says("prisma", FILES({"1_a/migration.sql", "SELECT 1;"}, {"1_a/more.sql", "x"}),
                FINDING_WARNING, "'migrations/1_a/more.sql'");
    expect_says("prisma", FILES({"1_a/migration.sql", "SELECT 1;"}, {"x.sql", "x"}),
                FINDING_WARNING, "'migrations/x.sql'");
}

/* ENVSUB goes on from where it is switched, over the ends of ranges. */
static void goose_switches_substitution_by_line(void **state UNUSED)
{
    expect(LAYOUT_GOOSE,
           FILES({"1_a.sql", "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '${X:-a}';\n"
                             "-- +goose envsub off\nSELECT '${X:-b}';\n"
                             "-- +goose StatementBegin\nSELECT '$c';\n-- +goose ENVSUB ON\n"
                             "-- +goose StatementEnd\nSELECT '${X:-d}';\n-- +goose Down\n"
                             "SELECT '${X:-e}';\n"}),
           "1_a: SELECT 'a'@3|SELECT '${X:-b}'@5|SELECT '$c'@7|SELECT 'd'@10 / SELECT 'e'@12\n");
}

/* --- psql ------------------------------------------------------------------------------------ */

/* A project with a main file: its migrations, or what is said. The caller frees. */
static char *psql_listing(const char *main_text, const File *files)
{
    ProjectFolder folder = project_with("auto", files);
    folder_write(&folder, "sealift.conf", FOLDER_CONFIG "[migrations]\nmain = all.sql\n");
    folder_write(&folder, "migrations/all.sql", main_text);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    bool good = project_read(folder.path, &project, &err);
    char *listing = good ? listing_of(&project) : memory_string(err.message);
    folder_done(&folder);
    return listing;
}

static void psql_reads_in_the_order_of_the_main_file(void **state UNUSED)
{
    CLEANUP(memory_freep)
    char *listing = psql_listing("-- first\n\\set ON_ERROR_STOP 1\n\\echo `no`\n",
                                 FILES({"b.sql", "SELECT 2;"}));
    assert_non_null(strstr(listing, "migrations/all.sql:3: backticks"));
    CLEANUP(memory_freep)
    char *good = psql_listing("\\timing on\n\\i b.sql \\ir ./sub/a.sql\n\n\\include x/c.psql\n",
                              FILES({"b.sql", "SELECT 2;"}, {"b.down.sql", "SELECT -2;"},
                                    {"sub/a.sql", "SELECT 1;"}, {"revert/a.sql", "SELECT -1;"},
                                    {"other.sql", "SELECT 9;"}, {"../x/c.psql", "SELECT 3;"}));
    assert_string_equal(good, "b: SELECT 2@1 / SELECT -2@1\na: SELECT 1@1 / SELECT -1@1\n"
                              "c.psql: SELECT 3@1 / none\n");
}

static void psql_main_file_holds_nothing_else(void **state UNUSED)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"SELECT 1;\n", "migrations/all.sql:1: a main file has \\i and \\ir lines only"},
        {"\n\\set x 1\n", "migrations/all.sql:2: a main file has"},
        {"\\set ON_ERROR_STOP off\n", "migrations/all.sql:1: a main file has"},
        {"\\i\n", "migrations/all.sql:1: it names no file"},
        {"\\i nowhere.sql\n", "migrations/all.sql:1: there is no file 'migrations/nowhere.sql'"},
        {"\\ir ../../x.sql\n", "migrations/all.sql:1: '../../x.sql' is no file inside the project"},
        {"\\i a.sql\n\\i sub/a.sql\n", "migrations/all.sql:2: two migrations are called 'a'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep)
        char *said = psql_listing(cases[i].text, FILES({"a.sql", "SELECT 1;"}, {"sub/a.sql", "x"}));
        if (!strstr(said, cases[i].says))
            fail_msg("'%s' does not say '%s'", said, cases[i].says);
    }
}

static void psql_reads_by_name_without_a_main_file(void **state UNUSED)
{
    const File *files =
        FILES({"b.sql", "SELECT 2;"}, {"B.sql", "SELECT 1;"}, {"b.down.sql", "SELECT -2;"},
              {"revert/B.sql", "SELECT -1;"}, {"notes.txt", "x"}, {"c.d.up.sql", "SELECT 3;"},
              {"c.d.down.sql", "SELECT -3;"});
    ProjectFolder folder = project_with("psql", files);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    CLEANUP(memory_freep) char *listing = listing_of(&project);
    assert_string_equal(listing, "B: SELECT 1@1 / SELECT -1@1\nb: SELECT 2@1 / SELECT -2@1\n"
                                 "c.d: SELECT 3@1 / SELECT -3@1\n");
    folder_done(&folder);
    expect_says("psql", FILES({"a.sql", "SELECT 1;"}, {"a.up.sql", "SELECT 2;"}), FINDING_ERROR,
                "two migrations are called 'a': 'migrations/a.sql' and 'migrations/a.up.sql'");
    expect_says("psql", FILES({"a.down.sql", "x"}), FINDING_WARNING,
                "'migrations/a.down.sql' is not read: there is no script that it takes back");
    expect_says("psql", FILES({"revert/a.sql", "x"}), FINDING_WARNING,
                "'migrations/revert/a.sql' is not read");
    expect_says("psql", FILES({"lib/a.sql", "x"}), FINDING_WARNING,
                "the folder 'migrations/lib' holds SQL but is no part of the layout: only what a "
                "script includes is read from it");
}

/* --- golang-migrate -------------------------------------------------------------------------- */

/* The hint of the first error. */
static void expect_hint(const File *files, const char *hint)
{
    ProjectFolder folder = project_with("golang-migrate", files);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_survey(folder.path, &project, &err));
    assert_true(project.findings.count > 0);
    if (!strstr(project.findings.items[0].hint, hint))
        fail_msg("'%s' does not say '%s'", project.findings.items[0].hint, hint);
    folder_done(&folder);
}

static void tells_pairs_by_name_from_a_number_given_twice(void **state UNUSED)
{
    expect_hint(
        FILES({"1_a.up.sql", ""}, {"1_a.down.sql", ""}, {"1_b.up.sql", ""}, {"1_b.down.sql", ""}),
        "pair up and down by their whole names");
    expect_hint(FILES({"1_a.up.sql", ""}, {"1_a.down.sql", ""}, {"1_b.up.sql", ""}),
                "pairs by number alone");
    expect_hint(FILES({"1_a.up.sql", ""}, {"1_b.go", ""}), "pairs by number alone");
}

/* --- which layout it is ---------------------------------------------------------------------- */

static void says_by_what_it_knew(void **state UNUSED)
{
    static const struct {
        const char *name;
        const char *bytes;
        const char *layout;
        const char *reason;
    } cases[] = {
        {"1_a.sql", "-- +goose Up\n", "goose", "'migrations/1_a.sql' holds '-- +goose Up'"},
        {"1_a.sql", "-- migrate:up\n", "dbmate", "'migrations/1_a.sql' holds '-- migrate:up'"},
        {"1_a.sql", "-- Up Migration\n", "node-pg-migrate", "holds '-- Up Migration'"},
        {"1_a.sql", "SELECT 1;\n", "sqlx", "as sqlx has it"},
        {"1_a.up.sql", "-- no-transaction\nSELECT 1;\n", "sqlx", "begins with '-- no-transaction'"},
        {"1_a.up.sql", "SELECT 1;\n", "golang-migrate", "as golang-migrate names scripts"},
        {"0001_a.up.sql", "SELECT 1;\n", "sealift", "as our own layout"},
        {"x/up.sql", "SELECT 1;\n", "diesel", "'migrations/x/up.sql' is a script of diesel"},
        {"x/migration.sql", "SELECT 1;\n", "prisma", "is a migration of prisma"},
        {"V1__a.sql", "SELECT 1;\n", "flyway", "as flyway names versions"},
        {"x/V1__a.sql", "SELECT 1;", "flyway", "'migrations/x/V1__a.sql' is named as flyway"},
        {"x/y/V1__a.rs", "x", "refinery", "'migrations/x/y/V1__a.rs' is refinery's"},
        {"x/y/1_a.pg.up.sql", "SELECT 1;", "popx", "y/1_a.pg.up.sql' is named as popx names"},
        {"1_a.sql", " -- +goose Up\n", "goose", "holds '-- +goose Up'"},
        {"sqitch.conf", "[core]\n\ttop_dir = db\n", "sqitch", "is a configuration of sqitch"},
        {"committed/000001-a.sql", "", "graphile-migrate",
         "committed migration of graphile-migrate"},
        {"atlas.sum", "", "atlas", "'migrations/atlas.sum' is the sum of a folder of atlas"},
        {"x/a.sql", "\n--liquibase formatted sql\n", "liquibase", "is a changelog of liquibase"},
        {"all.yml", "databaseChangeLog:\n", "liquibase", "'migrations/all.yml' is a changelog"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder = project_with("auto", FILES({cases[i].name, cases[i].bytes}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        if (strcmp(cases[i].layout, "sqitch") == 0)
            folder_write(&folder, "migrations/db/sqitch.plan", "%project=x\n\n");
        assert_true(project_survey(folder.path, &project, &err));
        assert_string_equal(layout_name(project.layout), cases[i].layout);
        if (!strstr(project.layout_reason, cases[i].reason))
            fail_msg("'%s' does not say '%s'", project.layout_reason, cases[i].reason);
        folder_done(&folder);
    }
}

/* Strays in folders say nothing where the folder itself, or our own version folders, do. */
static void strays_below_decide_nothing(void **state UNUSED)
{
    static const struct {
        const char *name, *layout;
    } cases[] = {
        {"1.0/0001_a.up.sql", "sealift"},
        {"1_a.sql", "sqlx"},
        {"2_a.up.sql", "golang-migrate"},
        {"readme.sql", "flyway"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder = project_with(
            "auto", FILES({cases[i].name, "SELECT 1;"}, {"old/x/V1__a.sql", "SELECT 1;"}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        assert_true(project_survey(folder.path, &project, &err));
        assert_string_equal(layout_name(project.layout), cases[i].layout);
        folder_done(&folder);
    }
}

/* A pair of golang-migrate and one of sqlx differ in one comment, wherever it stands. */
static void looks_into_all_files_for_marks(void **state UNUSED)
{
    ProjectFolder folder = folder_new("auto", NULL, 0);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    for (int i = 10; i < 50; i++) {
        CLEANUP(memory_freep) char *name = memory_format("migrations/%d_a.up.sql", i);
        folder_write(&folder, name, i == 49 ? "-- no-transaction\nSELECT 1;" : "SELECT 1;");
    }
    assert_true(project_survey(folder.path, &project, &err));
    assert_string_equal(layout_name(project.layout), "sqlx");
    folder_done(&folder);
}

/* Names that several tools have: each of these, and whether it would read the same. */
static void says_which_other_tools_it_could_be(void **state UNUSED)
{
    static const struct {
        File files[4];
        const char *says;
    } cases[] = {
        {{{"1_a.up.sql", "SELECT 1;"}, {"1_a.down.sql", "SELECT 2;"}},
         "golang-migrate names scripts; these could also be scripts of sqlx, popx, node-pg-migrate "
         "(all the same but for [foreign-history]): 'layout' in sealift.conf decides"},
        /* by the text of the version, and by the length of the number */
        {{{"9_a.up.sql", "SELECT 1;"}, {"10_b.up.sql", "SELECT 2;"}},
         "also be scripts of sqlx, node-pg-migrate (all the same but for [foreign-history]); of "
         "popx (read otherwise): "},
        /* node-pg-migrate pairs by the whole name, and refuses this */
        {{{"1_a.up.sql", "SELECT 1;"}, {"1_b.down.sql", "SELECT 2;"}},
         "also be scripts of sqlx, popx (all the same"},
        /* psql's language is ours alone */
        {{{"0001_a.up.sql", "SELECT 1;"}},
         "our own layout names scripts; these could also be scripts of golang-migrate, sqlx, popx, "
         "node-pg-migrate (read otherwise): "},
        {{{"1_a.sql", "SELECT 1;"}}, "as sqlx has it; these could also be scripts of node-pg-"},
        {{{"V1__a.sql", "SELECT 1;"}, {"V2__b.sql", "SELECT 2;"}},
         "flyway names versions; these could also be scripts of refinery (all the same but for"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder = project_with("auto", cases[i].files);
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        assert_true(project_read(folder.path, &project, &err));
        if (!strstr(project.layout_reason, cases[i].says))
            fail_msg("'%s' does not say '%s'", project.layout_reason, cases[i].says);
        folder_done(&folder);
    }
}

/* refinery would read one that is flyway's alone otherwise: that is no news. */
static void says_of_flyway_no_tool_that_reads_it_otherwise(void **state UNUSED)
{
    static const File cases[][3] = {
        {{"V1__a.sql", "SELECT 1;"}, {"V1.2__b.sql", "SELECT 2;"}},
        {{"V1__a.sql", "SELECT 1;"}, {"U1__a.sql", "SELECT 2;"}},
        {{"V1__a.sql", "SELECT 1;"}, {"R__b.sql", "SELECT 2;"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder = project_with("auto", cases[i]);
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        assert_true(project_read(folder.path, &project, &err));
        assert_null(strstr(project.layout_reason, "refinery"));
        folder_done(&folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goose_reads_up_and_down_by_number),
        cmocka_unit_test(goose_statements_end_where_their_bounds_do),
        cmocka_unit_test(goose_is_refused_by_line),
        cmocka_unit_test(dbmate_reads_by_name),
        cmocka_unit_test(dbmate_is_refused_by_line),
        cmocka_unit_test(node_pg_reads_marks_and_pairs),
        cmocka_unit_test(node_pg_is_refused),
        cmocka_unit_test(sqlx_reads_one_way_and_pairs),
        cmocka_unit_test(sqlx_is_refused),
        cmocka_unit_test(prisma_reads_folders),
        cmocka_unit_test(prisma_is_refused),
        cmocka_unit_test(goose_switches_substitution_by_line),
        cmocka_unit_test(psql_reads_in_the_order_of_the_main_file),
        cmocka_unit_test(psql_main_file_holds_nothing_else),
        cmocka_unit_test(psql_reads_by_name_without_a_main_file),
        cmocka_unit_test(tells_pairs_by_name_from_a_number_given_twice),
        cmocka_unit_test(says_by_what_it_knew),
        cmocka_unit_test(strays_below_decide_nothing),
        cmocka_unit_test(looks_into_all_files_for_marks),
        cmocka_unit_test(says_which_other_tools_it_could_be),
        cmocka_unit_test(says_of_flyway_no_tool_that_reads_it_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
