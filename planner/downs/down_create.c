/* What is created is dropped. */
#include "planner/downs/down_derive.h"
#include "planner/schema/sql_names.h"

static bool refuse_existing(DownDeriving *deriving, const char *member)
{
    if (!node_true(deriving->visit.node, member))
        return false;
    down_refuse(deriving, "IF NOT EXISTS does not say whether it made anything");
    return true;
}

void down_derive_table(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node;
    bool query = node_kind_is(node, "CreateTableAsStmt");
    const Node *relation = node_at(node, query ? "into.rel" : "relation");
    bool matview = node_is(node, "objtype", "OBJECT_MATVIEW");
    if (node_kind_is(node, "CreateForeignTableStmt"))
        relation = node_at(node, "base.relation");
    if (refuse_existing(deriving, "if_not_exists"))
        return;
    down_note_made(deriving, node_text(relation, "schemaname"), node_text(relation, "relname"));
    if (node_is(relation, "relpersistence", "t")) {
        down_nothing(deriving, "a temporary table goes with the session");
        return;
    }
    CLEANUP(memory_freep) char *name = lint_relation(relation);
    const char *what = matview                                        ? "MATERIALIZED VIEW"
                       : node_kind_is(node, "CreateForeignTableStmt") ? "FOREIGN TABLE"
                                                                      : "TABLE";
    DownStep *step = down_add(deriving, memory_format("DROP %s %s;", what, name));
    if (strcmp(what, "TABLE") != 0)
        return;
    step->loses = memory_format("all rows of %s, those written since, too", name);
    step->guard = memory_format("SELECT FROM %s", name);
}

/* What is dropped by a plain DROP, by its kind; the name in `relation` or in the list `names`. */
static const struct {
    const char *kind, *relation, *names, *drop;
} makers[] = {
    {"CreateSeqStmt", "sequence", "", "SEQUENCE"},
    {"CreateEnumStmt", "", "typeName", "TYPE"},
    {"CompositeTypeStmt", "typevar", "", "TYPE"},
    {"CreateRangeStmt", "", "typeName", "TYPE"},
    {"CreateDomainStmt", "", "domainname", "DOMAIN"},
    {"CreateStatsStmt", "", "defnames", "STATISTICS"},
};

bool down_derive_maker(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node;
    for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
        if (!node_kind_is(node, makers[i].kind))
            continue;
        const Node *relation = *makers[i].relation ? node_at(node, makers[i].relation) : NULL;
        const Node *names = *makers[i].names ? node_at(node, makers[i].names) : NULL;
        if (refuse_existing(deriving, "if_not_exists"))
            return true;
        if (!relation && !node_count(names)) {
            down_refuse(deriving, "it has no name");
            return true;
        }
        CLEANUP(memory_freep) char *name = relation ? lint_relation(relation) : lint_names(names);
        down_note_made(deriving,
                       relation ? node_text(relation, "schemaname") : sql_schema_name(names),
                       relation ? node_text(relation, "relname") : sql_last_name(names));
        DownStep *step = down_add(deriving, memory_format("DROP %s %s;", makers[i].drop, name));
        if (strcmp(makers[i].drop, "SEQUENCE") == 0)
            step->loses = memory_format("where %s stands", name);
        return true;
    }
    return false;
}

void down_derive_schema(DownDeriving *deriving)
{
    const char *plain = node_text(deriving->visit.node, "schemaname");
    if (refuse_existing(deriving, "if_not_exists"))
        return;
    if (!*plain || node_count(node_at(deriving->visit.node, "schemaElts"))) {
        down_refuse(deriving, "it makes more than a schema of a given name");
        return;
    }
    CLEANUP(memory_freep) char *name = lint_name(plain);
    *array_add(&deriving->made) = memory_string(plain);
    down_add(deriving, memory_format("DROP SCHEMA %s;", name));
}

void down_derive_view(DownDeriving *deriving)
{
    const Node *view = node_at(deriving->visit.node, "view");
    CLEANUP(memory_freep) char *name = lint_relation(view);
    CLEANUP(memory_freep) char *definition = NULL;
    const char *schema = node_text(view, "schemaname"), *plain = node_text(view, "relname");
    bool absent = true;
    if (node_true(deriving->visit.node, "replace") && !down_made_here(deriving, schema, plain) &&
        !down_ask(deriving, BEFORE_VIEW, schema, plain, "", &absent, &definition))
        return;
    if (definition) {
        down_add(deriving, TAKE_PTR(definition));
        return;
    }
    down_note_made(deriving, schema, plain);
    if (absent)
        down_add(deriving, memory_format("DROP VIEW %s;", name));
}

