#include "planner/schema/schema_model_change.h"

#include "base/text.h"
#include "planner/schema/sql_names.h"

static void replace(char **text, const char *by)
{
    char *copy = memory_string(by);
    free(*text);
    *text = copy;
}

static void copy_names(const Node *list, ModelNames *names)
{
    node_each(item, list) * array_add(names) = memory_string(sql_string_of(item));
}

/* -- constraints -- */

/* table_column_column_suffix, as the server names a constraint. */
static char *made_name(const ModelTable *table, const ModelNames *columns, const char *suffix)
{
    CLEANUP(text_done) Text name = {0};
    text_add(&name, table->name);
    if (columns)
        array_each (char *, column, columns)
            text_addf(&name, "_%s", *column);
    text_addf(&name, "_%s", suffix);
    return text_take(&name);
}

static const struct {
    const char *type, *keys, *suffix;
    ModelConstraintKind kind;
    bool names_columns; /* in the name that the server makes */
} constraint_kinds[] = {
    {"CONSTR_CHECK", "", "check", MODEL_CHECK, true},
    {"CONSTR_FOREIGN", "fk_attrs", "fkey", MODEL_FOREIGN, true},
    {"CONSTR_PRIMARY", "keys", "pkey", MODEL_PRIMARY, false},
    {"CONSTR_UNIQUE", "keys", "key", MODEL_UNIQUE, true},
    {"CONSTR_EXCLUSION", "", "excl", MODEL_EXCLUSION, true},
};

/* USING INDEX: the constraint takes the index's columns, and its name where it has none. */
static void take_index(ModelTable *table, const Node *node, ModelConstraint *constraint)
{
    const char *name = node_text(node, "indexname");
    for (size_t i = 0; *name && i < table->indexes.count; i++) {
        ModelIndex *index = &table->indexes.items[i];
        if (strcmp(index->name, name) != 0)
            continue;
        array_each (char *, column, &index->columns)
            *array_add(&constraint->columns) = memory_string(*column);
        array_drop(&table->indexes, i, model_index_done);
        break;
    }
    if (*name && !*node_text(node, "conname"))
        replace(&constraint->name, name);
}

/* `column`: whose constraint it is, or NULL for one of the table. */
static void add_constraint(Model *model, ModelTable *table, const ModelPlace *place,
                           const Node *node, const char *column)
{
    for (size_t i = 0; i < ARRAY_LEN(constraint_kinds); i++) {
        if (!node_is(node, "contype", constraint_kinds[i].type))
            continue;
        ModelConstraint constraint = {.kind = constraint_kinds[i].kind,
                                      .valid = !node_true(node, "skip_validation"),
                                      .transaction = place->transaction};
        if (constraint.kind == MODEL_CHECK)
            model_not_null_columns(node_at(node, "raw_expr"), &constraint.columns);
        else if (column)
            *array_add(&constraint.columns) = memory_string(column);
        else
            copy_names(node_at(node, constraint_kinds[i].keys), &constraint.columns);
        if (constraint.kind == MODEL_FOREIGN) {
            const char *schema = node_text(node, "pktable.schemaname");
            constraint.other_schema = memory_string(model_schema_of(model, schema));
            constraint.other_name = memory_string(node_text(node, "pktable.relname"));
        }
        constraint.name =
            *node_text(node, "conname")
                ? memory_string(node_text(node, "conname"))
                : made_name(table, constraint_kinds[i].names_columns ? &constraint.columns : NULL,
                            constraint_kinds[i].suffix);
        take_index(table, node, &constraint);
        if (constraint.kind == MODEL_PRIMARY)
            array_each (char *, key, &constraint.columns) {
                ModelColumn *known = model_column(table, *key);
                if (known)
                    known->not_null = true;
            }
        *array_add(&table->constraints) = constraint;
    }
}

/* -- columns -- */

