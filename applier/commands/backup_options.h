/* The options of the backup gate, what is shown while a backup is made, and how one is reported. */
#ifndef SEALIFT_APPLIER_BACKUP_OPTIONS_H
#define SEALIFT_APPLIER_BACKUP_OPTIONS_H

#include "applier/backup/backup_gate.h"
#include "base/json_writer.h"
#include "base/option_table.h"

/* Rows for an options struct `type` that has a member `BackupWords` under the name `field`. */
#define BACKUP_OPTION_ROWS(type, field)                                                            \
    OPTION_STRING_ROW("backup", type, field.backup, "pg_dump:DIR",                                 \
                      "before the first step, dump the database into this folder and list the "    \
                      "dump"),                                                                     \
        OPTION_STRING_ROW("backup-command", type, field.command, "CMD",                            \
                          "before the first step, run this by /bin/sh; where it fails nothing "    \
                          "begins"),                                                               \
        OPTION_STRING_ROW("backup-proof", type, field.proof, "FILE|LSN|text:WORDS",                \
                          "a backup that is there: a file, the position in the log that one "      \
                          "reaches, or your word"),                                                \
        OPTION_STRING_ROW("backup-within", type, field.within, "SPAN",                             \
                          "how old that may be: 90m, 2h, 1d (default: 2h, or the site's)"),        \
        OPTION_STRING_ROW("no-backup", type, field.no_backup, "REASON",                            \
                          "run without a backup; the reason goes on record")

/* backup_request_make, and lines of the backup's program to stderr, behind the name of ours.
 * `program` outlives the run. */
bool backup_options_make(const BackupWords *words, const SiteConfig *site, const char *program,
                         BackupRequest *ret_request, Error *err) MUST_CHECK;

/* The member "backup" of the object that is open; null where the gate was not asked. */
void backup_render_json(const BackupRecord *record, JsonWriter *json);

/* The member "backup" again, from the ledger: the last that was good; null where there is none. */
void backup_render_past_json(const PastBackupArray *backups, JsonWriter *json);

/* The member "backups": all of them, with the number of the event that each belongs to. */
void backup_render_history_json(const PastBackupArray *backups, JsonWriter *json);

/* A line, or two with how to restore it; nothing where no backup was asked for. */
void backup_render_text(const BackupRecord *record, Text *out);

/* The last that was good, or NULL. */
const PastBackup *backup_last_good(const PastBackupArray *backups);

/* "dump '/…', 12 MB, made 2026-…": one line without an end. */
void backup_render_words(const BackupRecord *record, Text *out);

#endif
