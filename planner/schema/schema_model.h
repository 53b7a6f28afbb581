/* What a project's migrations make of a schema, as far as their texts tell: tables with columns and
 * constraints, indexes, types. Built statement by statement; good enough to know what a statement
 * meets, never proof. What a DO block, a function or an extension makes is not in it: what is not
 * found is unknown, not absent. */
#ifndef SEALIFT_PLANNER_SCHEMA_MODEL_H
#define SEALIFT_PLANNER_SCHEMA_MODEL_H

#include "base/array.h"
#include "planner/schema/parse_tree.h"

typedef ARRAY_OF(char *) ModelNames; /* each owned */

/* Where a statement stands. Migrations and transactions count from 1; 0 is nowhere. */
typedef struct ModelPlace {
    int64_t migration;
    int64_t version;     /* -1 where versions are not known yet */
    int64_t transaction; /* numbers go on from migration to migration */
} ModelPlace;

typedef struct ModelColumn {
    char *name;
    char *type; /* "int4", "varchar", the last part of a name */
    char *type_schema;
    int64_t modifiers[2];
    size_t modifier_count; /* 0 to 2; more are not kept */
    bool array;
    bool not_null;
} ModelColumn;

/* The letters of pg_constraint.contype. */
typedef enum {
    MODEL_CHECK = 'c',
    MODEL_FOREIGN = 'f',
    MODEL_PRIMARY = 'p',
    MODEL_UNIQUE = 'u',
    MODEL_EXCLUSION = 'x',
} ModelConstraintKind;

typedef struct ModelConstraint {
    ModelConstraintKind kind;
    char *name; /* as given, or as the server would make it */
    bool valid;
    ModelNames columns;              /* of a key; of a check: those it proves to be not null */
    char *other_schema, *other_name; /* MODEL_FOREIGN: what it references */
    int64_t transaction;             /* that added it */
} ModelConstraint;

typedef struct ModelIndex {
    char *schema, *name;
    ModelNames columns; /* in order; "" for an expression */
    bool partial;
    bool unique;
    bool concurrently;
    ModelPlace made;
} ModelIndex;

typedef enum { MODEL_TABLE, MODEL_VIEW, MODEL_MATVIEW, MODEL_FOREIGN_TABLE } ModelRelationKind;

typedef struct ModelTable {
    ModelRelationKind kind;
    char *schema, *name;
    char *parent_schema, *parent_name; /* of a partition or child; NULL without */
    bool partitioned;
    bool partition;
    bool default_partition; /* it is one */
    bool temporary;
    bool complete; /* every column is known: no LIKE, INHERITS, AS */
    ModelPlace made;
    ARRAY_OF(ModelColumn) columns;
    ARRAY_OF(ModelConstraint) constraints;
    ARRAY_OF(ModelIndex) indexes;
} ModelTable;

typedef enum { MODEL_ENUM, MODEL_DOMAIN, MODEL_OTHER_TYPE } ModelTypeKind;

typedef struct ModelType {
    ModelTypeKind kind;
    char *schema, *name;
    bool constrained; /* a domain with CHECK or NOT NULL */
    char *base;       /* of a domain, as SQL; NULL for others */
    ModelPlace made;
} ModelType;

/* All functions of a name: what is not certain of one is not certain of the others. */
typedef struct ModelFunction {
    char *name; /* without its schema */
    bool is_volatile;
} ModelFunction;

typedef struct Model {
    char *schema; /* owned: where names without one go */
    ARRAY_OF(ModelFunction) functions;
    ARRAY_OF(ModelTable) tables;
    ARRAY_OF(ModelType) types;
} Model;

/* `search_path` as in sealift.conf: its first schema is where unqualified names go. */
void model_init(Model *model, const char *search_path);
void model_done(Model *model);

/* Take over what a statement does. */
void model_apply(Model *model, const ModelPlace *place, const Node *statement);

/* Borrowed, until the next model_apply; NULL for what is not known. `schema` may be "". */
ModelTable *model_table(const Model *model, const char *schema, const char *name);
ModelTable *model_relation(const Model *model, const Node *range_var);
ModelColumn *model_column(const ModelTable *table, const char *name);
ModelConstraint *model_constraint(const ModelTable *table, const char *name);
ModelFunction *model_function(const Model *model, const char *name);
ModelType *model_type(const Model *model, const char *schema, const char *name);
/* `ret_table`: the table it is on. */
ModelIndex *model_index(const Model *model, const char *schema, const char *name,
                        ModelTable **ret_table);

bool model_has_name(const ModelNames *names, const char *name);

/* Whether a validated constraint says that the column holds no NULL. */
bool model_proves_not_null(const ModelTable *table, const char *column);

/* Whether a table that is not partial, or a key, has an index that begins with these columns, in
 * any order. */
bool model_has_index_on(const ModelTable *table, const ModelNames *columns);

/* How many tables name this one as their parent; *ret_default: one is the default partition. */
size_t model_child_count(const Model *model, const ModelTable *table, bool *ret_default);

/* The columns that an expression proves to be not null: `a IS NOT NULL AND …`. Added to `names`. */
void model_not_null_columns(const Node *expression, ModelNames *names);

void model_names_done(ModelNames *names);

#endif
