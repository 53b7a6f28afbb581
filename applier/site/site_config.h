/* What a site says of itself: `applier.conf` in its configuration folder, and where its folders
 * are. Everything is optional: a site that says nothing takes only bundles for every site. */
#ifndef SEALIFT_APPLIER_SITE_CONFIG_H
#define SEALIFT_APPLIER_SITE_CONFIG_H

#include "base/error.h"
#include "bundles/head.h"

/* What must vouch for a stored bundle before it is rolled back; each includes the next. */
typedef enum {
    ROLLBACK_NEEDS_SIGNATURE,
    ROLLBACK_NEEDS_STATE,
    ROLLBACK_NEEDS_NOTHING
} RollbackNeeds;

/* What becomes of a run as a superuser of the database. */
typedef enum { SUPERUSER_WARN, SUPERUSER_REFUSE } SuperuserPolicy;

typedef struct SiteConfig {
    char *config_folder; /* owned: SEALIFT_CONFIG_DIR, default /etc/sealift */
    char *state_folder;  /* owned: SEALIFT_STATE_DIR, default /var/lib/sealift */
    /* [site] in applier.conf; owned, NULL where not set */
    char *name;         /* name */
    char *environment;  /* environment */
    char *channel;      /* channel */
    char *ledger_owner; /* ledger-owner: a role that may own the ledger besides the one that runs */
    RollbackNeeds rollback_needs; /* rollback-needs: signature, state, nothing (default) */
    SuperuserPolicy superuser;    /* superuser: warn (default), refuse */
    int64_t look_under_lock_ms;   /* look-under-lock-ms; -1 where not set */
    int64_t reconnect_s;          /* reconnect, seconds; likewise */
    int64_t step_limit_s;         /* step-limit, seconds; likewise */
} SiteConfig;

/* Find the folders and read applier.conf where it is there. ERROR_CONFIG. */
bool site_config_read(SiteConfig *ret_config, Error *err) MUST_CHECK;
void site_config_done(SiteConfig *config);

/* Whether the bundle is for this site, its environment and its channel. There is no override.
 * ERROR_TRUST, with what the bundle is for and what this site is. */
bool site_config_check_head(const SiteConfig *config, const Head *head, Error *err) MUST_CHECK;

#endif
