/* Allocation that cannot fail: running out of memory ends the process (exit status 1). Sizes that
 * come from outside are compared with a limit before they get here. */
#ifndef SEALIFT_BASE_MEMORY_H
#define SEALIFT_BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

#include "base/attributes.h"

/* All of these return memory that the caller owns and releases with free(). */
void *memory_zeroed(size_t count, size_t size); /* overflow-checked, zero-filled */
void *memory_resized(void *pointer, size_t count, size_t size);
void *memory_copy(const void *bytes, size_t size);
char *memory_string(const char *text); /* NULL gives NULL */
char *memory_string_n(const char *text, size_t length);
char *memory_format(const char *format, ...) PRINTF_LIKE(1, 2);
char *memory_vformat(const char *format, va_list arguments) PRINTF_LIKE(1, 0);

#define memory_new(type) ((type *)memory_zeroed(1, sizeof(type)))

/* CLEANUP form of free(). */
static inline UNUSED void memory_freep(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

#endif
