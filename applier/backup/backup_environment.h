/* What a backup program is told of the database: where it is, in libpq's own variables, and never
 * on a command line. */
#ifndef SEALIFT_APPLIER_BACKUP_ENVIRONMENT_H
#define SEALIFT_APPLIER_BACKUP_ENVIRONMENT_H

#include "applier/server/pg_session.h"
#include "base/array.h"

typedef ARRAY_OF(char *) OwnedStringArray;

void owned_strings_done(OwnedStringArray *strings);

/* Whether a program keeps this variable of ours: all but those that hold a connection string, that
 * lead libpq to another server, or that make a shell run more than the command. */
bool backup_environment_keeps(const char *name_and_value);

typedef enum { PASSWORD_FROM_OURS_ONLY, PASSWORD_OF_THE_SESSION } BackupPassword;

/* PGHOST, PGPORT, PGDATABASE, PGUSER and how to connect (sslmode and the like), as this session
 * does. PASSWORD_OF_THE_SESSION adds PGPASSWORD where the connection string had one. NULL ends. */
void backup_environment_make(const PgSession *session, BackupPassword password,
                             OwnedStringArray *ret_variables);

/* The passwords that may turn up in what a program prints. */
void backup_secrets_find(const PgSession *session, OwnedStringArray *ret_secrets);

/* `line` with every secret replaced by ***; the caller frees. */
char *backup_secrets_hide(const OwnedStringArray *secrets, const char *line);

#endif
