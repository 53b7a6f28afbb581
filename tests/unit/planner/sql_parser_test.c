#include "planner/schema/sql_parser.h"

#include <sys/resource.h>

#include "base/text.h"
#include "tests/support/unit_test.h"

static SqlParse parse(SqlParser *parser, const char *sql, size_t size)
{
    CLEANUP(error_done) Error error = {0};
    SqlParse result = {0};
    if (!sql_parser_parse(parser, sql, size, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static void assert_parses(SqlParser *parser)
{
    CLEANUP(sql_parse_done) SqlParse result = parse(parser, "SELECT 1", 8);
    assert_int_equal(result.outcome, SQL_PARSE_TREE);
    assert_non_null(strstr(result.tree, "SelectStmt"));
    assert_int_equal(result.tree_size, strlen(result.tree));
}

static void assert_fails(SqlParser *parser, const char *sql, size_t size, const char *words)
{
    CLEANUP(sql_parse_done) SqlParse result = parse(parser, sql, size);
    assert_int_equal(result.outcome, SQL_PARSE_FAILED);
    assert_string_equal(result.message, words);
    assert_null(result.tree);
    /* the next statement has a parser again */
    assert_parses(parser);
}

static void parses_statement_after_statement(void **state UNUSED)
{
    CLEANUP(sql_parser_freep) SqlParser *parser = sql_parser_new(&sql_parser_limits);
    for (int i = 0; i < 50; i++)
        assert_parses(parser);
}

static void says_where_the_grammar_stopped_in_bytes(void **state UNUSED)
{
    static const char sql[] = "SELECT 'é' FORM t x";
    CLEANUP(sql_parser_freep) SqlParser *parser = sql_parser_new(&sql_parser_limits);
    CLEANUP(sql_parse_done) SqlParse result = parse(parser, sql, strlen(sql));
    assert_int_equal(result.outcome, SQL_PARSE_REFUSED);
    assert_string_equal(result.message, "syntax error at or near \"t\"");
    assert_string_equal(sql + result.offset, "t x");
}

/* Tens of thousands of chained operators crash the library: the stack of the walk over the tree. */
static void outlives_a_crash_of_the_parser(void **state UNUSED)
{
    SqlParserLimits limits = sql_parser_limits;
    limits.statement_size_max = 8 << 20;
    CLEANUP(sql_parser_freep) SqlParser *parser = sql_parser_new(&limits);
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "SELECT 1");
    for (int i = 0; i < 400000; i++)
        text_add(&sql, "+1");
    assert_fails(parser, sql.bytes, sql.length, "the parser crashed or ran out of memory");
}

static void refuses_what_is_over_the_limits(void **state UNUSED)
{
    SqlParserLimits limits = sql_parser_limits;
    limits.statement_size_max = 100;
    limits.answer_size_max = 1000;
    CLEANUP(sql_parser_freep) SqlParser *parser = sql_parser_new(&limits);
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "SELECT 1");
    while (sql.length < 99)
        text_add(&sql, ",1");
    assert_fails(parser, sql.bytes, sql.length, "its parse tree is too large");
    text_add(&sql, ",1,1");
    assert_fails(parser, sql.bytes, sql.length, "the statement is too large to be parsed");
}

static void ends_a_parser_that_is_late(void **state UNUSED)
{
    SqlParserLimits limits = sql_parser_limits;
    limits.wall_seconds = 0;
    CLEANUP(sql_parser_freep) SqlParser *parser = sql_parser_new(&limits);
    CLEANUP(sql_parse_done) SqlParse result = parse(parser, "SELECT 1", 8);
    assert_int_equal(result.outcome, SQL_PARSE_FAILED);
    assert_string_equal(result.message, "the parser took too long");
}

#ifndef __SANITIZE_ADDRESS__
static void ends_a_parser_that_wants_too_much_memory(void **state UNUSED)
{
    SqlParserLimits limits = sql_parser_limits;
    limits.memory_max = (size_t)100 << 20;
    CLEANUP(sql_parser_freep) SqlParser *parser = sql_parser_new(&limits);
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "SELECT 1");
    while (sql.length < 1000000)
        text_add(&sql, ",1");
    CLEANUP(sql_parse_done) SqlParse result = parse(parser, sql.bytes, sql.length);
    assert_int_not_equal(result.outcome, SQL_PARSE_TREE);
    assert_parses(parser);
}
#endif

static void says_that_no_parser_can_be_started(void **state UNUSED)
{
    CLEANUP(sql_parser_freep) SqlParser *parser = sql_parser_new(&sql_parser_limits);
    CLEANUP(error_done) Error error = {0};
    SqlParse result = {0};
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool good = sql_parser_parse(parser, "SELECT 1", 8, &result, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(good);
    assert_int_equal(error.class, ERROR_IO);
    assert_string_equal(error.message, "cannot make a socket pair for the SQL parser: Too many "
                                       "open files");
    assert_null(result.message);
    assert_parses(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_statement_after_statement),
        cmocka_unit_test(says_where_the_grammar_stopped_in_bytes),
        cmocka_unit_test(outlives_a_crash_of_the_parser),
        cmocka_unit_test(refuses_what_is_over_the_limits),
        cmocka_unit_test(ends_a_parser_that_is_late),
        cmocka_unit_test(says_that_no_parser_can_be_started),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(ends_a_parser_that_wants_too_much_memory),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
