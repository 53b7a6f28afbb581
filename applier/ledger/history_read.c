/* The queries behind history_read: rows of the ledger into History's arrays. */
#include <inttypes.h>

#include "applier/ledger/history.h"
#include "applier/server/pg_query.h"
#include "applier/server/retry_policy.h"
#include "applier/sql/ledger_queries.h"
#include "base/memory.h"

#define READ_ATTEMPTS 5

static bool damaged(int row, const char *table, Error *err)
{
    return error_set(err, ERROR_TARGET, "the ledger is damaged: row %d of sealift.%s", row, table);
}

static bool kind_of(const char *name, JournalKind *ret_kind)
{
    for (JournalKind kind = JOURNAL_GROUP; kind <= JOURNAL_ADOPTED; kind++) {
        if (strcmp(name, journal_kind_name(kind)) == 0) {
            *ret_kind = kind;
            return true;
        }
    }
    return false;
}

static char *text_at(const PGresult *rows, int row, int column)
{
    return memory_string(pg_result_text(rows, row, column));
}

static void copy_time(char ret_time[static CLOCK_TEXT_SIZE], const PGresult *rows, int row,
                      int column)
{
    snprintf(ret_time, CLOCK_TEXT_SIZE, "%s", pg_result_text(rows, row, column));
}

static bool read_journal_row(const PGresult *rows, int i, JournalRow *row, Error *err)
{
    row->number = pg_result_int(rows, i, 0);
    row->direction = pg_result_text(rows, i, 2)[0] == 'u' ? DIRECTION_UP : DIRECTION_DOWN;
    row->version = text_at(rows, i, 4);
    row->identity = text_at(rows, i, 5);
    row->group = pg_result_int(rows, i, 6);
    row->group_count = pg_result_int(rows, i, 7);
    row->first_step = pg_result_int(rows, i, 8);
    row->last_step = pg_result_int(rows, i, 9);
    row->complete = pg_result_bool(rows, i, 10);
    row->position_after = pg_result_int(rows, i, 11);
    row->attempt = pg_result_int(rows, i, 13);
    row->result = text_at(rows, i, 14);
    row->words = text_at(rows, i, 15);
    row->has_previous = !PQgetisnull(rows, i, 16);
    row->duration_ms = pg_result_int(rows, i, 18);
    copy_time(row->at, rows, i, 19);
    if (!kind_of(pg_result_text(rows, i, 1), &row->kind) ||
        !pg_result_digest(rows, i, 3, &row->head_digest) ||
        !pg_result_digest(rows, i, 12, &row->up_digest) ||
        (row->has_previous && !pg_result_digest(rows, i, 16, &row->previous)) ||
        !pg_result_digest(rows, i, 17, &row->digest))
        return damaged(i + 1, "journal", err);
    return true;
}

static bool read_journal(PgSession *session, History *history, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_read_journal, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        if (!read_journal_row(rows, i, array_add(&history->journal), err))
            return false;
    return true;
}

static bool read_versions(PgSession *session, History *history, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_read_versions, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        AppliedVersion *version = array_add(&history->completed);
        version->journal_number = pg_result_int(rows, i, 0);
        version->position = pg_result_int(rows, i, 1);
        version->name = text_at(rows, i, 2);
        copy_time(version->applied_at, rows, i, 5);
        if (!pg_result_digest(rows, i, 3, &version->tree_digest) ||
            !pg_result_digest(rows, i, 4, &version->head_digest))
            return damaged(i + 1, "version", err);
    }
    return true;
}