static void set_type(ModelColumn *column, const Node *type_name)
{
    const Node *names = node_at(type_name, "names");
    const char *schema = sql_schema_name(names);
    replace(&column->type, sql_last_name(names));
    replace(&column->type_schema, strcmp(schema, "pg_catalog") == 0 ? "" : schema);
    column->modifier_count = 0;
    node_each(item, node_at(type_name, "typmods")) if (column->modifier_count < 2)
        column->modifiers[column->modifier_count++] = node_int(item, "ival.ival", 0);
    column->array = node_count(node_at(type_name, "arrayBounds")) > 0;
}

static void add_column(Model *model, ModelTable *table, const ModelPlace *place, const Node *node)
{
    const char *name = node_text(node, "colname");
    if (model_column(table, name))
        return; /* ADD COLUMN IF NOT EXISTS */
    ModelColumn *column = array_add(&table->columns);
    column->name = memory_string(name);
    set_type(column, node_at(node, "typeName"));
    static const char *const serials[] = {"smallserial", "serial",  "bigserial",
                                          "serial2",     "serial4", "serial8"};
    for (size_t i = 0; i < ARRAY_LEN(serials); i++)
        column->not_null = column->not_null || strcmp(column->type, serials[i]) == 0;
    node_each(constraint, node_at(node, "constraints"))
    {
        model_column(table, name)->not_null |= node_is(constraint, "contype", "CONSTR_NOTNULL") ||
                                               node_is(constraint, "contype", "CONSTR_IDENTITY");
        add_constraint(model, table, place, constraint, name);
    }
}

static void drop_constraint(ModelTable *table, const char *name)
{
    for (size_t i = 0; i < table->constraints.count; i++)
        if (strcmp(table->constraints.items[i].name, name) == 0) {
            array_drop(&table->constraints, i, model_constraint_done);
            return;
        }
}

/* What stands on a column goes with it. */
static void drop_column(ModelTable *table, const char *name)
{
    for (size_t i = table->columns.count; i-- > 0;)
        if (strcmp(table->columns.items[i].name, name) == 0)
            array_drop(&table->columns, i, model_column_done);
    for (size_t i = table->constraints.count; i-- > 0;)
        if (model_has_name(&table->constraints.items[i].columns, name))
            array_drop(&table->constraints, i, model_constraint_done);
    for (size_t i = table->indexes.count; i-- > 0;)
        if (model_has_name(&table->indexes.items[i].columns, name))
            array_drop(&table->indexes, i, model_index_done);
}

static void rename_in(ModelNames *names, const char *from, const char *to)
{
    array_each (char *, name, names)
        if (strcmp(*name, from) == 0)
            replace(name, to);
}

static void rename_column(ModelTable *table, const char *from, const char *to)
{
    ModelColumn *column = model_column(table, from);
    if (column)
        replace(&column->name, to);
    array_each (ModelConstraint, constraint, &table->constraints)
        rename_in(&constraint->columns, from, to);
    array_each (ModelIndex, index, &table->indexes)
        rename_in(&index->columns, from, to);
}

/* -- tables -- */

static void drop_table(Model *model, const char *schema, const char *name)
{
    ModelTable *table = model_table(model, schema, name);
    if (table) {
        size_t at = (size_t)(table - model->tables.items);
        array_drop(&model->tables, at, model_table_done);
    }
}

/* `keeps`: IF NOT EXISTS or OR REPLACE; NULL then, where it is there. Without these what is known
 * under the name must be gone, maybe by a CASCADE. */
static ModelTable *add_table(Model *model, const ModelPlace *place, const Node *relation,
                             ModelRelationKind kind, bool keeps)
{
    const char *schema = model_schema_of(model, node_text(relation, "schemaname"));
    const char *name = node_text(relation, "relname");
    if (keeps && model_table(model, schema, name))
        return NULL;
    drop_table(model, schema, name);
    ModelTable *table = array_add(&model->tables);
    table->kind = kind;
    table->schema = memory_string(schema);
    table->name = memory_string(name);
    table->made = *place;
    table->temporary = node_is(relation, "relpersistence", "t");
    return table;
}

