#include "migrations/liquibase_place.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define FOLDER_BYTES_MAX 200

/* A number without a sign, which ends in one of `ends`; *at moves behind it. */
static bool take_number(const char **at, char end, unsigned *ret_number)
{
    size_t digits = strspn(*at, "0123456789");
    uint64_t number;
    if (!digits || (*at)[digits] != end || !text_parse_uint(*at, digits, 999, &number))
        return false;
    *at += digits + (end != '\0');
    *ret_number = (unsigned)number;
    return true;
}

unsigned liquibase_version_number(const char *version)
{
    unsigned major, minor, patch;
    if (!take_number(&version, '.', &major) || !take_number(&version, '.', &minor) ||
        !take_number(&version, '\0', &patch))
        return 0;
    bool known = (major == 4 && minor >= 3 && minor <= 33) || (major == 5 && minor == 0);
    return known ? major * 1000 + minor : 0;
}

bool liquibase_path_is_plain(const char *path)
{
    if (!*path || strchr(path, '\\') || strchr(path, ':'))
        return false;
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, "/");
        if (!length || (length == 1 && *at == '.') || (length == 2 && strncmp(at, "..", 2) == 0))
            return false;
        at += length;
        if (!*at)
            return true;
    }
}

/* Without blanks: it is a part of a line in sealift.sum. */
bool liquibase_folder_is_valid(const char *folder)
{
    return strcmp(folder, ".") == 0 ||
           (liquibase_path_is_plain(folder) && strlen(folder) <= FOLDER_BYTES_MAX &&
            text_is_printable_line(folder, strlen(folder)) && !strchr(folder, ' '));
}

char *liquibase_known_path(const char *known, const char *folder, const char *path)
{
    size_t length = strlen(folder);
    while (length && folder[length - 1] == '/')
        length--;
    bool inside = strncmp(path, folder, length) == 0;
    if (inside && !path[length])
        return memory_string(known);
    const char *below = inside && path[length] == '/' ? path + length + 1 : path;
    return strcmp(known, ".") == 0 ? memory_string(below) : memory_format("%s/%s", known, below);
}
