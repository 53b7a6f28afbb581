#include "migrations/value_text.h"

/* With the quote doubled; in a string, a backslash too. */
static void add_quoted(const char *value, char quote, Text *text)
{
    text_add_char(text, quote);
    for (const char *at = value; *at; at++) {
        if (*at == quote || (*at == '\\' && quote == '\''))
            text_add_char(text, *at);
        text_add_char(text, *at);
    }
    text_add_char(text, quote);
}

void value_text_add(const char *value, ValueForm form, Text *text)
{
    switch (form) {
    case VALUE_FORM_RAW:
        text_add(text, value);
        break;
    case VALUE_FORM_LITERAL:
        /* an E string, with a blank that keeps its E from being part of a word */
        if (strchr(value, '\\'))
            text_add(text, " E");
        add_quoted(value, '\'', text);
        break;
    case VALUE_FORM_IDENTIFIER:
        add_quoted(value, '"', text);
        break;
    }
}

char *value_text(const char *value, ValueForm form)
{
    Text text = {0};
    value_text_add(value, form, &text);
    return text_take(&text);
}
