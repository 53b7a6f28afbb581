#include "applier/commands/route_parameters.h"

#include "applier/runs/site_bundle.h"

typedef struct Legs {
    ARRAY_OF(SiteBundle) bundles;
    ARRAY_OF(const Manifest *) manifests;
} Legs;

static void legs_done(Legs *legs)
{
    array_each (SiteBundle, bundle, &legs->bundles)
        site_bundle_done(bundle);
    array_free(&legs->bundles);
    array_free(&legs->manifests);
}

static bool open_legs(const BundleShelf *shelf, const BundleRoute *route, Legs *legs, Error *err)
{
    for (size_t i = 0; i < route->now; i++) {
        const ShelfBundle *seen = &shelf->bundles.items[route->route.legs.items[i].bundle];
        const Manifest *manifest = NULL;
        SiteBundle bundle = {0};
        if (!site_bundle_open(seen->path, &bundle, err))
            return false;
        *array_add(&legs->bundles) = bundle;
        if (!bundle_reader_manifest(bundle.reader, &manifest, err))
            return false;
        *array_add(&legs->manifests) = manifest;
    }
    return true;
}

static bool is_applied(const History *history, const Manifest *manifest,
                       const ManifestMigration *migration)
{
    int64_t place = manifest->versions.items[migration->version].position + migration->ordinal;
    if (place <= history->adopted)
        return true;
    array_each (const AppliedMigration, applied, &history->migrations)
        if (applied->state == APPLIED_WHOLLY && strcmp(applied->identity, migration->identity) == 0)
            return true;
    return false;
}

static bool check_leg(const ParameterRequests *requests, const Manifest *manifest,
                      const History *history, Error *err)
{
    CLEANUP(run_parameters_done) RunParameters parameters = {0};
    RunTaskArray tasks = {0};
    array_each (const ManifestMigration, migration, &manifest->migrations)
        if (!is_applied(history, manifest, migration))
            *array_add(&tasks) = (RunTask){.manifest = manifest, .migration = migration};
    run_parameters_find(requests, manifest, history, RUN_BEGINS_ANEW, &tasks, &parameters);
    array_free(&tasks);
    return run_parameters_check(&parameters, history, manifest, err);
}

bool route_parameters_check(const StringArray *set, const BundleShelf *shelf,
                            const BundleRoute *route, const History *history, Error *err)
{
    CLEANUP(legs_done) Legs legs = {0};
    if (!open_legs(shelf, route, &legs, err) || !legs.bundles.count)
        return legs.bundles.count == 0 && route->now == 0;
    const ParameterRequests requests = {.set = set,
                                        .site = &legs.bundles.items[0].config.parameters};
    if (!parameter_requests_check(&requests, legs.manifests.items, legs.manifests.count, err))
        return false;
    array_each (const Manifest *const, manifest, &legs.manifests)
        if (!check_leg(&requests, *manifest, history, err))
            return false;
    return true;
}
