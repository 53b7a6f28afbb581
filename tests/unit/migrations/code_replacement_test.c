#include "tests/support/unit_test.h"

#include "migrations/code_replacement.h"
#include "migrations/project_files.h"
#include "tests/unit/migrations/layout_cases.h"

#define PROGRAM  "package main\n"
#define UP       ".sealift.sql"
#define DOWN     ".sealift.down.sql"
#define REPLACES "-- sealift: replaces "

/* b2sum of PROGRAM */
#define DIGEST                                                                                     \
    "8dbf5122f50c03674ff808cd04fba039c2bdadcd9cee47d7e810f5af0dec78a8"                             \
    "62966cbc93c2841add6ea6a3655b43c0bb929a418458d05ef4f6dead88c3d7a9"
#define LINE(name) REPLACES name " blake2b " DIGEST "\n"

static void the_sql_takes_the_programs_place(void **state UNUSED)
{
    static const struct {
        Layout layout;
        const char *before, *program, *behind, *listing;
    } cases[] = {
        {LAYOUT_GOOSE, "00001_a.sql", "00002_b.go", "00003_c.sql", "00001_a 00002_b 00003_c "},
        {LAYOUT_DBMATE, "1_a.sql", "2_b.py", "3_c.sql", "1_a 2_b 3_c "},
        {LAYOUT_NODE_PG, "1700000000000_a.sql", "20240102000000000_b.ts", "20250101000000000_c.sql",
         "1700000000000_a 20240102000000000_b 20250101000000000_c "},
        {LAYOUT_SQLX, "9_a.sql", "10_b.rs", "11_c.sql", "9_a 10_b 11_c "},
        {LAYOUT_GOLANG_MIGRATE, "9_a.up.sql", "10_b.go", "11_c.up.sql", "9_a 10_b 11_c "},
        {LAYOUT_SEALIFT, "0009_a.up.sql", "0010_b.rb", "0011_c.up.sql", "0009_a 0010_b 0011_c "},
        {LAYOUT_FLYWAY, "V9__a.sql", "V10__b.java", "V11__c.sql", "V9__a V10__b V11__c "},
        {LAYOUT_POPX, "1_a.up.sql", "2_b.fizz", "3_c.postgres.up.sql", "1_a 2_b 3_c "},
        {LAYOUT_NUMBERED_FOLDERS, "9/1_a.sql", "9/2_b.js", "10/1_c.sql", "9:1_a 9:2_b 10:1_c "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep) char *up = memory_format("%s" UP, cases[i].program);
        CLEANUP(memory_freep)
        char *line = memory_format(REPLACES "%s blake2b " DIGEST "\nSELECT 2;\n",
                                   file_base_name(cases[i].program));
        const char *sql = cases[i].layout == LAYOUT_GOOSE ? "-- +goose Up\nSELECT 1;\n"
                          : cases[i].layout == LAYOUT_DBMATE
                              ? "-- migrate:up\nSELECT 1;\n-- migrate:down\n"
                          : cases[i].layout == LAYOUT_NODE_PG ? "-- Up Migration\nSELECT 1;\n"
                                                              : "SELECT 1;\n";
        ProjectFolder folder =
            project_with("auto", FILES({cases[i].before, sql}, {cases[i].program, PROGRAM},
                                       {up, line}, {cases[i].behind, sql}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        CLEANUP(project_files_done) ProjectFileArray files = {0};
        CLEANUP(text_done) Text found = {0};
        if (!project_read(folder.path, &project, &err))
            fail_msg("%s: %s", layout_name(cases[i].layout), err.message);
        assert_string_equal(layout_name(project.layout), layout_name(cases[i].layout));
        array_each (const ProjectMigration, migration, &project.migrations)
            text_addf(&found, "%s ", migration->identity);
        assert_string_equal(text_string(&found), cases[i].listing);
        assert_true(project_files_list(&project, &files, &err));
        assert_int_equal(project_files_count(&files, PROJECT_FILE_READ), 4);
        folder_done(&folder);
    }
}

static void up_and_down_are_read_as_scripts(void **state UNUSED)
{
    expect(LAYOUT_GOOSE,
           FILES({"1_a.sql", "-- +goose Up\nSELECT 1;\n"}, {"2_b.go", PROGRAM},
                 {"2_b.go" UP, "\xef\xbb\xbf" REPLACES "2_b.go blake2b " DIGEST " \r\n"
                               "-- sealift: idempotent\r\nSELECT 2;\r\n"},
                 {"2_b.go" DOWN, LINE("2_b.go") "SELECT -2;\n"}),
           "1_a: SELECT 1@2 / none\n"
           "2_b: SELECT 2@3 / SELECT -2@2\n");
}

/* A program may be one half of a pair, whichever language the other half is in. */
static void a_program_is_one_half_of_its_pair(void **state UNUSED)
{
    const File *files = FILES(
        {"1_a.up.sql", "SELECT 1;\n"}, {"1_a.down.fizz", PROGRAM},
        {"1_a.down.fizz" UP, LINE("1_a.down.fizz") "SELECT -1;\n"}, {"2_b.up.fizz", PROGRAM},
        {"2_b.up.fizz" UP, LINE("2_b.up.fizz") "SELECT 2;\n"}, {"2_b.down.sql", "SELECT -2;\n"},
        {"3_c.up.fizz", PROGRAM}, {"3_c.up.fizz" UP, LINE("3_c.up.fizz") "SELECT '{{ 3 }}';\n"},
        {"3_c.up.fizz" DOWN, LINE("3_c.up.fizz") "SELECT -3;\n"});
    static const char listing[] = "1_a: SELECT 1@1 / SELECT -1@2\n"
                                  "2_b: SELECT 2@2 / SELECT -2@1\n"
                                  "3_c: SELECT '{{ 3 }}'@2 / SELECT -3@2\n";
    expect(LAYOUT_GOLANG_MIGRATE, files, listing);
    expect(LAYOUT_POPX,
           FILES({"1_a.pg.up.sql", "SELECT 1;\n"}, {"1_a.down.fizz", PROGRAM},
                 {"1_a.down.fizz" UP, LINE("1_a.down.fizz") "SELECT -1;\n"},
                 {"2_b.up.fizz", PROGRAM},
                 {"2_b.up.fizz" UP, LINE("2_b.up.fizz") "SELECT '{{ 2 }}';\n"},
                 {"2_b.up.fizz" DOWN, LINE("2_b.up.fizz") "SELECT -2;\n"}),
           "1_a: SELECT 1@1 / SELECT -1@2\n"
           "2_b: SELECT '{{ 2 }}'@2 / SELECT -2@2\n");
    expect_says("golang-migrate", FILES({"1_a.up.sql", "SELECT 1;\n"}, {"1_a.down.go", PROGRAM}),
                FINDING_ERROR, "'migrations/1_a.down.go' is a migration written in");
    expect_says("golang-migrate",
                FILES({"1_a.up.go", PROGRAM}, {"1_a.up.go" UP, LINE("1_a.up.go") "SELECT 1;\n"},
                      {"1_b.up.sql", "SELECT 2;\n"}),
                FINDING_ERROR, "the version of 'migrations/1_b.up.sql' stands twice");
    expect_says("golang-migrate",
                FILES({"1_a.up.sql", "SELECT 1;\n"}, {"1_a.down.go", PROGRAM},
                      {"1_a.down.go" UP, REPLACES "1_a.down.go blake2b 00\nSELECT -1;\n"}),
                FINDING_ERROR, "'migrations/1_a.down.go' has changed since");
}

/* No step of a sequence is passed over because its language is a rare one. */
static void programs_of_every_language_are_refused(void **state UNUSED)
{
    static const char *const names[] = {"2_b.cts", "2_b.mts", "2_b.coffee", "2_b.ls",   "2_b.exs",
                                        "2_b.clj", "2_b.fs",  "2_b.swift",  "2_b.bash", "2_b.GO"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        expect_says("node-pg-migrate", FILES({"1_a.sql", "SELECT 1;"}, {names[i], PROGRAM}),
                    FINDING_ERROR, names[i]);
}

static void lists_of_operations_are_refused(void **state UNUSED)
{
    static const struct {
        const char *name, *bytes;
    } cases[] = {
        {"02_b.yaml", "operations:\n  - sql:\n      up: SELECT 1\n"},
        {"02_b.yml", "# two\nversion_schema: b\noperations: []\n"},
        {"02_b.json", "{\"version_schema\": \"operations\", \"operations\" :\n[]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        expect_says("auto", FILES({cases[i].name, cases[i].bytes}), FINDING_ERROR,
                    "is a migration of pgroll");
        expect_says("goose", FILES({"1_a.sql", "-- +goose Up\n"}, {cases[i].name, cases[i].bytes}),
                    FINDING_ERROR, cases[i].name);
    }
    /* files of data, and of other names */
    expect(LAYOUT_SQLX,
           FILES({"1_a.sql", "SELECT 1;"}, {"2_b.json", "{\"name\": \"operations\"}"},
                 {"3_c.yaml", "- operations:\n  operations: x\n"}, {"x.yaml", "operations:\n"}),
           "1_a: SELECT 1@1 / none\n");
}

/* What the layout's tool puts into scripts it puts into none of ours. */
static void is_read_as_it_stands(void **state UNUSED)
{
    expect(LAYOUT_FLYWAY,
           FILES({"V1__a.sql", "SELECT 1;\n"}, {"V2__b.java", PROGRAM},
                 {"V2__b.java" UP, LINE("V2__b.java") "SELECT '${a}';\n"},
                 {"V2__b.java" DOWN, LINE("V2__b.java") "SELECT '${b}';\n"}),
           "V1__a: SELECT 1@1 / none\n"
           "V2__b: SELECT '${a}'@2 / SELECT '${b}'@2\n");
}

static void is_refused_by_name(void **state UNUSED)
{
    static const struct {
        const char *name;
        const char *bytes;
        const char *says;
    } cases[] = {
        {"readme.txt", "x", "'migrations/2_b.go' is a migration written in a programming language"},
        {"2_b.go" DOWN, LINE("2_b.go"), "'migrations/2_b.go" DOWN "' replaces nothing"},
        {"2_b.go" UP, "SELECT 1;\n", "2_b.go" UP "' does not say in its first line that it repl"},
        {"2_b.go" UP, "", "does not say in its first line"},
        {"2_b.go" UP, "\n" LINE("2_b.go"), "does not say in its first line"},
        {"2_b.go" UP, LINE("2_x.go"),
         "does not say in its first line that it replaces 'migrations"},
        {"2_b.go" UP, REPLACES "2_b.go blake2b 00\n",
         "'migrations/2_b.go' has changed since 'migrations/2_b.go" UP
         "' was written for it: its digest is now " DIGEST},
        {"2_b.go" UP, REPLACES "2_b.go blake2b " DIGEST "0\n", "has changed since"},
        {"3_c.go" UP, LINE("3_c.go"), "'migrations/3_c.go" UP "' replaces nothing: 'migrations/3_"},
        {"3_c.go" UP, REPLACES "3_c.go blake2b 00\n", "is no migration of the layout"},
        {"3_c.go" UP, LINE("3_c.go"), "'migrations/3_c.go' is not there"},
        {"below/x.go" UP, LINE("x.go"), "'migrations/below/x.go" UP "' replaces nothing"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("goose",
                    FILES({"1_a.sql", "-- +goose Up\nSELECT 1;\n"}, {"2_b.go", PROGRAM},
                          {cases[i].name, cases[i].bytes}),
                    FINDING_ERROR, cases[i].says);
}

/* The number of a program may be that of a script. */
static void twins_are_refused(void **state UNUSED)
{
    static const struct {
        const char *layout, *program, *script;
    } cases[] = {
        {"sealift", "0002_b.go", "0002_b.up.sql"},
        {"sealift", "0002_b.ts", "0002_a.up.sql"},
        {"golang-migrate", "2_b.go", "2_a.up.sql"},
        {"golang-migrate", "2_b.go", "2_c.up.sql"},
        {"popx", "2_b.go", "2_b.up.sql"},
        {"sqlx", "2_b.rs", "2_b.sql"},
        {"numbered-folders", "1/2_b.go", "1/2_b.sql"},
        {"flyway", "V2__b.java", "V2__b.sql"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep) char *up = memory_format("%s" UP, cases[i].program);
        CLEANUP(memory_freep)
        char *line = memory_format(LINE("%s"), file_base_name(cases[i].program));
        expect_says(cases[i].layout,
                    FILES({cases[i].program, PROGRAM}, {up, line}, {cases[i].script, "SELECT 1;"}),
                    FINDING_ERROR, "stands");
    }
    expect_says("popx",
                FILES({"2_b.go", PROGRAM}, {"2_b.go" UP, LINE("2_b.go")}, {"2_c.go", PROGRAM},
                      {"2_c.go" UP, LINE("2_c.go")}),
                FINDING_ERROR, "stands twice");
}

static void the_directive_is_none_elsewhere(void **state UNUSED)
{
    ProjectFolder folder =
        project_with("sqlx", FILES({"1_a.sql", LINE("2_b.go") "SELECT 1;"}, {"2_b.go", PROGRAM},
                                   {"2_b.go" UP, LINE("2_b.go") LINE("2_b.go") "SELECT 1;"}));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(script_done) Script script = {0};
        assert_false(project_script_read(&project, &project.migrations.items[i], PROJECT_UP, NULL,
                                         &script, &err));
        assert_int_equal(err.class, ERROR_INPUT);
        assert_non_null(
            strstr(err.message, i ? ".sql:2: unknown directive" : "1_a.sql:1: unknown"));
        error_done(&err);
    }
    folder_done(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sql_takes_the_programs_place),
        cmocka_unit_test(up_and_down_are_read_as_scripts),
        cmocka_unit_test(a_program_is_one_half_of_its_pair),
        cmocka_unit_test(programs_of_every_language_are_refused),
        cmocka_unit_test(lists_of_operations_are_refused),
        cmocka_unit_test(is_read_as_it_stands),
        cmocka_unit_test(is_refused_by_name),
        cmocka_unit_test(twins_are_refused),
        cmocka_unit_test(the_directive_is_none_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
