#include "planner/downs/down_derive.h"

#include "planner/schema/sql_names.h"

#define STATEMENT_SHOWN 100 /* bytes of an up statement in a comment of the draft */

/* -- steps -- */

/* The statement's beginning in one line. */
static char *beginning_of(const LintVisit *visit)
{
    Text shown = {0};
    bool blank = false;
    CLEANUP(memory_freep) char *written = down_written(visit);
    for (const char *at = written; *at && shown.length < STATEMENT_SHOWN; at++) {
        bool space = strchr(" \t\r\n", *at) != NULL;
        if (!space || !blank)
            text_add_char(&shown, space ? ' ' : *at);
        blank = space;
    }
    CLEANUP(memory_freep) char *whole = text_take(&shown);
    return text_printable(whole, strlen(whole), STATEMENT_SHOWN - 10);
}

static DownStep *add_step(DownDeriving *deriving, DownOutcome outcome)
{
    DownStep *step = array_add(&deriving->draft->steps);
    step->outcome = outcome;
    step->line = deriving->visit.statement->line;
    step->statement = beginning_of(&deriving->visit);
    return step;
}

DownStep *down_add(DownDeriving *deriving, char *sql)
{
    DownStep *step = add_step(deriving, DOWN_DERIVED);
    step->sql = sql;
    return step;
}

void down_nothing(DownDeriving *deriving, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_step(deriving, DOWN_NOTHING)->reason = memory_vformat(format, arguments);
    va_end(arguments);
}

void down_refuse(DownDeriving *deriving, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_step(deriving, DOWN_REFUSED)->reason = memory_vformat(format, arguments);
    va_end(arguments);
}

static const char *kind_words(BeforeKind kind)
{
    static const char *const words[] = {
#define BEFORE_KIND_WORDS(enumerator, words_) [enumerator] = (words_),
        BEFORE_KIND_TABLE(BEFORE_KIND_WORDS)
#undef BEFORE_KIND_WORDS
    };
    return words[kind];
}

bool down_ask(DownDeriving *deriving, BeforeKind kind, const char *schema, const char *name,
              const char *sub, bool *ret_absent, char **ret_definition)
{
    const BeforeQuestion question = {
        .migration = deriving->visit.migration->identity,
        .kind = kind,
        .schema = down_schema(deriving, schema),
        .name = name,
        .sub = sub,
    };
    BeforeAnswer answer = BEFORE_UNKNOWN;
    if (deriving->failed)
        return false;
    if (deriving->before && !deriving->before->find(deriving->before->context, &question, &answer,
                                                    ret_definition, deriving->err)) {
        deriving->failed = true;
        return false;
    }
    if (ret_absent)
        *ret_absent = answer == BEFORE_ABSENT;
    if (answer == BEFORE_KNOWN || (answer == BEFORE_ABSENT && ret_absent))
        return true;
    if (answer == BEFORE_ABSENT)
        down_refuse(deriving, "the %s was not there in the rehearsal", kind_words(kind));
    else
        down_refuse(deriving,
                    "what the %s was before is not in the text, and no rehearsal has seen it",
                    kind_words(kind));
    return false;
}

const char *down_schema(const DownDeriving *deriving, const char *schema)
{
    return *schema ? schema : deriving->visit.model->schema;
}

static char *key_of(const DownDeriving *deriving, const char *schema, const char *name)
{
    return memory_format("%s.%s", down_schema(deriving, schema), name);
}

bool down_made_here(const DownDeriving *deriving, const char *schema, const char *name)
{
    CLEANUP(memory_freep) char *key = key_of(deriving, schema, name);
    return model_has_name(&deriving->made, key) ||
           model_has_name(&deriving->made, down_schema(deriving, schema));
}

void down_note_made(DownDeriving *deriving, const char *schema, const char *name)
{
    *array_add(&deriving->made) = key_of(deriving, schema, name);
}

