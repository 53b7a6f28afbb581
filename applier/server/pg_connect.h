/* Connecting: host by host, with a deadline for each, ended by signals, refused in our words.
 *
 * Words name host, port, database and user, never the connection string, and never a password.
 * libpq's own are used only where no server has spoken. */
#ifndef SEALIFT_APPLIER_PG_CONNECT_H
#define SEALIFT_APPLIER_PG_CONNECT_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

/* What goes into the startup packet, beside the host. Borrowed. */
typedef struct PgStartup {
    const char *conninfo; /* NULL: PG* */
    const char *application;
    const char *options; /* NULL: none, for a pooler that refuses them */
    bool reads;          /* its transactions are READ ONLY by default */
} PgStartup;

/* What the user gave as `options`, which ours are appended to. ERROR_USAGE for a string that cannot
 * be read. */
bool pg_connect_user_options(const char *conninfo, Text *options, Error *err) MUST_CHECK;

/* The caller closes it with PQfinish. ERROR_CONNECTION, with the SQLSTATE in err->code where a
 * server spoke; ERROR_INTERRUPTED. */
bool pg_connect(const PgStartup *startup, PGconn **ret_connection, Error *err) MUST_CHECK;

/* The same server that `there` is on, as the same role, with nothing in `options`; so many
 * `signals` end it. Likewise. */
bool pg_connect_beside(const PGconn *there, int signals, PGconn **ret_connection,
                       Error *err) MUST_CHECK;

/* "database 'd' on h:5432 as 'u'", for messages. The caller frees. */
char *pg_connection_describe(const PGconn *connection);

#endif
