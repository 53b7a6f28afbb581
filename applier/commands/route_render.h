/* A route through several bundles, for people and programs: what apply, plan and status show. */
#ifndef SEALIFT_APPLIER_ROUTE_RENDER_H
#define SEALIFT_APPLIER_ROUTE_RENDER_H

#include "applier/runs/bundle_route.h"
#include "base/json_writer.h"
#include "base/option_table.h"

/* Whether these arguments want a route: several of them, or a folder. */
bool route_is_named(const StringArray *arguments);

/* One line for each leg, one more where migrations of it have no way back, and why it ends before
 * the target. */
void route_text(const BundleRoute *route, const BundleShelf *shelf, Text *out);

/* Members `route` (`bundle`, `sequence`, `from`, `to`, `migrations`, `now`,
 * `no_way_back`), `halt` and `passed_over` (`bundle`, `why`) of the object that is open. */
void route_json(const BundleRoute *route, const BundleShelf *shelf, JsonWriter *json);

/* What was passed over, one warning each, to stderr. */
void route_warn(const char *program, const BundleShelf *shelf);

#endif
