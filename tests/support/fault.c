/* Preloaded into a program under test (LD_PRELOAD): a crash, or a full disk, at an exact call.
 *
 *   FAULT_CALLS=NAME,…  which calls count: send recv poll write pwrite fsync rename unlink
 *                       (default: all of them)
 *   FAULT_AT=N          the N-th counted call (from 1) raises FAULT_SIGNAL before it does anything
 *   FAULT_SIGNAL=N      the signal (default 9, SIGKILL)
 *   FAULT_COUNT=FILE    at the end, the number of counted calls is written to FILE: how many points
 *                       a test has to walk through
 *   DISK_FULL_AT=N      from the N-th write to a regular file (from 1) on, there is no space left
 *   DISK_FULL_ONCE=1    … but only for that one write
 *   SPACE_FREE=N        statvfs says that so many bytes are free
 *   RENAME_FAILS=1      rename ends with an I/O error
 *   FSYNC_FAILS_AT=N    the N-th fsync (from 1) ends with an I/O error
 *
 * `send` is also sendto, `fsync` also fdatasync, `rename` also renameat and linkat. Calls that
 * glibc makes inside itself (stdio's own writes) do not pass through here. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static long counted, fault_at, writes, disk_full_at, syncs, fsync_fails_at;
static int fault_signal = SIGKILL;
static bool disk_full_once, rename_fails;
static long space_free;
static const char *calls, *count_file;

static long number_of(const char *name, long otherwise)
{
    const char *value = getenv(name);
    return value != NULL ? strtol(value, NULL, 10) : otherwise;
}

__attribute__((constructor)) static void read_environment(void)
{
    fault_at = number_of("FAULT_AT", 0);
    fault_signal = (int)number_of("FAULT_SIGNAL", SIGKILL);
    disk_full_at = number_of("DISK_FULL_AT", 0);
    disk_full_once = number_of("DISK_FULL_ONCE", 0) != 0;
    space_free = number_of("SPACE_FREE", -1);
    rename_fails = number_of("RENAME_FAILS", 0) != 0;
    fsync_fails_at = number_of("FSYNC_FAILS_AT", 0);
    calls = getenv("FAULT_CALLS");
    count_file = getenv("FAULT_COUNT");
}

__attribute__((destructor)) static void report_count(void)
{
    if (count_file == NULL)
        return;
    FILE *file = fopen(count_file, "we");
    if (file == NULL)
        return;
    fprintf(file, "%ld\n", counted);
    fclose(file);
}

static bool is_counted(const char *name)
{
    if (calls == NULL)
        return true;
    size_t length = strlen(name);
    for (const char *at = calls; (at = strstr(at, name)) != NULL; at += length) {
        bool begins = at == calls || at[-1] == ',';
        if (begins && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* One call of the class `name` is about to happen. */
static void count(const char *name)
{
    if (is_counted(name) && ++counted == fault_at)
        raise(fault_signal);
}

/* Whether this write finds the disk full. Sockets, pipes and terminals never are. */
static bool is_disk_full(int fd)
{
    struct stat status;
    if (disk_full_at == 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    writes++;
    if (disk_full_once ? writes != disk_full_at : writes < disk_full_at)
        return false;
    errno = ENOSPC;
    return true;
}

static bool sync_fails(void)
{
    if (++syncs != fsync_fails_at)
        return false;
    errno = EIO;
    return true;
}

/* The function that would have been called without this library. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    count("send");
    return NEXT(send)(fd, bytes, size, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *address,
               socklen_t address_size)
{
    count("send");
    return NEXT(sendto)(fd, bytes, size, flags, address, address_size);
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    count("recv");
    return NEXT(recv)(fd, bytes, size, flags);
}

int poll(struct pollfd *fds, nfds_t fd_count, int timeout_ms)
{
    count("poll");
    return NEXT(poll)(fds, fd_count, timeout_ms);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    count("write");
    return is_disk_full(fd) ? -1 : NEXT(write)(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    count("pwrite");
    return is_disk_full(fd) ? -1 : NEXT(pwrite)(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    count("pwrite");
    return is_disk_full(fd) ? -1 : NEXT(pwrite64)(fd, bytes, size, offset);
}

int fsync(int fd)
{
    count("fsync");
    return sync_fails() ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    count("fsync");
    return sync_fails() ? -1 : NEXT(fdatasync)(fd);
}

int rename(const char *from, const char *to)
{
    count("rename");
    if (rename_fails) {
        errno = EIO;
        return -1;
    }
    return NEXT(rename)(from, to);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    count("rename");
    return NEXT(renameat)(from_fd, from, to_fd, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    count("rename");
    return NEXT(linkat)(from_fd, from, to_fd, to, flags);
}

int statvfs(const char *path, struct statvfs *space)
{
    int result = NEXT(statvfs)(path, space);
    if (result == 0 && space_free >= 0)
        space->f_bavail = (fsblkcnt_t)space_free / space->f_frsize;
    return result;
}

int unlink(const char *path)
{
    count("unlink");
    return NEXT(unlink)(path);
}

int unlinkat(int fd, const char *path, int flags)
{
    count("unlink");
    return NEXT(unlinkat)(fd, path, flags);
}
