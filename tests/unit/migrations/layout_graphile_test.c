#include "tests/support/unit_test.h"

#include "base/sha1.h"
#include "tests/unit/migrations/layout_cases.h"

/* Hashes below are `printf 'HASH\nBODY\n' | sha1sum`, the first without a hash before its body. */
#define FIRST_HASH  "sha1:d30d858bf9fa5d8979af2d32c3be5e09b07da877" /* SELECT 1; */
#define SECOND_HASH "sha1:36d26d034e5ea0e30f2e8c93bdbf66399902b1ed" /* SELECT 2; */
#define FIRST       "--! Previous: -\n--! Hash: " FIRST_HASH "\n"
#define SECOND      "--! Previous: " FIRST_HASH "\n--! Hash: " SECOND_HASH "\n"
#define NAME_1      "committed/000001.sql"
#define NAME_2      "committed/000002-b_B-2.sql"

static void reads_a_chain_in_order(void **state UNUSED)
{
    expect(LAYOUT_GRAPHILE,
           FILES({NAME_2, SECOND "--! Message: two: parts\n--! Author\n\nSELECT 2;\n"},
                 {NAME_1, FIRST "\nSELECT 1;\n"}, {"current.sql", "-- nothing\n"},
                 {"fixtures/a.sql", "SELECT 0;\n"}),
           "000001: SELECT 1@4 / none\n"
           "000002-b_B-2: SELECT 2@6 / none\n");
}

