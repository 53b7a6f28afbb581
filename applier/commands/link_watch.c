#include "applier/commands/link_watch.h"

#include <inttypes.h>

#include "base/clock.h"

#define REPEAT_MS 5000

static bool is_due(RunWatch *watch)
{
    int64_t now = clock_monotonic_ms();
    if (now - watch->link_said_ms < REPEAT_MS)
        return false;
    watch->link_said_ms = now;
    return true;
}

static void say_old_session(const RunWatch *watch, const LinkNews *news)
{
    const char *wait = news->wait;
    fprintf(stderr,
            "%s: the session that was lost (process %" PRId64 ") still holds the lock: %s%s%s for "
            "%" PRId64 " s; waiting for it to end\n",
            watch->program, news->pid, *news->state ? news->state : "its state is not shown",
            *wait ? ", waits for " : "",
            strcmp(wait, "IPC/SyncRep") == 0 ? "a synchronous standby to confirm its COMMIT" : wait,
            news->query_ms / 1000);
}

void link_watch(void *context, const LinkNews *news)
{
    RunWatch *watch = context;
    run_watch_done(watch);
    switch (news->kind) {
    case LINK_LOST:
        fprintf(stderr, "%s: %s\n%s: trying to come back for %" PRId64 " s (--reconnect)\n",
                watch->program, news->words, watch->program, news->patience_ms / 1000);
        watch->link_said_ms = clock_monotonic_ms();
        break;
    case LINK_NO_SERVER:
        if (is_due(watch))
            fprintf(stderr, "%s: waiting for the server, %" PRId64 " of %" PRId64 " s: %s\n",
                    watch->program, news->waited_ms / 1000, news->patience_ms / 1000, news->words);
        break;
    case LINK_OLD_SESSION:
        if (is_due(watch))
            say_old_session(watch, news);
        break;
    case LINK_BACK:
        fprintf(stderr,
                "%s: connected again after %" PRId64 " s, the lock is held: going on from what the "
                "ledger says\n",
                watch->program, news->waited_ms / 1000);
        break;
    }
}
