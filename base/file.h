/* Files: bounded reading, exact reading and writing, atomic replacement, sorted listing.
 * Every descriptor is O_CLOEXEC. Errors are ERROR_IO unless said otherwise. */
#ifndef SEALIFT_BASE_FILE_H
#define SEALIFT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/error.h"

/* CLEANUP form of close(): closes *fd where it is not negative. */
void file_closep(int *fd);

/* Open a regular file for reading: a link at the end of `path`, a directory, FIFO or device is
 * refused (ERROR_INPUT), and never waited for. */
bool file_open_regular(const char *path, int *ret_fd, int64_t *ret_size, Error *err) MUST_CHECK;

/* The whole file, NUL-terminated behind its last byte. A file over `most` bytes is ERROR_INPUT. The
 * caller frees *ret_bytes. */
bool file_read_all(const char *path, size_t most, char **ret_bytes, size_t *ret_size,
                   Error *err) MUST_CHECK;

/* Exactly `size` bytes at `offset`; a file that ends before is ERROR_INPUT. `name` is for words. */
bool file_read_at(int fd, const char *name, int64_t offset, void *bytes, size_t size,
                  Error *err) MUST_CHECK;

/* Up to `size` bytes from where fd stands; *ret_size 0 at the end of the file. */
bool file_read_some(int fd, const char *name, void *bytes, size_t size, size_t *ret_size,
                    Error *err) MUST_CHECK;

/* All bytes, or an error. */
bool file_write(int fd, const char *name, const void *bytes, size_t size, Error *err) MUST_CHECK;
bool file_write_at(int fd, const char *name, int64_t offset, const void *bytes, size_t size,
                   Error *err) MUST_CHECK;

/* A file under construction: a temporary name in the folder of `path`, which replaces `path` by
 * file_draft_commit (fsync, rename, fsync of the folder) and vanishes by file_draft_done. */
typedef struct FileDraft {
    int fd;
    char *path;           /* owned: the name it will have */
    char *temporary_path; /* owned; NULL once committed */
} FileDraft;

bool file_draft_open(const char *path, mode_t mode, FileDraft *ret_draft, Error *err) MUST_CHECK;
bool file_draft_commit(FileDraft *draft, Error *err) MUST_CHECK;
/* As commit, but a file that is already there is not replaced: ERROR_CONFIG. */
bool file_draft_commit_new(FileDraft *draft, Error *err) MUST_CHECK;
void file_draft_done(FileDraft *draft); /* accepts a zeroed or committed draft */

/* Write `path` whole and atomically (draft, write, commit). */
bool file_write_atomic(const char *path, mode_t mode, const void *bytes, size_t size,
                       Error *err) MUST_CHECK;

/* mkdir -p. */
bool file_make_folders(const char *path, mode_t mode, Error *err) MUST_CHECK;

typedef enum { FILE_KIND_REGULAR, FILE_KIND_FOLDER, FILE_KIND_LINK, FILE_KIND_OTHER } FileKind;

typedef struct FileEntry {
    char *name; /* owned */
    FileKind kind;
} FileEntry;

typedef ARRAY_OF(FileEntry) FileEntryArray;

/* What is in a folder, in byte order of the names, without "." and "..". Links are not followed.
 * Release with file_entries_free. */
bool file_list(const char *path, FileEntryArray *ret_entries, Error *err) MUST_CHECK;
void file_entries_free(FileEntryArray *entries);

bool file_exists(const char *path);

/* Whether there is a folder; a link to one is none. */
bool file_is_folder(const char *path);

/* `folder`/`name`; the caller frees. */
char *file_path(const char *folder, const char *name);

/* The folder of `path` as dirname(1) prints it; the caller frees. */
char *file_folder_of(const char *path);

/* The last component of `path`, inside `path`. */
const char *file_base_name(const char *path);

#endif
