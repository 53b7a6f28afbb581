/* Measures each statement of a run at a site, verify and precheck scripts included, at real size,
 * from inside its session: how long it took, which locks it took on relations that were there
 * before its script, which of them it rewrote or read whole, how large they are, the WAL. A step
 * outside transactions has the locks that its kind is known to take.
 *
 * The measuring of a scratch rehearsal (rehearsal_measure.h) without its second connection. */
#ifndef SEALIFT_APPLIER_SITE_MEASURE_H
#define SEALIFT_APPLIER_SITE_MEASURE_H

#include "applier/rehearsal/measure_snapshot.h"
#include "applier/site/measured_store.h"
#include "applier/steps/run_observer.h"

/* A statement that ran; texts owned. */
typedef struct SiteStep {
    char *identity;
    char *version;
    char *source;
    ScriptKind script;
    int64_t statement; /* from 1 in its script */
    int64_t line;
    int64_t transaction; /* steps of the same number shared one */
    bool declared;       /* its locks are those its kind takes, not measured ones */
    int64_t begun_us;    /* clock_monotonic_us */
    int64_t duration_us;
    int64_t wal_bytes;
    MeasuredStepRelationArray relations;
    ARRAY_OF(char *) invalid_indexes; /* owned: that it left */
} SiteStep;

typedef ARRAY_OF(SiteStep) SiteStepArray;

/* How long a lock was held on a relation: the strongest, and of that all times together. */
typedef struct SiteLock {
    const char *relation; /* borrowed from the steps */
    LockMode lock;
    int64_t held_us;
} SiteLock;

typedef ARRAY_OF(SiteLock) SiteLockArray;

typedef enum {
    SITE_MEASURE_GROUPS,    /* transactions are the groups of the scripts */
    SITE_MEASURE_WHOLE_RUN, /* one transaction for all */
} SiteMeasureSpan;

typedef struct SiteMeasure SiteMeasure;

SiteMeasure *site_measure_new(SiteMeasureSpan span);
void site_measure_free(SiteMeasure *measure);
DEFINE_CLEANUP(SiteMeasure, site_measure_free)

/* Before a run, in any session on the database: how large everything is. `rows` counts rows where
 * somebody has (copied; NULL: what the server thinks). Keeps the steps that were measured before.
 */
bool site_measure_begin(SiteMeasure *measure, PgSession *session, const RowHashes *rows,
                        Error *err) MUST_CHECK;

/* Between up and way back of one transaction: sizes are read anew, and what was done to the session
 * since the last step (a look at the schema) is no later step's. pg_query's errors. */
bool site_measure_turn(SiteMeasure *measure, PgSession *session, Error *err) MUST_CHECK;

/* step_begins and step_ends of a run, with the measure as context. A step that runs again, since
 * its group is, replaces what was measured of it and behind it. */
RunObserver site_measure_observer(SiteMeasure *measure);

/* What was measured, in order. */
const SiteStepArray *site_measure_steps(const SiteMeasure *measure);

/* The locks that others would have waited for (ShareUpdateExclusiveLock and up), the longest first.
 * A lock is held from the statement that takes it to the last one of its transaction, what lies
 * between statements not counted; where `ended_us` is not 0, to that time by the clock. */
void site_measure_locks(const SiteStepArray *steps, int64_t ended_us, SiteLockArray *ret_locks);

#endif
