/* What a site remembers of a database outside of it, so that a restored or lost database cannot
 * make it forget: `<state>/<product-uuid>/<database-uuid>/state`, text:
 *
 *     sealift-state 1
 *     product-uuid: …            both from our own UUIDs: no name from a bundle becomes a path
 *     database-uuid: …
 *     epoch: 0                   highest seen, with the highest floor of that epoch
 *     floor: 0
 *     keyring-version: 0
 *     latest-time: …             latest time seen, or -
 *     last-receipt: …            its digest, or -
 *     journal-head: …            digest of the newest journal row, or -
 *     applied: 7 <HEAD digest>   one per bundle, in the order of application
 *     end: 1                     how many
 */
#ifndef SEALIFT_APPLIER_SITE_STATE_H
#define SEALIFT_APPLIER_SITE_STATE_H

#include "applier/site/site_config.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/uuid.h"

#define SITE_STATE_APPLIED_MAX 65536
#define SITE_STATE_SIZE_MAX    (16 << 20)

typedef struct SiteApplied {
    int64_t sequence;
    Digest head_digest;
} SiteApplied;

typedef ARRAY_OF(SiteApplied) SiteAppliedArray;

typedef struct SiteState {
    char product_uuid[UUID_TEXT_SIZE];
    char database_uuid[UUID_TEXT_SIZE];
    int64_t epoch;
    int64_t floor;
    int64_t keyring_version;
    char latest_time[CLOCK_TEXT_SIZE];  /* or "-" */
    char last_receipt[DIGEST_HEX_SIZE]; /* or "-" */
    char journal_head[DIGEST_HEX_SIZE]; /* or "-" */
    SiteAppliedArray applied;           /* owned */
} SiteState;

void site_state_done(SiteState *state);

/* Read the state of a database, or an empty one where there is none (*ret_present, which may be
 * NULL, tells). ERROR_CONFIG where the file is damaged or another database's, ERROR_IO. */
bool site_state_read(const SiteConfig *config, const char *product_uuid, const char *database_uuid,
                     SiteState *ret_state, bool *ret_present, Error *err) MUST_CHECK;

/* Write it whole and atomically, 0600 in folders of 0700. ERROR_IO where the folder cannot be
 * written: the caller may go on with a warning. */
bool site_state_write(const SiteConfig *config, const SiteState *state, Error *err) MUST_CHECK;

/* Add a bundle, once. ERROR_TRUST where its sequence is known with another digest (two bundles
 * under one number), ERROR_CONFIG where no more fit. */
bool site_state_add_applied(SiteState *state, int64_t sequence, const Digest *head_digest,
                            Error *err) MUST_CHECK;

/* The bundle that was applied under this sequence, or NULL. */
const SiteApplied *site_state_find(const SiteState *state, int64_t sequence);

/* Whether a bundle with this HEAD was applied. */
bool site_state_holds(const SiteState *state, const Digest *head_digest);

/* Raise what only ever rises: (epoch, floor), keyring version, and the latest time seen. */
void site_state_raise(SiteState *state, int64_t epoch, int64_t floor, int64_t keyring_version,
                      int64_t seconds);

#endif
