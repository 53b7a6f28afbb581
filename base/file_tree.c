#include "base/file_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define DEPTH_MAX 64 /* one descriptor a level */

static bool complain(const char *name, Error *err)
{
    if (err->class != ERROR_NONE)
        return false;
    return error_set(err, ERROR_IO, "cannot remove '%s': %m", name);
}

static bool remove_entry(int folder, const char *name, int depth, Error *err);

/* Every entry of an open folder; takes the descriptor. */
static bool remove_entries(int fd, const char *name, int depth, Error *err)
{
    DIR *entries = fdopendir(fd);
    if (!entries) {
        complain(name, err);
        (void)close(fd);
        return false;
    }
    bool good = true;
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            good &= remove_entry(dirfd(entries), entry->d_name, depth + 1, err);
    (void)closedir(entries);
    return good;
}

static bool remove_entry(int folder, const char *name, int depth, Error *err)
{
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return complain(name, err);
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return complain(name, err);
    if (depth >= DEPTH_MAX) {
        (void)close(fd);
        errno = ELOOP;
        return complain(name, err);
    }
    bool good = remove_entries(fd, name, depth, err);
    if (unlinkat(folder, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return complain(name, err);
    return good;
}

bool file_tree_remove(const char *path, Error *err)
{
    CLEANUP(error_done) Error failure = {0};
    if (remove_entry(AT_FDCWD, path, 0, &failure))
        return true;
    return error_move(err, &failure);
}
