/* Answers to the questions of watch_queries.sql, as facts; and the questions themselves, asked of a
 * session that is at nothing else: what another backend does and who is in its way. */
#ifndef SEALIFT_APPLIER_WATCH_ROWS_H
#define SEALIFT_APPLIER_WATCH_ROWS_H

#include "applier/server/pg_query.h"
#include "applier/watch/watch_facts.h"

/* From the rows of watch_backend, watch_progress, watch_blockers; no row leaves `ret` as it is. */
void watch_rows_backend(WatchFacts *ret_facts, const PGresult *rows);
void watch_rows_progress(WatchProgress *ret_progress, const PGresult *rows);
void watch_rows_blockers(WatchFacts *ret_facts, const PGresult *rows);

/* What backend `pid` does now, without its progress. Errors are pg_query's. The caller releases
 * with watch_facts_done. */
bool watch_rows_ask(PgSession *session, int64_t pid, WatchFacts *ret_facts, Error *err) MUST_CHECK;

#endif
