#include "applier/rehearsal/rows_pattern.h"

#include <inttypes.h>

/* What is repeated without an upper bound is given so often: three letters tell 17,576 rows apart.
 */
#define OPEN_REPEATS 3
#define REPEATS_MAX  64

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char digits[] = "0123456789";

/* The characters that one place of the string may have, each once. */
typedef struct Set {
    char characters[129];
    size_t count;
} Set;

static void set_add(Set *set, char character)
{
    if (character > 0 && !memchr(set->characters, character, set->count))
        set->characters[set->count++] = character;
}

static void set_add_all(Set *set, const char *characters)
{
    for (; *characters; characters++)
        set_add(set, *characters);
}

static bool set_add_escape(Set *set, char escape)
{
    if (escape == 'd')
        set_add_all(set, digits);
    else if (escape == 'w')
        set_add_all(set, lower);
    else if (escape == 's')
        set_add(set, ' ');
    else if (strchr("DWSmMyYAZ", escape) || (escape >= '0' && escape <= '9'))
        return false;
    else
        set_add(set, escape);
    return escape != '\0';
}

/* All but these, of letters and digits. */
static Set set_inverse(const Set *set)
{
    Set inverse = {0};
    for (const char *at = lower; *at; at++)
        if (!memchr(set->characters, *at, set->count))
            set_add(&inverse, *at);
    for (const char *at = digits; *at; at++)
        if (!memchr(set->characters, *at, set->count))
            set_add(&inverse, *at);
    return inverse;
}

/* "[:alpha:]" and the like. */
static bool set_add_class(Set *set, const char **at)
{
    static const struct {
        const char *name;
        const char *characters;
    } classes[] = {
        {"[:alpha:]", lower},  {"[:lower:]", lower}, {"[:upper:]", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
        {"[:digit:]", digits}, {"[:alnum:]", lower}, {"[:space:]", " "}};
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
        if (!text_has_prefix(*at, classes[i].name))
            continue;
        set_add_all(set, classes[i].characters);
        *at += strlen(classes[i].name);
        return true;
    }
    return false;
}

/* *at is behind the '['; it is moved behind the ']'. */
static bool parse_set(const char **at, Set *ret_set)
{
    Set set = {0};
    bool inverted = **at == '^';
    *at += inverted;
    for (bool first = true; **at && (first || **at != ']'); first = false) {
        char from = **at;
        if (from == '[') {
            if (!set_add_class(&set, at))
                return false;
            continue;
        }
        if (from == '\\') {
            if (!set_add_escape(&set, (*at)[1]))
                return false;
            *at += 2;
            continue;
        }
        bool range = (*at)[1] == '-' && (*at)[2] && (*at)[2] != ']';
        char to = range ? (*at)[2] : from;
        for (int character = from; character <= to; character++)
            set_add(&set, (char)character);
        *at += range ? 3 : 1;
    }
    if (**at != ']')
        return false;
    (*at)++;
    *ret_set = inverted ? set_inverse(&set) : set;
    return ret_set->count > 0;
}

static int64_t parse_number(const char **at)
{
    int64_t number = 0;
    for (; **at >= '0' && **at <= '9' && number <= REPEATS_MAX; (*at)++)
        number = number * 10 + **at - '0';
    return number;
}

/* How often the place before *at is there; 0 for a quantifier that is none. */
static int64_t parse_quantifier(const char **at, bool *ret_good)
{
    char character = **at;
    *ret_good = true;
    if (!character || !strchr("*+?{", character))
        return 1;
    (*at)++;
    if (character != '{')
        return character == '?' ? 0 : OPEN_REPEATS;
    int64_t least = parse_number(at), most = least;
    if (**at == ',') {
        (*at)++;
        most = **at == '}' ? least + OPEN_REPEATS : parse_number(at);
    }
    *ret_good = **at == '}' && least <= most && most <= REPEATS_MAX;
    *at += *ret_good;
    return least < OPEN_REPEATS && most > least ? (most < OPEN_REPEATS ? most : OPEN_REPEATS)
                                                : least;
}

/* One place of the string: a constant, or a digit of the row's number to the base of the set. */
static void add_place(const Set *set, uint64_t *weight, Text *sql)
{
    text_add(sql, sql->length ? " || " : "");
    if (set->count > 1)
        text_add(sql, "substr(");
    text_add_char(sql, '\'');
    for (size_t i = 0; i < set->count; i++)
        text_addf(sql, set->characters[i] == '\'' ? "''" : "%c", set->characters[i]);
    text_add_char(sql, '\'');
    if (set->count > 1)
        text_addf(sql, ", 1 + ((g.i / %" PRIu64 ") %% %zu)::int, 1)", *weight, set->count);
    if (*weight < UINT64_C(1) << 40)
        *weight *= set->count;
}

/* The set of the next place; *at is moved behind it. */
static bool parse_place(const char **at, Set *ret_set)
{
    char character = *(*at)++;
    *ret_set = (Set){0};
    if (character == '[')
        return parse_set(at, ret_set);
    if (character == '\\')
        return set_add_escape(ret_set, *(*at)++);
    if (strchr("*+?{|", character))
        return false;
    if (character == '.')
        set_add_all(ret_set, lower);
    else
        set_add(ret_set, character);
    return ret_set->count > 0;
}

bool rows_pattern(const char *pattern, Text *sql)
{
    CLEANUP(text_done) Text places = {0};
    uint64_t weight = 1;
    for (const char *at = pattern; *at;) {
        Set set;
        bool good;
        if (strchr("^$(", *at)) {
            at += text_has_prefix(at, "(?:") ? 3 : 1;
            continue;
        }
        if (*at == ')') {
            if (at[1] && strchr("*+?{", at[1]))
                return false;
            at++;
            continue;
        }
        if (!parse_place(&at, &set))
            return false;
        int64_t count = parse_quantifier(&at, &good);
        for (int64_t i = 0; good && i < count; i++)
            add_place(&set, &weight, &places);
        if (!good)
            return false;
    }
    if (!places.length)
        return false;
    text_add(sql, text_string(&places));
    return true;
}
