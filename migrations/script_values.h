/* What names mean while one script is read: the project's values, and what `\set` and `\unset` made
 * of them from their lines on. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_VALUES_H
#define SEALIFT_MIGRATIONS_SCRIPT_VALUES_H

#include "base/array.h"
#include "migrations/project_values.h"

typedef struct ScriptSet {
    char *name; /* owned */
    char *text; /* owned; NULL: unset */
} ScriptSet;

typedef struct ScriptValues {
    const ProjectValueArray *declared; /* borrowed, or NULL */
    ARRAY_OF(ScriptSet) set;
    ARRAY_OF(bool) used; /* of the declared ones, by their index */
} ScriptValues;

/* A name's meaning. */
typedef struct ScriptValue {
    const char *text; /* NULL: a site parameter */
    ValueForm form;   /* of a bare reference */
    ValueType type;
    size_t index; /* into the declared values; SIZE_MAX: by \set */
} ScriptValue;

void script_values_init(ScriptValues *values, const ProjectValueArray *declared);
void script_values_done(ScriptValues *values);

/* False where the name means nothing. A declared value that is found counts as used. */
bool script_values_find(ScriptValues *values, const char *name, ScriptValue *ret_value);

/* `text` NULL: from now on the name means nothing. */
void script_values_set(ScriptValues *values, const char *name, const char *text);

#endif
