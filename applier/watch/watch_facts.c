#include "applier/watch/watch_facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void watch_facts_done(WatchFacts *facts)
{
    array_free(&facts->blockers);
    *facts = (WatchFacts){0};
}

void watch_copy_name(char *to, size_t size, const char *from)
{
    CLEANUP(memory_freep) char *printable = text_printable(from, strlen(from), size - 1);
    size_t length = strlen(printable);
    if (length > size - 1)
        length = size - 1;
    while (length > 0 && !text_is_utf8(printable, length))
        length--;
    memcpy(to, printable, length);
    to[length] = '\0';
}

bool watch_facts_lock(const WatchFacts *facts)
{
    return strcmp(facts->wait_type, "Lock") == 0;
}

bool watch_facts_standby(const WatchFacts *facts)
{
    return strcmp(facts->wait_event, "SyncRep") == 0;
}

int watch_progress_percent(const WatchProgress *progress)
{
    if (progress->total <= 0 || progress->done < 0)
        return -1;
    int64_t done = progress->done > progress->total ? progress->total : progress->done;
    return (int)((double)done * 100.0 / (double)progress->total);
}

static void add_count(const WatchProgress *progress, Text *text)
{
    bool bytes = strcmp(progress->unit, "bytes") == 0;
    if (bytes)
        watch_bytes_words(progress->done, text);
    else
        text_addf(text, "%" PRId64, progress->done);
    if (progress->total > 0)
        text_add(text, " of ");
    if (progress->total > 0 && bytes)
        watch_bytes_words(progress->total, text);
    else if (progress->total > 0)
        text_addf(text, "%" PRId64, progress->total);
    if (!bytes)
        text_addf(text, " %s",
                  strcmp(progress->unit, "lockers") == 0 ? "others waited for" : progress->unit);
}

void watch_progress_words(const WatchProgress *progress, Text *text)
{
    if (!*progress->what)
        return;
    text_add(text, progress->what);
    if (*progress->phase)
        text_addf(text, ", %s", progress->phase);
    if (progress->total <= 0 && progress->done <= 0)
        return;
    text_add(text, ", ");
    add_count(progress, text);
    int percent = watch_progress_percent(progress);
    if (percent >= 0 && strcmp(progress->unit, "lockers") != 0)
        text_addf(text, " (%d %%)", percent);
}

/* --- who is in the way ----------------------------------------------------------------------- */

static void add_doing(const WatchBlocker *blocker, Text *text)
{
    if (!*blocker->state) {
        text_add(text, ", what it does is seen by pg_read_all_stats only");
        return;
    }
    bool active = strcmp(blocker->state, "active") == 0;
    text_addf(text, ", %s for ", blocker->state);
    watch_duration_words(active ? blocker->query_ms : blocker->state_ms, text);
    /* a transaction that is much older than what it does now is what to look at */
    if (blocker->transaction_ms > 2 * (active ? blocker->query_ms : blocker->state_ms) + 1000) {
        text_add(text, ", its transaction for ");
        watch_duration_words(blocker->transaction_ms, text);
    }
}

void watch_blocker_words(const WatchBlocker *blocker, Text *text)
{
    if (blocker->pid == 0) {
        text_addf(text, "prepared transaction '%s' (user %s, prepared for ", blocker->prepared,
                  blocker->user);
        watch_duration_words(blocker->transaction_ms, text);
        text_add_char(text, ')');
        return;
    }
    text_addf(text, "pid %" PRId64, blocker->pid);
    if (!*blocker->user) {
        text_addf(text, " (%s)", *blocker->type ? blocker->type : "a process of the server");
        return;
    }
    text_addf(text, " (user %s, ", blocker->user);
    text_addf(text, *blocker->application ? "application %s" : "no application name%s",
              blocker->application);
    if (*blocker->address && strcmp(blocker->address, "local") != 0)
        text_addf(text, ", from %s", blocker->address);
    add_doing(blocker, text);
    if (*blocker->statement)
        text_addf(text, ": %s", blocker->statement);
    text_add_char(text, ')');
}

