/* The gate before a run: what the operator says of a backup, made or looked at before the first
 * step, against what the site demands. Nothing has begun where it is not passed. */
#ifndef SEALIFT_APPLIER_BACKUP_GATE_H
#define SEALIFT_APPLIER_BACKUP_GATE_H

#include "applier/backup/backup_program.h"
#include "applier/ledger/ledger_backup.h"
#include "applier/site/site_config.h"

/* What the operator, or else the site's configuration, says; all borrowed. */
typedef struct BackupRequest {
    BackupPolicy policy;
    BackupKind kind;          /* BACKUP_NONE: nothing was said */
    const char *what;         /* command, file, position, words, folder of the dump, reason */
    bool by_site;             /* it is the configuration's command */
    int64_t within_s;         /* how old a file or a position may be */
    const char *state_folder; /* logs go to backup/ in it */
    const char *pg_dump;      /* the program, or NULL */
    BackupListener listener;
} BackupRequest;

/* What was written on the command line; NULL where it was not. */
typedef struct BackupWords {
    const char *backup;    /* --backup pg_dump:DIR */
    const char *command;   /* --backup-command */
    const char *proof;     /* --backup-proof */
    const char *within;    /* --backup-within */
    const char *no_backup; /* --no-backup */
} BackupWords;

/* The request of these words at this site (pure); it borrows from both. ERROR_USAGE for words that
 * mean nothing or exclude each other; ERROR_TARGET for --no-backup where the site demands one. */
bool backup_request_make(const BackupWords *words, const SiteConfig *site,
                         BackupRequest *ret_request, Error *err) MUST_CHECK;

/* What a proof is: X/Y in hex a position (`lsn:` may stand before it), `text:` the operator's
 * words, all else a file (`file:`). *ret_what lies inside `proof`. ERROR_USAGE where nothing stands
 * behind the word. */
bool backup_proof_parse(const char *proof, BackupKind *ret_kind, const char **ret_what,
                        Error *err) MUST_CHECK;

/* Of which versions the run is, "-" for none: for names and the command's environment. */
typedef struct BackupPlace {
    const char *from_version;
    const char *to_version;
} BackupPlace;

/* Make the backup, or look at what is said to be one. The session is idle meanwhile and keeps the
 * run's lock. *ret_record (also on failure) is for the ledger; `warnings` gets a line each.
 * ERROR_TARGET where there is none and the site demands one, or where it is not good;
 * ERROR_INTERRUPTED; those of the server. */
bool backup_gate_pass(const BackupRequest *request, PgSession *session, const BackupPlace *place,
                      BackupRecord *ret_record, Text *warnings, Error *err) MUST_CHECK;

/* In one line, what the gate will want of a run (pure): for plan. The caller frees. */
char *backup_gate_forecast(const BackupRequest *request);

#endif
