/* A backup that is said to be there already: a file, or a position in the server's log. */
#ifndef SEALIFT_APPLIER_BACKUP_PROOF_H
#define SEALIFT_APPLIER_BACKUP_PROOF_H

#include "applier/backup/backup_gate.h"

/* The digest of what the file at `path` holds, read in pieces; an interrupt ends it
 * (ERROR_INTERRUPTED). ERROR_IO, ERROR_INPUT for what is no regular file. */
bool backup_file_digest(const char *path, int64_t *ret_size, Digest *ret_digest,
                        Error *err) MUST_CHECK;

/* Regular, not empty, changed within the span and not in the future; records digest and size.
 * ERROR_TARGET otherwise. */
bool backup_proof_file(const BackupRequest *request, BackupRecord *record, Error *err) MUST_CHECK;

/* Not ahead of this server. Its age is known only within bounds: behind the beginning of the last
 * checkpoint it is younger than that, before it older. ERROR_TARGET where it is surely too old; a
 * line in `warnings` where that cannot be told. */
bool backup_proof_position(const BackupRequest *request, PgSession *session, BackupRecord *record,
                           Text *warnings, Error *err) MUST_CHECK;

/* "2 h", "45 min": a span for people; the caller frees. */
char *backup_span_text(int64_t seconds);

#endif
