/* A backup program under way: its output line by line, a log of all of it, and interrupts. */
#ifndef SEALIFT_APPLIER_BACKUP_PROGRAM_H
#define SEALIFT_APPLIER_BACKUP_PROGRAM_H

#include <stdint.h>

#include "applier/backup/backup_environment.h"

#define BACKUP_TAIL_LINES 20 /* of the output that are kept for the ledger */
#define BACKUP_BEAT_MS    5000

/* What people are told while a backup is made; each may be NULL. */
typedef struct BackupListener {
    /* A line that the program printed, without its end, secrets hidden. */
    void (*line)(void *context, const char *line);
    /* Every BACKUP_BEAT_MS: `bytes` written so far, -1 where that is not known. */
    void (*beat)(void *context, int64_t elapsed_ms, int64_t bytes);
    void *context;
} BackupListener;

typedef struct BackupProgram {
    const char *const *arguments;   /* [0] is the program's path; NULL ends */
    const char *const *environment; /* as ChildOptions */
    const OwnedStringArray *secrets;
    const char *log_path;      /* made with mode 0600; NULL: none */
    const char *measured_path; /* a file whose size is its progress; or NULL */
    BackupListener listener;
} BackupProgram;

typedef struct BackupEnding {
    int exit_status;     /* or 128 and the signal */
    int64_t duration_ms; /* wall time */
    char *tail;          /* owned: its last lines, or "" */
    bool log_is_there;   /* false: none was wanted, or it could not be made */
    bool log_is_whole;   /* it is there, and was written to its end */
} BackupEnding;

void backup_ending_done(BackupEnding *ending);

/* Run it to its end, stdout and stderr together. A signal is passed on as SIGTERM to it and what it
 * started, a second one (or ten seconds) as SIGKILL: ERROR_INTERRUPTED, with *ret_ending set too.
 * Another exit status than 0 is no error here. ERROR_IO, ERROR_CONFIG where it cannot be started.
 */
bool backup_program_run(const BackupProgram *program, BackupEnding *ret_ending,
                        Error *err) MUST_CHECK;

#endif
