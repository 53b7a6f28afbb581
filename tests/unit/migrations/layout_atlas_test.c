#include "tests/support/unit_test.h"

#include "base/digest.h"
#include "tests/unit/migrations/layout_cases.h"

/* One line of atlas.sum for each file, hashes going on from file to file; then the first line. */
static char *sum_of(const File *files)
{
    CLEANUP(text_done) Text lines = {0};
    char hash[DIGEST_SHA256_BASE64_SIZE];
    Sha256Stream stream, total;
    digest_sha256_begin(&stream);
    digest_sha256_begin(&total);
    for (const File *file = files; file->name; file++) {
        digest_sha256_update(&stream, file->name, strlen(file->name));
        if (text_has_prefix(file->bytes, "-- atlas:sum ignore\n"))
            continue;
        digest_sha256_update(&stream, file->bytes, strlen(file->bytes));
        digest_sha256_so_far(&stream, hash);
        text_addf(&lines, "%s h1:%s\n", file->name, hash);
        digest_sha256_update(&total, file->name, strlen(file->name));
        digest_sha256_update(&total, hash, strlen(hash));
    }
    return memory_format("h1:%s\n%s", digest_sha256_so_far(&total, hash), text_string(&lines));
}

/* The files with their sum beside them; the caller frees *ret_sum behind them. */
#define FILES_MAX 8
static const File *summed(const File *files, File with_sum[FILES_MAX], char **ret_sum)
{
    size_t count = 0;
    *ret_sum = sum_of(files);
    for (; files[count].name; count++)
        with_sum[count] = files[count];
    with_sum[count++] = (File){"atlas.sum", *ret_sum};
    with_sum[count] = (File){NULL, NULL};
    return with_sum;
}

static void expect_atlas(const File *files, const char *listing)
{
    File with_sum[FILES_MAX];
    CLEANUP(memory_freep) char *sum = NULL;
    expect(LAYOUT_ATLAS, summed(files, with_sum, &sum), listing);
}

static void expect_atlas_says(const File *files, FindingSeverity severity, const char *says)
{
    File with_sum[FILES_MAX];
    CLEANUP(memory_freep) char *sum = NULL;
    expect_says("atlas", summed(files, with_sum, &sum), severity, says);
}

static void reads_names_in_byte_order(void **state UNUSED)
{
    expect_atlas(FILES({"10.sql", "SELECT 10;"}, {"1_a.sql", "SELECT 1;"},
                       {"9_b.sql", "-- a\n-- atlas:txmode none\n \t\nSELECT 9;"},
                       {"x_y_z.sql", "-- atlas:nolint\nSELECT 'atlas:import';\n-- atlas:nolint "
                                     "DS101\nSELECT 2; -- see atlas:txmode\n"}),
                 "10: SELECT 10@1 / none\n"
                 "1_a: SELECT 1@1 / none\n"
                 "9_b up-alone: SELECT 9@4 / none\n"
                 "x_y_z: SELECT 'atlas:import'@2|SELECT 2@4 / none\n");
}

static void directives_that_change_nothing_are_read(void **state UNUSED)
{
    expect_atlas(FILES({"1.sql", "-- atlas:txmode file\n\nSELECT 1;"},
                       {"2.sql", "-- atlas:nolint destructive DS103\n\nSELECT 2;"},
                       {"3.sql", "-- atlas:sum ignore\nSELECT 3;"}, {"4.sql", "SELECT 4;"}),
                 "1: SELECT 1@3 / none\n"
                 "2: SELECT 2@3 / none\n"
                 "3: SELECT 3@2 / none\n"
                 "4: SELECT 4@1 / none\n");
    expect_atlas(
        FILES({"1.sql", "-- atlas:checkpoint v1 of all\n-- atlas:txmode none\n\nSELECT 1;"},
              {"2.sql", "SELECT 2;"}),
        "1 up-alone: SELECT 1@4 / none\n"
        "2: SELECT 2@1 / none\n");
}

static void a_delimiter_that_stands_alone_ends_texts(void **state UNUSED)
{
    expect_atlas(
        FILES({"1.sql", "-- atlas:delimiter //\nSELECT 1\n  // \nSELECT ';';SELECT 3\n//\n"},
              {"2.sql", "-- atlas:delimiter ;\nSELECT 1;\n"}),
        "1: SELECT 1@2|SELECT ';'@4|SELECT 3@4 / none\n"
        "2: SELECT 1@2 / none\n");
}

