#include "bundles/fingerprint_writer.h"

/* Whether `place` comes after the last one. */
static bool is_next(const Manifest *manifest, FingerprintPlace place)
{
    size_t count = manifest->fingerprints.count;
    if (count == 0)
        return true;
    const ManifestFingerprint *last = &manifest->fingerprints.items[count - 1];
    if (last->version != place.version)
        return last->version < place.version;
    if (last->arrival != place.arrival)
        return last->arrival < place.arrival;
    return last->server_major < place.server_major;
}

/* The version's object with these roots, or -1; *ret_count is how many objects it has. */
static int64_t find_object(const Manifest *manifest, size_t version, const FingerprintRoots *roots,
                           int64_t *ret_count)
{
    /* a version's objects are the manifest's newest, in the order of their first use */
    int64_t count = 0, newest = -1;
    array_each (const ManifestFingerprint, proven, &manifest->fingerprints) {
        if (proven->version != version)
            continue;
        if (fingerprint_roots_equal(&proven->roots, roots))
            return proven->object;
        count += proven->object > newest;
        newest = proven->object > newest ? proven->object : newest;
    }
    *ret_count = count;
    return -1;
}

static bool write_object(BundleWriter *writer, Manifest *manifest, const char *path,
                         const Fingerprint *rows, Error *err)
{
    CLEANUP(text_done) Text text = {0};
    fingerprint_format(rows, &text);
    BundleObject *object = NULL;
    ManifestObject kept;
    if (!bundle_writer_object_begin(writer, &object, err))
        return false;
    if (!bundle_writer_object_add(object, text.bytes, text.length, err)) {
        bundle_writer_object_abandon(object);
        return false;
    }
    if (!bundle_writer_object_end(object, path, &kept, err))
        return false;
    *array_add(&manifest->objects) = kept;
    return true;
}

bool fingerprint_writer_add(BundleWriter *writer, Manifest *manifest, FingerprintPlace place,
                            const Fingerprint *rows, Error *err)
{
    if (!is_next(manifest, place))
        return error_set(err, ERROR_INTERNAL, "fingerprints do not come in their order");
    FingerprintRoots roots;
    fingerprint_roots(rows, &roots);
    int64_t count = 0;
    int64_t object = find_object(manifest, place.version, &roots, &count);
    if (object < 0) {
        CLEANUP(memory_freep) char *path = manifest_fingerprint_path(place.version, count + 1);
        object = (int64_t)manifest->objects.count;
        if (!write_object(writer, manifest, path, rows, err))
            return false;
    }
    *array_add(&manifest->fingerprints) = (ManifestFingerprint){.version = place.version,
                                                                .arrival = place.arrival,
                                                                .server_major = place.server_major,
                                                                .roots = roots,
                                                                .object = object};
    return true;
}
