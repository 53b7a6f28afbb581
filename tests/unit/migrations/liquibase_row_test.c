#include "tests/support/unit_test.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "migrations/liquibase_changeset.h"
#include "migrations/liquibase_place.h"
#include "migrations/liquibase_row.h"

#define VECTORS "tests/vectors/liquibase_rows/"

/* The row of the changeset that `line` of `text` lies in. */
static bool read_row(const char *text, size_t size, int64_t line, const char *version,
                     LiquibaseRow *ret_row, Error *err)
{
    CLEANUP(memory_freep) char *copy = memory_string_n(text, size);
    return liquibase_row_read(copy, size, "x.sql", line, version, ret_row, err);
}

static void add_row(const LiquibaseRow *row, const char *path, Text *text)
{
    text_addf(text, "%s|%s|%s|%s|sql|%s|%s|%s\n", row->author, row->id,
              row->logical_path ? row->logical_path : path, row->checksum, row->comments,
              row->contexts ? row->contexts : "", row->labels ? row->labels : "");
}

static void add_rows(const char *path, const char *version, Text *rows)
{
    CLEANUP(memory_freep) char *absolute = memory_format(VECTORS "%s", path);
    CLEANUP(memory_freep) char *text = NULL;
    CLEANUP(error_done) Error err = {0};
    size_t size;
    assert_true(file_read_all(absolute, 1 << 20, &text, &size, &err));
    int64_t number = 1;
    for (const char *line = text; line; number++) {
        CLEANUP(liquibase_row_done) LiquibaseRow row = {0};
        bool begins = liquibase_mark(line, "changeset") != NULL;
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
        if (!begins)
            continue;
        if (!read_row(text, size, number + 1, version, &row, &err))
            fail_msg("%s", err.message);
        add_row(&row, path, rows);
    }
}

/* *.expected is what those versions of liquibase wrote for these files; make test-tools lets them
 * write it again. */
