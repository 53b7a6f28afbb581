#include "bundles/difference_json.h"

void difference_json(JsonWriter *json, const char *change, const char *class, const char *kind,
                     const char *identity)
{
    json_object(json, /* name= */ NULL);
    json_string(json, "change", change);
    json_string(json, "class", class);
    json_string(json, "kind", kind);
    json_string(json, "identity", identity);
    json_close(json);
}

void lost_rows_json(JsonWriter *json, const char *table, const char *column, int64_t rows_before,
                    int64_t rows_after)
{
    json_object(json, /* name= */ NULL);
    json_string(json, "table", table);
    json_string(json, "column", column);
    json_int(json, "rows_before", rows_before);
    json_int(json, "rows_after", rows_after);
    json_close(json);
}
