/* INSERTs that are lines of their own, kept as one statement. */
#include <inttypes.h>

#include "base/text.h"
#include "migrations/script.h"
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/project_folder.h"

#define VALUE(name_, text_)                                                                        \
    {                                                                                              \
        .name = (char[]){name_}, .value = (char[])                                                 \
        {                                                                                          \
            text_                                                                                  \
        }                                                                                          \
    }

#define ONE   "insert into t values (1);\n"
#define TWO   "insert into t values (2);\n"
#define THREE "insert into t values (3);\n"

static bool add_sql(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    text_add_n(context, bytes, size);
    return true;
}

/* "LINE*STATEMENTS " for each statement that was kept; those of several lines must be such. */
static char *joined(const Script *script, const Text *shipped)
{
    Text text = {0};
    array_each (const ScriptStatement, statement, &script->statements) {
        text_addf(&text, "%s%" PRId64 "*%" PRId64, text.length ? " " : "", statement->line,
                  statement->statements);
        const char *from = shipped->bytes + statement->offset;
        int64_t lines = 1;
        for (int64_t i = 0; statement->statements > 1 && i < statement->length; i++) {
            lines += from[i] == '\n';
            assert_true(from[i] != '\n' || from[i - 1] == ';');
        }
        assert_true(statement->statements == 1 || lines == statement->statements);
        assert_true(from[statement->length - 1] != ';');
    }
    return text_take(&text);
}

static void assert_joined(ScriptSyntax syntax, const char *sql, const char *expected)
{
    ProjectFolder folder = {"/tmp/sealift-joined-XXXXXX"};
    CLEANUP(error_done) Error err = {0};
    CLEANUP(script_done) Script script = {0};
    CLEANUP(text_done) Text shipped = {0};
    ProjectValue items[] = {VALUE("v", "7")};
    ProjectValueArray values = {items, 1, 1};
    assert_non_null(mkdtemp(folder.path));
    folder_write(&folder, "s.sql", sql);
    folder_write(&folder, "more.sql", ONE TWO);
    CLEANUP(memory_freep) char *path = file_path(folder.path, "s.sql");
    const ScriptFile file = {
        .path = path,
        .name = "s.sql",
        .settings = {.syntax = syntax, .values = &values, .root = folder.path, .folder = "."}};
    const ScriptSink sink = {.sql = add_sql, .joins_lines = true, .context = &shipped};
    if (!script_read(&file, &sink, &script, &err))
        fail_msg("%s: %s", sql, err.message);
    folder_done(&folder);
    CLEANUP(memory_freep) char *got = joined(&script, &shipped);
    if (strcmp(got, expected) != 0)
        fail_msg("%s\ngives %s, not %s", sql, got, expected);
}

