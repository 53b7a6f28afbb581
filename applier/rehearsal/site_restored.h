/* Whether what the operator gives as a restored copy is one, and not the real database (decision
 * record 0021). Reads only. */
#ifndef SEALIFT_APPLIER_SITE_RESTORED_H
#define SEALIFT_APPLIER_SITE_RESTORED_H

#include "applier/rehearsal/site_rehearsal.h"

/* Look at options->clone, and at the real database where that is given; their names go into
 * *rehearsal. ERROR_TARGET where the copy is the real database, may be the primary that a standby
 * given as real follows, is a copy of another one, or the one that is used of the two; without a
 * real one to compare with, where its ledger was made or used where it is, and where it is not
 * marked as a copy and options->clone_unchecked is not set. pg_session_open's errors and those of
 * reading a ledger. */
bool site_restored_check(const SiteRehearsalOptions *options, SiteRehearsal *rehearsal,
                         Error *err) MUST_CHECK;

#endif
