#include "migrations/project.h"

/* What stands at a place of a version name, from lowest to highest: "1.0-rc1" and "1.0rc1" are
 * before "1.0", which is before "1.0+2", "1.0.1" and "1.0a". */
typedef enum {
    PLACE_PRE_RELEASE,
    PLACE_END,
    PLACE_BUILD,
    PLACE_SEPARATOR,
    PLACE_LETTER,
    PLACE_DIGIT,
} Place;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_pre_release_word(const char *at)
{
    static const char *const words[] = {"rc", "alpha", "beta", "pre", "dev"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static Place place_of(const char *start, const char *at)
{
    if (!*at)
        return PLACE_END;
    if (is_digit(*at))
        return PLACE_DIGIT;
    if (is_letter(*at)) {
        bool behind_number = at > start && is_digit(at[-1]);
        return behind_number && is_pre_release_word(at) ? PLACE_PRE_RELEASE : PLACE_LETTER;
    }
    if (*at == '-' && is_letter(at[1]))
        return PLACE_PRE_RELEASE;
    return *at == '+' ? PLACE_BUILD : PLACE_SEPARATOR;
}

/* The length of the run of digits at *at; *at moves past its leading zeros. */
static size_t number_length(const char **at)
{
    while (**at == '0' && is_digit((*at)[1]))
        (*at)++;
    size_t length = 0;
    while (is_digit((*at)[length]))
        length++;
    return length;
}

int project_compare_versions(const char *a, const char *b)
{
    const char *at_a = a, *at_b = b;
    for (;;) {
        Place place_a = place_of(a, at_a), place_b = place_of(b, at_b);
        if (place_a != place_b)
            return place_a < place_b ? -1 : 1;
        if (place_a == PLACE_END)
            break;
        if (place_a == PLACE_DIGIT) {
            size_t length_a = number_length(&at_a), length_b = number_length(&at_b);
            int order = length_a != length_b ? (length_a < length_b ? -1 : 1)
                                             : memcmp(at_a, at_b, length_a);
            if (order)
                return order;
            at_a += length_a;
            at_b += length_b;
            continue;
        }
        if (*at_a != *at_b)
            return (unsigned char)*at_a < (unsigned char)*at_b ? -1 : 1;
        at_a++;
        at_b++;
    }
    /* 1.0 and 1.00 are equal by number; any order will do as long as it is one */
    return strcmp(a, b);
}
