#include "base/option_table.h"

#include "base/memory.h"

/* Options that are wider, with their value, do not widen help's first column. */
#define HELP_COLUMN_MAX 40

static void *field(void *options, const Option *option)
{
    return (char *)options + option->offset;
}

static const Option *find(const Option *table, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(table[i].name) == length && strncmp(table[i].name, name, length) == 0)
            return &table[i];
    return NULL;
}

static bool unknown_option(const Option *table, size_t count, const char *word, size_t length,
                           Error *err)
{
    CLEANUP(memory_freep) char *name = memory_string_n(word, length);
    CLEANUP(memory_freep) const char **names = memory_zeroed(count + 1, sizeof(*names));
    for (size_t i = 0; i < count; i++)
        names[i] = table[i].name;
    const char *nearest = option_nearest(name, names, count);
    error_set(err, ERROR_USAGE, "there is no option '--%s'", name);
    return nearest ? error_hint(err, "did you mean '--%s'?", nearest) : false;
}

static bool is_choice(const char *choices, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        size_t choice_length = strcspn(at, "|");
        if (choice_length == length && strncmp(at, word, length) == 0)
            return true;
    }
    return false;
}

static bool set_value(const Option *option, void *target, const char *value, Error *err)
{
    uint64_t number;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)target = true;
        return true;
    case OPTION_LIST:
        *array_add((StringArray *)target) = value;
        return true;
    case OPTION_NUMBER:
        if (!text_parse_uint(value, strlen(value), INT64_MAX, &number))
            return error_set(err, ERROR_USAGE, "'--%s' takes a number, not '%s'", option->name,
                             value);
        *(int64_t *)target = (int64_t)number;
        return true;
    case OPTION_CHOICE:
        if (!is_choice(option->choices, value))
            return error_set(err, ERROR_USAGE, "'--%s' takes one of %s, not '%s'", option->name,
                             option->choices, value);
        *(const char **)target = value;
        return true;
    case OPTION_STRING:
        *(const char **)target = value;
        return true;
    }
    return error_set(err, ERROR_INTERNAL, "option of an unknown kind");
}

bool option_table_parse(const Option *table, size_t count, int argc, const char *const *argv,
                        void *options, StringArray *positional, Error *err)
{
    CLEANUP(memory_freep) bool *seen = memory_zeroed(count + 1, sizeof(*seen));
    bool options_ended = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (options_ended || word[0] != '-' || word[1] == '\0') {
            *array_add(positional) = word;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            options_ended = true;
            continue;
        }
        if (word[1] != '-')
            return error_set(err, ERROR_USAGE, "there is no option '%s'", word);
        const char *equals = strchr(word, '=');
        size_t length = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
        const Option *option = find(table, count, word + 2, length);
        if (!option)
            return unknown_option(table, count, word + 2, length, err);
        if (seen[option - table] && option->kind != OPTION_LIST)
            return error_set(err, ERROR_USAGE, "'--%s' is given twice", option->name);
        seen[option - table] = true;
        if (option->kind == OPTION_FLAG && equals)
            return error_set(err, ERROR_USAGE, "'--%s' takes no value", option->name);
        const char *value = equals ? equals + 1 : NULL;
        if (option->kind != OPTION_FLAG && !value) {
            bool missing = i + 1 >= argc || text_has_prefix(argv[i + 1], "--");
            if (missing && !option->may_be_bare)
                return error_set(err, ERROR_USAGE, "'--%s' takes a value (%s)", option->name,
                                 option->value);
            value = missing ? "" : argv[++i];
        }
        if (!set_value(option, field(options, option), value, err))
            return false;
        while (option->kind == OPTION_LIST && !option->single && !equals && i + 1 < argc &&
               argv[i + 1][0] != '-')
            if (!set_value(option, field(options, option), argv[++i], err))
                return false;
    }
    return true;
}

void option_table_done(const Option *table, size_t count, void *options)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].kind == OPTION_LIST)
            array_free((StringArray *)field(options, &table[i]));
}

/* The width of an option with its value, as help writes it. */
static size_t help_width(const Option *option)
{
    return strlen(option->name) + (option->value ? strlen(option->value) + 1 : 0);
}

void option_table_help(const Option *table, size_t count, Text *text)
{
    size_t column = 0;
    for (size_t i = 0; i < count; i++)
        if (help_width(&table[i]) <= HELP_COLUMN_MAX && help_width(&table[i]) > column)
            column = help_width(&table[i]);
    for (size_t i = 0; i < count; i++) {
        size_t width = help_width(&table[i]);
        text_addf(text, "  --%s%s%s%*s  %s%s\n", table[i].name, table[i].value ? " " : "",
                  table[i].value ? table[i].value : "", width < column ? (int)(column - width) : 0,
                  "", table[i].help, table[i].kind == OPTION_LIST ? "; repeatable" : "");
    }
}

/* Levenshtein distance, over words short enough to be command or option names. */
static size_t distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    size_t row[64];
    if (b_length >= ARRAY_LEN(row))
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_length];
}

const char *option_nearest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t nearest_distance = strlen(word) / 3 + 2; /* a typo or two, not another word */
    for (size_t i = 0; i < count; i++) {
        size_t away = distance(word, words[i]);
        if (away < nearest_distance) {
            nearest = words[i];
            nearest_distance = away;
        }
    }
    return nearest;
}
