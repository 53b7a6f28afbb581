/* Builds what a bundle will do: reads the scripts of the versions (from, to], spools their objects
 * into a bundle writer, and fills the manifest. */
#ifndef SEALIFT_PLANNER_PLAN_BUILDER_H
#define SEALIFT_PLANNER_PLAN_BUILDER_H

#include "bundles/bundle_writer.h"
#include "bundles/manifest.h"
#include "migrations/project.h"

/* Versions (first, last] of the project, as indexes; first is -1 where the bundle starts from
 * nothing. */
typedef struct PlanRange {
    int64_t first;
    int64_t last;
} PlanRange;

/* The range that --from and --to name. Both must be released. ERROR_TARGET where they are not,
 * ERROR_USAGE where from does not come before to. */
bool plan_range(const Project *project, const char *from, const char *to, PlanRange *ret_range,
                Error *err) MUST_CHECK;

/* Fill *ret_manifest (zeroed; the caller releases it, also on failure): versions, migrations,
 * scripts, objects, requirements, search path, scope, and in its head: tree-from, tree-to, covers
 * and the counts. A version that is not released (a rehearsal has such) was released in 1970.
 * ERROR_INPUT for a script that cannot be planned. */
bool plan_build(const Project *project, const PlanRange *range, BundleWriter *writer,
                Manifest *ret_manifest, Error *err) MUST_CHECK;

#endif