static void set_parent(const Model *model, ModelTable *table, const Node *parent)
{
    const char *schema = model_schema_of(model, node_text(parent, "schemaname"));
    replace(&table->parent_schema, schema);
    replace(&table->parent_name, node_text(parent, "relname"));
}

static void create_table(Model *model, const ModelPlace *place, const Node *statement)
{
    ModelTable *table = add_table(model, place, node_at(statement, "relation"), MODEL_TABLE,
                                  node_true(statement, "if_not_exists"));
    if (!table)
        return;
    const Node *parents = node_at(statement, "inhRelations");
    table->complete = node_count(parents) == 0;
    table->partitioned = node_at(statement, "partspec") != NULL;
    table->partition = node_at(statement, "partbound") != NULL;
    table->default_partition = node_true(statement, "partbound.is_default");
    if (node_first(parents))
        set_parent(model, table, node_first(parents)->first);
    node_each(element, node_at(statement, "tableElts"))
    {
        if (node_kind_is(element, "ColumnDef"))
            add_column(model, table, place, element);
        else if (node_kind_is(element, "TableLikeClause"))
            table->complete = false;
    }
    node_each(element, node_at(statement, "tableElts")) if (node_kind_is(element, "Constraint"))
        add_constraint(model, table, place, element, /* column= */ NULL);
}

static void drop_index(Model *model, const char *schema, const char *name)
{
    ModelTable *table;
    ModelIndex *index = model_index(model, schema, name, &table);
    if (index) {
        size_t at = (size_t)(index - table->indexes.items);
        array_drop(&table->indexes, at, model_index_done);
    }
}

static void create_index(Model *model, const ModelPlace *place, const Node *statement)
{
    ModelTable *table = model_relation(model, node_at(statement, "relation")), *other;
    const char *name = node_text(statement, "idxname");
    bool known = table && *name && model_index(model, table->schema, name, &other);
    if (!table || (known && node_true(statement, "if_not_exists")))
        return;
    if (known)
        drop_index(model, table->schema, name);
    ModelIndex *index = array_add(&table->indexes);
    index->schema = memory_string(table->schema);
    index->partial = node_at(statement, "whereClause") != NULL;
    index->unique = node_true(statement, "unique");
    index->concurrently = node_true(statement, "concurrent");
    index->made = *place;
    node_each(element, node_at(statement, "indexParams")) * array_add(&index->columns) =
        memory_string(node_text(element, "name"));
    index->name = *name ? memory_string(name) : made_name(table, &index->columns, "idx");
}

/* -- ALTER TABLE -- */

static void alter_constraint(Model *model, ModelTable *table, const ModelPlace *place,
                             const Node *command)
{
    ModelConstraint *constraint;
    if (node_is(command, "subtype", "AT_AddConstraint"))
        add_constraint(model, table, place, node_at(command, "def.Constraint"), NULL);
    else if (node_is(command, "subtype", "AT_DropConstraint"))
        drop_constraint(table, node_text(command, "name"));
    else if (node_is(command, "subtype", "AT_ValidateConstraint") &&
             (constraint = model_constraint(table, node_text(command, "name"))) != NULL)
        constraint->valid = true;
}

static void alter_column(Model *model, ModelTable *table, const ModelPlace *place,
                         const Node *command)
{
    ModelColumn *column = model_column(table, node_text(command, "name"));
    if (node_is(command, "subtype", "AT_AddColumn"))
        add_column(model, table, place, node_at(command, "def.ColumnDef"));
    else if (node_is(command, "subtype", "AT_DropColumn"))
        drop_column(table, node_text(command, "name"));
    else if (column && node_is(command, "subtype", "AT_AlterColumnType"))
        set_type(column, node_at(command, "def.ColumnDef.typeName"));
    else if (column && node_is(command, "subtype", "AT_SetNotNull"))
        column->not_null = true;
    else if (column && node_is(command, "subtype", "AT_DropNotNull"))
        column->not_null = false;
}

