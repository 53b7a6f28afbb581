#include <unistd.h>

#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/layout_cases.h"

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

static void sqitch_sets_variables_that_are_told_of(void **state UNUSED)
{
    static const struct {
        const char *config, *says;
    } cases[] = {
        {"[core \"variables\"]\n\tplace = quay\n", "conf:2: the variable 'place' is not read"},
        {"[deploy \"variables\"]\nplace = \"a b\"\n", "the variable 'place' is not read"},
        {"[engine \"pg.variables\"]\nplace = x\n", "the variable 'place' is not read"},
        {"[target \"db:pg:.variables\"]\nplace = x\n", "the variable 'place' is not read"},
        {"[core \"variables\"]\nport = Kiel\n",
         "the variable 'port' is 'Kiel' here, and 'Riga' in sealift.conf"},
        {"[core \"variables\"]\nport = Riga\nship = x\n[target \"t.variables\"]\nplace = x\n",
         NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder =
            project_with("sqitch", FILES({"sqitch.plan", PLAN("a" WHO)}, CHANGE("a"),
                                         {"sqitch.conf", cases[i].config}));
        folder_write(&folder, "sealift.conf",
                     FOLDER_CONFIG "[migrations]\nlayout = sqitch\n[value port]\nvalue = Riga\n"
                                   "[value ship]\nsite = true\ndefault = a\n");
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        if (!project_survey(folder.path, &project, &err))
            fail_msg("%s", err.message);
        const char *said = project.findings.count ? project.findings.items[0].message : NULL;
        if (cases[i].says ? !said || !strstr(said, cases[i].says) : said != NULL)
            fail_msg("'%s' does not say '%s'", said, cases[i].says);
        folder_done(&folder);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sqitch_takes_the_order_of_its_plan),
        cmocka_unit_test(sqitch_knows_changes_by_their_id),
        cmocka_unit_test(sqitch_is_refused_by_line),
        cmocka_unit_test(sqitch_has_plan_and_scripts_where_its_configuration_says),
        cmocka_unit_test(sqitch_configurations_are_refused_by_line),
        cmocka_unit_test(sqitch_sets_variables_that_are_told_of),
        cmocka_unit_test(sqitch_follows_no_links),
        cmocka_unit_test(sqitch_without_its_plan_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
