/* A rollback, from what the database holds alone: neither bundle nor product nor trust folder. */
#ifndef SEALIFT_APPLIER_ROLLBACK_RUN_H
#define SEALIFT_APPLIER_ROLLBACK_RUN_H

#include "applier/ledger/stored_bundle.h"
#include "applier/runs/apply_run.h"
#include "applier/runs/rollback_plan.h"
#include "applier/site/site_config.h"

typedef struct RollbackOptions {
    RunOptions run;
    RollbackTarget target;
    StoredTrust trust;
    RollbackNeeds needs;
    /* Called with the list once it stands, before anything is done: false stops, with the error
     * that it set (a question answered by no). NULL: go on. */
    bool (*confirm)(void *context, const RollbackList *list, const WayBackArray *ways, Error *err);
    void *confirm_context;
} RollbackOptions;

typedef struct RollbackReport {
    char *from_version;  /* owned; "-" for none */
    char *to_version;    /* owned */
    char *version;       /* owned: what holds when the run ends; or NULL */
    int64_t tasks;       /* what was to be taken back; 0: nothing */
    StoredProof proven;  /* the weakest of the bundles that were used */
    WayBackArray ways;   /* what was rehearsed of each, in the order of taking back */
    SchemaReport schema; /* the last look at the schema */
    SettleReport settled;
    RunReport run;
    char *warnings; /* owned: one line each, or "" */
    char *redacted; /* owned */
    int64_t reconnects;
    int64_t duration_ms;
    JournalChain chain; /* where the journal ends, for the site's state file */
} RollbackReport;

void rollback_report_done(RollbackReport *report);

/* Do it. ERROR_TARGET, with nothing done, where there is no ledger, the target cannot be, a
 * migration has no way back or one that failed when it was rehearsed, or the schema has drifted;
 * ERROR_TRUST where what is stored is not proven as the site demands; else as step_runner_run. */
bool rollback_run(const RollbackOptions *options, RollbackReport *report, Error *err) MUST_CHECK;

/* What `resume` is to do. */
typedef enum {
    RESUME_NOTHING,  /* the database is at rest */
    RESUME_APPLY,    /* apply_run with the bundle at *ret_path, to the version of the open run */
    RESUME_ROLLBACK, /* rollback_run with --to the open run's target */
} ResumeKind;

typedef struct ResumePlan {
    ResumeKind kind;
    bool has_head;
    Digest head_digest; /* of the bundle of the open run */
    char *bundle_path;  /* owned; "" where none is recorded */
    char *to_version;   /* owned: the open run's target … */
    int64_t to_position; /* … and how many migrations are applied there (RollbackTarget.position) */
    char *unrest;        /* owned: what is unfinished, in words; or NULL */
} ResumePlan;

void resume_plan_done(ResumePlan *plan);

/* From the history alone (pure). */
void resume_plan_make(const History *history, ResumePlan *ret_plan);

#endif
