#include "bundles/tar_header.h"

#include <inttypes.h>

/* Offsets of the fields (POSIX.1-1988, ustar). */
#define NAME     0
#define MODE     100
#define UID      108
#define GID      116
#define SIZE     124
#define MTIME    136
#define CHECKSUM 148
#define TYPE     156
#define MAGIC    257
#define DEVMAJOR 329
#define DEVMINOR 337

static void put(uint8_t *header, size_t offset, const char *text, size_t length)
{
    memcpy(header + offset, text, length);
}

bool tar_header_make(const char *path, int64_t size, uint8_t ret_header[static TAR_BLOCK_SIZE])
{
    size_t length = strlen(path);
    if (length == 0 || length > OBJECT_PATH_MAX || size < 0 || size >= OBJECT_STORED_SIZE_MAX)
        return false;
    uint8_t header[TAR_BLOCK_SIZE] = {0};
    put(header, NAME, path, length);
    put(header, MODE, "000644 ", 7);
    put(header, UID, "000000 ", 7);
    put(header, GID, "000000 ", 7);
    char octal[16];
    snprintf(octal, sizeof(octal), "%011" PRIo64 " ", (uint64_t)size);
    put(header, SIZE, octal, 12);
    put(header, MTIME, "00000000000 ", 12);
    put(header, CHECKSUM, "        ", 8); /* counts as spaces in its own sum */
    put(header, TYPE, "0", 1);
    put(header, MAGIC, "ustar\00000", 8);
    put(header, DEVMAJOR, "000000 ", 7);
    put(header, DEVMINOR, "000000 ", 7);
    unsigned sum = 0;
    for (size_t i = 0; i < TAR_BLOCK_SIZE; i++)
        sum += header[i];
    snprintf(octal, sizeof(octal), "%06o", sum);
    put(header, CHECKSUM, octal, 7); /* six digits, NUL, and the space that stands there */
    memcpy(ret_header, header, sizeof(header));
    return true;
}
