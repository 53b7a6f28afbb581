/* COPY data in a script and beside it, and what psql's other commands are told. */
#include <fcntl.h>

#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/script_cases.h"

static void carves_copy_data_out(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "create table t (a int, b text);\r\n"
                                 "COPY t (a, b) FROM stdin;\r\n"
                                 "1\tone; two\r\n"
                                 "\\N\t'\r\n"
                                 "\\.\r\n"
                                 "\r\n"
                                 "copy u from stdin;\r\n"
                                 "\\.\r\n"
                                 "select 2;\r\n"));
    assert_string_equal(text_string(&test.shipped.sql), "create table t (a int, b text);\n"
                                                        "COPY t (a, b) FROM stdin;\n"
                                                        "\n"
                                                        "copy u from stdin;\n"
                                                        "select 2;\n");
    assert_string_equal(text_string(&test.shipped.data), "[1\tone; two\n\\N\t'\n][]");
    assert_int_equal(test.script.data_count, 2);
    assert_statement(&test, 1, 2, 0, "COPY t (a, b) FROM stdin");
    assert_statement(&test, 2, 7, 1, "copy u from stdin");
    assert_statement(&test, 3, 9, -1, "select 2");
    assert_true(test.script.statements.items[1].kind.copy_from_stdin);
}

static void turns_client_copies_into_copies_of_the_file(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "data.csv", "1,\xff\r\n\\.\n");
    folder_write(&test.folder, "sub/it's", "x");
    assert_true(case_read(&test, "select 1;\n"
                                 "\\copy shop.\"T from\" (a, b) from 'data.csv' with (format csv, "
                                 "encoding 'latin1') ; \n"
                                 "\\copy  t FROM 'sub/it''s'\n"
                                 "\\copy t from data.csv csv header\n"
                                 "select 2;\n"));
    assert_string_equal(
        text_string(&test.shipped.sql),
        "select 1;\n"
        "COPY shop.\"T from\" (a, b) FROM STDIN with (format csv, encoding 'latin1');\n"
        "COPY t FROM STDIN;\n"
        "COPY t FROM STDIN csv header;\n"
        "select 2;\n");
    assert_string_equal(text_string(&test.shipped.data), "[1,\xff\r\n\\.\n][x][1,\xff\r\n\\.\n]");
    assert_statement(&test, 1, 2, 0,
                     "COPY shop.\"T from\" (a, b) FROM STDIN with (format csv, encoding 'latin1')");
    assert_statement(&test, 2, 3, 1, "COPY t FROM STDIN");
    assert_statement(&test, 3, 4, 2, "COPY t FROM STDIN csv header");
    assert_statement(&test, 4, 5, -1, "select 2");
}

static void drops_the_guards_that_pg_dump_writes(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "\\restrict abc\n\nselect 1;\n\\unrestrict abc\nselect 2"));
    assert_string_equal(text_string(&test.shipped.sql), "\n\nselect 1;\n\nselect 2");
    assert_statement(&test, 0, 3, -1, "select 1");
    assert_statement(&test, 1, 5, -1, "select 2");
}

static void streams_data_of_any_size(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "copy t from stdin;\n");
    size_t head = sql.length;
    for (int i = 0; i < 20000; i++)
        text_addf(&sql, "%d\t\\N\n", i);
    size_t data = sql.length - head;
    text_add(&sql, "\\.\nselect 1");
    folder_write(&test.folder, "s.sql", text_string(&sql));
    assert_true(case_read_file(&test));
    assert_int_equal(test.shipped.data_size, data);
    assert_statement(&test, 1, 20003, -1, "select 1");
}