bool down_goes_with(DownDeriving *deriving, const Node *relation)
{
    if (!relation || !down_made_here(deriving, node_text(relation, "schemaname"),
                                     node_text(relation, "relname")))
        return false;
    CLEANUP(memory_freep) char *name = lint_relation(relation);
    down_nothing(deriving, "it goes with %s, which this migration made", name);
    return true;
}

/* -- DROP -- */

/* Kinds whose definition brings them back. */
static const struct {
    const char *type;
    BeforeKind before;
    bool on_table; /* named by table and name */
} restorable[] = {
    {"OBJECT_INDEX", BEFORE_INDEX, false},        {"OBJECT_VIEW", BEFORE_VIEW, false},
    {"OBJECT_MATVIEW", BEFORE_MATVIEW, false},    {"OBJECT_FUNCTION", BEFORE_FUNCTION, false},
    {"OBJECT_PROCEDURE", BEFORE_FUNCTION, false}, {"OBJECT_TRIGGER", BEFORE_TRIGGER, true},
    {"OBJECT_RULE", BEFORE_RULE, true},
};

static void restore(DownDeriving *deriving, BeforeKind kind, bool on_table, const Node *object)
{
    const Node *names = node_at(object, "items");
    const char *schema = sql_schema_name(names), *name = sql_last_name(names), *sub = "";
    CLEANUP(text_done) Text types = {0};
    CLEANUP(memory_freep) char *definition = NULL;
    if (node_kind_is(object, "ObjectWithArgs")) {
        names = node_at(object, "objname");
        schema = sql_schema_name(names);
        name = sql_last_name(names);
        node_each(type, node_at(object, "objargs"))
        {
            text_add(&types, types.length ? ", " : "");
            sql_add_type(&types, type);
        }
        sub = text_string(&types);
    }
    if (on_table) { /* schema.table.name, or table.name */
        const char *table = schema;
        sub = name;
        schema = "";
        const char *last = "";
        node_each(part, names)
        {
            if (strcmp(sql_string_of(part), table) == 0 && *last)
                schema = last;
            last = sql_string_of(part);
        }
        name = table;
    }
    if (down_ask(deriving, kind, schema, name, sub, /* ret_absent= */ NULL, &definition))
        down_add(deriving, memory_format("%s;", definition));
}

static void derive_drop(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node;
    const char *type = node_text(node, "removeType");
    if (node_true(node, "missing_ok")) {
        down_refuse(deriving, "IF EXISTS does not say whether there was anything");
        return;
    }
    if (node_is(node, "behavior", "DROP_CASCADE")) {
        down_refuse(deriving, "CASCADE does not say what else it drops");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(restorable); i++) {
        if (strcmp(restorable[i].type, type) != 0)
            continue;
        node_each(object, node_at(node, "objects"))
            restore(deriving, restorable[i].before, restorable[i].on_table, object);
        return;
    }
    down_refuse(deriving, "%s",
                strcmp(type, "OBJECT_TABLE") == 0 || strcmp(type, "OBJECT_SCHEMA") == 0
                    ? "its rows are gone: irreversible, or rename it and drop it a version later"
                : strcmp(type, "OBJECT_EXTENSION") == 0
                    ? "what an extension made cannot be brought back from here"
                    : "no definition of it is kept");
}

/* -- aspects: comments, privileges -- */

