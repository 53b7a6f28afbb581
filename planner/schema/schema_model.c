#include "planner/schema/schema_model.h"

#include "planner/schema/schema_model_change.h"
#include "planner/schema/sql_names.h"

void model_names_done(ModelNames *names)
{
    array_each (char *, name, names)
        free(*name);
    array_free(names);
}

void model_column_done(ModelColumn *column)
{
    free(column->name);
    free(column->type);
    free(column->type_schema);
}

void model_constraint_done(ModelConstraint *constraint)
{
    free(constraint->name);
    free(constraint->other_schema);
    free(constraint->other_name);
    model_names_done(&constraint->columns);
}

void model_index_done(ModelIndex *index)
{
    free(index->schema);
    free(index->name);
    model_names_done(&index->columns);
}

void model_table_done(ModelTable *table)
{
    free(table->schema);
    free(table->name);
    free(table->parent_schema);
    free(table->parent_name);
    array_each (ModelColumn, column, &table->columns)
        model_column_done(column);
    array_free(&table->columns);
    array_each (ModelConstraint, constraint, &table->constraints)
        model_constraint_done(constraint);
    array_free(&table->constraints);
    array_each (ModelIndex, index, &table->indexes)
        model_index_done(index);
    array_free(&table->indexes);
}

void model_type_done(ModelType *type)
{
    free(type->schema);
    free(type->name);
    free(type->base);
}

void model_init(Model *model, const char *search_path)
{
    *model = (Model){0};
    const char *at = search_path;
    while (*at && !model->schema) {
        at += strspn(at, " ,");
        size_t length = strcspn(at, " ,");
        bool quoted = *at == '"' && length >= 2;
        if (length && strncmp(at, "\"$user\"", length) != 0 && strncmp(at, "$user", length) != 0)
            model->schema = memory_string_n(at + quoted, length - (quoted ? 2 : 0));
        at += length;
    }
    if (!model->schema)
        model->schema = memory_string("public");
}

void model_done(Model *model)
{
    free(model->schema);
    array_each (ModelTable, table, &model->tables)
        model_table_done(table);
    array_free(&model->tables);
    array_each (ModelType, type, &model->types)
        model_type_done(type);
    array_free(&model->types);
    array_each (ModelFunction, function, &model->functions)
        free(function->name);
    array_free(&model->functions);
    *model = (Model){0};
}

const char *model_schema_of(const Model *model, const char *schema)
{
    return schema && *schema ? schema : model->schema;
}

ModelTable *model_table(const Model *model, const char *schema, const char *name)
{
    schema = model_schema_of(model, schema);
    array_each (ModelTable, table, &model->tables)
        if (strcmp(table->name, name) == 0 && strcmp(table->schema, schema) == 0)
            return table;
    return NULL;
}

ModelTable *model_relation(const Model *model, const Node *range_var)
{
    return model_table(model, node_text(range_var, "schemaname"), node_text(range_var, "relname"));
}

ModelColumn *model_column(const ModelTable *table, const char *name)
{
    if (table)
        array_each (ModelColumn, column, &table->columns)
            if (strcmp(column->name, name) == 0)
                return column;
    return NULL;
}

ModelConstraint *model_constraint(const ModelTable *table, const char *name)
{
    if (table)
        array_each (ModelConstraint, constraint, &table->constraints)
            if (strcmp(constraint->name, name) == 0)
                return constraint;
    return NULL;
}

ModelType *model_type(const Model *model, const char *schema, const char *name)
{
    schema = model_schema_of(model, schema);
    array_each (ModelType, type, &model->types)
        if (strcmp(type->name, name) == 0 && strcmp(type->schema, schema) == 0)
            return type;
    return NULL;
}

ModelFunction *model_function(const Model *model, const char *name)
{
    array_each (ModelFunction, function, &model->functions)
        if (strcmp(function->name, name) == 0)
            return function;
    return NULL;
}

ModelIndex *model_index(const Model *model, const char *schema, const char *name,
                        ModelTable **ret_table)
{
    schema = model_schema_of(model, schema);
    array_each (ModelTable, table, &model->tables)
        array_each (ModelIndex, index, &table->indexes)
            if (strcmp(index->name, name) == 0 && strcmp(index->schema, schema) == 0) {
                *ret_table = table;
                return index;
            }
    return NULL;
}

bool model_has_name(const ModelNames *names, const char *name)
{
    array_each (char *, one, names)
        if (strcmp(*one, name) == 0)
            return true;
    return false;
}

bool model_proves_not_null(const ModelTable *table, const char *column)
{
    if (table)
        array_each (const ModelConstraint, constraint, &table->constraints)
            if (constraint->kind == MODEL_CHECK && constraint->valid &&
                model_has_name(&constraint->columns, column))
                return true;
    return false;
}

/* Whether the first of `columns` are these, in any order. */
static bool begins_with(const ModelNames *columns, const ModelNames *wanted)
{
    if (columns->count < wanted->count)
        return false;
    for (size_t i = 0; i < wanted->count; i++) {
        bool found = false;
        for (size_t k = 0; k < wanted->count; k++)
            found = found || strcmp(columns->items[k], wanted->items[i]) == 0;
        if (!found)
            return false;
    }
    return true;
}

bool model_has_index_on(const ModelTable *table, const ModelNames *columns)
{
    array_each (const ModelIndex, index, &table->indexes)
        if (!index->partial && begins_with(&index->columns, columns))
            return true;
    array_each (const ModelConstraint, key, &table->constraints)
        if ((key->kind == MODEL_PRIMARY || key->kind == MODEL_UNIQUE) &&
            begins_with(&key->columns, columns))
            return true;
    return false;
}

size_t model_child_count(const Model *model, const ModelTable *table, bool *ret_default)
{
    size_t count = 0;
    *ret_default = false;
    array_each (const ModelTable, child, &model->tables)
        if (child->parent_name && strcmp(child->parent_name, table->name) == 0 &&
            strcmp(child->parent_schema, table->schema) == 0) {
            count++;
            *ret_default = *ret_default || child->default_partition;
        }
    return count;
}

void model_not_null_columns(const Node *expression, ModelNames *names)
{
    const Node *and = node_at(expression, "BoolExpr"), *test = node_at(expression, "NullTest");
    if (node_is(and, "boolop", "AND_EXPR"))
        for (const Node *part = node_first(node_at(and, "args")); part; part = part->next)
            model_not_null_columns(part, names);
    const Node *fields = node_at(test, "arg.ColumnRef.fields");
    if (node_is(test, "nulltesttype", "IS_NOT_NULL") && node_count(fields) == 1)
        *array_add(names) = memory_string(sql_last_name(fields));
}