/* The types of the arguments that name a function: (integer, text). */
static bool add_arguments(const Node *parameters, bool procedure, Text *types)
{
    node_each(parameter, parameters)
    {
        bool out = node_is(parameter, "mode", "FUNC_PARAM_OUT");
        if (out && procedure)
            return false; /* which of its arguments name it depends on the version */
        if (out || node_is(parameter, "mode", "FUNC_PARAM_TABLE"))
            continue;
        text_add(types, types->length ? ", " : "");
        sql_add_type(types, node_at(parameter, "argType"));
    }
    return true;
}

void down_derive_function(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node, *names = node_at(node, "funcname");
    bool procedure = node_true(node, "is_procedure"), absent = true;
    CLEANUP(text_done) Text types = {0};
    CLEANUP(memory_freep) char *name = lint_names(names);
    CLEANUP(memory_freep) char *definition = NULL;
    if (!add_arguments(node_at(node, "parameters"), procedure, &types)) {
        down_refuse(deriving, "how a procedure with OUT arguments is named differs by version");
        return;
    }
    CLEANUP(memory_freep)
    char *made = memory_format("%s(%s)", sql_last_name(names), text_string(&types));
    if (node_true(node, "replace") && !down_made_here(deriving, sql_schema_name(names), made) &&
        !down_ask(deriving, BEFORE_FUNCTION, sql_schema_name(names), sql_last_name(names),
                  text_string(&types), &absent, &definition))
        return;
    if (definition) {
        down_add(deriving, memory_format("%s;", definition));
        return;
    }
    down_note_made(deriving, sql_schema_name(names), made);
    if (absent)
        down_add(deriving, memory_format("DROP %s %s(%s);", procedure ? "PROCEDURE" : "FUNCTION",
                                         name, text_string(&types)));
}

void down_derive_index(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node, *relation = node_at(node, "relation");
    const char *plain = node_text(node, "idxname");
    if (down_goes_with(deriving, relation) || refuse_existing(deriving, "if_not_exists"))
        return;
    if (!*plain) {
        down_refuse(deriving, "the index has no name, and the server makes one");
        return;
    }
    Text sql = {0};
    text_addf(&sql, "DROP INDEX %s", node_true(node, "concurrent") ? "CONCURRENTLY " : "");
    sql_add_qualified(&sql, node_text(relation, "schemaname"), plain);
    text_add_char(&sql, ';');
    DownStep *step = down_add(deriving, text_take(&sql));
    step->index = memory_string(plain);
    down_note_made(deriving, node_text(relation, "schemaname"), plain);
}

/* CREATE TRIGGER, RULE, POLICY: dropped by DROP … name ON table. */
bool down_derive_on_table(DownDeriving *deriving)
{
    static const struct {
        const char *kind, *name, *relation, *drop;
        BeforeKind before;
    } rows[] = {
        {"CreateTrigStmt", "trigname", "relation", "TRIGGER", BEFORE_TRIGGER},
        {"RuleStmt", "rulename", "relation", "RULE", BEFORE_RULE},
        {"CreatePolicyStmt", "policy_name", "table", "POLICY", BEFORE_TRIGGER},
    };
    const Node *node = deriving->visit.node;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!node_kind_is(node, rows[i].kind))
            continue;
        const Node *relation = node_at(node, rows[i].relation);
        CLEANUP(memory_freep) char *name = lint_name(node_text(node, rows[i].name));
        CLEANUP(memory_freep) char *table = lint_relation(relation);
        CLEANUP(memory_freep) char *definition = NULL;
        bool absent = true;
        if (down_goes_with(deriving, relation) ||
            (node_true(node, "replace") &&
             !down_ask(deriving, rows[i].before, node_text(relation, "schemaname"),
                       node_text(relation, "relname"), node_text(node, rows[i].name), &absent,
                       &definition)))
            return true;
        char *drop = memory_format("DROP %s %s ON %s;", rows[i].drop, name, table);
        if (!definition) {
            down_add(deriving, drop);
            return true;
        }
        down_add(deriving, memory_format("%s\n%s;", drop, definition));
        free(drop);
        return true;
    }
    return false;
}
