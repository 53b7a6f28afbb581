/* The words of the command line and the site's configuration as a request; pure. */
#include <ctype.h>

#include "applier/backup/backup_gate.h"
#include "base/memory.h"

/* "16/B374D848" */
static bool is_position(const char *text)
{
    size_t digits = 0, slashes = 0;
    for (const char *at = text; *at; at++) {
        if (*at == '/' && digits && !slashes) {
            slashes++;
            digits = 0;
        } else if (!isxdigit((unsigned char)*at) || ++digits > 8) {
            return false;
        }
    }
    return slashes == 1 && digits;
}

bool backup_proof_parse(const char *proof, BackupKind *ret_kind, const char **ret_what, Error *err)
{
    static const struct {
        const char *word;
        BackupKind kind;
    } forms[] = {{"text:", BACKUP_TEXT}, {"lsn:", BACKUP_LSN}, {"file:", BACKUP_FILE}};
    BackupKind kind = is_position(proof) ? BACKUP_LSN : BACKUP_FILE;
    const char *what = proof;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (text_has_prefix(proof, forms[i].word)) {
            kind = forms[i].kind;
            what = proof + strlen(forms[i].word);
        }
    if (!what[strspn(what, " ")]) {
        error_set(err, ERROR_USAGE, "--backup-proof '%s' says nothing", proof);
        return error_hint(err, "a file, a position in the log (16/B374D848), or text:WORDS");
    }
    if (kind == BACKUP_LSN && !is_position(what))
        return error_set(err, ERROR_USAGE, "'%s' is no position in the log (16/B374D848)", what);
    *ret_kind = kind;
    *ret_what = what;
    return true;
}

static bool take_recipe(const char *word, BackupRequest *request, Error *err)
{
    static const char recipe[] = "pg_dump:";
    if (!text_has_prefix(word, recipe) || !word[strlen(recipe)]) {
        error_set(err, ERROR_USAGE, "--backup '%s': expected pg_dump:DIR", word);
        return error_hint(err, "another way of making one is --backup-command");
    }
    request->kind = BACKUP_DUMP;
    request->what = word + strlen(recipe);
    return true;
}

static bool take_words(const BackupWords *words, BackupRequest *request, Error *err)
{
    if (words->backup)
        return take_recipe(words->backup, request, err);
    if (words->proof)
        return backup_proof_parse(words->proof, &request->kind, &request->what, err);
    if (words->command) {
        request->kind = BACKUP_COMMAND;
        request->what = words->command;
    } else if (words->no_backup) {
        request->kind = BACKUP_DECLINED;
        request->what = words->no_backup;
    }
    return !request->what || request->what[strspn(request->what, " ")] ||
           error_set(err, ERROR_USAGE, "%s says nothing",
                     words->command ? "--backup-command" : "the reason of --no-backup");
}

static bool needs_backup(const SiteConfig *site, Error *err)
{
    error_set(err, ERROR_TARGET, "--no-backup: this site's policy demands a backup");
    return error_hint(err, "policy = required in [backup] of %s/applier.conf", site->config_folder);
}

bool backup_request_make(const BackupWords *words, const SiteConfig *site,
                         BackupRequest *ret_request, Error *err)
{
    BackupRequest request = {.policy = site->backup_policy,
                             .within_s = site->backup_within_s,
                             .state_folder = site->state_folder,
                             .pg_dump = site->backup_pg_dump};
    int said = !!words->backup + !!words->command + !!words->proof + !!words->no_backup;
    if (said > 1)
        return error_set(err, ERROR_USAGE,
                         "--backup, --backup-command, --backup-proof and --no-backup exclude each "
                         "other");
    if (words->within && !words->proof)
        return error_set(err, ERROR_USAGE, "--backup-within goes with --backup-proof only");
    if (words->within && !site_span_parse(words->within, &request.within_s))
        return error_set(err, ERROR_USAGE,
                         "--backup-within '%s': expected a time like 90m, 2h or 1d", words->within);
    if (!take_words(words, &request, err))
        return false;
    if (request.kind == BACKUP_DECLINED && request.policy == BACKUP_POLICY_REQUIRED)
        return needs_backup(site, err);
    if (!said && site->backup_command) {
        request.kind = BACKUP_COMMAND;
        request.what = site->backup_command;
        request.by_site = true;
    }
    *ret_request = request;
    return true;
}

char *backup_gate_forecast(const BackupRequest *request)
{
    if (request->kind == BACKUP_COMMAND) /* not which: it may hold a password */
        return memory_string("this site's command makes one before the first step ([backup] in "
                             "applier.conf)");
    switch (request->policy) {
    case BACKUP_POLICY_REQUIRED:
        return memory_string("this site demands one: apply will want --backup, --backup-command or "
                             "--backup-proof");
    case BACKUP_POLICY_WARN:
        return memory_string("none is demanded; without --backup, --backup-command or "
                             "--backup-proof apply warns");
    case BACKUP_POLICY_OFF:
        break;
    }
    return memory_string("none is demanded");
}
