#include "base/config_file.h"

#include <ini.h>

#include "base/file.h"
#include "base/memory.h"

#define CONFIG_SIZE_MAX 65536

typedef struct Reading {
    const char *path;
    const ConfigKey *keys;
    size_t key_count;
    void *target;
    bool *seen;
    Error *err;
} Reading;

static char **slot(void *target, const ConfigKey *key)
{
    return (char **)((char *)target + key->offset);
}

/* inih's callback: 0 stops at this line. */
static int take_value(void *user, const char *section, const char *name, const char *value)
{
    Reading *reading = user;
    for (size_t i = 0; i < reading->key_count; i++) {
        const ConfigKey *key = &reading->keys[i];
        if (strcmp(key->section, section) != 0 || strcmp(key->key, name) != 0)
            continue;
        if (reading->seen[i])
            return error_set(reading->err, ERROR_CONFIG, "'%s' in [%s] stands twice", name,
                             section);
        reading->seen[i] = true;
        free(*slot(reading->target, key));
        *slot(reading->target, key) = memory_string(value ? value : "");
        return 1;
    }
    return error_set(reading->err, ERROR_CONFIG, "there is no key '%s' in a section [%s]", name,
                     section);
}

bool config_file_read(const char *path, ConfigPresence presence, const ConfigKey *keys,
                      size_t key_count, void *target, Error *err)
{
    if (!file_exists(path)) {
        if (presence == CONFIG_OPTIONAL)
            return true;
        return error_set(err, ERROR_CONFIG, "there is no '%s'", path);
    }
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!file_read_all(path, CONFIG_SIZE_MAX, &bytes, &size, err)) {
        if (err->class == ERROR_INPUT)
            err->class = ERROR_CONFIG;
        return false;
    }
    CLEANUP(memory_freep) bool *seen = memory_zeroed(key_count + 1, sizeof(*seen));
    Reading reading = {path, keys, key_count, target, seen, err};
    if (memchr(bytes, '\0', size))
        return error_set(err, ERROR_CONFIG, "'%s' holds a NUL byte", path);
    int line = ini_parse_string(bytes, take_value, &reading);
    if (line == 0)
        return true;
    if (err->class == ERROR_NONE)
        error_set(err, ERROR_CONFIG, "neither [section] nor key = value");
    return error_wrap(err, "%s, line %d", path, line > 0 ? line : 0);
}
