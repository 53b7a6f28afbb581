/* A second connection that looks at the backend of a run while the run waits: what it does, how far
 * it is, what holds it up. Opened when it is first asked, driven from the run's own waits.
 *
 * It never stalls the run: connecting and asking go on in small pieces, at most WATCH_PATIENCE_MS
 * each. It asks single statements outside of transactions, read only, with a statement_timeout of
 * its own, so that no snapshot of its stays open. Where it cannot be opened or breaks, that is said
 * once (watch_session_trouble), and the run goes on without it. */
#ifndef SEALIFT_APPLIER_WATCH_SESSION_H
#define SEALIFT_APPLIER_WATCH_SESSION_H

#include "applier/server/pg_session.h"
#include "applier/watch/watch_facts.h"

#define WATCH_APPLICATION  "sealift watch"
#define WATCH_PATIENCE_MS  40
#define WATCH_ASK_EVERY_MS 1000
#define WATCH_GIVE_UP_MS   5000 /* for connecting, and for one answer */

typedef struct WatchOptions {
    bool with_statements; /* --show-sql: blockers' statements too */
    bool cancels;         /* --cancel-blockers */
    int64_t every_ms;     /* between questions; 0: WATCH_ASK_EVERY_MS */
} WatchOptions;

typedef struct WatchSession WatchSession;

WatchSession *watch_session_new(const WatchOptions *options);
void watch_session_free(WatchSession *watch); /* closes; accepts NULL */
DEFINE_CLEANUP(WatchSession, watch_session_free)

/* Go on looking at the backend of `run`, which is only asked for its pid and how it connected.
 * true: new facts have come. */
bool watch_session_tick(WatchSession *watch, const PgSession *run);

/* What was seen last; zeroed before anything was. The session's, until the next tick. */
const WatchFacts *watch_session_facts(const WatchSession *watch);

/* Whom it has cancelled or ended since the last call; the caller frees the array. */
WatchCancelledArray watch_session_take_cancelled(WatchSession *watch);

/* A cancel that is under way is waited for, up to WATCH_GIVE_UP_MS: whom it ended must be said
 * before the run is over. */
void watch_session_settle(WatchSession *watch);

/* Why nothing more will be seen, without secrets; NULL while all is well. */
const char *watch_session_trouble(const WatchSession *watch);

#endif
