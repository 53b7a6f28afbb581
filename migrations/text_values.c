#include "migrations/text_values.h"

#include <ctype.h>
#include <inttypes.h>
#include <strings.h>

#include "base/file.h"
#include "migrations/value_text.h"

#define NAME_SHOWN 80

struct TextValues {
    TextValuesOptions options;
    Text waiting; /* the beginning of a line */
    int64_t line;
    bool on; /* goose */
    bool replaced;
};

TextValues *text_values_new(const TextValuesOptions *options)
{
    TextValues *text = memory_new(TextValues);
    text->options = *options;
    text->line = options->first_line;
    text->on = options->substitutes;
    return text;
}

void text_values_free(TextValues *text)
{
    if (text)
        text_done(&text->waiting);
    free(text);
}

bool text_values_replaced(const TextValues *text)
{
    return text->replaced;
}

/* -- what is said -- */

static bool refuse(const TextValues *text, const char *reference, size_t length, const char *what,
                   Error *err)
{
    CLEANUP(memory_freep) char *shown = text_printable(reference, length, NAME_SHOWN);
    return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": '%s' %s", text->options.name, text->line,
                     shown, what);
}

static bool refuse_unknown(const TextValues *text, const char *reference, size_t length,
                           const char *name, Error *err)
{
    refuse(text, reference, length, SCRIPT_UNKNOWN_VALUE, err);
    return error_hint(err,
                      "declare it in sealift.conf: [value %s]; [migrations] placeholders = "
                      "none leaves all of them as they stand",
                      name);
}

/* -- putting in -- */

static bool give(TextValues *text, const char *bytes, size_t size, Error *err)
{
    return size == 0 || text->options.take(text->options.context, bytes, size, err);
}

/* A reference of psql stands for it, so that bundles know one form only. */
static bool give_site(TextValues *text, const char *name, const ScriptValue *value, Error *err)
{
    const char *quote = value->form == VALUE_FORM_LITERAL      ? "'"
                        : value->form == VALUE_FORM_IDENTIFIER ? "\""
                                                               : "";
    CLEANUP(memory_freep) char *marker = memory_format(":%s%s%s", quote, name, quote);
    return text->options.site(text->options.context, value->index, value->form, text->line, err) &&
           give(text, marker, strlen(marker), err);
}

static bool give_value(TextValues *text, const char *name, const ScriptValue *value, Error *err)
{
    text->replaced = true;
    if (!value->text)
        return give_site(text, name, value, err);
    CLEANUP(memory_freep) char *written = value_text(value->text, value->form);
    return give(text, written, strlen(written), err);
}

/* A reference of `length` bytes to `name`, which must be declared. */
static bool put(TextValues *text, const char *reference, size_t length, const char *name,
                size_t name_length, Error *err)
{
    CLEANUP(memory_freep) char *copy = memory_string_n(name, name_length);
    ScriptValue value;
    if (!script_values_find(text->options.values, copy, &value))
        return refuse_unknown(text, reference, length, copy, err);
    return give_value(text, copy, &value, err);
}

/* -- flyway: ${name} -- */

/* What flyway fills in itself; only the file's name is the same everywhere. */
static bool put_builtin(TextValues *text, const char *reference, size_t length, Error *err)
{
    static const char filename[] = "${flyway:filename}";
    if (length == strlen(filename) && strncmp(reference, filename, length) == 0) {
        const char *base = file_base_name(text->options.name);
        text->replaced = true;
        return give(text, base, strlen(base), err);
    }
    refuse(text, reference, length, "is filled in by flyway where it runs", err);
    return error_hint(err, "ask the server in SQL (current_schema(), current_user, "
                           "current_database(), now()), or declare a value of another name");
}

/* The declared name: flyway takes a placeholder in any case of letters. */
static const char *declared_name(const TextValues *text, const char *name)
{
    const ProjectValueArray *declared = text->options.values->declared;
    const ProjectValue *value = declared ? project_values_find_any_case(declared, name) : NULL;
    return value ? value->name : name;
}

/* *at is behind what was dealt with; a text without a reference at its beginning is left. */
static bool put_flyway(TextValues *text, const char **at, const char *end, Error *err)
{
    const char *reference = *at;
    if (end - reference < 2 || reference[1] != '{')
        return true;
    const char *close = memchr(reference, '}', (size_t)(end - reference));
    if (!close)
        return refuse(text, reference, (size_t)(end - reference), "is not closed on its line", err);
    size_t length = (size_t)(close + 1 - reference);
    *at = close + 1;
    if (length > 9 && strncmp(reference + 2, "flyway:", 7) == 0)
        return put_builtin(text, reference, length, err);
    CLEANUP(memory_freep) char *written = memory_string_n(reference + 2, length - 3);
    const char *name = declared_name(text, written);
    return put(text, reference, length, name, strlen(name), err);
}

