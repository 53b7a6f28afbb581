#include "applier/commands/link_watch.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/memory.h"

#define REPEAT_MS 5000

static bool is_due(RunWatch *watch)
{
    int64_t now = clock_monotonic_ms();
    if (now - watch->link_said_ms < REPEAT_MS)
        return false;
    watch->link_said_ms = now;
    return true;
}

static void say_old_session(RunWatch *watch, const LinkNews *news)
{
    const char *wait = news->wait;
    CLEANUP(memory_freep)
    char *words = memory_format(
        "the session that was lost (process %" PRId64 ") still holds the lock: %s%s%s for "
        "%" PRId64 " s; waiting for it to end",
        news->pid, *news->state ? news->state : "its state is not shown",
        *wait ? ", waits for " : "",
        strcmp(wait, "IPC/SyncRep") == 0 ? "a synchronous standby to confirm its COMMIT" : wait,
        news->query_ms / 1000);
    run_line_say(&watch->line, words);
}

void link_watch(void *context, const LinkNews *news)
{
    RunWatch *watch = context;
    CLEANUP(memory_freep) char *words = NULL;
    switch (news->kind) {
    case LINK_LOST:
        run_line_say(&watch->line, news->words);
        words = memory_format("trying to come back for %" PRId64 " s (--reconnect)",
                              news->patience_ms / 1000);
        run_line_say(&watch->line, words);
        watch->link_said_ms = clock_monotonic_ms();
        break;
    case LINK_NO_SERVER:
        words = memory_format("waiting for the server, %" PRId64 " of %" PRId64 " s: %s",
                              news->waited_ms / 1000, news->patience_ms / 1000, news->words);
        if (is_due(watch))
            run_line_say(&watch->line, words);
        break;
    case LINK_OLD_SESSION:
        if (is_due(watch))
            say_old_session(watch, news);
        break;
    case LINK_BACK:
        words = memory_format("connected again after %" PRId64 " s, the lock is held: going on "
                              "from what the ledger says",
                              news->waited_ms / 1000);
        run_line_say(&watch->line, words);
        break;
    }
}
