#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

void file_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool file_open_regular(const char *path, int *ret_fd, int64_t *ret_size, Error *err)
{
    /* O_NONBLOCK: opening a FIFO must not wait for a writer */
    CLEANUP(file_closep)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ELOOP)
        return error_set(err, ERROR_INPUT, "'%s' is a symbolic link, not a regular file", path);
    if (fd < 0)
        return error_set(err, ERROR_IO, "cannot open '%s': %m", path);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set(err, ERROR_IO, "cannot look at '%s': %m", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_INPUT, "'%s' is not a regular file", path);
    *ret_size = (int64_t)status.st_size;
    *ret_fd = fd;
    fd = -1;
    return true;
}

bool file_read_all(const char *path, size_t most, char **ret_bytes, size_t *ret_size, Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    int64_t size;
    if (!file_open_regular(path, &fd, &size, err))
        return false;
    if (size < 0 || (uint64_t)size > most)
        return error_set(err, ERROR_INPUT, "'%s' is larger than %zu bytes", path, most);
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, (size_t)size + 1);
    if (!file_read_at(fd, path, 0, bytes, (size_t)size, err))
        return false;
    *ret_bytes = TAKE_PTR(bytes);
    *ret_size = (size_t)size;
    return true;
}

bool file_read_at(int fd, const char *name, int64_t offset, void *bytes, size_t size, Error *err)
{
    char *at = bytes;
    while (size) {
        ssize_t got = pread(fd, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, ERROR_IO, "cannot read '%s': %m", name);
        if (got == 0)
            return error_set(err, ERROR_INPUT, "'%s' ends at byte %lld, before what it should hold",
                             name, (long long)offset);
        at += got;
        offset += got;
        size -= (size_t)got;
    }
    return true;
}

bool file_read_some(int fd, const char *name, void *bytes, size_t size, size_t *ret_size,
                    Error *err)
{
    for (;;) {
        ssize_t got = read(fd, bytes, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, ERROR_IO, "cannot read '%s': %m", name);
        *ret_size = (size_t)got;
        return true;
    }
}

