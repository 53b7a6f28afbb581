/* A run as people and programs see it: a line on a terminal that is rewritten at each tick and
 * stays where a step was long, heartbeat lines where there is no terminal, the event stream, and
 * what the summary needs. What the server is at comes from a second connection
 * (watch/watch_session), which is opened when a wait has lasted for about a second. */
#ifndef SEALIFT_APPLIER_RUN_WATCH_H
#define SEALIFT_APPLIER_RUN_WATCH_H

#include "applier/commands/run_events.h"
#include "applier/commands/run_line.h"
#include "applier/commands/run_render.h"
#include "applier/runs/apply_run.h"
#include "applier/watch/watch_session.h"

#define RUN_WATCH_HEARTBEAT_MS INT64_C(10000)
#define RUN_WATCH_LOOK_MS      1000 /* a wait that is longer is looked at */

typedef struct RunWatchOptions {
    const char *program;
    int64_t heartbeat_ms; /* between lines without a terminal; 0: only where something changes */
    bool show_sql;
    bool cancel_blockers;
} RunWatchOptions;

/* The statement that the server is at, and how it goes on. */
typedef struct WatchedStep {
    const RunTask *task; /* NULL: none */
    ScriptKind script;
    size_t step;
    int64_t begun_ms;
    bool said; /* a line about it was printed */
    /* where the count of what it does now was first seen */
    char counting[100];
    int64_t count_done;
    int64_t count_ms;
} WatchedStep;

typedef struct RunWatch {
    RunWatchOptions options;
    RunLine line;
    int64_t last_ms;       /* of the last line … */
    int64_t last_event_ms; /* … and event of progress */
    char *last_key;        /* owned: what was told last, without numbers; NULL: nothing */
    int64_t link_said_ms;  /* link_watch.h, and of the end that is waited for */
    bool trouble_said;     /* of the second connection … */
    bool events_said;      /* … and of the events' file */
    bool retried;          /* looked at from the first tick on */
    bool stands_still;     /* for --max-lag */
    bool ended;            /* the end is in the event stream */
    int64_t ticked_ms;     /* the last tick that found the run waiting for a lock; 0: it did not */
    WatchSession *session; /* owned; NULL until it is needed */
    WatchedStep now;
    WatchBlockerArray blockers; /* that the last wait for a lock was held up by */
    RunEvents events;
    RunSeen seen;
    Text warnings; /* that were said already, a line each, for the JSON document */
} RunWatch;

/* `watch` then holds nothing; run_watch_done may be called at any time. */
void run_watch_init(RunWatch *watch, const RunWatchOptions *options);

/* Open the event stream; `path` may be NULL. ERROR_IO. */
bool run_watch_events(RunWatch *watch, const char *path, Error *err) MUST_CHECK;

/* The listener whose context is `watch`, which must outlive the run. */
RunListener run_watch_listener(RunWatch *watch);

/* The watch that run_watch_listener was made for; NULL for another's listener. */
RunWatch *run_watch_of(const RunListener *listener);

/* The lock of another applier is waited for; for RunOptions.lock_waiting. */
void run_watch_lock(void *context, const PgLockHolder *holder);

/* The run is over: its last events. The line of the terminal is ended. */
void run_watch_end(RunWatch *watch, const RunOutcome *outcome, const Error *failure);

/* The command is over (`failure` NULL: well): the event stream ends, also where it did not come to
 * a run, and all is released. */
void run_watch_done(RunWatch *watch, const Error *failure);

#endif