static void joins_lines_of_one_table(void **state UNUSED)
{
    static const struct {
        const char *sql;
        const char *expected;
    } cases[] = {
        {ONE TWO THREE, "1*3"},
        {"create table t (a int);\n" ONE TWO "select 1;\n" ONE, "1*1 2*2 4*1 5*1"},
        {"-- head\n\n" ONE TWO, "3*2"},
        {"INSERT INTO s.\"T\" VALUES (';', E'\\n');\r\ninsert into s.\"T\" select 2 ;\r\n", "1*2"},
        {"/* c */ " ONE TWO, "1*2"},
        /* the last needs its semicolon as all others */
        {ONE "insert into t values (2)", "1*1 2*1"},
        {"begin;\n" ONE TWO "commit;\n", "1*1 2*2 4*1"},
        /* another table */
        {ONE TWO "insert into s.t values (1);\ninsert into s.u values (1);\n", "1*2 3*1 4*1"},
        {"insert into \"T\" values (1);\n" ONE, "1*1 2*1"},
        /* a line that holds two is the end of one run and the beginning of another */
        {ONE "insert into t values (2); insert into t values (3);\n" ONE, "1*2 2*2"},
        {ONE "insert into t values\n(2);\n" ONE TWO, "1*1 2*1 4*2"},
        {ONE "insert into t values ('a\nb');\n" ONE TWO, "1*1 2*1 4*2"},
        {ONE "insert into t values ('a\nb'); insert into t values (4);\n" TWO, "1*1 2*1 3*2"},
        {ONE "\n" TWO THREE, "1*1 3*2"},
        {ONE " " TWO THREE, "1*1 2*2"},
        {"insert into t values (1); \n" TWO THREE, "1*1 2*2"},
        {ONE "-- why\n" TWO THREE, "1*1 3*2"},
        {ONE "insert into t values (2)\n;\n" THREE, "1*1 2*1 4*1"},
        {ONE ";\n" TWO, "1*1 3*1"},
        /* what does more than insert */
        {ONE "insert into t select lo_export(1, 'f');\n" TWO, "1*1 2*1 3*1"},
        {ONE "insert into t select pg_advisory_unlock_all();\n" TWO, "1*1 2*1 3*1"},
        {ONE "insert into t values ($1);\n" TWO, "1*1 2*1 3*1"},
        {"update t set a = 1 where b;\nupdate t set a = 2 where b;\n", "1*1 2*1"},
        {"with x as (select 1) insert into t select 1;\n" ONE, "1*1 2*1"},
        {"copy t from stdin;\n1\n\\.\n" ONE TWO, "1*1 4*2"},
        /* each in a transaction of its own, or in ranges */
        {"-- sealift: no-transaction\n" ONE TWO, "2*1 3*1"},
        {"-- sealift: batch key=a\n" ONE TWO, "2*1 3*1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_joined(SCRIPT_SYNTAX_NONE, cases[i].sql, cases[i].expected);
}

/* What stands in a value's place, or in another file, has other lines. */
static void joins_nothing_that_was_put_together(void **state UNUSED)
{
    static const struct {
        ScriptSyntax syntax;
        const char *sql;
        const char *expected;
    } cases[] = {
        {SCRIPT_SYNTAX_PSQL, ONE TWO "\\echo x\n" ONE TWO, "1*2 4*2"},
        {SCRIPT_SYNTAX_PSQL, ONE "insert into t values (:v);\n" TWO, "1*1 2*1 3*1"},
        {SCRIPT_SYNTAX_PSQL, "\\set n 'a\\nb'\n" ONE "insert into t values (:'n');\n" TWO,
         "2*1 3*1 4*1"},
        {SCRIPT_SYNTAX_PSQL,
         "\\set n '(1); insert into t values (\\n'\n" ONE "insert into t values :n 2);\n" TWO,
         "2*1 3*1 3*1 4*1"},
        {SCRIPT_SYNTAX_PSQL, ONE "\\i more.sql\n" TWO THREE, "1*1 1*1 2*1 3*2"},
        {SCRIPT_SYNTAX_PSQL, ONE "\\if false\n" TWO "\\endif\n" THREE TWO, "1*1 5*2"},
        {SCRIPT_SYNTAX_FLYWAY, ONE TWO "insert into t values (${v});\n" ONE TWO, "1*2 3*1 4*1 5*1"},
        {SCRIPT_SYNTAX_FLYWAY, ONE TWO THREE, "1*3"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_joined(cases[i].syntax, cases[i].sql, cases[i].expected);
}

static void keeps_each_where_nobody_asked(void **state UNUSED)
{
    ProjectFolder folder = folder_new("sealift", NULL, 0);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(script_done) Script script = {0};
    CLEANUP(memory_freep) char *path = file_path(folder.path, "x.sql");
    folder_write(&folder, "x.sql", ONE TWO);
    const ScriptFile file = {.path = path, .name = "x.sql"};
    assert_true(script_read(&file, /* sink= */ NULL, &script, &err));
    assert_int_equal(script.statements.count, 2);
    assert_string_equal(script.statements.items[1].summary, "insert into t values …");
    folder_done(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_lines_of_one_table),
        cmocka_unit_test(joins_nothing_that_was_put_together),
        cmocka_unit_test(keeps_each_where_nobody_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
