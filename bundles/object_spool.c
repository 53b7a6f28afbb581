#include "bundles/object_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include "base/file.h"

#define SPOOL_NAME        "a temporary file"
#define SPOOL_BUFFER_SIZE ((size_t)1 << 20)

static int open_unnamed(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL))
        return fd;
    /* a file system without unnamed files */
    CLEANUP(memory_freep) char *path = memory_format("%s/.sealift-spool.XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

bool object_spool_init(const char *folder, ObjectSpool *ret_spool, Error *err)
{
    int fd = open_unnamed(folder);
    if (fd < 0)
        return error_set(err, ERROR_IO, "cannot create a temporary file in '%s': %m", folder);
    *ret_spool = (ObjectSpool){.fd = fd, .folder = memory_string(folder)};
    return true;
}

void object_spool_done(ObjectSpool *spool)
{
    file_closep(&spool->fd);
    free(spool->folder);
    *spool = (ObjectSpool){.fd = -1};
}

void object_intake_init(const ObjectSpool *spool, ObjectIntake *ret_intake)
{
    *ret_intake = (ObjectIntake){.spool = spool, .fd = -1};
    digest_begin(&ret_intake->digest);
}

void object_intake_done(ObjectIntake *intake)
{
    text_done(&intake->bytes);
    file_closep(&intake->fd);
}

/* Bytes stay in memory up to the size from which compression is considered, then go to a file of
 * their own: compressing needs the whole size beforehand. */
bool object_intake_add(ObjectIntake *intake, const void *bytes, size_t size, Error *err)
{
    if (!size)
        return true;
    digest_update(&intake->digest, bytes, size);
    intake->size += (int64_t)size;
    if (intake->size > OBJECT_PLAIN_SIZE_MAX)
        return error_set(err, ERROR_INPUT, "an object is larger than %lld bytes",
                         (long long)OBJECT_PLAIN_SIZE_MAX);
    if (intake->fd < 0 && intake->size <= OBJECT_COMPRESS_ABOVE) {
        text_add_n(&intake->bytes, bytes, size);
        return true;
    }
    if (intake->fd < 0) {
        intake->fd = open_unnamed(intake->spool->folder);
        if (intake->fd < 0)
            return error_set(err, ERROR_IO, "cannot create a temporary file in '%s': %m",
                             intake->spool->folder);
        if (!file_write(intake->fd, SPOOL_NAME, intake->bytes.bytes, intake->bytes.length, err))
            return false;
        text_done(&intake->bytes);
    }
    return file_write(intake->fd, SPOOL_NAME, bytes, size, err);
}

/* Stored bytes on their way into the spool, with the digest of each chunk. */
typedef struct Keep {
    ObjectSpool *spool;
    int64_t begin;
    int64_t size;
    DigestStream chunk;
    size_t chunk_filled;
    ARRAY_OF(Digest) chunks;
} Keep;

static void keep_begin(ObjectSpool *spool, Keep *ret_keep)
{
    *ret_keep = (Keep){.spool = spool, .begin = spool->end};
    digest_begin(&ret_keep->chunk);
}

static void keep_done(Keep *keep)
{
    array_free(&keep->chunks);
}

static void keep_close_chunk(Keep *keep)
{
    *array_add(&keep->chunks) = digest_end(&keep->chunk);
    digest_begin(&keep->chunk);
    keep->chunk_filled = 0;
}

static bool keep_add(Keep *keep, const uint8_t *bytes, size_t size, Error *err)
{
    if (keep->size + (int64_t)size >= OBJECT_STORED_SIZE_MAX)
        return error_set(err, ERROR_INPUT, "an object would be stored in %lld bytes or more",
                         (long long)OBJECT_STORED_SIZE_MAX);
    if (!file_write_at(keep->spool->fd, SPOOL_NAME, keep->begin + keep->size, bytes, size, err))
        return false;
    keep->size += (int64_t)size;
    while (size) {
        size_t room = (size_t)OBJECT_CHUNK_SIZE - keep->chunk_filled;
        size_t part = size < room ? size : room;
        digest_update(&keep->chunk, bytes, part);
        keep->chunk_filled += part;
        if (keep->chunk_filled == (size_t)OBJECT_CHUNK_SIZE)
            keep_close_chunk(keep);
        bytes += part;
        size -= part;
    }
    return true;
}

/* An object of one chunk has no list of chunks: its stored digest is that of its bytes. */
static void keep_end(Keep *keep, ManifestObject *object)
{
    if (keep->chunk_filled || keep->chunks.count == 0)
        keep_close_chunk(keep);
    object->stored_size = keep->size;
    keep->spool->end = keep->begin + keep->size;
    if (keep->chunks.count == 1) {
        object->stored_digest = keep->chunks.items[0];
        return;
    }
    object->stored_digest = digest_of(keep->chunks.items, keep->chunks.count * sizeof(Digest));
    object->chunk_count = keep->chunks.count;
    object->chunks = memory_copy(keep->chunks.items, keep->chunks.count * sizeof(Digest));
}

static bool keep_plain(const ObjectIntake *intake, Keep *keep, Error *err)
{
    if (intake->fd < 0)
        return keep_add(keep, (const uint8_t *)intake->bytes.bytes, intake->bytes.length, err);
    CLEANUP(memory_freep) uint8_t *buffer = memory_zeroed(1, SPOOL_BUFFER_SIZE);
    for (int64_t at = 0; at < intake->size;) {
        int64_t left = intake->size - at;
        size_t part = left < (int64_t)SPOOL_BUFFER_SIZE ? (size_t)left : SPOOL_BUFFER_SIZE;
        if (!file_read_at(intake->fd, SPOOL_NAME, at, buffer, part, err) ||
            !keep_add(keep, buffer, part, err))
            return false;
        at += (int64_t)part;
    }
    return true;
}

static void free_compressorp(ZSTD_CCtx **compressor)
{
    ZSTD_freeCCtx(*compressor);
}

/* Everything that decides the bytes: level, no checksum, no workers, and the size pledged before.
 * The window is what level 9 takes, which is under the reader's limit. */
static bool set_up_compressor(ZSTD_CCtx *compressor, int64_t size, Error *err)
{
    size_t results[] = {
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, OBJECT_ZSTD_LEVEL),
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 0),
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_contentSizeFlag, 1),
        ZSTD_CCtx_setPledgedSrcSize(compressor, (unsigned long long)size),
    };
    for (size_t i = 0; i < ARRAY_LEN(results); i++)
        if (ZSTD_isError(results[i]))
            return error_set(err, ERROR_INTERNAL, "zstd: %s", ZSTD_getErrorName(results[i]));
    return true;
}

