#include "applier/commands/apply_route.h"

#include "applier/commands/apply_command.h"
#include "applier/commands/confirm.h"
#include "applier/commands/route_parameters.h"
#include "applier/commands/run_render.h"
#include "applier/runs/site_memory.h"
#include "base/interrupt.h"

/* What is held on to from the look to the last leg. */
typedef struct Journey {
    CommandContext *context;
    const ApplyRouteRequest *request;
    AcceptRequestArray accepts;
    BundleShelf shelf;
    BundleRoute route;
    History history;  /* as it was before the first leg */
    size_t done;      /* legs that came to their end */
    JsonWriter *json; /* NULL: text */
} Journey;

static void journey_done(Journey *journey)
{
    accept_requests_done(&journey->accepts);
    bundle_shelf_done(&journey->shelf);
    bundle_route_done(&journey->route);
    history_done(&journey->history);
}

static const RouteLeg *leg_at(const Journey *journey, size_t index)
{
    return &journey->route.route.legs.items[index];
}

/* --- before the first leg -------------------------------------------------------------------- */

static bool look(Journey *journey, Error *err)
{
    const StringArray *paths = &journey->context->arguments;
    const History *history = &journey->history;
    return target_read_history(&journey->request->run->target, &journey->history, err) &&
           bundle_shelf_open(paths->items, paths->count,
                             history->managed ? history->identity.product_uuid : NULL,
                             &journey->shelf, err);
}

static bool find(Journey *journey, Error *err)
{
    bundle_route_find_proven(&journey->shelf, &journey->history, journey->request->to,
                             &journey->route);
    if (!bundle_route_check(&journey->route, &journey->shelf, err) ||
        !route_parameters_check(&journey->request->run->set, &journey->shelf, &journey->route,
                                &journey->history, err))
        return false;
    route_warn(journey->context->program, &journey->shelf);
    return true;
}

/* The route, and what of it cannot be taken back, is what the operator says yes to. */
static bool ask(const Journey *journey, Error *err)
{
    CLEANUP(text_done) Text route = {0};
    text_addf(&route, "from %s to %s:\n",
              strcmp(journey->route.from, "-") == 0 ? "(nothing)" : journey->route.from,
              journey->route.reached);
    route_text(&journey->route, &journey->shelf, &route);
    if (!journey->request->yes || !journey->context->json)
        fputs(text_string(&route), stderr);
    return confirm(journey->request->yes ? CONFIRM_YES : CONFIRM_ASK, "Apply?", err);
}

/* --- a leg ----------------------------------------------------------------------------------- */

/* The file is proven again, and must still be the one that the route was found with. */
static bool open_leg(const ShelfBundle *seen, SiteBundle *bundle, ApplyInput *ret_input, Error *err)
{
    if (!site_bundle_open(seen->path, bundle, err))
        return false;
    if (!digest_equal(&bundle_reader_proof(bundle->reader)->head_digest, &seen->head_digest))
        return error_set(err, ERROR_TRUST, "'%s' is another bundle than a moment ago", seen->path);
    return site_bundle_input(bundle, ret_input, err);
}

static bool run_leg(Journey *journey, const RouteLeg *leg, Error *err)
{
    const ApplyRouteRequest *request = journey->request;
    const char *to = bundle_route_to(&journey->shelf, leg);
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(history_done) History history = {.unsettled = -1};
    CLEANUP(text_done) Text warnings = {0};
    ApplyInput input;
    RunWatch watch;
    BackupRequest backup;
    if (!open_leg(&journey->shelf.bundles.items[leg->bundle], &bundle, &input, err) ||
        !target_read_history(&request->run->target, &history, err))
        return false;
    site_memory_compare(&bundle.config, &history, &warnings);
    run_render_warnings(journey->context->program, text_string(&warnings));
    if (!site_memory_check(&bundle, &history, err) ||
        !backup_options_make(&request->run->backup, &bundle.config, journey->context->program,
                             &backup, err))
        return false;
    RunOptions run =
        run_options_make(request->run, &bundle.config, &watch, journey->context->program);
    run.schema.accepts = &journey->accepts;
    run.atomic = request->atomic;
    run.backup = &backup; /* each run has its own: what a rollback of it would be restored from */
    bool good = run_watch_events(&watch, request->run->events, err) &&
                apply_command_leg(journey->context, &bundle, &input, &run, to, journey->json, err);
    run_watch_done(&watch, good ? NULL : err);
    return good;
}

/* An extra is accepted once: the first leg's ledger keeps it for those behind it. */
static bool run_legs(Journey *journey, Error *err)
{
    for (size_t i = 0; i < journey->route.now; i++) {
        const RouteLeg *leg = leg_at(journey, i);
        if (interrupt_count() > 0)
            return error_set(err, ERROR_INTERRUPTED, "interrupted before %s -> %s",
                             bundle_route_from(&journey->shelf, leg),
                             bundle_route_to(&journey->shelf, leg));
        bool good = run_leg(journey, leg, err);
        if (!good && journey->done && err->class == ERROR_STEP)
            err->class = ERROR_UNSETTLED; /* of this invocation, the runs before it stay */
        if (!good)
            return error_wrap(err, "on the way from %s to %s, run %zu of %zu (%s -> %s)",
                              journey->route.from, journey->route.reached, i + 1,
                              journey->route.now, bundle_route_from(&journey->shelf, leg),
                              bundle_route_to(&journey->shelf, leg));
        journey->done++;
        accept_requests_done(&journey->accepts);
    }
    return true;
}

/* --- the report ------------------------------------------------------------------------------ */

static const char *result_of(const Journey *journey, bool good)
{
    if (!good)
        return "failed";
    return journey->route.now ? "applied" : "nothing to do";
}

static const char *version_now(const Journey *journey)
{
    if (!journey->done)
        return journey->route.from;
    return bundle_route_to(&journey->shelf, leg_at(journey, journey->done - 1));
}

static bool go_json(Journey *journey, Error *err)
{
    JsonWriter json;
    journey->json = &json;
    json_begin(&json, journey->context->out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "from", journey->route.from);
    json_string(&json, "to", journey->route.to);
    route_json(&journey->route, &journey->shelf, &json);
    json_array(&json, "runs");
    bool good = run_legs(journey, err);
    json_close(&json);
    json_string(&json, "version", version_now(journey));
    json_string(&json, "result", result_of(journey, good));
    if (!good)
        command_error_json(err, &json);
    json_close(&json);
    json_end(&json);
    return good;
}

static bool go_text(Journey *journey, Error *err)
{
    Text *out = journey->context->out;
    if (journey->route.state == BUNDLE_ROUTE_CURRENT) {
        text_addf(out, "nothing to do: the database is at version %s\n", journey->route.from);
        return true;
    }
    if (!run_legs(journey, err))
        return false;
    text_addf(out, "the database is at version %s\n", version_now(journey));
    if (journey->route.halt)
        text_addf(out, "  and not yet at %s: %s; then run this command again\n", journey->route.to,
                  journey->route.halt);
    return true;
}

bool apply_route(CommandContext *context, const ApplyRouteRequest *request, Error *err)
{
    CLEANUP(journey_done)
    Journey journey = {.context = context, .request = request, .history.unsettled = -1};
    if (!run_options_accepts(request->run, &journey.accepts, err) || !look(&journey, err) ||
        !find(&journey, err))
        return false;
    if (journey.route.state == BUNDLE_ROUTE_LEADS && !ask(&journey, err))
        return false;
    interrupt_install();
    return (context->json ? go_json : go_text)(&journey, err);
}
