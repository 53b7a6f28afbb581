/* References that a tool replaces in a script's text before anybody reads it as SQL, in strings and
 * comments too: ${name} (flyway), ${NAME} and $NAME (goose), :NAME (graphile-migrate), {{ .Name }}
 * (Go templates). Works on the lines of a canonical text as they come; a reference does not go
 * beyond its line. */
#ifndef SEALIFT_MIGRATIONS_TEXT_VALUES_H
#define SEALIFT_MIGRATIONS_TEXT_VALUES_H

#include "migrations/script.h"
#include "migrations/script_text.h"
#include "migrations/script_values.h"

#define TEXT_VALUES_LINE_MAX ((size_t)16 << 20)

typedef struct TextValuesOptions {
    ScriptSyntax syntax; /* one of those that replace text */
    ScriptValues *values;
    const char *name;   /* of the file, for words */
    int64_t first_line; /* the number of the text's first line */
    bool substitutes;   /* goose: whether ENVSUB is on there */
    ScriptTextTaker take;
    /* A site parameter: its reference, as psql writes it, is what is given next. */
    bool (*site)(void *context, size_t value, ValueForm form, int64_t line, Error *err);
    void *context;
} TextValuesOptions;

typedef struct TextValues TextValues;

TextValues *text_values_new(const TextValuesOptions *options);
void text_values_free(TextValues *text);
DEFINE_CLEANUP(TextValues, text_values_free)

/* ERROR_INPUT "name:line: …" for what is undeclared or more than a name. */
bool text_values_feed(TextValues *text, const char *bytes, size_t size, Error *err) MUST_CHECK;
bool text_values_end(TextValues *text, Error *err) MUST_CHECK;

/* Whether anything was replaced. */
bool text_values_replaced(const TextValues *text);

#endif
