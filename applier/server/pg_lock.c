#include "applier/server/pg_lock.h"

#include <inttypes.h>

#include "applier/server/pg_query.h"
#include "applier/server/retry_policy.h"
#include "applier/sql/session_queries.h"
#include "base/clock.h"
#include "base/interrupt.h"

#define TRY_FIRST_MS 50
#define TRY_MOST_MS  1000

bool pg_lock_look(PgSession *session, bool *ret_held, PgLockHolder *ret_holder, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_lock_holder, PG_VALUES(pg_int(PG_LOCK_KEY)), PG_ROWS, &rows, err))
        return error_wrap(err, "asking who holds the lock");
    PgLockHolder holder = {0};
    bool held = PQntuples(rows) > 0;
    if (held) {
        holder.pid = pg_result_int(rows, 0, 0);
        snprintf(holder.application, sizeof(holder.application), "%s", pg_result_text(rows, 0, 1));
        snprintf(holder.address, sizeof(holder.address), "%s", pg_result_text(rows, 0, 2));
        snprintf(holder.user, sizeof(holder.user), "%s", pg_result_text(rows, 0, 3));
        snprintf(holder.since, sizeof(holder.since), "%s", pg_result_text(rows, 0, 4));
    }
    *ret_held = held;
    *ret_holder = holder;
    return true;
}

bool pg_lock_try(PgSession *session, bool *ret_taken, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_lock_try, PG_VALUES(pg_int(PG_LOCK_KEY)), PG_ONE_ROW, &row, err))
        return error_wrap(err, "taking the lock");
    *ret_taken = pg_result_bool(row, 0, 0);
    return true;
}

static bool locked_error(const PgLockHolder *holder, int64_t wait_ms, Error *err)
{
    char both[CLOCK_BOTH_SIZE];
    if (holder->pid)
        error_set(err, ERROR_LOCKED,
                  "another run holds the lock of this database: process %" PRId64
                  " ('%s', user '%s', from %s, connected since %s)",
                  holder->pid, holder->application, holder->user, holder->address,
                  clock_with_local(holder->since, both));
    else
        error_set(err, ERROR_LOCKED, "another run held the lock of this database until just now");
    return error_hint(
        err, "waited %" PRId64 " ms; wait for it to end, or give --lock-wait more time", wait_ms);
}

bool pg_lock_take(PgSession *session, int64_t wait_ms, PgLockWaiting waiting, void *context,
                  Error *err)
{
    int64_t begun = clock_monotonic_ms();
    PgLockHolder holder = {0};
    for (int attempt = 1;; attempt++) {
        bool taken = false, held = false;
        if (!pg_lock_try(session, &taken, err))
            return false;
        if (taken)
            return true;
        if (attempt == 1) {
            if (!pg_lock_look(session, &held, &holder, err))
                return false;
            if (waiting && wait_ms > 0)
                waiting(context, &holder);
        }
        int64_t left = wait_ms - (clock_monotonic_ms() - begun);
        if (left <= 0)
            return locked_error(&holder, wait_ms, err);
        int64_t delay =
            retry_policy_delay_ms(attempt, TRY_FIRST_MS, TRY_MOST_MS, retry_policy_random());
        retry_policy_sleep(delay < left ? delay : left);
        if (interrupt_count() > 0)
            return error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for the lock");
    }
}