static void alter_partition(Model *model, ModelTable *table, const Node *command)
{
    const Node *partition = node_at(command, "def.PartitionCmd");
    ModelTable *child = model_relation(model, node_at(partition, "name"));
    if (node_is(command, "subtype", "AT_AttachPartition")) {
        table->partitioned = true;
        if (!child)
            return;
        child->partition = true;
        child->default_partition = node_true(partition, "bound.is_default");
        replace(&child->parent_schema, table->schema);
        replace(&child->parent_name, table->name);
    } else if (child && node_is(command, "subtype", "AT_DetachPartition")) {
        child->partition = child->default_partition = false;
        replace(&child->parent_schema, NULL);
        replace(&child->parent_name, NULL);
    }
}

static void alter_table(Model *model, const ModelPlace *place, const Node *statement)
{
    ModelTable *table = model_relation(model, node_at(statement, "relation"));
    if (!table || !node_is(statement, "objtype", "OBJECT_TABLE"))
        return;
    node_each(command, node_at(statement, "cmds"))
    {
        alter_constraint(model, table, place, command);
        alter_column(model, table, place, command);
        alter_partition(model, table, command);
        if (node_is(command, "subtype", "AT_AddInherit"))
            set_parent(model, table, node_at(command, "def.RangeVar"));
    }
}

/* -- renaming, moving, dropping -- */

static void rename_schema(Model *model, const char *from, const char *to)
{
    array_each (ModelTable, table, &model->tables) {
        if (strcmp(table->schema, from) == 0)
            replace(&table->schema, to);
        array_each (ModelIndex, index, &table->indexes)
            if (strcmp(index->schema, from) == 0)
                replace(&index->schema, to);
    }
    array_each (ModelType, type, &model->types)
        if (strcmp(type->schema, from) == 0)
            replace(&type->schema, to);
}

/* A table under another name: what names it follows. */
static void move_table(Model *model, ModelTable *table, const char *schema, const char *name)
{
    array_each (ModelTable, other, &model->tables) {
        if (other->parent_name && strcmp(other->parent_name, table->name) == 0 &&
            strcmp(other->parent_schema, table->schema) == 0) {
            replace(&other->parent_schema, schema);
            replace(&other->parent_name, name);
        }
        array_each (ModelConstraint, key, &other->constraints)
            if (key->kind == MODEL_FOREIGN && strcmp(key->other_name, table->name) == 0 &&
                strcmp(key->other_schema, table->schema) == 0) {
                replace(&key->other_schema, schema);
                replace(&key->other_name, name);
            }
    }
    array_each (ModelIndex, index, &table->indexes)
        replace(&index->schema, schema);
    replace(&table->schema, schema);
    replace(&table->name, name);
}

static void rename_object(Model *model, const Node *statement)
{
    const char *to = node_text(statement, "newname"), *from = node_text(statement, "subname");
    const Node *relation = node_at(statement, "relation");
    ModelTable *table = relation ? model_relation(model, relation) : NULL, *other;
    if (node_is(statement, "renameType", "OBJECT_SCHEMA"))
        rename_schema(model, from, to);
    else if (table && node_is(statement, "renameType", "OBJECT_COLUMN"))
        rename_column(table, from, to);
    else if (table && node_is(statement, "renameType", "OBJECT_TABCONSTRAINT") &&
             model_constraint(table, from))
        replace(&model_constraint(table, from)->name, to);
    else if (table && (node_is(statement, "renameType", "OBJECT_TABLE") ||
                       node_is(statement, "renameType", "OBJECT_VIEW") ||
                       node_is(statement, "renameType", "OBJECT_MATVIEW"))) {
        CLEANUP(memory_freep) char *schema = memory_string(table->schema);
        move_table(model, table, schema, to);
    } else if (node_is(statement, "renameType", "OBJECT_INDEX")) {
        ModelIndex *index = model_index(model, node_text(relation, "schemaname"),
                                        node_text(relation, "relname"), &other);
        if (index)
            replace(&index->name, to);
    }
}

