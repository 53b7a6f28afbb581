/* apply of several bundles or a folder: the route is shown, then one run for each of its legs, each
 * ended durably, up to the first that fails. */
#ifndef SEALIFT_APPLIER_APPLY_ROUTE_H
#define SEALIFT_APPLIER_APPLY_ROUTE_H

#include "applier/commands/route_render.h"
#include "applier/commands/run_options.h"
#include "base/command_table.h"

typedef struct ApplyRouteRequest {
    const RunCommandOptions *run;
    const char *to; /* NULL: as far as one may */
    AtomicMode atomic;
    bool yes;
} ApplyRouteRequest;

/* Fills context->out, also where a leg fails and --json was given. Errors: bundle_route_check's,
 * those of a leg (apply_run), ERROR_INTERRUPTED between two legs. */
bool apply_route(CommandContext *context, const ApplyRouteRequest *request, Error *err) MUST_CHECK;

#endif
