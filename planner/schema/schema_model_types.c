/* What statements make of types, domains and functions. */
#include "planner/schema/schema_model_change.h"

#include "base/text.h"
#include "planner/schema/sql_names.h"

void model_drop_type(Model *model, const char *schema, const char *name)
{
    ModelType *type = model_type(model, schema, name);
    if (type) {
        size_t at = (size_t)(type - model->types.items);
        array_drop(&model->types, at, model_type_done);
    }
}

static ModelType *add_type(Model *model, const ModelPlace *place, ModelTypeKind kind,
                           const char *schema, const char *name)
{
    model_drop_type(model, schema, name);
    ModelType *type = array_add(&model->types);
    type->kind = kind;
    type->schema = memory_string(model_schema_of(model, schema));
    type->name = memory_string(name);
    type->made = *place;
    return type;
}

void model_create_type(Model *model, const ModelPlace *place, const Node *statement)
{
    const Node *names = node_at(statement, "typeName");
    if (node_kind_is(statement, "CreateEnumStmt"))
        add_type(model, place, MODEL_ENUM, sql_schema_name(names), sql_last_name(names));
    names = node_at(statement, "domainname");
    if (node_kind_is(statement, "CreateDomainStmt")) {
        ModelType *type =
            add_type(model, place, MODEL_DOMAIN, sql_schema_name(names), sql_last_name(names));
        CLEANUP(text_done) Text base = {0};
        sql_add_type(&base, node_at(statement, "typeName"));
        type->base = memory_string(text_string(&base));
        node_each(constraint, node_at(statement, "constraints")) type->constrained |=
            node_is(constraint, "contype", "CONSTR_CHECK") ||
            node_is(constraint, "contype", "CONSTR_NOTNULL");
    }
    if (node_kind_is(statement, "CompositeTypeStmt"))
        add_type(model, place, MODEL_OTHER_TYPE, node_text(statement, "typevar.schemaname"),
                 node_text(statement, "typevar.relname"));
}

/* Without a word about it a function is volatile. */
void model_create_function(Model *model, const Node *statement)
{
    const char *name = sql_last_name(node_at(statement, "funcname"));
    bool is_volatile = true;
    node_each(option, node_at(statement, "options")) if (node_is(option, "defname", "volatility"))
        is_volatile = node_is(option, "arg.String.sval", "volatile");
    ModelFunction *known = model_function(model, name);
    if (!known) {
        known = array_add(&model->functions);
        known->name = memory_string(name);
    } else if (!node_true(statement, "replace")) {
        is_volatile = is_volatile || known->is_volatile;
    }
    known->is_volatile = is_volatile;
}

void model_alter_domain(Model *model, const Node *statement)
{
    const Node *names = node_at(statement, "typeName");
    ModelType *type = model_type(model, sql_schema_name(names), sql_last_name(names));
    const char *what = node_text(statement, "subtype"); /* O: SET NOT NULL, C: ADD CONSTRAINT */
    if (type && (*what == 'O' || *what == 'C'))
        type->constrained = true;
}