static void set_schema(Model *model, const Node *statement)
{
    ModelTable *table = model_relation(model, node_at(statement, "relation"));
    if (!table)
        return;
    CLEANUP(memory_freep) char *name = memory_string(table->name);
    move_table(model, table, node_text(statement, "newschema"), name);
}

static void drop_schema(Model *model, const char *schema)
{
    for (size_t i = model->tables.count; i-- > 0;)
        if (strcmp(model->tables.items[i].schema, schema) == 0)
            array_drop(&model->tables, i, model_table_done);
    for (size_t i = model->types.count; i-- > 0;)
        if (strcmp(model->types.items[i].schema, schema) == 0)
            array_drop(&model->types, i, model_type_done);
}

static void drop_objects(Model *model, const Node *statement)
{
    const char *what = node_text(statement, "removeType");
    bool table = strcmp(what, "OBJECT_TABLE") == 0 || strcmp(what, "OBJECT_VIEW") == 0 ||
                 strcmp(what, "OBJECT_MATVIEW") == 0 || strcmp(what, "OBJECT_FOREIGN_TABLE") == 0;
    bool type = strcmp(what, "OBJECT_TYPE") == 0 || strcmp(what, "OBJECT_DOMAIN") == 0;
    node_each(object, node_at(statement, "objects"))
    {
        const Node *names = type ? node_at(object, "names") : node_at(object, "items");
        if (table)
            drop_table(model, sql_schema_name(names), sql_last_name(names));
        else if (type)
            model_drop_type(model, sql_schema_name(names), sql_last_name(names));
        else if (strcmp(what, "OBJECT_INDEX") == 0)
            drop_index(model, sql_schema_name(names), sql_last_name(names));
        else if (strcmp(what, "OBJECT_SCHEMA") == 0)
            drop_schema(model, sql_string_of(object));
    }
}

/* -- schemas, and all statements -- */

/* CREATE SCHEMA s CREATE TABLE t …: its elements, in that schema. */
static void create_schema(Model *model, const ModelPlace *place, const Node *statement)
{
    char *schema = model->schema;
    model->schema = memory_string(node_text(statement, "schemaname"));
    node_each(element, node_at(statement, "schemaElts")) model_apply(model, place, element);
    free(model->schema);
    model->schema = schema;
}

void model_apply(Model *model, const ModelPlace *place, const Node *statement)
{
    if (node_kind_is(statement, "CreateStmt"))
        create_table(model, place, statement);
    else if (node_kind_is(statement, "CreateTableAsStmt"))
        (void)add_table(model, place, node_at(statement, "into.rel"),
                        node_is(statement, "objtype", "OBJECT_MATVIEW") ? MODEL_MATVIEW
                                                                        : MODEL_TABLE,
                        node_true(statement, "if_not_exists"));
    else if (node_kind_is(statement, "ViewStmt"))
        (void)add_table(model, place, node_at(statement, "view"), MODEL_VIEW,
                        node_true(statement, "replace"));
    else if (node_kind_is(statement, "CreateForeignTableStmt"))
        (void)add_table(model, place, node_at(statement, "base.relation"), MODEL_FOREIGN_TABLE,
                        node_true(statement, "base.if_not_exists"));
    else if (node_kind_is(statement, "CreateSchemaStmt"))
        create_schema(model, place, statement);
    else if (node_kind_is(statement, "IndexStmt"))
        create_index(model, place, statement);
    else if (node_kind_is(statement, "AlterTableStmt"))
        alter_table(model, place, statement);
    else if (node_kind_is(statement, "RenameStmt"))
        rename_object(model, statement);
    else if (node_kind_is(statement, "AlterObjectSchemaStmt"))
        set_schema(model, statement);
    else if (node_kind_is(statement, "DropStmt"))
        drop_objects(model, statement);
    else if (node_kind_is(statement, "CreateFunctionStmt"))
        model_create_function(model, statement);
    else if (node_kind_is(statement, "AlterDomainStmt"))
        model_alter_domain(model, statement);
    else
        model_create_type(model, place, statement);
}
