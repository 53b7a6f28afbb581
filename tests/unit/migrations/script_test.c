/* A script's text and statements; ranges, COPY data and directives have tests of their own. */
#include <fcntl.h>

#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/script_cases.h"

static void ships_the_text_as_it_is(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    static const char sql[] = "-- head\nselect 1;\n\n  select 'ß'; -- tail\n";
    assert_true(case_read(&test, sql));
    assert_string_equal(text_string(&test.shipped.sql), sql);
    assert_int_equal(test.script.shipped_size, strlen(sql));
    assert_int_equal(test.script.statements.count, 2);
    assert_statement(&test, 0, 2, -1, "select 1");
    assert_statement(&test, 1, 4, -1, "select 'ß'");
    assert_int_equal(test.script.data_count, 0);
}

static void reads_without_a_sink(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "s.sql", "copy t from stdin;\n1\n\\.\nselect 1;\n");
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    assert_true(
        script_read(&(ScriptFile){.path = path, .name = "s.sql"}, NULL, &test.script, &test.error));
    assert_int_equal(test.script.statements.count, 2);
}

static void an_empty_script_has_no_statements(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, ""));
    assert_int_equal(test.script.statements.count, 0);
    assert_int_equal(test.script.shipped_size, 0);
    assert_int_equal(test.script.directives.lock_timeout_ms, -1);
}

static void makes_the_text_canonical(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test,
                          "\xef\xbb\xbfselect 1;\r\nselect '\r\r\n';\r\nselect '\xef\xbb\xbf'"
                          " \r;\r"));
    assert_string_equal(text_string(&test.shipped.sql),
                        "select 1;\nselect '\r\n';\nselect '\xef\xbb\xbf' \r;\r");
    assert_statement(&test, 1, 2, -1, "select '\r\n'");
    assert_int_equal(test.script.statements.items[2].line, 4);
}

/* As the dump of a row that holds CRLF has it: the first line says what a line's end is. */
static void a_return_is_text_where_lines_end_without(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "-- sealift: idempotent\nselect 'a\r\nb';\r\n"
                                 "copy t from stdin;\n1\ta\r\n\\.\r\\.\r\n\\.\r\nselect 2;\r\n"));
    assert_string_equal(text_string(&test.shipped.sql),
                        "-- sealift: idempotent\nselect 'a\r\nb';\r\ncopy t from stdin;\n"
                        "select 2;\r\n");
    assert_string_equal(text_string(&test.shipped.data), "[1\ta\r\n\\.\r\\.\r\n]");
    assert_true(test.script.directives.idempotent);
}

/* A CR that ends one piece read and an LF that begins the next are still one line end. */
static void a_line_end_may_be_cut_by_the_reading(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "select '");
    while (sql.length < 65535)
        text_add_char(&sql, 'x');
    text_add(&sql, "\r\n\r';\r\n");
    assert_true(case_read_bytes(&test, sql.bytes, sql.length));
    assert_int_equal(test.script.shipped_size, sql.length - 2);
    assert_null(strstr(text_string(&test.shipped.sql), "\r\n"));
}

static void refuses_what_the_splitter_refuses_with_file_and_line(void **state UNUSED)
{
    assert_refused("select 1;\nselect 'open",
                   "v1/s.sql:2: a string that begins here is never closed", NULL);
    assert_refused("\n\xc3(", "v1/s.sql:2: not valid UTF-8", NULL);
    CLEANUP(case_done) Case test = case_new();
    assert_false(case_read_bytes(&test, "select\n\0", 8));
    assert_string_equal(test.error.message, "v1/s.sql:2: a NUL byte");
    assert_int_equal(test.error.class, ERROR_INPUT);
}

/* A statement of `size` bytes: a string between its quotes. */
static bool read_statement_of(Case *test, int64_t size)
{
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, (size_t)size);
    memset(bytes, 'x', (size_t)size);
    bytes[0] = bytes[size - 1] = '\'';
    CLEANUP(memory_freep) char *path = file_path(test->folder.path, "s.sql");
    CLEANUP(file_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(file_write(fd, path, bytes, (size_t)size, &test->error));
    return script_read(&(ScriptFile){.path = path, .name = "s.sql"}, NULL, &test->script,
                       &test->error);
}

