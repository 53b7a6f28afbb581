/* The event stream of a run: JSON documents, one a line, appended to a file as things happen
 * (docs/json.md). What goes wrong with the file while the run is under way is kept to be said once,
 * and never ends the run: a reader that is gone or slow costs events, not the upgrade. */
#ifndef SEALIFT_APPLIER_RUN_EVENTS_H
#define SEALIFT_APPLIER_RUN_EVENTS_H

#include "applier/commands/run_render.h"
#include "applier/watch/watch_facts.h"
#include "base/json_writer.h"

#define RUN_EVENTS_FORMAT 1

typedef struct RunEvents {
    int fd;           /* -1: no stream */
    int64_t begun_ms; /* when it was opened */
    char *trouble;    /* owned; why nothing more is written, or NULL */
    Text line;
    JsonWriter json;
} RunEvents;

/* Open `path` for appending, made with mode 0600 where it is not there; a FIFO must have its
 * reader. NULL: no stream, and everything below does nothing. ERROR_IO. */
bool run_events_open(RunEvents *ret_events, const char *path, Error *err) MUST_CHECK;

/* The same stream once more, for one run of several; its times count from the same beginning. */
void run_events_share(const RunEvents *events, RunEvents *ret_shared);

void run_events_done(RunEvents *events); /* accepts a zeroed one */

void run_events_begin(RunEvents *events, const RunBegin *begin, const char *database);
void run_events_conflict(RunEvents *events, const Conflict *conflict);
void run_events_committed(RunEvents *events, const RunProgress *progress);
void run_events_retry(RunEvents *events, const RunTask *task, const char *sqlstate, int64_t attempt,
                      int64_t delay_ms, const WatchBlockerArray *blockers);
void run_events_lock_wait(RunEvents *events, const RunNow *now, const WatchFacts *facts);
/* `progress` is what is known of how far the step is; eta_ms -1: not known. */
void run_events_progress(RunEvents *events, const RunNow *now, const WatchFacts *facts,
                         const WatchProgress *progress, int64_t eta_ms);
void run_events_behind(RunEvents *events, const ReplicaBehind *behind);
void run_events_cancelled(RunEvents *events, const WatchCancelled *cancelled);

/* Notices, the last look at the schema, the failure where there was one, and the end. */
void run_events_end(RunEvents *events, const RunOutcome *outcome, const Error *failure);
/* The end of a command that did not come to a run. */
void run_events_end_without_run(RunEvents *events, const Error *failure);

/* Members of an object that is open: who is in the way. */
void run_events_blocker_json(const WatchBlocker *blocker, JsonWriter *json);

#endif
