/* plan of several bundles or a folder: the whole route, and the statements of its first run; what
 * the later ones do is planned once the database is there. */
#ifndef SEALIFT_APPLIER_PLAN_ROUTE_H
#define SEALIFT_APPLIER_PLAN_ROUTE_H

#include "applier/commands/route_render.h"
#include "applier/commands/target_options.h"
#include "base/command_table.h"

/* Zeroed where the arguments name one bundle. */
typedef struct PlanRoute {
    const char *first; /* borrowed: path of the first run's bundle; NULL: no route was asked for */
    const char *to;    /* borrowed: where that run ends */
    bool done;         /* there is nothing to plan, and context->out says so */
    BundleShelf shelf;
    BundleRoute route;
} PlanRoute;

void plan_route_done(PlanRoute *route);

/* Find the route where several bundles or a folder are named; true and nothing else where not.
 * Errors: bundle_route_check's, those of reading the ledger and the bundles. */
bool plan_route_find(CommandContext *context, const TargetOptions *target, const char *to_version,
                     const StringArray *set, PlanRoute *ret_route, Error *err) MUST_CHECK;

void plan_route_text(const PlanRoute *route, Text *out);

/* Members of the object that is open. */
void plan_route_json(const PlanRoute *route, JsonWriter *json);

#endif
