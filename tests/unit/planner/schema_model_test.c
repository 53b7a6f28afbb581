#include "planner/schema/schema_model.h"

#include <stdarg.h>

#include "base/text.h"
#include "planner/schema/sql_parser.h"
#include "tests/support/unit_test.h"

typedef struct World {
    SqlParser *parser;
    Model model;
    ModelPlace place;
} World;

static World world_new(const char *search_path)
{
    World world = {.parser = sql_parser_new(&sql_parser_limits), .place = {1, -1, 1}};
    model_init(&world.model, search_path);
    return world;
}

static void world_done(World *world)
{
    sql_parser_free(world->parser);
    model_done(&world->model);
}

static void apply(World *world, const char *sql)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(sql_parse_done) SqlParse parse = {0};
    CLEANUP(parse_tree_freep) ParseTree *tree = NULL;
    assert_true(sql_parser_parse(world->parser, sql, strlen(sql), &parse, &error));
    if (parse.outcome != SQL_PARSE_TREE)
        fail_msg("%s: %s", sql, parse.message);
    assert_true(parse_tree_read(parse.tree, parse.tree_size, &tree, &error));
    model_apply(&world->model, &world->place, parse_tree_statement(tree));
}

static const ModelTable *table(const World *world, const char *name)
{
    return model_table(&world->model, "", name);
}

static void puts_unqualified_names_where_the_search_path_begins(void **state UNUSED)
{
    static const char *const paths[][2] = {
        {"public", "public"}, {"\"$user\", shop, public", "shop"},
        {"\"My\", b", "My"},  {"$user", "public"},
        {"", "public"},
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        CLEANUP(world_done) World world = world_new(paths[i][0]);
        apply(&world, "CREATE TABLE t (a int)");
        assert_string_equal(table(&world, "t")->schema, paths[i][1]);
        assert_ptr_equal(model_table(&world.model, paths[i][1], "t"), table(&world, "t"));
        assert_null(model_table(&world.model, "elsewhere", "t"));
    }
}

static void keeps_columns_with_type_modifiers_and_null(void **state UNUSED)
{
    CLEANUP(world_done) World world = world_new("public");
    apply(&world, "CREATE TABLE t (a numeric(10, 2) NOT NULL, b s.mood[], c serial, d int, "
                  "e bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (d))");
    const ModelColumn *a = model_column(table(&world, "t"), "a");
    assert_string_equal(a->type, "numeric");
    assert_string_equal(a->type_schema, "");
    assert_int_equal(a->modifier_count, 2);
    assert_int_equal(a->modifiers[1], 2);
    assert_true(a->not_null);
    const ModelColumn *b = model_column(table(&world, "t"), "b");
    assert_string_equal(b->type_schema, "s");
    assert_true(b->array && !b->not_null);
    assert_true(model_column(table(&world, "t"), "c")->not_null);
    assert_true(model_column(table(&world, "t"), "d")->not_null);
    assert_true(model_column(table(&world, "t"), "e")->not_null);
    apply(&world, "ALTER TABLE t ALTER b TYPE text, ALTER a DROP NOT NULL, ALTER b SET NOT NULL, "
                  "DROP COLUMN d, ADD f text, ADD COLUMN IF NOT EXISTS f int");
    assert_string_equal(model_column(table(&world, "t"), "b")->type, "text");
    assert_false(model_column(table(&world, "t"), "a")->not_null);
    assert_true(model_column(table(&world, "t"), "b")->not_null);
    assert_null(model_column(table(&world, "t"), "d"));
    assert_string_equal(model_column(table(&world, "t"), "f")->type, "text");
    assert_null(model_constraint(table(&world, "t"), "t_pkey"));
}

static void names_constraints_as_the_server_does(void **state UNUSED)
{
    CLEANUP(world_done) World world = world_new("public");
    apply(&world, "CREATE TABLE t (a int REFERENCES p, b int UNIQUE CHECK (b IS NOT NULL), "
                  "PRIMARY KEY (a, b), FOREIGN KEY (a, b) REFERENCES s.q (x, y))");
    static const struct {
        const char *name;
        ModelConstraintKind kind;
    } expected[] = {{"t_a_fkey", MODEL_FOREIGN},
                    {"t_b_key", MODEL_UNIQUE},
                    {"t_b_check", MODEL_CHECK},
                    {"t_pkey", MODEL_PRIMARY},
                    {"t_a_b_fkey", MODEL_FOREIGN}};
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const ModelConstraint *found = model_constraint(table(&world, "t"), expected[i].name);
        assert_non_null(found);
        assert_int_equal(found->kind, expected[i].kind);
    }
    const ModelConstraint *key = model_constraint(table(&world, "t"), "t_a_b_fkey");
    assert_string_equal(key->other_schema, "s");
    assert_string_equal(key->other_name, "q");
    assert_int_equal(key->columns.count, 2);
    apply(&world, "ALTER TABLE t RENAME CONSTRAINT t_b_key TO k");
    assert_non_null(model_constraint(table(&world, "t"), "k"));
    apply(&world, "ALTER TABLE t DROP CONSTRAINT k");
    assert_null(model_constraint(table(&world, "t"), "k"));
}

