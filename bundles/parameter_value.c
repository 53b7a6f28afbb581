#include "bundles/parameter_value.h"

#include <regex.h>

bool parameter_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > PARAMETER_NAME_MAX || strchr("0123456789.-", name[0]))
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
           length;
}

bool parameter_pattern_is_valid(const char *pattern)
{
    regex_t compiled;
    size_t length = strlen(pattern);
    if (length == 0 || length > PARAMETER_VALUE_MAX)
        return false;
    /* a repetition of repetitions is multiplied out when it is compiled */
    for (size_t i = 1; i < length; i++)
        if (pattern[i] == '{' && strchr(")}*+?", pattern[i - 1]))
            return false;
    if (regcomp(&compiled, pattern, REG_EXTENDED) != 0)
        return false;
    regfree(&compiled);
    return true;
}

/* The whole of it: the longest match at the first place where there is one. */
static bool matches(const char *pattern, const char *value)
{
    regex_t compiled;
    regmatch_t match;
    if (regcomp(&compiled, pattern, REG_EXTENDED) != 0)
        return false;
    bool found = regexec(&compiled, value, 1, &match, 0) == 0 && match.rm_so == 0 &&
                 match.rm_eo == (regoff_t)strlen(value);
    regfree(&compiled);
    return found;
}

static const char *skip_digits(const char *at)
{
    return at + strspn(at, "0123456789");
}

static bool is_integer(const char *value)
{
    uint64_t number = 0;
    bool negative = *value == '-';
    const char *digits = value + negative;
    return text_parse_uint(digits, strlen(digits), (uint64_t)INT64_MAX + negative, &number);
}

/* -?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool is_number(const char *value)
{
    const char *at = value + (*value == '-'), *end = skip_digits(at);
    if (end == at)
        return false;
    if (*end == '.') {
        at = end + 1;
        end = skip_digits(at);
        if (end == at)
            return false;
    }
    if (*end == 'e' || *end == 'E') {
        at = end + (end[1] == '+' || end[1] == '-' ? 2 : 1);
        end = skip_digits(at);
        if (end == at)
            return false;
    }
    return !*end;
}

static const char *type_trouble(ParameterType type, const char *value)
{
    size_t length = strlen(value);
    switch (type) {
    case PARAMETER_TEXT:
        return NULL;
    case PARAMETER_INTEGER:
        return is_integer(value) ? NULL : "is not an integer of 64 bits";
    case PARAMETER_NUMBER:
        return is_number(value) ? NULL : "is not a number";
    case PARAMETER_BOOLEAN:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ? NULL
                                                                         : "is not true or false";
    case PARAMETER_IDENTIFIER:
        return length >= 1 && length <= IDENTIFIER_BYTES_MAX
                   ? NULL
                   : "is not an identifier of 1 to 63 bytes";
    }
    return NULL;
}

const char *parameter_value_trouble(const ManifestParameter *parameter, const char *value)
{
    size_t length = strlen(value);
    if (length > PARAMETER_VALUE_MAX)
        return "has more than 1024 bytes";
    if (!text_is_printable_line(value, length))
        return "is not one line of printable UTF-8";
    const char *trouble = type_trouble(parameter->type, value);
    if (trouble)
        return trouble;
    return !parameter->pattern || matches(parameter->pattern, value)
               ? NULL
               : "does not match the pattern that the bundle asks for";
}

bool parameter_quoting_fits(ParameterType type, ParameterQuoting quoting)
{
    switch (quoting) {
    case QUOTING_LITERAL:
        return true;
    case QUOTING_IDENTIFIER:
        return type == PARAMETER_IDENTIFIER;
    case QUOTING_RAW:
        return type == PARAMETER_INTEGER || type == PARAMETER_NUMBER || type == PARAMETER_BOOLEAN;
    }
    return false;
}

static void add_quoted(char quote, const char *value, bool escape_backslash, Text *text)
{
    text_add_char(text, quote);
    const char doubled[] = {quote, escape_backslash ? '\\' : '\0', '\0'};
    for (const char *at = value; *at;) {
        size_t plain = strcspn(at, doubled);
        text_add_n(text, at, plain);
        at += plain;
        if (!*at)
            break;
        text_add_char(text, *at);
        text_add_char(text, *at++);
    }
    text_add_char(text, quote);
}

void parameter_quote(ParameterQuoting quoting, const char *value, Text *text)
{
    bool backslash = strchr(value, '\\') != NULL;
    switch (quoting) {
    case QUOTING_LITERAL:
        if (backslash)
            text_add(text, " E");
        add_quoted('\'', value, backslash, text);
        break;
    case QUOTING_IDENTIFIER:
        add_quoted('"', value, /* escape_backslash= */ false, text);
        break;
    case QUOTING_RAW:
        if (*value == '-')
            text_add_char(text, ' ');
        text_add(text, value);
        break;
    }
}

const ManifestReference *parameter_references(const ManifestScript *script, size_t step,
                                              size_t *ret_count)
{
    const ManifestReferenceArray *all = &script->references;
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->items[middle].step < step)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < all->count && all->items[end].step == step)
        end++;
    *ret_count = end - low;
    return end > low ? &all->items[low] : NULL;
}

bool parameter_substitute(const ManifestScript *script, size_t step, const char *text,
                          size_t length, const char *const *values, ParameterPlaces places,
                          Text *ret_text, Error *err)
{
    CLEANUP(text_done) Text sent = {0};
    size_t count = 0, at = 0;
    const ManifestReference *references = parameter_references(script, step, &count);
    for (size_t i = 0; i < count; i++) {
        const ManifestReference *each = &references[i];
        size_t begin = (size_t)each->offset, end = begin + (size_t)each->length;
        if (places == PARAMETER_IDENTIFIER_PLACES && each->quoting != QUOTING_IDENTIFIER)
            continue;
        if (begin < at || end > length)
            return error_set(err, ERROR_INPUT, "the place of a parameter is outside its statement");
        if (!values || !values[each->parameter])
            return error_set(err, ERROR_INTERNAL, "a parameter of the statement has no value");
        text_add_n(&sent, text + at, begin - at);
        parameter_quote(each->quoting, values[each->parameter], &sent);
        at = end;
        if (sent.length + (length - at) > (size_t)STATEMENT_SIZE_MAX)
            return error_set(err, ERROR_INPUT,
                             "with its parameters' values the statement is larger than %lld bytes",
                             (long long)STATEMENT_SIZE_MAX);
    }
    text_add_n(&sent, text + at, length - at);
    *ret_text = sent;
    sent = (Text){0};
    return true;
}
