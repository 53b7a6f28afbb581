/* Writes one JSON document (RFC 8259) into a Text: two-space indentation, or all in one line;
 * members in call order. Misnesting is a bug and aborts. Strings must be UTF-8; other bytes become
 * U+FFFD. */
#ifndef SEALIFT_BASE_JSON_WRITER_H
#define SEALIFT_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define JSON_DEPTH_MAX 16

typedef struct JsonWriter {
    Text *text; /* borrowed */
    bool in_line;
    int depth;
    struct {
        bool is_object;
        bool has_members;
    } levels[JSON_DEPTH_MAX];
} JsonWriter;

void json_begin(JsonWriter *json, Text *text);
/* A document without line breaks: one line of a stream of documents. */
void json_begin_line(JsonWriter *json, Text *text);
void json_end(JsonWriter *json); /* adds the final newline */

/* `name` is the member's name inside an object and NULL inside an array or at the top. */
void json_object(JsonWriter *json, const char *name);
void json_array(JsonWriter *json, const char *name);
void json_close(JsonWriter *json); /* the innermost object or array */
void json_string(JsonWriter *json, const char *name, const char *value); /* NULL gives null */
void json_int(JsonWriter *json, const char *name, int64_t value);
void json_bool(JsonWriter *json, const char *name, bool value);
void json_null(JsonWriter *json, const char *name);

#endif
