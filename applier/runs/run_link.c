#include "applier/runs/run_link.h"

#include <inttypes.h>

#include "applier/runs/run_session.h"
#include "applier/runs/target_check.h"
#include "applier/server/pg_query.h"
#include "applier/sql/session_queries.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/memory.h"

#define TRY_FIRST_MS 250
#define TRY_MOST_MS  5000
/* Losses in a row at the same place: then it is what is done there that ends the connection. */
#define LOSSES_MOST 3

RunLink run_link_make(const RunOptions *options)
{
    return (RunLink){.options = options, .rows_done = -1};
}

static int64_t waited(const RunLink *link)
{
    return clock_monotonic_ms() - link->lost_at_ms;
}

static void tell(const RunLink *link, LinkNews news)
{
    if (!link->options->link_news)
        return;
    news.waited_ms = waited(link);
    news.patience_ms = link->options->reconnect_ms;
    link->options->link_news(link->options->listener.context, &news);
}

/* --- the same server ------------------------------------------------------------------------- */

static void note_server(RunLink *link, const PgFacts *facts)
{
    snprintf(link->system_identifier, sizeof(link->system_identifier), "%s",
             facts->system_identifier);
    snprintf(link->database_oid, sizeof(link->database_oid), "%s", facts->database_oid);
}

/* A promoted standby has the same system identifier, and another timeline: that is a failover. */
static bool check_server(const RunLink *link, const PgSession *session, Error *err)
{
    const PgFacts *facts = &session->facts;
    if (strcmp(facts->system_identifier, link->system_identifier) == 0 &&
        strcmp(facts->database_oid, link->database_oid) == 0)
        return true;
    CLEANUP(memory_freep) char *where = pg_session_describe(session);
    error_set(
        err, ERROR_TARGET,
        "%s is not the database whose connection was lost (system identifier %s, database OID "
        "%s; they were %s and %s)",
        where, facts->system_identifier, facts->database_oid, link->system_identifier,
        link->database_oid);
    return error_hint(err, "give --db hosts of one cluster only; then 'applier resume' goes on");
}

/* --- the lock -------------------------------------------------------------------------------- */

/* What the old session is doing, and an end to it where it only waits for a client that is gone.
 * Its statement is left alone otherwise: a step outside transactions is work that would be done
 * again, and the COMMIT behind it may have reached the server with it. */
static bool attend(RunLink *link, PgSession *session, int64_t pid, bool *idle, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_session_doing, PG_VALUES(pg_int(pid)), PG_ROWS, &rows, err))
        return false;
    if (PQntuples(rows) == 0)
        return true;
    const char *state = pg_result_text(rows, 0, 0), *wait = pg_result_text(rows, 0, 1);
    int64_t query_ms = pg_result_int(rows, 0, 2), limit = link->options->step_limit_ms;
    bool was_idle = *idle;
    *idle = strcmp(state, "active") != 0 || text_has_prefix(wait, "Client/");
    if (!*idle || !was_idle)
        tell(link, (LinkNews){.kind = LINK_OLD_SESSION,
                              .pid = pid,
                              .state = state,
                              .wait = wait,
                              .query_ms = query_ms});
    /* twice, because between two messages of a pipeline a session looks idle too */
    if (*idle && was_idle)
        return pg_query(session, SQL_session_terminate, PG_VALUES(pg_int(pid)), PG_ONE_ROW,
                        /* ret_result= */ NULL, err);
    return limit == 0 || query_ms <= limit ||
           pg_query(session, SQL_session_cancel, PG_VALUES(pg_int(pid)), PG_ONE_ROW,
                    /* ret_result= */ NULL, err);
}

static bool interrupted(const RunLink *link, Error *err)
{
    error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for the connection to come back");
    return link->begun ? error_hint(err, "'applier resume' settles what is open and goes on")
                       : false;
}

/* By trying, as ever. The old session is waited for without an end while it works, as the run
 * itself would have waited; somebody else only as long as at the beginning. */