static void derive_comment(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node, *names = node_at(node, "object.List.items");
    static const char *const relations[] = {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW",
                                            "OBJECT_SEQUENCE", "OBJECT_INDEX"};
    bool column = node_is(node, "objtype", "OBJECT_COLUMN"), known = column;
    const char *schema = "", *name = "", *sub = "";
    CLEANUP(memory_freep) char *before = NULL;
    node_each(part, names)
    {
        schema = name;
        name = sub;
        sub = sql_string_of(part);
    }
    for (size_t i = 0; i < ARRAY_LEN(relations); i++)
        known = known || node_is(node, "objtype", relations[i]);
    if (!column) {
        schema = name;
        name = sub;
        sub = "";
    }
    if (known && down_made_here(deriving, schema, name)) {
        down_nothing(deriving, "it goes with %s, which this migration made", name);
        return;
    }
    if (!known) {
        down_refuse(deriving, "comments are derived for relations and columns alone");
        return;
    }
    size_t at = lint_words_find(&deriving->visit, "is");
    if (at == SIZE_MAX ||
        !down_ask(deriving, BEFORE_COMMENT, schema, name, sub, /* ret_absent= */ NULL, &before))
        return;
    Text sql = {0};
    text_add_n(&sql, deriving->visit.sql, (size_t)deriving->visit.tokens.items[at].end);
    text_add_char(&sql, ' ');
    if (*before)
        sql_add_literal(&sql, before);
    else
        text_add(&sql, "NULL");
    text_add_char(&sql, ';');
    down_add(deriving, text_take(&sql));
}

/* Whether the list of privileges names the role: what it has is then not told apart here. */
static bool acl_names(const char *acl, const char *role)
{
    CLEANUP(memory_freep) char *wanted = memory_format("%s=", role);
    for (const char *at = acl; (at = strstr(at, wanted)) != NULL; at++)
        if (at == acl || strchr("{,\"", at[-1]))
            return true;
    return false;
}

static void derive_grant(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node, *first = node_first(node_at(node, "objects"));
    const Node *relation = first ? first->first : NULL;
    const char *schema = node_text(relation, "schemaname"), *name = node_text(relation, "relname");
    CLEANUP(memory_freep) char *before = NULL;
    if (node_kind_is(relation, "RangeVar") && down_goes_with(deriving, relation))
        return;
    if (!node_true(node, "is_grant") || !node_kind_is(relation, "RangeVar") || first->next ||
        node_true(node, "grant_option")) {
        down_refuse(deriving, "only GRANT of one relation is derived");
        return;
    }
    if (!down_ask(deriving, BEFORE_ACL, schema, name, "", /* ret_absent= */ NULL, &before))
        return;
    node_each(grantee, node_at(node, "grantees"))
    {
        bool plain = node_is(grantee, "roletype", "ROLESPEC_CSTRING");
        bool everybody = node_is(grantee, "roletype", "ROLESPEC_PUBLIC");
        if ((plain || everybody) &&
            !acl_names(before, everybody ? "" : node_text(grantee, "rolename")))
            continue;
        down_refuse(deriving, "'%s' had privileges on it before",
                    plain ? node_text(grantee, "rolename") : "a role");
        return;
    }
    size_t to = lint_words_find(&deriving->visit, "to");
    size_t end = to == SIZE_MAX ? 0 : (size_t)deriving->visit.tokens.items[to].end;
    size_t begin = (size_t)deriving->visit.tokens.items[0].end;
    if (end > begin)
        down_add(deriving,
                 memory_format("REVOKE%.*s FROM%.*s;", (int)(end - 2 - begin - 1),
                               deriving->visit.sql + begin, (int)(deriving->visit.sql_size - end),
                               deriving->visit.sql + end));
}

/* -- rows -- */

static bool derive_rows(DownDeriving *deriving)
{
    static const struct {
        const char *kind, *why;
    } rows[] = {
        {"InsertStmt", "which rows came is not in the text: write the DELETE yourself"},
        {"CopyStmt", "which rows came is not in the text: write the DELETE yourself"},
        {"UpdateStmt", "the values before are gone: irreversible, or keep them in a column"},
        {"DeleteStmt", "the rows are gone: irreversible, or keep them in a table"},
        {"MergeStmt", "the values before are gone: irreversible"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!node_kind_is(deriving->visit.node, rows[i].kind))
            continue;
        if (!down_goes_with(deriving, node_at(deriving->visit.node, "relation")))
            down_refuse(deriving, "%s", rows[i].why);
        return true;
    }
    return false;
}

