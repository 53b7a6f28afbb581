#include "applier/site/lag_limit.h"

#include <string.h>

#include "base/text.h"

static const struct {
    const char *unit;
    int64_t bytes;
    int64_t ms;
} units[] = {
    {"kB", INT64_C(1) << 10, 0},
    {"MB", INT64_C(1) << 20, 0},
    {"GB", INT64_C(1) << 30, 0},
    {"TB", INT64_C(1) << 40, 0},
    {"ms", 0, 1},
    {"s", 0, 1000},
    {"min", 0, 60000},
    {"h", 0, 3600000},
};

#define LIMIT_MOST 1000000

bool lag_limit_parse(const char *text, LagLimit *ret_limit)
{
    size_t digits = strspn(text, "0123456789");
    uint64_t number;
    if (!text_parse_uint(text, digits, LIMIT_MOST, &number))
        return false;
    if (number == 0 && !text[digits]) {
        *ret_limit = (LagLimit){0};
        return true;
    }
    for (size_t i = 0; number && i < ARRAY_LEN(units); i++)
        if (strcmp(units[i].unit, text + digits) == 0) {
            *ret_limit = (LagLimit){.bytes = (int64_t)number * units[i].bytes,
                                    .ms = (int64_t)number * units[i].ms};
            return true;
        }
    return false;
}

bool lag_limit_is_set(const LagLimit *limit)
{
    return limit->bytes > 0 || limit->ms > 0;
}
