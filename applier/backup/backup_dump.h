/* The built-in recipe: a dump of the whole database by pg_dump, listed by pg_restore. */
#ifndef SEALIFT_APPLIER_BACKUP_DUMP_H
#define SEALIFT_APPLIER_BACKUP_DUMP_H

#include "applier/backup/backup_gate.h"

/* Dump into <folder>/<database>-<UTC>-<version>.dump (request->what is the folder), mode 0600, by a
 * pg_dump that knows this server, where there is space for it; list it with pg_restore, flush it to
 * the disk, and record digest, size and the command that restores it. What is not whole is removed.
 * ERROR_TARGET where any of this cannot be; ERROR_INTERRUPTED. */
bool backup_dump_make(const BackupRequest *request, PgSession *session, const BackupPlace *place,
                      BackupRecord *record, Text *warnings, Error *err) MUST_CHECK;

/* The file of the log of a program that is run now, in the state folder; NULL with a line in
 * `warnings` where the folder cannot be made. The caller frees. */
char *backup_log_path(const BackupRequest *request, Text *warnings);

/* Behind a run of `whose` program ("pg_dump's"): a log that is not whole becomes a line in
 * `warnings`, and one that could not be made is not on record. */
void backup_log_keep(const BackupEnding *ending, const char *whose, BackupRecord *record,
                     Text *warnings);

/* The major version in what `pg_dump --version` prints ("pg_dump (PostgreSQL) 15.4 (Debian …)"), or
 * 0. Before 10 a major has two numbers: 9.6 is 9. */
int64_t backup_dump_major(const char *version_line);

#endif
