/* Downs of RENAME and SET SCHEMA. */
#include "planner/downs/down_derive.h"
#include "planner/schema/sql_names.h"

static const struct {
    const char *type, *words;
} renamed[] = {
    {"OBJECT_TABLE", "TABLE"},
    {"OBJECT_VIEW", "VIEW"},
    {"OBJECT_MATVIEW", "MATERIALIZED VIEW"},
    {"OBJECT_INDEX", "INDEX"},
    {"OBJECT_SEQUENCE", "SEQUENCE"},
    {"OBJECT_FOREIGN_TABLE", "FOREIGN TABLE"},
    {"OBJECT_TYPE", "TYPE"},
    {"OBJECT_DOMAIN", "DOMAIN"},
};

/* Of a table: columns, constraints, triggers, rules, policies. */
static char *rename_part(const Node *node, const char *from, const char *to)
{
    CLEANUP(memory_freep) char *table = lint_relation(node_at(node, "relation"));
    if (node_is(node, "renameType", "OBJECT_COLUMN"))
        return memory_format("ALTER %s %s RENAME COLUMN %s TO %s;",
                             node_is(node, "relationType", "OBJECT_VIEW")      ? "VIEW"
                             : node_is(node, "relationType", "OBJECT_MATVIEW") ? "MATERIALIZED VIEW"
                                                                               : "TABLE",
                             table, to, from);
    if (node_is(node, "renameType", "OBJECT_TABCONSTRAINT"))
        return memory_format("ALTER TABLE %s RENAME CONSTRAINT %s TO %s;", table, to, from);
    if (node_is(node, "renameType", "OBJECT_TRIGGER"))
        return memory_format("ALTER TRIGGER %s ON %s RENAME TO %s;", to, table, from);
    if (node_is(node, "renameType", "OBJECT_POLICY"))
        return memory_format("ALTER POLICY %s ON %s RENAME TO %s;", to, table, from);
    if (node_is(node, "renameType", "OBJECT_ATTRIBUTE"))
        return memory_format("ALTER TYPE %s RENAME ATTRIBUTE %s TO %s;", table, to, from);
    return NULL;
}

/* The object itself: under the new name, in the schema where it was named. */
static char *rename_whole(const Node *node, const char *words)
{
    const Node *relation = node_at(node, "relation"), *names = node_at(node, "object.List.items");
    const char *schema = relation ? node_text(relation, "schemaname") : sql_schema_name(names);
    const char *from = relation ? node_text(relation, "relname") : sql_last_name(names);
    Text sql = {0};
    text_addf(&sql, "ALTER %s ", words);
    sql_add_qualified(&sql, schema, node_text(node, "newname"));
    text_add(&sql, " RENAME TO ");
    sql_add_name(&sql, from);
    text_add_char(&sql, ';');
    return text_take(&sql);
}

void down_derive_rename(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node;
    CLEANUP(memory_freep) char *from = lint_name(node_text(node, "subname"));
    CLEANUP(memory_freep) char *to = lint_name(node_text(node, "newname"));
    char *sql = NULL;
    if (node_true(node, "missing_ok")) {
        down_refuse(deriving, "IF EXISTS does not say whether there was anything");
        return;
    }
    if (node_is(node, "renameType", "OBJECT_SCHEMA"))
        sql = memory_format("ALTER SCHEMA %s RENAME TO %s;", to, from);
    else
        sql = rename_part(node, from, to);
    for (size_t i = 0; !sql && i < ARRAY_LEN(renamed); i++)
        if (node_is(node, "renameType", renamed[i].type))
            sql = rename_whole(node, renamed[i].words);
    const Node *relation = node_at(node, "relation");
    if (relation &&
        down_made_here(deriving, node_text(relation, "schemaname"), node_text(relation, "relname")))
        down_note_made(deriving, node_text(relation, "schemaname"), node_text(node, "newname"));
    if (sql)
        down_add(deriving, sql);
    else
        down_refuse(deriving, "renaming this kind of object is not derived");
}

void down_derive_set_schema(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node, *relation = node_at(node, "relation");
    for (size_t i = 0; relation && i < ARRAY_LEN(renamed); i++) {
        if (!node_is(node, "objectType", renamed[i].type))
            continue;
        Text sql = {0};
        text_addf(&sql, "ALTER %s ", renamed[i].words);
        sql_add_qualified(&sql, node_text(node, "newschema"), node_text(relation, "relname"));
        text_add(&sql, " SET SCHEMA ");
        sql_add_name(&sql, down_schema(deriving, node_text(relation, "schemaname")));
        text_add_char(&sql, ';');
        down_add(deriving, text_take(&sql));
        return;
    }
    down_refuse(deriving, "moving this kind of object is not derived");
}
