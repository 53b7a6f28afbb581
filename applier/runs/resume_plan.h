/* What `applier resume` is to do, read from the ledger. */
#ifndef SEALIFT_APPLIER_RESUME_PLAN_H
#define SEALIFT_APPLIER_RESUME_PLAN_H

#include "applier/ledger/history.h"

/* What `resume` is to do. */
typedef enum {
    RESUME_NOTHING,  /* the database is at rest */
    RESUME_APPLY,    /* apply_run with the bundle at bundle_path, to the version of the open run */
    RESUME_ROLLBACK, /* rollback_run with --to the open run's target */
} ResumeKind;

typedef struct ResumePlan {
    ResumeKind kind;
    bool has_head;
    Digest head_digest; /* of the bundle of the open run */
    char *bundle_path;  /* owned; "" where none is recorded */
    bool before_only;   /* the open run was to do the phase before alone, as is on record */
    char *to_version;   /* owned: its target … */
    int64_t to_position; /* … and how many migrations are applied there (RollbackTarget.position) */
    char *unrest;        /* owned: what is unfinished, in words; or NULL */
} ResumePlan;

void resume_plan_done(ResumePlan *plan);

/* From the history alone (pure). */
void resume_plan_make(const History *history, ResumePlan *ret_plan);

#endif
