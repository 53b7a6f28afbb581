#include "migrations/project_values.h"

#include <regex.h>
#include <strings.h>

#include "base/text.h"

#define PATTERN_SIZE_MAX 200

struct ValueSection {
    char *name;
    char *value, *site, *type, *as, *fallback, *rehearse, *pattern, *description;
};

#define SECTION_ROW(key, field)                                                                    \
    {                                                                                              \
        "value", key, offsetof(ValueSection, field)                                                \
    }

static const ConfigKey section_keys[] = {
    SECTION_ROW("value", value),      SECTION_ROW("site", site),
    SECTION_ROW("type", type),        SECTION_ROW("as", as),
    SECTION_ROW("default", fallback), SECTION_ROW("rehearse", rehearse),
    SECTION_ROW("pattern", pattern),  SECTION_ROW("description", description),
};

static const char *const type_names[] = {"text", "integer", "number", "boolean", "identifier"};
static const char *const form_names[] = {"raw", "literal", "identifier"};

const char *value_type_name(ValueType type)
{
    return type_names[type];
}

const char *value_form_name(ValueForm form)
{
    return form_names[form];
}

static void value_done(ProjectValue *value)
{
    free(value->name);
    free(value->value);
    free(value->fallback);
    free(value->rehearse);
    free(value->pattern);
    free(value->description);
    *value = (ProjectValue){0};
}

void project_values_done(ProjectValueArray *values)
{
    array_each (ProjectValue, value, values)
        value_done(value);
    array_free(values);
}

const ProjectValue *project_values_find(const ProjectValueArray *values, const char *name)
{
    array_each (const ProjectValue, value, values)
        if (strcmp(value->name, name) == 0)
            return value;
    return NULL;
}

const ProjectValue *project_values_find_any_case(const ProjectValueArray *values, const char *name)
{
    const ProjectValue *found = project_values_find(values, name);
    if (found)
        return found;
    array_each (const ProjectValue, value, values) {
        if (strcasecmp(value->name, name) != 0)
            continue;
        if (found)
            return NULL;
        found = value;
    }
    return found;
}

/* -- the sections of the file -- */

static bool is_name(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char later[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";
    size_t length = strlen(name);
    return length && length <= PROJECT_VALUE_NAME_MAX && strchr(first, *name) &&
           strspn(name, later) == length;
}

static void *section_of(void *context, const char *name, Error *err)
{
    ValueSectionArray *sections = context;
    array_each (ValueSection *, section, sections)
        if (strcmp((*section)->name, name) == 0)
            return *section;
    if (!is_name(name)) {
        error_set(err, ERROR_CONFIG,
                  "'%s' cannot be the name of a value: expected " PROJECT_VALUE_NAME_GRAMMAR, name);
        return NULL;
    }
    if (sections->count == PROJECT_VALUES_MAX) {
        error_set(err, ERROR_CONFIG, "more than %d values", PROJECT_VALUES_MAX);
        return NULL;
    }
    ValueSection *added = memory_new(ValueSection);
    added->name = memory_string(name);
    *array_add(sections) = added;
    return added;
}

ConfigSections value_sections_reader(ValueSectionArray *sections)
{
    return (ConfigSections){.kind = "value",
                            .keys = section_keys,
                            .key_count = ARRAY_LEN(section_keys),
                            .target = section_of,
                            .context = sections};
}

void value_sections_done(ValueSectionArray *sections)
{
    array_each (ValueSection *, section, sections) {
        free((*section)->name);
        for (size_t i = 0; i < ARRAY_LEN(section_keys); i++)
            free(*(char **)((char *)*section + section_keys[i].offset));
        free(*section);
    }
    array_free(sections);
}

/* -- what a value may be -- */

static bool is_digits(const char *text, size_t length)
{
    return length && strspn(text, "0123456789") >= length;
}

static bool is_integer(const char *text)
{
    bool negative = *text == '-';
    uint64_t number, most = (uint64_t)INT64_MAX + negative;
    text += negative;
    return text_parse_uint(text, strlen(text), most, &number);
}

/* [-]digits[.digits][e[+-]digits] */
static bool is_number(const char *text)
{
    text += *text == '-';
    size_t length = strcspn(text, ".eE");
    if (!is_digits(text, length))
        return false;
    text += length;
    if (*text == '.') {
        length = strcspn(++text, "eE");
        if (!is_digits(text, length))
            return false;
        text += length;
    }
    if (!*text)
        return true;
    text += 1 + (text[1] == '+' || text[1] == '-');
    return is_digits(text, strlen(text));
}

static bool is_boolean(const char *text)
{
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

static bool is_text(const char *text)
{
    return text_is_utf8(text, strlen(text));
}

static bool is_identifier(const char *text)
{
    return *text && strlen(text) <= 63 && is_text(text);
}

/* In the order of ValueType. */
static const struct {
    bool (*is)(const char *text);
    const char *expected;
} types[] = {
    {is_text, "text in UTF-8"},
    {is_integer, "an integer of at most 64 bits, without leading zeros"},
    {is_number, "a number like 12, -0.5 or 1e6"},
    {is_boolean, "true or false"},
    {is_identifier, "an identifier of 1 to 63 bytes"},
};

static bool refuse(Error *err, const char *what, const char *text, const char *expected)
{
    CLEANUP(memory_freep) char *shown = text_printable(text, strlen(text), 100);
    return error_set(err, ERROR_CONFIG, "%s is '%s': expected %s", what, shown, expected);
}

/* The pattern is anchored at both ends: what it is for is to let nothing else in. */
static bool compile(const char *pattern, regex_t *ret_expression)
{
    CLEANUP(memory_freep) char *whole = memory_format("^(%s)$", pattern);
    return regcomp(ret_expression, whole, REG_EXTENDED | REG_NOSUB) == 0;
}

static bool matches(const char *pattern, const char *text)
{
    regex_t expression;
    if (!compile(pattern, &expression))
        return false;
    bool good = regexec(&expression, text, 0, NULL, 0) == 0;
    regfree(&expression);
    return good;
}

bool project_value_check(const ProjectValue *value, const char *what, const char *text, Error *err)
{
    if (!types[value->type].is(text))
        return refuse(err, what, text, types[value->type].expected);
    if (value->pattern && !matches(value->pattern, text)) {
        CLEANUP(memory_freep)
        char *expected = memory_format("what matches the pattern '%s'", value->pattern);
        return refuse(err, what, text, expected);
    }
    return true;
}

/* -- from a section to a value -- */

static bool refuse_key(Error *err, const ValueSection *section, const char *key, const char *text,
                       const char *expected)
{
    CLEANUP(memory_freep) char *what = memory_format("[value %s] %s", section->name, key);
    return refuse(err, what, text, expected);
}

static bool parse_word(const char *text, const char *const *words, size_t count, int *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], text) == 0) {
            *ret_index = (int)i;
            return true;
        }
    }
    return false;
}

