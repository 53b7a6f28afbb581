#include "applier/watch/watch_rows.h"

#include "applier/sql/watch_queries.h"

void watch_rows_backend(WatchFacts *ret_facts, const PGresult *rows)
{
    if (PQntuples(rows) != 1)
        return;
    watch_copy_name(ret_facts->state, sizeof(ret_facts->state), pg_result_text(rows, 0, 0));
    watch_copy_name(ret_facts->wait_type, sizeof(ret_facts->wait_type), pg_result_text(rows, 0, 1));
    watch_copy_name(ret_facts->wait_event, sizeof(ret_facts->wait_event),
                    pg_result_text(rows, 0, 2));
    ret_facts->statement_ms = pg_result_int(rows, 0, 3);
    /* as it was sent, to be compared with what was sent */
    snprintf(ret_facts->statement_start, sizeof(ret_facts->statement_start), "%s",
             pg_result_text(rows, 0, 4));
}

void watch_rows_progress(WatchProgress *ret_progress, const PGresult *rows)
{
    if (PQntuples(rows) < 1)
        return;
    watch_copy_name(ret_progress->what, sizeof(ret_progress->what), pg_result_text(rows, 0, 0));
    watch_copy_name(ret_progress->phase, sizeof(ret_progress->phase), pg_result_text(rows, 0, 1));
    ret_progress->done = pg_result_int(rows, 0, 2);
    ret_progress->total = pg_result_int(rows, 0, 3);
    watch_copy_name(ret_progress->unit, sizeof(ret_progress->unit), pg_result_text(rows, 0, 4));
}

void watch_rows_blockers(WatchFacts *ret_facts, const PGresult *rows)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        WatchBlocker *blocker = array_add(&ret_facts->blockers);
        watch_copy_name(ret_facts->lock_mode, sizeof(ret_facts->lock_mode),
                        pg_result_text(rows, i, 0));
        watch_copy_name(ret_facts->lock_object, sizeof(ret_facts->lock_object),
                        pg_result_text(rows, i, 1));
        blocker->pid = pg_result_int(rows, i, 2);
        watch_copy_name(blocker->user, sizeof(blocker->user), pg_result_text(rows, i, 3));
        watch_copy_name(blocker->application, sizeof(blocker->application),
                        pg_result_text(rows, i, 4));
        watch_copy_name(blocker->address, sizeof(blocker->address), pg_result_text(rows, i, 5));
        watch_copy_name(blocker->state, sizeof(blocker->state), pg_result_text(rows, i, 6));
        watch_copy_name(blocker->type, sizeof(blocker->type), pg_result_text(rows, i, 7));
        watch_copy_name(blocker->prepared, sizeof(blocker->prepared), pg_result_text(rows, i, 8));
        blocker->state_ms = pg_result_int(rows, i, 9);
        blocker->query_ms = pg_result_int(rows, i, 10);
        blocker->transaction_ms = pg_result_int(rows, i, 11);
        watch_copy_name(blocker->statement, sizeof(blocker->statement),
                        pg_result_text(rows, i, 12));
    }
}

bool watch_rows_ask(PgSession *session, int64_t pid, WatchFacts *ret_facts, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *backend = NULL;
    CLEANUP(pg_result_freep) PGresult *blockers = NULL;
    if (!pg_query(session, SQL_watch_backend, PG_VALUES(pg_int(pid)), PG_ROWS, &backend, err) ||
        !pg_query(session, SQL_watch_blockers,
                  PG_VALUES(pg_int(pid), pg_bool(/* with statements */ false)), PG_ROWS, &blockers,
                  err))
        return false;
    *ret_facts = (WatchFacts){0};
    watch_rows_backend(ret_facts, backend);
    watch_rows_blockers(ret_facts, blockers);
    return true;
}
