/* Columns whose type changes. */
#include "planner/lint/lint_visit.h"
#include "planner/schema/sql_names.h"

typedef enum {
    CHANGE_UNKNOWN, /* the type before is not known */
    CHANGE_SAFE,    /* the stored bytes stay */
    CHANGE_TIME_ZONE,
    CHANGE_REWRITE,
} Change;

/* A type as far as a change of it depends on it. */
typedef struct Type {
    const char *schema, *name; /* borrowed; schema "" for what the server has built in */
    int64_t modifiers[2];
    size_t modifier_count;
    bool array;
} Type;

static Type type_of_node(const Node *type_name)
{
    const Node *names = node_at(type_name, "names");
    Type type = {.schema = sql_schema_name(names), .name = sql_last_name(names)};
    if (strcmp(type.schema, "pg_catalog") == 0)
        type.schema = "";
    node_each(item, node_at(type_name, "typmods")) if (type.modifier_count < 2)
        type.modifiers[type.modifier_count++] = node_int(item, "ival.ival", 0);
    type.array = node_count(node_at(type_name, "arrayBounds")) > 0;
    return type;
}

static Type type_of_column(const ModelColumn *column)
{
    static const char *const serials[][2] = {
        {"serial", "int4"},  {"bigserial", "int8"}, {"smallserial", "int2"},
        {"serial4", "int4"}, {"serial8", "int8"},   {"serial2", "int2"},
    };
    Type type = {.schema = column->type_schema,
                 .name = column->type,
                 .modifiers = {column->modifiers[0], column->modifiers[1]},
                 .modifier_count = column->modifier_count,
                 .array = column->array};
    for (size_t i = 0; i < ARRAY_LEN(serials); i++)
        if (!*type.schema && strcmp(type.name, serials[i][0]) == 0)
            type.name = serials[i][1];
    return type;
}

static bool named(const Type *type, const char *name)
{
    return !*type->schema && strcmp(type->name, name) == 0;
}

static bool same_name(const Type *a, const Type *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->schema, b->schema) == 0;
}

/* A length or precision that does not shrink: none is without limit. */
static bool no_less(const Type *before, const Type *after)
{
    return !after->modifier_count ||
           (before->modifier_count && after->modifiers[0] >= before->modifiers[0]);
}

static bool same_modifiers(const Type *a, const Type *b)
{
    return a->modifier_count == b->modifier_count && a->modifiers[0] == b->modifiers[0] &&
           a->modifiers[1] == b->modifiers[1];
}

/* The same type with other modifiers. */
static Change change_of_modifiers(const Type *before, const Type *after)
{
    static const char *const by_length[] = {"varchar", "varbit",    "time",
                                            "timetz",  "timestamp", "timestamptz"};
    if (same_modifiers(before, after))
        return CHANGE_SAFE;
    for (size_t i = 0; i < ARRAY_LEN(by_length); i++)
        if (named(before, by_length[i]))
            return no_less(before, after) ? CHANGE_SAFE : CHANGE_REWRITE;
    if (named(before, "numeric"))
        return !after->modifier_count ||
                       (no_less(before, after) && before->modifiers[1] == after->modifiers[1])
                   ? CHANGE_SAFE
                   : CHANGE_REWRITE;
    if (named(before, "interval") && !after->modifier_count)
        return CHANGE_SAFE;
    return CHANGE_REWRITE;
}

static bool pair_is(const Type *before, const Type *after, const char *from, const char *to)
{
    return named(before, from) && named(after, to);
}

static Change change_between(const LintVisit *visit, const Type *before, const Type *after)
{
    const ModelType *domain = model_type(visit->model, after->schema, after->name);
    if (before->array != after->array)
        return CHANGE_REWRITE;
    if (same_name(before, after))
        return change_of_modifiers(before, after);
    if (pair_is(before, after, "varchar", "text") || pair_is(before, after, "cidr", "inet") ||
        (pair_is(before, after, "text", "varchar") && !after->modifier_count))
        return CHANGE_SAFE;
    if (pair_is(before, after, "timestamp", "timestamptz") ||
        pair_is(before, after, "timestamptz", "timestamp"))
        return no_less(before, after) ? CHANGE_TIME_ZONE : CHANGE_REWRITE;
    if (domain && domain->kind == MODEL_DOMAIN && !domain->constrained)
        return CHANGE_SAFE;
    return CHANGE_REWRITE;
}

