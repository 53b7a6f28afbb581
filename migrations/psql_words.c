#include "migrations/psql_words.h"

#include <strings.h>

#include "migrations/value_text.h"

typedef struct WordReading {
    const char *at;
    PsqlWordsMode mode;
    ScriptValues *values;
    Text word;
    Error *err;
} WordReading;

void psql_command_done(PsqlCommand *command)
{
    free(command->name);
    array_each (char *, word, &command->words)
        free(*word);
    array_free(&command->words);
}

static bool is_blank(char character)
{
    return character && strchr(" \t\r\f\v\n", character);
}

static bool is_name_byte(char character)
{
    unsigned char byte = (unsigned char)character;
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte >= '0' && byte <= '9') || byte >= 0x80;
}

static bool refuse(const WordReading *reading, const char *what, const char *hint)
{
    error_set(reading->err, ERROR_INPUT, "%s", what);
    return error_hint(reading->err, "%s", hint);
}

/* -- quotes -- */

/* Up to `most` digits of this base behind the escape. */
static int read_digits(WordReading *reading, int base, int most)
{
    static const char digits[] = "0123456789abcdef";
    int number = 0;
    for (int i = 0; i < most && *reading->at; i++, reading->at++) {
        char letter = *reading->at;
        if (letter >= 'A' && letter <= 'F')
            letter = (char)(letter - 'A' + 'a');
        const char *found = strchr(digits, letter);
        if (!found || found - digits >= base)
            break;
        number = number * base + (int)(found - digits);
    }
    return number & 0xff;
}

/* Behind a backslash between quotes. */
static bool read_escape(WordReading *reading)
{
    static const char letters[] = "nbtrf", meanings[] = "\n\b\t\r\f";
    char letter = *reading->at;
    const char *known = letter ? strchr(letters, letter) : NULL;
    if (known) {
        text_add_char(&reading->word, meanings[known - letters]);
        reading->at++;
        return true;
    }
    int byte = letter;
    if (letter >= '0' && letter <= '7') {
        byte = read_digits(reading, 8, 3);
    } else if (letter == 'x' && strspn(reading->at + 1, "0123456789abcdefABCDEF")) {
        reading->at++;
        byte = read_digits(reading, 16, 2);
    } else if (letter) {
        reading->at++;
    }
    if (!byte)
        return refuse(reading, "a NUL byte in a word of psql's", "no SQL can hold it");
    text_add_char(&reading->word, (char)byte);
    return true;
}

static bool read_single_quoted(WordReading *reading)
{
    while (*reading->at) {
        char letter = *reading->at++;
        if (letter == '\\') {
            if (!read_escape(reading))
                return false;
        } else if (letter != '\'') {
            text_add_char(&reading->word, letter);
        } else if (*reading->at == '\'') {
            text_add_char(&reading->word, *reading->at++);
        } else {
            return true;
        }
    }
    return refuse(reading, "an open quote in a command of psql", "close it on its line");
}

/* The quotes are part of the word, as psql has it. */
static bool read_double_quoted(WordReading *reading)
{
    size_t length = strcspn(reading->at, "\"");
    if (!reading->at[length])
        return refuse(reading, "an open quote in a command of psql", "close it on its line");
    text_add_char(&reading->word, '"');
    text_add_n(&reading->word, reading->at, length + 1);
    reading->at += length + 1;
    return true;
}

static bool read_backticks(WordReading *reading)
{
    if (reading->mode == PSQL_WORDS_READ)
        return refuse(reading, "backticks, in which psql runs a program",
                      "a migration starts no programs: declare what it prints as a value in "
                      "sealift.conf");
    const char *end = strchr(reading->at, '`');
    reading->at = end ? end + 1 : reading->at + strlen(reading->at);
    return true;
}

/* -- references -- */

