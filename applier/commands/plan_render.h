/* What `applier plan` shows: for people (the summary first, then each statement, or a table by
 * version where there are too many) and for programs. */
#ifndef SEALIFT_APPLIER_PLAN_RENDER_H
#define SEALIFT_APPLIER_PLAN_RENDER_H

#include "applier/commands/plan_route.h"
#include "applier/preflight/run_estimate.h"
#include "applier/runs/apply_run.h"

#define PLAN_TASKS_SHOWN                                                                           \
    12 /* of more than that only versions are shown, unless all is asked for                       \
        */

/* All borrowed. */
typedef struct PlanView {
    const ApplyInput *input;
    const ApplyPlan *plan;
    const History *history;
    const SchemaForecast *forecast;
    const RunEstimate *estimate;
    const PlanRoute *route; /* of several bundles; NULL: one was named */
    const char *backup;     /* what the backup gate will want */
    const char *database;   /* as pg_session_describe says it */
    bool looks_under_locks;
    bool whole;  /* statements whole */
    bool all;    /* however many there are */
    int64_t now; /* seconds since 1970 */
} PlanView;

/* The result of a plan that fits or has nothing to do. Errors: object_stream's. */
bool plan_render_text(const PlanView *view, Text *out, Error *err) MUST_CHECK;
bool plan_render_json(const PlanView *view, Text *out, Error *err) MUST_CHECK;

#endif
