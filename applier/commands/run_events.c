#include "applier/commands/run_events.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/command_table.h"
#include "base/file.h"
#include "base/memory.h"

bool run_events_open(RunEvents *ret_events, const char *path, Error *err)
{
    *ret_events = (RunEvents){.fd = -1, .begun_ms = clock_monotonic_ms()};
    if (!path)
        return true;
    /* not to wait for the reader of a FIFO, neither now nor when it is full */
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0) {
        error_set(err, ERROR_IO, "cannot open '%s' for the events: %m", path);
        return error_hint(err, "--events takes a file, /dev/stderr, or a FIFO that is being read");
    }
    ret_events->fd = fd;
    return true;
}

void run_events_share(const RunEvents *events, RunEvents *ret_shared)
{
    *ret_shared = (RunEvents){.fd = -1, .begun_ms = events->begun_ms};
    if (events->fd < 0)
        return;
    ret_shared->fd = fcntl(events->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (ret_shared->fd < 0)
        ret_shared->trouble = memory_format("%s", strerror(errno));
}

void run_events_done(RunEvents *events)
{
    if (events->fd > 0)
        close(events->fd);
    events->fd = -1;
    text_done(&events->line);
    free(events->trouble);
    events->trouble = NULL;
}

/* --- lines ----------------------------------------------------------------------------------- */

static bool begin_line(RunEvents *events, const char *event)
{
    if (events->fd < 0)
        return false;
    char now[CLOCK_TEXT_SIZE];
    clock_format(clock_now(), now);
    text_clear(&events->line);
    json_begin_line(&events->json, &events->line);
    json_object(&events->json, /* name= */ NULL);
    json_string(&events->json, "event", event);
    json_string(&events->json, "time", now);
    json_int(&events->json, "elapsed_ms", clock_monotonic_ms() - events->begun_ms);
    return true;
}

/* A write to a FIFO without a reader: EPIPE, and not the end of the process. */
static bool write_without_signal(int fd, const void *bytes, size_t size)
{
    sigset_t pipe, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe, &before);
    ssize_t written = write(fd, bytes, size);
    int reason = errno;
    if (written < 0 && reason == EPIPE)
        (void)sigtimedwait(&pipe, /* info= */ NULL, &(struct timespec){0});
    sigprocmask(SIG_SETMASK, &before, /* oldset= */ NULL);
    errno = written >= 0 ? ENOSPC : reason;
    return written == (ssize_t)size;
}

/* One write for a line: it stands whole in the file, or the stream ends. */
static void end_line(RunEvents *events)
{
    json_close(&events->json);
    json_end(&events->json);
    if (write_without_signal(events->fd, events->line.bytes, events->line.length))
        return;
    events->trouble = memory_format("%s", strerror(errno));
    close(events->fd);
    events->fd = -1;
}

/* --- members --------------------------------------------------------------------------------- */

static void task_json(const RunTask *task, JsonWriter *json)
{
    json_string(json, "version", task->version->name);
    json_string(json, "migration", task->migration ? task->migration->identity : NULL);
}

static void now_json(const RunNow *now, JsonWriter *json)
{
    task_json(now->task, json);
    json_string(json, "script", script_kind_name(now->script));
    if (now->step == SIZE_MAX)
        json_null(json, "statement");
    else
        json_int(json, "statement",
                 manifest_statement_number(&now->task->migration->scripts[now->script], now->step));
    json_int(json, "waited_ms", now->waited_ms);
}

