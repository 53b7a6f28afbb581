/* What a site says of itself: `applier.conf` in its configuration folder, and where its folders
 * are. Everything is optional: a site that says nothing takes only bundles for every site. */
#ifndef SEALIFT_APPLIER_SITE_CONFIG_H
#define SEALIFT_APPLIER_SITE_CONFIG_H

#include "applier/site/lag_limit.h"
#include "applier/site/site_parameters.h"
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

/* What becomes of a run behind which there is no backup. */
typedef enum { BACKUP_POLICY_WARN, BACKUP_POLICY_REQUIRED, BACKUP_POLICY_OFF } BackupPolicy;

#define BACKUP_WITHIN_DEFAULT_S 7200

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
    LagLimit max_lag;             /* max-lag: as --max-lag; without it no limit */
    int64_t look_under_lock_ms;   /* look-under-lock-ms; -1 where not set */
    /* [backup] */
    BackupPolicy backup_policy; /* policy: warn (default), required, off */
    int64_t backup_within_s;    /* within: how old a backup may be; default 2h */
    char *backup_command;       /* command; owned, NULL where not set */
    char *backup_pg_dump; /* pg-dump: the program; owned, NULL: the fitting one is looked for */
    SiteParameterArray parameters; /* [parameters], [parameters PRODUCT] */
    int64_t reconnect_s;           /* reconnect, seconds; likewise */
    int64_t step_limit_s;          /* step-limit, seconds; likewise */
} SiteConfig;

/* "90s", "30m", "2h", "1d" as seconds, 1 s to 3650 d; false (ret untouched) for anything else. */
bool site_span_parse(const char *word, int64_t *ret_seconds) MUST_CHECK;

/* Find the folders and read applier.conf where it is there. ERROR_CONFIG. */
bool site_config_read(SiteConfig *ret_config, Error *err) MUST_CHECK;
void site_config_done(SiteConfig *config);

/* Whether the bundle is for this site, its environment and its channel. There is no override.
 * ERROR_TRUST, with what the bundle is for and what this site is. */
bool site_config_check_head(const SiteConfig *config, const Head *head, Error *err) MUST_CHECK;

#endif
