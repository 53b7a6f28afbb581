/* The relations that a run will touch, as they are now in the target: size, rows, where they lie.
 */
#ifndef SEALIFT_APPLIER_LIVE_RELATIONS_H
#define SEALIFT_APPLIER_LIVE_RELATIONS_H

#include "applier/server/pg_session.h"
#include "applier/site/measured_store.h"
#include "applier/steps/run_units.h"

/* Texts owned. */
typedef struct LiveRelation {
    char *name;    /* as the manifest writes it */
    char *quoted;  /* as SQL takes it */
    char kind;     /* pg_class.relkind */
    int64_t bytes; /* with TOAST, without indexes; of a partitioned table those of its leaves */
    int64_t rows;  /* as last analyzed; -1: nobody has counted them */
    int64_t index_bytes;
    int64_t largest_index; /* bytes */
    char *tablespace;
} LiveRelation;

typedef struct LiveRelations {
    ARRAY_OF(LiveRelation) relations; /* sorted by name */
    char *tablespace;                 /* owned: the database's own */
    bool by_catalog; /* the sizes are what the last ANALYZE wrote down: a lock was in the way */
} LiveRelations;

void live_relations_done(LiveRelations *live); /* accepts a zeroed one */

/* Those that the tasks' scripts were measured to touch, and those that verify and precheck scripts
 * were seen to read at this site, as far as they are there. In READ ONLY transactions; nobody's
 * lock is waited for longer than a second. Errors: pg_query's. */
bool live_relations_read(PgSession *session, const RunTaskArray *tasks,
                         const SiteMeasurements *site, LiveRelations *ret_live,
                         Error *err) MUST_CHECK;

/* NULL: not there, so that the run itself makes it. */
const LiveRelation *live_relations_find(const LiveRelations *live, const char *name);

/* Table or materialized view: something with rows. */
bool live_relation_has_rows(const LiveRelation *relation);

#endif
