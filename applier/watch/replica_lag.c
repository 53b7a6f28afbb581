#include "applier/watch/replica_lag.h"

#include <inttypes.h>
#include <poll.h>

#include "applier/server/pg_query.h"
#include "applier/sql/watch_queries.h"
#include "applier/watch/watch_facts.h"
#include "base/clock.h"
#include "base/interrupt.h"

/* --- looking --------------------------------------------------------------------------------- */

void replica_lag_done(ReplicaLag *lag)
{
    array_free(&lag->seen);
    array_free(&lag->told);
}

void replica_behind_words(const ReplicaBehind *behind, Text *text)
{
    if (*behind->slot) {
        text_addf(text, "replication slot '%s': only ", behind->slot);
        watch_bytes_words(behind->bytes, text);
        text_add(text, " more of the log are kept for it");
        if (!behind->active)
            text_add(text, ", and nobody reads from it: it will be lost");
        return;
    }
    text_addf(text, "'%s' (%s) is ", behind->application, behind->address);
    watch_bytes_words(behind->bytes, text);
    text_add(text, " of the log behind, for ");
    watch_duration_words(behind->ms, text);
}

/* For how long a standby that is behind has not moved: what it reports stands still with it. */
static int64_t stuck_ms(ReplicaLag *lag, int64_t pid, const char *replayed, int64_t bytes)
{
    int64_t now = clock_monotonic_ms();
    ReplicaSeen *found = NULL;
    array_each (ReplicaSeen, seen, &lag->seen) {
        if (seen->pid == pid)
            found = seen;
    }
    if (!found) {
        found = array_add(&lag->seen);
        found->pid = pid;
    }
    if (strcmp(found->replayed, replayed) != 0 || bytes == 0) {
        watch_copy_name(found->replayed, sizeof(found->replayed), replayed);
        found->since_ms = now;
    }
    return now - found->since_ms;
}

static bool standby_is_behind(ReplicaLag *lag, const PGresult *rows, int i, ReplicaBehind *behind)
{
    int64_t bytes = pg_result_int(rows, i, 5), reported = pg_result_int(rows, i, 6);
    int64_t stuck = stuck_ms(lag, pg_result_int(rows, i, 0), pg_result_text(rows, i, 7), bytes);
    behind->bytes = bytes;
    behind->ms = bytes == 0 ? 0 : reported > stuck ? reported : stuck;
    return (lag->limit.bytes && bytes > lag->limit.bytes) ||
           (lag->limit.ms && behind->ms > lag->limit.ms);
}

/* Less may still be kept than the standby may be behind; without a limit in bytes: nothing. */
static bool slot_runs_out(const ReplicaLag *lag, const PGresult *rows, int i, ReplicaBehind *behind)
{
    int64_t safe = pg_result_int(rows, i, 9);
    behind->bytes = safe > 0 ? safe : 0;
    behind->active = pg_result_bool(rows, i, 8);
    return safe <= lag->limit.bytes;
}

/* A slot that nobody reads from stays as it is: one line for each is enough. */
static void tell_once(ReplicaLag *lag, const ReplicaBehind *behind)
{
    array_each (const ReplicaSlotTold, told, &lag->told)
        if (strcmp(told->slot, behind->slot) == 0)
            return;
    ReplicaSlotTold *told = array_add(&lag->told);
    watch_copy_name(told->slot, sizeof(told->slot), behind->slot);
    if (lag->behind)
        lag->behind(lag->context, behind);
}

static bool not_seen(const PgSession *session, Error *err)
{
    error_set(err, ERROR_TARGET,
              "role '%s' does not see how far the standbys are behind, which --max-lag needs",
              session->facts.session_user);
    return error_hint(err, "GRANT pg_monitor TO the role, or leave the limit out (--max-lag 0)");
}

/* *ret_wait: somebody is too far behind, and *ret_behind says who. */
static bool look(ReplicaLag *lag, PgSession *session, bool *ret_wait, ReplicaBehind *ret_behind,
                 Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    *ret_wait = false;
    if (!pg_query(session, SQL_replica_lag, PG_NO_VALUES, PG_ROWS, &rows, err))
        return error_wrap(err, "looking how far the standbys are behind");
    for (int i = 0; i < PQntuples(rows); i++) {
        ReplicaBehind behind = {0};
        if (!pg_result_bool(rows, i, 4))
            return not_seen(session, err);
        watch_copy_name(behind.application, sizeof(behind.application), pg_result_text(rows, i, 1));
        watch_copy_name(behind.address, sizeof(behind.address), pg_result_text(rows, i, 2));
        watch_copy_name(behind.slot, sizeof(behind.slot), pg_result_text(rows, i, 3));
        if (!(*behind.slot ? slot_runs_out(lag, rows, i, &behind)
                           : standby_is_behind(lag, rows, i, &behind)))
            continue;
        if (*behind.slot && !behind.active) {
            tell_once(lag, &behind);
            continue;
        }
        *ret_wait = true;
        *ret_behind = behind;
    }
    return true;
}

bool replica_lag_check(ReplicaLag *lag, PgSession *session, Error *err)
{
    bool wait = false;
    ReplicaBehind behind;
    return !lag_limit_is_set(&lag->limit) || look(lag, session, &wait, &behind, err);
}

bool replica_lag_may_go_on(void *context, PgSession *session, Error *err)
{
    ReplicaLag *lag = context;
    int64_t begun = clock_monotonic_ms();
    if (!lag_limit_is_set(&lag->limit))
        return true;
    for (;;) {
        bool wait = false;
        ReplicaBehind behind;
        if (!look(lag, session, &wait, &behind, err))
            return false;
        if (!wait)
            return true;
        if (interrupt_count() > 0) {
            error_set(err, ERROR_INTERRUPTED, "interrupted while the standbys were too far behind");
            return error_hint(err, "'applier resume' goes on from here");
        }
        behind.waited_ms = clock_monotonic_ms() - begun + 1;
        if (lag->behind)
            lag->behind(lag->context, &behind);
        (void)poll(/* fds= */ NULL, 0, REPLICA_LAG_LOOK_MS);
    }
}