static void refuses_a_statement_too_long_for_one_message(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_false(read_statement_of(&test, SCRIPT_STATEMENT_SIZE_MAX + 1));
    assert_string_equal(test.error.message, "s.sql:1: a statement of 268435457 bytes");
}

static void refuses_a_script_that_is_not_a_file(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_false(case_read_file(&test));
    assert_int_equal(test.error.class, ERROR_IO);
    error_done(&test.error);
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    assert_int_equal(mkdir(path, 0755), 0);
    assert_false(case_read_file(&test));
    assert_int_equal(test.error.class, ERROR_INPUT);
}

static bool refuse_bytes(void *context UNUSED, const void *bytes UNUSED, size_t size UNUSED,
                         Error *err)
{
    return error_set(err, ERROR_IO, "disk full");
}

static void passes_on_what_the_sink_refuses(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "s.sql", "copy t from stdin;\n1\n");
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    const ScriptSink sinks[] = {{.sql = refuse_bytes}, {.data = refuse_bytes}};
    for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
        assert_false(script_read(&(ScriptFile){.path = path, .name = "s.sql"}, &sinks[i],
                                 &test.script, &test.error));
        assert_string_equal(test.error.message, "disk full");
        error_done(&test.error);
    }
}

static void sums_statements_up_without_their_data(void **state UNUSED)
{
    static const struct {
        const char *sql, *summary;
    } sums[] = {
        {"select 1", "select …"},
        {"CREATE INDEX CONCURRENTLY \"My Index\" ON shop . orders (a)",
         "create index concurrently My Index on shop.orders …"},
        {"commit", "commit"},
        {"insert into t values ('secret')", "insert into t values …"},
        {"'x'", "…"},
        {"alter table aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa drop column b",
         "alter table aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa …"},
        {"set \"a\x1b[31m\" to b", "set a\\x1b[31m to b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
        CLEANUP(case_done) Case test = case_new();
        assert_true(case_read(&test, sums[i].sql));
        assert_string_equal(test.script.statements.items[0].summary, sums[i].summary);
    }
}

/* For readers of digests: the last statement stands for all, directives still come first. */
static void statements_are_forgotten_where_wanted(void **state UNUSED)
{
    static const struct {
        const char *sql;
        int64_t count;
        bool ships;
    } cases[] = {{"select 1; select 2; commit;", 3, true},
                 {"begin; commit;", 2, false},
                 {"-- none", 0, false}};
    const ScriptSink sink = {.forgets_statements = true};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder = folder_new("sealift", NULL, 0);
        CLEANUP(error_done) Error err = {0};
        CLEANUP(script_done) Script script = {0};
        CLEANUP(memory_freep) char *path = file_path(folder.path, "x.sql");
        folder_write(&folder, "x.sql", cases[i].sql);
        const ScriptFile file = {.path = path, .name = "x.sql"};
        assert_true(script_read(&file, &sink, &script, &err));
        assert_int_equal(script.statement_count, cases[i].count);
        assert_int_equal(script.statements.count, cases[i].count > 0);
        assert_int_equal(script.ships, cases[i].ships);
        script_done(&script);
        folder_write(&folder, "x.sql", "select 1;\n-- sealift: idempotent\n");
        assert_false(script_read(&file, &sink, &script, &err));
        assert_non_null(strstr(err.message, "x.sql:2: a directive must stand before"));
        folder_done(&folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ships_the_text_as_it_is),
        cmocka_unit_test(reads_without_a_sink),
        cmocka_unit_test(an_empty_script_has_no_statements),
        cmocka_unit_test(makes_the_text_canonical),
        cmocka_unit_test(a_return_is_text_where_lines_end_without),
        cmocka_unit_test(a_line_end_may_be_cut_by_the_reading),
        cmocka_unit_test(refuses_what_the_splitter_refuses_with_file_and_line),
        cmocka_unit_test(refuses_a_statement_too_long_for_one_message),
        cmocka_unit_test(refuses_a_script_that_is_not_a_file),
        cmocka_unit_test(passes_on_what_the_sink_refuses),
        cmocka_unit_test(sums_statements_up_without_their_data),
        cmocka_unit_test(statements_are_forgotten_where_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
