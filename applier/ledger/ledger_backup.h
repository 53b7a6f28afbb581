/* What the ledger keeps of the backup behind each run: how it was made or proven, or that there was
 * none and why. */
#ifndef SEALIFT_APPLIER_LEDGER_BACKUP_H
#define SEALIFT_APPLIER_LEDGER_BACKUP_H

#include "applier/server/pg_session.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/digest.h"

typedef enum {
    BACKUP_NONE,     /* nothing was said, and the site only warns */
    BACKUP_EMPTY,    /* the database held nothing that could be lost */
    BACKUP_DECLINED, /* --no-backup; `what` is the reason */
    BACKUP_COMMAND,  /* a command that we ran */
    BACKUP_FILE,     /* a file that was there already */
    BACKUP_LSN,      /* a position in the log up to which somebody has a backup */
    BACKUP_TEXT,     /* the operator's word */
    BACKUP_DUMP,     /* a dump that we made and listed */
} BackupKind;

/* "none", "empty", "declined", "command", "file", "lsn", "text", "pg_dump". */
const char *backup_kind_name(BackupKind kind);

/* Whether there is said to be a backup at all. */
bool backup_kind_protects(BackupKind kind);

/* One backup; texts owned, never NULL once it is made. */
typedef struct BackupRecord {
    bool asked; /* the gate was asked; a record that was not is not written */
    BackupKind kind;
    bool good;             /* false: it was refused, or its command failed */
    char *what;            /* the command, file, position, words, reason */
    char *words;           /* last lines of what a command printed, or what was found */
    char *log;             /* file with all that it printed, or "" */
    char *restore_command; /* or "" */
    bool has_digest;
    Digest digest;       /* of the file, as b2sum prints it */
    int64_t size;        /* bytes; -1 where not known */
    int64_t made_at;     /* seconds since 1970; 0 where not known */
    int64_t duration_ms; /* of the command or dump; 0 where none was run */
    int64_t exit_status; /* of the command; -1 where none was run */
} BackupRecord;

void backup_record_done(BackupRecord *record);

/* A record as the ledger has it; texts owned. */
typedef struct PastBackup {
    int64_t number;
    int64_t event_number; /* the event that began, or refused, the run it is of */
    BackupRecord record;
    char at[CLOCK_TEXT_SIZE];      /* when it was recorded */
    char made_at[CLOCK_TEXT_SIZE]; /* when it was made; "" where not known */
    char *session_user;
    char *operating_system_user;
} PastBackup;

typedef ARRAY_OF(PastBackup) PastBackupArray;

void past_backups_done(PastBackupArray *backups);

/* Of the run whose event was recorded last. For use inside a transaction or alone; a record that
 * was not asked for is left out. */
bool ledger_add_backup(PgSession *session, const BackupRecord *record, Error *err) MUST_CHECK;

/* All of them, oldest first; the array is empty before. ERROR_TARGET for a damaged row. */
bool ledger_read_backups(PgSession *session, PastBackupArray *backups, Error *err) MUST_CHECK;

#endif
