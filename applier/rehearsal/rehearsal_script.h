/* A script of the vendor that a rehearsal runs beside the bundle's, as it stands: a seed, or what
 * makes the database as the product finds it. */
#ifndef SEALIFT_APPLIER_REHEARSAL_SCRIPT_H
#define SEALIFT_APPLIER_REHEARSAL_SCRIPT_H

#include "applier/server/pg_session.h"

#define REHEARSAL_SCRIPT_SIZE_MAX ((size_t)64 << 20)

typedef struct RehearsalScript {
    const char *kind; /* how messages call it: "seed script" */
    char *path;       /* owned */
    char *sql;        /* owned */
} RehearsalScript;

void rehearsal_script_done(RehearsalScript *script); /* accepts a zeroed one */

/* ERROR_INPUT for a NUL byte or too many bytes; ERROR_IO. */
bool rehearsal_script_read(const char *kind, const char *path, RehearsalScript *ret_script,
                           Error *err) MUST_CHECK;

/* Run it as one message, with the search_path of scripts; what it sets is reset. ERROR_INPUT with
 * path, line (where the server says a place) and the server's words where it fails, or leaves a
 * transaction open. */
bool rehearsal_script_run(const RehearsalScript *script, PgSession *session, Error *err) MUST_CHECK;

#endif
