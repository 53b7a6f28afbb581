#include "tests/support/unit_test.h"

#include "tests/unit/migrations/layout_cases.h"

#define HEAD "--liquibase formatted sql\n"

static void each_changeset_is_a_migration(void **state UNUSED)
{
    expect(LAYOUT_LIQUIBASE,
           FILES({"b.sql", HEAD "--changeset ann:1\nSELECT 1;\n-- changeset ann:2 "
                                "runInTransaction:false\nSELECT 2;\n\n"},
                 {"a.SQL", "\n  --  LIQUIBASE  Formatted SQL logicalFilePath:db/other.xml\n"
                           "--ChangeSet \"Bob B.\":\"the first\"\n\n\nSELECT 3;\nSELECT 4\n"}),
           "other:Bob B.:the first: SELECT 3@6|SELECT 4@7 / none\n"
           "b:ann:1: SELECT 1@3 / none\n"
           "b:ann:2 up-alone down-alone: SELECT 2@5 / none\n");
}

/* In order of whole paths, not folder by folder. */
static void files_are_in_order_of_their_paths(void **state UNUSED)
{
#define ONE(id) HEAD "--changeset a:" id "\nSELECT '" id "';\n"
    expect(LAYOUT_LIQUIBASE,
           FILES({"sub/a.sql", ONE("1")}, {"sub-b.sql", ONE("2")}, {"sub/deep/x.sql", ONE("3")},
                 {"notes.txt", "x"}),
           "sub-b:a:2: SELECT '2'@3 / none\n"
           "a:a:1: SELECT '1'@3 / none\n"
           "x:a:3: SELECT '3'@3 / none\n");
    ProjectFolder folder = project_with("auto", FILES({"sub/a.sql", "\n" ONE("1")}));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    assert_int_equal(project.layout, LAYOUT_LIQUIBASE);
    folder_done(&folder);
}

static void a_rollback_is_the_down(void **state UNUSED)
{
    expect(LAYOUT_LIQUIBASE,
           FILES({"a.sql", HEAD "--changeset a:1\nSELECT 1;\n"
                                "--rollback DROP TABLE\n  -- ROLLBACK ship;\n--rollback SELECT -1\n"
                                "--changeset a:2\nSELECT 2;\n/* liquibase rollback\nSELECT\n"
                                "  '--';\n*/\n--rollback SELECT -2;\n"
                                "--changeset a:3\nSELECT 3;\n--rollback empty\n"
                                "--changeset a:4\nSELECT 4;\n--rollback Not Required here\n"
                                "--changeset a:5\nSELECT 5;\n--rollback\n--rollback  \n"}),
           "a:a:1: SELECT 1@3 / DROP TABLE\nship@4|SELECT -1@6\n"
           "a:a:2: SELECT 2@8 / SELECT\n  '--'@10|SELECT -2@13\n"
           "a:a:3: SELECT 3@15 / none\n"
           "a:a:4: SELECT 4@18 / none\n"
           "a:a:5: SELECT 5@21 / none\n");
}

/* Lines that mean something are taken out of the up, which goes on behind them. */
static void marks_are_no_part_of_the_up(void **state UNUSED)
{
    expect(
        LAYOUT_LIQUIBASE,
        FILES({"a.sql", HEAD "--changeset a:1 stripComments:false\n--comment: about it\n"
                             "--validCheckSum ANY\n--preconditions onFail:HALT onError:halt\n"
                             "CREATE FUNCTION f() RETURNS int AS $$\n--rollback SELECT 1;\n"
                             "SELECT 1 $$ LANGUAGE sql;\n--comment more\n\nSELECT\n"
                             "--rollback SELECT 2;\n2;\n"}),
        "a:a:1: CREATE FUNCTION f() RETURNS int AS $$\nSELECT 1 $$ LANGUAGE sql@6|SELECT\n2@11 / "
        "SELECT 1@7|SELECT 2@12\n");
}