static void are_those_of_liquibase(void **state UNUSED)
{
    static const struct {
        const char *version, *expected, *files[4];
    } cases[] = {
        {"4.28.0", "all-4.28.0", {"plain.sql", "deep/long.sql", "deep/windows.sql"}},
        {"4.4.0", "all-4.4.0", {"plain.sql", "deep/long.sql", "deep/windows.sql"}},
        {"4.28.0", "newer-4.28.0", {"newer.sql"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text rows = {0};
        CLEANUP(memory_freep)
        char *path = memory_format(VECTORS "%s.expected", cases[i].expected);
        CLEANUP(memory_freep) char *expected = NULL;
        CLEANUP(error_done) Error err = {0};
        size_t size;
        for (size_t j = 0; cases[i].files[j]; j++)
            add_rows(cases[i].files[j], cases[i].version, &rows);
        assert_true(file_read_all(path, 1 << 20, &expected, &size, &err));
        assert_string_equal(text_string(&rows), expected);
    }
}

#define HEAD "--liquibase formatted sql\n"

/* Line 3 lies in the changeset. */
static void refuses_what_the_version_would_read_otherwise(void **state UNUSED)
{
    static const struct {
        const char *version, *text, *says;
    } cases[] = {
        {"4.28.0", HEAD "--changeset a:1\nSELECT '\xff';\n", "x.sql: it is not UTF-8"},
        {"4.28.0", HEAD "--changeset a:1\nSELECT '\r';\n",
         "x.sql:3: liquibase 4.28.0 ends a line at the carriage return"},
        {"4.28.0", HEAD "--changeset a:1\nSELECT 1;\n--comment a\xe2\x80\xa8z\n",
         "x.sql:4: liquibase 4.28.0 ends this comment at a character"},
        {"4.28.0", HEAD "--changeset a:1\nSELECT 1;\n--liquibase formatted sql\n",
         "x.sql:4: liquibase 4.28.0 takes this for the file's header"},
        {"4.28.0", HEAD "--changeset 'a':1\nSELECT 1;\n",
         "x.sql:2: liquibase 4.28.0 takes the quotes away that stand around the name"},
        {"4.28.0", HEAD "--changeset a:1 labels:'q'\nSELECT 1;\n",
         "x.sql:2: liquibase 4.28.0 takes 'q' for the labels of this changeset, and Sealift ''q''"},
        {"4.28.0", HEAD "--changeset a:1 labels:\"a,,b\"\nSELECT 1;\n",
         "x.sql:2: liquibase 4.28.0 keeps such labels otherwise"},
        {"4.28.0", HEAD "--changeset a:1 labels:\xc3\x84\nSELECT 1;\n",
         "x.sql:2: liquibase 4.28.0 keeps such labels otherwise"},
        {"4.28.0", HEAD "--changeset a:1 context:\" a\"\nSELECT 1;\n",
         "x.sql:2: liquibase 4.28.0 keeps or drops the blank around the context"},
        {"4.28.0", HEAD "--changeset a:1 context:a logicalFilePath:context:b\nSELECT 1;\n",
         "x.sql:2: liquibase 4.28.0 takes 'b' for the context of this changeset, and Sealift 'a'"},
        {"4.28.0", HEAD "--changeset a:1 logicalFilePath:\"a.sql\"\nSELECT 1;\n",
         "x.sql:2: liquibase 4.28.0 takes '\"a.sql\"' for the logicalFilePath"},
        {"4.28.0", HEAD "--changeset a:1 logicalFilePath:./a.sql\nSELECT 1;\n",
         "x.sql:2: liquibase 4.28.0 keeps the logicalFilePath of this changeset otherwise"},
        {"4.28.0", HEAD "--changeset a:1 dbms:\"postgresql,h2\"\nSELECT 1;\n",
         "x.sql:2: liquibase 4.28.0 takes '\"postgresql,h2\"' for the dbms"},
        {"4.28.0", HEAD "--changeset a:1\nSELECT 1;\n--precondition-sql-check\t0 SELECT 0\n",
         "x.sql:4: liquibase 4.28.0 does not see this precondition"},
        {"4.28.0", HEAD "SELECT 1;\nSELECT 2;\n", "x.sql:3: there is no changeset"},
        {"4.18.0", HEAD "--changeset a:1\nSELECT 1;\n/* liquibase rollback\nSELECT 2;\n*/\n",
         "x.sql:4: liquibase 4.18.0 does not see this rollback"},
        {"4.23.0", "--LIQUIBASE formatted sql\n--changeset a:1\nSELECT 1;\n",
         "x.sql:1: liquibase 4.23.0 does not take the file for formatted SQL"},
        {"4.23.0", "\n--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n",
         "x.sql:2: liquibase 4.23.0 does not take the file for formatted SQL"},
        {"4.23.0", HEAD "--changeset a:1 context:\"a\" labels:\"b\"\nSELECT 1;\n",
         "x.sql:2: liquibase 4.23.0 takes 'a\" labels:\"b' for the context"},
        {"4.23.0", HEAD "--changeset a:1 labels:\"b\"\nSELECT 1;\n",
         "x.sql:2: liquibase 4.23.0 takes '\"b\"' for the labels"},
        {"4.15.0", HEAD "--changeset a:1 contextFilter:a\nSELECT 1;\n",
         "x.sql:2: liquibase 4.15.0 takes '' for the context"},
        {"4.9.1", HEAD "--changeset a:1\nSELECT 1;\n--changeset a:2 ignore:TRUE\nSELECT 2;\n",
         "x.sql:4: liquibase 4.9.1 does not know ignore:true"},
        {"4.4.3", HEAD "--changeset \"a b\":1\nSELECT 1;\n",
         "x.sql:2: liquibase 4.4.3 takes the quotes for a part of the name"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(liquibase_row_done) LiquibaseRow row = {0};
        CLEANUP(error_done) Error err = {0};
        if (read_row(cases[i].text, strlen(cases[i].text), 3, cases[i].version, &row, &err))
            fail_msg("taken: %s", cases[i].text);
        assert_int_equal(err.class, ERROR_INPUT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("'%s' is not in '%s'", cases[i].says, err.message);
        assert_null(row.id);
    }
}

static void takes_what_each_version_reads_alike(void **state UNUSED)
{
    static const struct {
        const char *version, *text;
    } cases[] = {
        {"4.19.0", HEAD "--changeset a:1\nSELECT 1;\n/* liquibase rollback\nSELECT 2;\n*/\n"},
        {"4.16.0", HEAD "--changeset a:1 contextFilter:a\nSELECT 1;\n"},
        {"4.10.0", HEAD "--changeset a:1\nSELECT 1;\n--changeset a:2 ignore:true\nSELECT 2;\n"},
        {"4.5.0", HEAD "--changeset \"a b\":1\nSELECT 1;\n"},
        {"4.24.0",
         "\n --Liquibase  formatted sql\n--changeset a:1 context:\"a\" labels:\"b\"\nX;\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(liquibase_row_done) LiquibaseRow row = {0};
        CLEANUP(error_done) Error err = {0};
        if (!read_row(cases[i].text, strlen(cases[i].text), 3, cases[i].version, &row, &err))
            fail_msg("%s", err.message);
    }
}

/* Half a character is a question mark to Java. */
static void a_comment_is_cut_between_characters(void **state UNUSED)
{
    static const char wide[] = "\xf0\x9f\x9a\xa2"; /* two units */
    static const struct {
        int before;
        bool refused;
    } cases[] = {{245, false}, {246, true}, {247, false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep)
        char *text = memory_format(HEAD "--changeset a:1\n--comment %0*d%s%010d\nSELECT 1;\n",
                                   cases[i].before, 0, wide, 0);
        CLEANUP(liquibase_row_done) LiquibaseRow row = {0};
        CLEANUP(error_done) Error err = {0};
        assert_int_equal(read_row(text, strlen(text), 3, "4.28.0", &row, &err), !cases[i].refused);
        if (cases[i].refused)
            assert_non_null(strstr(err.message, "cuts a character of the comment in half"));
        else
            assert_int_equal(strlen(row.comments), cases[i].before == 245 ? 245 + 4 + 3 : 247 + 3);
    }
}

static void versions_have_numbers_as_far_as_they_are_known(void **state UNUSED)
{
    static const struct {
        const char *text;
        unsigned number;
    } cases[] = {
        {"4.28.0", 4028}, {"4.3.0", 4003}, {"4.33.0", 4033}, {"5.0.4", 5000}, {"4.2.2", 0},
        {"4.34.0", 0},    {"5.1.0", 0},    {"3.10.3", 0},    {"4.28", 0},     {"4.28.0.1", 0},
        {"4.28.x", 0},    {"v4.28.0", 0},  {"", 0},          {"4..0", 0},     {"4.28.0 ", 0},
        {"4.-3.0", 0},    {"4.9999.0", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(liquibase_version_number(cases[i].text), cases[i].number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_those_of_liquibase),
        cmocka_unit_test(refuses_what_the_version_would_read_otherwise),
        cmocka_unit_test(takes_what_each_version_reads_alike),
        cmocka_unit_test(a_comment_is_cut_between_characters),
        cmocka_unit_test(versions_have_numbers_as_far_as_they_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
