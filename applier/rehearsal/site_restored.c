#include "applier/rehearsal/site_restored.h"

#include "applier/runs/run_session.h"

static bool refuse_same(const char *what, Error *err)
{
    error_set(err, ERROR_TARGET, "--clone is no copy: %s", what);
    return error_hint(err, "nothing was changed; give the conninfo of the copy with --clone, that "
                           "of the real database with --db");
}

/* A ledger knows where it was made: a restored one is elsewhere. A physical copy says the same of
 * itself as its source, so that only both together can be told apart. */
static bool check_elsewhere(PgSession *session, const History *history, Error *err)
{
    const LedgerIdentity *identity = &history->identity;
    if (!history->managed || *identity->rehearsal_since ||
        strcmp(identity->system_identifier, session->facts.system_identifier) != 0 ||
        strcmp(identity->database_oid, session->facts.database_oid) != 0)
        return true;
    return refuse_same("its ledger was made in this very database (of a physical copy, name the "
                       "real one with --db, so that both can be compared)",
                       err);
}

/* A standby follows somebody, and sees no lock that is taken there: where both say that they are
 * the same database of the same server, the "copy" may be the very primary. A promoted physical
 * copy of it looks no other. Another OID or system identifier is never the primary's. */
static bool may_be_followed(const PgSession *source, const PgSession *session)
{
    const PgFacts *real = &source->facts, *copy = &session->facts;
    return real->in_recovery && strcmp(real->system_identifier, copy->system_identifier) == 0 &&
           strcmp(real->database_oid, copy->database_oid) == 0;
}

static bool refuse_standby(Error *err)
{
    error_set(err, ERROR_TARGET,
              "--db is a standby, and --clone may be the primary that it follows: both have the "
              "same system identifier and database OID");
    return error_hint(err,
                      "nothing was changed; name the primary of the real database with --db, "
                      "which can be told from a physical copy, or rehearse on a restored dump");
}

static bool check_same_ledger(const History *real, const History *history, Error *err)
{
    if (real->managed == history->managed &&
        (!real->managed ||
         strcmp(real->identity.database_uuid, history->identity.database_uuid) == 0))
        return true;
    error_set(err, ERROR_TARGET, "--clone is a copy of another database than --db: %s",
              real->managed != history->managed ? "only one of them has a ledger"
                                                : "their ledgers have other UUIDs");
    return error_hint(err, "restore a dump of the real database for the rehearsal");
}

static bool check_source(const SiteRehearsalOptions *options, SiteRehearsal *rehearsal,
                         PgSession *session, const History *history, Error *err)
{
    CLEANUP(pg_session_closep) PgSession *source = NULL;
    CLEANUP(history_done) History real = {.unsettled = -1};
    bool same = false;
    if (!run_session_open_reader(&options->run, &source, err) ||
        !site_clone_is_same(source, session, &same, err))
        return false;
    rehearsal->database = pg_session_describe(source);
    if (same)
        return refuse_same("it is the same database as --db", err);
    if (may_be_followed(source, session))
        return refuse_standby(err);
    if (!run_session_history(source, PG_SESSION_READS, &options->run, &real, err))
        return false;
    return check_same_ledger(&real, history, err);
}

bool site_restored_check(const SiteRehearsalOptions *options, SiteRehearsal *rehearsal, Error *err)
{
    RunOptions looking = options->run;
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    CLEANUP(history_done) History history = {.unsettled = -1};
    looking.conninfo = options->clone;
    if (!run_session_open_reader(&looking, &session, err) ||
        !run_session_history(session, PG_SESSION_READS, &looking, &history, err))
        return false;
    if (session->facts.in_recovery) /* a run would go to another host of the list, or fail later */
        return refuse_same("it is a standby, where nothing can be changed", err);
    rehearsal->copy_name = memory_string(session->facts.database);
    return options->source_given ? check_source(options, rehearsal, session, &history, err)
                                 : check_elsewhere(session, &history, err);
}
