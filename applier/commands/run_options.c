#include "applier/commands/run_options.h"

#include <inttypes.h>
#include <unistd.h>

#include "applier/commands/link_watch.h"
#include "base/clock.h"
#include "base/interrupt.h"

#define HEARTBEAT_MS 5000

void run_options_defaults(RunCommandOptions *options)
{
    RunOptions run = run_options_default();
    options->lock_wait = run.lock_wait_ms / 1000;
    options->lock_timeout = run.lock_timeout_ms;
    options->reconnect = options->step_limit = RUN_AS_THE_SITE_SAYS;
}

static void watch_progress(void *context, const RunProgress *progress)
{
    RunWatch *watch = context;
    int64_t now = clock_monotonic_ms();
    if (!watch->terminal && now - watch->last_ms < HEARTBEAT_MS)
        return;
    watch->last_ms = now;
    const ManifestMigration *migration = progress->task->migration;
    fprintf(stderr, "%s%s: %" PRId64 " of %" PRId64 ": %s %s", watch->terminal ? "\r\x1b[K" : "",
            watch->program, progress->tasks_done, progress->tasks_count,
            progress->task->version->name, migration ? migration->identity : "");
    if (progress->group_count > 1)
        fprintf(stderr, " (group %" PRId64 " of %" PRId64 ")", progress->group,
                progress->group_count);
    if (!watch->terminal)
        fputc('\n', stderr);
    watch->line_open = watch->terminal;
    fflush(stderr);
}

static void watch_retry(void *context, const RunTask *task, const char *sqlstate, int64_t attempt,
                        int64_t delay_ms)
{
    RunWatch *watch = context;
    run_watch_done(watch);
    fprintf(stderr, "%s: %s %s: rolled back (%s), attempt %" PRId64 " follows in %" PRId64 " ms\n",
            watch->program, task->version->name, task->migration ? task->migration->identity : "",
            sqlstate, attempt + 1, delay_ms);
}

static void watch_lock(void *context, const PgLockHolder *holder)
{
    RunWatch *watch = context;
    fprintf(stderr,
            "%s: waiting for another applier: process %" PRId64 " of %s, from %s, since %s\n",
            watch->program, holder->pid, holder->user, holder->address, holder->since);
}

void run_watch_done(RunWatch *watch)
{
    if (watch->line_open)
        fputc('\n', stderr);
    watch->line_open = false;
}

bool run_options_accepts(const RunCommandOptions *given, AcceptRequestArray *ret_accepts,
                         Error *err)
{
    AcceptRequestArray accepts = {0};
    array_each (const char *const, word, &given->accept_extra) {
        AcceptRequest request;
        if (!accept_request_parse(*word, &request, err)) {
            accept_requests_done(&accepts);
            return false;
        }
        *array_add(&accepts) = request;
    }
    *ret_accepts = accepts;
    return true;
}

/* In milliseconds: as given, as the site says, or `otherwise`. */
static int64_t seconds_to_ms(int64_t given, int64_t site, int64_t otherwise_ms)
{
    int64_t seconds = given != RUN_AS_THE_SITE_SAYS ? given : site;
    return seconds >= 0 ? seconds * 1000 : otherwise_ms;
}

#define ENDING_QUIET_MS 2000 /* a COMMIT on a busy disk is no news */

static void watch_ending(void *context, int64_t waited_ms)
{
    RunWatch *watch = context;
    int64_t now = clock_monotonic_ms();
    if (waited_ms < ENDING_QUIET_MS || now - watch->link_said_ms < HEARTBEAT_MS)
        return;
    watch->link_said_ms = now;
    run_watch_done(watch);
    fprintf(stderr,
            "%s: every step is committed; waiting for the COMMIT of the run's end since %" PRId64
            " s: for the disk, or for a synchronous standby to confirm it\n",
            watch->program, waited_ms / 1000);
}

static void watch_stopping(void *context, int64_t groups)
{
    RunWatch *watch = context;
    run_watch_done(watch);
    fprintf(stderr,
            "%s: %" PRId64
            " group%s behind the running one %s with the server already and cannot be "
            "held back: %s first; a second signal cancels\n",
            watch->program, groups, groups == 1 ? "" : "s", groups == 1 ? "is" : "are",
            groups == 1 ? "it ends" : "they end");
}

RunOptions run_options_make(const RunCommandOptions *given, const SiteConfig *site, RunWatch *watch,
                            const char *program)
{
    *watch = (RunWatch){.program = program,
                        .terminal = isatty(STDERR_FILENO) != 0,
                        .last_ms = clock_monotonic_ms()};
    RunOptions run = run_options_default();
    run.conninfo = given->target.db;
    run.lock_wait_ms = given->lock_wait * 1000;
    run.lock_timeout_ms = given->lock_timeout;
    run.reconnect_ms = seconds_to_ms(given->reconnect, site->reconnect_s, run.reconnect_ms);
    run.step_limit_ms = seconds_to_ms(given->step_limit, site->step_limit_s, run.step_limit_ms);
    run.link_news = link_watch;
    run.words = given->target.show_sql ? WORDS_WHOLE : WORDS_REDACTED;
    run.refuse_superuser = site->superuser == SUPERUSER_REFUSE;
    run.ledger_owner = site->ledger_owner;
    run.schema.strict = given->strict;
    if (site->look_under_lock_ms >= 0)
        run.schema.look_under_lock_ms = site->look_under_lock_ms;
    run.lock_waiting = watch_lock;
    run.listener =
        (RunListener){.progress = watch_progress, .retry = watch_retry, .context = watch};
    run.listener.stopping = watch_stopping;
    run.listener.ending = watch_ending;
    interrupt_say_on_first(
        "\napplier: stopping at the next safe point; a second signal cancels what "
        "runs\n");
    return run;
}
