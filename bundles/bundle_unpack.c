#include "bundles/bundle_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define UNPACK_BUFFER_SIZE ((size_t)1 << 20)

/* What stands in front of the objects, in order. */
static const struct {
    const char *path;
    int64_t size; /* 0: HEAD says */
} fixed_entries[] = {
    {"SIGNATURES", (int64_t)BUNDLE_SLOT_COUNT *BUNDLE_SLOT_SIZE},
    {"KEYRING", BUNDLE_KEYRING_SIZE},
    {"HEAD", BUNDLE_HEAD_SIZE},
    {"manifest.db", 0},
};

typedef struct Unpack {
    BundleReader *reader;
    const Manifest *manifest;
    struct archive *archive;
    char
        *draft; /* owned; the folder that is filled, beside the one it becomes; NULL once renamed */
    uint8_t *buffer;
    int64_t at;           /* in the file, of the next byte to give to libarchive */
    DigestStream content; /* of what libarchive was given of CONTENT */
    Error read_error;     /* from the callback, which cannot return one */
    int64_t files;
} Unpack;

static int remove_one(const char *path, const struct stat *status UNUSED, int type UNUSED,
                      struct FTW *place UNUSED)
{
    return remove(path);
}

static void unpack_done(Unpack *unpack)
{
    if (unpack->archive)
        archive_read_free(unpack->archive);
    if (unpack->draft)
        nftw(unpack->draft, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(unpack->draft);
    free(unpack->buffer);
    error_done(&unpack->read_error);
}

static bool check(Unpack *unpack, int code, const char *doing, Error *err)
{
    if (unpack->read_error.class != ERROR_NONE)
        return error_move(err, &unpack->read_error);
    if (code == ARCHIVE_OK)
        return true;
    const char *words = archive_error_string(unpack->archive);
    return error_set(err, ERROR_INPUT, "libarchive: %s: %s", doing,
                     words ? words : "no reason given");
}

/* The envelope comes from the proven copy in memory, CONTENT from the file and through a digest. */
static la_ssize_t give_bytes(struct archive *archive UNUSED, void *context, const void **ret_bytes)
{
    Unpack *unpack = context;
    int64_t size = bundle_reader_size(unpack->reader);
    if (unpack->at == 0) {
        unpack->at = BUNDLE_CONTENT_OFFSET;
        *ret_bytes = bundle_reader_envelope(unpack->reader)->bytes;
        return BUNDLE_ENVELOPE_SIZE;
    }
    int64_t left = size - unpack->at;
    size_t part = left < (int64_t)UNPACK_BUFFER_SIZE ? (size_t)left : UNPACK_BUFFER_SIZE;
    if (!bundle_reader_read(unpack->reader, unpack->at, unpack->buffer, part, &unpack->read_error))
        return -1;
    digest_update(&unpack->content, unpack->buffer, part);
    unpack->at += (int64_t)part;
    *ret_bytes = unpack->buffer;
    return (la_ssize_t)part;
}

/* Tar and nothing else, no filters: what libarchive may try is what bundles are. */
static bool open_archive(Unpack *unpack, Error *err)
{
    unpack->archive = archive_read_new();
    if (!unpack->archive)
        return error_set(err, ERROR_INTERNAL, "libarchive: out of memory");
    return check(unpack, archive_read_support_format_tar(unpack->archive), "choosing tar", err) &&
           check(unpack, archive_read_open(unpack->archive, unpack, NULL, give_bytes, NULL),
                 "opening", err);
}

static bool create_file(Unpack *unpack, const char *path, int *ret_fd, Error *err)
{
    CLEANUP(memory_freep) char *full = file_path(unpack->draft, path);
    CLEANUP(memory_freep) char *folder = file_folder_of(full);
    if (!file_make_folders(folder, 0755, err))
        return false;
    int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set(err, ERROR_IO, "cannot create '%s': %m", full);
    unpack->files++;
    *ret_fd = fd;
    return true;
}

static bool write_entry(Unpack *unpack, const char *path, int64_t size, Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    if (!create_file(unpack, path, &fd, err))
        return false;
    int64_t written = 0;
    for (;;) {
        const void *bytes;
        size_t part;
        la_int64_t offset;
        int code = archive_read_data_block(unpack->archive, &bytes, &part, &offset);
        if (code == ARCHIVE_EOF)
            break;
        if (!check(unpack, code, path, err))
            return false;
        if (offset != written)
            return error_set(err, ERROR_INPUT, "libarchive: '%s' has a hole", path);
        if (!file_write(fd, path, bytes, part, err))
            return false;
        written += (int64_t)part;
    }
    if (written != size)
        return error_set(err, ERROR_INPUT, "libarchive: '%s' has another size", path);
    return true;
}

/* The next entry must be this regular file: no name from the archive ever becomes a path. */
static bool unpack_entry(Unpack *unpack, const char *path, int64_t size, Error *err)
{
    struct archive_entry *entry;
    if (!check(unpack, archive_read_next_header(unpack->archive, &entry), path, err))
        return false;
    const char *name = archive_entry_pathname(entry);
    if (!name || strcmp(name, path) != 0 || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_size(entry) != size || archive_entry_hardlink(entry))
        return error_set(err, ERROR_INPUT, "libarchive: finds something else than the file '%s'",
                         path);
    return write_entry(unpack, path, size, err);
}

static bool unpack_entries(Unpack *unpack, Error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(fixed_entries); i++) {
        int64_t size =
            fixed_entries[i].size ? fixed_entries[i].size : unpack->manifest->head.manifest_size;
        if (!unpack_entry(unpack, fixed_entries[i].path, size, err))
            return false;
    }
    array_each (const ManifestObject, object, &unpack->manifest->objects)
        if (!unpack_entry(unpack, object->path, object->stored_size, err))
            return false;
    struct archive_entry *entry;
    int code = archive_read_next_header(unpack->archive, &entry);
    if (code != ARCHIVE_EOF)
        return error_set(err, ERROR_INPUT, "libarchive: finds more than the manifest says");
    return true;
}

