/* Bytes on their way, and files. */
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/proxy_state.h"

void proxy_die(const char *words)
{
    fprintf(stderr, "pg_proxy: %s: %s\n", words, strerror(errno));
    exit(1);
}

int64_t proxy_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void bytes_add(Bytes *bytes, const void *more, size_t size)
{
    if (bytes->size + size > bytes->room) {
        bytes->room = (bytes->size + size) * 2;
        bytes->at = realloc(bytes->at, bytes->room);
        if (!bytes->at)
            proxy_die("memory");
    }
    memcpy(bytes->at + bytes->size, more, size);
    bytes->size += size;
}

void bytes_take(Bytes *bytes, size_t size)
{
    bytes->size -= size;
    memmove(bytes->at, bytes->at + size, bytes->size);
}

void bytes_move(Bytes *from, Bytes *to)
{
    bytes_add(to, from->at, from->size);
    from->size = 0;
}

int32_t bytes_int(const char *bytes)
{
    uint32_t bits;
    memcpy(&bits, bytes, sizeof(bits));
    return (int32_t)be32toh(bits);
}

void proxy_write_file(const char *path, const char *format, ...)
{
    char other[512];
    snprintf(other, sizeof(other), "%s.new", path);
    FILE *file = fopen(other, "we");
    if (!file)
        proxy_die(other);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    if (fclose(file) != 0 || rename(other, path) != 0)
        proxy_die(path);
}
