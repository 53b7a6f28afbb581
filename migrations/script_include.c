#include "migrations/script_include.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* Take the last part off again; false where there is none. */
static bool step_up(Text *path)
{
    if (!path->length)
        return false;
    const char *slash = strrchr(text_string(path), '/');
    path->length = slash ? (size_t)(slash - path->bytes) : 0;
    path->bytes[path->length] = '\0';
    return true;
}

static bool add_parts(Text *path, const char *parts)
{
    for (const char *at = parts; *at; at += *at == '/') {
        size_t length = strcspn(at, "/");
        bool here = length == 0 || (length == 1 && *at == '.');
        if (length == 2 && strncmp(at, "..", 2) == 0) {
            if (!step_up(path))
                return false;
        } else if (!here) {
            text_addf(path, "%s%.*s", path->length ? "/" : "", (int)length, at);
        }
        at += length;
    }
    return true;
}

char *script_include_resolve(const char *folder, const char *path, Error *err)
{
    CLEANUP(text_done) Text whole = {0};
    if (*path != '/' && *path != '~' && add_parts(&whole, folder) && add_parts(&whole, path) &&
        whole.length)
        return text_take(&whole);
    CLEANUP(memory_freep) char *shown = text_printable(path, strlen(path), 400);
    error_set(err, ERROR_INPUT, "'%s' is no file inside the project", shown);
    error_hint(err, "include what is released together with the script: a path inside the project");
    return NULL;
}

static bool refuse_part(const char *name, Error *err)
{
    if (errno == ELOOP || errno == ENOTDIR || errno == EMLINK) {
        error_set(err, ERROR_INPUT, "'%s' is a symbolic link, or leads through one", name);
        return error_hint(err, "put the file itself there: what is released must not change with "
                               "something outside the project");
    }
    if (errno == ENOENT)
        return error_set(err, ERROR_INPUT, "there is no file '%s'", name);
    return error_set(err, ERROR_IO, "cannot open '%s': %m", name);
}

bool script_include_open(const char *root, const char *name, int *ret_fd, Error *err)
{
    CLEANUP(file_closep) int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return error_set(err, ERROR_IO, "cannot open the project's folder '%s': %m", root);
    for (const char *part = name; part;) {
        size_t length = strcspn(part, "/");
        bool last = !part[length];
        CLEANUP(memory_freep) char *one = memory_string_n(part, length);
        int flags = last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
        int next = openat(at, one, flags | O_CLOEXEC | O_NOFOLLOW);
        if (next < 0)
            return refuse_part(name, err);
        close(at);
        at = next;
        part = last ? NULL : part + length + 1;
    }
    struct stat status;
    if (fstat(at, &status) != 0 || !S_ISREG(status.st_mode))
        return error_set(err, ERROR_INPUT, "'%s' is not a regular file", name);
    *ret_fd = at;
    at = -1;
    return true;
}
