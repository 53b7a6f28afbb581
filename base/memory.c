#include "base/memory.h"

#include <stdint.h>

static NORETURN void out_of_memory(void)
{
    fputs("sealift: error: out of memory\n", stderr);
    abort();
}

void *memory_zeroed(size_t count, size_t size)
{
    void *pointer = calloc(count ? count : 1, size ? size : 1);
    if (!pointer)
        out_of_memory();
    return pointer;
}

void *memory_resized(void *pointer, size_t count, size_t size)
{
    void *resized = reallocarray(pointer, count ? count : 1, size ? size : 1);
    if (!resized)
        out_of_memory();
    return resized;
}

void *memory_copy(const void *bytes, size_t size)
{
    void *copy = memory_zeroed(1, size);
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

char *memory_string(const char *text)
{
    return text ? memory_string_n(text, strlen(text)) : NULL;
}

char *memory_string_n(const char *text, size_t length)
{
    if (length == SIZE_MAX)
        out_of_memory();
    char *copy = memory_zeroed(1, length + 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *memory_vformat(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        out_of_memory();
    return text;
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = memory_vformat(format, arguments);
    va_end(arguments);
    return text;
}
