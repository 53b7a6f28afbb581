#include "applier/commands/plan_route.h"

#include "applier/commands/route_parameters.h"

void plan_route_done(PlanRoute *route)
{
    bundle_shelf_done(&route->shelf);
    bundle_route_done(&route->route);
}

static void render_nothing(CommandContext *context, const PlanRoute *route)
{
    const BundleRoute *found = &route->route;
    if (!context->json) {
        text_addf(context->out, "nothing to do: the database is at version %s\n", found->from);
        return;
    }
    JsonWriter json;
    json_begin(&json, context->out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "relation", "current");
    json_string(&json, "from", found->from);
    json_string(&json, "to", found->to);
    plan_route_json(route, &json);
    json_close(&json);
    json_end(&json);
}

bool plan_route_find(CommandContext *context, const TargetOptions *target, const char *to_version,
                     const StringArray *set, PlanRoute *ret_route, Error *err)
{
    const StringArray *paths = &context->arguments;
    CLEANUP(history_done) History history = {.unsettled = -1};
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    if (!route_is_named(paths))
        return true;
    if (!target_open_reading(target, &session, err) || !history_read(session, &history, err) ||
        !bundle_shelf_open(paths->items, paths->count,
                           history.managed ? history.identity.product_uuid : NULL,
                           &ret_route->shelf, err))
        return false;
    bundle_route_find_proven(&ret_route->shelf, &history, to_version, &ret_route->route);
    if (!bundle_route_check(&ret_route->route, &ret_route->shelf, err) ||
        !route_parameters_check(set, &ret_route->shelf, &ret_route->route, &history, err))
        return false;
    route_warn(context->program, &ret_route->shelf);
    ret_route->done = ret_route->route.state == BUNDLE_ROUTE_CURRENT;
    if (ret_route->done) {
        render_nothing(context, ret_route);
        return true;
    }
    const RouteLeg *leg = &ret_route->route.route.legs.items[0];
    ret_route->first = ret_route->shelf.bundles.items[leg->bundle].path;
    ret_route->to = bundle_route_to(&ret_route->shelf, leg);
    return true;
}

void plan_route_text(const PlanRoute *route, Text *out)
{
    const BundleRoute *found = &route->route;
    text_addf(out, "the way from %s to %s:\n",
              strcmp(found->from, "-") == 0 ? "(nothing)" : found->from, found->to);
    route_text(found, &route->shelf, out);
    text_add(out, "the first run:\n");
}

void plan_route_json(const PlanRoute *route, JsonWriter *json)
{
    route_json(&route->route, &route->shelf, json);
}
