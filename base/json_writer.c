#include "base/json_writer.h"

#include <assert.h>
#include <inttypes.h>

static void quote(Text *text, const char *string)
{
    text_add_char(text, '"');
    for (const char *at = string; *at;) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\') {
            text_addf(text, "\\%c", byte);
            at++;
        } else if (byte < 0x20 || byte == 0x7f) {
            text_addf(text, "\\u%04x", byte);
            at++;
        } else {
            size_t length = 1, left = strlen(at);
            while (length <= 4 && length <= left && !text_is_utf8(at, length))
                length++;
            if (length > 4 || length > left) {
                text_add(text, "\xef\xbf\xbd");
                length = 1;
            } else {
                text_add_n(text, at, length);
            }
            at += length;
        }
    }
    text_add_char(text, '"');
}

static void newline(JsonWriter *json)
{
    if (json->in_line)
        return;
    text_add_char(json->text, '\n');
    for (int i = 0; i < json->depth; i++)
        text_add(json->text, "  ");
}

static void begin_value(JsonWriter *json, const char *name)
{
    if (json->depth == 0) {
        assert(!name);
        return;
    }
    bool is_object = json->levels[json->depth - 1].is_object;
    assert(is_object == (name != NULL));
    if (json->levels[json->depth - 1].has_members)
        text_add_char(json->text, ',');
    json->levels[json->depth - 1].has_members = true;
    newline(json);
    if (is_object) {
        quote(json->text, name);
        text_add(json->text, json->in_line ? ":" : ": ");
    }
}

static void open_level(JsonWriter *json, const char *name, bool is_object)
{
    begin_value(json, name);
    assert(json->depth < JSON_DEPTH_MAX);
    json->levels[json->depth].is_object = is_object;
    json->levels[json->depth].has_members = false;
    json->depth++;
    text_add_char(json->text, is_object ? '{' : '[');
}

void json_begin(JsonWriter *json, Text *text)
{
    *json = (JsonWriter){.text = text};
}

void json_begin_line(JsonWriter *json, Text *text)
{
    *json = (JsonWriter){.text = text, .in_line = true};
}

void json_end(JsonWriter *json)
{
    assert(json->depth == 0);
    text_add_char(json->text, '\n');
}

void json_object(JsonWriter *json, const char *name)
{
    open_level(json, name, /* is_object= */ true);
}

void json_array(JsonWriter *json, const char *name)
{
    open_level(json, name, /* is_object= */ false);
}

void json_close(JsonWriter *json)
{
    assert(json->depth > 0);
    json->depth--;
    if (json->levels[json->depth].has_members)
        newline(json);
    text_add_char(json->text, json->levels[json->depth].is_object ? '}' : ']');
}

void json_string(JsonWriter *json, const char *name, const char *value)
{
    if (!value) {
        json_null(json, name);
        return;
    }
    begin_value(json, name);
    quote(json->text, value);
}

void json_int(JsonWriter *json, const char *name, int64_t value)
{
    begin_value(json, name);
    text_addf(json->text, "%" PRId64, value);
}

void json_bool(JsonWriter *json, const char *name, bool value)
{
    begin_value(json, name);
    text_add(json->text, value ? "true" : "false");
}

void json_null(JsonWriter *json, const char *name)
{
    begin_value(json, name);
    text_add(json->text, "null");
}