static bool read_bundles(PgSession *session, History *history, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_read_bundles, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        KnownBundle *bundle = array_add(&history->bundles);
        bundle->sequence = pg_result_int(rows, i, 1);
        bundle->epoch = pg_result_int(rows, i, 2);
        bundle->channel = text_at(rows, i, 3);
        bundle->covers_from = text_at(rows, i, 4);
        bundle->covers_to = text_at(rows, i, 5);
        bundle->tree_from = text_at(rows, i, 6);
        bundle->tree_to = text_at(rows, i, 7);
        bundle->verification = text_at(rows, i, 8);
        copy_time(bundle->stored_at, rows, i, 9);
        if (!pg_result_digest(rows, i, 0, &bundle->head_digest))
            return damaged(i + 1, "bundle", err);
    }
    return true;
}

static bool read_events(PgSession *session, History *history, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_read_events, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        PastEvent *event = array_add(&history->events);
        *event = (PastEvent){.number = pg_result_int(rows, i, 0),
                             .action = text_at(rows, i, 1),
                             .phase = text_at(rows, i, 2),
                             .from_version = text_at(rows, i, 4),
                             .to_version = text_at(rows, i, 5),
                             .session_user = text_at(rows, i, 7),
                             .current_user = text_at(rows, i, 8),
                             .client_host = text_at(rows, i, 9),
                             .operating_system_user = text_at(rows, i, 10),
                             .applier = text_at(rows, i, 11),
                             .server_version = text_at(rows, i, 12),
                             .bundle_path = text_at(rows, i, 13),
                             .sqlstate = text_at(rows, i, 14),
                             .words = text_at(rows, i, 15),
                             .superuser = pg_result_bool(rows, i, 16),
                             .settings = text_at(rows, i, 17),
                             .from_position = pg_result_int(rows, i, 18),
                             .to_position = pg_result_int(rows, i, 19),
                             .at_ms = pg_result_int(rows, i, 20),
                             .run_id = text_at(rows, i, 21),
                             .run_phase = text_at(rows, i, 22)};
        copy_time(event->at, rows, i, 6);
        event->has_head = pg_result_digest(rows, i, 3, &event->head_digest);
    }
    return true;
}

static bool read_all(PgSession *session, History *history, Error *err)
{
    return ledger_read_identity(session, &history->identity, err) &&
           read_journal(session, history, err) && read_versions(session, history, err) &&
           read_bundles(session, history, err) && read_events(session, history, err) &&
           ledger_read_arrivals(session, &history->arrivals, err) &&
           ledger_read_accepted(session, &history->accepted, err) &&
           ledger_read_backups(session, &history->backups, err) &&
           ledger_read_losses(session, &history->losses, err) &&
           ledger_read_parameters(session, &history->parameters, err);
}

static bool read_in_transaction(PgSession *session, History *history, Error *err)
{
    LedgerPresence presence = LEDGER_ABSENT;
    if (!ledger_look(session, &presence, err))
        return false;
    history->managed = presence == LEDGER_PRESENT;
    if (!history->managed)
        return true;
    if (!pg_script(session, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err))
        return false;
    bool good = read_all(session, history, err);
    CLEANUP(error_done) Error ending = {0};
    if (!pg_script(session, "ROLLBACK", good ? err : &ending))
        return false;
    return good;
}

bool history_read(PgSession *session, History *ret_history, Error *err)
{
    for (int attempt = 1;; attempt++) {
        CLEANUP(history_done) History history = {.unsettled = -1};
        if (read_in_transaction(session, &history, err)) {
            history_fold(&history);
            history.here = ledger_place_of(&session->facts);
            history.moved =
                history.managed && !ledger_place_is(&history.identity.last_used, &history.here);
            *ret_history = history;
            history = (History){.unsettled = -1};
            return true;
        }
        /* on a standby, replay may cancel what reads the rows it removes */
        if (!retry_policy_is_retryable(err->code) || attempt == READ_ATTEMPTS ||
            pg_session_is_lost(session))
            return error_wrap(err, "reading the ledger");
        error_done(err);
        retry_policy_sleep(
            retry_policy_delay_ms(attempt, RETRY_FIRST_MS, RETRY_MOST_MS, retry_policy_random()));
    }
}
