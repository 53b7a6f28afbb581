#include "applier/backup/backup_gate.h"

#include "applier/backup/backup_dump.h"
#include "applier/backup/backup_proof.h"
#include "applier/server/pg_query.h"
#include "applier/sql/backup_queries.h"
#include "base/clock.h"
#include "base/memory.h"

/* One passing of the gate. */
typedef struct Gate {
    const BackupRequest *request;
    PgSession *session;
    const BackupPlace *place;
    BackupRecord *record;
    Text *warnings;
} Gate;

/* --- nothing was said ------------------------------------------------------------------------ */

static bool no_backup(const Gate *gate, Error *err)
{
    BackupRecord *record = gate->record;
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(gate->session, SQL_backup_is_empty, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "asking whether there is anything to back up");
    if (pg_result_bool(row, 0, 0)) {
        record->kind = BACKUP_EMPTY;
        return true;
    }
    if (gate->request->policy == BACKUP_POLICY_REQUIRED) {
        error_set(err, ERROR_TARGET, "this site demands a backup before a run, and none was named");
        return error_hint(err, "--backup pg_dump:DIR makes one, --backup-command CMD runs yours, "
                               "--backup-proof FILE|LSN|text:WORDS names one that is there");
    }
    if (gate->request->policy == BACKUP_POLICY_WARN)
        text_add(gate->warnings,
                 "no backup was made or named: --backup pg_dump:DIR, --backup-command CMD, "
                 "--backup-proof FILE|LSN|text:WORDS, or --no-backup REASON\n");
    return true;
}

/* --- a command ------------------------------------------------------------------------------- */

static bool command_failed(const Gate *gate, const BackupEnding *ending, Error *err)
{
    error_set(err, ERROR_TARGET, "the backup command ended with exit status %d: nothing has begun",
              ending->exit_status);
    if (*ending->tail)
        error_detail(err, "%s", ending->tail);
    return ending->log_is_whole ? error_hint(err, "all that it printed is in %s", gate->record->log)
                                : false;
}

/* The command's own: which versions the run is between. */
static void add_place(const BackupPlace *place, OwnedStringArray *variables)
{
    variables->items[variables->count - 1] = memory_format("SEALIFT_FROM=%s", place->from_version);
    *array_add(variables) = memory_format("SEALIFT_TO=%s", place->to_version);
    *array_add(variables) = NULL;
}

static bool run_command(const Gate *gate, const OwnedStringArray *variables,
                        const OwnedStringArray *secrets, Error *err)
{
    BackupRecord *record = gate->record;
    const char *const arguments[] = {"/bin/sh", "-c", gate->request->what, NULL};
    const BackupProgram program = {.arguments = arguments,
                                   .environment = (const char *const *)variables->items,
                                   .secrets = secrets,
                                   .log_path = record->log,
                                   .listener = gate->request->listener};
    CLEANUP(backup_ending_done) BackupEnding ending = {0};
    bool good = backup_program_run(&program, &ending, err);
    if (ending.tail) {
        record->exit_status = ending.exit_status;
        record->duration_ms = ending.duration_ms;
        record->words = memory_string(ending.tail);
    }
    backup_log_keep(&ending, "the backup command's", record, gate->warnings);
    return good && (ending.exit_status == 0 || command_failed(gate, &ending, err));
}

static bool by_command(const Gate *gate, Error *err)
{
    OwnedStringArray variables = {0}, secrets = {0};
    BackupRecord *record = gate->record;
    record->log = backup_log_path(gate->request, gate->warnings);
    backup_environment_make(gate->session, PASSWORD_FROM_OURS_ONLY, &variables);
    add_place(gate->place, &variables);
    backup_secrets_find(gate->session, &secrets);
    free(record->what);
    record->what = backup_secrets_hide(&secrets, gate->request->what);
    bool good = run_command(gate, &variables, &secrets, err);
    record->made_at = good ? clock_now() : 0;
    owned_strings_done(&variables);
    owned_strings_done(&secrets);
    return good;
}

/* --- the gate -------------------------------------------------------------------------------- */

static bool dispatch(const Gate *gate, Error *err)
{
    switch (gate->request->kind) {
    case BACKUP_NONE:
    case BACKUP_EMPTY:
        return no_backup(gate, err);
    case BACKUP_DECLINED:
    case BACKUP_TEXT:
        return true; /* on record, by whom and when */
    case BACKUP_COMMAND:
        return by_command(gate, err);
    case BACKUP_FILE:
        return backup_proof_file(gate->request, gate->record, err);
    case BACKUP_LSN:
        return backup_proof_position(gate->request, gate->session, gate->record, gate->warnings,
                                     err);
    case BACKUP_DUMP:
        return backup_dump_make(gate->request, gate->session, gate->place, gate->record,
                                gate->warnings, err);
    }
    return error_set(err, ERROR_INTERNAL, "a backup of an unknown kind");
}

/* Nobody else may be let in while a backup was made: the session with the lock must still be there.
 */
static bool still_connected(const Gate *gate, Error *err)
{
    return pg_script(gate->session, "SELECT", err) ||
           error_wrap(err, "behind the backup; nothing has begun");
}

bool backup_gate_pass(const BackupRequest *request, PgSession *session, const BackupPlace *place,
                      BackupRecord *ret_record, Text *warnings, Error *err)
{
    *ret_record = (BackupRecord){.asked = true,
                                 .kind = request->kind,
                                 .what = memory_string(request->what ? request->what : ""),
                                 .size = -1,
                                 .exit_status = -1};
    const Gate gate = {request, session, place, ret_record, warnings};
    if (!dispatch(&gate, err) || !still_connected(&gate, err))
        return false;
    ret_record->good = true;
    return true;
}
