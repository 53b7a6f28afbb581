#include "applier/runs/run_backup.h"

#include "applier/runs/run_session.h"

const PastBackup *run_backup_standing(const History *history)
{
    const PastEvent *open = history_open_run(history);
    const PastBackup *found = NULL;
    int64_t last_end = 0;
    if (!open || !past_event_applies(open))
        return NULL;
    array_each (const PastEvent, event, &history->events)
        if (strcmp(event->phase, ledger_phase_name(PHASE_OF_END)) == 0)
            last_end = event->number;
    array_each (const PastBackup, backup, &history->backups)
        if (backup->event_number > last_end && backup->record.good &&
            backup->record.kind != BACKUP_NONE)
            found = backup;
    return found;
}

static bool refused(PgSession *session, LedgerEvent refusal, const BackupRecord *record, Error *err)
{
    LedgerPresence presence = LEDGER_ABSENT;
    CLEANUP(error_done) Error ignored = {0};
    run_session_failed(session, refusal, /* step= */ NULL, err);
    if (!pg_session_is_lost(session) && ledger_look(session, &presence, &ignored) &&
        presence == LEDGER_PRESENT)
        (void)!ledger_add_backup(session, record, &ignored);
    return false;
}

static bool take(const RunOptions *options, PgSession *session, LedgerEvent refusal,
                 BackupRecord *ret_record, Text *warnings, Error *err)
{
    const BackupPlace place = {refusal.from_version, refusal.to_version};
    return backup_gate_pass(options->backup, session, &place, ret_record, warnings, err) ||
           refused(session, refusal, ret_record, err);
}

bool run_backup_take(const RunOptions *options, PgSession *session, const History *history,
                     LedgerEvent refusal, BackupRecord *ret_record, Text *warnings, Error *err)
{
    const BackupRequest *request = options->backup;
    if (!request)
        return true;
    bool named = request->kind != BACKUP_NONE && !request->by_site;
    return (!named && run_backup_standing(history)) ||
           take(options, session, refusal, ret_record, warnings, err);
}

bool run_backup_take_back(const RunOptions *options, PgSession *session, bool loses,
                          LedgerEvent refusal, BackupRecord *ret_record, Text *warnings, Error *err)
{
    const BackupRequest *request = options->backup;
    if (!request)
        return true;
    bool named = request->kind != BACKUP_NONE && !request->by_site;
    return (!named && !loses) || take(options, session, refusal, ret_record, warnings, err);
}
