#include "tests/support/unit_test.h"

#include "tests/unit/migrations/layout_cases.h"

static void reads_versions_by_number(void **state UNUSED)
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

static void is_refused_by_name(void **state UNUSED)
{
    static const SaysCase cases[] = {
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
static void leaves_placeholders_where_the_settings_say(void **state UNUSED)
{
    static const char *const settings[] = {"flyway.placeholderReplacement=false\n",
                                           "# x\n[flyway]\nplaceholderReplacement = false\n"};
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        expect(LAYOUT_FLYWAY,
               FILES({"V1__a.sql", "SELECT '${x}';"},
                     {i ? "flyway.toml" : "flyway.conf", settings[i]}),
               "V1__a: SELECT '${x}'@1 / none\n");
}

/* flyway's numbers have no largest one; a description may be left out. */
static void reads_versions_of_any_length(void **state UNUSED)
{
    expect(LAYOUT_FLYWAY,
           FILES({"V20230101120000123457__later.sql", "SELECT 3;"},
                 {"V20230101120000123456__micros.sql", "SELECT 2;"}, {"V1_02.sql", "SELECT 1;"},
                 {"U01.2__x.sql", "SELECT -1;"}, {"V1.10__.sql", "SELECT 10;"},
                 {"V0__a.sql", "SELECT 0;"}),
           "V0__a: SELECT 0@1 / none\n"
           "V1_02: SELECT 1@1 / SELECT -1@1\n"
           "V1.10__: SELECT 10@1 / none\n"
           "V20230101120000123456__micros: SELECT 2@1 / none\n"
           "V20230101120000123457__later: SELECT 3@1 / none\n");
    expect_says("flyway", FILES({"V1.sql", "SELECT 1;"}, {"V01.0__a.sql", "SELECT 1;"}),
                FINDING_ERROR, "stands twice");
    /* flyway itself takes none of these for a version */
    static const char *const names[] = {"V1..2__a.sql", "V1a__b.sql", "Views.sql", "V__a.sql",
                                        "V.1__a.sql",   "V1_.sql",    "v1__a.sql"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        expect_says("flyway", FILES({"V1__a.sql", "SELECT 1;"}, {names[i], "SELECT 1;"}),
                    FINDING_WARNING, names[i]);
}

/* It stands for versions that are gone; of several, the latest does. */
static void a_baseline_is_first_where_nothing_stands_before(void **state UNUSED)
{
    expect(LAYOUT_FLYWAY,
           FILES({"V6__f.sql", "SELECT 6;"}, {"B5__base.sql", "SELECT 5;"},
                 {"old/B4.1__base.sql", "SELECT 4;"}, {"B6.1__later.sql", "SELECT 61;"}),
           "B5__base: SELECT 5@1 / none\nV6__f: SELECT 6@1 / none\n");
    expect_says("flyway", FILES({"V6__f.sql", "x"}, {"B5.sql", "x"}, {"B4__a.sql", "SELECT 4;"}),
                FINDING_WARNING, "'migrations/B4__a.sql' is not read: a later baseline stands");
    expect_says("flyway", FILES({"V6__f.sql", "x"}, {"B5.sql", "x"}, {"B6__a.sql", "SELECT 4;"}),
                FINDING_WARNING, "'migrations/B6__a.sql' is not read: it is a baseline of");
    expect_says("flyway", FILES({"V6__f.sql", "x"}, {"B5.sql", "x"}, {"B05__a.sql", "SELECT 4;"}),
                FINDING_ERROR, "the version of 'migrations/B5.sql' stands twice");
}

static void settings_that_rename_migrations_are_refused_by_line(void **state UNUSED)
{
    static const struct {
        const char *name, *bytes, *says;
    } cases[] = {
        {"flyway.conf", "flyway.sqlMigrationPrefix=M\n",
         "migrations/flyway.conf:1: sqlMigrationPrefix is 'M'"},
        {"flyway.conf", "\nflyway.sqlMigrationSuffixes=.sql,.ddl\n",
         "migrations/flyway.conf:2: sqlMigrationSuffixes is '.sql,.ddl'"},
        {"flyway.toml", "[flyway]\nsqlMigrationSuffixes = [\".sql\", \".ddl\"] # two\n",
         "migrations/flyway.toml:2: sqlMigrationSuffixes is '.sql,.ddl'"},
        {"flyway.toml", "[flyway]\nsqlMigrationSeparator = \"-\" # one\n",
         "migrations/flyway.toml:2: sqlMigrationSeparator is '-'"},
        {"flyway.toml", "flyway.repeatableSqlMigrationPrefix = 'X'\n",
         "migrations/flyway.toml:1: repeatableSqlMigrationPrefix is 'X'"},
        {"flyway.conf", "flyway.undoSqlMigrationPrefix=u\n", "undoSqlMigrationPrefix is 'u'"},
        {"flyway.conf", "flyway.baselineMigrationPrefix=X\n", "baselineMigrationPrefix is 'X'"},
        {"flyway.conf", "flyway.encoding=ISO-8859-1\n", "encoding is 'ISO-8859-1'"},
        {"flyway.conf", "flyway.executeInTransaction=false\n", "executeInTransaction is 'false'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("flyway", FILES({"V1__a.sql", "SELECT 1;"}, {cases[i].name, cases[i].bytes}),
                    FINDING_ERROR, cases[i].says);
}

static void settings_that_change_nothing_are_no_findings(void **state UNUSED)
{
    static const char conf[] = "# flyway.sqlMigrationPrefix=M\nflyway.sqlMigrationPrefix=V\n"
                               "flyway.sqlMigrationSuffixes=.sql\nflyway.encoding=utf-8\n"
                               "flyway.executeInTransaction=TRUE\nflyway.schemas=public,more\n";
    static const char toml[] = "[flyway]\nsqlMigrationSuffixes = [ \".sql\" ]\n"
                               "[flyway.check]\nencoding = \"latin1\"\n"
                               "[environments.default]\nschemas = [\"public\"]\nencoding = 'x'\n"
                               "[environments.test]\nschemas = [\"test\"]\n";
    ProjectFolder folder = project_with(
        "auto", FILES({"V1__a.sql", "SELECT 1;"}, {"flyway.conf", conf}, {"../flyway.toml", toml}));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_survey(folder.path, &project, &err));
    if (project.findings.count)
        fail_msg("%s", project.findings.items[0].message);
    folder_done(&folder);
}

/* Names without a schema would go elsewhere than with flyway. */
static void another_first_schema_is_told_of(void **state UNUSED)
{
    static const struct {
        const char *name, *bytes, *says;
    } cases[] = {
        {"flyway.conf", "flyway.schemas=app,public\n",
         "migrations/flyway.conf:1: flyway's search path begins with 'app', the project's with "
         "'public'"},
        {"flyway.conf", "flyway.defaultSchema=main\nflyway.schemas=app\n", "begins with 'main'"},
        {"flyway.conf", "flyway.schemas=app\nflyway.defaultSchema=main\n", "begins with 'main'"},
        {"../flyway.toml", "[environments.default]\nschemas = [ \"app\", \"more\" ]\n",
         "flyway.toml:2: flyway's search path begins with 'app'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("flyway", FILES({"V1__a.sql", "SELECT 1;"}, {cases[i].name, cases[i].bytes}),
                    FINDING_WARNING, cases[i].says);
}

static void placeholders_of_the_settings_are_told_of(void **state UNUSED)
{
    static const struct {
        const char *name, *bytes, *says; /* NULL: nothing is said */
    } cases[] = {
        {"flyway.conf", "flyway.placeholders.place=quay\n",
         "flyway.conf:1: the placeholder 'place' is not read"},
        {"flyway.conf", "flyway.placeholders.port=Kiel\n",
         "flyway.conf:1: the placeholder 'port' is 'Kiel' here, and 'Riga' in sealift.conf"},
        {"flyway.conf", "flyway.placeholders.port = Riga on Daugava \n",
         "the placeholder 'port' is 'Riga on Daugava' here, and 'Riga' in sealift.conf"},
        {"flyway.toml", "[flyway.placeholders]\nport = \"Kiel\" # x\n",
         "toml:2: the placeholder 'port'"},
        {"flyway.toml", "[flyway]\nplaceholders.place = 'x'\n", "'place' is not read"},
        {"flyway.conf", "flyway.placeholders.Port=Riga\nflyway.placeholders.ship=x\n", NULL},
        {"flyway.toml", "[environments.default.flyway.placeholders]\nplace = 'x'\n", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder = project_with(
            "flyway", FILES({"V1__a.sql", "SELECT 1;"}, {cases[i].name, cases[i].bytes}));
        folder_write(&folder, "sealift.conf",
                     FOLDER_CONFIG "[migrations]\nlayout = flyway\n[value port]\nvalue = Riga\n"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_versions_by_number),
        cmocka_unit_test(is_refused_by_name),
        cmocka_unit_test(leaves_placeholders_where_the_settings_say),
        cmocka_unit_test(reads_versions_of_any_length),
        cmocka_unit_test(a_baseline_is_first_where_nothing_stands_before),
        cmocka_unit_test(settings_that_rename_migrations_are_refused_by_line),
        cmocka_unit_test(settings_that_change_nothing_are_no_findings),
        cmocka_unit_test(another_first_schema_is_told_of),
        cmocka_unit_test(placeholders_of_the_settings_are_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