/* -- graphile: :NAME, where it is declared -- */

static bool is_name_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

static bool put_graphile(TextValues *text, const char **at, const char *end, Error *err)
{
    const char *name = *at + 1;
    size_t length = 0;
    while (name + length < end && is_name_byte(name[length]))
        length++;
    CLEANUP(memory_freep) char *copy = memory_string_n(name, length);
    ScriptValue value;
    if (!length || !isupper((unsigned char)*name))
        return true;
    if (script_values_find(text->options.values, copy, &value)) {
        *at = name + length;
        return give_value(text, copy, &value, err);
    }
    if (strcmp(copy, "DATABASE_NAME") != 0 && strcmp(copy, "DATABASE_OWNER") != 0)
        return true;
    return refuse_unknown(text, *at, length + 1, copy, err);
}

/* -- Go templates: {{ .Name }} and {{ index .Options "Name" }} -- */

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* Behind the word, which a blank follows; NULL where something else stands. */
static const char *skip_word(const char *at, const char *end, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(end - at) <= length || strncmp(at, word, length) != 0 ||
        skip_blanks(at + length, end) == at + length)
        return NULL;
    return skip_blanks(at + length, end);
}

/* The name between the braces: of a field, or of an option of the connection, as pop's migrations
 * take a schema's. NULL where it is neither. */
static const char *template_name(const char *at, const char *close, size_t *ret_length)
{
    at = skip_blanks(at, close);
    const char *options = skip_word(at, close, "index");
    const char *quoted = options ? skip_word(options, close, ".Options") : NULL;
    char before = quoted ? '"' : '.';
    const char *name = quoted ? quoted : at;
    size_t length = 0;
    if (name >= close || *name != before)
        return NULL;
    name++;
    while (name + length < close && is_name_byte(name[length]))
        length++;
    const char *rest = name + length;
    if (quoted && (rest >= close || *rest++ != '"'))
        return NULL;
    *ret_length = length;
    return length && skip_blanks(rest, close) == close ? name : NULL;
}

static bool put_template(TextValues *text, const char **at, const char *end, Error *err)
{
    const char *reference = *at;
    if (end - reference < 2 || reference[1] != '{')
        return true;
    const char *close = memmem(reference, (size_t)(end - reference), "}}", 2);
    if (!close)
        return refuse(text, reference, (size_t)(end - reference), "is not closed on its line", err);
    size_t length = (size_t)(close + 2 - reference), name_length = 0;
    const char *name = template_name(reference + 2, close, &name_length);
    if (!name) {
        refuse(text, reference, length, "is more than a field of a template", err);
        return error_hint(err,
                          "write {{ .Name }} or {{ index .Options \"Name\" }}; what a template "
                          "decides is decided in SQL");
    }
    *at = close + 2;
    return put(text, reference, length, name, name_length, err);
}

/* -- goose: $NAME, ${NAME}, ${NAME:-text}, ${NAME-text}, ${NAME?text} -- */

static size_t identifier(const char *at, const char *end)
{
    size_t length = 0;
    while (at + length < end && is_name_byte(at[length]))
        length++;
    return length && isalpha((unsigned char)*at) ? length : 0;
}

static bool put_goose(TextValues *text, const char **at, const char *end, Error *err);

/* The text of a default, references in it included, up to the brace that ends it. */
static bool give_default(TextValues *text, const char **at, const char *end, bool wanted,
                         Error *err)
{
    while (*at < end && **at != '}') {
        if (!wanted && **at == '$' && end - *at > 1 && (*at)[1] == '{') {
            *at += 2;
            if (!give_default(text, at, end, /* wanted= */ false, err))
                return false;
            *at += *at < end;
            continue;
        }
        const char *from = *at;
        if (wanted && (**at == '$' || **at == '\\') && !put_goose(text, at, end, err))
            return false;
        if (*at != from)
            continue;
        if (wanted && !give(text, *at, 1, err))
            return false;
        ++*at;
    }
    return true;
}

static bool put_braced(TextValues *text, const char **at, const char *end, Error *err)
{
    const char *reference = *at, *name = reference + 2;
    size_t length = identifier(name, end);
    const char *rest = name + length;
    bool closed = length && rest < end && *rest == '}';
    bool or_empty = length && end - rest > 1 && rest[0] == ':' && rest[1] == '-';
    bool or_unset = length && rest < end && *rest == '-';
    bool required = length && rest < end && *rest == '?';
    CLEANUP(memory_freep) char *copy = memory_string_n(name, length);
    if (!closed && !or_empty && !or_unset && !required) {
        refuse(text, reference, (size_t)(end - reference), "is more than a name and a default",
               err);
        return error_hint(err, "write ${NAME}, ${NAME:-text}, ${NAME-text} or ${NAME?text}");
    }
    ScriptValue value;
    bool known = script_values_find(text->options.values, copy, &value);
    bool use_default = (or_empty || or_unset) && !known;
    if (known && or_empty && value.text && !*value.text)
        use_default = true;
    *at = rest + (or_empty ? 2 : !closed);
    text->replaced = true;
    if (!known && !use_default)
        return refuse_unknown(text, reference, (size_t)(rest - reference), copy, err);
    if (!use_default && !give_value(text, copy, &value, err))
        return false;
    if (!give_default(text, at, end, use_default, err))
        return false;
    if (*at == end)
        return refuse(text, reference, (size_t)(end - reference), "is not closed on its line", err);
    ++*at;
    return true;
}

