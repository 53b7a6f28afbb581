#include "applier/steps/step_stop.h"

#include "applier/server/pg_query.h"
#include "applier/server/retry_policy.h"
#include "applier/sql/session_queries.h"
#include "base/clock.h"
#include "base/interrupt.h"

#define CANCEL_EVERY_MS 1000
#define LOOK_EVERY_MS   1000 /* whether what runs has come to wait for a lock */
#define GUARD_TRIES     40
#define GUARD_TRY_MS    5

StepStop step_stop_make(PgSession *session)
{
    return (StepStop){.session = session, .key = (int32_t)(retry_policy_random() & INT32_MAX)};
}

void step_stop_done(StepStop *stop)
{
    pg_session_close(stop->beside);
    stop->beside = NULL;
}

/* The lock that each group takes for an instant as it begins: tried, for no one must wait in it. */
static bool set_guard(StepStop *stop, Error *err)
{
    for (int i = 0; i < GUARD_TRIES; i++) {
        CLEANUP(pg_result_freep) PGresult *row = NULL;
        if (!pg_query_qualified(stop->beside, SQL_stop_guard,
                                PG_VALUES(pg_int(STEP_STOP_KEY), pg_int(stop->key)), PG_ONE_ROW,
                                &row, err))
            return false;
        if (pg_result_bool(row, 0, 0))
            return true;
        retry_policy_sleep(GUARD_TRY_MS);
    }
    return false;
}

/* Somebody's lock may keep it for long, and what waits has not begun. */
static void end_lock_wait(StepStop *stop, Error *err)
{
    stop->looked_at_ms = clock_monotonic_ms();
    (void)!pg_query_qualified(stop->beside, SQL_stop_lock_wait,
                              PG_VALUES(pg_int(PQbackendPID(stop->session->connection))), PG_ROWS,
                              /* ret_result= */ NULL, err);
}

static void first_signal(StepStop *stop, const StepStopNow *now)
{
    CLEANUP(error_done) Error ignored = {0};
    stop->asked = true;
    if (!now->rolls_back && !now->queued)
        return;
    if (!pg_session_open_beside(stop->session, &stop->beside, &ignored))
        return;
    stop->guarded = set_guard(stop, &ignored);
    if (now->rolls_back)
        end_lock_wait(stop, &ignored);
}

/* A cancel that comes between two statements is lost: it is sent until something fails. */
static void cancel(StepStop *stop)
{
    int64_t now = clock_monotonic_ms();
    if (now - stop->cancelled_at_ms < CANCEL_EVERY_MS)
        return;
    stop->cancelled_at_ms = now;
    pg_session_cancel(stop->session);
}

void step_stop_tick(StepStop *stop, const StepStopNow *now, bool *ret_unguarded)
{
    if (interrupt_count() > 0 && !stop->asked) {
        first_signal(stop, now);
        if (!stop->guarded && now->queued)
            *ret_unguarded = true;
    }
    if (!now->running)
        return;
    CLEANUP(error_done) Error ignored = {0};
    if (stop->beside && now->rolls_back &&
        clock_monotonic_ms() - stop->looked_at_ms >= LOOK_EVERY_MS)
        end_lock_wait(stop, &ignored);
    if (now->limit_ms > 0 && now->alone_ms > now->limit_ms) {
        stop->over_limit = true;
        cancel(stop);
    }
    if (interrupt_count() > 1)
        cancel(stop);
}
