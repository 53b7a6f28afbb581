#include "base/config_file.h"

#include <ini.h>

#include "base/file.h"
#include "base/memory.h"

#define CONFIG_SIZE_MAX 65536

/* inih keeps this many bytes of a section's name and says nothing of the others. */
#define SECTION_KEPT 49

typedef struct Reading {
    const char *path;
    const ConfigKey *keys;
    size_t key_count;
    void *target;
    bool *seen;
    const ConfigSections *sections; /* or NULL */
    Error *err;
} Reading;

static char **slot(void *target, const ConfigKey *key)
{
    return (char **)((char *)target + key->offset);
}

static bool refuse_twice(const Reading *reading, const char *section, const char *name)
{
    return error_set(reading->err, ERROR_CONFIG, "'%s' in [%s] stands twice", name, section);
}

static bool refuse_key(const Reading *reading, const char *section, const char *name)
{
    return error_set(reading->err, ERROR_CONFIG, "there is no key '%s' in a section [%s]", name,
                     section);
}

/* The name in "value tenant" where `kind` is "value"; NULL for another section. */
static const char *name_in_section(const char *section, const char *kind)
{
    size_t length = strlen(kind);
    if (strncmp(section, kind, length) != 0 || (section[length] != ' ' && section[length] != '\t'))
        return NULL;
    return section + length + strspn(section + length, " \t");
}

/* A key of a named section: what is set already stands twice. */
static bool take_named(const Reading *reading, const char *section, const char *section_name,
                       const char *name, const char *value)
{
    const ConfigSections *sections = reading->sections;
    if (strlen(section) >= SECTION_KEPT)
        return error_set(reading->err, ERROR_CONFIG, "the name of the section [%s…] is too long",
                         section);
    if (sections->take)
        return sections->take(sections->context, section_name, name, value ? value : "",
                              reading->err);
    void *target = sections->target(sections->context, section_name, reading->err);
    for (size_t i = 0; target && i < sections->key_count; i++) {
        char **into = slot(target, &sections->keys[i]);
        if (strcmp(sections->keys[i].key, name) != 0)
            continue;
        if (*into)
            return refuse_twice(reading, section, name);
        *into = memory_string(value ? value : "");
        return true;
    }
    return target && refuse_key(reading, section, name);
}

/* inih's callback: 0 stops at this line. */
static int take_value(void *user, const char *section, const char *name, const char *value)
{
    Reading *reading = user;
    const char *named =
        reading->sections ? name_in_section(section, reading->sections->kind) : NULL;
    if (reading->sections && reading->sections->take &&
        strcmp(section, reading->sections->kind) == 0)
        named = "";
    if (named)
        return take_named(reading, section, named, name, value);
    for (size_t i = 0; i < reading->key_count; i++) {
        const ConfigKey *key = &reading->keys[i];
        if (strcmp(key->section, section) != 0 || strcmp(key->key, name) != 0)
            continue;
        if (reading->seen[i])
            return refuse_twice(reading, section, name);
        reading->seen[i] = true;
        free(*slot(reading->target, key));
        *slot(reading->target, key) = memory_string(value ? value : "");
        return 1;
    }
    return refuse_key(reading, section, name);
}

bool config_file_read(const char *path, ConfigPresence presence, const ConfigKey *keys,
                      size_t key_count, void *target, Error *err)
{
    return config_file_read_sections(path, presence, keys, key_count, target, /* sections= */ NULL,
                                     err);
}

bool config_file_read_sections(const char *path, ConfigPresence presence, const ConfigKey *keys,
                               size_t key_count, void *target, const ConfigSections *sections,
                               Error *err)
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
    Reading reading = {path, keys, key_count, target, seen, sections, err};
    if (memchr(bytes, '\0', size))
        return error_set(err, ERROR_CONFIG, "'%s' holds a NUL byte", path);
    int line = ini_parse_string(bytes, take_value, &reading);
    if (line == 0)
        return true;
    if (err->class == ERROR_NONE)
        error_set(err, ERROR_CONFIG, "neither [section] nor key = value");
    return error_wrap(err, "%s, line %d", path, line > 0 ? line : 0);
}
