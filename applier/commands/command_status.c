/* applier status: where a database stands; reads only. */
#include "applier/applier_commands.h"
#include "applier/commands/status_render.h"
#include "applier/commands/target_options.h"
#include "applier/server/pg_query.h"
#include "applier/sql/session_queries.h"
#include "applier/watch/lock_holder.h"
#include "base/memory.h"

typedef struct StatusOptions {
    TargetOptions target;
    const char *bundle;
    bool check;
} StatusOptions;

static const Option options[] = {
    TARGET_OPTION_ROWS(StatusOptions),
    OPTION_STRING_ROW("bundle", StatusOptions, bundle, "BUNDLE|DIR",
                      "compare with this bundle, or with a folder of them"),
    OPTION_FLAG_ROW("check", StatusOptions, check, "exit status 12 where migrations are pending"),
};

static void status_done(Status *status)
{
    status_report_done(&status->report);
    bundle_shelf_done(&status->shelf);
    bundle_route_done(&status->route);
    array_free(&status->pending);
    foreign_tables_done(&status->foreign);
    free(status->next);
    stored_bundle_free(status->stored);
    site_bundle_done(&status->bundle);
    history_done(&status->history);
    text_done(&status->doing);
    array_free(&status->runs);
    free(status->replayed_to);
    free(status->replayed_at);
}

/* The newest bundle of the ledger that has something to say of where the database stands, else the
 * newest of all; proven by digests only, for nothing of it is run. */
static bool load_newest(PgSession *session, Status *status, Error *err)
{
    const KnownBundleArray *bundles = &status->history.bundles;
    static const StoredTrust nobody;
    for (size_t i = bundles->count; i > 0; i--) {
        CLEANUP(stored_bundle_freep) StoredBundle *stored = NULL;
        if (!stored_bundle_load(session, &bundles->items[i - 1].head_digest, &nobody, &stored, err))
            return error_wrap(err, "reading a bundle in the ledger");
        bool fits = status_bundle_fits(&status->history, &stored->manifest);
        if (!fits && status->stored)
            continue;
        stored_bundle_free(status->stored);
        status->stored = TAKE_PTR(stored);
        if (fits)
            break;
    }
    if (status->stored)
        status->manifest = &status->stored->manifest;
    return true;
}

