/* How schemas that differ and rows that are lost stand in JSON documents: one form in all of them
 * (docs/json.md). */
#ifndef SEALIFT_BUNDLES_DIFFERENCE_JSON_H
#define SEALIFT_BUNDLES_DIFFERENCE_JSON_H

#include "base/json_writer.h"

/* An object `change`, `class`, `kind`, `identity`, in the array that is open. */
void difference_json(JsonWriter *json, const char *change, const char *class, const char *kind,
                     const char *identity);

/* An object `table`, `column` (NULL: rows are meant), `rows_before`, `rows_after`, in the array
 * that is open. */
void lost_rows_json(JsonWriter *json, const char *table, const char *column, int64_t rows_before,
                    int64_t rows_after);

#endif
