#include "planner/lint/lint_script.h"

#include "base/text.h"
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/project_folder.h"

typedef struct Case {
    ProjectFolder folder;
    LintScript script;
} Case;

static void case_done(Case *test)
{
    lint_script_done(&test->script);
    folder_done(&test->folder);
}

static Case read_script(const char *sql, bool no_transaction)
{
    Case test = {.folder = {"/tmp/sealift-lint-XXXXXX"}};
    CLEANUP(error_done) Error error = {0};
    assert_non_null(mkdtemp(test.folder.path));
    folder_write(&test.folder, "v1/s.sql", sql);
    folder_write(&test.folder, "v1/data.csv", "1\n");
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "v1/s.sql");
    if (!lint_script_read(&(ScriptFile){.path = path, .name = "v1/s.sql"}, no_transaction,
                          &test.script, &error))
        fail_msg("%s", error.message);
    return test;
}

/* The statements, their ordinals and lines are those that the bundle is made of. */
static void numbers_statements_as_migrations_script_does(void **state UNUSED)
{
    static const char *const scripts[] = {
        "",
        "BEGIN;\nSELECT 1;\n\nSELECT 2;\nCOMMIT;\n",
        "\xef\xbb\xbfSELECT 1;\r\nCOPY t FROM STDIN;\r\n1\r\n\\.\r\nSELECT 2",
        "\\restrict x\nSELECT 1;\n\\copy t from 'data.csv'\nSELECT 2;\n\\unrestrict x\n",
        "SELECT 1; SELECT 2;\n;;\n-- sealift is\nSELECT '\n';\nSELECT 3;",
    };
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        CLEANUP(case_done) Case test = read_script(scripts[i], /* no_transaction= */ false);
        CLEANUP(memory_freep) char *path = file_path(test.folder.path, "v1/s.sql");
        CLEANUP(script_done) Script script = {0};
        CLEANUP(error_done) Error error = {0};
        assert_true(script_read(&(ScriptFile){.path = path, .name = "v1/s.sql"}, /* sink= */ NULL,
                                &script, &error));
        assert_int_equal(test.script.statements.count, script.statements.count);
        assert_int_equal(test.script.problems.count, 0);
        for (size_t at = 0; at < script.statements.count; at++) {
            assert_int_equal(test.script.statements.items[at].line,
                             script.statements.items[at].line);
            assert_int_equal(test.script.statements.items[at].length,
                             script.statements.items[at].length);
        }
    }
}

static void gives_the_text_and_line_of_a_statement(void **state UNUSED)
{
    CLEANUP(case_done)
    Case test =
        read_script("\xef\xbb\xbf\r\nSELECT\r\n 1;\n\\copy t (a) from 'data.csv' csv\n", false);
    const LintStatement *first = &test.script.statements.items[0];
    assert_memory_equal(lint_statement_text(&test.script, first), "SELECT\n 1", first->length);
    const LintStatement *copy = &test.script.statements.items[1];
    CLEANUP(memory_freep)
    char *text = memory_string_n(lint_statement_text(&test.script, copy), (size_t)copy->length);
    assert_true(strncmp(text, "COPY t (a) FROM STDIN", 21) == 0);
    int64_t begin;
    assert_int_equal(lint_script_line(&test.script, first, first->offset + 8, &begin), 3);
    assert_int_equal(begin, 8);
}

/* "1 1i 2": the transaction of each statement, i where it stands between BEGIN and COMMIT. */
static void assert_transactions(const char *sql, bool no_transaction, const char *expected)
{
    CLEANUP(case_done) Case test = read_script(sql, no_transaction);
    CLEANUP(text_done) Text got = {0};
    array_each (const LintStatement, statement, &test.script.statements)
        text_addf(&got, "%s%lld%s", got.length ? " " : "", (long long)statement->transaction,
                  statement->inside ? "i" : "");
    assert_string_equal(text_string(&got), expected);
}

static void tells_which_statements_share_a_transaction(void **state UNUSED)
{
    assert_transactions("SELECT 1; SELECT 2;", false, "1 1");
    assert_transactions("SELECT 1; SELECT 2;", true, "1 2");
    assert_transactions("-- sealift: no-transaction\nSELECT 1; SELECT 2;", false, "1 2");
    assert_transactions("SELECT 1; VACUUM; SELECT 2; SELECT 3;", false, "1 2 3 3");
    assert_transactions("BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT;", false,
                        "1 1i 1i 2 2i 2i");
    assert_transactions("SELECT 1; BEGIN; SELECT 2; SELECT 3; COMMIT; SELECT 4;", true,
                        "1 2 2i 2i 2i 3");
}

static void keeps_what_it_refuses_as_problems_with_their_lines(void **state UNUSED)
{
    CLEANUP(case_done)
    Case test =
        read_script("-- sealift: nothing\nSELECT 1;\n-- sealift: idempotent\n\\i x\nSELECT 2\n"
                    "\\copy t from 'data.csv'\n;\nSELECT $$",
                    false);
    static const struct {
        const char *rule;
        int64_t line;
    } expected[] = {{"malformed-script", 1},
                    {"malformed-script", 3},
                    {"psql-command", 4},
                    {"psql-command", 6},
                    {"malformed-script", 8}};
    assert_int_equal(test.script.problems.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_string_equal(test.script.problems.items[i].rule, expected[i].rule);
        assert_int_equal(test.script.problems.items[i].line, expected[i].line);
    }
    assert_string_equal(test.script.problems.items[4].message,
                        "a dollar-quoted string that begins here is never closed");
    assert_int_equal(test.script.statements.count, 2);
}

static void refuses_what_is_no_file(void **state UNUSED)
{
    CLEANUP(case_done) Case test = read_script("SELECT 1;", false);
    CLEANUP(error_done) Error error = {0};
    LintScript script = {0};
    assert_false(lint_script_read(&(ScriptFile){.path = test.folder.path, .name = "v1"}, false,
                                  &script, &error));
    assert_int_equal(error.class, ERROR_INPUT);
    assert_null(script.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_statements_as_migrations_script_does),
        cmocka_unit_test(gives_the_text_and_line_of_a_statement),
        cmocka_unit_test(tells_which_statements_share_a_transaction),
        cmocka_unit_test(keeps_what_it_refuses_as_problems_with_their_lines),
        cmocka_unit_test(refuses_what_is_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
