#include "applier/commands/route_render.h"

#include <inttypes.h>

#include "applier/commands/run_render.h"

#define NO_WAY_BACK_SHOWN 10 /* names in a line */

bool route_is_named(const StringArray *arguments)
{
    return arguments->count > 1 ||
           (arguments->count == 1 && bundle_shelf_is_folder(arguments->items[0]));
}

static const char *spoken(const char *version)
{
    return strcmp(version, "-") == 0 ? "(nothing)" : version;
}

/* --- what has no way back -------------------------------------------------------------------- */

typedef struct NoWayBack {
    const char *identity; /* borrowed from the shelf */
    bool irreversible;    /* the author says so; else there is no down script */
} NoWayBack;

typedef ARRAY_OF(NoWayBack) NoWayBackArray;

static void find_no_way_back(const BundleShelf *shelf, const RouteLeg *leg, NoWayBackArray *found)
{
    const ShelfBundle *bundle = &shelf->bundles.items[leg->bundle];
    const RouteVersion *versions = shelf->chains.items[leg->bundle].versions.items;
    *found = (NoWayBackArray){0};
    for (int64_t i = versions[leg->from].position; i < versions[leg->to].position; i++) {
        size_t index = (size_t)(i - versions[0].position);
        Verdict verdict = bundle->verdicts.items[index];
        if (verdict == VERDICT_IRREVERSIBLE || verdict == VERDICT_NONE)
            *array_add(found) =
                (NoWayBack){bundle->identities.items[index], verdict == VERDICT_IRREVERSIBLE};
    }
}

static void no_way_back_text(const BundleShelf *shelf, const RouteLeg *leg, Text *out)
{
    NoWayBackArray found;
    find_no_way_back(shelf, leg, &found);
    for (size_t i = 0; i < found.count && i < NO_WAY_BACK_SHOWN; i++)
        text_addf(out, "%s%s%s", i ? ", " : "     no way back: ", found.items[i].identity,
                  found.items[i].irreversible ? " (irreversible)" : "");
    if (found.count > NO_WAY_BACK_SHOWN)
        text_addf(out, " and %zu more", found.count - NO_WAY_BACK_SHOWN);
    if (found.count)
        text_add_char(out, '\n');
    array_free(&found);
}

static void no_way_back_json(const BundleShelf *shelf, const RouteLeg *leg, JsonWriter *json)
{
    NoWayBackArray found;
    find_no_way_back(shelf, leg, &found);
    json_array(json, "no_way_back");
    array_each (const NoWayBack, one, &found)
        json_string(json, /* name= */ NULL, one->identity);
    json_close(json);
    array_free(&found);
}

/* --- the route ------------------------------------------------------------------------------- */

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
        no_way_back_text(shelf, leg, out);
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
        no_way_back_json(shelf, leg, json);
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
