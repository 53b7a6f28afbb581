/* A rollback, from what the database holds alone: neither bundle nor product nor trust folder. */
#ifndef SEALIFT_APPLIER_ROLLBACK_RUN_H
#define SEALIFT_APPLIER_ROLLBACK_RUN_H

#include "applier/ledger/stored_bundle.h"
#include "applier/runs/apply_run.h"
#include "applier/runs/rollback_plan.h"
#include "applier/runs/rollback_proof.h"
#include "applier/site/site_config.h"

/* What is about to be done, for those who show it; all borrowed. */
typedef struct RollbackView {
    const char *product;
    const char *database; /* named without secrets */
    const RollbackList *list;
    const RunTaskArray *tasks;
    const WayBackArray *ways;   /* one for each task */
    const NameArray *unproven;  /* versions that nobody has proven come to this way */
    const PastBackup *backup;   /* that could be restored instead, or NULL */
    const SchemaReport *schema; /* of what is there now */
    const BackupRequest *request;
    int64_t server_major;
    StoredProof proven;
} RollbackView;

/* False stops, with the error that it set. */
typedef bool (*RollbackShow)(void *context, const RollbackView *view, Error *err);

typedef struct RollbackOptions {
    RunOptions run;
    RollbackTarget target;
    StoredTrust trust;
    RollbackNeeds needs;
    const NameArray *accept_losses; /* identities of migrations; or NULL */
    bool accept_unproven;           /* versions on the way that come out as nobody has proven */
    /* Called with the list once it stands, before anything is done, and once more where nothing
     * stands against it: `ask` stops by false (a question answered by no). NULL: go on. */
    RollbackShow show;
    RollbackShow ask;
    void *show_context;
} RollbackOptions;

typedef struct RollbackReport {
    char *from_version; /* owned; "-" for none */
    char *to_version;   /* owned */
    char *inside;       /* owned: the version that it ends inside of, behind to_version; or NULL */
    int64_t inside_count; /* … with so many migrations of it */
    char *version;        /* owned: what holds when the run ends; or NULL */
    int64_t tasks;        /* what was to be taken back; 0: nothing */
    StoredProof proven;   /* the weakest of the bundles that were used */
    WayBackArray ways;    /* what was rehearsed of each, in the order of taking back */
    SchemaReport schema;  /* the last look at the schema */
    SettleReport settled;
    RunReport run;
    BackupRecord backup; /* what was made or named before it, where that was asked */
    char *warnings;      /* owned: one line each, or "" */
    char *redacted;      /* owned */
    int64_t reconnects;
    int64_t duration_ms;
    JournalChain chain; /* where the journal ends, for the site's state file */
} RollbackReport;

void rollback_report_done(RollbackReport *report);

/* Do it. ERROR_TARGET, with nothing done, where there is no ledger, the target cannot be, a
 * migration has no way back or one that failed when it was rehearsed, data would be lost or a
 * schema come out unproven that nobody has accepted, or the schema has drifted;
 * ERROR_TRUST where what is stored is not proven as the site demands; else as step_runner_run. */
bool rollback_run(const RollbackOptions *options, RollbackReport *report, Error *err) MUST_CHECK;

/* The same up to the question, read only and without the lock: options->show sees what would be
 * done. What the operator would have to accept is no error. */
bool rollback_run_plan(const RollbackOptions *options, RollbackReport *report,
                       Error *err) MUST_CHECK;

#endif
