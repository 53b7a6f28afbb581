#include "applier/preflight/finding.h"

#include "base/memory.h"

const char *finding_level_name(FindingLevel level)
{
    static const char *const names[] = {"blocks", "warns", "informs"};
    return names[level];
}

void findings_done(Findings *findings)
{
    array_each (Finding, finding, &findings->items) {
        free(finding->object);
        free(finding->what);
        free(finding->advice);
        free(finding->sql);
    }
    array_free(&findings->items);
}

void findings_add(Findings *findings, FindingLevel level, const char *object, const char *format,
                  ...)
{
    va_list arguments;
    va_start(arguments, format);
    *array_add(&findings->items) = (Finding){.check = findings->check,
                                             .level = level,
                                             .object = memory_string(object ? object : ""),
                                             .what = memory_vformat(format, arguments),
                                             .advice = memory_string(""),
                                             .sql = memory_string("")};
    va_end(arguments);
}

static Finding *last(Findings *findings)
{
    return &findings->items.items[findings->items.count - 1];
}

void findings_advise(Findings *findings, const char *format, ...)
{
    Finding *finding = last(findings);
    va_list arguments;
    va_start(arguments, format);
    free(finding->advice);
    finding->advice = memory_vformat(format, arguments);
    va_end(arguments);
}

void findings_sql(Findings *findings, const char *format, ...)
{
    Finding *finding = last(findings);
    va_list arguments;
    va_start(arguments, format);
    CLEANUP(memory_freep) char *line = memory_vformat(format, arguments);
    va_end(arguments);
    char *all = memory_format("%s%s%s", finding->sql, *finding->sql ? "\n" : "", line);
    free(finding->sql);
    finding->sql = all;
}

size_t findings_count(const Findings *findings, FindingLevel level)
{
    size_t count = 0;
    array_each (const Finding, finding, &findings->items)
        count += finding->level == level;
    return count;
}
