/* A whole run, estimated: how long, for how long nobody can read or write which table, what it
 * writes, what need not wait for the maintenance window, and how long that should be. Pure. */
#ifndef SEALIFT_APPLIER_RUN_COSTS_H
#define SEALIFT_APPLIER_RUN_COSTS_H

#include "applier/preflight/step_costs.h"

/* The looks at the schema (ENGINE.md 15): one before the first step, one for each version. */
typedef struct LookCosts {
    int64_t look_ms;  /* 0: nobody looks */
    bool under_locks; /* before COMMIT; else behind it */
} LookCosts;

/* For how long a table is kept from the others, over the whole run. */
typedef struct Exposure {
    const char *name; /* borrowed */
    const LiveRelation *live;
    int64_t unreadable_ms;        /* under ACCESS EXCLUSIVE */
    int64_t unwritable_ms;        /* that, or a lock that keeps writers off */
    int64_t unchangeable_ms;      /* those, or one that keeps schema changes off */
    int64_t window_unreadable_ms; /* of these what falls into the window */
    int64_t window_unwritable_ms;
} Exposure;

typedef enum {
    WINDOW_NEEDED,
    WINDOW_PHASE_BEFORE, /* the author says that the application of now tolerates it */
    WINDOW_CONCURRENT,   /* only builds indexes without keeping writers off */
} WindowNeed;

/* For documents: "window", "phase before", "concurrent". */
const char *window_need_name(WindowNeed need);

typedef struct RunCosts {
    ARRAY_OF(Exposure) exposures; /* the longest kept from readers first; tables that are there */
    ARRAY_OF(WindowNeed) needs;   /* by task */
    size_t before_count;          /* tasks, the first ones, that need not wait for the window … */
    size_t before_migrations;     /* of them, gates not counted */
    int64_t before_ms;            /* … and what they take */
    int64_t steps_ms;
    int64_t looks_ms;
    int64_t checks_ms; /* verify and precheck scripts, as measured at this site */
    int64_t total_ms;  /* steps, looks and checks */
    int64_t window_ms; /* what to ask for, of what needs one; 0: nothing does */
    int64_t new_bytes;
    size_t measured;        /* statements whose time was measured at this site … */
    size_t unknown;         /* … and of which nothing is known */
    size_t checks_measured; /* verify and precheck scripts that checks_ms counts … */
    size_t checks;          /* … and those that no figure here counts */
} RunCosts;

void run_costs_done(RunCosts *costs); /* accepts a zeroed one */

/* `units` as the run will cut them: a lock is held until its unit commits. */
void run_costs_make(const RunTaskArray *tasks, const RunUnits *units, const StepCosts *steps,
                    const LookCosts *looks, RunCosts *ret_costs);

/* A window for so much work: half as much again, at least a minute, as one asks for it. */
int64_t run_costs_window_ms(int64_t work_ms);

#endif
