#include "applier/commands/run_watch.h"

#include <inttypes.h>

#include "applier/commands/run_watch_wait.h"
#include "base/clock.h"
#include "base/memory.h"

void run_watch_init(RunWatch *watch, const RunWatchOptions *options)
{
    *watch = (RunWatch){.options = *options,
                        .line = run_line_make(options->program),
                        .last_ms = clock_monotonic_ms(),
                        .events.fd = -1};
}

bool run_watch_events(RunWatch *watch, const char *path, Error *err)
{
    return run_events_open(&watch->events, path, err);
}

/* --- what the run tells ---------------------------------------------------------------------- */

static void on_begins(void *context, const RunBegin *begin)
{
    RunWatch *watch = context;
    CLEANUP(memory_freep) char *database = pg_session_describe(begin->session);
    run_events_begin(&watch->events, begin, database);
}

static void on_conflict(void *context, const Conflict *conflict)
{
    RunWatch *watch = context;
    CLEANUP(text_done) Text words = {0};
    conflict_words(conflict, &words);
    text_addf(&watch->warnings, "%s\n", text_string(&words));
    CLEANUP(memory_freep) char *line = memory_format("warning: %s", text_string(&words));
    run_line_say(&watch->line, line);
    run_events_conflict(&watch->events, conflict);
}

static void on_progress(void *context, const RunProgress *progress)
{
    RunWatch *watch = context;
    int64_t now = clock_monotonic_ms();
    /* answers come late: what is watched may be far behind what they are of */
    run_watch_settle(watch);
    if (watch->now.task && progress->task >= watch->now.task)
        run_watch_leave_step(watch, "done in");
    run_events_committed(&watch->events, progress);
    run_watch_say_trouble(watch);
    watch->ticked_ms = 0;
    watch->blockers.count = 0;
    watch->stands_still = false;
    if (!watch->line.terminal && !run_watch_is_due(watch, now))
        return;
    watch->last_ms = now;
    CLEANUP(text_done) Text words = {0};
    run_watch_add_place(progress->task, progress->tasks_done, progress->tasks_count, &words);
    if (progress->group_count > 1)
        text_addf(&words, " (group %" PRId64 " of %" PRId64 ")", progress->group,
                  progress->group_count);
    if (watch->line.terminal)
        run_line_rewrite(&watch->line, text_string(&words));
    else
        run_line_say(&watch->line, text_string(&words));
}

/* Another range of a batch is committed. */
static void on_batch(void *context, const RunBatch *batch)
{
    RunWatch *watch = context;
    int64_t now = clock_monotonic_ms();
    if (!watch->line.terminal && !run_watch_is_due(watch, now))
        return;
    watch->last_ms = now;
    CLEANUP(text_done) Text words = {0};
    text_addf(&words, "%s %s: batch %" PRId64 ", %" PRId64 " rows changed",
              batch->task->version->name, batch->task->migration->identity, batch->batches,
              batch->rows_changed);
    if (batch->rows_total > 0)
        text_addf(&words, ", about %" PRId64 " %% of the table",
                  batch->rows_covered < batch->rows_total
                      ? batch->rows_covered * 100 / batch->rows_total
                      : 100);
    if (watch->line.terminal)
        run_line_rewrite(&watch->line, text_string(&words));
    else
        run_line_say(&watch->line, text_string(&words));
}

static void on_behind(void *context, const ReplicaBehind *behind)
{
    RunWatch *watch = context;
    int64_t now = clock_monotonic_ms();
    bool waits = behind->waited_ms > 0, news = !waits || !watch->stands_still;
    bool due = news || run_watch_is_due(watch, now);
    CLEANUP(text_done) Text words = {0};
    text_add(&words, waits ? "stands still for --max-lag: " : "warning: ");
    replica_behind_words(behind, &words);
    if (watch->line.terminal && waits)
        run_line_rewrite(&watch->line, text_string(&words));
    else if (due)
        run_line_say(&watch->line, text_string(&words));
    if (due) {
        run_events_behind(&watch->events, behind);
        watch->last_ms = now;
    }
    watch->stands_still = waits;
}

