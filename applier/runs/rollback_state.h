/* A rollback under way; for rollback_run.c and its rooms. */
#ifndef SEALIFT_APPLIER_ROLLBACK_STATE_H
#define SEALIFT_APPLIER_ROLLBACK_STATE_H

#include "applier/runs/rollback_run.h"
#include "applier/runs/run_link.h"
#include "applier/runs/run_session.h"

/* One rollback under way, in one attempt or several (run_link.h): what stands above the line is of
 * all of them. */
typedef struct Rollback {
    const RollbackOptions *options;
    RollbackReport *report;
    RunLink link;
    RollbackTarget target; /* the options' own, then what the first plan made of it */
    bool accepted;         /* by the operator, and the backup is taken */
    bool announced;        /* the listener knows that the run has begun */
    bool dry;              /* nothing is written, a refusal neither */
    Text warnings;         /* of the first attempt */
    Text repeated;         /* of those behind it: mostly the same */
    /* of this attempt: */
    PgSession *session; /* holds the lock, runs the steps */
    RunTicks ticks;
    PgSession *reader; /* reads what is stored */
    StoredBundles bundles;
    History history;
    RollbackList list;
    RunTaskArray tasks;
    RollbackParameters parameters;
    WayBackArray ways;
    NameArray unproven; /* borrows from the manifests */
    SchemaCheck check;
} Rollback;

/* -- rollback_run.c -- */

/* Where this attempt's warnings go. */
Text *rollback_run_warnings(Rollback *rollback);

LedgerEvent rollback_run_event(const Rollback *rollback, LedgerPhase phase);

/* Nothing was begun: the ledger gets the refusal that `err` holds. Returns false. */
bool rollback_run_refused(Rollback *rollback, Error *err);

/* -- rollback_prepare.c -- */

/* The ledger's history, read anew. */
bool rollback_prepare_history(Rollback *rollback, Error *err) MUST_CHECK;

/* What a run before left open is settled. */
bool rollback_prepare_settle(Rollback *rollback, Error *err) MUST_CHECK;

/* What is to be taken back, and how: list, tasks, ways and parameters. */
bool rollback_prepare_plan(Rollback *rollback, Error *err) MUST_CHECK;

/* -- rollback_schema.c -- */

/* The proven schemas that it is compared with, before it begins and where it ends. */
bool rollback_schema_load(Rollback *rollback, Error *err) MUST_CHECK;
bool rollback_schema_before(Rollback *rollback, Error *err) MUST_CHECK;
bool rollback_schema_end(Rollback *rollback, Error *err) MUST_CHECK;

/* -- rollback_accept.c -- */

/* What the operator would have to accept: versions that come out unproven, data that is lost. */
void rollback_accept_find_unproven(Rollback *rollback);
bool rollback_accept_count_losses(Rollback *rollback, Error *err) MUST_CHECK;

/* To `shown`, which may be NULL. */
bool rollback_accept_show(Rollback *rollback, RollbackShow shown, Error *err) MUST_CHECK;

/* All of it, the question and the backup. */
bool rollback_accept_run(Rollback *rollback, Error *err) MUST_CHECK;

/* The losses that were accepted, into the ledger. */
bool rollback_accept_record(Rollback *rollback, Error *err) MUST_CHECK;

#endif
