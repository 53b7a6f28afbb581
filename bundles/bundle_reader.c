#include "bundles/bundle_reader.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/file.h"
#include "bundles/content_check.h"
#include "bundles/manifest_store.h"

struct BundleReader {
    int fd;
    char *name;
    int64_t size;
    Envelope envelope;
    EnvelopeProof proof;
    bool is_trusted;      /* by a keyring */
    char *manifest_bytes; /* NULL until proven */
    Manifest manifest;
};

/* The file as it is now, and its envelope; nothing is believed yet. */
static bool read_envelope(BundleReader *reader, Error *err)
{
    struct stat status;
    if (fstat(reader->fd, &status) != 0)
        return error_set(err, ERROR_IO, "cannot look at '%s': %m", reader->name);
    reader->size = (int64_t)status.st_size;
    if (reader->size < BUNDLE_ENVELOPE_SIZE)
        return error_set(err, ERROR_INPUT,
                         "'%s' is no bundle, or is cut short: it has %" PRId64
                         " bytes, a bundle has more than %d",
                         reader->name, reader->size, BUNDLE_ENVELOPE_SIZE);
    return file_read_at(reader->fd, reader->name, 0, reader->envelope.bytes,
                        sizeof(reader->envelope.bytes), err);
}

static bool prove(BundleReader *reader, const Keyring *known, Error *err)
{
    bool good =
        known ? envelope_prove(&reader->envelope, known, KEYRING_FOR_APPLY, &reader->proof, err)
              : envelope_read_without_trust(&reader->envelope, &reader->proof, err);
    reader->is_trusted = known != NULL;
    return good;
}

/* What each of the site's keyrings says against the bundle, where there are several: which of them
 * should have accepted it is not known here. */
static void add_refusal(const Keyring *keyring, const Error *refusal, Text *refusals)
{
    bool any = strcmp(keyring->product_uuid, "-") == 0;
    text_addf(refusals, "%sthe keyring for %s%s says: %s", refusals->length ? "; " : "",
              any ? "any product" : "product ", any ? "" : keyring->product_uuid, refusal->message);
}

static bool prove_by_any(BundleReader *reader, const Keyring *keyrings, size_t count,
                         size_t *ret_which, Error *err)
{
    CLEANUP(text_done) Text refusals = {0};
    for (size_t i = 0; i < count; i++) {
        error_done(err);
        if (prove(reader, &keyrings[i], err)) {
            *ret_which = i;
            return true;
        }
        /* a HEAD that is wrong, or too new, is so for every keyring, and its signatures held */
        if (err->class != ERROR_TRUST)
            return error_wrap(err, "'%s'", reader->name);
        add_refusal(&keyrings[i], err, &refusals);
    }
    if (count > 1)
        error_detail(err, "%s", text_string(&refusals));
    return error_wrap(err, "'%s'", reader->name);
}

/* HEAD is proven, and says how long the file is. */
static bool check_size(const BundleReader *reader, int64_t size, Error *err)
{
    int64_t expected = BUNDLE_CONTENT_OFFSET + reader->proof.head.content_size;
    if (size < expected)
        return error_set(err, ERROR_INPUT,
                         "'%s' is cut short: it has %" PRId64 " bytes, HEAD says %" PRId64,
                         reader->name, size, expected);
    if (size > expected)
        return error_set(err, ERROR_INPUT,
                         "'%s' has %" PRId64 " bytes behind its end: HEAD says %" PRId64,
                         reader->name, size - expected, expected);
    return true;
}

static BundleReader *reader_of(int fd, const char *name)
{
    BundleReader *reader = memory_new(BundleReader);
    reader->fd = fd;
    reader->name = memory_string(name);
    return reader;
}

bool bundle_reader_open_fd(int fd, const char *name, const Keyring *known,
                           BundleReader **ret_reader, Error *err)
{
    CLEANUP(bundle_reader_freep) BundleReader *reader = reader_of(fd, name);
    if (!read_envelope(reader, err))
        return false;
    if (!prove(reader, known, err))
        return error_wrap(err, "'%s'", name);
    if (!check_size(reader, reader->size, err))
        return false;
    *ret_reader = TAKE_PTR(reader);
    return true;
}

bool bundle_reader_open(const char *path, const Keyring *known, BundleReader **ret_reader,
                        Error *err)
{
    int fd;
    int64_t size;
    return file_open_regular(path, &fd, &size, err) &&
           bundle_reader_open_fd(fd, path, known, ret_reader, err);
}