static void on_retry(void *context, const RunTask *task, const char *sqlstate, int64_t attempt,
                     int64_t delay_ms)
{
    RunWatch *watch = context;
    CLEANUP(text_done) Text words = {0};
    run_watch_settle(watch);
    run_watch_leave_step(watch, "rolled back after");
    text_addf(&words, "%s %s: rolled back (%s), attempt %" PRId64 " follows in %" PRId64 " ms",
              task->version->name, task->migration ? task->migration->identity : "", sqlstate,
              attempt + 1, delay_ms);
    if (watch->blockers.count) {
        text_add(&words, "; ");
        watch_blocked_words(&watch->blockers, &words);
    }
    run_line_say(&watch->line, text_string(&words));
    run_events_retry(&watch->events, task, sqlstate, attempt, delay_ms, &watch->blockers);
    free(watch->last_key);
    watch->last_key = NULL;
    watch->retried = true;
    watch->ticked_ms = 0;
}

static void on_steps_over(void *context, bool good)
{
    RunWatch *watch = context;
    run_watch_settle(watch);
    run_watch_leave_step(watch, good ? "done in" : "ended after");
    run_line_end(&watch->line);
}

static void on_blocked(void *context, Text *words)
{
    const RunWatch *watch = context;
    watch_blocked_words(&watch->blockers, words);
}

static void on_ending(void *context, Text *words)
{
    const RunWatch *watch = context;
    array_each (const WatchCancelled, one, &watch->seen.cancelled) {
        text_add(words, words->length ? "; " : "");
        watch_cancelled_words(one, words);
    }
}

#define END_QUIET_MS  2000 /* a COMMIT on a busy disk is no news */
#define END_REPEAT_MS 5000

static void on_end_waits(void *context, int64_t waited_ms)
{
    RunWatch *watch = context;
    int64_t now = clock_monotonic_ms();
    if (waited_ms < END_QUIET_MS || now - watch->link_said_ms < END_REPEAT_MS)
        return;
    watch->link_said_ms = now;
    CLEANUP(memory_freep)
    char *words = memory_format("every step is committed; waiting for the COMMIT of the run's end "
                                "since %" PRId64 " s: for the disk, or for a synchronous standby "
                                "to confirm it",
                                waited_ms / 1000);
    run_line_say(&watch->line, words);
}

static void on_stopping(void *context, int64_t groups)
{
    RunWatch *watch = context;
    bool one = groups == 1;
    CLEANUP(memory_freep)
    char *words =
        memory_format("%" PRId64 " group%s behind the running one %s with the server "
                      "already and cannot be held back: %s first; a second signal "
                      "cancels",
                      groups, one ? "" : "s", one ? "is" : "are", one ? "it ends" : "they end");
    run_line_say(&watch->line, words);
}

RunListener run_watch_listener(RunWatch *watch)
{
    return (RunListener){.begins = on_begins,
                         .progress = on_progress,
                         .batch = on_batch,
                         .conflict = on_conflict,
                         .behind = on_behind,
                         .retry = on_retry,
                         .waiting = run_watch_waiting,
                         .busy = run_watch_busy,
                         .seen = run_watch_seen,
                         .steps_over = on_steps_over,
                         .blocked = on_blocked,
                         .ending = on_ending,
                         .end_waits = on_end_waits,
                         .stopping = on_stopping,
                         .context = watch};
}

RunWatch *run_watch_of(const RunListener *listener)
{
    return listener->progress == on_progress ? listener->context : NULL;
}

void run_watch_lock(void *context, const PgLockHolder *holder)
{
    char both[CLOCK_BOTH_SIZE];
    RunWatch *watch = context;
    CLEANUP(memory_freep)
    char *words = memory_format(
        "waiting for another applier: process %" PRId64 " of %s, from %s, since %s", holder->pid,
        holder->user, holder->address, clock_with_local(holder->since, both));
    run_line_say(&watch->line, words);
}

void run_watch_end(RunWatch *watch, const RunOutcome *outcome, const Error *failure)
{
    run_line_end(&watch->line);
    run_events_end(&watch->events, outcome, failure);
    watch->ended = true;
    run_watch_say_trouble(watch);
}

void run_watch_done(RunWatch *watch, const Error *failure)
{
    run_line_end(&watch->line);
    if (!watch->ended)
        run_events_end_without_run(&watch->events, failure);
    run_watch_say_trouble(watch);
    watch_session_free(watch->session);
    watch->session = NULL;
    free(watch->last_key);
    watch->last_key = NULL;
    array_free(&watch->blockers);
    run_seen_done(&watch->seen);
    run_events_done(&watch->events);
    text_done(&watch->warnings);
}