/* What the tool trims does not count, what stands inside the body does. */
static void hashes_the_body_as_the_tool_trims_it(void **state UNUSED)
{
    static const char *const bodies[] = {"SELECT 1;", "\n \t\r\nSELECT 1;\n\n\n",
                                         "\xc2\xa0\xe2\x80\x83SELECT 1;\xe3\x80\x80\n",
                                         "\xef\xbb\xbfSELECT 1;\x0b\x0c\xe2\x80\xa8"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        CLEANUP(text_done) Text text = {0};
        text_addf(&text, FIRST "\n%s", bodies[i]);
        ProjectFolder folder =
            project_with("graphile-migrate", FILES({NAME_1, text_string(&text)}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        if (!project_read(folder.path, &project, &err))
            fail_msg("body %zu: %s", i, err.message);
        folder_done(&folder);
    }
}

/* Bodies longer than the pieces in which they are read, with a blank across the cut. */
static void hashes_a_body_in_pieces(void **state UNUSED)
{
    for (size_t length = 65536 - 90; length < 65536 - 50; length++) {
        CLEANUP(text_done) Text body = {0};
        CLEANUP(text_done) Text file = {0};
        char hex[SHA1_HEX_SIZE];
        text_add(&body, "-- ");
        while (body.length < length)
            text_add_char(&body, 'x');
        size_t solid = body.length;
        text_add(&body, "\xe3\x80\x80\xe3\x80\x80\n");
        Sha1Stream stream;
        sha1_begin(&stream);
        sha1_update(&stream, text_string(&body), solid);
        sha1_update(&stream, "\n", 1);
        text_addf(&file, "--! Previous: -\n--! Hash: sha1:%s\n\n%s", sha1_end_hex(&stream, hex),
                  text_string(&body));
        ProjectFolder folder =
            project_with("graphile-migrate", FILES({NAME_1, text_string(&file)}));
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        if (!project_read(folder.path, &project, &err))
            fail_msg("%zu bytes: %s", length, err.message);
        folder_done(&folder);
    }
}

static void no_transaction_is_one_statement(void **state UNUSED)
{
#define ALONE "--! Previous: -\n--! Hash: x\n--! AllowInvalidHash\n\n"
    expect(LAYOUT_GRAPHILE,
           FILES({NAME_1, ALONE "\n--!no-transaction (why)\nSELECT ';';"},
                 {"committed/000002.sql", "--! Previous: x\n--! Hash: y\n--! AllowInvalidHash\n\n"
                                          "--! no-transactions\nSELECT 2;\nSELECT 3;"},
                 {"committed/000003.sql", "--! Previous: y\n--! Hash: z\n--! AllowInvalidHash\n\n"
                                          "-- first\n--! no-transaction\nSELECT 4;\nSELECT 5;"}),
           "000001 up-alone down-alone: SELECT ';'@7 / none\n"
           "000002: SELECT 2@6|SELECT 3@7 / none\n"
           "000003: SELECT 4@7|SELECT 5@8 / none\n");
    expect_says("graphile-migrate",
                FILES({NAME_1, ALONE "--! no-transaction\nSELECT 1;\nSELECT 2;"}), FINDING_ERROR,
                "000001.sql:7: a second statement under '--! no-transaction'");
}

static void is_refused_by_line(void **state UNUSED)
{
    static const struct {
        const char *name;
        const char *bytes;
        const char *says;
    } cases[] = {
        {NAME_1, FIRST "\nSELECT 11;\n", "000001.sql:1: the migration was edited after"},
        {NAME_1, "--! Hash: x\n\nSELECT 1;\n", ":1: the header '--! Previous:' is missing"},
        {NAME_1, "--! Previous: -\n--! Hash:\n\n", ":1: the header '--! Hash:' is missing"},
        {NAME_1, "--! Previous: -\r\n--! Hash: x\r\n\r\n", ":1: an empty line must follow"},
        {NAME_1, FIRST "\r\nSELECT 1;\r\n", ":3: the line ends in CR LF"},
        {NAME_1, FIRST "SELECT 1;\n", ":3: an empty line must follow the headers"},
        {NAME_1, FIRST "--! Hash: y\n\nSELECT 1;\n", ":3: the header 'Hash' stands twice"},
        {NAME_1, FIRST "--! AllowInvalidHash\n\nSELECT 1;\n", "but the hash is valid"},
        {NAME_1, SECOND "\nSELECT 2;\n", "it follows on the hash '" FIRST_HASH "', but the"},
        {NAME_1, FIRST "\nSELECT 1;\n--!include a b.sql\n",
         ":5: an include that no commit has resolved: a b.sql"},
        {NAME_2, SECOND "\nSELECT 2;\n", ":1: the numbers are not in a row: 000001 should"},
        {"committed/1.sql", FIRST "\nSELECT 1;\n", ":1: the number has not six digits"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_says("graphile-migrate", FILES({cases[i].name, cases[i].bytes}), FINDING_ERROR,
                    cases[i].says);
    expect_says("graphile-migrate",
                FILES({NAME_1, FIRST "\nSELECT 1;\n"}, {NAME_2, FIRST "\nSELECT 1;\n"}),
                FINDING_ERROR, "follows on the hash '-', but the migration before it has");
    expect_says("graphile-migrate",
                FILES({NAME_1, FIRST "\nSELECT 1;\n"},
                      {"committed/000001-again.sql", SECOND "\nSELECT 2;\n"}),
                FINDING_ERROR, "the numbers are not in a row: 000002 should stand here");
}

static void placeholders_are_refused_by_name(void **state UNUSED)
{
    static const struct {
        const char *body;
        const char *says; /* without settings; NULL: it is none */
    } cases[] = {
        {"GRANT ALL ON ship TO :APP_USER;\n", ":4: a placeholder of graphile-migrate, whose value"},
        {"SELECT 1;\nSELECT ':DATABASE_NAME';\n", ":5: a placeholder of graphile-migrate"},
        {"SELECT x::TEXT, 'HH24:MI:SS', a[1:NN], :'X', :aa, :B;\n", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text text = {0};
        text_addf(&text, FIRST "\n%s", cases[i].body);
        const char *says = cases[i].says ? cases[i].says : "edited after it was committed";
        expect_says("graphile-migrate", FILES({NAME_1, text_string(&text)}), FINDING_ERROR, says);
    }
}

/* Where there are settings, what they declare is a placeholder wherever it stands. */
static void placeholders_are_those_of_the_settings(void **state UNUSED)
{
    static const struct {
        const char *body;
        const char *placeholder; /* NULL: none */
    } cases[] = {{"SELECT x::TEXT;", ":TEXT"},
                 {"SELECT ':OWNER_2';", ":OWNER_2"},
                 {"SELECT :DATABASE_OWNER;", ":DATABASE_OWNER"},
                 {"SELECT ':OWNER_22', ':OTHER';", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text text = {0};
        text_addf(&text, FIRST "\n%s", cases[i].body);
        ProjectFolder folder =
            project_with("graphile-migrate", FILES({NAME_1, text_string(&text)}));
        folder_write(&folder, ".gmrc",
                     "{ // words\n \"placeholders\": {\":TEXT\": \"a\", ':OWNER_2': '!ENV'} }\n");
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        assert_true(project_survey(folder.path, &project, &err));
        const char *found = NULL;
        array_each (Finding, finding, &project.findings)
            if (strstr(finding->message, "a placeholder of"))
                found = strrchr(finding->message, ':');
        if (!cases[i].placeholder)
            assert_null(found);
        else
            assert_string_equal(found, cases[i].placeholder);
        folder_done(&folder);
    }
}

static void work_that_is_not_committed_is_told_of(void **state UNUSED)
{
#define COMMITTED {NAME_1, FIRST "\nSELECT 1;\n"}
    expect_says("graphile-migrate", FILES(COMMITTED, {"current.sql", "-- x\nSELECT 2;\n"}),
                FINDING_WARNING, "'migrations/current.sql' holds statements that are not");
    expect_says("graphile-migrate", FILES(COMMITTED, {"current/1-current.sql", "SELECT 2;\n"}),
                FINDING_WARNING, "'migrations/current/1-current.sql' holds statements");
    expect_says("graphile-migrate", FILES(COMMITTED, {"afterReset.sql", "SELECT 2;\n"}),
                FINDING_WARNING, "'migrations/afterReset.sql' is not read: it is no migration");
    expect_says("graphile-migrate", FILES(COMMITTED, {"committed/x.sql", "SELECT 2;\n"}),
                FINDING_WARNING, "'migrations/committed/x.sql' is not read");
    expect_says("graphile-migrate", FILES(COMMITTED, {"old/x.sql", "SELECT 2;\n"}), FINDING_WARNING,
                "the folder 'migrations/old' holds SQL");
    expect_says("graphile-migrate", FILES(COMMITTED, {"committed/old/x.sql", "SELECT 2;\n"}),
                FINDING_WARNING, "the folder 'migrations/committed/old' holds SQL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_chain_in_order),
        cmocka_unit_test(hashes_the_body_as_the_tool_trims_it),
        cmocka_unit_test(hashes_a_body_in_pieces),
        cmocka_unit_test(no_transaction_is_one_statement),
        cmocka_unit_test(is_refused_by_line),
        cmocka_unit_test(placeholders_are_refused_by_name),
        cmocka_unit_test(placeholders_are_those_of_the_settings),
        cmocka_unit_test(work_that_is_not_committed_is_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
