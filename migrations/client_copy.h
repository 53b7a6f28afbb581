/* psql's backslash commands in a script: \copy … from 'file' becomes COPY … FROM STDIN with the
 * file as its data, the guards that pg_dump writes are dropped, everything else is refused with
 * words that say what to write instead. */
#ifndef SEALIFT_MIGRATIONS_CLIENT_COPY_H
#define SEALIFT_MIGRATIONS_CLIENT_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum {
    CLIENT_COMMAND_DROPPED, /* \restrict, \unrestrict */
    CLIENT_COMMAND_COPY,
} ClientCommandKind;

typedef struct ClientCopy {
    char *statement; /* owned: COPY … FROM STDIN …; */
    char *path;      /* owned: as written */
} ClientCopy;

void client_copy_done(ClientCopy *copy);

/* Refuse a command line in the middle of a statement: ERROR_INPUT, without a place. False. */
bool client_command_refuse_inside(const char *text, Error *err);

/* Read a command line, from its backslash to the end of the line. *ret_copy is set for
 * CLIENT_COMMAND_COPY only. Everything refused is ERROR_INPUT, without a place. */
bool client_command_read(const char *text, size_t length, ClientCommandKind *ret_kind,
                         ClientCopy *ret_copy, Error *err) MUST_CHECK;

/* Open a data file beside a script: a relative path below `folder`, no link on the way, no `.` or
 * `..`; a regular file. ERROR_INPUT, or ERROR_IO where it is not there. */
bool client_copy_open(const char *folder, const char *path, int *ret_fd, Error *err) MUST_CHECK;

#endif
