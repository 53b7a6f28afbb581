/* A run that stands still while a standby, a subscriber or a replication slot is too far behind
 * (--max-lag). Asked between groups and between batches; nothing of it costs a turn where no limit
 * was given.
 *
 * What counts: the distance from this server's log to what a standby has replayed; the time it
 * reports, or for which what it has replayed did not move while it was behind; of slots the log
 * that may still be kept for them. A slot that nobody reads from does not come nearer by waiting:
 * that is told, and the run goes on. */
#ifndef SEALIFT_APPLIER_REPLICA_LAG_H
#define SEALIFT_APPLIER_REPLICA_LAG_H

#include "applier/server/pg_session.h"
#include "applier/site/lag_limit.h"
#include "base/array.h"

#define REPLICA_LAG_LOOK_MS 1000 /* between two looks while the run stands still */

/* Who is too far behind. */
typedef struct ReplicaBehind {
    char application[64]; /* of a standby or subscriber … */
    char address[64];     /* "local" for a socket */
    char slot[64];        /* … or the slot; "" for the other */
    bool active;          /* slot: somebody reads from it */
    int64_t bytes;        /* behind; slot: that may still be kept */
    int64_t ms;
    int64_t waited_ms; /* the run has stood still for it; 0: it does not wait for this one */
} ReplicaBehind;

void replica_behind_words(const ReplicaBehind *behind, Text *text);

/* When a standby's replay was seen to be where. */
typedef struct ReplicaSeen {
    int64_t pid;
    char replayed[32];
    int64_t since_ms;
} ReplicaSeen;

/* A slot that nobody reads from, and that was told of. */
typedef struct ReplicaSlotTold {
    char slot[64];
} ReplicaSlotTold;

typedef struct ReplicaLag {
    LagLimit limit;
    /* Told at each look that finds one too far behind; or NULL. */
    void (*behind)(void *context, const ReplicaBehind *behind);
    void *context;
    ARRAY_OF(ReplicaSeen) seen;
    ARRAY_OF(ReplicaSlotTold) told; /* each idle slot once */
} ReplicaLag;

void replica_lag_done(ReplicaLag *lag);

/* Whether the role sees what the limit needs. ERROR_TARGET with the GRANT to run. */
bool replica_lag_check(ReplicaLag *lag, PgSession *session, Error *err) MUST_CHECK;

/* Wait while one is too far behind; for StepRunnerOptions.may_go_on, with a ReplicaLag as context.
 * No transaction may be open. ERROR_INTERRUPTED by a signal, ERROR_CONNECTION, and ERROR_TARGET as
 * above. */
bool replica_lag_may_go_on(void *context, PgSession *session, Error *err);

#endif