static bool take_lock_again(RunLink *link, PgSession *session, Error *err)
{
    char ours[PG_APPLICATION_SIZE];
    bool idle = false;
    run_session_name(link->options, ours);
    for (int attempt = 1;; attempt++) {
        bool taken = false, held = false;
        PgLockHolder holder;
        if (!pg_lock_try(session, &taken, err))
            return false;
        if (taken)
            return true;
        if (!pg_lock_look(session, &held, &holder, err))
            return false;
        if (held && strcmp(holder.application, ours) != 0)
            return pg_lock_take(session, link->options->lock_wait_ms, link->options->lock_waiting,
                                link->options->listener.context, err);
        if (held && !attend(link, session, holder.pid, &idle, err))
            return error_wrap(err, "looking at the session that was lost");
        if (interrupt_count() > 0)
            return interrupted(link, err);
        retry_policy_sleep(
            retry_policy_delay_ms(attempt, TRY_FIRST_MS, TRY_MOST_MS, retry_policy_random()));
    }
}

/* --- coming back ----------------------------------------------------------------------------- */

/* Refusals that no waiting heals. */
static bool is_final(const Error *err)
{
    static const char *const codes[] = {"28P01", "28000", "3D000", "42501"};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strcmp(err->code, codes[i]) == 0)
            return true;
    return err->class != ERROR_CONNECTION;
}

/* One try. *ret_final: a failure that is none of waiting. */
static bool come_back(RunLink *link, const char *scripts_path, PgSession **ret_session,
                      bool *ret_final, Error *err)
{
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    if (!run_session_connect(link->options, scripts_path, &session, err)) {
        *ret_final = is_final(err);
        return false;
    }
    if (session->facts.in_recovery) {
        CLEANUP(memory_freep) char *where = pg_session_describe(session);
        *ret_final = false;
        return error_set(err, ERROR_CONNECTION, "%s is a standby that is not promoted", where);
    }
    pg_session_cancel_on_interrupt(session);
    *ret_final = true;
    if (!check_server(link, session, err) || !run_session_check(session, link->options, err))
        return false;
    if (!take_lock_again(link, session, err)) {
        *ret_final = !pg_session_is_lost(session);
        if (!*ret_final)
            link->lost_at_ms = clock_monotonic_ms();
        return false;
    }
    *ret_session = TAKE_PTR(session);
    return true;
}

static bool give_up(const RunLink *link, Error *err)
{
    error_wrap(err, "the connection was lost and did not come back in %" PRId64 " s",
               link->options->reconnect_ms / 1000);
    if (!link->begun)
        return error_hint(err, "nothing of this run was begun; run it again once the server is "
                               "there, or give --reconnect more time");
    return error_hint(err, "once the server is there 'applier resume' settles what is open and "
                           "goes on; --reconnect gives it more time");
}

/* What a run that has begun leaves behind is not known without a connection. */
static bool unsettled(const RunLink *link, Error *err)
{
    if (link->begun && (err->class == ERROR_CONNECTION || err->class == ERROR_TARGET ||
                        err->class == ERROR_LOCKED)) {
        err->class = ERROR_UNSETTLED;
        if (!err->hint || !strstr(err->hint, "resume"))
            error_hint(err, "'applier resume' settles what is open and goes on");
    }
    return false;
}

bool run_link_open(RunLink *link, const char *scripts_path, PgSession **ret_session, Error *err)
{
    if (!link->opened) {
        if (!run_session_open(link->options, scripts_path, ret_session, err))
            return false;
        note_server(link, &(*ret_session)->facts);
        link->opened = true;
        return true;
    }
    for (int attempt = 1;; attempt++) {
        bool final = false;
        if (come_back(link, scripts_path, ret_session, &final, err)) {
            link->reconnects++;
            tell(link, (LinkNews){.kind = LINK_BACK});
            return true;
        }
        if (interrupt_count() > 0)
            return interrupted(link, err);
        int64_t left = link->options->reconnect_ms - waited(link);
        if (!final && left <= 0)
            give_up(link, err);
        if (final || left <= 0)
            return unsettled(link, err);
        tell(link, (LinkNews){.kind = LINK_NO_SERVER, .words = err->message});
        error_done(err);
        int64_t delay =
            retry_policy_delay_ms(attempt, TRY_FIRST_MS, TRY_MOST_MS, retry_policy_random());
        retry_policy_sleep(delay < left ? delay : left);
    }
}

