#include "migrations/finding.h"

#include "base/text.h"

#include <stdarg.h>

void finding_add(FindingArray *findings, FindingSeverity severity, const char *hint,
                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *message = memory_vformat(format, arguments);
    va_end(arguments);
    *array_add(findings) = (Finding){severity, message, memory_string(hint)};
}

void finding_add_error(FindingArray *findings, Error *err)
{
    finding_add(findings, FINDING_ERROR, err->hint, "%s", err->message);
    error_done(err);
}

size_t findings_error_count(const FindingArray *findings)
{
    size_t count = 0;
    array_each (Finding, finding, findings)
        count += finding->severity == FINDING_ERROR;
    return count;
}

static bool say_more(size_t more, const char *project, Error *err)
{
    if (!project)
        return error_detail(err, "and %zu more, which stand above", more);
    CLEANUP(memory_freep) char *folder = text_shell_word(project);
    bool here = strcmp(project, ".") == 0;
    return error_detail(err, "and %zu more; 'planner verify-project%s%s' lists them", more,
                        here ? "" : " --project ", here ? "" : folder);
}

bool findings_check(const FindingArray *findings, const char *project, Error *err)
{
    size_t count = findings_error_count(findings);
    array_each (Finding, finding, findings) {
        if (finding->severity != FINDING_ERROR)
            continue;
        error_set(err, ERROR_INPUT, "%s", finding->message);
        if (finding->hint)
            error_hint(err, "%s", finding->hint);
        return count > 1 ? say_more(count - 1, project, err) : false;
    }
    return true;
}

void findings_done(FindingArray *findings)
{
    array_each (Finding, finding, findings) {
        free(finding->message);
        free(finding->hint);
    }
    array_free(findings);
}
