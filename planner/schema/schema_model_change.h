/* The inside of the schema model: what planner/schema_model_change, which follows the statements,
 * shares with planner/schema_model, which answers questions. */
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

#endif
