#include "bundles/object_stream.h"

#include <inttypes.h>
#include <zstd.h>

/* The first bytes of a zstd frame (RFC 8878, 3.1.1). */
#define FRAME_DESCRIPTOR_AT 4    /* behind the magic number */
#define FRAME_FLAGS_UNUSED  0x1f /* unused, reserved, checksum, dictionary: none of ours is set */

struct ObjectStream {
    ObjectSource source;
    const ManifestObject *object; /* borrowed */
    uint8_t *chunk;               /* stored bytes that have been proven */
    size_t chunk_capacity;
    size_t chunk_size;
    size_t chunk_at;     /* how many of them are used up */
    size_t chunk_number; /* of the next one to load */
    int64_t stored_at;   /* stored bytes loaded */
    int64_t plain_at;    /* plain bytes handed out */
    ZSTD_DCtx *decompressor;
    bool frame_ended;
    DigestStream plain;
    bool hash_plain; /* else the stored digest has proven the same bytes */
    bool ended;      /* every check has passed */
    bool failed;     /* nothing more comes out of it */
};

/* A stream that has failed gives nothing more, so that no caller reads past the failure. */
static bool fail(ObjectStream *stream)
{
    stream->failed = true;
    return false;
}

static bool refuse_frame(const ObjectStream *stream, Error *err, const char *what)
{
    return error_set(err, ERROR_INPUT, "object '%s': %s", stream->object->path, what);
}

/* The next stored bytes, proven. At the end of the object the chunk is empty. */
static bool load_chunk(ObjectStream *stream, Error *err)
{
    const ManifestObject *object = stream->object;
    int64_t left = object->stored_size - stream->stored_at;
    stream->chunk_at = 0;
    stream->chunk_size = left < OBJECT_CHUNK_SIZE ? (size_t)left : (size_t)OBJECT_CHUNK_SIZE;
    if (left == 0 && object->stored_size > 0)
        return true;
    if (!stream->source.read(stream->source.context, object, stream->stored_at, stream->chunk,
                             stream->chunk_size, err)) {
        stream->chunk_size = 0;
        return false;
    }
    Digest digest = digest_of(stream->chunk, stream->chunk_size);
    const Digest *expected =
        object->chunk_count ? &object->chunks[stream->chunk_number] : &object->stored_digest;
    if (!digest_equal(&digest, expected)) {
        stream->chunk_size = 0;
        return error_set(err, ERROR_TRUST,
                         "object '%s' does not have the digest that the manifest says, in its "
                         "bytes %" PRId64 " to %" PRId64,
                         object->path, stream->stored_at, object->stored_size);
    }
    stream->stored_at += (int64_t)stream->chunk_size;
    stream->chunk_number++;
    return true;
}

/* What the frame's header may say, before zstd allocates by it. */
static bool check_frame_header(const ObjectStream *stream, Error *err)
{
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    if (stream->chunk_size <= FRAME_DESCRIPTOR_AT ||
        memcmp(stream->chunk, magic, sizeof(magic)) != 0)
        return refuse_frame(stream, err, "is not a zstd frame");
    if (stream->chunk[FRAME_DESCRIPTOR_AT] & FRAME_FLAGS_UNUSED)
        return refuse_frame(stream, err,
                            "its zstd frame has a checksum, a dictionary or reserved "
                            "bits");
    if (ZSTD_getFrameContentSize(stream->chunk, stream->chunk_size) !=
        (unsigned long long)stream->object->plain_size)
        return refuse_frame(stream, err, "its zstd frame has another size than the manifest says");
    return true;
}

static bool start_decompressor(ObjectStream *stream, Error *err)
{
    if (!check_frame_header(stream, err))
        return false;
    stream->decompressor = ZSTD_createDCtx();
    if (!stream->decompressor)
        return error_set(err, ERROR_INTERNAL, "zstd: out of memory");
    size_t code = ZSTD_DCtx_setParameter(stream->decompressor, ZSTD_d_windowLogMax,
                                         OBJECT_ZSTD_WINDOW_LOG_MAX);
    if (ZSTD_isError(code))
        return error_set(err, ERROR_INTERNAL, "zstd: %s", ZSTD_getErrorName(code));
    return true;
}

bool object_stream_open(const ObjectSource *source, const ManifestObject *object,
                        ObjectStream **ret_stream, Error *err)
{
    CLEANUP(object_stream_freep) ObjectStream *stream = memory_new(ObjectStream);
    *stream = (ObjectStream){.source = *source, .object = object};
    stream->chunk_capacity = object->stored_size < OBJECT_CHUNK_SIZE ? (size_t)object->stored_size
                                                                     : (size_t)OBJECT_CHUNK_SIZE;
    stream->chunk = memory_zeroed(1, stream->chunk_capacity ? stream->chunk_capacity : 1);
    stream->hash_plain = object->compressed || object->chunk_count > 0;
    digest_begin(&stream->plain);
    /* the first chunk at once: an empty object is proven here, a frame's header looked at */
    if (!load_chunk(stream, err) || (object->compressed && !start_decompressor(stream, err)))
        return false;
    *ret_stream = TAKE_PTR(stream);
    return true;
}

void object_stream_free(ObjectStream *stream)
{
    if (!stream)
        return;
    ZSTD_freeDCtx(stream->decompressor);
    free(stream->chunk);
    free(stream);
}

