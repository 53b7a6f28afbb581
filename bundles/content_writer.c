#include "bundles/content_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/file.h"

#define CONTENT_BUFFER_SIZE ((size_t)1 << 20)
#define GATHER_SIZE         ((size_t)1 << 16)

struct ContentWriter {
    struct archive *archive;
    int fd;
    const char *name;
    int64_t begin;
    int64_t size;
    DigestStream digest;
    uint8_t *buffer;
    uint8_t *gathered; /* libarchive's small writes: headers, small objects, filler */
    size_t gathered_size;
    Error write_error; /* from the callback, which cannot return one */
};

static bool put(ContentWriter *writer, const void *bytes, size_t size)
{
    if (!file_write_at(writer->fd, writer->name, writer->begin + writer->size, bytes, size,
                       &writer->write_error))
        return false;
    digest_update(&writer->digest, bytes, size);
    writer->size += (int64_t)size;
    return true;
}

static bool put_gathered(ContentWriter *writer)
{
    size_t size = writer->gathered_size;
    writer->gathered_size = 0;
    return size == 0 || put(writer, writer->gathered, size);
}

static la_ssize_t write_bytes(struct archive *archive UNUSED, void *context, const void *bytes,
                              size_t size)
{
    ContentWriter *writer = context;
    if (size > GATHER_SIZE - writer->gathered_size && !put_gathered(writer))
        return -1;
    if (size > GATHER_SIZE)
        return put(writer, bytes, size) ? (la_ssize_t)size : -1;
    memcpy(writer->gathered + writer->gathered_size, bytes, size);
    writer->gathered_size += size;
    return (la_ssize_t)size;
}

/* libarchive's warnings are ours to fear: where a name is too long it leaves the entry out, says
 * ARCHIVE_FAILED, and goes on. */
static bool check(ContentWriter *writer, int code, const char *doing, Error *err)
{
    if (writer->write_error.class != ERROR_NONE)
        return error_move(err, &writer->write_error);
    if (code != ARCHIVE_OK) {
        const char *words = archive_error_string(writer->archive);
        return error_set(err, ERROR_INTERNAL, "libarchive: %s: %s", doing,
                         words ? words : "no reason given");
    }
    return true;
}

bool content_writer_new(int fd, const char *name, int64_t offset, ContentWriter **ret_writer,
                        Error *err)
{
    CLEANUP(content_writer_freep) ContentWriter *writer = memory_new(ContentWriter);
    *writer = (ContentWriter){.fd = fd, .name = name, .begin = offset};
    digest_begin(&writer->digest);
    writer->buffer = memory_zeroed(1, CONTENT_BUFFER_SIZE);
    writer->gathered = memory_zeroed(1, GATHER_SIZE);
    writer->archive = archive_write_new();
    if (!writer->archive)
        return error_set(err, ERROR_INTERNAL, "libarchive: out of memory");
    /* no blocking of the output: its size is headers, data, filler and 1,024 zeros */
    if (!check(writer, archive_write_set_format_ustar(writer->archive), "choosing ustar", err) ||
        !check(writer, archive_write_set_bytes_per_block(writer->archive, 0), "blocking", err) ||
        !check(writer, archive_write_set_bytes_in_last_block(writer->archive, 1), "blocking",
               err) ||
        !check(writer, archive_write_open(writer->archive, writer, NULL, write_bytes, NULL),
               "opening", err))
        return false;
    *ret_writer = TAKE_PTR(writer);
    return true;
}

void content_writer_free(ContentWriter *writer)
{
    if (!writer)
        return;
    if (writer->archive) {
        /* after an error, free alone does not close: libarchive 3.6 would leak its output buffer */
        archive_write_close(writer->archive);
        archive_write_free(writer->archive);
    }
    error_done(&writer->write_error);
    free(writer->buffer);
    free(writer->gathered);
    free(writer);
}

static void free_entryp(struct archive_entry **entry)
{
    archive_entry_free(*entry);
}

static bool add_header(ContentWriter *writer, const char *path, int64_t size, Error *err)
{
    CLEANUP(free_entryp) struct archive_entry *entry = archive_entry_new();
    if (!entry)
        return error_set(err, ERROR_INTERNAL, "libarchive: out of memory");
    archive_entry_set_pathname(entry, path);
    archive_entry_set_size(entry, size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_uid(entry, 0);
    archive_entry_set_gid(entry, 0);
    archive_entry_set_mtime(entry, 0, 0);
    return check(writer, archive_write_header(writer->archive, entry), path, err);
}

bool content_writer_add(ContentWriter *writer, const char *path, int64_t size, int from_fd,
                        int64_t from_offset, Error *err)
{
    if (!add_header(writer, path, size, err))
        return false;
    for (int64_t at = 0; at < size;) {
        int64_t left = size - at;
        size_t part = left < (int64_t)CONTENT_BUFFER_SIZE ? (size_t)left : CONTENT_BUFFER_SIZE;
        if (!file_read_at(from_fd, path, from_offset + at, writer->buffer, part, err))
            return false;
        la_ssize_t put = archive_write_data(writer->archive, writer->buffer, part);
        if (!check(writer, put == (la_ssize_t)part ? ARCHIVE_OK : ARCHIVE_FATAL, path, err))
            return false;
        at += (int64_t)part;
    }
    return check(writer, archive_write_finish_entry(writer->archive), path, err);
}

bool content_writer_finish(ContentWriter *writer, int64_t *ret_size, Digest *ret_digest, Error *err)
{
    if (!check(writer, archive_write_close(writer->archive), "closing", err))
        return false;
    if (!put_gathered(writer))
        return error_move(err, &writer->write_error);
    *ret_size = writer->size;
    *ret_digest = digest_end(&writer->digest);
    return true;
}