static void a_delimiter_that_stands_alone_ends_texts(void **state UNUSED)
{
    expect(LAYOUT_LIQUIBASE,
           FILES({"a.sql", HEAD "--changeset a:1 endDelimiter:/ splitStatements:true\nSELECT 1\n"
                                " / \nSELECT ';'\n/\n--rollback SELECT 3;\n"
                                "--changeset a:2 endDelimiter:;\nSELECT 4;SELECT 5;\n"}),
           "a:a:1: SELECT 1@3|SELECT ';'@5 / SELECT 3@7\n"
           "a:a:2: SELECT 4@9|SELECT 5@9 / none\n");
}

static void changesets_of_other_databases_are_told_of(void **state UNUSED)
{
    static const struct {
        const char *attributes;
        bool read;
    } cases[] = {
        {"dbms:postgresql", true}, {"dbms:mysql,PostgreSQL", true},   {"dbms:mysql", false},
        {"dbms:!mysql", true},     {"dbms:!postgresql", false},       {"dbms:all", true},
        {"dbms:none", false},      {"dbms:\"h2, postgresql\"", true}, {"ignore:true", false},
        {"ignore:false", true},    {"dbms:!oracle,!mysql", true},     {"dbms:h2,!mysql", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text text = {0};
        text_addf(&text, HEAD "--changeset a:1 %s\nSELECT 1;\n", cases[i].attributes);
        ProjectFolder folder = project_with("liquibase", FILES({"a.sql", text_string(&text)}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        if (!project_read(folder.path, &project, &err))
            fail_msg("%s: %s", cases[i].attributes, err.message);
        if (project.migrations.count != cases[i].read ||
            (project.findings.count == 0) != cases[i].read)
            fail_msg("%s: %zu migrations", cases[i].attributes, project.migrations.count);
        folder_done(&folder);
    }
    expect_says("liquibase", FILES({"a.sql", HEAD "--changeset a:1 dbms:h2\nSELECT 1;\n"}),
                FINDING_WARNING, "a.sql:2: the changeset 'a:1' is not read: it is for other");
}

/* A section more at the end of a file. */
static void folder_add(const ProjectFolder *folder, const char *name, const char *section,
                       const char *line)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(memory_freep) char *path = file_path(folder->path, name);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    assert_true(file_read_all(path, 1 << 20, &bytes, &size, &err));
    CLEANUP(memory_freep) char *more = memory_format("%s\n%s%s\n", bytes, section, line);
    folder_write(folder, name, more);
}

/* By what sealift.conf says that liquibase would be called with. */
static void contexts_and_labels_choose(void **state UNUSED)
{
    static const struct {
        const char *config, *attributes, *listing, *says;
    } cases[] = {
        {"contexts = prod", "context:prod", "1", NULL},
        {"contexts = prod", "context:\"test or PROD\"", "1", NULL},
        {"contexts = prod", "contextFilter:!prod", "",
         "a.sql:2: the changeset 'a:1' is not read: its context does not hold"},
        {"contexts = eu,prod", "context:test labels:x", "", "its context does not hold"},
        {"contexts = *", "context:test", "1", NULL},
        {"labels = v2 and !draft", "labels:v2,big", "1", NULL},
        {"labels = v2 and !draft", "labels:v2,draft", "", "its labels are not chosen"},
        {"labels = *", "labels:v2,draft", "1", NULL},
        {"labels = v2", "context:\"\"", "1", NULL},
        {"labels = v2", "labels:", "1", NULL},
        /* where it is not run, no attribute stands in its way */
        {"contexts = prod", "runAlways:true context:test", "", "its context does not hold"},
        {"contexts = prod", "context:test dbms:mysql", "", "for other databases"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text text = {0};
        CLEANUP(text_done) Text found = {0};
        text_addf(&text, HEAD "--changeset a:1 %s\nSELECT 1;\n", cases[i].attributes);
        ProjectFolder folder = project_with("liquibase", FILES({"a.sql", text_string(&text)}));
        folder_add(&folder, "sealift.conf", "[liquibase]\n", cases[i].config);
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        if (!project_read(folder.path, &project, &err))
            fail_msg("%s: %s", cases[i].attributes, err.message);
        array_each (const ProjectMigration, migration, &project.migrations)
            text_add(&found, migration->title);
        assert_string_equal(text_string(&found), cases[i].listing);
        assert_int_equal(project.findings.count, cases[i].says != NULL);
        if (cases[i].says && !strstr(project.findings.items[0].message, cases[i].says))
            fail_msg("'%s'", project.findings.items[0].message);
        folder_done(&folder);
    }
}

/* What is almost a mark is a comment to liquibase, and said. */
static void near_misses_are_told_of(void **state UNUSED)
{
    static const struct {
        const char *lines, *says;
    } cases[] = {
        {"--changset a:2\n", "a.sql:4: this line is no '--changeset author:id' to liquibase"},
        {"-- change-set a:2\n", "a.sql:4: this line is no '--changeset author:id'"},
        {"---changeset a:2\n", "a.sql:4: this line is no '--changeset author:id'"},
        {"--rolback DROP TABLE a;\n", "a.sql:4: this line is no '--rollback STATEMENT'"},
        {"-- roll-back DROP TABLE a;\n", "a.sql:4: this line is no '--rollback STATEMENT'"},
        {"-- changes nothing: b\n-- callback f\n-- result: a\n-- rows: b\n-- c:d\n", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text text = {0};
        text_addf(&text, HEAD "--changeset a:1\nSELECT 1;\n%s", cases[i].lines);
        ProjectFolder folder = project_with("liquibase", FILES({"a.sql", text_string(&text)}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        assert_true(project_read(folder.path, &project, &err));
        if (project.findings.count != (cases[i].says != NULL))
            fail_msg("%s%zu findings", cases[i].lines, project.findings.count);
        if (cases[i].says && !strstr(project.findings.items[0].message, cases[i].says))
            fail_msg("'%s'", project.findings.items[0].message);
        folder_done(&folder);
    }
    expect_says("liquibase", FILES({"a.sql", HEAD "--changset a:1\nSELECT 1;\n"}), FINDING_WARNING,
                "a.sql:2: this line is no '--changeset author:id' to liquibase");
}

static void is_refused_by_line(void **state UNUSED)
{
    static const struct {
        const char *lines; /* behind the header */
        const char *says;
    } cases[] = {
        {"SELECT 1;\n", "a.sql:2: a statement stands outside changesets"},
        {"--changeset a 1\n", "a.sql:2: this is no '--changeset author:id'"},
        {"--changeset a: 1\nSELECT 1;\n", "a.sql:2: this is no '--changeset author:id'"},
        {"--changesets\n", "a.sql:2: this is no '--changeset author:id'"},
        {"--changeset \"a:1\nSELECT 1;\n", "a.sql:2: this is no '--changeset author:id'"},
        {"--changeset a:1\n\n--rollback SELECT 1;\n", "a.sql:2: the changeset holds no SQL"},
        {"--changeset a:1 x\nSELECT 1;\n", "a.sql:2: 'x' is no attribute NAME:VALUE"},
        {"--changeset a:1 labels:\"x\nSELECT 1;\n", "a.sql:2: a quote has no end"},
        {"--changeset a:1 colour:red\nSELECT 1;\n", "a.sql:2: the attribute 'colour' is not known"},
        {"--changeset a:1 runOnChange:true\nS;\n", "'runOnChange:true' cannot be followed"},
        {"--changeset a:1 runAlways:true\nS;\n", "'runAlways:true' cannot be followed"},
        {"--changeset a:1 failOnError:false\nS;\n", "'failOnError:false' cannot be followed"},
        {"--changeset a:1 context:test\nS;\n",
         "a.sql:2: the attribute 'context' chooses by what liquibase is called with"},
        {"--changeset a:1 contextFilter:\"a or b\"\nS;\n", "the attribute 'context' chooses by"},
        {"--changeset a:1 labels:x\nS;\n", "the attribute 'labels' chooses by"},
        {"--changeset a:1 context:a contextFilter:b\nS;\n",
         "'contextFilter' is given a second time"},
        {"--changeset a:1 runWith:psql\nS;\n", "'runWith:psql' cannot be followed"},
        {"--changeset a:1 endDelimiter:\\nGO\nS;\n", "'endDelimiter:\\nGO' cannot be followed"},
        {"--changeset a:1 rollbackEndDelimiter:/\nS;\n", "'rollbackEndDelimiter:/' cannot be"},
        {"--changeset a:1 endDelimiter:/\nSELECT 1/\n", "a.sql:3: the delimiter stands beside"},
        {"--changeset a:1\nS;\n--changeset a:1\nS;\n",
         "a.sql:4: the changeset 'a:a:1' stands twice"},
        {"--changeset a:1\nS;\n--rollback: DROP\n", "a.sql:4: liquibase itself does not see this"},
        {"--changeset a:1\nS;\n/* liquibase rollback S; */\n", ":4: liquibase itself does not see"},
        {"--changeset a:1\nS;\n/* liquibase rollback\nS; */\n", ":5: the rollback's comment ends"},
        {"--changeset a:1\nS;\n/* liquibase rollback\nS;\n",
         ":4: the rollback's comment has no end"},
        {"--changeset a:1\nS;\n--rollback changesetId:1 changesetAuthor:a\n",
         "a.sql:4: the rollback is that of another changeset"},
        {"--changeset a:1\n--preconditions onFail:MARK_RAN\nS;\n", "a.sql:3: the attribute "
                                                                   "'onFail:MARK_RAN' cannot be"},
        {"--changeset a:1\n--preconditions onError:WARN\nS;\n", "'onError:WARN' cannot be"},
        {"--changeset a:1\n--precondition-table-exists table:x\nS;\n", "'table-exists' cannot be"},
        {"--changeset a:1\n--precondition-sql-check expectedResult:t SELECT true\nS;\n",
         "a.sql:3: only a whole number can be expected exactly"},
        {"--changeset a:1\n--precondition-sql-check '1 SELECT 1\nS;\n", "a.sql:3: only a whole"},
        {"--changeset a:1\n--precondition-sql-check\nS;\n", "a.sql:3: only a whole number"},
        {"--changeset a:1\n--precondition-sql-check 1 SELECT 1; SELECT 2\nS;\n",
         "a.sql:3: a sql-check must be one query"},
        {"--changeset a:1\n--precondition-sql-check 1 SELECT 1 -- x\nS;\n", "must be one query"},
        {"--changeset a:1\n--precondition-sql-check 1  ;\nS;\n", "must be one query"},
        {"--property name:x value:y\n", "a.sql:2: a parameter is given a value"},
        {"--changeset a:1\nS;\n--ignoreLines:start\n", "a.sql:4: lines are left out"},
        {"--ignore:2\n", "a.sql:2: lines are left out"},
        {"--changeset a:1\nSELECT '${schema}';\n", "a.sql:3: a parameter of liquibase"},
        {"--changeset a:${id}\nS;\n", "a.sql:2: a parameter of liquibase"},
        {"--changeset a:1\nS;\n/* liquibase rollback\nDROP ${x};\n*/\n",
         ":5: a parameter of liquib"},
        {"--changeset a:\x01\nS;\n", "a.sql:2: the name 'a:a:\\x01' holds a control character"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text text = {0};
        text_addf(&text, HEAD "%s", cases[i].lines);
        expect_says("liquibase", FILES({"a.sql", text_string(&text)}), FINDING_ERROR,
                    cases[i].says);
    }
}

static void a_sql_check_is_a_precheck(void **state UNUSED)
{
    ProjectFolder folder = project_with(
        "liquibase",
        FILES({"a.sql", HEAD "--changeset a:1 runInTransaction:false\n"
                             "--precondition-sql-check expectedResult:0 SELECT count(*) FROM t; \n"
                             "SELECT 1;\n\n"
                             "--changeset a:2\nSELECT 2;\n--precondition-sql-check 3 SELECT 3\n"}));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    CLEANUP(text_done) Text checks = {0};
    if (!project_read(folder.path, &project, &err))
        fail_msg("%s", err.message);
    array_each (const ProjectMigration, migration, &project.migrations) {
        add_statements(&project, migration, PROJECT_PRECHECK, &checks);
        text_add_char(&checks, '\n');
        assert_false(migration->no_transaction[PROJECT_PRECHECK]);
    }
    assert_string_equal(text_string(&checks), "SELECT (SELECT count(*) FROM t)::text = '0'@3\n"
                                              "SELECT (SELECT 3)::text = '3'@8\n");
    folder_done(&folder);
}

/* So a rollback that is added behind them changes no up. */
static void empty_lines_around_the_text_are_no_part_of_it(void **state UNUSED)
{
    ProjectFolder folder = project_with(
        "liquibase", FILES({"a.sql", HEAD "--changeset a:1\n\n--comment x\n\nSELECT 1;\n\n"
                                          "SELECT 2;\n\n--rollback SELECT 3;\n\n"}));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    const ScriptRangeArray *up = &project.migrations.items[0].ranges[PROJECT_UP];
    assert_int_equal(up->count, 1);
    assert_int_equal(up->items[0].first, 6);
    assert_int_equal(up->items[0].last, 8);
    folder_done(&folder);
}

/* Behind what is looked at line by line. */
static void long_lines_hide_no_parameter(void **state UNUSED)
{
    for (size_t length = 4090; length < 65485; length += length == 4100 ? 61365 : 1) {
        CLEANUP(text_done) Text text = {0};
        text_add(&text, HEAD "--changeset a:1\nSELECT 1;\nSELECT '");
        for (size_t i = 0; i < length; i++)
            text_add_char(&text, 'x');
        text_add(&text, "${y}';\n");
        expect_says("liquibase", FILES({"a.sql", text_string(&text)}), FINDING_ERROR,
                    "a.sql:4: a parameter of liquibase");
    }
}

static void files_are_refused_by_name(void **state UNUSED)
{
#define GOOD {"a.sql", HEAD "--changeset a:1\nSELECT 1;\n"}
    expect_says("liquibase", FILES(GOOD, {"b.sql", "\n-- words\nSELECT 1;\n"}), FINDING_ERROR,
                "b.sql:2: there is no '--liquibase formatted sql' before this line");
    expect_says("liquibase",
                FILES(GOOD,
                      {
                          "b.sql",
                          HEAD "\n",
                      }),
                FINDING_WARNING, "'migrations/b.sql' is not read: no changeset stands in it");
    expect_says("liquibase", FILES(GOOD, {"b.sql", "\n"}), FINDING_WARNING,
                "'migrations/b.sql' is not read: nothing stands in it");
    expect_says("liquibase",
                FILES({"a.sql", "--liquibase formatted sql endDelimiter:/\n--changeset a:1\nS;\n"}),
                FINDING_ERROR, "a.sql:1: liquibase itself does not see 'endDelimiter' here");
    expect_says("liquibase", FILES({"a.sql", "--liquibase formatted sql x\n--changeset a:1\nS;\n"}),
                FINDING_ERROR, "a.sql:1: 'x' is no attribute");
    expect_says("liquibase", FILES(GOOD, {"data.json", "{}"}), FINDING_WARNING,
                "'migrations/data.json' is not read: it is no changelog");
}

/* --- changelogs that include files ----------------------------------------------------------- */

#define IN_ORDER "z:a:1: SELECT '1'@3 / none\na:a:2: SELECT '2'@3 / none\n"

static void a_changelog_gives_the_order(void **state UNUSED)
{
    static const File changelogs[] = {
        {"all.yaml", "---\n# words\ndatabaseChangeLog:\n  - include:\n      file: sub/z.sql # z\n"
                     "      relativeToChangelogFile: true\n\n-  include:\n"
                     "    file: 'classpath:migrations/a.sql'\r\n"},
        {"all.xml",
         "<?xml version=\"1.0\"?>\n<!-- <include/> > -->\n<databaseChangeLog xmlns=\"x\"\n"
         " y=\"z\">\n<include file='sub/z.sql' relativeToChangelogFile = \"true\"/>\n"
         "<include relativeToChangelogFile=\"false\" file=\"migrations/a.sql\"></include>\n"
         "</databaseChangeLog>\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(changelogs); i++) {
        File files[] = {{"a.sql", ONE("2")}, {"sub/z.sql", ONE("1")}, changelogs[i], {0}};
        expect(LAYOUT_LIQUIBASE, files, IN_ORDER);
    }
    expect_says("liquibase",
                FILES({"a.sql", ONE("1")}, {"b.sql", ONE("2")},
                      {"m.yml", "databaseChangeLog:\n- include:\n    file: a.sql\n"}),
                FINDING_WARNING,
                "'migrations/b.sql' is not read: the changelog does not include it");
}

static void a_changelog_includes_folders(void **state UNUSED)
{
    static const File changelogs[] = {
        {"all.yaml", "databaseChangeLog:\n- include:\n    file: z.sql\n"
                     "- includeAll:\n    path: ./sub/\n    relativeToChangelogFile: true\n"},
        {"all.yml", "databaseChangeLog:\n- include: \n    file: z.sql\n"
                    "- includeAll:\n    path: classpath:migrations/sub\n"},
        {"all.xml", "<databaseChangeLog><include file=\"z.sql\"/>\n"
                    "<includeAll path='/sub//'></includeAll></databaseChangeLog>\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(changelogs); i++) {
        File files[] = {{"sub/b.sql", ONE("3")}, {"sub/a/x.sql", ONE("2")},
                        {"z.sql", ONE("1")},     {"sub/notes.txt", "none"},
                        changelogs[i],           {0}};
        expect(LAYOUT_LIQUIBASE, files,
               "z:a:1: SELECT '1'@3 / none\n"
               "x:a:2: SELECT '2'@3 / none\n"
               "b:a:3: SELECT '3'@3 / none\n");
    }
    expect(LAYOUT_LIQUIBASE,
           FILES({"b.sql", ONE("1")}, {"x/a.sql", ONE("2")},
                 {"m.xml", "<databaseChangeLog>\n<includeAll path=\"./\" "
                           "relativeToChangelogFile=\"true\"/></databaseChangeLog>"}),
           "b:a:1: SELECT '1'@3 / none\n"
           "a:a:2: SELECT '2'@3 / none\n");
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"path: none", "m.yaml:2: no .sql file stands in 'none'"},
        {"path: ''", "m.yaml:3: this cannot be read: 'path'"},
        {"file: x.sql", "m.yaml:3: this cannot be read: 'file'"},
        {"relativeToChangelogFile: true", "m.yaml:2: an include without its 'path'"},
        {"filter: x", "m.yaml:3: this cannot be read: 'filter'"},
        {"path: sub", "m.yaml:2: several folders may be meant by 'sub'"},
        {"path: a/sub\n- include:\n    file: a/sub/x.sql",
         "m.yaml:4: the file is included twice: 'a/sub/x.sql'"},
        {"path: a/sub\n- includeAll:\n    path: a",
         "m.yaml:4: the file is included twice: 'migrations/a/sub/x.sql'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep)
        char *yaml = memory_format("databaseChangeLog:\n- includeAll:\n    %s\n", cases[i].line);
        expect_says("liquibase",
                    FILES({"a/sub/x.sql", ONE("1")}, {"b/sub/y.sql", ONE("2")}, {"m.yaml", yaml}),
                    FINDING_ERROR, cases[i].says);
    }
}

/* What an include says must hold as well as what the changeset says. */
static void contexts_and_labels_of_an_include_choose(void **state UNUSED)
{
    static const struct {
        const char *config, *include, *listing, *says;
    } cases[] = {
        {"contexts = prod\nlabels = v2", "context='prod or test' labels='v2,v3'", "123", NULL},
        {"contexts = test\nlabels = v2", "contextFilter='test'", "13",
         "sub/b.sql:2: the changeset 'a:2' is not read: its context does not hold"},
        {"contexts = prod\nlabels = v2", "context='!prod'", "3",
         "'migrations/sub/a.sql' is not read: its context does not hold"},
        {"contexts = prod\nlabels = v2", "labels='v3'", "3",
         "'migrations/sub/a.sql' is not read: its labels are not chosen"},
        {"contexts = *\nlabels = *", "context='none' labels='none'", "123", NULL},
        {"contexts = prod\nlabels = v2", "context='!!a'", "3",
         "m.xml:1: the attribute 'context': the expression '!!a'"},
        {"contexts = prod\n[foreign-history]\nkeep = true", "context='prod'", "3",
         "m.xml:1: [foreign-history] keep cannot note the context and labels of an include: 'sub'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text changelog = {0};
        CLEANUP(text_done) Text found = {0};
        text_addf(&changelog,
                  "<databaseChangeLog><includeAll path='sub' relativeToChangelogFile='true' %s/>"
                  "<include file='z.sql'/></databaseChangeLog>",
                  cases[i].include);
        ProjectFolder folder =
            project_with("liquibase", FILES({"m.xml", text_string(&changelog)},
                                            {"sub/a.sql", HEAD "--changeset a:1\nSELECT 1;\n"},
                                            {"sub/b.sql", HEAD "--changeset a:2 context:prod\n"
                                                               "SELECT 2;\n"},
                                            {"z.sql", HEAD "--changeset a:3\nSELECT 3;\n"}));
        folder_add(&folder, "sealift.conf", "[liquibase]\nversion = 4.28.0\nfolder = .\n",
                   cases[i].config);
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        bool said = !cases[i].says;
        if (!project_survey(folder.path, &project, &err))
            fail_msg("%s: %s", cases[i].include, err.message);
        array_each (const ProjectMigration, migration, &project.migrations)
            text_add(&found, migration->title);
        assert_string_equal(text_string(&found), cases[i].listing);
        array_each (const Finding, finding, &project.findings)
            said |= cases[i].says && strstr(finding->message, cases[i].says);
        if (!said || (project.findings.count && !cases[i].says))
            fail_msg("%s: %zu findings", cases[i].include, project.findings.count);
        folder_done(&folder);
    }
}

static void a_changelog_that_does_more_is_refused_by_line(void **state UNUSED)
{
#define YAML "databaseChangeLog:\n- include:\n    file: a.sql\n"
#define XML  "<databaseChangeLog>\n<include file=\"a.sql\"/>\n"
    static const struct {
        const char *name, *bytes, *says;
    } cases[] = {
        {"m.yaml", YAML "- changeSet:\n    id: 1\n",
         "m.yaml:4: this cannot be read: '- changeSet:'"},
        {"m.yaml", YAML "    context: x\n",
         "m.yaml:2: the attribute 'context' chooses by what liquibase is called with"},
        {"m.yaml", YAML "    labels: x\n",
         "m.yaml:2: the attribute 'labels' chooses by what liquibase is called with"},
        {"m.yaml", YAML "    context: x\n    contextFilter: x\n",
         "m.yaml:5: this cannot be read: 'contextFilter'"},
        {"m.yaml", YAML "    errorIfMissing: false\n",
         "m.yaml:4: this cannot be read: 'errorIfMissing'"},
        {"m.yaml", YAML "    relativeToChangelogFile: yes\n",
         "m.yaml:4: this cannot be read: 'relativeToChangelogFile'"},
        {"m.yaml", YAML "    file: b.sql\n", "m.yaml:4: this cannot be read: 'file'"},
        {"m.yaml", "databaseChangeLog:\n- include:\n", "m.yaml:2: an include without its 'file'"},
        {"m.yaml", "x: 1\ndatabaseChangeLog:\n", "m.yaml:1: this cannot be read: 'x: 1'"},
        {"m.yaml", YAML "- include:\n    file: none.sql\n",
         "m.yaml:4: there is no such .sql file in the folder: 'none.sql'"},
        {"m.yaml", YAML "- include:\n    file: migrations/a.sql\n",
         "m.yaml:4: the file is included twice: 'migrations/a.sql'"},
        {"m.yaml", "databaseChangeLog:\n- include:\n    file: twin.sql\n",
         "m.yaml:2: several files may be meant by 'twin.sql'"},
        {"m.xml", XML "<includeAlls path='x'/>",
         "m.xml:3: this cannot be read: 'includeAlls path='x'/'"},
        {"m.xml", XML "\n<include file='&x;'/>", "m.xml:4: an entity cannot be read: '&x;'"},
        {"m.xml", XML "<include file=b.sql/>", "m.xml:3: this cannot be read: 'file=b.sql/'"},
        {"m.xml", XML "words", "m.xml:3: this cannot be read: 'words'"},
        {"m.xml", "<databaseChangeLog logicalFilePath='x'>",
         "m.xml:1: this cannot be read: 'logicalFilePath'"},
        {"m.xml", "<databaseChangeLog contextFilter='x'>",
         "m.xml:1: this cannot be read: 'context'"},
        {"m.xml", "<!DOCTYPE databaseChangeLog>",
         "m.xml:1: this cannot be read: '!DOCTYPE databaseChangeLog'"},
        {"m.json", "{\"databaseChangeLog\": []}",
         "m.json:1: a changelog in JSON is not read: 'migrations/m.json'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("liquibase",
                    FILES({"a.sql", ONE("1")}, {"x/twin.sql", ONE("2")}, {"y/twin.sql", ONE("3")},
                          {cases[i].name, cases[i].bytes}),
                    FINDING_ERROR, cases[i].says);
    expect_says("liquibase", FILES({"a.sql", ONE("1")}, {"m.yaml", YAML}, {"n.xml", XML}),
                FINDING_ERROR,
                "'migrations/n.xml' is a second changelog beside 'migrations/m.yaml'");
}

static void comments_that_liquibase_strips_are_told_of(void **state UNUSED)
{
#define BODY "CREATE FUNCTION f() RETURNS int AS $f_1$\nSELECT 1 -- one\n$f_1$ LANGUAGE sql;\n"
    expect_says("liquibase", FILES({"a.sql", HEAD "--changeset a:1\n" BODY}), FINDING_WARNING,
                "a.sql:4: a comment in a dollar quote is kept; liquibase strips it");
    expect(LAYOUT_LIQUIBASE,
           FILES({"a.sql", HEAD "--changeset a:1 stripComments:false\nSELECT 1; -- $$\n"}),
           "a:a:1: SELECT 1@3 / none\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_changeset_is_a_migration),
        cmocka_unit_test(files_are_in_order_of_their_paths),
        cmocka_unit_test(a_rollback_is_the_down),
        cmocka_unit_test(marks_are_no_part_of_the_up),
        cmocka_unit_test(a_delimiter_that_stands_alone_ends_texts),
        cmocka_unit_test(changesets_of_other_databases_are_told_of),
        cmocka_unit_test(is_refused_by_line),
        cmocka_unit_test(a_sql_check_is_a_precheck),
        cmocka_unit_test(empty_lines_around_the_text_are_no_part_of_it),
        cmocka_unit_test(long_lines_hide_no_parameter),
        cmocka_unit_test(files_are_refused_by_name),
        cmocka_unit_test(a_changelog_gives_the_order),
        cmocka_unit_test(a_changelog_includes_folders),
        cmocka_unit_test(contexts_and_labels_of_an_include_choose),
        cmocka_unit_test(a_changelog_that_does_more_is_refused_by_line),
        cmocka_unit_test(contexts_and_labels_choose),
        cmocka_unit_test(near_misses_are_told_of),
        cmocka_unit_test(comments_that_liquibase_strips_are_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
