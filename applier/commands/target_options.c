#include "applier/commands/target_options.h"

#include "applier/server/pg_conninfo.h"
#include "applier/site/site_config.h"
#include "base/memory.h"

static char *with_database(const char *db, const char *command)
{
    CLEANUP(memory_freep) char *word = db ? pg_conninfo_word(db) : NULL;
    return word ? memory_format("%s --db %s", command, word) : memory_string(command);
}

char *target_command(const TargetOptions *options, const char *command)
{
    return with_database(options->db, command);
}

/* Whether what is quoted is a command that works on a database, and says nothing of one. */
static bool wants_database(const char *quoted)
{
    static const char *const verbs[] = {"status", "history",   "resume", "rollback", "apply",
                                        "plan",   "preflight", "drift",  "adopt"};
    if (!text_has_prefix(quoted, "applier ") || strstr(quoted, "--db"))
        return false;
    const char *verb = quoted + strlen("applier ");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (text_has_prefix(verb, verbs[i]) && strchr(" ", verb[strlen(verbs[i])]))
            return true;
    return false;
}

static const char *given_database(const Command *command, const void *options)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (strcmp(command->options[i].name, "db") == 0)
            return *(const char *const *)((const char *)options + command->options[i].offset);
    return NULL;
}

void target_failed(const Command *command, const void *options, Error *err)
{
    const char *db = given_database(command, options);
    CLEANUP(text_done) Text hint = {0};
    if (!db || !err->hint)
        return;
    const char *at = err->hint;
    for (const char *open; (open = strstr(at, "'applier "));) {
        const char *close = strchr(open + 1, '\'');
        if (!close)
            break;
        CLEANUP(memory_freep)
        char *quoted = memory_format("%.*s", (int)(close - open - 1), open + 1);
        CLEANUP(memory_freep)
        char *whole = wants_database(quoted) ? with_database(db, quoted) : memory_string(quoted);
        text_addf(&hint, "%.*s'%s'", (int)(open - at), at, whole);
        at = close + 1;
    }
    text_add(&hint, at);
    error_hint(err, "%s", text_string(&hint));
}

bool target_open_reading(const TargetOptions *options, PgSession **ret_session, Error *err)
{
    const PgSessionOptions session = {
        .conninfo = options->db,
        .purpose = PG_SESSION_READS,
        .lock_timeout_ms = PG_SESSION_LOCK_TIMEOUT_MS,
        .words = options->show_sql ? WORDS_WHOLE : WORDS_REDACTED,
    };
    return pg_session_open(&session, ret_session, err);
}

bool target_read_history(const TargetOptions *options, History *ret_history, Error *err)
{
    CLEANUP(site_config_done) SiteConfig site = {0};
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    return site_config_read(&site, err) && target_open_reading(options, &session, err) &&
           ledger_check_owner(session, PG_SESSION_WRITES, site.ledger_owner, err) &&
           history_read(session, ret_history, err);
}
