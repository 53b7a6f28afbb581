#include "planner/schema/sql_names.h"

#include "planner/schema/sql_parser.h"
#include "tests/support/unit_test.h"

static void assert_name(const char *name, const char *expected)
{
    CLEANUP(text_done) Text sql = {0};
    sql_add_name(&sql, name);
    assert_string_equal(text_string(&sql), expected);
}

static void quotes_names_only_where_they_must_be(void **state UNUSED)
{
    assert_name("orders", "orders");
    assert_name("_a1", "_a1");
    assert_name("Orders", "\"Orders\"");
    assert_name("order", "\"order\"");
    assert_name("user", "\"user\"");
    assert_name("1a", "\"1a\"");
    assert_name("a\"b", "\"a\"\"b\"");
    assert_name("", "\"\"");
    assert_name("\xc3\xa9", "\"\xc3\xa9\"");
    CLEANUP(text_done) Text sql = {0};
    sql_add_qualified(&sql, "a b", "c");
    sql_add_literal(&sql, "it's");
    sql_add_qualified(&sql, "", "d");
    assert_string_equal(text_string(&sql), "\"a b\".c'it''s'd");
}

/* The type of the only column, parsed and written again. */
static void assert_type(SqlParser *parser, const char *type, const char *expected)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(text_done) Text sql = {0};
    CLEANUP(sql_parse_done) SqlParse parse = {0};
    CLEANUP(parse_tree_freep) ParseTree *tree = NULL;
    text_addf(&sql, "CREATE TABLE t (a %s)", type);
    assert_true(sql_parser_parse(parser, sql.bytes, sql.length, &parse, &error));
    assert_int_equal(parse.outcome, SQL_PARSE_TREE);
    assert_true(parse_tree_read(parse.tree, parse.tree_size, &tree, &error));
    const Node *columns = node_at(parse_tree_statement(tree), "tableElts");
    text_clear(&sql);
    sql_add_type(&sql, node_at(node_first(columns), "ColumnDef.typeName"));
    assert_string_equal(text_string(&sql), expected);
}

static void writes_types_as_people_do(void **state UNUSED)
{
    static const struct {
        const char *type, *expected;
    } types[] = {
        {"int", "integer"},
        {"bigint[][]", "bigint[][]"},
        {"int8", "int8"},
        {"numeric(10, 2)", "numeric(10,2)"},
        {"char", "character(1)"},
        {"varchar(20)", "character varying(20)"},
        {"text", "text"},
        {"timestamp(3) with time zone", "timestamp(3) with time zone"},
        {"timetz", "timetz"},
        {"time with time zone", "time with time zone"},
        {"interval", "interval"},
        {"interval day to second(3)", "interval day to second(3)"},
        {"interval year", "interval year"},
        {"interval(2)", "interval(2)"},
        {"bit varying(4)", "bit varying(4)"},
        {"public.\"Mood\"", "public.\"Mood\""},
        {"geometry(Point, 4326)", "geometry(point,4326)"},
        {"json", "json"},
        {"pg_catalog.\"char\"", "\"char\""},
    };
    CLEANUP(sql_parser_freep) SqlParser *parser = sql_parser_new(&sql_parser_limits);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        assert_type(parser, types[i].type, types[i].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_names_only_where_they_must_be),
        cmocka_unit_test(writes_types_as_people_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
