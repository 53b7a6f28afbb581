#include "applier/target_options.h"

bool target_open_reading(const TargetOptions *options, PgSession **ret_session, Error *err)
{
    const PgSessionOptions session = {
        .conninfo = options->db,
        .purpose = PG_SESSION_READS,
        .words = options->show_sql ? WORDS_WHOLE : WORDS_REDACTED,
    };
    return pg_session_open(&session, ret_session, err);
}