static bool look_at_relations(PgSession *session, Status *status, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (status->history.managed)
        return true;
    if (!pg_query(session, SQL_session_holds_relations, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "looking whether the database is empty");
    status->holds_relations = strcmp(pg_result_text(row, 0, 0), "t") == 0;
    return true;
}

static bool look_at_replay(PgSession *session, Status *status, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!session->facts.in_recovery)
        return true;
    if (!pg_query(session, SQL_session_replayed, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "asking the standby how far it is");
    status->replayed_to = memory_string(pg_result_text(row, 0, 0));
    status->replayed_at = memory_string(pg_result_text(row, 0, 1));
    return true;
}

/* Behind the answers that status is asked for: what cannot be seen of the holder is no error. */
static void look_at_holder(PgSession *session, Status *status)
{
    CLEANUP(error_done) Error ignored = {0};
    if (status->running)
        (void)!lock_holder_words(session, &status->holder, &status->doing, &ignored);
}

static bool check_product(const Status *status, Error *err)
{
    const Head *head = &bundle_reader_proof(status->bundle.reader)->head;
    if (!status->history.managed ||
        strcmp(head->product_uuid, status->history.identity.product_uuid) == 0)
        return true;
    return error_set(err, ERROR_TRUST, "the bundle is of product %s, the database holds %s",
                     head->product, status->history.identity.product);
}

/* A folder: the state is what the route to its newest version says, the pending migrations are
 * counted run by run. */
static void compare_with_route(Status *status)
{
    StatusReport *report = &status->report;
    bundle_route_find(&status->shelf, &status->history, /* to_version= */ NULL, &status->route);
    if (report->state == STATUS_FAILED || report->state == STATUS_UNMANAGED ||
        status->history.diverged)
        return;
    /* that the application's upgrade is waited for holds on the way as well */
    if (!report->before_is_done || status->route.words) {
        free(report->why);
        report->why = memory_string(status->route.words);
    }
    report->next = NULL;
    switch (status->route.state) {
    case BUNDLE_ROUTE_CURRENT:
        report->state = STATUS_CURRENT;
        break;
    case BUNDLE_ROUTE_AHEAD:
        report->state = STATUS_AHEAD;
        break;
    case BUNDLE_ROUTE_DIVERGED:
        report->state = STATUS_DIVERGED;
        report->next = "applier status";
        break;
    case BUNDLE_ROUTE_LEADS:
    case BUNDLE_ROUTE_MISSING:
    case BUNDLE_ROUTE_STOP:
    case BUNDLE_ROUTE_NO_VERSION:
    case BUNDLE_ROUTE_NO_BUNDLE:
        report->state = STATUS_BEHIND;
        report->next = "applier apply DIR";
        break;
    }
}

/* Of every run of the route, the versions between its ends, without what is there already. */
static void list_route(Status *status)
{
    array_each (const RouteLeg, leg, &status->route.route.legs) {
        const ShelfBundle *bundle = &status->shelf.bundles.items[leg->bundle];
        const RouteVersion *versions = status->shelf.chains.items[leg->bundle].versions.items;
        for (size_t v = leg->from + 1; v <= leg->to; v++)
            for (int64_t i = versions[v - 1].position; i < versions[v].position; i++)
                if (i >= status->history.position)
                    *array_add(&status->pending) = (Pending){
                        versions[v].name, bundle->identities.items[i - versions[0].position]};
    }
}

static void list_pending(Status *status)
{
    if (status->route.from)
        list_route(status);
    else
        array_each (const ManifestMigration *const, migration, &status->report.pending)
            *array_add(&status->pending) =
                (Pending){status->manifest->versions.items[(*migration)->version].name,
                          (*migration)->identity};
}

/* The newest of a folder knows every version before it. */
static const char *bundle_to_adopt(const Status *status)
{
    const RouteVersion *newest = status->route.from ? route_newest(&status->shelf.chains) : NULL;
    if (!status->route.from)
        return status->path ? status->path : "BUNDLE";
    for (size_t i = 0; newest && i < status->shelf.chains.count; i++)
        array_each (const RouteVersion, version, &status->shelf.chains.items[i].versions)
            if (version == newest)
                return status->shelf.bundles.items[i].path;
    return "BUNDLE";
}

static char *adopt_command(const Status *status)
{
    CLEANUP(memory_freep) char *path = text_shell_word(bundle_to_adopt(status));
    return memory_format("applier adopt %s", path);
}

/* Of the commands that a status names, those that a moved database would refuse. */
static bool run_is_next(const char *next)
{
    return text_has_prefix(next, "applier apply ") || strcmp(next, "applier resume") == 0;
}

/* With what was named in the place of BUNDLE or DIR. */
static void set_next(const TargetOptions *target, Status *status)
{
    CLEANUP(memory_freep) char *command = NULL;
    const char *next = status->report.next;
    if (!next)
        return;
    bool applies = strcmp(next, STATUS_NEXT_APPLY) == 0;
    CLEANUP(memory_freep) char *path = status->path ? text_shell_word(status->path) : NULL;
    if (status->report.state == STATUS_UNMANAGED && status->holds_relations)
        command = adopt_command(status);
    else if ((applies || status->shelf.bundles.count) && status->path &&
             text_has_prefix(next, "applier apply "))
        command = memory_format("applier apply %s", path);
    else
        command = memory_string(next);
    if (status->history.moved && run_is_next(next)) {
        char *asked = memory_format("%s --same-site", command);
        free(command);
        command = asked;
    }
    status->next = target_command(target, command);
}

static bool open_named(Status *status, Error *err)
{
    return !status->path || bundle_shelf_is_folder(status->path) ||
           (site_bundle_open(status->path, &status->bundle, err) &&
            bundle_reader_manifest(status->bundle.reader, &status->manifest, err));
}

static bool open_shelf(Status *status, Error *err)
{
    const History *history = &status->history;
    return bundle_shelf_open(&status->path, 1,
                             history->managed ? history->identity.product_uuid : NULL,
                             &status->shelf, err);
}

static bool look(const CommandContext *context, Status *status, Error *err)
{
    const StatusOptions *given = context->options;
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    if (given->bundle && context->arguments.count)
        return error_set(err, ERROR_USAGE,
                         "'%s' and --bundle: one of them says what to compare "
                         "with",
                         context->arguments.items[0]);
    status->path = context->arguments.count ? context->arguments.items[0] : given->bundle;
    bool folder = status->path && bundle_shelf_is_folder(status->path);
    if (!open_named(status, err) || !target_open_reading(&given->target, &session, err) ||
        !look_at_replay(session, status, err) ||
        !pg_lock_look(session, &status->running, &status->holder, err) ||
        !history_read(session, &status->history, err) || !look_at_relations(session, status, err))
        return false;
    bool one = status->path && !folder;
    if (one ? !check_product(status, err) : !load_newest(session, status, err))
        return false;
    if (folder && !open_shelf(status, err))
        return false;
    status_report_make(&status->history, status->manifest,
                       one ? STATUS_BUNDLE_GIVEN : STATUS_BUNDLE_KNOWN, &status->report);
    if (folder)
        compare_with_route(status);
    if (status->running)
        status_report_at_work(&status->report);
    set_next(&given->target, status);
    past_runs_fold(&status->history, &status->runs);
    look_at_holder(session, status);
    list_pending(status);
    return status->history.managed ||
           foreign_tables_read(session, status->manifest, &status->foreign, err);
}

static bool run(CommandContext *context, Error *err)
{
    const StatusOptions *given = context->options;
    CLEANUP(status_done) Status status = {.history.unsettled = -1};
    if (!look(context, &status, err))
        return false;
    if (context->json)
        status_render_json(&status, context->out);
    else
        status_render_text(&status, context->out);
    if (given->check && status.pending.count)
        return error_set(err, ERROR_PENDING, "%zu migration%s pending", status.pending.count,
                         status.pending.count == 1 ? " is" : "s are");
    return true;
}

const Command command_status = {
    .name = "status",
    .synopsis = "[BUNDLE | DIR] [--db CONNINFO] [--check]",
    .summary = "show where a database stands, by its ledger and the bundles that are named",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(StatusOptions),
    .most_arguments = 1,
    .run = run,
};
