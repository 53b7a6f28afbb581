#include "applier/commands/run_options.h"

#include <inttypes.h>

#include "applier/commands/link_watch.h"
#include "base/interrupt.h"

#define ATTEMPTS_MOST  1000000
#define HEARTBEAT_MOST 86400

void run_options_defaults(RunCommandOptions *options)
{
    RunOptions run = run_options_default();
    options->lock_wait = run.lock_wait_ms / 1000;
    options->lock_timeout = run.lock_timeout_ms;
    options->attempts = RETRY_ATTEMPTS_DEFAULT;
    options->heartbeat = RUN_WATCH_HEARTBEAT_MS / 1000;
    options->reconnect = options->step_limit = RUN_AS_THE_SITE_SAYS;
}

bool accept_words_parse(const StringArray *words, AcceptRequestArray *ret_accepts, Error *err)
{
    AcceptRequestArray accepts = {0};
    array_each (const char *const, word, words) {
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

bool run_options_accepts(const RunCommandOptions *given, AcceptRequestArray *ret_accepts,
                         Error *err)
{
    if (given->attempts < 1 || given->attempts > ATTEMPTS_MOST)
        return error_set(err, ERROR_USAGE, "--attempts takes 1 to %d, not %" PRId64, ATTEMPTS_MOST,
                         given->attempts);
    if (given->heartbeat > HEARTBEAT_MOST)
        return error_set(err, ERROR_USAGE, "--heartbeat takes at most %d seconds, not %" PRId64,
                         HEARTBEAT_MOST, given->heartbeat);
    LagLimit limit;
    if (given->max_lag && !lag_limit_parse(given->max_lag, &limit)) {
        error_set(err, ERROR_USAGE, "--max-lag is '%s': expected a size or a time", given->max_lag);
        return error_hint(err, LAG_LIMIT_WORDS);
    }
    return accept_words_parse(&given->accept_extra, ret_accepts, err);
}

/* In milliseconds: as given, as the site says, or `otherwise`. */
static int64_t seconds_to_ms(int64_t given, int64_t site, int64_t otherwise_ms)
{
    int64_t seconds = given != RUN_AS_THE_SITE_SAYS ? given : site;
    return seconds >= 0 ? seconds * 1000 : otherwise_ms;
}

RunOptions run_options_make(const RunCommandOptions *given, const SiteConfig *site, RunWatch *watch,
                            const char *program)
{
    const RunWatchOptions watched = {.program = program,
                                     .heartbeat_ms = given->heartbeat * 1000,
                                     .show_sql = given->target.show_sql,
                                     .cancel_blockers = given->cancel_blockers};
    run_watch_init(watch, &watched);
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
    run.parameters = (ParameterRequests){.set = &given->set, .site = &site->parameters};
    if (site->look_under_lock_ms >= 0)
        run.schema.look_under_lock_ms = site->look_under_lock_ms;
    run.attempts = (int)given->attempts;
    run.conflicts = given->ignore_conflicts ? CONFLICTS_IGNORED : CONFLICTS_REFUSED;
    run.same_site = given->same_site;
    run.max_lag = site->max_lag;
    if (given->max_lag)
        (void)!lag_limit_parse(given->max_lag, &run.max_lag); /* run_options_accepts has read it */
    run.lock_waiting = run_watch_lock;
    run.listener = run_watch_listener(watch);
    interrupt_say_on_first(
        "\napplier: stopping at the next safe point; a second signal cancels what "
        "runs\n");
    return run;
}