static bool put_goose(TextValues *text, const char **at, const char *end, Error *err)
{
    const char *reference = *at;
    char next = end - reference > 1 ? reference[1] : '\0';
    if (*reference == '\\' || next == '$') {
        /* two backslashes stay, \$ and $$ are a dollar */
        bool dollar = next == '$';
        if (!dollar && next != '\\')
            return true;
        text->replaced = text->replaced || dollar;
        *at += 2;
        return give(text, dollar ? "$" : "\\\\", dollar ? 1 : 2, err);
    }
    if (!next || next == '(')
        return true;
    if (next == '{')
        return put_braced(text, at, end, err);
    size_t length = identifier(reference + 1, end);
    if (!length) {
        refuse(text, reference, 2, "is no variable, and goose refuses it where ENVSUB is on", err);
        return error_hint(err, "write $$ for a dollar, $$$$ for those of a quoted text");
    }
    *at += length + 1;
    return put(text, reference, length + 1, reference + 1, length, err);
}

/* A comment is not looked into, but for the word that switches. True: it is one. */
static bool is_goose_comment(TextValues *text, const char *line, size_t length)
{
    CLEANUP(memory_freep) char *copy = memory_string_n(line, length < 100 ? length : 100);
    const char *at = copy + strspn(copy, " \t");
    if (strncmp(at, "--", 2) != 0)
        return false;
    at += 2 + strspn(at + 2, " \t");
    if (strncasecmp(at, "+goose ENVSUB O", 15) == 0)
        text->on = at[15] == 'N' || at[15] == 'n';
    return true;
}

/* -- lines -- */

/* The byte that a reference begins with, and what puts it in; in the order of ScriptSyntax. */
static const struct {
    const char *begins;
    bool (*put)(TextValues *text, const char **at, const char *end, Error *err);
} syntaxes[] = {
    [SCRIPT_SYNTAX_FLYWAY] = {"$", put_flyway},
    [SCRIPT_SYNTAX_GOOSE] = {"$\\", put_goose},
    [SCRIPT_SYNTAX_GRAPHILE] = {":", put_graphile},
    [SCRIPT_SYNTAX_GO_TEMPLATE] = {"{", put_template},
};

/* A line with its end, where it has one. */
static bool replace_line(TextValues *text, const char *line, size_t size, Error *err)
{
    ScriptSyntax syntax = text->options.syntax;
    const char *begins = syntaxes[syntax].begins, *at = line, *plain = line;
    const char *end = line + size - (size && line[size - 1] == '\n');
    bool passed =
        syntax == SCRIPT_SYNTAX_GOOSE && (is_goose_comment(text, line, size) || !text->on);
    while (!passed && at < end) {
        const char *found = at;
        while (found < end && *found != begins[0] && *found != begins[strlen(begins) - 1])
            found++;
        if (found == end)
            break;
        if (!give(text, plain, (size_t)(found - plain), err))
            return false;
        plain = at = found;
        if (!syntaxes[syntax].put(text, &at, end, err))
            return false;
        if (at == found)
            at++;
        else
            plain = at;
    }
    if (!give(text, plain, (size_t)(line + size - plain), err))
        return false;
    text->line += size && line[size - 1] == '\n';
    return true;
}

bool text_values_feed(TextValues *text, const char *bytes, size_t size, Error *err)
{
    for (const char *end = bytes + size; bytes < end;) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *until = newline ? newline + 1 : end;
        size_t length = (size_t)(until - bytes);
        if (text->waiting.length + length > TEXT_VALUES_LINE_MAX)
            return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": a line of more than %zu bytes",
                             text->options.name, text->line, TEXT_VALUES_LINE_MAX);
        if (text->waiting.length || !newline)
            text_add_n(&text->waiting, bytes, length);
        if (newline) {
            bool joined = text->waiting.length > 0;
            if (!replace_line(text, joined ? text->waiting.bytes : bytes,
                              joined ? text->waiting.length : length, err))
                return false;
            text_clear(&text->waiting);
        }
        bytes = until;
    }
    return true;
}

bool text_values_end(TextValues *text, Error *err)
{
    bool good = replace_line(text, text_string(&text->waiting), text->waiting.length, err);
    text_clear(&text->waiting);
    return good;
}
