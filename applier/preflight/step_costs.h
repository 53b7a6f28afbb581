/* What each statement of a run will cost here: its locks as they were rehearsed, the live size of
 * what it locks, and the time that this takes. Pure.
 *
 * A manifest holds no times (decision 10), so a time is either measured at this site, on a clone,
 * or made from live sizes and the rates below, which are on the slow side on purpose
 * (docs/estimates.md): an estimate that is too long costs nothing but patience. */
#ifndef SEALIFT_APPLIER_STEP_COSTS_H
#define SEALIFT_APPLIER_STEP_COSTS_H

#include "applier/preflight/check_costs.h"

/* Bytes a second. */
#define COST_RATE_READ    ((int64_t)100 << 20) /* a table read whole: a constraint is checked */
#define COST_RATE_REWRITE ((int64_t)10 << 20)  /* a table written anew */
#define COST_RATE_INDEX   ((int64_t)25 << 20)  /* of the table that an index is built of */
#define COST_RATE_CHANGE  ((int64_t)4 << 20)   /* rows changed by a statement, their indexes too */
#define COST_RATE_LOAD    ((int64_t)3 << 20)   /* of the data that is copied in */
#define COST_STATEMENT_MS 5                    /* a statement that looks at no rows */

/* What the others cannot do while a lock is held; each includes those before it. */
typedef enum {
    BLOCKS_NOTHING,        /* at most another ACCESS EXCLUSIVE */
    BLOCKS_SCHEMA_CHANGES, /* and index builds, VACUUM */
    BLOCKS_WRITES,
    BLOCKS_READS, /* and writes */
} Blocks;

/* Of a lock as pg_locks names it; "" and names that we do not know block nothing. */
Blocks lock_blocks(const char *lock);

/* "nothing", "schema changes", "writes", "reads and writes". */
const char *blocks_words(Blocks blocks);

/* For documents: "nothing", "schema-changes", "writes", "reads". */
const char *blocks_name(Blocks blocks);

/* "ACCESS EXCLUSIVE" for "AccessExclusiveLock", as SQL writes it; "" for none. */
const char *lock_words(const char *lock);

typedef enum { WORK_NONE, WORK_READ, WORK_REWRITE, WORK_INDEX, WORK_CHANGE } Work;

/* For documents: "none", "read", "rewritten", "indexed", "changed". */
const char *work_name(Work work);

typedef enum {
    BASIS_UNKNOWN,  /* nobody rehearsed the bundle: nothing is known of the statement */
    BASIS_MOMENT,   /* no rows are looked at that are there already */
    BASIS_SIZE,     /* live sizes and the rates */
    BASIS_MEASURED, /* on a clone of this database, scaled to the sizes of now */
} CostBasis;

/* For documents: "unknown", "moment", "size", "measured". */
const char *cost_basis_name(CostBasis basis);

/* A relation that a statement locks or works on. */
typedef struct CostRelation {
    const ManifestMeasured *measured;
    const LiveRelation *live; /* NULL: not there yet */
    Blocks blocks;
    Work work;
} CostRelation;

typedef struct StepCost {
    size_t task;  /* index into the tasks */
    size_t group; /* index into the script's groups … */
    size_t step;  /* … and steps */
    int64_t ms;
    int64_t
        new_bytes; /* files that are written: anew, for an index and its sort, loaded, changed */
    int64_t data_bytes; /* that COPY loads */
    bool at_most; /* the rows that are changed, or whether an index is built, decide the data */
    bool concurrently; /* outside transactions: an index built without keeping writers off */
    bool batch;        /* it runs once for each range of keys, with pauses between … */
    int64_t ranges; /* … so many times, by the table's live rows; 0: nobody knows, ms is of one */
    int64_t pause_ms; /* of ms, what it rests between its ranges, without a lock */
    CostBasis basis;
    size_t first_relation; /* index into relations */
    size_t relation_count;
} StepCost;

typedef struct StepCosts {
    ARRAY_OF(StepCost) steps; /* that are still to be run, in order */
    ARRAY_OF(CostRelation) relations;
    CheckCostArray checks;   /* verify and precheck scripts that were measured, by task */
    int64_t server_major;    /* of the target */
    int64_t rehearsed_major; /* that the locks were seen on; 0: nobody rehearsed the bundle */
} StepCosts;

void step_costs_done(StepCosts *costs); /* accepts a zeroed one */

/* Of the tasks' up scripts. Borrows from all of them; `site` outlives the call only. */
void step_costs_make(const RunTaskArray *tasks, const LiveRelations *live,
                     const SiteMeasurements *site, int64_t server_major, StepCosts *ret_costs);

/* What the estimate stands on, for people: "public.orders, 12 GB, written anew at 10 MB/s". `now`
 * in seconds since 1970. */
void step_cost_basis_words(const StepCosts *costs, const StepCost *cost,
                           const SiteMeasurements *site, int64_t now, Text *text);

#endif
