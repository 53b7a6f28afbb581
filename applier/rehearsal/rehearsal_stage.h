/* One database of a rehearsal under way: made anew, then migrations up and down by the ordinary
 * runner with a ledger of its own, in any order. What fails here fails as it would at a site. */
#ifndef SEALIFT_APPLIER_REHEARSAL_STAGE_H
#define SEALIFT_APPLIER_REHEARSAL_STAGE_H

#include "applier/rehearsal/rehearsal_cluster.h"
#include "applier/rehearsal/rehearsal_parameters.h"
#include "applier/rehearsal/rehearsal_seeds.h"
#include "applier/rehearsal/rehearsal_setup.h"
#include "applier/runs/apply_run.h"

typedef struct RehearsalStage {
    RehearsalCluster *cluster; /* borrowed, as all pointers but the session */
    const ApplyInput *input;   /* a bundle that starts at nothing */
    const RehearsalSetup *setup;
    const RehearsalSeeds *seeds; /* NULL: none are run */
    const char *database;
    const RehearsalParameters *parameters;
    const char *const *values; /* of those: RunTask.values */
    PgSession *session;        /* owned; NULL before rehearsal_stage_renew */
    PgSession *reader;         /* owned; a second one, for fingerprints; NULL until needed */
    JournalChain chain;
    size_t position; /* migrations applied */
} RehearsalStage;

void rehearsal_stage_done(RehearsalStage *stage); /* closes the sessions */

/* Put the whole cluster back and make the database anew, with what the setup makes and an empty
 * ledger that holds the bundle. No other stage may be open. */
bool rehearsal_stage_renew(RehearsalStage *stage, Error *err) MUST_CHECK;

/* The same, leaving the rest of the cluster as it is. */
bool rehearsal_stage_make(RehearsalStage *stage, Error *err) MUST_CHECK;

/* Throw the database away and make it a copy of another stage's, which stays where it is, with its
 * sessions closed until the next use. */
bool rehearsal_stage_copy(RehearsalStage *stage, RehearsalStage *from, Error *err) MUST_CHECK;

/* A run's outcome. Release by rehearsal_outcome_done. */
typedef struct RehearsalOutcome {
    bool passed;
    StepFailure failure; /* where it did not pass */
} RehearsalOutcome;

void rehearsal_outcome_done(RehearsalOutcome *outcome);

typedef struct RehearsalRun {
    AtomicMode atomic;
    const RunObserver *observer; /* or NULL */
} RehearsalRun;

/* Run `tasks`. A step that fails is no error here: *ret_outcome says it, and the database may be in
 * any state then. Errors: connection, interruption, the bundle's objects, the observer's. */
bool rehearsal_stage_run(RehearsalStage *stage, const RunTaskArray *tasks, const RehearsalRun *run,
                         RehearsalOutcome *ret_outcome, Error *err) MUST_CHECK;

/* Release the array's storage; for CLEANUP. */
void rehearsal_tasks_done(RunTaskArray *tasks);

/* Add the task of one migration, or of a version without migrations, to an array that begins where
 * the stage stands. */
void rehearsal_stage_add_migration(const RehearsalStage *stage, size_t migration,
                                   Direction direction, RunTaskArray *tasks);
/* All of a version: up in order, down in reverse. */
void rehearsal_stage_add_version(const RehearsalStage *stage, size_t version, Direction direction,
                                 RunTaskArray *tasks);

/* Run the migrations from where the stage stands until `end` are applied, each followed by its
 * seeds, without an observer; for building a database up. */
bool rehearsal_stage_advance(RehearsalStage *stage, size_t end, RehearsalOutcome *ret_outcome,
                             Error *err) MUST_CHECK;

/* The seeds of migration `index`, and of its version where it is the last of it. */
bool rehearsal_stage_seed(RehearsalStage *stage, size_t index, Error *err) MUST_CHECK;

#endif
