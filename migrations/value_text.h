/* How a value is written into SQL, byte for byte as psql writes :name, :'name' and :"name". */
#ifndef SEALIFT_MIGRATIONS_VALUE_TEXT_H
#define SEALIFT_MIGRATIONS_VALUE_TEXT_H

#include "base/text.h"
#include "migrations/project_values.h"

void value_text_add(const char *value, ValueForm form, Text *text);

/* The same as a string, which the caller frees. */
char *value_text(const char *value, ValueForm form);

#endif