static void only_a_validated_check_proves_not_null(void **state UNUSED)
{
    CLEANUP(world_done) World world = world_new("public");
    apply(&world, "CREATE TABLE t (a int, b int, c int)");
    apply(&world, "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL AND (b > 0 AND c IS NOT "
                  "NULL)) NOT VALID");
    assert_false(model_proves_not_null(table(&world, "t"), "a"));
    apply(&world, "ALTER TABLE t VALIDATE CONSTRAINT k");
    assert_true(model_proves_not_null(table(&world, "t"), "a"));
    assert_true(model_proves_not_null(table(&world, "t"), "c"));
    assert_false(model_proves_not_null(table(&world, "t"), "b"));
    apply(&world, "ALTER TABLE t ADD CONSTRAINT l CHECK (b IS NOT NULL OR a > 0)");
    assert_false(model_proves_not_null(table(&world, "t"), "b"));
    assert_false(model_proves_not_null(NULL, "a"));
}

static bool indexed(const World *world, const char *one, const char *other)
{
    char columns[2][8];
    char *items[2] = {columns[0], columns[1]};
    (void)snprintf(columns[0], sizeof columns[0], "%s", one);
    (void)snprintf(columns[1], sizeof columns[1], "%s", other ? other : "");
    return model_has_index_on(table(world, "t"), &(ModelNames){items, other ? 2 : 1, 2});
}

static void knows_which_columns_an_index_begins_with(void **state UNUSED)
{
    CLEANUP(world_done) World world = world_new("public");
    ModelTable *on;
    apply(&world, "CREATE TABLE t (a int, b int, c int, d int, PRIMARY KEY (d))");
    apply(&world, "CREATE INDEX i ON t (a, b)");
    apply(&world, "CREATE INDEX ON t (c) WHERE c > 0");
    assert_true(indexed(&world, "a", NULL));
    assert_true(indexed(&world, "b", "a"));
    assert_false(indexed(&world, "b", NULL));
    assert_false(indexed(&world, "c", NULL));
    assert_true(indexed(&world, "d", NULL));
    assert_non_null(model_index(&world.model, "public", "t_c_idx", &on));
    apply(&world, "ALTER INDEX i RENAME TO j");
    assert_non_null(model_index(&world.model, "", "j", &on));
    assert_string_equal(on->name, "t");
    apply(&world, "DROP INDEX j");
    assert_false(indexed(&world, "a", NULL));
    apply(&world, "CREATE UNIQUE INDEX k ON t (b)");
    apply(&world, "ALTER TABLE t ADD UNIQUE USING INDEX k");
    assert_null(model_index(&world.model, "", "k", &on));
    assert_int_equal(model_constraint(table(&world, "t"), "k")->kind, MODEL_UNIQUE);
    assert_true(indexed(&world, "b", NULL));
}

static void follows_partitions_and_children(void **state UNUSED)
{
    CLEANUP(world_done) World world = world_new("public");
    bool has_default;
    apply(&world, "CREATE TABLE p (a int) PARTITION BY RANGE (a)");
    apply(&world, "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2)");
    apply(&world, "CREATE TABLE p2 (a int)");
    assert_true(table(&world, "p")->partitioned && table(&world, "p1")->partition);
    assert_int_equal(model_child_count(&world.model, table(&world, "p"), &has_default), 1);
    assert_false(has_default);
    apply(&world, "ALTER TABLE p ATTACH PARTITION p2 DEFAULT");
    assert_int_equal(model_child_count(&world.model, table(&world, "p"), &has_default), 2);
    assert_true(has_default);
    apply(&world, "ALTER TABLE p DETACH PARTITION p1");
    apply(&world, "ALTER TABLE p RENAME TO q");
    assert_int_equal(model_child_count(&world.model, table(&world, "q"), &has_default), 1);
    apply(&world, "CREATE TABLE c (b int)");
    apply(&world, "ALTER TABLE c INHERIT q");
    assert_int_equal(model_child_count(&world.model, table(&world, "q"), &has_default), 2);
}

