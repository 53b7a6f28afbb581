#include "applier/watch/lock_holder.h"

#include <inttypes.h>

#include "applier/watch/watch_rows.h"

bool lock_holder_words(PgSession *session, const PgLockHolder *holder, Text *ret_words, Error *err)
{
    WatchFacts facts = {0};
    if (!watch_rows_ask(session, holder->pid, &facts, err))
        return error_wrap(err, "asking what the holder of the lock does");
    watch_doing_words(&facts, ret_words);
    watch_facts_done(&facts);
    return true;
}

bool lock_holder_explain(PgSession *session, Error *err)
{
    PgLockHolder holder = {0};
    bool held = false;
    CLEANUP(text_done) Text words = {0};
    CLEANUP(error_done) Error ignored = {0}; /* the first error is what ends the run */
    if (err->class != ERROR_LOCKED || !pg_lock_look(session, &held, &holder, &ignored) || !held ||
        !lock_holder_words(session, &holder, &words, &ignored))
        return false;
    error_detail(err, "process %" PRId64 ": %s", holder.pid, text_string(&words));
    return error_hint(
        err,
        "wait for it to end (--lock-wait SECONDS waits longer); where its applier is "
        "gone, killed or cut off, end its session: SELECT pg_terminate_backend(%" PRId64
        "); then give the same command again",
        holder.pid);
}
