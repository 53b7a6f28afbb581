/* applier status: where a database stands; reads only. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/backup_options.h"
#include "applier/commands/route_render.h"
#include "applier/commands/run_render.h"
#include "applier/commands/status_report.h"
#include "applier/commands/target_options.h"
#include "applier/ledger/stored_bundle.h"
#include "applier/runs/foreign_tables.h"
#include "applier/runs/site_bundle.h"
#include "applier/schema/schema_proof.h"
#include "applier/server/pg_lock.h"
#include "applier/server/pg_query.h"
#include "applier/sql/session_queries.h"
#include "base/json_writer.h"
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

/* A migration that is not applied; borrowed from a manifest or the shelf. */
typedef struct Pending {
    const char *version;
    const char *identity;
} Pending;

/* What was read, and what it was compared with. */
typedef struct Status {
    History history;
    SiteBundle bundle;        /* where one was named */
    StoredBundle *stored;     /* else the newest that the ledger keeps */
    const Manifest *manifest; /* of either; NULL: none */
    const char *path;         /* borrowed: what was named; NULL: nothing */
    BundleShelf shelf;        /* where a folder was named … */
    BundleRoute route;        /* … and where it leads to */
    ARRAY_OF(Pending) pending;
    bool holds_relations;      /* an unmanaged database is not empty */
    ForeignTableArray foreign; /* … and what other tools say of it */
    char *next;                /* owned: the command to run next, or NULL */
    StatusReport report;
    bool running; /* another applier is at work */
    PgLockHolder holder;
    char *replayed_to; /* owned: a standby's position in the log; NULL: no standby */
    char *replayed_at; /* owned: of the last commit that it replayed, or "" */
} Status;

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

/* With what was named in the place of BUNDLE or DIR. */
static void set_next(Status *status)
{
    const char *next = status->report.next;
    if (status->running || !next)
        return;
    bool applies = strcmp(next, STATUS_NEXT_APPLY) == 0;
    if (status->report.state == STATUS_UNMANAGED && status->holds_relations)
        status->next = memory_format("applier adopt %s", bundle_to_adopt(status));
    else if ((applies || status->shelf.bundles.count) && status->path &&
             text_has_prefix(next, "applier apply "))
        status->next = memory_format("applier apply %s", status->path);
    else
        status->next = memory_string(next);
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
    set_next(status);
    list_pending(status);
    return status->history.managed ||
           foreign_tables_read(session, status->manifest, &status->foreign, err);
}

static const char *migration_state(const AppliedMigration *migration)
{
    switch (migration->state) {
    case APPLIED_WHOLLY:
        if (migration->verify_failed)
            return "verify-failed";
        return migration->unverified ? "unverified" : "applied";
    case APPLIED_UP_PARTLY:
        return "applied-in-part";
    case APPLIED_DOWN_PARTLY:
        return "taken-back-in-part";
    }
    return "applied";
}

/* What the ledger says of the schema of the version in force; nobody looks now. */
static SchemaState schema_state(const PastArrival *found)
{
    if (!found)
        return SCHEMA_UNPROVEN;
    if (!*found->arrival)
        return SCHEMA_DIFFERS;
    return found->proven ? SCHEMA_PROVEN : SCHEMA_PARTLY;
}

static const char *adopted_version(const History *history)
{
    return history->was_adopted && history->versions.count ? history->versions.items[0].name : NULL;
}

static void schema_text(const History *history, Text *out)
{
    const PastArrival *found = history_arrival(history);
    char both[CLOCK_BOTH_SIZE];
    switch (schema_state(found)) {
    case SCHEMA_UNPROVEN:
        text_add(out, "schema     not compared with a proven one\n");
        break;
    case SCHEMA_PROVEN:
        text_addf(out, "schema     as proven on PostgreSQL %" PRId64 "%s; seen %s\n",
                  found->compared_major, run_render_arrival(found->arrival),
                  clock_with_local(found->at, both));
        break;
    case SCHEMA_PARTLY:
        text_addf(out,
                  "schema     its structure as proven on PostgreSQL %" PRId64
                  ", seen %s on %" PRId64 "\n",
                  found->compared_major, clock_with_local(found->at, both), found->server_major);
        break;
    case SCHEMA_DIFFERS:
        text_addf(out, "schema     not the one proven, seen %s\n",
                  clock_with_local(found->at, both));
        break;
    }
    if (adopted_version(history))
        text_addf(out, "adopted    at version %s; there is no way back below it\n",
                  adopted_version(history));
    if (*history->identity.rehearsal_since)
        text_addf(out, "copy       to rehearse on, since %s: nothing else is run here\n",
                  history->identity.rehearsal_since);
}

static void backup_text(const History *history, Text *out)
{
    const PastBackup *last = backup_last_good(&history->backups);
    if (!last)
        return;
    text_add(out, "backup     ");
    backup_render_words(&last->record, out);
    text_add_char(out, '\n');
    if (*last->record.restore_command)
        text_addf(out, "restore    %s\n", last->record.restore_command);
}

