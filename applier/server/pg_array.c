#include "applier/server/pg_array.h"

void pg_array_text(const char *const *items, size_t count, Text *text)
{
    text_add_char(text, '{');
    for (size_t i = 0; i < count; i++) {
        text_add(text, i ? ",\"" : "\"");
        for (const char *at = items[i]; *at; at++) {
            if (*at == '"' || *at == '\\')
                text_add_char(text, '\\');
            text_add_char(text, *at);
        }
        text_add_char(text, '"');
    }
    text_add_char(text, '}');
}