bool file_write(int fd, const char *name, const void *bytes, size_t size, Error *err)
{
    const char *at = bytes;
    while (size) {
        ssize_t put = write(fd, at, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_set(err, ERROR_IO, "cannot write '%s': %m", name);
        at += put;
        size -= (size_t)put;
    }
    return true;
}

bool file_write_at(int fd, const char *name, int64_t offset, const void *bytes, size_t size,
                   Error *err)
{
    const char *at = bytes;
    while (size) {
        ssize_t put = pwrite(fd, at, size, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_set(err, ERROR_IO, "cannot write '%s': %m", name);
        at += put;
        offset += put;
        size -= (size_t)put;
    }
    return true;
}

bool file_draft_open(const char *path, mode_t mode, FileDraft *ret_draft, Error *err)
{
    FileDraft draft = {.fd = -1, .path = memory_string(path)};
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    draft.temporary_path = memory_format("%s/.%s.XXXXXX", folder, file_base_name(path));
    draft.fd = mkostemp(draft.temporary_path, O_CLOEXEC);
    if (draft.fd < 0) {
        error_set(err, ERROR_IO, "cannot create a file beside '%s': %m", path);
        free(TAKE_PTR(draft.temporary_path)); /* nothing was made: nothing to unlink */
        file_draft_done(&draft);
        return false;
    }
    if (fchmod(draft.fd, mode) != 0) {
        error_set(err, ERROR_IO, "cannot set the mode of '%s': %m", draft.temporary_path);
        file_draft_done(&draft);
        return false;
    }
    *ret_draft = draft;
    return true;
}

static bool sync_folder(const char *path, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    CLEANUP(file_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* some file systems cannot sync a folder (EINVAL); that is not ours to repair */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        return error_set(err, ERROR_IO, "cannot sync the folder of '%s': %m", path);
    return true;
}

static bool sync_draft(FileDraft *draft, Error *err)
{
    if (fsync(draft->fd) != 0)
        return error_set(err, ERROR_IO, "cannot write '%s' to disk: %m", draft->path);
    return true;
}

bool file_draft_commit(FileDraft *draft, Error *err)
{
    if (!sync_draft(draft, err))
        return false;
    if (rename(draft->temporary_path, draft->path) != 0)
        return error_set(err, ERROR_IO, "cannot put '%s' in place: %m", draft->path);
    free(TAKE_PTR(draft->temporary_path));
    return sync_folder(draft->path, err);
}

bool file_draft_commit_new(FileDraft *draft, Error *err)
{
    if (!sync_draft(draft, err))
        return false;
    if (link(draft->temporary_path, draft->path) != 0) {
        if (errno == EEXIST)
            return error_set(err, ERROR_CONFIG, "'%s' is already there", draft->path);
        return error_set(err, ERROR_IO, "cannot put '%s' in place: %m", draft->path);
    }
    unlink(draft->temporary_path);
    free(TAKE_PTR(draft->temporary_path));
    return sync_folder(draft->path, err);
}

void file_draft_done(FileDraft *draft)
{
    if (!draft->path)
        return;
    if (draft->temporary_path)
        unlink(draft->temporary_path);
    if (draft->fd >= 0)
        close(draft->fd);
    free(draft->temporary_path);
    free(draft->path);
    *draft = (FileDraft){.fd = -1};
}

bool file_write_atomic(const char *path, mode_t mode, const void *bytes, size_t size, Error *err)
{
    CLEANUP(file_draft_done) FileDraft draft = {.fd = -1};
    return file_draft_open(path, mode, &draft, err) &&
           file_write(draft.fd, path, bytes, size, err) && file_draft_commit(&draft, err);
}

bool file_make_folders(const char *path, mode_t mode, Error *err)
{
    if (!*path || mkdir(path, mode) == 0)
        return true;
    if (errno == ENOENT) {
        CLEANUP(memory_freep) char *parent = file_folder_of(path);
        if (strcmp(parent, path) != 0 && !file_make_folders(parent, mode, err))
            return false;
        if (mkdir(path, mode) == 0)
            return true;
    }
    int saved_errno = errno;
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    errno = saved_errno;
    return error_set(err, ERROR_IO, "cannot make the folder '%s': %m", path);
}

static FileKind kind_of(const struct stat *status)
{
    if (S_ISREG(status->st_mode))
        return FILE_KIND_REGULAR;
    if (S_ISDIR(status->st_mode))
        return FILE_KIND_FOLDER;
    if (S_ISLNK(status->st_mode))
        return FILE_KIND_LINK;
    return FILE_KIND_OTHER;
}

/* Most file systems say the kind with the name; a look at each of thousands of files would take
 * longer than reading them. */
static bool kind_of_entry(DIR *folder, const struct dirent *entry, FileKind *ret_kind)
{
    switch (entry->d_type) {
    case DT_REG:
        *ret_kind = FILE_KIND_REGULAR;
        return true;
    case DT_DIR:
        *ret_kind = FILE_KIND_FOLDER;
        return true;
    case DT_LNK:
        *ret_kind = FILE_KIND_LINK;
        return true;
    default:
        break;
    }
    struct stat status;
    if (fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *ret_kind = kind_of(&status);
    return true;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const FileEntry *)a)->name, ((const FileEntry *)b)->name);
}

static void close_folderp(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

bool file_list(const char *path, FileEntryArray *ret_entries, Error *err)
{
    CLEANUP(close_folderp) DIR *folder = opendir(path);
    if (!folder)
        return error_set(err, ERROR_IO, "cannot read the folder '%s': %m", path);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    for (;;) {
        errno = 0;
        struct dirent *found = readdir(folder);
        if (!found && errno)
            return error_set(err, ERROR_IO, "cannot read the folder '%s': %m", path);
        if (!found)
            break;
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        FileKind kind;
        if (!kind_of_entry(folder, found, &kind))
            return error_set(err, ERROR_IO, "cannot look at '%s/%s': %m", path, found->d_name);
        *array_add(&entries) = (FileEntry){.name = memory_string(found->d_name), .kind = kind};
    }
    if (entries.count)
        qsort(entries.items, entries.count, sizeof(*entries.items), compare_entries);
    *ret_entries = entries;
    entries = (FileEntryArray){0};
    return true;
}

void file_entries_free(FileEntryArray *entries)
{
    array_each (FileEntry, entry, entries)
        free(entry->name);
    array_free(entries);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

char *file_path(const char *folder, const char *name)
{
    if (!*folder || strcmp(folder, ".") == 0)
        return memory_string(name);
    return memory_format("%s%s%s", folder, text_has_suffix(folder, "/") ? "" : "/", name);
}

char *file_folder_of(const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length ? memory_string_n(path, length) : memory_string(".");
}

const char *file_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
