#include "applier/runs/rollback_loss.h"

#include "applier/server/pg_query.h"
#include "applier/sql/rollback_queries.h"
#include "base/memory.h"

/* A session that only reads, none of whose statements lasts; rows that a policy would hide are an
 * error, and so not counted as none. */
static bool begin(PgSession *session, Error *err)
{
    CLEANUP(memory_freep)
    char *sql = memory_format("BEGIN READ ONLY; SET LOCAL statement_timeout = %d; "
                              "SET LOCAL lock_timeout = 1000; SET LOCAL row_security = off",
                              ROLLBACK_COUNT_TIMEOUT_MS);
    return pg_script(session, sql, err);
}

static bool count(PgSession *session, const char *table, const char *column, LostObject *lost,
                  Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    CLEANUP(memory_freep)
    char *sql = memory_format("SELECT count(*) FROM (SELECT FROM %s%s%s%s LIMIT %d) AS counted",
                              table, *column ? " WHERE " : "", column,
                              *column ? " IS NOT NULL" : "", ROLLBACK_COUNT_MOST + 1);
    if (!pg_query(session, sql, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return false;
    int64_t number = pg_result_int(row, 0, 0);
    lost->counted = true;
    lost->more = number > ROLLBACK_COUNT_MOST;
    lost->count = lost->more ? ROLLBACK_COUNT_MOST : number;
    return true;
}

/* *ret_there false: it is gone already, as behind a rollback that goes on. */
static bool look(PgSession *session, const ManifestBrought *brought, LostObject *lost,
                 bool *ret_there, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_rollback_relation,
                  PG_VALUES(pg_text(brought->identity), pg_bool(brought->is_column)), PG_ROWS,
                  &rows, err))
        return error_wrap(err, "looking for %s", brought->identity);
    *ret_there = PQntuples(rows) > 0;
    if (!*ret_there)
        return true;
    CLEANUP(error_done) Error failure = {0};
    if (count(session, pg_result_text(rows, 0, 0), pg_result_text(rows, 0, 1), lost, &failure))
        return true;
    if (pg_session_is_lost(session) || failure.class == ERROR_INTERRUPTED)
        return error_move(err, &failure);
    snprintf(lost->code, sizeof(lost->code), "%.5s", failure.code);
    return true;
}

static bool add(PgSession *session, const ManifestBrought *brought, WayBack *way, Error *err)
{
    bool there = false;
    LostObject lost = {.is_column = brought->is_column};
    if (!begin(session, err))
        return false;
    bool good = look(session, brought, &lost, &there, err);
    CLEANUP(error_done) Error ending = {0};
    if (!pg_script(session, "ROLLBACK", good ? err : &ending) || !good)
        return false;
    if (!there || (lost.counted && !lost.count))
        return true;
    lost.identity = memory_string(brought->identity);
    *array_add(&way->lost) = lost;
    return true;
}

bool rollback_loss_count(PgSession *session, const RunTaskArray *tasks, WayBackArray *ways,
                         Error *err)
{
    for (size_t i = 0; i < tasks->count; i++) {
        const RunTask *task = &tasks->items[i];
        if (!task->migration)
            continue;
        size_t index = (size_t)(task->migration - task->manifest->migrations.items);
        array_each (const ManifestBrought, brought, &task->manifest->brought)
            if (brought->migration == index && !add(session, brought, &ways->items[i], err))
                return error_wrap(err, "counting what would be lost");
    }
    return true;
}

void rollback_loss_accept_again(const History *history, WayBackArray *ways)
{
    int64_t last_end = 0;
    array_each (const PastEvent, event, &history->events)
        if (strcmp(event->phase, ledger_phase_name(PHASE_OF_END)) == 0)
            last_end = event->number;
    array_each (const PastLoss, loss, &history->losses)
        array_each (WayBack, way, ways)
            if (loss->event_number > last_end && way->identity &&
                strcmp(loss->identity, way->identity) == 0)
                way->accepted = true;
}
