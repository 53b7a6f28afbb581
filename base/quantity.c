#include "base/quantity.h"

#include <inttypes.h>

#include "base/attributes.h"

/* One digit behind the point below ten, none above: 9.96 is 10. */
static void add_scaled(double value, const char *unit, Text *text)
{
    int64_t tenths = (int64_t)(value * 10 + 0.5);
    bool whole = tenths >= 100 || tenths % 10 == 0;
    text_addf(text, whole ? "%.0f %s" : "%.1f %s", value, unit);
}

void quantity_bytes(int64_t bytes, Text *text)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    if (bytes < 1024) {
        text_addf(text, "%" PRId64 " byte%s", bytes, text_plural(bytes));
        return;
    }
    double value = (double)bytes / 1024;
    size_t unit = 0;
    while (unit + 1 < ARRAY_LEN(units) && value >= 1023.5) {
        value /= 1024;
        unit++;
    }
    add_scaled(value, units[unit], text);
}

void quantity_duration(int64_t ms, Text *text)
{
    int64_t seconds = (ms + 500) / 1000, minutes = (ms + 30000) / 60000;
    if (ms < 1000)
        text_addf(text, "%" PRId64 " ms", ms);
    else if (seconds < 100 && ms % 60000)
        text_addf(text, "%" PRId64 " s", seconds);
    else if (minutes < 120)
        text_addf(text, "%" PRId64 " min", minutes);
    else if (minutes % 60 == 0)
        text_addf(text, "%" PRId64 " h", minutes / 60);
    else
        text_addf(text, "%" PRId64 " h %" PRId64 " min", minutes / 60, minutes % 60);
}

void quantity_count(int64_t count, Text *text)
{
    static const char *const units[] = {"thousand", "million", "billion"};
    if (count < 1000) {
        text_addf(text, "%" PRId64, count);
        return;
    }
    double value = (double)count / 1000;
    size_t unit = 0;
    while (unit + 1 < ARRAY_LEN(units) && value >= 999.5) {
        value /= 1000;
        unit++;
    }
    add_scaled(value, units[unit], text);
}