static void follows_names_and_schemas(void **state UNUSED)
{
    CLEANUP(world_done) World world = world_new("public");
    apply(&world, "CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT 1");
    apply(&world, "CREATE TABLE u (a int REFERENCES s.t)");
    assert_non_null(model_table(&world.model, "s", "v"));
    apply(&world, "ALTER TABLE s.t SET SCHEMA public");
    apply(&world, "ALTER TABLE t RENAME TO x");
    assert_string_equal(model_constraint(table(&world, "u"), "u_a_fkey")->other_name, "x");
    assert_string_equal(model_constraint(table(&world, "u"), "u_a_fkey")->other_schema, "public");
    apply(&world, "ALTER TABLE x RENAME a TO b");
    assert_non_null(model_column(table(&world, "x"), "b"));
    apply(&world, "ALTER SCHEMA s RENAME TO z");
    assert_non_null(model_table(&world.model, "z", "v"));
    apply(&world, "DROP SCHEMA z CASCADE");
    assert_null(model_table(&world.model, "z", "v"));
    apply(&world, "DROP TABLE x, u");
    assert_null(table(&world, "x"));
    assert_null(table(&world, "u"));
}

static void what_is_made_again_is_new(void **state UNUSED)
{
    CLEANUP(world_done) World world = world_new("public");
    apply(&world, "CREATE TABLE t (a int)");
    apply(&world, "CREATE VIEW v AS SELECT 1");
    world.place = (ModelPlace){2, -1, 5};
    apply(&world, "CREATE TABLE IF NOT EXISTS t (b int)");
    apply(&world, "CREATE OR REPLACE VIEW v AS SELECT 2");
    assert_int_equal(table(&world, "t")->made.migration, 1);
    assert_int_equal(table(&world, "v")->made.migration, 1);
    apply(&world, "CREATE TABLE t (b int)"); /* a CASCADE must have dropped the other */
    assert_int_equal(table(&world, "t")->made.migration, 2);
    assert_null(model_column(table(&world, "t"), "a"));
    assert_int_equal(world.model.tables.count, 2);
}

static void knows_types_and_functions(void **state UNUSED)
{
    CLEANUP(world_done) World world = world_new("public");
    apply(&world, "CREATE DOMAIN d AS varchar(9)");
    apply(&world, "CREATE DOMAIN e AS int NOT NULL");
    apply(&world, "CREATE TYPE s.m AS ENUM ('a')");
    assert_false(model_type(&world.model, "", "d")->constrained);
    assert_string_equal(model_type(&world.model, "", "d")->base, "character varying(9)");
    assert_true(model_type(&world.model, "", "e")->constrained);
    assert_int_equal(model_type(&world.model, "s", "m")->kind, MODEL_ENUM);
    apply(&world, "ALTER DOMAIN d ADD CHECK (VALUE <> '')");
    assert_true(model_type(&world.model, "", "d")->constrained);
    apply(&world, "DROP TYPE s.m");
    apply(&world, "DROP DOMAIN d");
    assert_null(model_type(&world.model, "s", "m"));
    assert_null(model_type(&world.model, "", "d"));
    apply(&world, "CREATE FUNCTION f() RETURNS int STABLE LANGUAGE sql AS 'select 1'");
    assert_false(model_function(&world.model, "f")->is_volatile);
    apply(&world, "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'select 1'");
    assert_true(model_function(&world.model, "f")->is_volatile);
    apply(&world, "CREATE OR REPLACE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS ''");
    assert_false(model_function(&world.model, "f")->is_volatile);
    assert_null(model_function(&world.model, "g"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_unqualified_names_where_the_search_path_begins),
        cmocka_unit_test(keeps_columns_with_type_modifiers_and_null),
        cmocka_unit_test(names_constraints_as_the_server_does),
        cmocka_unit_test(only_a_validated_check_proves_not_null),
        cmocka_unit_test(knows_which_columns_an_index_begins_with),
        cmocka_unit_test(follows_partitions_and_children),
        cmocka_unit_test(follows_names_and_schemas),
        cmocka_unit_test(what_is_made_again_is_new),
        cmocka_unit_test(knows_types_and_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