/* One read buffer through the compressor into the spool. */
static bool compress_part(ZSTD_CCtx *compressor, ZSTD_inBuffer in, ZSTD_EndDirective directive,
                          uint8_t *packed, Keep *keep, Error *err)
{
    size_t left;
    do {
        ZSTD_outBuffer out = {packed, SPOOL_BUFFER_SIZE, 0};
        left = ZSTD_compressStream2(compressor, &out, &in, directive);
        if (ZSTD_isError(left))
            return error_set(err, ERROR_INTERNAL, "zstd: %s", ZSTD_getErrorName(left));
        if (!keep_add(keep, packed, out.pos, err))
            return false;
    } while (directive == ZSTD_e_end ? left != 0 : in.pos < in.size);
    return true;
}

static bool keep_compressed(const ObjectIntake *intake, Keep *keep, Error *err)
{
    CLEANUP(free_compressorp) ZSTD_CCtx *compressor = ZSTD_createCCtx();
    if (!compressor)
        return error_set(err, ERROR_INTERNAL, "zstd: out of memory");
    if (!set_up_compressor(compressor, intake->size, err))
        return false;
    CLEANUP(memory_freep) uint8_t *buffer = memory_zeroed(2, SPOOL_BUFFER_SIZE);
    for (int64_t at = 0; at < intake->size;) {
        int64_t left = intake->size - at;
        size_t part = left < (int64_t)SPOOL_BUFFER_SIZE ? (size_t)left : SPOOL_BUFFER_SIZE;
        if (!file_read_at(intake->fd, SPOOL_NAME, at, buffer, part, err))
            return false;
        at += (int64_t)part;
        if (!compress_part(compressor, (ZSTD_inBuffer){buffer, part, 0},
                           at == intake->size ? ZSTD_e_end : ZSTD_e_continue,
                           buffer + SPOOL_BUFFER_SIZE, keep, err))
            return false;
    }
    return true;
}

bool object_spool_keep(ObjectSpool *spool, ObjectIntake *intake, ManifestObject *ret_object,
                       int64_t *ret_begin, Error *err)
{
    CLEANUP(keep_done) Keep keep;
    keep_begin(spool, &keep);
    ManifestObject object = {.plain_size = intake->size,
                             .plain_digest = digest_end(&intake->digest)};
    if (intake->size > OBJECT_COMPRESS_ABOVE) {
        if (!keep_compressed(intake, &keep, err))
            return false;
        object.compressed = keep.size <= intake->size / 100 * 95;
    }
    if (!object.compressed) {
        /* what the compressor left in the spool is written over */
        keep_done(&keep);
        keep_begin(spool, &keep);
        if (!keep_plain(intake, &keep, err))
            return false;
    }
    *ret_begin = keep.begin;
    keep_end(&keep, &object);
    *ret_object = object;
    return true;
}
