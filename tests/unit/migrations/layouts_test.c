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
    ProjectFolder folder =
        project_with("sqlx", FILES({"1_a.up.sql", "SELECT 1;"},
                                   {"1_a.down.sql", "-- no-transaction\nSELECT 2;"}));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    CLEANUP(memory_freep) char *found = listing_of(&project);
    assert_string_equal(found, "1_a down-alone: SELECT 1@1 / SELECT 2@2\n");
    folder_done(&folder);
}

static void sqlx_is_refused(void **state UNUSED)
{
    expect_says("sqlx", FILES({"x_a.sql", "SELECT 1;"}), FINDING_ERROR, "does not begin with a");
    expect_says("sqlx", FILES({"0_a.sql", "SELECT 1;"}), FINDING_ERROR, "does not begin with a");
    expect_says("sqlx", FILES({"9223372036854775808_a.sql", "SELECT 1;"}), FINDING_ERROR,
                "does not begin with a");
    expect_says("sqlx", FILES({"1_a.sql", "SELECT 1;"}, {"1_a.up.sql", "SELECT 1;"}), FINDING_ERROR,
                "stands beside");
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
                 {"migration_lock.toml", "# prisma\nprovider = \"postgresql\"\n"}),
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

/* --- flyway ---------------------------------------------------------------------------------- */

static void flyway_reads_versions_by_number(void **state UNUSED)
{
    expect(LAYOUT_FLYWAY,
           FILES({"V4_99_1575367461__b.sql", "SELECT 2;"},
                 {"V2.7.0.201902130900__a.sql", "SELECT 1;"},
                 {"V20190101000000__z.sql", "SELECT 9;"}, {"below/V4.100__c.sql", "SELECT '${x}';"},
                 {"below/V4.100__c.sql.conf", "executeInTransaction=false\n"
                                              "placeholderReplacement=false\nencoding=UTF-8\n"},
                 {"U4.099.1575367461__undo_b.sql", "SELECT -2;"},
                 {"B3__base.sql", "SELECT 'base';"}, {"notes.sql", "x"}),
           "V2.7.0.201902130900__a: SELECT 1@1 / none\n"
           "V4_99_1575367461__b: SELECT 2@1 / SELECT -2@1\n"
           "V4.100__c up-alone: SELECT '${x}'@1 / none\n"
           "V20190101000000__z: SELECT 9@1 / none\n");
}