static void add_blockers(const WatchBlockerArray *blockers, Text *text)
{
    size_t shown = blockers->count > WATCH_WORDS_BLOCKERS ? WATCH_WORDS_BLOCKERS : blockers->count;
    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            text_add(text, i + 1 == blockers->count ? " and " : ", ");
        watch_blocker_words(&blockers->items[i], text);
    }
    if (shown < blockers->count)
        text_addf(text, " and %zu more", blockers->count - shown);
}

/* What a lock on something else than a relation stands for. */
static const char *object_words(const char *object)
{
    static const struct {
        const char *type;
        const char *words;
    } types[] = {{"transactionid", "the end of a transaction"},
                 {"virtualxid", "the end of a transaction"},
                 {"tuple", "a row"},
                 {"advisory", "an advisory lock"}};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(types[i].type, object) == 0)
            return types[i].words;
    return NULL;
}

void watch_lock_words(const WatchFacts *facts, Text *text)
{
    if (!watch_facts_lock(facts))
        return;
    const char *object = object_words(facts->lock_object);
    if (!*facts->lock_mode)
        text_add(text, "waits for a lock");
    else if (object)
        text_addf(text, "waits for %s", object);
    else
        text_addf(text, "waits for %s on %s", facts->lock_mode, facts->lock_object);
    if (!facts->blockers.count)
        return;
    text_add(text, ", held up by ");
    add_blockers(&facts->blockers, text);
}

void watch_doing_words(const WatchFacts *facts, Text *text)
{
    if (!*facts->state) {
        text_add(text, "what it does is seen by pg_read_all_stats only");
        return;
    }
    bool active = strcmp(facts->state, "active") == 0;
    text_add(text, active ? "at a statement for " : facts->state);
    if (!active)
        text_add(text, ", its last statement was sent ");
    watch_duration_words(facts->statement_ms, text);
    if (!active)
        text_add(text, " ago");
    if (!active || !watch_facts_lock(facts))
        return;
    text_add(text, ", ");
    watch_lock_words(facts, text);
}

void watch_blocked_words(const WatchBlockerArray *blockers, Text *text)
{
    if (!blockers->count)
        return;
    text_add(text, "blocked by ");
    add_blockers(blockers, text);
}

void watch_cancelled_words(const WatchCancelled *cancelled, Text *text)
{
    text_add(text, !cancelled->told   ? "was gone before it could be cancelled: "
                   : cancelled->ended ? "ended the session of "
                                      : "cancelled the statement of ");
    text_addf(text, "pid %" PRId64, cancelled->pid);
    if (!*cancelled->user)
        text_addf(text, " (%s)", cancelled->type);
    else
        text_addf(text, " (user %s, application %s)", cancelled->user, cancelled->application);
}

/* --- numbers for people ---------------------------------------------------------------------- */

void watch_duration_words(int64_t ms, Text *text)
{
    int64_t seconds = ms / 1000;
    if (ms < 1000)
        text_addf(text, "%" PRId64 " ms", ms < 0 ? 0 : ms);
    else if (seconds < 10)
        text_addf(text, "%" PRId64 ".%" PRId64 " s", seconds, ms % 1000 / 100);
    else if (seconds < 120)
        text_addf(text, "%" PRId64 " s", seconds);
    else if (seconds < 2 * 3600)
        text_addf(text, "%" PRId64 " min", seconds / 60);
    else if (seconds < 48 * 3600)
        text_addf(text, "%" PRId64 " h %" PRId64 " min", seconds / 3600, seconds % 3600 / 60);
    else
        text_addf(text, "%" PRId64 " d", seconds / 86400);
}

void watch_bytes_words(int64_t bytes, Text *text)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    if (bytes < 1024) {
        text_addf(text, "%" PRId64 " bytes", bytes);
        return;
    }
    size_t unit = 0;
    for (size /= 1024; size >= 1024 && unit + 1 < ARRAY_LEN(units); size /= 1024)
        unit++;
    text_addf(text, size < 10 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

int64_t watch_eta_ms(int64_t done_then, int64_t done_now, int64_t total, int64_t elapsed_ms)
{
    int64_t done = done_now - done_then;
    if (total <= 0 || done <= 0 || elapsed_ms < 1000)
        return -1;
    if (done_now >= total)
        return 0;
    return (int64_t)((double)(total - done_now) * (double)elapsed_ms / (double)done);
}
