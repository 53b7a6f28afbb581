/* The parameters of all bundles that a route goes through, looked at before its first run. */
#ifndef SEALIFT_APPLIER_ROUTE_PARAMETERS_H
#define SEALIFT_APPLIER_ROUTE_PARAMETERS_H

#include "applier/runs/bundle_route.h"
#include "applier/runs/run_parameters.h"

/* As parameter_requests_check over the bundles of the runs that are done now, where --set may name
 * a parameter of any of them; and as run_parameters_check of what these have still to apply. Opens
 * the bundles again. */
bool route_parameters_check(const StringArray *set, const BundleShelf *shelf,
                            const BundleRoute *route, const History *history,
                            Error *err) MUST_CHECK;

#endif
