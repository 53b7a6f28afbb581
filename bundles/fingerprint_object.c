#include "bundles/fingerprint_object.h"

/* All plain bytes; manifest_check has limited their number. */
static bool read_text(const ObjectSource *source, const ManifestObject *object, char *bytes,
                      Error *err)
{
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    return object_stream_open(source, object, &stream, err) &&
           object_stream_read_range(stream, 0, bytes, (size_t)object->plain_size, err) &&
           object_stream_finish(stream, err);
}

static bool read_rows(const ObjectSource *source, const ManifestObject *object,
                      const FingerprintRoots *expected, Fingerprint *fingerprint, Error *err)
{
    size_t size = (size_t)object->plain_size;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(size + 1, 1);
    if (!read_text(source, object, bytes, err) || !fingerprint_parse(bytes, size, fingerprint, err))
        return false;
    FingerprintRoots roots;
    fingerprint_roots(fingerprint, &roots);
    return fingerprint_roots_equal(&roots, expected) ||
           error_set(err, ERROR_INPUT,
                     "the fingerprint's rows do not give the roots that the manifest has");
}

bool fingerprint_object_read(const ObjectSource *source, const Manifest *manifest,
                             const ManifestFingerprint *proven, Fingerprint *ret_fingerprint,
                             Error *err)
{
    const ManifestObject *object = &manifest->objects.items[proven->object];
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    if (!read_rows(source, object, &proven->roots, &fingerprint, err))
        return error_wrap(err, "'%s'", object->path);
    *ret_fingerprint = fingerprint;
    fingerprint = (Fingerprint){0};
    return true;
}
