#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/script_cases.h"

#define RANGE(from, to)                                                                            \
    {                                                                                              \
        .first = from, .last = to                                                                  \
    }

/* Read these ranges of `sql`; "text@line|text@line" of the statements. The caller frees. */
static char *read_ranges(const char *sql, const ScriptRange *items, size_t count)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "s.sql", sql);
    ScriptRangeArray ranges = {0};
    for (size_t i = 0; i < count; i++)
        *array_add(&ranges) = items[i];
    ScriptSink sink = {.sql = on_sql,
                       .data_begin = on_data_begin,
                       .data = on_data,
                       .data_end = on_data_end,
                       .context = &test.shipped};
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    if (!script_read(&(ScriptFile){.path = path, .name = "s.sql", .ranges = &ranges}, &sink,
                     &test.script, &test.error))
        fail_msg("%s", test.error.message);
    Text out = {0};
    array_each (const ScriptStatement, statement, &test.script.statements)
        text_addf(&out, "%s%.*s@%lld", out.length ? "|" : "", (int)statement->length,
                  text_string(&test.shipped.sql) + statement->offset, (long long)statement->line);
    text_add(&out, text_string(&test.shipped.data));
    array_free(&ranges);
    return text_take(&out);
}

static void reads_only_the_lines_of_its_ranges(void **state UNUSED)
{
    static const struct {
        const char *sql;
        ScriptRange ranges[2];
        size_t count;
        const char *expected;
    } cases[] = {
        {"a;\nb;\nc;\n", {RANGE(2, 2)}, 1, "b@2"},
        {"a;\nb;\nc;\n", {RANGE(2, 0)}, 1, "b@2|c@3"},
        {"a;\nb;\nc;\n", {RANGE(1, 1), RANGE(3, 0)}, 2, "a@1|c@3"},
        {"a;\nb;\nc;\n", {RANGE(3, 0), RANGE(1, 1)}, 2, "c@3|a@1"},
        {"\xef\xbb\xbf"
         "a;\r\nb\r\n;c;\r\n",
         {RANGE(1, 2)},
         1,
         "a@1|b@2"},
        /* a statement ends where its range does */
        {"a\nb\n", {RANGE(1, 1), RANGE(2, 2)}, 2, "a@1|b@2"},
        {"a\nb", {RANGE(9, 0)}, 1, ""},
        {"copy t from stdin;\n1\n\\.\na;\ncopy u from stdin;\n2\n\\.\n",
         {RANGE(1, 3), RANGE(5, 7)},
         2,
         "copy t from stdin@1|copy u from stdin@5[1\n][2\n]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep)
        char *found = read_ranges(cases[i].sql, cases[i].ranges, cases[i].count);
        assert_string_equal(found, cases[i].expected);
    }
}

static void joined_ranges_are_one_text(void **state UNUSED)
{
    static const char sql[] = "a\n-- x\n--r c;\r\nb;\n--r d\n\n--r\ne;\n";
    static const ScriptRange up[] = {RANGE(1, 1), {.first = 4, .last = 4, .joined = true}};
    static const ScriptRange down[] = {
        {.first = 3, .last = 3, .skip = 4},
        {.first = 5, .last = 7, .skip = 4, .joined = true},
        {.first = 8, .last = 8, .joined = true},
    };
    CLEANUP(memory_freep) char *text = read_ranges(sql, up, 2);
    assert_string_equal(text, "a\nb@1");
    CLEANUP(memory_freep) char *marked = read_ranges(sql, down, 3);
    assert_string_equal(marked, "c@3|d\n\n\ne@5");
    static const ScriptRange pieces[] = {
        {.first = 2, .last = 2, .skip = 3, .take = 1, .before = "("},
        {.first = 3, .last = 3, .skip = 2, .take = 1, .before = "+", .after = ");", .joined = true},
        {.first = 8, .last = 8, .joined = true},
    };
    CLEANUP(memory_freep) char *put_together = read_ranges(sql, pieces, 3);
    assert_string_equal(put_together, "(x+r)@2|e@8");
}

/* The marks of lines that begin anywhere in the pieces. */
static void marks_do_not_hang_on_the_pieces(void **state UNUSED)
{
    static const ScriptRange marked = {.first = 2, .last = 3, .skip = 11};
    for (size_t before = 65500; before < 65540; before++) {
        Text sql = {0};
        while (sql.length < before)
            text_add_char(&sql, 'x');
        text_add(&sql, "\n--rollback select 1;\n--rollback select 2;\nselect 3;\n");
        CLEANUP(memory_freep) char *found = read_ranges(text_string(&sql), &marked, 1);
        assert_string_equal(found, "select 1@2|select 2@3");
        text_done(&sql);
    }
}

/* A range that begins and ends anywhere in the pieces that a file is read in. */
static void ranges_do_not_hang_on_the_pieces(void **state UNUSED)
{
    for (size_t before = 65530; before < 65540; before++) {
        Text sql = {0};
        while (sql.length < before)
            text_add_char(&sql, 'x');
        text_add(&sql, "\r\nselect 1;\r\nselect 2;\r\nselect 3;\r\n");
        CLEANUP(memory_freep)
        char *found = read_ranges(text_string(&sql), &(ScriptRange)RANGE(2, 3), 1);
        assert_string_equal(found, "select 1@2|select 2@3");
        text_done(&sql);
    }
}

static void names_lines_of_the_file_in_refusals(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "s.sql", "a;\nb;\nselect 'x\n");
    ScriptRangeArray ranges = {0};
    *array_add(&ranges) = (ScriptRange)RANGE(3, 0);
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    assert_false(script_read(&(ScriptFile){.path = path, .name = "s.sql", .ranges = &ranges}, NULL,
                             &test.script, &test.error));
    assert_non_null(strstr(test.error.message, "s.sql:3: "));
    array_free(&ranges);
}

static void blanks_what_is_outside(void **state UNUSED)
{
    char text[] = "ab;\ncd;\nef;";
    ScriptRange items[] = {RANGE(2, 2)};
    ScriptRangeArray ranges = {.items = items, .count = 1};
    script_ranges_blank(&ranges, text, strlen(text));
    assert_string_equal(text, "   \ncd;\n   ");
    char marked[] = "--r a;\n--r\n-";
    ScriptRange lines[] = {{.first = 1, .last = 3, .skip = 4}};
    ranges = (ScriptRangeArray){.items = lines, .count = 1};
    script_ranges_blank(&ranges, marked, strlen(marked));
    assert_string_equal(marked, "    a;\n   \n ");
    char taken[] = "--r 12 3\n1";
    ScriptRange part[] = {{.first = 1, .last = 1, .skip = 4, .take = 2}};
    ranges = (ScriptRangeArray){.items = part, .count = 1};
    script_ranges_blank(&ranges, taken, strlen(taken));
    assert_string_equal(taken, "    12  \n ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_only_the_lines_of_its_ranges),
        cmocka_unit_test(joined_ranges_are_one_text),
        cmocka_unit_test(marks_do_not_hang_on_the_pieces),
        cmocka_unit_test(ranges_do_not_hang_on_the_pieces),
        cmocka_unit_test(names_lines_of_the_file_in_refusals),
        cmocka_unit_test(blanks_what_is_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