static void render_json(const Status *status, Text *out)
{
    int64_t inside_count = 0;
    const PastArrival *found = history_arrival(&status->history);
    const History *history = &status->history;
    const StatusReport *report = &status->report;
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product",
                history->managed ? history->identity.product
                                 : (status->manifest ? status->manifest->head.product : NULL));
    json_string(&json, "version", strcmp(report->version, "-") == 0 ? NULL : report->version);
    json_string(&json, "inside", history_inside(history, &inside_count));
    json_int(&json, "position", history->position);
    json_string(&json, "state", status_state_name(report->state));
    json_bool(&json, "running", status->running);
    json_bool(&json, "standby", status->replayed_to != NULL);
    json_string(&json, "replayed_to", status->replayed_to);
    json_string(&json, "replayed_at",
                status->replayed_at && *status->replayed_at ? status->replayed_at : NULL);
    json_string(&json, "why", report->why);
    json_string(&json, "next", status->next);
    if (status->route.from) {
        json_string(&json, "to", status->route.to);
        route_json(&status->route, &status->shelf, &json);
    }
    json_bool(&json, "phase_before_done", report->before_is_done);
    json_string(&json, "database_uuid", history->managed ? history->identity.database_uuid : NULL);
    json_string(&json, "schema", history->managed ? schema_state_name(schema_state(found)) : NULL);
    json_string(&json, "schema_seen_at", found ? found->at : NULL);
    json_string(&json, "adopted", adopted_version(history));
    json_string(&json, "rehearsal_since",
                *history->identity.rehearsal_since ? history->identity.rehearsal_since : NULL);
    backup_render_past_json(&history->backups, &json);
    foreign_tables_json(&status->foreign, &json);
    json_array(&json, "pending");
    array_each (const Pending, pending, &status->pending)
        json_string(&json, /* name= */ NULL, pending->identity);
    json_close(&json);
    json_array(&json, "migrations");
    array_each (const AppliedMigration, migration, &history->migrations) {
        json_object(&json, /* name= */ NULL);
        json_string(&json, "identity", migration->identity);
        json_string(&json, "version", migration->version);
        json_string(&json, "state", migration_state(migration));
        json_string(&json, "applied_at", migration->applied_at);
        json_int(&json, "duration_ms", migration->duration_ms);
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    json_end(&json);
}

static void render_text(const Status *status, Text *out)
{
    int64_t count = 0;
    char both[CLOCK_BOTH_SIZE];
    const char *inside = history_inside(&status->history, &count);
    const History *history = &status->history;
    const StatusReport *report = &status->report;
    text_addf(out, "state      %s\n", status_state_name(report->state));
    if (report->why)
        text_addf(out, "           %s\n", report->why);
    if (status->replayed_to)
        text_addf(out, "standby    replayed to %s%s%s\n", status->replayed_to,
                  *status->replayed_at ? ", committed on the primary at " : "",
                  clock_with_local(status->replayed_at, both));
    if (status->running)
        text_addf(out, "running    an applier is at work: process %" PRId64 " of %s, from %s\n",
                  status->holder.pid, status->holder.user, status->holder.address);
    if (history->managed) {
        text_addf(out, "product    %s\n", history->identity.product);
        text_addf(out, "version    %s",
                  strcmp(report->version, "-") == 0 ? "(nothing)" : report->version);
        if (inside)
            text_addf(out, ", and %" PRId64 " migration%s of %s", count, text_plural(count),
                      inside);
        text_add_char(out, '\n');
        schema_text(history, out);
        backup_text(history, out);
    }
    array_each (const ForeignTable, table, &status->foreign) {
        text_add(out, "history    ");
        foreign_table_text(table, status->manifest != NULL, out);
        text_add_char(out, '\n');
    }
    if (status->next)
        text_addf(out, "next       %s\n", status->next);
    if (status->route.route.legs.count) {
        text_addf(out, "route      to %s\n", status->route.to);
        route_text(&status->route, &status->shelf, out);
    }
    array_each (const AppliedMigration, migration, &history->migrations)
        text_addf(out, "%s  %-8s %s, %" PRId64 " ms%s%s\n",
                  migration == history->migrations.items ? "applied  " : "         ",
                  migration->version, migration->identity, migration->duration_ms,
                  strcmp(migration_state(migration), "applied") == 0 ? "" : ": ",
                  strcmp(migration_state(migration), "applied") == 0 ? ""
                                                                     : migration_state(migration));
    array_each (const Pending, pending, &status->pending)
        text_addf(out, "%s  %-8s %s\n",
                  pending == status->pending.items ? "pending  " : "         ", pending->version,
                  pending->identity);
}

static bool run(CommandContext *context, Error *err)
{
    const StatusOptions *given = context->options;
    CLEANUP(status_done) Status status = {.history.unsettled = -1};
    if (!look(context, &status, err))
        return false;
    if (context->json)
        render_json(&status, context->out);
    else
        render_text(&status, context->out);
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
