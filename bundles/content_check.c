#include "bundles/content_check.h"

#include <inttypes.h>

#include "base/file.h"
#include "bundles/digest_thread.h"
#include "bundles/tar_header.h"

#define PASS_BUFFER_SIZE ((size_t)1 << 20)

/* The pass over CONTENT. Every byte goes into `whole` as it is read, whatever becomes of the rest:
 * only at the end is it known whether a wrong byte was signed or was changed. */
typedef struct Pass {
    int fd;
    const char *name;
    int64_t at;   /* in CONTENT, of the next byte to read */
    int64_t size; /* of CONTENT */
    DigestThread *whole;
    uint8_t *buffers[2]; /* one is looked at while the other's digest may still be computed */
    uint8_t *buffer;     /* the one being looked at */
    size_t capacity;     /* of each */
    size_t filled;
    size_t used;
} Pass;

static bool fill(Pass *pass, Error *err)
{
    int64_t left = pass->size - pass->at;
    pass->used = 0;
    pass->buffer = pass->buffers[pass->buffer == pass->buffers[0]];
    pass->filled = left < (int64_t)pass->capacity ? (size_t)left : pass->capacity;
    if (!file_read_at(pass->fd, pass->name, BUNDLE_CONTENT_OFFSET + pass->at, pass->buffer,
                      pass->filled, err)) {
        pass->filled = 0;
        return false;
    }
    digest_thread_update(pass->whole, pass->buffer, pass->filled);
    pass->at += (int64_t)pass->filled;
    return true;
}

/* Up to `most` bytes that come next; at least one. */
static bool take(Pass *pass, int64_t most, const uint8_t **ret_bytes, size_t *ret_size, Error *err)
{
    if (pass->used == pass->filled && !fill(pass, err))
        return false;
    size_t size = pass->filled - pass->used;
    if (size == 0)
        return error_set(err, ERROR_INPUT, "'%s': its content ends before the manifest says",
                         pass->name);
    if ((int64_t)size > most)
        size = (size_t)most;
    *ret_bytes = pass->buffer + pass->used;
    *ret_size = size;
    pass->used += size;
    return true;
}

static bool expect(Pass *pass, const void *expected, size_t size, const char *what, Error *err)
{
    const uint8_t *at = expected;
    while (size) {
        const uint8_t *bytes = NULL;
        size_t part = 0;
        if (!take(pass, (int64_t)size, &bytes, &part, err))
            return false;
        if (memcmp(bytes, at, part) != 0)
            return error_set(err, ERROR_INPUT, "'%s': %s is not as it must be", pass->name, what);
        at += part;
        size -= part;
    }
    return true;
}

static bool expect_zeros(Pass *pass, size_t size, const char *what, Error *err)
{
    static const uint8_t zeros[BUNDLE_END_SIZE];
    return expect(pass, zeros, size, what, err);
}

static bool expect_filler(Pass *pass, int64_t size, const char *path, Error *err)
{
    size_t rest = (size_t)(-size & (TAR_BLOCK_SIZE - 1));
    CLEANUP(memory_freep) char *what = memory_format("filler behind '%s'", path);
    return expect_zeros(pass, rest, what, err);
}

static bool expect_header(Pass *pass, const char *path, int64_t size, Error *err)
{
    uint8_t header[TAR_BLOCK_SIZE];
    if (!tar_header_make(path, size, header))
        return error_set(err, ERROR_INPUT, "'%s': no tar header can say '%s'", pass->name, path);
    CLEANUP(memory_freep) char *what = memory_format("the tar header of '%s'", path);
    return expect(pass, header, sizeof(header), what, err);
}

static bool digest_part(Pass *pass, int64_t size, Digest *ret_digest, Error *err)
{
    DigestStream stream;
    digest_begin(&stream);
    while (size) {
        const uint8_t *bytes = NULL;
        size_t part = 0;
        if (!take(pass, size, &bytes, &part, err))
            return false;
        digest_update(&stream, bytes, part);
        size -= (int64_t)part;
    }
    *ret_digest = digest_end(&stream);
    return true;
}

static bool expect_object(Pass *pass, const ManifestObject *object, Error *err)
{
    if (!expect_header(pass, object->path, object->stored_size, err))
        return false;
    const Digest *expected = object->chunk_count ? object->chunks : &object->stored_digest;
    int64_t left = object->stored_size;
    do {
        int64_t part = left < OBJECT_CHUNK_SIZE ? left : OBJECT_CHUNK_SIZE;
        Digest digest;
        if (!digest_part(pass, part, &digest, err))
            return false;
        if (!digest_equal(&digest, expected++))
            return error_set(err, ERROR_INPUT,
                             "'%s': object '%s' does not have the digest that the manifest says",
                             pass->name, object->path);
        left -= part;
    } while (left);
    return expect_filler(pass, object->stored_size, object->path, err);
}

static bool expect_content(Pass *pass, const Manifest *manifest, const void *manifest_bytes,
                           Error *err)
{
    int64_t manifest_size = manifest->head.manifest_size;
    if (!expect_header(pass, "manifest.db", manifest_size, err) ||
        !expect(pass, manifest_bytes, (size_t)manifest_size, "manifest.db", err) ||
        !expect_filler(pass, manifest_size, "manifest.db", err))
        return false;
    array_each (const ManifestObject, object, &manifest->objects)
        if (!expect_object(pass, object, err))
            return false;
    return expect_zeros(pass, BUNDLE_END_SIZE, "the end of the archive", err);
}

static bool read_rest(Pass *pass, Error *err)
{
    while (pass->at < pass->size)
        if (!fill(pass, err))
            return false;
    return true;
}

bool content_check(int fd, const char *name, const Manifest *manifest, const void *manifest_bytes,
                   Error *err)
{
    int64_t content_size = manifest->head.content_size;
    bool is_small = content_size <= (int64_t)PASS_BUFFER_SIZE;
    size_t capacity = is_small ? (size_t)content_size : PASS_BUFFER_SIZE;
    CLEANUP(memory_freep) uint8_t *buffers = memory_zeroed(2, capacity);
    CLEANUP(digest_thread_freep)
    DigestThread *whole = digest_thread_new(is_small ? DIGEST_IN_PLACE : DIGEST_BESIDE);
    Pass pass = {.fd = fd,
                 .name = name,
                 .size = content_size,
                 .whole = whole,
                 .buffers = {buffers, buffers + capacity},
                 .capacity = capacity};
    CLEANUP(error_done) Error finding = {0};
    bool good = expect_content(&pass, manifest, manifest_bytes, &finding);
    if (finding.class == ERROR_IO)
        return error_move(err, &finding);
    if (!read_rest(&pass, err))
        return false;
    Digest digest = digest_thread_end(pass.whole);
    if (!digest_equal(&digest, &manifest->head.content_digest)) {
        error_set(err, ERROR_TRUST, "'%s': its content is not what was signed", name);
        if (!good)
            error_detail(err, "%s", finding.message);
        return error_hint(err, "the file was damaged or changed on its way; carry it in again");
    }
    return good || error_move(err, &finding);
}