/* libarchive stops at the archive's end; what it did not ask for is read all the same. */
static bool check_content(Unpack *unpack, Error *err)
{
    const void *bytes;
    while (unpack->at < bundle_reader_size(unpack->reader))
        if (give_bytes(unpack->archive, unpack, &bytes) < 0)
            return error_move(err, &unpack->read_error);
    Digest digest = digest_end(&unpack->content);
    if (!digest_equal(&digest, &unpack->manifest->head.content_digest))
        return error_set(err, ERROR_TRUST, "'%s' has changed since it was verified",
                         bundle_reader_name(unpack->reader));
    return true;
}

static bool write_plain(Unpack *unpack, const ManifestObject *object, Error *err)
{
    CLEANUP(memory_freep)
    char *path = memory_string_n(object->path, strlen(object->path) - strlen(".zst"));
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    ObjectSource source = bundle_reader_objects(unpack->reader);
    if (!create_file(unpack, path, &fd, err) || !object_stream_open(&source, object, &stream, err))
        return false;
    for (;;) {
        size_t size;
        if (!object_stream_read(stream, unpack->buffer, UNPACK_BUFFER_SIZE, &size, err))
            return false;
        if (size == 0)
            return true;
        if (!file_write(fd, path, unpack->buffer, size, err))
            return false;
    }
}

/* Data is for programs, and left as it is. */
static bool write_plain_texts(Unpack *unpack, Error *err)
{
    array_each (const ManifestObject, object, &unpack->manifest->objects) {
        bool is_for_reading =
            text_has_suffix(object->path, ".sql.zst") || text_has_suffix(object->path, ".txt.zst");
        if (is_for_reading && !write_plain(unpack, object, err))
            return false;
    }
    return true;
}

/* Nothing may be there yet but an empty folder, which rename replaces. */
static bool check_target(const char *folder, Error *err)
{
    struct stat status;
    if (lstat(folder, &status) != 0) {
        if (errno == ENOENT)
            return true;
        return error_set(err, ERROR_IO, "cannot look at '%s': %m", folder);
    }
    if (!S_ISDIR(status.st_mode))
        return error_set(err, ERROR_CONFIG, "'%s' is there and is no folder", folder);
    FileEntryArray entries;
    if (!file_list(folder, &entries, err))
        return false;
    bool empty = entries.count == 0;
    file_entries_free(&entries);
    if (!empty) {
        error_set(err, ERROR_CONFIG, "the folder '%s' is not empty", folder);
        return error_hint(err, "name a folder that does not exist yet");
    }
    return true;
}

static bool make_draft(Unpack *unpack, const char *folder, Error *err)
{
    CLEANUP(memory_freep) char *parent = file_folder_of(folder);
    CLEANUP(memory_freep) char *draft = memory_format("%s/.sealift-unpack.XXXXXX", parent);
    if (!mkdtemp(draft))
        return error_set(err, ERROR_IO, "cannot make a folder in '%s': %m", parent);
    unpack->draft = TAKE_PTR(draft);
    /* mkdtemp's 0700 is not what mkdir would have given */
    mode_t mask = umask(0);
    umask(mask);
    if (chmod(unpack->draft, 0777 & ~mask) != 0)
        return error_set(err, ERROR_IO, "cannot set the mode of '%s': %m", unpack->draft);
    return true;
}

bool bundle_unpack(BundleReader *reader, const char *folder, int64_t *ret_files, Error *err)
{
    CLEANUP(unpack_done) Unpack unpack = {.reader = reader};
    if (!check_target(folder, err) || !bundle_reader_verify(reader, err) ||
        !bundle_reader_manifest(reader, &unpack.manifest, err) || !make_draft(&unpack, folder, err))
        return false;
    unpack.buffer = memory_zeroed(1, UNPACK_BUFFER_SIZE);
    digest_begin(&unpack.content);
    if (!open_archive(&unpack, err) || !unpack_entries(&unpack, err) ||
        !check_content(&unpack, err) || !write_plain_texts(&unpack, err))
        return false;
    if (rename(unpack.draft, folder) != 0)
        return error_set(err, ERROR_IO, "cannot put '%s' in place: %m", folder);
    free(TAKE_PTR(unpack.draft));
    *ret_files = unpack.files;
    return true;
}
