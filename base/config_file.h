/* INI configuration (inih), strict: an unknown section or key, a repeated key, a line that is
 * neither, or a value that is too long is ERROR_CONFIG with file and line. */
#ifndef SEALIFT_BASE_CONFIG_FILE_H
#define SEALIFT_BASE_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct ConfigKey {
    const char *section;
    const char *key;
    size_t offset; /* of a `char *` in the caller's struct, which the caller owns and frees */
} ConfigKey;

/* Read `path` into `target` (zeroed, or holding defaults that are replaced). A file that is not
 * there is ERROR_CONFIG unless `optional`, when nothing is set. */
typedef enum { CONFIG_REQUIRED, CONFIG_OPTIONAL } ConfigPresence;

bool config_file_read(const char *path, ConfigPresence presence, const ConfigKey *keys,
                      size_t key_count, void *target, Error *err) MUST_CHECK;

/* Sections of which a file may have many, each with a name: [value tenant], [value colour]. */
typedef struct ConfigSections {
    const char *kind;      /* the word before the name: "value" */
    const ConfigKey *keys; /* of one such section; their `section` is not looked at */
    size_t key_count;
    /* Where the keys of the section of this name go; the same for each key of the same section.
     * NULL with an error for a name that cannot be one. */
    void *(*target)(void *context, const char *name, Error *err);
    /* Or, where not NULL, what takes every key that such a section has, whatever it is; also of the
     * section without a name ([value]), which is "" then. */
    bool (*take)(void *context, const char *name, const char *key, const char *value, Error *err);
    void *context;
} ConfigSections;

/* As config_file_read, with named sections besides. A key without text is the empty text. */
bool config_file_read_sections(const char *path, ConfigPresence presence, const ConfigKey *keys,
                               size_t key_count, void *target, const ConfigSections *sections,
                               Error *err) MUST_CHECK;

#endif