/* --- what the ledger says -------------------------------------------------------------------- */

/* Rows that say that something is done: an INTENT and its settling alone are no progress. */
static bool says_done(const JournalRow *row)
{
    switch (row->kind) {
    case JOURNAL_GROUP:
    case JOURNAL_BATCH:
    case JOURNAL_VERSION:
        return true;
    case JOURNAL_OUTCOME:
    case JOURNAL_SETTLED:
        return strcmp(row->result, JOURNAL_DONE) == 0 ||
               strcmp(row->result, JOURNAL_UNVERIFIED) == 0;
    case JOURNAL_INTENT:
    case JOURNAL_VERIFIED:
    case JOURNAL_BROKEN:
    case JOURNAL_ADOPTED:
        break;
    }
    return false;
}

/* All of them; run_link_committed leaves the ranges of batches out. */
static int64_t rows_done(const History *history)
{
    int64_t count = 0;
    array_each (const JournalRow, row, &history->journal)
        count += says_done(row);
    return count;
}

bool run_link_check(RunLink *link, const History *history, Error *err)
{
    const char *uuid = history->managed ? history->identity.database_uuid : "";
    if (*link->database_uuid && *uuid && strcmp(uuid, link->database_uuid) != 0) {
        error_set(err, ERROR_TARGET,
                  "the ledger there is another database's (%s) than the one whose connection was "
                  "lost (%s)",
                  uuid, link->database_uuid);
        error_hint(err, "give --db hosts of one cluster only; then 'applier resume' goes on");
        return unsettled(link, err);
    }
    snprintf(link->database_uuid, sizeof(link->database_uuid), "%s", uuid);
    int64_t rows = rows_done(history);
    if (rows != link->rows_done)
        link->losses_here = 0;
    link->rows_done = rows;
    return true;
}

void run_link_begins(RunLink *link, const History *history)
{
    if (!link->first_number)
        link->first_number = history->chain.next;
    link->begun = true;
}

bool run_link_is_open(const RunLink *link, const History *history)
{
    const PastEvent *open = history_open_run(history);
    return link->begun && open && strcmp(open->run_id, link->options->run_id) == 0;
}

bool run_link_has_ended(const RunLink *link, const History *history)
{
    const PastEventArray *events = &history->events;
    const PastEvent *last = events->count ? &events->items[events->count - 1] : NULL;
    return link->begun && last && strcmp(last->run_id, link->options->run_id) == 0 &&
           strcmp(last->phase, ledger_phase_name(PHASE_OF_END)) == 0;
}

int64_t run_link_committed(const RunLink *link, const History *history)
{
    int64_t count = 0;
    if (!link->first_number)
        return 0;
    array_each (const JournalRow, row, &history->journal)
        count += row->number >= link->first_number && row->kind != JOURNAL_BATCH && says_done(row);
    return count;
}

bool run_link_goes_on(RunLink *link, const PgSession *session, Error *err)
{
    if (!link->opened || !session || !pg_session_is_lost(session) || session->closed_by_us ||
        link->options->reconnect_ms == 0 || interrupt_count() > 0)
        return false;
    if (++link->losses_here > LOSSES_MOST) {
        error_wrap(err, "the connection was lost %d times in a row at the same place",
                   link->losses_here);
        error_hint(err, "look into the server's log: what is done there ends the connection; then "
                        "'applier resume' goes on");
        return unsettled(link, err);
    }
    link->lost_at_ms = clock_monotonic_ms();
    tell(link, (LinkNews){.kind = LINK_LOST, .words = err->message});
    error_done(err);
    return true;
}
