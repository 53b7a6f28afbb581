/* Who holds the run's lock, and what for: an applier at work elsewhere, or the session that a
 * killed one left behind, which goes on with its statement for as long as that takes. The server
 * cannot tell the two apart, so the operator is told what it does, who is in its way, and how it is
 * ended. */
#ifndef SEALIFT_APPLIER_LOCK_HOLDER_H
#define SEALIFT_APPLIER_LOCK_HOLDER_H

#include "applier/server/pg_lock.h"

/* What the holder is at, as watch_doing_words says it. Errors are pg_query's. */
bool lock_holder_words(PgSession *session, const PgLockHolder *holder, Text *ret_words,
                       Error *err) MUST_CHECK;

/* Behind a pg_lock_take that gave up on somebody: what that session does, as the error's detail,
 * and what to do about it, as its hint. Leaves other errors as they are. Returns false, always. */
bool lock_holder_explain(PgSession *session, Error *err);

#endif