static void refuses_other_commands_of_psql_and_says_what_to_do(void **state UNUSED)
{
    static const struct {
        const char *sql, *words, *hint;
    } refused[] = {
        {"select 1;\n\\i other.sql\n", "v1/s.sql:2: \\i is a command of psql, not SQL",
         "put the SQL of that file here, or make it a migration"},
        {"\\set x `date`\n", "v1/s.sql:1: \\set is a command of psql, not SQL",
         "variables of psql are not known here: write their values"},
        {"\n\nselect 1 \\gexec\n", "v1/s.sql:3: \\gexec is a command of psql, not SQL",
         "what a query makes is known where it runs: let DO run it (EXECUTE format(…))"},
        {"\\!rm\n", "v1/s.sql:1: \\! is a command of psql, not SQL",
         "a migration starts no programs"},
        {"\\if true\n", "v1/s.sql:1: \\if is a command of psql, not SQL",
         "a migration has one way through: leave conditions to SQL (DO)"},
        {"\\connect other\n", "v1/s.sql:1: \\connect is a command of psql, not SQL",
         "a migration runs in one database, as one role: leave it out"},
        {"\\echo hi\n", "v1/s.sql:1: \\echo is a command of psql, not SQL",
         "it concerns only psql's terminal: leave it out"},
        {"\\dt\n", "v1/s.sql:1: \\dt is a command of psql, not SQL",
         "leave it out, or say it in SQL"},
        {"\\\n", "v1/s.sql:1: \\ is a command of psql, not SQL", NULL},
        {"select 1\\; select 2;\n", "v1/s.sql:1: \\; is a command of psql, not SQL",
         "end the statement with a plain semicolon: each runs as a message of its own"},
        {"select 1;\n\\.\n", "v1/s.sql:2: \\. is a command of psql, not SQL",
         "it ends the data of COPY … FROM STDIN, and there is none before it"},
        {"select 1\n\\restrict a\n;", "v1/s.sql:2: \\restrict in the middle of a statement",
         "end the statement before it with a semicolon"},
        {"select 1\n\\copy t from 'data.csv'\n;", "v1/s.sql:2: \\copy in the middle of a statement",
         NULL},
        {"select 1 \\gset\n", "v1/s.sql:1: \\gset is a command of psql, not SQL",
         "what a query answers is known where it runs: use it there, in SQL (a subquery, DO)"},
        {"\\q\n", "v1/s.sql:1: \\q is a command of psql, not SQL",
         "psql reads nothing of what stands behind it: leave that out, too"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_refused(refused[i].sql, refused[i].words, refused[i].hint);
}

static void refuses_client_copies_that_bring_no_file(void **state UNUSED)
{
    static const struct {
        const char *sql, *words;
    } refused[] = {
        {"\\copy t to 'x'", "v1/s.sql:1: \\copy to … writes a file"},
        {"\\copy (select 1) to 'x'", "v1/s.sql:1: \\copy to … writes a file"},
        {"\\copy t from stdin", "v1/s.sql:1: \\copy from stdin is not read"},
        {"\\copy t from pstdin", "v1/s.sql:1: \\copy from stdin is not read"},
        {"\\copy t from program 'cat x'", "v1/s.sql:1: \\copy would start a program"},
        {"\\copy t from", "v1/s.sql:1: \\copy names no file"},
        {"\\copy t from 'x", "v1/s.sql:1: \\copy has an open quote"},
        {"\\copy \"t from 'data.csv'", "v1/s.sql:1: \\copy cannot be understood"},
        {"\\copy", "v1/s.sql:1: \\copy cannot be understood"},
        {"\\copy from 'data.csv'", "v1/s.sql:1: \\copy cannot be understood"},
        {"\\copy t from 'data.csv' csv; drop table t",
         "v1/s.sql:1: \\copy holds more or less than one copy"},
        {"\\copy t from 'data.csv' -- note", "v1/s.sql:1: \\copy holds more or less than one copy"},
        {"\\copy t from 'data.csv' with (format csv",
         "v1/s.sql:1: \\copy holds more or less than one copy"},
        {"\\copy (select 1) from 'data.csv' 'x",
         "v1/s.sql:1: \\copy holds more or less than one copy"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_refused(refused[i].sql, refused[i].words, NULL);
}

static void refuses_data_files_that_are_not_beside_the_script(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "real/data", "1\n");
    CLEANUP(memory_freep) char *link = file_path(test.folder.path, "link");
    CLEANUP(memory_freep) char *folder = file_path(test.folder.path, "folder");
    assert_int_equal(symlink("real/data", link), 0);
    assert_int_equal(symlink("real", folder), 0);
    static const struct {
        const char *sql, *words;
        ErrorClass class;
    } refused[] = {
        {"\\copy t from '../x'", "v1/s.sql:1: '../x' may lead out of the script's folder",
         ERROR_INPUT},
        {"\\copy t from 'real/../x'", "v1/s.sql:1: 'real/../x' may lead out of the script's folder",
         ERROR_INPUT},
        {"\\copy t from '/etc/passwd'",
         "v1/s.sql:1: '/etc/passwd' may lead out of the script's folder", ERROR_INPUT},
        {"\\copy t from './x'", "v1/s.sql:1: './x' may lead out of the script's folder",
         ERROR_INPUT},
        {"\\copy t from ''", "v1/s.sql:1: '' may lead out of the script's folder", ERROR_INPUT},
        {"\\copy t from 'link'", "v1/s.sql:1: 'link' is a symbolic link or no folder", ERROR_INPUT},
        {"\\copy t from 'folder/data'", "v1/s.sql:1: 'folder' is a symbolic link or no folder",
         ERROR_INPUT},
        {"\\copy t from 'real'", "v1/s.sql:1: data file 'real' is not a regular file", ERROR_INPUT},
        {"\\copy t from 'gone'",
         "v1/s.sql:1: cannot open data file 'gone': No such file or directory", ERROR_IO},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_false(case_read(&test, refused[i].sql));
        assert_string_equal(test.error.message, refused[i].words);
        assert_int_equal(test.error.class, refused[i].class);
        error_done(&test.error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carves_copy_data_out),
        cmocka_unit_test(turns_client_copies_into_copies_of_the_file),
        cmocka_unit_test(drops_the_guards_that_pg_dump_writes),
        cmocka_unit_test(streams_data_of_any_size),
        cmocka_unit_test(refuses_other_commands_of_psql_and_says_what_to_do),
        cmocka_unit_test(refuses_client_copies_that_bring_no_file),
        cmocka_unit_test(refuses_data_files_that_are_not_beside_the_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
