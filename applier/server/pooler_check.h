/* What stands between us and the server, found by trying (ENGINE.md 4).
 *
 * A pooler makes up the process id that it gives its clients. Where that is the server's own,
 * nothing stands between, and no question was asked. Else a second connection begins a transaction
 * and says which process serves it: a pooler that shares processes between clients gives it ours,
 * or then gives us another. A pool that nobody else uses always gives the same one, so that asking
 * the first session again and again would show nothing.
 *
 * In such a pool the lock, the settings and the transaction of a session belong to whoever comes
 * next: nothing that we do would be safe, for us or for the others. */
#ifndef SEALIFT_APPLIER_POOLER_CHECK_H
#define SEALIFT_APPLIER_POOLER_CHECK_H

#include "applier/server/pg_session.h"

#define POOLER_ROUNDS      8     /* of a transaction beside and a question here */
#define POOLER_PATIENCE_MS 10000 /* how long a pool may take to serve the second connection */

/* `session` has its connection and facts and no transaction open. Without a pooler no turn is made.
 * PG_TRANSACTION_POOL is also a pool that shares by statement. ERROR_TARGET where the pool serves
 * one connection only, ERROR_CONNECTION as pg_query. */
bool pooler_check(PgSession *session, PgPooler *ret_pooler, Error *err) MUST_CHECK;

/* Refuse such a pool by name: ERROR_TARGET. Returns false. */
bool pooler_refuse(const PgSession *session, Error *err);

#endif