static bool add_value(WordReading *reading, const char *name, ValueForm form, bool *ret_known)
{
    ScriptValue value;
    *ret_known = reading->mode == PSQL_WORDS_READ && reading->values &&
                 script_values_find(reading->values, name, &value);
    if (!*ret_known)
        return true;
    if (!value.text) {
        error_set(reading->err, ERROR_INPUT,
                  "the site parameter '%s' is not known when this is read", name);
        return error_hint(reading->err, "only SQL can refer to what the site supplies");
    }
    value_text_add(value.text, form, &reading->word);
    return true;
}

/* Behind a colon. What is no reference, or one to an unknown name, stays as it is. */
static bool read_reference(WordReading *reading)
{
    const char *at = reading->at, quote = *at == '\'' || *at == '"' ? *at : '\0';
    bool test = at[0] == '{' && at[1] == '?', known;
    const char *name = at + (test ? 2 : quote != '\0');
    size_t length = 0;
    while (is_name_byte(name[length]))
        length++;
    bool closed = test ? name[length] == '}' : !quote || name[length] == quote;
    CLEANUP(memory_freep) char *copy = memory_string_n(name, length);
    if (!length || !closed) {
        text_add_char(&reading->word, ':');
        return true;
    }
    const char *end = name + length + (test || quote);
    if (test) {
        ScriptValue value;
        known = reading->values && script_values_find(reading->values, copy, &value);
        text_add(&reading->word, known ? "TRUE" : "FALSE");
        reading->at = end;
        return true;
    }
    ValueForm form = quote == '\'' ? VALUE_FORM_LITERAL
                     : quote       ? VALUE_FORM_IDENTIFIER
                                   : VALUE_FORM_RAW;
    if (!add_value(reading, copy, form, &known))
        return false;
    if (!known) {
        text_add_char(&reading->word, ':');
        text_add_n(&reading->word, at, (size_t)(end - at));
    }
    reading->at = end;
    return true;
}

/* -- words -- */

static bool read_word(WordReading *reading, char **ret_word)
{
    text_clear(&reading->word);
    while (*reading->at && *reading->at != '\\' && !is_blank(*reading->at)) {
        char letter = *reading->at++;
        bool good = letter == '\''  ? read_single_quoted(reading)
                    : letter == '"' ? read_double_quoted(reading)
                    : letter == '`' ? read_backticks(reading)
                    : letter == ':' ? read_reference(reading)
                                    : true;
        if (!good)
            return false;
        if (!strchr("'\"`:", letter))
            text_add_char(&reading->word, letter);
    }
    *ret_word = memory_string(text_string(&reading->word));
    return true;
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

/* `\\` ends a command; SQL may follow, which is not read here. */
static bool end_command(WordReading *reading)
{
    if (reading->at[0] != '\\' || reading->at[1] != '\\')
        return true;
    reading->at = skip_blanks(reading->at + 2);
    if (*reading->at)
        return refuse(reading, "SQL behind a command of psql on its line",
                      "write it on a line of its own");
    return true;
}

bool psql_command_read(const char **line, PsqlWordsMode mode, ScriptValues *values,
                       PsqlCommand *ret_command, Error *err)
{
    WordReading reading = {.at = *line + 1, .mode = mode, .values = values, .err = err};
    PsqlCommand command = {0};
    size_t length = strcspn(reading.at, " \t\r\f\v\n\\");
    bool good = true;
    command.name = memory_string_n(reading.at, length);
    reading.at = skip_blanks(reading.at + length);
    while (good && *reading.at && *reading.at != '\\') {
        char *word;
        good = read_word(&reading, &word);
        if (good)
            *array_add(&command.words) = word;
        reading.at = skip_blanks(reading.at);
    }
    good = good && end_command(&reading);
    text_done(&reading.word);
    if (!good) {
        psql_command_done(&command);
        return false;
    }
    *line = reading.at;
    *ret_command = command;
    return true;
}

bool psql_parse_boolean(const char *text, bool *ret_value)
{
    /* the word, how much of it is enough, what it means */
    static const struct {
        const char *word;
        size_t least;
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    size_t length = strlen(text);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (length < words[i].least || strncasecmp(text, words[i].word, length) != 0 ||
            length > strlen(words[i].word))
            continue;
        *ret_value = words[i].value;
        return true;
    }
    return false;
}