static void flyway_is_refused_by_name(void **state UNUSED)
{
    static const struct {
        const char *name;
        const char *bytes;
        FindingSeverity severity;
        const char *says;
    } cases[] = {
        {"beforeMigrate.sql", "x", FINDING_ERROR, "'migrations/beforeMigrate.sql' is a callback"},
        {"afterEachMigrate__x.sql", "x", FINDING_ERROR, "is a callback"},
        {"createSchema.sql", "x", FINDING_ERROR, "is a callback"},
        {"V1.0__twin.sql", "SELECT 1;", FINDING_ERROR, "stands twice"},
        {"flyway.conf", "flyway.placeholderPrefix=#[\n", FINDING_ERROR,
         "migrations/flyway.conf:1: placeholderPrefix is '#['"},
        {"flyway.toml", "[flyway]\nplaceholderSuffix = \"]\"\n", FINDING_ERROR,
         "migrations/flyway.toml:2: placeholderSuffix is ']'"},
        {"V2__Code.java", "class", FINDING_ERROR,
         "'migrations/V2__Code.java' is a migration written"},
        {"V2__code.py", "x", FINDING_ERROR, "'migrations/V2__code.py' is a migration written"},
        {"V2__code.sh", "x", FINDING_ERROR, "'migrations/V2__code.sh' is a migration written"},
        {"V2__code.PS1", "x", FINDING_ERROR, "'migrations/V2__code.PS1' is a migration written"},
        {"V2__code.bat", "x", FINDING_ERROR, "'migrations/V2__code.bat' is a migration written"},
        {"V2__code.class", "x", FINDING_ERROR,
         "'migrations/V2__code.class' is a migration written"},
        {"R__code.sh", "x", FINDING_ERROR, "'migrations/R__code.sh' is a migration written"},
        {"V2__Code.java", "class", FINDING_ERROR,
         "'migrations/V2__Code.java' is a migration written"},
        {"V1__a.sql.conf", "# c\nshouldExecute=${x}\n", FINDING_ERROR,
         "V1__a.sql.conf:2: 'shouldExecute=${x}'"},
        {"V1__a.sql.conf", "encoding=latin1\n", FINDING_ERROR, "'encoding=latin1'"},
        {"U7__x.sql", "SELECT 1;", FINDING_WARNING, "there is no V script of its version"},
        {"V1_.sql", "SELECT 1;", FINDING_WARNING, "'migrations/V1_.sql' is not read"},
        {"V1.__x.sql", "SELECT 1;", FINDING_WARNING, "'migrations/V1.__x.sql' is not read"},
        {"B1__x.sql", "SELECT 1;", FINDING_WARNING, "it is a baseline"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("flyway", FILES({"V1__a.sql", "SELECT 1;"}, {cases[i].name, cases[i].bytes}),
                    cases[i].severity, cases[i].says);
    expect_says(
        "flyway",
        FILES({"V1__a.sql", "SELECT 1;"}, {"U1__a.sql", "SELECT 1;"}, {"U1.0__b.sql", "SELECT 1;"}),
        FINDING_ERROR, "stands twice");
}

/* What flyway is told to leave alone is left alone; what it would fill in is asked for. */
static void flyway_leaves_placeholders_where_its_settings_say(void **state UNUSED)
{
    static const char *const settings[] = {"flyway.placeholderReplacement=false\n",
                                           "# x\n[flyway]\nplaceholderReplacement = false\n"};
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        expect(LAYOUT_FLYWAY,
               FILES({"V1__a.sql", "SELECT '${x}';"},
                     {i ? "flyway.toml" : "flyway.conf", settings[i]}),
               "V1__a: SELECT '${x}'@1 / none\n");
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
              {"revert/B.sql", "SELECT -1;"}, {"notes.txt", "x"});
    ProjectFolder folder = project_with("psql", files);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    CLEANUP(memory_freep) char *listing = listing_of(&project);
    assert_string_equal(listing, "B: SELECT 1@1 / SELECT -1@1\nb: SELECT 2@1 / SELECT -2@1\n");
    folder_done(&folder);
    expect_says("psql", FILES({"a.down.sql", "x"}), FINDING_WARNING,
                "'migrations/a.down.sql' is not read: there is no script that it takes back");
    expect_says("psql", FILES({"revert/a.sql", "x"}), FINDING_WARNING,
                "'migrations/revert/a.sql' is not read");
    expect_says("psql", FILES({"lib/a.sql", "x"}), FINDING_WARNING, "the folder 'migrations/lib'");
}

/* --- sqitch ---------------------------------------------------------------------------------- */

#define PLAN(lines) "%syntax-version=1.0.0\n%project=harbor\n\n" lines
#define WHO         " 2024-01-01T00:00:00Z Ann <ann@example.com>\n"
#define CHANGE(name)                                                                               \
    {                                                                                              \
        "deploy/" name ".sql", "SELECT '" name "';"                                                \
    }

#define SHA "0123456789abcdef0123456789abcdef01234567"
/* of the change "a", where it is the first of PLAN */
#define ID_OF_A "a80f00b015a0bb439d542d65021dbfd62fb0c47e"

static void sqitch_takes_the_order_of_its_plan(void **state UNUSED)
{
    expect(LAYOUT_SQITCH,
           FILES({"sqitch.plan",
                  PLAN("b" WHO "a [b !d harbor:b @ROOT]" WHO "@v2" WHO
                       "  # words\n+ x/c [a@v2 @v2]" WHO "@v1" WHO "b [b@v2]" WHO "d" WHO)},
                 CHANGE("a"), CHANGE("b"), {"deploy/b@v1.sql", "SELECT 'old';"},
                 {"revert/a.sql", "BEGIN; SELECT -1; COMMIT;"}, CHANGE("x/c"), CHANGE("d")),
           "b: SELECT 'old'@1 / none\n"
           "a: SELECT 'a'@1 / BEGIN@1|SELECT -1@1|COMMIT@1\n"
           "x/c: SELECT 'x/c'@1 / none\n"
           "b.2: SELECT 'b'@1 / none\n"
           "d: SELECT 'd'@1 / none\n");
}

static void sqitch_knows_changes_by_their_id(void **state UNUSED)
{
    expect(
        LAYOUT_SQITCH,
        FILES({"sqitch.plan", PLAN("a" WHO "b [" ID_OF_A " !c]" WHO "c [harbor:" ID_OF_A "]" WHO)},
              CHANGE("a"), CHANGE("b"), CHANGE("c")),
        "a: SELECT 'a'@1 / none\n"
        "b: SELECT 'b'@1 / none\n"
        "c: SELECT 'c'@1 / none\n");
}

static void sqitch_is_refused_by_line(void **state UNUSED)
{
    static const struct {
        const char *plan;
        const char *says;
    } cases[] = {
        {"%syntax-version=1.0.0\n\na" WHO, "names no %project"},
        {"%project=harbor\na" WHO, ":2: a blank line must end the pragmas before 'a 2024"},
        {"%project=har@bor\n", ":1: a project cannot be called 'har@bor'"},
        {"%uri=http://\xc3\xa9.example/\n", ":1: a host that is not ASCII cannot be read"},
        {"%syntax-version=2.0\n", "sqitch.plan:1: a plan of another syntax: '2.0'"},
        {PLAN("-a" WHO), "sqitch.plan:4: sqitch itself never acts"},
        {PLAN("a" WHO "a" WHO), ":5: without a tag between them a change stands twice: 'a'"},
        {PLAN("a [b]" WHO), ":4: what the change requires does not stand before it: 'b'"},
        {PLAN("a" WHO "@t" WHO "b [a@u]" WHO), "does not stand before it: 'a@u'"},
        {PLAN("z" WHO "@t" WHO "a" WHO "b [a@t]" WHO), "does not stand before it: 'a@t'"},
        {PLAN("a" WHO "b [!a]" WHO), "conflicts with what stands before it: '!a'"},
        {PLAN("a [!zz]" WHO "b" WHO), ":4: the plan does not know what the change conflicts with"},
        {PLAN("a [other:b]" WHO), "a change of another project"},
        {PLAN("a [b" WHO), "the dependencies have no end"},
        {PLAN("@t" WHO), "there is no change before the tag 't'"},
        {PLAN("a" WHO "@t" WHO "@t" WHO), ":6: the tag stands twice: 't'"},
        {PLAN("a" WHO "@HEAD" WHO), "a tag cannot be called 'HEAD'"},
        {PLAN("a" WHO "@x/y" WHO), "a tag cannot be called 'x/y'"},
        {PLAN("?a" WHO), "a change cannot be called '?a'"},
        {PLAN("a~2" WHO), "a change cannot be called 'a~2'"},
        {PLAN("a:b" WHO), "a change cannot be called 'a:b'"},
        {PLAN("a/../../b" WHO), ":4: a change cannot be called 'a/../../b'"},
        {PLAN("a/./b" WHO), "a change cannot be called 'a/./b'"},
        {PLAN("a//b" WHO), "a change cannot be called 'a//b'"},
        {PLAN("/a" WHO), "a change cannot be called '/a'"},
        {PLAN("..\\a" WHO), "a change cannot be called"},
        {PLAN("a\x1b[2Jb" WHO), "a change cannot be called 'a"},
        {PLAN("a" WHO "@t\x7ft" WHO), "a tag cannot be called 't"},
        {PLAN("HEAD" WHO), "a change cannot be called 'HEAD'"},
        {PLAN(SHA "x" WHO), "a change cannot be called '" SHA "x'"},
        {PLAN("a"), ":4: a timestamp like 2024-01-01T00:00:00Z is missing before ''"},
        {PLAN("a 2024-13-01T00:00:00Z Ann <a@b>"), "a timestamp like"},
        {PLAN("a 2024-01-01T00:00:00Z Ann"), "a planner like 'Ann <ann@example.com>' is missing"},
        {PLAN("a 2024-01-01T00:00:00Z Ann<a@b>"), "a planner like"},
        {PLAN("a 2024-01-01T00:00:00Z Ann <a@b> x"), "a planner like"},
        {PLAN("a" WHO "@t"), ":5: a timestamp like"},
        {PLAN("a" WHO "b [a a]" WHO), "the change has the dependency twice: 'a'"},
        {PLAN("a" WHO "b [" SHA "]" WHO), "does not stand before it: '" SHA "'"},
        {PLAN("a" WHO "b [!" SHA "]" WHO), "does not know what the change conflicts with: '!" SHA},
        {PLAN("a" WHO "b [!" ID_OF_A "]" WHO), "conflicts with what stands before it: '!" ID_OF_A},
        {PLAN("nothere" WHO), "line 4: there is no deploy script of 'nothere'"},
        {PLAN("a" WHO "@t" WHO "a" WHO), "there is no deploy script of 'a'"},
        {PLAN("\xff" WHO), "is not UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("sqitch", FILES({"sqitch.plan", cases[i].plan}, CHANGE("a")), FINDING_ERROR,
                    cases[i].says);
    expect_says("sqitch",
                FILES({"sqitch.plan", PLAN("a" WHO "@\xc3\xa9t\xc3\xa9" WHO)}, CHANGE("a")),
                FINDING_ERROR, "cannot be the name of a version");
    expect_says("sqitch",
                FILES({"sqitch.plan", PLAN("a" WHO "a.2" WHO "@t" WHO "a" WHO)}, CHANGE("a"),
                      CHANGE("a.2"), {"deploy/a@t.sql", "SELECT 1;"}),
                FINDING_ERROR, "two migrations are called 'a.2'");
}

static void sqitch_has_plan_and_scripts_where_its_configuration_says(void **state UNUSED)
{
    expect(LAYOUT_SQITCH,
           FILES({"sqitch.conf", "[core]\n\tengine = pg\n\ttop_dir = ./db//x\n"},
                 {"db/x/sqitch.plan", PLAN("a" WHO)}, {"db/x/deploy/a.sql", "SELECT 1;"},
                 {"db/x/revert/a.sql", "SELECT -1;"}, {"deploy/a.sql", "SELECT 2;"}),
           "a: SELECT 1@1 / SELECT -1@1\n");
    /* the target before the engine before the core; git's own syntax */
    expect(LAYOUT_SQITCH,
           FILES({"sqitch.conf", "; a comment\n[CORE] engine = pg # one\n"
                                 "Top_Dir = \"t op\" ; where\nextension = 0\ndeploy_dir = no\n"
                                 "[engine \"pg\"]\n target = prod\n deploy_dir = up\n"
                                 " revert_dir=no\n[target \"prod\"]\n uri = db:pg:x\n"
                                 " plan_file = my.plan\n revert_dir = \"down\"\n"
                                 "[target \"test\"]\n plan_file = other.plan\n"},
                 {"my.plan", PLAN("x/a" WHO)}, {"up/x/a.sql", "SELECT 1;"},
                 {"down/x/a.sql", "SELECT -1;"}),
           "x/a: SELECT 1@1 / SELECT -1@1\n");
    /* former scripts have folders of their own, below top_dir where nothing is said */
    expect(LAYOUT_SQITCH,
           FILES({"sqitch.conf", "[core]\ndeploy_dir = up\nreworked_revert_dir = old/down\n"
                                 "extension = ddl\n"},
                 {"sqitch.plan", PLAN("a" WHO "@t" WHO "@u" WHO "b" WHO "@v" WHO "a" WHO)},
                 {"deploy/a@t.ddl", "SELECT 't';"}, {"deploy/a@u.ddl", "SELECT 'u';"},
                 {"old/down/a@t.ddl", "SELECT '-t';"}, {"old/down/a@u.ddl", "SELECT '-u';"},
                 {"up/b.ddl", "SELECT 'b';"}, {"up/a.ddl", "SELECT 'a';"}),
           "a: SELECT 'u'@1 / SELECT '-u'@1\n"
           "b: SELECT 'b'@1 / none\n"
           "a.2: SELECT 'a'@1 / none\n");
}

static void sqitch_configurations_are_refused_by_line(void **state UNUSED)
{
    static const struct {
        const char *config;
        const char *says;
    } cases[] = {
        {"[core]\nplan_file = ../other.plan\n", "conf:2: plan_file leads out of the folder: '../o"},
        {"[core]\ntop_dir = /srv\n", "conf:2: top_dir leads out of the folder: '/srv'"},
        {"[core]\nreworked_dir = a/../..\n", "reworked_dir leads out of the folder"},
        {"[core]\nverify_dir = \"a\\tb\"\n", "verify_dir leads out of the folder"},
        {"[target \"db:pg:\"]\nreworked_verify_dir = ..\n", "reworked_verify_dir leads out"},
        {"[core]\nextension = a/b\n", ":2: no file can have the extension 'a/b'"},
        {"[core]\nengine = mysql\n", ":2: the engine is not PostgreSQL but 'mysql'"},
        {"[core]\ntarget = db:sqlite:secret\n", "the engine is not PostgreSQL but 'sqlite'"},
        {"[core]\ntarget = t\n[target \"t\"]\nuri = db:oracle:x\n", ":4: the engine is not"},
        {"[core]\ntop_dir = a\\\n b\n", ":2: a value over several lines is not read"},
        {"[core]\ntop_dir = \"a\n", ":2: a value over several lines"},
        {"[core]\ntop_dir = a\nTOP_DIR = b\n", ":3: sqitch takes no two values of 'core.top_dir'"},
        {"[core\n", ":1: this is no section: '[core'"},
        {"top_dir = a\n", ":1: this is no line of a configuration"},
        {"[core]\ntop dir = a\n", ":2: this is no line of a configuration"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says(
            "sqitch",
            FILES({"sqitch.plan", PLAN("a" WHO)}, CHANGE("a"), {"sqitch.conf", cases[i].config}),
            FINDING_ERROR, cases[i].says);
    expect_says("sqitch",
                FILES({"sqitch.plan", PLAN("a" WHO)}, CHANGE("a"),
                      {"sqitch.conf", "[target \"test\"]\n\tplan_file = test.plan\n"}),
                FINDING_WARNING, "conf:2: plan_file of the target 'test' is not read");
}

/* `path` becomes a link to what stood there, which goes elsewhere. */
static void link_away(const ProjectFolder *folder, const char *path)
{
    CLEANUP(memory_freep) char *from = file_path(folder->path, path);
    CLEANUP(memory_freep) char *to = file_path(folder->path, "elsewhere");
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(symlink(to, from), 0);
}

static void sqitch_follows_no_links(void **state UNUSED)
{
    static const struct {
        const char *linked;
        const char *says;
    } cases[] = {
        {"migrations/deploy", "'migrations/deploy' is a symbolic link"},
        {"migrations/deploy/x", "'migrations/deploy/x' is a symbolic link"},
        {"migrations/deploy/x/a.sql", "'migrations/deploy/x/a.sql' is a symbolic link"},
        {"migrations/revert", "'migrations/revert' is a symbolic link"},
        {"migrations/sqitch.plan", "'migrations/sqitch.plan' is a symbolic link"},
        {"migrations/sqitch.conf", "'migrations/sqitch.conf' is a symbolic link"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder =
            project_with("sqitch", FILES({"sqitch.plan", PLAN("x/a" WHO "x/b" WHO)}, CHANGE("x/a"),
                                         CHANGE("x/b"), {"revert/x/a.sql", "SELECT 1;"},
                                         {"sqitch.conf", "[core]\n"}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        link_away(&folder, cases[i].linked);
        assert_true(project_survey(folder.path, &project, &err));
        assert_int_equal(findings_error_count(&project.findings), 1);
        if (!strstr(project.findings.items[0].message, cases[i].says))
            fail_msg("'%s' does not say '%s'", project.findings.items[0].message, cases[i].says);
        folder_done(&folder);
    }
    expect_says("sqitch", FILES({"sqitch.plan", PLAN("a" WHO)}, {"deploy/a.sql/x", ""}),
                FINDING_ERROR, "'migrations/deploy/a.sql' is not a file");
    expect_says("sqitch", FILES({"sqitch.plan", PLAN("x/a" WHO)}, {"deploy/x", ""}), FINDING_ERROR,
                "'migrations/deploy/x' is not a folder");
}

static void sqitch_without_its_plan_is_an_error(void **state UNUSED)
{
    ProjectFolder folder = project_with("sqitch", FILES(CHANGE("a")));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_false(project_survey(folder.path, &project, &err));
    assert_int_equal(err.class, ERROR_IO);
    folder_done(&folder);
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
        cmocka_unit_test(flyway_reads_versions_by_number),
        cmocka_unit_test(flyway_is_refused_by_name),
        cmocka_unit_test(flyway_leaves_placeholders_where_its_settings_say),
        cmocka_unit_test(goose_switches_substitution_by_line),
        cmocka_unit_test(psql_reads_in_the_order_of_the_main_file),
        cmocka_unit_test(psql_main_file_holds_nothing_else),
        cmocka_unit_test(psql_reads_by_name_without_a_main_file),
        cmocka_unit_test(sqitch_takes_the_order_of_its_plan),
        cmocka_unit_test(sqitch_knows_changes_by_their_id),
        cmocka_unit_test(sqitch_is_refused_by_line),
        cmocka_unit_test(sqitch_has_plan_and_scripts_where_its_configuration_says),
        cmocka_unit_test(sqitch_configurations_are_refused_by_line),
        cmocka_unit_test(sqitch_follows_no_links),
        cmocka_unit_test(sqitch_without_its_plan_is_an_error),
        cmocka_unit_test(says_by_what_it_knew),
        cmocka_unit_test(looks_into_all_files_for_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