static bool read_plain(ObjectStream *stream, void *bytes, size_t size, size_t *ret_size, Error *err)
{
    if (stream->chunk_at == stream->chunk_size && !load_chunk(stream, err))
        return false;
    size_t left = stream->chunk_size - stream->chunk_at;
    size_t part = size < left ? size : left;
    if (part)
        memcpy(bytes, stream->chunk + stream->chunk_at, part);
    stream->chunk_at += part;
    *ret_size = part;
    return true;
}

/* One frame, all of the stored bytes, and exactly the plain size; 0 bytes mean that it is so. */
static bool read_compressed(ObjectStream *stream, void *bytes, size_t size, size_t *ret_size,
                            Error *err)
{
    int64_t left = stream->object->plain_size - stream->plain_at;
    uint8_t beyond; /* where a byte too many shows */
    ZSTD_outBuffer out = {left ? bytes : &beyond, left ? size : sizeof(beyond), 0};
    if (left && (int64_t)size > left)
        out.size = (size_t)left;
    while (out.pos == 0 && !stream->frame_ended) {
        if (stream->chunk_at == stream->chunk_size && !load_chunk(stream, err))
            return false;
        ZSTD_inBuffer in = {stream->chunk, stream->chunk_size, stream->chunk_at};
        size_t code = ZSTD_decompressStream(stream->decompressor, &out, &in);
        if (ZSTD_isError(code))
            return error_set(err, ERROR_INPUT, "object '%s': zstd: %s", stream->object->path,
                             ZSTD_getErrorName(code));
        stream->frame_ended = code == 0;
        if (code != 0 && out.pos == 0 && stream->chunk_size == 0)
            return refuse_frame(stream, err, "its zstd frame is cut short");
        stream->chunk_at = in.pos;
    }
    if (out.pos && !left)
        return refuse_frame(stream, err, "holds more than the manifest says");
    if (stream->frame_ended && stream->plain_at + (int64_t)out.pos != stream->object->plain_size)
        return refuse_frame(stream, err, "holds less than the manifest says");
    if (stream->frame_ended &&
        (stream->chunk_at < stream->chunk_size || stream->stored_at < stream->object->stored_size))
        return refuse_frame(stream, err, "has bytes behind its zstd frame");
    *ret_size = out.pos;
    return true;
}

static bool end(ObjectStream *stream, Error *err)
{
    const ManifestObject *object = stream->object;
    if (stream->plain_at != object->plain_size)
        return refuse_frame(stream, err, "holds less than the manifest says");
    if (stream->hash_plain) {
        Digest digest = digest_end(&stream->plain);
        if (!digest_equal(&digest, &object->plain_digest))
            return error_set(err, ERROR_TRUST,
                             "object '%s' does not have the plain digest that the manifest says",
                             object->path);
    }
    stream->ended = true;
    return true;
}

bool object_stream_read(ObjectStream *stream, void *bytes, size_t size, size_t *ret_size,
                        Error *err)
{
    if (stream->failed)
        return error_set(err, ERROR_INTERNAL, "object '%s': read again after a failure",
                         stream->object->path);
    size_t part = 0;
    if (size && !stream->ended) {
        bool good = stream->object->compressed ? read_compressed(stream, bytes, size, &part, err)
                                               : read_plain(stream, bytes, size, &part, err);
        if (!good)
            return fail(stream);
        if (stream->hash_plain)
            digest_update(&stream->plain, bytes, part);
        stream->plain_at += (int64_t)part;
        if (part == 0 && !end(stream, err))
            return fail(stream);
    }
    *ret_size = part;
    return true;
}

/* Exactly `size` bytes; the object has them, or the manifest is wrong about it. */
static bool read_exactly(ObjectStream *stream, uint8_t *bytes, size_t size, Error *err)
{
    while (size) {
        size_t part;
        if (!object_stream_read(stream, bytes, size, &part, err))
            return false;
        if (part == 0)
            return error_set(err, ERROR_INPUT,
                             "object '%s' ends at byte %" PRId64 ", before what was asked for",
                             stream->object->path, stream->plain_at);
        bytes += part;
        size -= part;
    }
    return true;
}

static bool skip_to(ObjectStream *stream, int64_t offset, Error *err)
{
    uint8_t passed[16384];
    while (stream->plain_at < offset) {
        int64_t left = offset - stream->plain_at;
        if (!read_exactly(stream, passed,
                          left < (int64_t)sizeof(passed) ? (size_t)left : sizeof(passed), err))
            return false;
    }
    return true;
}

bool object_stream_read_range(ObjectStream *stream, int64_t offset, void *bytes, size_t length,
                              Error *err)
{
    if (offset < stream->plain_at)
        return error_set(err, ERROR_INTERNAL,
                         "object '%s': byte %" PRId64 " was asked for after byte %" PRId64,
                         stream->object->path, offset, stream->plain_at);
    return skip_to(stream, offset, err) && read_exactly(stream, bytes, length, err);
}

bool object_stream_finish(ObjectStream *stream, Error *err)
{
    uint8_t passed[65536];
    size_t size;
    do {
        if (!object_stream_read(stream, passed, sizeof(passed), &size, err))
            return false;
    } while (size);
    return true;
}
