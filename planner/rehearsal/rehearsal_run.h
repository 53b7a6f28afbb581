/* Rehearsals on several server majors, some at a time: for each a scratch cluster, and the real
 * `applier rehearse` on it. One loop watches them all; nothing outlives it. */
#ifndef SEALIFT_PLANNER_REHEARSAL_RUN_H
#define SEALIFT_PLANNER_REHEARSAL_RUN_H

#include "planner/rehearsal/rehearsal_report_read.h"
#include "planner/rehearsal/rehearsal_subject.h"
#include "planner/rehearsal/scratch_cluster.h"

typedef enum {
    JOB_WAITING,
    JOB_CLUSTER, /* its server is coming up */
    JOB_REHEARSING,
    JOB_DONE,   /* rehearsal holds the whole report */
    JOB_FAILED, /* failure says why there is none */
} JobState;

typedef struct RehearsalJob {
    const Server *server; /* borrowed */
    bool *cycled;         /* owned; per migration of the subject: goes through its cycle */
    size_t cycle_count;
    JobState state;
    Rehearsal rehearsal;
    Error failure;
    char *texts; /* owned: folder of the fingerprints' texts */
    /* while it runs: */
    ScratchCluster cluster;
    ChildProcess applier;
    int output; /* what applier prints; -1: closed */
    ReportReader *reader;
    char *words; /* owned: file with what applier says on stderr */
    int64_t begun_ms;
} RehearsalJob;

typedef ARRAY_OF(RehearsalJob) RehearsalJobArray;

typedef struct RehearsalRun {
    const ScratchFolder *folder; /* holds bundle and key: rehearsal_bundle.h */
    const RehearsalSubject *subject;
    const RehearsalSettings *settings;
    const char *applier;                                         /* path of the program */
    int64_t jobs;                                                /* how many at a time */
    void (*watch)(void *context, const RehearsalJobArray *jobs); /* now and then, for progress */
    void *context;
} RehearsalRun;

/* Add a job for a server; by `cycled` (copied) it says which migrations go through their cycle. */
void rehearsal_run_add(RehearsalJobArray *jobs, const RehearsalSubject *subject,
                       const Server *server, const bool *cycled);
void rehearsal_jobs_done(RehearsalJobArray *jobs); /* ends what still runs */

/* Make the site that trusts the rehearsal's key, and run all jobs to their end, good or bad.
 * ERROR_INTERRUPTED after SIGINT or SIGTERM (base/interrupt), with everything stopped; what else
 * goes wrong with one job is that job's failure. */
bool rehearsal_run(const RehearsalRun *run, RehearsalJobArray *jobs, Error *err) MUST_CHECK;

/* The applier that belongs to this planner: beside it, else on the PATH. The caller frees.
 * ERROR_CONFIG. */
bool rehearsal_find_applier(const char *given, char **ret_path, Error *err) MUST_CHECK;

#endif
