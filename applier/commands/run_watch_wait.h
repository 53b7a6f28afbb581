/* What a RunWatch sees and says while the run waits for the server: the statement that it is at,
 * how far that is, who holds it up; from the second connection, where a wait lasts. For
 * run_watch.c, the listener that these are part of. */
#ifndef SEALIFT_APPLIER_RUN_WATCH_WAIT_H
#define SEALIFT_APPLIER_RUN_WATCH_WAIT_H

#include "applier/commands/run_watch.h"

/* RunListener's waiting, busy and seen, with a RunWatch as context. */
void run_watch_waiting(void *context, const RunNow *now);
void run_watch_busy(void *context, const PgSession *session, int64_t waited_ms);
const char *run_watch_seen(void *context, const PgSession *session, int64_t waited_ms);

/* "3 of 10: 1.1.0 0002_add" */
void run_watch_add_place(const RunTask *task, int64_t number, int64_t count, Text *text);

/* Of the second connection, and of the events' file: each once. */
void run_watch_say_trouble(RunWatch *watch);

/* Before a run goes on or ends: whom has it cancelled? */
void run_watch_settle(RunWatch *watch);

/* The server is past the statement that was watched: "done in", "rolled back after". */
void run_watch_leave_step(RunWatch *watch, const char *how);

/* Whether a heartbeat is due. */
bool run_watch_is_due(const RunWatch *watch, int64_t now);

#endif