/* USING that is more than a cast of the column itself. */
static bool has_own_expression(const Node *command)
{
    const Node *expression = node_at(command, "def.ColumnDef.raw_default");
    const Node *cast = node_at(expression, "TypeCast");
    const Node *fields = node_at(cast ? node_at(cast, "arg") : expression, "ColumnRef.fields");
    return expression && !(node_count(fields) == 1 &&
                           strcmp(sql_last_name(fields), node_text(command, "name")) == 0);
}

static Change change_of(const LintVisit *visit, const Node *command)
{
    const ModelTable *table = model_relation(visit->model, node_at(visit->node, "relation"));
    const ModelColumn *column = model_column(table, node_text(command, "name"));
    Type after = type_of_node(node_at(command, "def.ColumnDef.typeName"));
    if (has_own_expression(command))
        return CHANGE_REWRITE;
    if (!column)
        return CHANGE_UNKNOWN;
    Type before = type_of_column(column);
    return change_between(visit, &before, &after);
}

/* The words of a change. */
typedef struct Changed {
    char *table, *column, *type; /* owned */
    int64_t location;
} Changed;

static void changed_done(Changed *changed)
{
    free(changed->table);
    free(changed->column);
    free(changed->type);
}

static Changed changed_of(const LintVisit *visit, const Node *command)
{
    return (Changed){
        .table = lint_table(visit),
        .column = lint_name(node_text(command, "name")),
        .type = lint_type(node_at(command, "def.ColumnDef.typeName")),
        .location = node_int(command, "def.ColumnDef.location", 0),
    };
}

static char *new_column(const LintVisit *visit, const Node *command, const Changed *changed)
{
    CLEANUP(memory_freep) char *plain = memory_format("%s_new", node_text(command, "name"));
    CLEANUP(memory_freep) char *fresh = lint_name(plain);
    CLEANUP(memory_freep)
    char *expression =
        node_at(command, "def.ColumnDef.raw_default") && lint_words_find(visit, "using") != SIZE_MAX
            ? lint_slice(visit, visit->tokens.items[lint_words_find(visit, "using")].end, "")
            : memory_format(" %s", changed->column);
    return memory_format("ALTER TABLE %s ADD COLUMN %s %s;\n"
                         "-- a trigger BEFORE INSERT OR UPDATE sets it; then in batches\n"
                         "UPDATE %s SET %s =%s WHERE ctid = ANY (ARRAY(\n"
                         "    SELECT ctid FROM %s WHERE %s IS DISTINCT FROM %s LIMIT 10000));\n"
                         "-- when no application version in use reads the old one\n"
                         "ALTER TABLE %s DROP COLUMN %s;\nALTER TABLE %s RENAME COLUMN %s TO %s;",
                         changed->table, fresh, changed->type, changed->table, fresh, expression,
                         changed->table, fresh, expression + 1, changed->table, changed->column,
                         changed->table, fresh, changed->column);
}

void lint_alter_type_rewrite(LintVisit *visit)
{
    lint_each_command(command, visit, "AT_AlterColumnType")
    {
        Change change = change_of(visit, command);
        if (change != CHANGE_REWRITE && change != CHANGE_UNKNOWN)
            continue;
        CLEANUP(changed_done) Changed changed = changed_of(visit, command);
        char *safe = new_column(visit, command, &changed);
        if (change == CHANGE_REWRITE)
            lint_find(visit, changed.location, safe,
                      "changing '%s' to %s writes every row of %s and all its indexes anew",
                      changed.column, changed.type, changed.table);
        else
            lint_find_as(visit, LINT_WARNING, changed.location, safe,
                         "changing '%s' to %s may write every row of %s anew: its type before is "
                         "not known here; the rehearsal measures it",
                         changed.column, changed.type, changed.table);
    }
}

