#include "applier/ledger/ledger_backup.h"

#include "applier/ledger/ledger.h"
#include "applier/server/pg_query.h"
#include "applier/sql/ledger_queries.h"
#include "base/memory.h"

static const char *const kind_names[] = {"none", "empty", "declined", "command",
                                         "file", "lsn",   "text",     "pg_dump"};

const char *backup_kind_name(BackupKind kind)
{
    return kind_names[kind];
}

bool backup_kind_protects(BackupKind kind)
{
    return kind >= BACKUP_COMMAND;
}

void backup_record_done(BackupRecord *record)
{
    free(record->what);
    free(record->words);
    free(record->log);
    free(record->restore_command);
    *record = (BackupRecord){0};
}

void past_backups_done(PastBackupArray *backups)
{
    array_each (PastBackup, backup, backups) {
        backup_record_done(&backup->record);
        free(backup->session_user);
        free(backup->operating_system_user);
    }
    array_free(backups);
}

static PgValue text_or_empty(const char *text)
{
    return pg_text(text ? text : "");
}

bool ledger_add_backup(PgSession *session, const BackupRecord *record, Error *err)
{
    if (!record->asked)
        return true;
    CLEANUP(memory_freep) char *user = ledger_operating_system_user();
    PgValue none = pg_text(NULL);
    return pg_query(session, SQL_ledger_insert_backup,
                    PG_VALUES(pg_text(backup_kind_name(record->kind)), pg_bool(record->good),
                              text_or_empty(record->what), text_or_empty(record->words),
                              text_or_empty(record->log), text_or_empty(record->restore_command),
                              pg_digest(record->has_digest ? &record->digest : NULL),
                              record->size < 0 ? none : pg_int(record->size),
                              record->made_at ? pg_int(record->made_at) : none,
                              pg_int(record->duration_ms),
                              record->exit_status < 0 ? none : pg_int(record->exit_status),
                              pg_text(user)),
                    PG_COMMAND, /* ret_result= */ NULL, err) ||
           error_wrap(err, "recording the backup in the ledger");
}

static bool find_kind(const char *name, BackupKind *ret_kind)
{
    for (size_t i = 0; i < ARRAY_LEN(kind_names); i++)
        if (strcmp(kind_names[i], name) == 0) {
            *ret_kind = (BackupKind)i;
            return true;
        }
    return false;
}

static char *text_at(const PGresult *rows, int row, int column)
{
    return memory_string(pg_result_text(rows, row, column));
}

static int64_t number_at(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? -1 : pg_result_int(rows, row, column);
}

static bool read_row(const PGresult *rows, int i, PastBackup *backup)
{
    *backup = (PastBackup){.number = pg_result_int(rows, i, 0),
                           .event_number = pg_result_int(rows, i, 1),
                           .record = {.asked = true,
                                      .good = pg_result_bool(rows, i, 3),
                                      .what = text_at(rows, i, 4),
                                      .words = text_at(rows, i, 5),
                                      .log = text_at(rows, i, 6),
                                      .restore_command = text_at(rows, i, 7),
                                      .has_digest = !PQgetisnull(rows, i, 8),
                                      .size = number_at(rows, i, 9),
                                      .duration_ms = pg_result_int(rows, i, 11),
                                      .exit_status = number_at(rows, i, 12)},
                           .session_user = text_at(rows, i, 14),
                           .operating_system_user = text_at(rows, i, 15)};
    snprintf(backup->made_at, CLOCK_TEXT_SIZE, "%s", pg_result_text(rows, i, 10));
    snprintf(backup->at, CLOCK_TEXT_SIZE, "%s", pg_result_text(rows, i, 13));
    return find_kind(pg_result_text(rows, i, 2), &backup->record.kind) &&
           (!backup->record.has_digest || pg_result_digest(rows, i, 8, &backup->record.digest)) &&
           (!*backup->made_at || clock_parse(backup->made_at, &backup->record.made_at));
}

bool ledger_read_backups(PgSession *session, PastBackupArray *backups, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_read_backups, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        if (!read_row(rows, i, array_add(backups)))
            return error_set(err, ERROR_TARGET, "the ledger is damaged: row %d of sealift.backup",
                             i + 1);
    return true;
}
