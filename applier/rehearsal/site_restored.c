#include "applier/rehearsal/site_restored.h"

#include "applier/runs/run_session.h"
#include "applier/server/pg_query.h"
#include "applier/sql/clone_queries.h"

static bool refuse_same(const char *what, Error *err)
{
    error_set(err, ERROR_TARGET, "--clone is no copy: %s", what);
    return error_hint(err, "nothing was changed; give the conninfo of the copy with --clone, that "
                           "of the real database with --db");
}

/* A ledger knows where it was made, and each event where it was: a restored one was made elsewhere,
 * and nothing has run there since. A database that was itself moved by a dump, or upgraded in
 * place, has been used where it is now. A physical copy says the same of itself as its source. */
static bool was_used_there(PgSession *session, bool *ret_used, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_clone_ledger_was_used,
                  PG_VALUES(pg_text(session->facts.system_identifier),
                            pg_text(session->facts.database_oid)),
                  PG_ONE_ROW, &row, err))
        return error_wrap(err, "asking the ledger where it was used");
    *ret_used = pg_result_bool(row, 0, 0);
    return true;
}

static bool is_marked(const History *history)
{
    return history->managed && *history->identity.rehearsal_since;
}

static bool nobody_knows(Error *err)
{
    error_set(err, ERROR_TARGET,
              "nothing says that --clone is a copy: no real database is named to compare it with, "
              "and a database that was restored to be used looks no other");
    return error_hint(err, "nothing was changed; name the real database with --db; where it cannot "
                           "be reached from here, and you are sure, say --clone-unchecked");
}

/* Without a real database what is said of the copy must be the operator's word, and what its ledger
 * says against it counts more. */
static bool check_alone(const SiteRehearsalOptions *options, SiteRehearsal *rehearsal,
                        PgSession *session, const History *history, Error *err)
{
    bool used = false;
    if (is_marked(history))
        return true;
    if (history->managed && !was_used_there(session, &used, err))
        return false;
    if (used)
        return refuse_same("its ledger was made in this very database, or has been used in it (of "
                           "a physical copy, name the real one with --db, so that both can be "
                           "compared)",
                           err);
    if (!options->clone_unchecked)
        return nobody_knows(err);
    text_add(&rehearsal->warnings,
             "nobody has compared the copy with the real database (--clone-unchecked)\n");
    return true;
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

/* Of a copy that is used, and a real database that is not, one took the other's place. Of a
 * physical copy both are. */
static bool check_not_swapped(PgSession *source, PgSession *session, const History *history,
                              Error *err)
{
    bool real_used = false, clone_used = false;
    if (!history->managed || is_marked(history))
        return true;
    if (!was_used_there(source, &real_used, err) || !was_used_there(session, &clone_used, err))
        return false;
    if (real_used || !clone_used)
        return true;
    return refuse_same("its ledger was made in this very database, or has been used in it, and "
                       "that of --db was not: are they swapped?",
                       err);
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
    return run_session_history(source, PG_SESSION_READS, &options->run, &real, err) &&
           check_same_ledger(&real, history, err) &&
           check_not_swapped(source, session, history, err);
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
                                 : check_alone(options, rehearsal, session, &history, err);
}