/* -- everything else -- */

static bool note_function(void *context, const Node *node)
{
    bool call = strcmp(node->name, "FuncCall") == 0 &&
                strcmp(sql_last_name(node_at(node, "funcname")), "set_config") != 0;
    *(bool *)context = *(bool *)context || call;
    return !call;
}

static bool derive_nothing(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node;
    static const char *const kinds[] = {
        "VariableSetStmt",    "TransactionStmt",   "LockStmt",   "VacuumStmt",
        "ReindexStmt",        "CheckPointStmt",    "NotifyStmt", "VariableShowStmt",
        "ConstraintsSetStmt", "RefreshMatViewStmt"};
    bool calls = false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (node_kind_is(node, kinds[i])) {
            if (!node_kind_is(node, "TransactionStmt"))
                down_nothing(deriving, "it leaves the schema as it is");
            return true;
        }
    if (!node_kind_is(node, "SelectStmt"))
        return false;
    node_walk(node, note_function, &calls);
    if (calls)
        down_refuse(deriving, "what a function does is not in the text");
    else
        down_nothing(deriving, "it only reads");
    return true;
}

static void derive_enum(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node, *names = node_at(node, "typeName");
    if (down_made_here(deriving, sql_schema_name(names), sql_last_name(names))) {
        down_nothing(deriving, "it goes with the type, which this migration made");
        return;
    }
    if (!*node_text(node, "oldVal")) {
        down_refuse(deriving, "a value of an enum cannot be taken out: irreversible");
        return;
    }
    CLEANUP(memory_freep) char *type = lint_names(names);
    Text sql = {0};
    text_addf(&sql, "ALTER TYPE %s RENAME VALUE ", type);
    sql_add_literal(&sql, node_text(node, "newVal"));
    text_add(&sql, " TO ");
    sql_add_literal(&sql, node_text(node, "oldVal"));
    text_add_char(&sql, ';');
    down_add(deriving, text_take(&sql));
}

static const struct {
    const char *kind;
    void (*derive)(DownDeriving *deriving);
} derivations[] = {
    {"CreateStmt", down_derive_table},
    {"CreateTableAsStmt", down_derive_table},
    {"CreateForeignTableStmt", down_derive_table},
    {"CreateSchemaStmt", down_derive_schema},
    {"ViewStmt", down_derive_view},
    {"CreateFunctionStmt", down_derive_function},
    {"IndexStmt", down_derive_index},
    {"AlterTableStmt", down_derive_alter_table},
    {"RenameStmt", down_derive_rename},
    {"AlterObjectSchemaStmt", down_derive_set_schema},
    {"DropStmt", derive_drop},
    {"CommentStmt", derive_comment},
    {"GrantStmt", derive_grant},
    {"AlterEnumStmt", derive_enum},
};

void down_derive(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node;
    for (size_t i = 0; i < ARRAY_LEN(derivations); i++)
        if (node_kind_is(node, derivations[i].kind)) {
            derivations[i].derive(deriving);
            return;
        }
    if (!node || down_derive_maker(deriving) || down_derive_on_table(deriving) ||
        derive_rows(deriving) || derive_nothing(deriving)) {
        if (!node)
            down_refuse(deriving, "the grammar does not know the statement");
        return;
    }
    if (node_kind_is(node, "TruncateStmt"))
        down_refuse(deriving, "the rows are gone: irreversible");
    else if (node_kind_is(node, "DoStmt") || node_kind_is(node, "CallStmt"))
        down_refuse(deriving, "what a block or a procedure does is not in the text");
    else if (node_kind_is(node, "CreateExtensionStmt"))
        down_refuse(deriving, "what an extension's script makes is not in the text");
    else
        down_refuse(deriving, "statements of this kind are not derived");
}