void lint_alter_type_safe(LintVisit *visit)
{
    lint_each_command(command, visit, "AT_AlterColumnType")
    {
        if (change_of(visit, command) != CHANGE_SAFE)
            continue;
        CLEANUP(changed_done) Changed changed = changed_of(visit, command);
        lint_find(visit, changed.location, NULL,
                  "changing '%s' to %s rewrites nothing, but locks %s against all for a moment",
                  changed.column, changed.type, changed.table);
    }
}

void lint_alter_type_tz(LintVisit *visit)
{
    lint_each_command(command, visit, "AT_AlterColumnType")
    {
        if (change_of(visit, command) != CHANGE_TIME_ZONE)
            continue;
        CLEANUP(changed_done) Changed changed = changed_of(visit, command);
        const LintFact *zone = lint_recall(visit, LINT_FACT_SETTING, "timezone", LINT_IN_SCRIPT);
        char *safe = memory_format("SET LOCAL TimeZone = 'UTC';\nALTER TABLE %s ALTER COLUMN %s "
                                   "TYPE %s;",
                                   changed.table, changed.column, changed.type);
        if (zone)
            lint_find_as(visit, LINT_ERROR, changed.location, safe,
                         "changing '%s' to %s writes every row of %s anew, because line %lld sets "
                         "TimeZone",
                         changed.column, changed.type, changed.table, (long long)zone->line);
        else
            lint_find(visit, changed.location, safe,
                      "changing '%s' to %s rewrites nothing as long as TimeZone is UTC, as the "
                      "applier sets it; the values are taken as UTC",
                      changed.column, changed.type);
    }
}

/* The indexes that are known on a column, in words. */
static size_t indexes_on(const ModelTable *table, const char *column, Text *names)
{
    size_t count = 0;
    array_each (const ModelIndex, index, &table->indexes)
        if (model_has_name(&index->columns, column))
            text_addf(names, "%s%s", count++ ? ", " : "", index->name);
    array_each (const ModelConstraint, key, &table->constraints)
        if ((key->kind == MODEL_PRIMARY || key->kind == MODEL_UNIQUE) &&
            model_has_name(&key->columns, column))
            text_addf(names, "%s%s", count++ ? ", " : "", key->name);
    return count;
}

void lint_alter_type_collate(LintVisit *visit)
{
    lint_each_command(command, visit, "AT_AlterColumnType")
    {
        const ModelTable *table = model_relation(visit->model, node_at(visit->node, "relation"));
        CLEANUP(text_done) Text names = {0};
        if (!node_at(command, "def.ColumnDef.collClause") ||
            (table && !indexes_on(table, node_text(command, "name"), &names)))
            continue;
        CLEANUP(changed_done) Changed changed = changed_of(visit, command);
        char *safe = new_column(visit, command, &changed);
        if (table)
            lint_find(visit, changed.location, safe,
                      "another collation for '%s' builds these indexes anew under the lock: %s",
                      changed.column, text_string(&names));
        else
            lint_find_as(visit, LINT_NOTE, changed.location, safe,
                         "another collation for '%s' builds every index on it anew under the lock",
                         changed.column);
    }
}

/* Of version 17 on, which the grammar does not know: by its words. */
void lint_set_expression(LintVisit *visit)
{
    size_t at = lint_words_find(visit, "set expression");
    if (visit->node || !lint_words_at(visit, 0, "alter table") || at == SIZE_MAX || at == 0)
        return;
    const SqlToken *column = &visit->tokens.items[at - 1];
    const SqlToken *table = &visit->tokens.items[2];
    CLEANUP(memory_freep) char *name = lint_name(column->text);
    lint_find(visit, visit->tokens.items[at].offset,
              memory_format("-- a new column beside '%s', filled in batches, then renamed", name),
              "another expression for '%s' writes every row of %s anew", name, table->text);
}
