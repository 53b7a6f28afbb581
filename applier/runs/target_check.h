/* What the target must be, checked before anything is done: writable, a server that the bundle was
 * made for, encodings and extensions that the manifest requires, room for the locks. */
#ifndef SEALIFT_APPLIER_TARGET_CHECK_H
#define SEALIFT_APPLIER_TARGET_CHECK_H

#include "applier/server/pg_session.h"
#include "applier/steps/run_units.h"
#include "bundles/manifest.h"

/* Lines of warnings (one each) go to `warnings`. ERROR_TARGET. */
bool target_check(PgSession *session, const Manifest *manifest, Text *warnings,
                  Error *err) MUST_CHECK;

/* Not a standby. ERROR_TARGET. */
bool target_check_writable(const PgSession *session, Error *err) MUST_CHECK;

/* A line where a session pool stands between: cancelling and startup options are unreliable then.
 */
void target_check_pooler(const PgSession *session, Text *warnings);

/* Whether a transaction may lock `estimate` relations (ENGINE.md 14). ERROR_TARGET. `mode` is what
 * the operator chose: anything but ATOMIC_MIGRATION could be smaller transactions. */
bool target_check_locks(PgSession *session, int64_t estimate, AtomicMode mode,
                        Error *err) MUST_CHECK;

#endif