bool bundle_reader_open_any(const char *path, const Keyring *keyrings, size_t count,
                            BundleReader **ret_reader, size_t *ret_which, Error *err)
{
    int fd;
    int64_t size;
    if (!file_open_regular(path, &fd, &size, err))
        return false;
    CLEANUP(bundle_reader_freep) BundleReader *reader = reader_of(fd, path);
    size_t which = 0;
    if (!read_envelope(reader, err))
        return false;
    if (count == 0)
        return error_set(err, ERROR_CONFIG, "this site trusts no key yet");
    if (!prove_by_any(reader, keyrings, count, &which, err) ||
        !check_size(reader, reader->size, err))
        return false;
    if (ret_which)
        *ret_which = which;
    *ret_reader = TAKE_PTR(reader);
    return true;
}

void bundle_reader_free(BundleReader *reader)
{
    if (!reader)
        return;
    file_closep(&reader->fd);
    free(reader->name);
    free(reader->manifest_bytes);
    manifest_done(&reader->manifest);
    free(reader);
}

const EnvelopeProof *bundle_reader_proof(const BundleReader *reader)
{
    return &reader->proof;
}

bool bundle_reader_is_trusted(const BundleReader *reader)
{
    return reader->is_trusted;
}

const Envelope *bundle_reader_envelope(const BundleReader *reader)
{
    return &reader->envelope;
}

const char *bundle_reader_name(const BundleReader *reader)
{
    return reader->name;
}

int64_t bundle_reader_size(const BundleReader *reader)
{
    return reader->size;
}

/* manifest.db's bytes, proven against HEAD before SQLite sees them. */
static bool load_manifest(BundleReader *reader, Error *err)
{
    const Head *head = &reader->proof.head;
    if (head->manifest_schema != MANIFEST_SCHEMA_NUMBER) {
        error_set(err, ERROR_TARGET, "'%s' has manifest schema %" PRId64 ", this program knows %d",
                  reader->name, head->manifest_schema, MANIFEST_SCHEMA_NUMBER);
        return head->manifest_schema > MANIFEST_SCHEMA_NUMBER
                   ? error_hint(err, "a newer release of Sealift reads it")
                   : error_hint(err, "an older release packed it: have it packed again");
    }
    if (head->manifest_size < MANIFEST_PAGE_SIZE || head->manifest_size > MANIFEST_SIZE_MAX ||
        head->manifest_size > head->content_size)
        return error_set(err, ERROR_INPUT,
                         "'%s': HEAD says %" PRId64 " bytes of manifest, which cannot be",
                         reader->name, head->manifest_size);
    size_t size = (size_t)head->manifest_size;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, size);
    if (!file_read_at(reader->fd, reader->name, BUNDLE_MANIFEST_OFFSET, bytes, size, err))
        return false;
    Digest digest = digest_of(bytes, size);
    if (!digest_equal(&digest, &head->manifest_digest)) {
        error_set(err, ERROR_TRUST, "'%s': its manifest is not what was signed", reader->name);
        return error_hint(err, "the file was damaged or changed on its way; carry it in again");
    }
    if (!manifest_read(bytes, size, head, &reader->manifest, err))
        return error_wrap(err, "'%s'", reader->name);
    reader->manifest_bytes = TAKE_PTR(bytes);
    return true;
}

bool bundle_reader_manifest(BundleReader *reader, const Manifest **ret_manifest, Error *err)
{
    if (!reader->manifest_bytes && !load_manifest(reader, err))
        return false;
    *ret_manifest = &reader->manifest;
    return true;
}

const void *bundle_reader_manifest_bytes(const BundleReader *reader, size_t *ret_size)
{
    *ret_size = (size_t)reader->proof.head.manifest_size;
    return reader->manifest_bytes;
}

bool bundle_reader_verify(BundleReader *reader, Error *err)
{
    const Manifest *manifest;
    if (!bundle_reader_manifest(reader, &manifest, err) ||
        !content_check(reader->fd, reader->name, manifest, reader->manifest_bytes, err))
        return false;
    /* what was added while reading lies behind what was read */
    struct stat status;
    if (fstat(reader->fd, &status) != 0)
        return error_set(err, ERROR_IO, "cannot look at '%s': %m", reader->name);
    return check_size(reader, (int64_t)status.st_size, err);
}

bool bundle_reader_read(const BundleReader *reader, int64_t offset, void *bytes, size_t size,
                        Error *err)
{
    return file_read_at(reader->fd, reader->name, offset, bytes, size, err);
}

static bool read_object(void *context, const ManifestObject *object, int64_t offset, void *bytes,
                        size_t size, Error *err)
{
    const BundleReader *reader = context;
    int64_t objects = BUNDLE_MANIFEST_OFFSET + reader->proof.head.manifest_size;
    return bundle_reader_read(reader, objects + object->offset + offset, bytes, size, err);
}

ObjectSource bundle_reader_objects(BundleReader *reader)
{
    return (ObjectSource){.read = read_object, .context = reader};
}
