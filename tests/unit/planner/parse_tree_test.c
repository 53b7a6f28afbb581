#include "planner/schema/parse_tree.h"

#include "base/text.h"
#include "tests/support/unit_test.h"

#define TREE(statement) "{\"version\":150001,\"stmts\":[{\"stmt\":" statement "}]}"

static ParseTree *read_tree(const char *json)
{
    CLEANUP(error_done) Error error = {0};
    ParseTree *tree = NULL;
    if (!parse_tree_read(json, strlen(json), &tree, &error))
        fail_msg("%s", error.message);
    return tree;
}

static void reads_members_by_path(void **state UNUSED)
{
    CLEANUP(parse_tree_freep)
    ParseTree *tree = read_tree(
        TREE("{\"DropStmt\":{\"a\":{\"b\":{\"c\":\"x\\u0022\\n\\u00e9\\u20ac\"}},\"yes\":true,"
             "\"no\":false,\"n\":-12,\"list\":[{\"K\":{\"v\":1}},{\"L\":{\"v\":2}}]}}"));
    const Node *statement = parse_tree_statement(tree);
    assert_true(node_kind_is(statement, "DropStmt"));
    assert_string_equal(node_text(statement, "a.b.c"), "x\"\n\xc3\xa9\xe2\x82\xac");
    assert_true(node_true(statement, "yes"));
    assert_false(node_true(statement, "no"));
    assert_int_equal(node_int(statement, "n", 0), -12);
    assert_int_equal(node_int(statement, "a", 7), 7);
    assert_null(node_at(statement, "a.x.c"));
    assert_string_equal(node_text(statement, "a.b"), "");
    assert_true(node_is(statement, "nothing", ""));
    assert_int_equal(node_count(node_at(statement, "list")), 2);
    int64_t sum = 0;
    CLEANUP(text_done) Text kinds = {0};
    node_each(item, node_at(statement, "list"))
    {
        text_add(&kinds, item->name);
        sum = sum * 10 + node_int(item, "v", 0);
    }
    assert_string_equal(text_string(&kinds), "KL");
    assert_int_equal(sum, 12);
}

static bool count_until_three(void *context, const Node *node UNUSED)
{
    return ++*(int *)context < 3;
}

static void walks_until_told_to_stop(void **state UNUSED)
{
    CLEANUP(parse_tree_freep) ParseTree *tree = read_tree(TREE("{\"S\":{\"a\":[1,2,3]}}"));
    int seen = 0;
    node_walk(parse_tree_statement(tree), count_until_three, &seen);
    assert_int_equal(seen, 3);
    node_walk(NULL, count_until_three, &seen);
    assert_int_equal(seen, 3);
}

static void finds_no_statement_where_there_is_not_exactly_one(void **state UNUSED)
{
    static const char *const jsons[] = {
        "{}",
        "{\"stmts\":[]}",
        "{\"stmts\":[{\"stmt\":{\"A\":{}}},{\"stmt\":{\"B\":{}}}]}",
        TREE("{}"),
        TREE("{\"A\":{},\"B\":{}}"),
        "{\"stmts\":\"x\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(jsons); i++) {
        CLEANUP(parse_tree_freep) ParseTree *tree = read_tree(jsons[i]);
        assert_null(parse_tree_statement(tree));
    }
}

static void assert_refused(const char *json, size_t size, const char *words)
{
    CLEANUP(error_done) Error error = {0};
    ParseTree *tree = NULL;
    if (parse_tree_read(json, size, &tree, &error))
        fail_msg("read: %.40s", json);
    assert_null(tree);
    assert_int_equal(error.class, ERROR_INPUT);
    assert_string_equal(error.message, words);
}

static void refuses_what_is_not_the_json_expected(void **state UNUSED)
{
    static const char *const jsons[] = {
        "",
        " ",
        "[]",
        "1",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":1.5}",
        "{\"a\":tru}",
        "{\"a\":\"x}",
        "{\"a\":\"\\",
        "{\"a\":\"\\q\"}",
        "{\"a\":\"\\u00\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\u00g0\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":[1,]}",
        "{\"a\":[1}",
        "{} x",
        "{a:1}",
        "{\"a\":null}",
        "{\"a\":9999999999999999999}",
    };
    for (size_t i = 0; i < ARRAY_LEN(jsons); i++)
        assert_refused(jsons[i], strlen(jsons[i]), "the parser's answer is malformed");
    assert_refused("{\"a\":\"\0\"}", 9, "the parser's answer is malformed");
}

static void refuses_trees_over_the_limits(void **state UNUSED)
{
    CLEANUP(text_done) Text deep = {0};
    text_add(&deep, "{\"a\":");
    for (int i = 0; i < PARSE_TREE_DEPTH_MAX; i++)
        text_add_char(&deep, '[');
    assert_refused(deep.bytes, deep.length, "its parse tree is too deep");
    CLEANUP(text_done) Text wide = {0};
    text_add(&wide, "{\"a\":[1");
    for (int i = 0; i < PARSE_TREE_NODES_MAX; i++)
        text_add(&wide, ",1");
    text_add(&wide, "]}");
    assert_refused(wide.bytes, wide.length, "its parse tree has too many nodes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_members_by_path),
        cmocka_unit_test(walks_until_told_to_stop),
        cmocka_unit_test(finds_no_statement_where_there_is_not_exactly_one),
        cmocka_unit_test(refuses_what_is_not_the_json_expected),
        cmocka_unit_test(refuses_trees_over_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
