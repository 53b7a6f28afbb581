/* The inside of the schema model: what schema_model_change and schema_model_types, which follow the
 * statements, share with schema_model, which answers questions. */
#ifndef SEALIFT_PLANNER_SCHEMA_MODEL_CHANGE_H
#define SEALIFT_PLANNER_SCHEMA_MODEL_CHANGE_H

#include "planner/schema/schema_model.h"

void model_column_done(ModelColumn *column);
void model_constraint_done(ModelConstraint *constraint);
void model_index_done(ModelIndex *index);
void model_table_done(ModelTable *table);
void model_type_done(ModelType *type);

/* `schema`, or where names without one go. Borrowed. */
const char *model_schema_of(const Model *model, const char *schema);

/* Take item number `at` out of an array whose items own something. */
#define array_drop(array, at, done)                                                                \
    do {                                                                                           \
        done(&(array)->items[at]);                                                                 \
        memmove(&(array)->items[at], &(array)->items[(at) + 1],                                    \
                ((array)->count - (at)-1) * sizeof(*(array)->items));                              \
        (array)->count--;                                                                          \
    } while (0)

/* schema_model_types.c */
void model_create_type(Model *model, const ModelPlace *place, const Node *statement);
void model_drop_type(Model *model, const char *schema, const char *name);
void model_alter_domain(Model *model, const Node *statement);
void model_create_function(Model *model, const Node *statement);

#endif