static void number_json(const char *name, bool known, int64_t ms, JsonWriter *json)
{
    if (known)
        json_int(json, name, ms);
    else
        json_null(json, name);
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

void run_events_blocker_json(const WatchBlocker *blocker, JsonWriter *json)
{
    bool seen = *blocker->state != '\0';
    number_json("pid", blocker->pid > 0, blocker->pid, json);
    json_string(json, "prepared", or_null(blocker->prepared));
    json_string(json, "user", or_null(blocker->user));
    json_string(json, "application", or_null(blocker->application));
    json_string(json, "address", or_null(blocker->address));
    json_string(json, "state", or_null(blocker->state));
    number_json("state_ms", seen, blocker->state_ms, json);
    number_json("query_ms", seen, blocker->query_ms, json);
    number_json("transaction_ms", seen || !blocker->pid, blocker->transaction_ms, json);
}

static void blockers_json(const WatchBlockerArray *blockers, JsonWriter *json)
{
    json_array(json, "blockers");
    array_each (const WatchBlocker, blocker, blockers) {
        json_object(json, /* name= */ NULL);
        run_events_blocker_json(blocker, json);
        json_close(json);
    }
    json_close(json);
}

/* --- events ---------------------------------------------------------------------------------- */

void run_events_begin(RunEvents *events, const RunBegin *begin, const char *database)
{
    JsonWriter *json = &events->json;
    if (!begin_line(events, "begin"))
        return;
    json_int(json, "events", RUN_EVENTS_FORMAT);
    json_string(json, "run_id", *begin->run_id ? begin->run_id : NULL);
    json_string(json, "action", begin->action);
    json_string(json, "product", begin->product);
    json_string(json, "database", database);
    json_int(json, "backend_pid", PQbackendPID(begin->session->connection));
    json_string(json, "from", begin->from_version);
    json_string(json, "to", begin->to_version);
    json_int(json, "migrations", begin->tasks_count);
    end_line(events);
}

void run_events_conflict(RunEvents *events, const Conflict *conflict)
{
    static const char *const kinds[] = {[CONFLICT_DUMP] = "dump",
                                        [CONFLICT_PREPARED] = "prepared transaction",
                                        [CONFLICT_LONG] = "long transaction"};
    JsonWriter *json = &events->json;
    if (!begin_line(events, "conflict"))
        return;
    json_string(json, "kind", kinds[conflict->kind]);
    run_events_blocker_json(&conflict->who, json);
    json_string(json, "relation", or_null(conflict->relation));
    json_string(json, "held", or_null(conflict->held));
    json_string(json, "needed", or_null(conflict->needed));
    json_int(json, "relations", (int64_t)conflict->relations);
    end_line(events);
}

void run_events_committed(RunEvents *events, const RunProgress *progress)
{
    JsonWriter *json = &events->json;
    if (!begin_line(events, "committed"))
        return;
    task_json(progress->task, json);
    json_int(json, "group", progress->group);
    json_int(json, "groups", progress->group_count);
    json_bool(json, "complete", progress->completes);
    json_int(json, "migrations_done", progress->tasks_done);
    json_int(json, "migrations", progress->tasks_count);
    end_line(events);
}

void run_events_retry(RunEvents *events, const RunTask *task, const char *sqlstate, int64_t attempt,
                      int64_t delay_ms, const WatchBlockerArray *blockers)
{
    JsonWriter *json = &events->json;
    if (!begin_line(events, "retry"))
        return;
    task_json(task, json);
    json_string(json, "sqlstate", sqlstate);
    json_int(json, "attempt", attempt + 1);
    json_int(json, "delay_ms", delay_ms);
    blockers_json(blockers, json);
    end_line(events);
}

void run_events_lock_wait(RunEvents *events, const RunNow *now, const WatchFacts *facts)
{
    JsonWriter *json = &events->json;
    if (!begin_line(events, "lock wait"))
        return;
    now_json(now, json);
    json_string(json, "lock", or_null(facts->lock_mode));
    json_string(json, "object", or_null(facts->lock_object));
    blockers_json(&facts->blockers, json);
    end_line(events);
}

void run_events_progress(RunEvents *events, const RunNow *now, const WatchFacts *facts,
                         const WatchProgress *progress, int64_t eta_ms)
{
    JsonWriter *json = &events->json;
    if (!begin_line(events, "progress"))
        return;
    now_json(now, json);
    json_int(json, "migrations_done", now->tasks_done);
    json_int(json, "migrations", now->tasks_count);
    json_string(json, "wait", or_null(facts->wait_event));
    json_string(json, "doing", or_null(progress->what));
    json_string(json, "phase", or_null(progress->phase));
    json_string(json, "unit", or_null(progress->unit));
    json_int(json, "done", progress->done);
    number_json("total", progress->total > 0, progress->total, json);
    number_json("percent", watch_progress_percent(progress) >= 0, watch_progress_percent(progress),
                json);
    number_json("eta_ms", eta_ms >= 0, eta_ms, json);
    json_int(json, "copied_bytes", now->copied_bytes);
    end_line(events);
}

void run_events_behind(RunEvents *events, const ReplicaBehind *behind)
{
    JsonWriter *json = &events->json;
    bool slot = *behind->slot != '\0';
    if (!begin_line(events, behind->waited_ms ? "lag wait" : "slot runs out"))
        return;
    json_string(json, "application", or_null(behind->application));
    json_string(json, "address", slot ? NULL : behind->address);
    json_string(json, "slot", or_null(behind->slot));
    number_json("behind_bytes", !slot, behind->bytes, json);
    number_json("behind_ms", !slot, behind->ms, json);
    number_json("safe_bytes", slot, behind->bytes, json);
    json_int(json, "waited_ms", behind->waited_ms);
    end_line(events);
}

void run_events_cancelled(RunEvents *events, const WatchCancelled *cancelled)
{
    JsonWriter *json = &events->json;
    if (!begin_line(events, "cancelled"))
        return;
    run_render_cancelled_json(cancelled, json);
    end_line(events);
}

/* --- the end --------------------------------------------------------------------------------- */

/* What --show-sql adds to the server's words is for the terminal: a file does not get it. */
static void error_json(RunEvents *events, const StepFailure *step, const Error *failure)
{
    JsonWriter *json = &events->json;
    Error kept = *failure;
    if (!begin_line(events, "failure"))
        return;
    if (step && step->happened) {
        json_string(json, "version", step->version);
        json_string(json, "migration", or_null(step->identity));
        json_string(json, "script", step->script);
        json_string(json, "source", or_null(step->source));
        number_json("statement", step->statement > 0, step->statement, json);
        number_json("line", step->line > 0, step->line, json);
        kept.message = step->kept;
        kept.detail = NULL;
    }
    command_error_json(&kept, json);
    end_line(events);
}

static void end_json(RunEvents *events, const RunOutcome *outcome, const Error *failure)
{
    JsonWriter *json = &events->json;
    if (!begin_line(events, "end"))
        return;
    json_int(json, "exit_status", failure ? (int64_t)failure->class : 0);
    json_string(json, "result", outcome ? outcome->result : failure ? "failed" : "nothing to do");
    if (outcome) {
        json_string(json, "version", outcome->version);
        json_int(json, "migrations_done", outcome->run->tasks_done);
        json_int(json, "committed", outcome->run->groups_committed);
        json_bool(json, "settled", outcome->run->settled);
        json_int(json, "retries", outcome->run->retries);
        json_int(json, "copied_bytes", outcome->run->copied_bytes);
        json_int(json, "duration_ms", outcome->duration_ms);
    }
    end_line(events);
}

void run_events_end(RunEvents *events, const RunOutcome *outcome, const Error *failure)
{
    JsonWriter *json = &events->json;
    if (outcome->run->notices && begin_line(events, "notices")) {
        json_int(json, "notices", outcome->run->notices);
        json_string(json, "notice_sqlstate", outcome->run->notice_code);
        end_line(events);
    }
    if (outcome->schema && outcome->schema->version && begin_line(events, "schema")) {
        json_string(json, "schema", schema_state_name(outcome->schema->state));
        json_string(json, "schema_version", outcome->schema->version);
        json_string(json, "schema_arrival", outcome->schema->arrival);
        json_int(json, "differing", (int64_t)outcome->schema->differences.count);
        end_line(events);
    }
    if (failure)
        error_json(events, &outcome->run->failure, failure);
    end_json(events, outcome, failure);
}

void run_events_end_without_run(RunEvents *events, const Error *failure)
{
    if (failure)
        error_json(events, /* step= */ NULL, failure);
    end_json(events, /* outcome= */ NULL, failure);
}
