#include "applier/commands/target_options.h"

#include "applier/site/site_config.h"

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
