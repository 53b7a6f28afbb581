/* How a run is stopped from outside (decision 17): the first signal, the second, and the limit of a
 * step outside transactions.
 *
 * Up to a window's worth of groups is with the server while one runs. Each begins with a guard: it
 * takes and lets go an advisory lock of this run's own. The first signal takes that lock from a
 * second session, and every group that has not begun fails there, before it has done anything. The
 * group that runs is left to its end, unless it only waits for somebody's lock. The second signal
 * cancels, again and again until it takes, what runs. */
#ifndef SEALIFT_APPLIER_STEP_STOP_H
#define SEALIFT_APPLIER_STEP_STOP_H

#include "applier/server/pg_session.h"

/* The first half of the guard's advisory lock; the second is the run's own, by chance. */
#define STEP_STOP_KEY 1397639500

/* What runs, as the runner knows it. */
typedef struct StepStopNow {
    bool running;     /* a statement of a step, or the COMMIT behind it */
    bool rolls_back;  /* ended now, nothing of it stays: in a transaction without outside effects */
    bool queued;      /* groups behind it are with the server */
    int64_t alone_ms; /* a step outside transactions: how long it has run; -1: none does */
    int64_t limit_ms; /* for such a step; 0: none */
} StepStopNow;

typedef struct StepStop {
    PgSession *session; /* borrowed: that of the run */
    int32_t key;        /* of the guard */
    PgSession *beside;  /* owned: holds the guard's lock, or NULL */
    bool asked;         /* the first signal was seen */
    bool guarded;       /* no group that has not begun will */
    bool over_limit;    /* a step was cancelled because of its limit */
    int64_t cancelled_at_ms;
    int64_t looked_at_ms; /* for a wait that may be ended */
} StepStop;

StepStop step_stop_make(PgSession *session);
void step_stop_done(StepStop *stop);

/* At each tick of a wait. *ret_unguarded (set to true, else left): the signal came, groups are with
 * the server, and the guard could not be set. */
void step_stop_tick(StepStop *stop, const StepStopNow *now, bool *ret_unguarded);

#endif