static void empty_lines_end_texts_where_they_are_the_delimiter(void **state UNUSED)
{
    expect_atlas(
        FILES({"1.sql",
               "-- atlas:delimiter \\n\\n\\n\n-- atlas:txmode none\n\n\n\nSELECT\n\n1\n\n\n\n"
               "SELECT ';';SELECT 3 -- three\n\n\n\nSELECT 4\n \n\n5\n\n\n"},
              {"2.sql", "-- atlas:delimiter \\n\\n\nSELECT 1\n\nSELECT 2; -- two\n-- three\n"}),
        "1 up-alone: SELECT\n\n1@6|SELECT ';'@12|SELECT 3@12|SELECT 4\n \n\n5@16 / none\n"
        "2: SELECT 1@2|SELECT 2@4 / none\n");
}

/* To atlas empty lines in a string, a comment or parentheses end nothing. */
static void a_text_that_is_not_whole_is_refused(void **state UNUSED)
{
    static const char *const texts[] = {"SELECT 'a\n\nb';", "SELECT /*\n\n*/ 1;",
                                        "SELECT $$\n\n$$;", "CREATE TABLE a (\n\nb int);"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CLEANUP(memory_freep)
        char *sql = memory_format("-- atlas:delimiter \\n\\n\n%s\n", texts[i]);
        File with_sum[FILES_MAX];
        CLEANUP(memory_freep) char *sum = NULL;
        ProjectFolder folder = project_with("atlas", summed(FILES({"1.sql", sql}), with_sum, &sum));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        CLEANUP(script_done) Script script = {0};
        const ScriptSink sink = {0};
        assert_true(project_read(folder.path, &project, &err));
        if (project_script_read(&project, &project.migrations.items[0], PROJECT_UP, &sink, &script,
                                &err))
            fail_msg("%s", texts[i]);
        assert_true(text_has_prefix(err.message, "migrations/1.sql:2: "));
        folder_done(&folder);
    }
}

static void a_checkpoint_stands_for_what_is_gone(void **state UNUSED)
{
#define CHECKPOINT(what) "-- atlas:checkpoint\n\nSELECT '" what "';"
    expect_atlas(FILES({"1.sql", CHECKPOINT("one")}, {"2.sql", CHECKPOINT("two")},
                       {"3.sql", "SELECT 3;"}, {"4.sql", CHECKPOINT("four")},
                       {"5.sql", "SELECT 5;"}),
                 "2: SELECT 'two'@3 / none\n"
                 "3: SELECT 3@1 / none\n"
                 "5: SELECT 5@1 / none\n");
    expect_atlas_says(FILES({"1.sql", "SELECT 1;"}, {"2.sql", CHECKPOINT("x")}), FINDING_WARNING,
                      "'migrations/2.sql' is not read: it is a checkpoint, which stands for");
    expect_atlas_says(FILES({"1.sql", CHECKPOINT("x")}, {"2.sql", CHECKPOINT("x")}),
                      FINDING_WARNING, "'migrations/1.sql' is not read: a later checkpoint");
}

static void pairs_are_summed_by_their_ups(void **state UNUSED)
{
    File files[FILES_MAX] = {{"1_a.up.sql", "SELECT 1;"}, {"2_b.up.sql", "SELECT 2;"}, {0}};
    CLEANUP(memory_freep) char *sum = sum_of(files);
    expect(LAYOUT_ATLAS,
           FILES({"1_a.up.sql", "SELECT 1;"}, {"1_a.down.sql", "SELECT -1;"},
                 {"2_b.up.sql", "SELECT 2;"}, {"atlas.sum", sum}),
           "1_a: SELECT 1@1 / SELECT -1@1\n"
           "2_b: SELECT 2@1 / none\n");
    expect_says("atlas", FILES({"1_a.up.sql", "SELECT 1;"}, {"2_a.down.sql", "SELECT -1;"}),
                FINDING_WARNING, "'migrations/2_a.down.sql' is not read: no up script stands");
    expect_says("atlas", FILES({"1_a.up.sql", "SELECT 1;"}, {"2_a.sql", "SELECT -1;"}),
                FINDING_WARNING, "'migrations/2_a.sql' is not read: in a folder of .up.sql");
}

