#include "migrations/liquibase_filter.h"

#include <string.h>
#include <strings.h>

#include "base/memory.h"

#define BLANKS " \t\f\v\r\n"
#define NAME                                                                                       \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@+" /* others: case unsure  \
                                                                            */
#define DEPTH_MAX 32

typedef struct Reading {
    const char *at;
    const char *names;
    int depth;
} Reading;

static void skip_blanks(Reading *reading)
{
    reading->at += strspn(reading->at, BLANKS);
}

/* Whether the operator stands here, with a blank or a parenthesis behind it, without which it is
 * none to liquibase; it is passed then. */
static bool take_operator(Reading *reading, const char *word)
{
    skip_blanks(reading);
    size_t length = strspn(reading->at, NAME);
    if (length != strlen(word) || strncasecmp(reading->at, word, length) != 0 ||
        !strchr("(" BLANKS, reading->at[length]))
        return false;
    reading->at += length;
    return true;
}

static bool take_sign(Reading *reading, char sign)
{
    skip_blanks(reading);
    if (*reading->at != sign)
        return false;
    reading->at++;
    return true;
}

static bool is_operator(const char *word, size_t length)
{
    static const char *const operators[] = {"and", "or", "not"};
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (length == strlen(operators[i]) && strncasecmp(word, operators[i], length) == 0)
            return true;
    return false;
}

static bool is_given(const char *names, const char *name, size_t length)
{
    for (const char *at = names; *at;) {
        at += strspn(at, "," BLANKS);
        size_t size = strcspn(at, "," BLANKS);
        if (size == length && strncasecmp(at, name, length) == 0)
            return true;
        at += size;
    }
    return false;
}

static bool refuse(const Reading *reading, Error *err)
{
    if (*reading->at)
        return error_set(err, ERROR_INPUT, "'%.40s' is not expected there", reading->at);
    return error_set(err, ERROR_INPUT, "it ends too early");
}

static bool read_or(Reading *reading, bool *ret_holds, Error *err);

static bool read_name(Reading *reading, bool *ret_holds, Error *err)
{
    skip_blanks(reading);
    size_t length = strspn(reading->at, NAME);
    if (!length || is_operator(reading->at, length))
        return refuse(reading, err);
    *ret_holds = is_given(reading->names, reading->at, length);
    reading->at += length;
    return true;
}

static bool read_operand(Reading *reading, bool *ret_holds, Error *err)
{
    bool negated = take_sign(reading, '!') || take_operator(reading, "not");
    bool holds = false;
    if (take_sign(reading, '(')) {
        if (reading->depth == DEPTH_MAX)
            return error_set(err, ERROR_INPUT, "more than %d parentheses deep", DEPTH_MAX);
        reading->depth++;
        if (!read_or(reading, &holds, err))
            return false;
        reading->depth--;
        if (!take_sign(reading, ')'))
            return refuse(reading, err);
    } else if (!read_name(reading, &holds, err)) {
        return false;
    }
    *ret_holds = holds != negated;
    return true;
}

static bool read_and(Reading *reading, bool *ret_holds, Error *err)
{
    bool holds = true;
    do {
        bool next = false;
        if (!read_operand(reading, &next, err))
            return false;
        holds &= next;
    } while (take_operator(reading, "and"));
    *ret_holds = holds;
    return true;
}

static bool read_or(Reading *reading, bool *ret_holds, Error *err)
{
    bool holds = false;
    do {
        bool next = false;
        if (!read_and(reading, &next, err))
            return false;
        holds |= next;
    } while (take_operator(reading, "or"));
    *ret_holds = holds;
    return true;
}

static bool is_empty(const char *text)
{
    return !text[strspn(text, BLANKS)];
}

static bool check_names(const char *names, Error *err)
{
    const char *at = names;
    do {
        at += strspn(at, BLANKS);
        size_t length = strspn(at, NAME);
        if (!length || is_operator(at, length))
            return error_set(err, ERROR_INPUT, "'%.40s' is no list of names with commas between",
                             names);
        at += length;
        at += strspn(at, BLANKS);
    } while (*at++ == ',');
    return !at[-1] ||
           error_set(err, ERROR_INPUT, "'%.40s' is no list of names with commas between", names);
}

bool liquibase_filter_matches(const char *expression, const char *names, bool *ret_matches,
                              Error *err)
{
    Reading reading = {.at = expression, .names = names};
    bool matches = is_empty(expression) || is_empty(names);
    if (!is_empty(names) && !check_names(names, err))
        return false;
    if (is_empty(expression)) {
        *ret_matches = true;
        return true;
    }
    do {
        bool next = false;
        if (!read_or(&reading, &next, err))
            return error_wrap(err, "the expression '%.80s'", expression);
        matches |= next;
    } while (take_sign(&reading, ','));
    if (*reading.at) {
        (void)!refuse(&reading, err);
        return error_wrap(err, "the expression '%.80s'", expression);
    }
    *ret_matches = matches;
    return true;
}
