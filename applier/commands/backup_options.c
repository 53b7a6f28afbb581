#include "applier/commands/backup_options.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/memory.h"

static void show_line(void *context, const char *line)
{
    const char *program = context;
    fprintf(stderr, "%s: backup: %s\n", program, line);
}

static void show_beat(void *context, int64_t elapsed_ms, int64_t bytes)
{
    const char *program = context;
    fprintf(stderr, "%s: backup: under way for %" PRId64 " s", program, elapsed_ms / 1000);
    if (bytes >= 0)
        fprintf(stderr, ", %" PRId64 " MB written", bytes >> 20);
    fputc('\n', stderr);
}

bool backup_options_make(const BackupWords *words, const SiteConfig *site, const char *program,
                         BackupRequest *ret_request, Error *err)
{
    if (!backup_request_make(words, site, ret_request, err))
        return false;
    ret_request->listener = (BackupListener){
        .line = show_line, .beat = show_beat, .context = (void *)(uintptr_t)program};
    return true;
}

static void made_at(const BackupRecord *record, char ret_text[static CLOCK_TEXT_SIZE])
{
    *ret_text = '\0';
    if (record->made_at)
        clock_format(record->made_at, ret_text);
}

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

/* Members of the object that is open. */
static void add_members(const BackupRecord *record, JsonWriter *json)
{
    char at[CLOCK_TEXT_SIZE], hex[DIGEST_HEX_SIZE];
    made_at(record, at);
    json_string(json, "kind", backup_kind_name(record->kind));
    json_bool(json, "good", record->good);
    json_string(json, "what", or_null(record->what));
    json_string(json, "words", or_null(record->words));
    json_string(json, "made_at", or_null(at));
    json_string(json, "digest", record->has_digest ? digest_hex(&record->digest, hex) : NULL);
    if (record->size >= 0)
        json_int(json, "size_bytes", record->size);
    if (record->exit_status >= 0)
        json_int(json, "command_status", record->exit_status);
    json_int(json, "duration_ms", record->duration_ms);
    json_string(json, "log", or_null(record->log));
    json_string(json, "restore_command", or_null(record->restore_command));
}

void backup_render_json(const BackupRecord *record, JsonWriter *json)
{
    if (!record->asked) {
        json_null(json, "backup");
        return;
    }
    json_object(json, "backup");
    add_members(record, json);
    json_close(json);
}

static void past_json(const char *name, const PastBackup *backup, JsonWriter *json)
{
    json_object(json, name);
    json_int(json, "event", backup->event_number);
    json_string(json, "at", backup->at);
    json_string(json, "session_user", backup->session_user);
    json_string(json, "operating_system_user", backup->operating_system_user);
    add_members(&backup->record, json);
    json_close(json);
}

const PastBackup *backup_last_good(const PastBackupArray *backups)
{
    const PastBackup *found = NULL;
    array_each (const PastBackup, backup, backups)
        if (backup->record.good && backup_kind_protects(backup->record.kind))
            found = backup;
    return found;
}

void backup_render_past_json(const PastBackupArray *backups, JsonWriter *json)
{
    const PastBackup *last = backup_last_good(backups);
    if (last)
        past_json("backup", last, json);
    else
        json_null(json, "backup");
}

void backup_render_history_json(const PastBackupArray *backups, JsonWriter *json)
{
    json_array(json, "backups");
    array_each (const PastBackup, backup, backups)
        past_json(/* name= */ NULL, backup, json);
    json_close(json);
}

static void add_facts(const BackupRecord *record, Text *out)
{
    char at[CLOCK_TEXT_SIZE];
    made_at(record, at);
    if (record->size >= 0)
        text_addf(out, ", %" PRId64 " bytes", record->size);
    if (*at)
        text_addf(out, ", made %s", at);
    if (record->exit_status > 0)
        text_addf(out, ": exit status %" PRId64, record->exit_status);
    else if (!record->good)
        text_add(out, ": refused");
}

void backup_render_words(const BackupRecord *record, Text *out)
{
    switch (record->kind) {
    case BACKUP_NONE:
        text_add(out, "none");
        break;
    case BACKUP_EMPTY:
        text_add(out, "none: the database held nothing");
        return;
    case BACKUP_DECLINED:
        text_addf(out, "none: %s", record->what);
        return;
    case BACKUP_COMMAND:
        text_addf(out, "by command: %s", record->what);
        break;
    case BACKUP_FILE:
        text_addf(out, "file '%s'", record->what);
        break;
    case BACKUP_LSN:
        text_addf(out, "up to position %s", record->what);
        break;
    case BACKUP_TEXT:
        text_addf(out, "by the operator's word: %s", record->what);
        break;
    case BACKUP_DUMP:
        text_addf(out, "dump '%s'", record->what);
        break;
    }
    add_facts(record, out);
}

void backup_render_text(const BackupRecord *record, Text *out)
{
    if (!record->asked || record->kind == BACKUP_EMPTY || record->kind == BACKUP_NONE)
        return;
    text_add(out, "  backup: ");
    backup_render_words(record, out);
    text_add_char(out, '\n');
    if (record->restore_command && *record->restore_command)
        text_addf(out, "  to restore it: %s\n", record->restore_command);
}
