/* Manifests with proven schemas, made in memory for unit tests. A schema is a text of lines
 * "class|kind|identity|definition". */
#ifndef SEALIFT_TESTS_UNIT_APPLIER_PROVEN_MANIFEST_H
#define SEALIFT_TESTS_UNIT_APPLIER_PROVEN_MANIFEST_H

#include "applier/schema/schema_proof.h"
#include "base/memory.h"

static inline Fingerprint proven_rows(const char *schema)
{
    Fingerprint rows = {0};
    Error err = {0};
    CLEANUP(memory_freep) char *copy = memory_string(schema);
    char *rest = copy;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        const char *class = strsep(&line, "|"), *kind = strsep(&line, "|");
        const char *identity = strsep(&line, "|");
        if (!fingerprint_add(&rows, class, kind, identity, /* hash= */ NULL, line, &err))
            abort();
    }
    if (!fingerprint_sort(&rows, &err))
        abort();
    return rows;
}

/* The objects are the texts, by their index in the manifest. */
typedef struct Proven {
    Manifest manifest;
    ManifestVersion versions[4];
    Text texts[16];
    ObjectSource objects;
} Proven;

static inline bool proven_read(void *context, const ManifestObject *object, int64_t offset,
                               void *bytes, size_t size, Error *err UNUSED)
{
    const Proven *proven = context;
    memcpy(bytes, proven->texts[object - proven->manifest.objects.items].bytes + offset, size);
    return true;
}

/* Versions "1.0", "1.1" … from nothing, a migration each; their tree digests are those of their
 * names. */
static inline void proven_begin(Proven *proven, size_t version_count)
{
    static const char *const names[] = {"1.0", "1.1", "1.2", "1.3"};
    *proven = (Proven){.objects = {.read = proven_read, .context = proven}};
    snprintf(proven->manifest.head.tree_from, sizeof(proven->manifest.head.tree_from), "-");
    snprintf(proven->manifest.head.covers_from, sizeof(proven->manifest.head.covers_from), "-");
    for (size_t i = 0; i < version_count; i++)
        proven->versions[i] = (ManifestVersion){.name = (char *)(uintptr_t)names[i],
                                                .position = (int64_t)i,
                                                .migration_count = 1,
                                                .tree_digest = digest_of(names[i], 3)};
    proven->manifest.versions.items = proven->versions;
    proven->manifest.versions.count = version_count;
    *array_add(&proven->manifest.scope) = memory_string("public");
}

static inline void proven_add(Proven *proven, size_t version, Arrival arrival, int64_t major,
                              const char *schema)
{
    CLEANUP(fingerprint_done) Fingerprint rows = proven_rows(schema);
    ManifestFingerprint *entry = array_add(&proven->manifest.fingerprints);
    *entry = (ManifestFingerprint){.version = version,
                                   .arrival = arrival,
                                   .server_major = major,
                                   .object = (int64_t)proven->manifest.objects.count};
    fingerprint_roots(&rows, &entry->roots);
    Text *text = &proven->texts[proven->manifest.objects.count];
    fingerprint_format(&rows, text);
    Digest digest = digest_of(text->bytes, text->length);
    *array_add(&proven->manifest.objects) =
        (ManifestObject){.path = memory_string("fingerprint.txt"),
                         .stored_size = (int64_t)text->length,
                         .plain_size = (int64_t)text->length,
                         .stored_digest = digest,
                         .plain_digest = digest};
}

static inline void proven_tolerate(Proven *proven, const char *kind, const char *identity)
{
    *array_add(&proven->manifest.tolerated) =
        (ManifestTolerated){memory_string(kind), memory_string(identity)};
}

static inline void proven_done(Proven *proven)
{
    proven->manifest.versions.items = NULL; /* not owned */
    proven->manifest.versions.count = 0;
    for (size_t i = 0; i < ARRAY_LEN(proven->texts); i++)
        text_done(&proven->texts[i]);
    manifest_done(&proven->manifest);
}

#endif
