#include "applier/commands/route_render.h"

#include <inttypes.h>

#include "applier/commands/run_render.h"

bool route_is_named(const StringArray *arguments)
{
    return arguments->count > 1 ||
           (arguments->count == 1 && bundle_shelf_is_folder(arguments->items[0]));
}

static const char *spoken(const char *version)
{
    return strcmp(version, "-") == 0 ? "(nothing)" : version;
}

void route_text(const BundleRoute *route, const BundleShelf *shelf, Text *out)
{
    for (size_t i = 0; i < route->route.legs.count; i++) {
        const RouteLeg *leg = &route->route.legs.items[i];
        int64_t migrations = bundle_route_migrations(shelf, leg);
        if (i == route->now)
            text_addf(out, "not now: %s\n", route->halt);
        text_addf(out, "  %zu. %s -> %s, %" PRId64 " migration%s, by '%s'\n", i + 1,
                  spoken(bundle_route_from(shelf, leg)), bundle_route_to(shelf, leg), migrations,
                  text_plural(migrations), shelf->bundles.items[leg->bundle].path);
    }
}

void route_json(const BundleRoute *route, const BundleShelf *shelf, JsonWriter *json)
{
    json_array(json, "route");
    for (size_t i = 0; i < route->route.legs.count; i++) {
        const RouteLeg *leg = &route->route.legs.items[i];
        const ShelfBundle *bundle = &shelf->bundles.items[leg->bundle];
        json_object(json, /* name= */ NULL);
        json_string(json, "bundle", bundle->path);
        json_int(json, "sequence", bundle->head.sequence);
        json_string(json, "from", bundle_route_from(shelf, leg));
        json_string(json, "to", bundle_route_to(shelf, leg));
        json_int(json, "migrations", bundle_route_migrations(shelf, leg));
        json_bool(json, "now", i < route->now);
        json_close(json);
    }
    json_close(json);
    json_string(json, "halt", route->halt);
    json_array(json, "passed_over");
    array_each (const ShelfRefusal, refusal, &shelf->refused) {
        json_object(json, /* name= */ NULL);
        json_string(json, "bundle", refusal->path);
        json_string(json, "why", refusal->why);
        json_close(json);
    }
    array_each (const ShelfBundle, other, &shelf->others) {
        CLEANUP(memory_freep) char *why = memory_format("it is of product %s", other->head.product);
        json_object(json, /* name= */ NULL);
        json_string(json, "bundle", other->path);
        json_string(json, "why", why);
        json_close(json);
    }
    json_close(json);
}

void route_warn(const char *program, const BundleShelf *shelf)
{
    CLEANUP(text_done) Text words = {0};
    bundle_shelf_words(shelf, &words);
    run_render_warnings(program, text_string(&words));
}