static void is_refused_by_line(void **state UNUSED)
{
    static const struct {
        const char *bytes;
        const char *says;
    } cases[] = {
        {"-- atlas:txmode all\n\nSELECT 1;",
         "1.sql:1: a file's atlas:txmode is none or file, not 'all'"},
        {"-- atlas:txmode none\n-- atlas:txmode none\n\nSELECT 1;", "1.sql:2: a second 'atlas:txm"},
        {"-- atlas:txmode none\nSELECT 1;", "1.sql:1: atlas itself does not see 'atlas:txmode'"},
        {"-- atlas:txmode none\r\n\r\nSELECT 1;", "1.sql:1: atlas itself does not see"},
        {"SELECT 1;\n-- atlas:checkpoint\n\n", "1.sql:2: atlas itself does not see 'atlas:checkp"},
        {"-- a\n-- atlas:sum ignore\n\nSELECT 1;",
         "1.sql:2: atlas itself does not see 'atlas:sum'"},
        {"-- atlas:sum ignored\nSELECT 1;", "1.sql:1: atlas itself does not see 'atlas:sum'"},
        {"--atlas:delimiter //\nSELECT 1", "1.sql:1: atlas itself does not see 'atlas:delimiter'"},
        {"-- a\n-- atlas:delimiter //\nSELECT 1", "1.sql:2: atlas itself does not see 'atlas:del"},
        {"-- atlas:delimiter \\n\nSELECT 1",
         "1.sql:1: only a delimiter of visible characters or of "
         "several \\n can be followed, not '\\n'"},
        {"-- atlas:delimiter \\n//\\n\nSELECT 1", "1.sql:1: only a delimiter of visible"},
        {"-- atlas:delimiter \\n\\n\r\nSELECT 1\r\n", "1.sql:1: line ends of DOS are none that"},
        {"-- atlas:delimiter \\n\\n\nSELECT 1 -- one\n\nSELECT 2",
         "1.sql:2: atlas itself does not see the delimiter behind a comment"},
        {"-- atlas:delimiter\nSELECT 1", "1.sql:1: only a delimiter of visible"},
        {"-- atlas:delimiter //\nSELECT 1//", "1.sql:2: the delimiter '//' stands beside other"},
        {"-- atlas:import x.sql\n\nSELECT 1;", "1.sql:1: the directive 'atlas:import' cannot be"},
        {"-- atlas:txtar\n\n-- migration.sql --\n",
         "1.sql:1: a file of several parts ('atlas:txtar'"},
        {"-- atlas:assert DS103\nSELECT 1;", "1.sql:1: the directive 'atlas:assert' cannot be"},
        {"SELECT 1;\nSELECT {{ .Name }};", "1.sql:2: a template, which atlas would fill in"},
        {"{{- template \"x\" }}", "1.sql:1: a template"},
        {"-- +goose Up\nSELECT 1;", "'migrations/1.sql' is a migration of goose in a folder of"},
        {"-- migrate:up\nSELECT 1;", "'migrations/1.sql' is a migration of dbmate in a folder"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_atlas_says(FILES({"1.sql", cases[i].bytes}), FINDING_ERROR, cases[i].says);
    expect_atlas_says(FILES({"V1__a.sql", "SELECT 1;"}), FINDING_ERROR, "is a migration of flyway");
    expect_atlas_says(FILES({"1_a.sql", "SELECT 1;"}, {"1_b.sql", "SELECT 1;"}), FINDING_ERROR,
                      "the version of 'migrations/1_b.sql' stands twice: 'migrations/1_a.sql'");
    expect_says("atlas", FILES({"1_a.SQL", "SELECT 1;"}), FINDING_WARNING,
                "'migrations/1_a.SQL' is not read: atlas reads only");
    expect_says("atlas", FILES({"1_a.py", "x"}), FINDING_ERROR, "1_a.py");
}

/* What asserts in its parts is no error more. */
static void a_file_of_parts_is_refused_once(void **state UNUSED)
{
    File with_sum[FILES_MAX];
    CLEANUP(memory_freep) char *sum = NULL;
    const File *files =
        FILES({"1.sql", "-- atlas:txtar\n\n-- checks.sql --\n-- atlas:assert DS103\n"
                        "SELECT true;\n\n-- migration.sql --\nDROP TABLE a;\n"});
    ProjectFolder folder = project_with("atlas", summed(files, with_sum, &sum));
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    assert_true(project_survey(folder.path, &project, &err));
    assert_int_equal(project.findings.count, 1);
    assert_non_null(strstr(project.findings.items[0].hint, "its part migration.sql"));
    folder_done(&folder);
}

/* What of a line is not looked at may hold the delimiter. */
static void long_lines_are_refused_beside_a_delimiter(void **state UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    text_add(&text, "-- atlas:delimiter //\nSELECT '");
    for (size_t i = 0; i < 4096; i++)
        text_add_char(&text, 'x');
    text_add(&text, "';//\n");
    expect_atlas_says(FILES({"1.sql", text_string(&text)}), FINDING_ERROR,
                      "1.sql:2: the delimiter '//' stands beside other text, or may do so");
}

/* Braces of arrays are no templates. */
static void arrays_are_no_templates(void **state UNUSED)
{
    expect_atlas(FILES({"1.sql", "SELECT '{{1,2}}', '{{.5}}', '{{ends}}', '{{}}';"}),
                 "1: SELECT '{{1,2}}', '{{.5}}', '{{ends}}', '{{}}'@1 / none\n");
}

/* --- atlas.sum ------------------------------------------------------------------------------- */

#define ONE                                                                                        \
    {                                                                                              \
        "1.sql", "SELECT 1;"                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        "2.sql", "SELECT 2;"                                                                       \
    }
#define THREE                                                                                      \
    {                                                                                              \
        "3.sql", "SELECT 3;"                                                                       \
    }

/* The sum of `of` beside the files `with`. */
static void expect_sum_says(const File *of, const File *with, const char *says)
{
    CLEANUP(memory_freep) char *sum = sum_of(of);
    File files[FILES_MAX];
    size_t count = 0;
    for (; with[count].name; count++)
        files[count] = with[count];
    files[count] = (File){"atlas.sum", sum};
    files[count + 1] = (File){NULL, NULL};
    expect_says("atlas", files, FINDING_ERROR, says);
}

static void names_what_the_sum_does_not_hold_for(void **state UNUSED)
{
    expect_sum_says(FILES(ONE, TWO, THREE), FILES(ONE, {"2.sql", "SELECT 22;"}, THREE),
                    "'migrations/2.sql' was edited after it was summed: line 3 of atlas.sum");
    expect_sum_says(FILES(ONE, TWO), FILES(ONE, TWO, THREE),
                    "'migrations/3.sql' was added after the folder was summed");
    expect_sum_says(FILES(ONE, THREE), FILES(ONE, TWO, THREE),
                    "'migrations/2.sql' was added after the folder was summed");
    expect_sum_says(FILES(ONE, TWO, THREE), FILES(ONE, THREE),
                    "migrations/atlas.sum:3: there is no such file that is summed: '2.sql'");
    expect_sum_says(FILES(ONE, THREE, TWO), FILES(ONE, TWO, THREE),
                    "migrations/atlas.sum:4: the lines are in another order than the files: out of "
                    "place is '2.sql'");
    expect_sum_says(FILES(ONE, ONE), FILES(ONE),
                    "migrations/atlas.sum:3: a second line of the file '1.sql'");
    expect_sum_says(FILES(ONE, TWO), FILES(ONE, {"2.sql", "-- atlas:sum ignore\nSELECT 2;"}),
                    "migrations/atlas.sum:3: there is no such file that is summed: '2.sql'");
    expect_says("atlas", FILES(ONE), FINDING_ERROR, "there is no 'migrations/atlas.sum'");
}

static void a_sum_that_is_none_is_refused_by_line(void **state UNUSED)
{
    static const struct {
        const char *sum;
        const char *says;
    } cases[] = {
        {"", "migrations/atlas.sum:1: the first line is not h1:HASH"},
        {"1.sql h1:x\n", "migrations/atlas.sum:1: the first line"},
        {"h1:x\n1.sql x\n", "migrations/atlas.sum:2: the line is not FILE h1:HASH"},
        {"h1:x\nh1:x\n", "migrations/atlas.sum:2: the line is not FILE"},
        {"h1:x\n1.sql h1:x\n\n", "migrations/atlas.sum:3: the line is not FILE"},
        {"h1:x\r\n1.sql h1:AVE8ZF\r\n",
         "migrations/atlas.sum:1: the sum of the lines below is 'h1:"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("atlas", FILES(ONE, {"atlas.sum", cases[i].sum}), FINDING_ERROR, cases[i].says);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names_in_byte_order),
        cmocka_unit_test(directives_that_change_nothing_are_read),
        cmocka_unit_test(a_delimiter_that_stands_alone_ends_texts),
        cmocka_unit_test(empty_lines_end_texts_where_they_are_the_delimiter),
        cmocka_unit_test(a_text_that_is_not_whole_is_refused),
        cmocka_unit_test(a_checkpoint_stands_for_what_is_gone),
        cmocka_unit_test(pairs_are_summed_by_their_ups),
        cmocka_unit_test(is_refused_by_line),
        cmocka_unit_test(a_file_of_parts_is_refused_once),
        cmocka_unit_test(long_lines_are_refused_beside_a_delimiter),
        cmocka_unit_test(arrays_are_no_templates),
        cmocka_unit_test(names_what_the_sum_does_not_hold_for),
        cmocka_unit_test(a_sum_that_is_none_is_refused_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
