#include "base/error.h"

#include <errno.h>
#include <stdarg.h>

#include "base/memory.h"

static const struct {
    ErrorClass class;
    const char *name;
    const char *meaning;
} exit_codes[] = {
#define EXIT_CODE_ROW(enumerator, status, name, meaning) {enumerator, name, meaning},
    EXIT_CODE_TABLE(EXIT_CODE_ROW)
#undef EXIT_CODE_ROW
};

const char *exit_code_name(ErrorClass error_class)
{
    for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
        if (exit_codes[i].class == error_class)
            return exit_codes[i].name;
    return "internal";
}

const char *exit_code_meaning(ErrorClass error_class)
{
    for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
        if (exit_codes[i].class == error_class)
            return exit_codes[i].meaning;
    return "internal error";
}

static PRINTF_LIKE(2, 0) void set_text(char **slot, const char *format, va_list arguments)
{
    char *text = memory_vformat(format, arguments);
    free(*slot);
    *slot = text;
}

bool error_set(Error *err, ErrorClass class, const char *format, ...)
{
    int saved_errno = errno;
    va_list arguments;
    va_start(arguments, format);
    char *message = memory_vformat(format, arguments);
    va_end(arguments);
    error_done(err);
    err->class = class;
    err->message = message;
    errno = saved_errno;
    return false;
}

bool error_wrap(Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP(memory_freep) char *doing = memory_vformat(format, arguments);
    va_end(arguments);
    char *message = memory_format("%s: %s", doing, err->message ? err->message : "unknown error");
    free(err->message);
    err->message = message;
    return false;
}

bool error_detail(Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_text(&err->detail, format, arguments);
    va_end(arguments);
    return false;
}

bool error_hint(Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_text(&err->hint, format, arguments);
    va_end(arguments);
    return false;
}

bool error_move(Error *to, Error *from)
{
    if (to == from)
        return false;
    error_done(to);
    *to = *from;
    *from = (Error){0};
    return false;
}

void error_done(Error *err)
{
    free(err->message);
    free(err->detail);
    free(err->hint);
    *err = (Error){0};
}

void error_print(FILE *stream, const char *program, const Error *err)
{
    fprintf(stream, "%s: error: %s\n", program, err->message ? err->message : "unknown error");
    if (err->detail)
        fprintf(stream, "%s: detail: %s\n", program, err->detail);
    if (err->hint)
        fprintf(stream, "%s: hint: %s\n", program, err->hint);
}
