/* manifest.json of a version folder, as Temporal's schema tool reads it: which version it is, the
 * oldest version whose code works with its schema, and its files in the order in which they run. */
#ifndef SEALIFT_MIGRATIONS_VERSION_MANIFEST_H
#define SEALIFT_MIGRATIONS_VERSION_MANIFEST_H

#include <stdbool.h>

#include "base/array.h"
#include "base/error.h"

#define VERSION_MANIFEST_SIZE_MAX 65536

typedef struct VersionManifest {
    char *version;          /* owned: CurrVersion, a leading v left out */
    char *least;            /* owned: MinCompatibleVersion, likewise */
    ARRAY_OF(char *) files; /* each owned: SchemaUpdateCqlFiles, names without folders */
} VersionManifest;

void version_manifest_done(VersionManifest *manifest);

/* Read the file at `path`; `name` is for words. ERROR_INPUT for a file that is none: no JSON
 * object, a member that is missing or of another type, a file that is named twice or with a folder,
 * no file at all unless AllowNoCqlFiles says so. */
bool version_manifest_read(const char *path, const char *name, VersionManifest *ret_manifest,
                           Error *err) MUST_CHECK;

#endif
