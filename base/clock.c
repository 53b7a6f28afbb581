#include "base/clock.h"

#include "base/text.h"

/* 9999-12-31T23:59:59Z: four-digit years are what the text form holds */
#define CLOCK_LAST INT64_C(253402300799)

int64_t clock_now(void)
{
    return (int64_t)time(NULL);
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

void clock_format(int64_t seconds, char ret_text[static CLOCK_TEXT_SIZE])
{
    if (seconds < 0)
        seconds = 0;
    if (seconds > CLOCK_LAST)
        seconds = CLOCK_LAST;
    time_t time = (time_t)seconds;
    struct tm broken_down;
    gmtime_r(&time, &broken_down);
    strftime(ret_text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &broken_down);
}

bool clock_parse(const char *text, int64_t *ret_seconds)
{
    struct tm broken_down = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &broken_down);
    if (!end || *end)
        return false;
    int64_t seconds = (int64_t)timegm(&broken_down);
    /* strptime takes forms that we do not write ("2026-1-1T…", the 31st of June): only a text that
     * comes back the same is one of ours. */
    char again[CLOCK_TEXT_SIZE];
    clock_format(seconds, again);
    if (strcmp(again, text) != 0)
        return false;
    *ret_seconds = seconds;
    return true;
}

const char *clock_with_local(const char *text, char ret_text[static CLOCK_BOTH_SIZE])
{
    int64_t seconds = 0;
    struct tm local = {0}, utc = {0};
    bool valid = clock_parse(text, &seconds);
    time_t time = (time_t)seconds;
    if (!valid || !localtime_r(&time, &local) || local.tm_gmtoff == 0) {
        snprintf(ret_text, CLOCK_BOTH_SIZE, "%s", text);
        return ret_text;
    }
    gmtime_r(&time, &utc);
    bool same_day = local.tm_yday == utc.tm_yday;
    char beside[CLOCK_BOTH_SIZE - CLOCK_TEXT_SIZE - 4];
    strftime(beside, sizeof(beside), same_day ? "%H:%M:%S%z" : "%Y-%m-%d %H:%M:%S%z", &local);
    snprintf(ret_text, CLOCK_BOTH_SIZE, "%s (%s)", text, beside);
    return ret_text;
}

bool clock_source_date_epoch(int64_t otherwise, int64_t *ret_seconds, Error *err)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds;
    if (!text || !*text) {
        *ret_seconds = otherwise;
        return true;
    }
    if (!text_parse_uint(text, strlen(text), CLOCK_LAST, &seconds))
        return error_set(err, ERROR_CONFIG,
                         "SOURCE_DATE_EPOCH is '%s', which is no time in seconds", text);
    *ret_seconds = (int64_t)seconds;
    return true;
}