static bool may_be_raw(const ProjectValue *value)
{
    return !value->site || value->type == VALUE_TYPE_INTEGER || value->type == VALUE_TYPE_NUMBER ||
           value->type == VALUE_TYPE_BOOLEAN;
}

static bool take_form(const ValueSection *section, ProjectValue *value, Error *err)
{
    int form = value->type == VALUE_TYPE_IDENTIFIER ? VALUE_FORM_IDENTIFIER
               : value->site                        ? VALUE_FORM_LITERAL
                                                    : VALUE_FORM_RAW;
    if (section->as && !parse_word(section->as, form_names, ARRAY_LEN(form_names), &form))
        return refuse_key(err, section, "as", section->as, "raw, literal or identifier");
    value->form = (ValueForm)form;
    if (value->form == VALUE_FORM_RAW && !may_be_raw(value))
        return refuse_key(err, section, "as", section->as,
                          "literal or identifier: only an integer, a number or a boolean of a site "
                          "is written as it stands");
    return true;
}

static bool take_declaration(const ValueSection *section, ProjectValue *value, Error *err)
{
    regex_t expression;
    int type = VALUE_TYPE_TEXT;
    if (section->site && !is_boolean(section->site))
        return refuse_key(err, section, "site", section->site, "true or false");
    value->site = section->site && strcmp(section->site, "true") == 0;
    if (section->type && !parse_word(section->type, type_names, ARRAY_LEN(type_names), &type))
        return refuse_key(err, section, "type", section->type,
                          "text, integer, number, boolean or identifier");
    value->type = (ValueType)type;
    if (section->pattern) {
        if (strlen(section->pattern) > PATTERN_SIZE_MAX || !compile(section->pattern, &expression))
            return refuse_key(err, section, "pattern", section->pattern,
                              "an extended regular expression of at most 200 bytes");
        regfree(&expression);
        value->pattern = memory_string(section->pattern);
    }
    if (section->description)
        value->description = memory_string(section->description);
    return take_form(section, value, err);
}

static bool check_text(const ValueSection *section, const ProjectValue *value, const char *key,
                       const char *text, Error *err)
{
    CLEANUP(memory_freep) char *what = memory_format("[value %s] %s", section->name, key);
    return !text || project_value_check(value, what, text, err);
}

/* Which of value, default and rehearse must and may be there. */
static bool check_presence(const ValueSection *section, bool site, Error *err)
{
    if (site && section->value)
        return error_set(
            err, ERROR_CONFIG,
            "[value %s] has both value and site = true: a site parameter has a default",
            section->name);
    if (site && strpbrk(section->name, ".-"))
        return error_set(err, ERROR_CONFIG,
                         "[value %s] cannot be a site parameter: its name holds more than letters, "
                         "digits and _",
                         section->name);
    if (!site && (section->fallback || section->rehearse))
        return error_set(err, ERROR_CONFIG,
                         "[value %s] has %s, which only a site parameter (site = true) has",
                         section->name, section->fallback ? "default" : "rehearse");
    if (!site && !section->value)
        return error_set(err, ERROR_CONFIG, "[value %s] has neither value nor site = true",
                         section->name);
    if (site && !section->fallback && !section->rehearse)
        return error_set(err, ERROR_CONFIG,
                         "[value %s] has neither default nor rehearse: a rehearsal must have a "
                         "value",
                         section->name);
    return true;
}

static char *copy_of(const char *text)
{
    return text ? memory_string(text) : NULL;
}

static bool take_section(const ValueSection *section, ProjectValue *value, Error *err)
{
    value->name = memory_string(section->name);
    if (!take_declaration(section, value, err) || !check_presence(section, value->site, err) ||
        !check_text(section, value, "value", section->value, err) ||
        !check_text(section, value, "default", section->fallback, err) ||
        !check_text(section, value, "rehearse", section->rehearse, err))
        return false;
    value->value = copy_of(section->value);
    value->fallback = copy_of(section->fallback);
    value->rehearse = copy_of(section->rehearse ? section->rehearse : section->fallback);
    return true;
}

bool project_values_take(const ValueSectionArray *sections, ProjectValueArray *ret_values,
                         Error *err)
{
    CLEANUP(project_values_done) ProjectValueArray values = {0};
    array_each (ValueSection *const, section, sections)
        if (!take_section(*section, array_add(&values), err))
            return error_wrap(err, "sealift.conf");
    *ret_values = values;
    values = (ProjectValueArray){0};
    return true;
}
