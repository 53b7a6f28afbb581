/* applier status: where a database stands; reads only. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/backup_options.h"
#include "applier/commands/run_render.h"
#include "applier/commands/status_report.h"
#include "applier/commands/target_options.h"
#include "applier/ledger/stored_bundle.h"
#include "applier/runs/site_bundle.h"
#include "applier/schema/schema_proof.h"
#include "applier/server/pg_lock.h"
#include "applier/server/pg_query.h"
#include "applier/sql/session_queries.h"
#include "base/json_writer.h"
#include "base/memory.h"

typedef struct StatusOptions {
    TargetOptions target;
    bool check;
} StatusOptions;

static const Option options[] = {
    TARGET_OPTION_ROWS(StatusOptions),
    OPTION_FLAG_ROW("check", StatusOptions, check, "exit status 12 where migrations are pending"),
};

/* What was read, and what it was compared with. */
typedef struct Status {
    History history;
    SiteBundle bundle;        /* where one was named */
    StoredBundle *stored;     /* else the newest that the ledger keeps */
    const Manifest *manifest; /* of either; NULL: none */
    StatusReport report;
    bool running; /* another applier is at work */
    PgLockHolder holder;
    char *replayed_to; /* owned: a standby's position in the log; NULL: no standby */
    char *replayed_at; /* owned: of the last commit that it replayed, or "" */
} Status;

static void status_done(Status *status)
{
    status_report_done(&status->report);
    stored_bundle_free(status->stored);
    site_bundle_done(&status->bundle);
    history_done(&status->history);
    free(status->replayed_to);
    free(status->replayed_at);
}

/* The newest bundle of the ledger; proven by digests only, for nothing of it is run. */
static bool load_newest(PgSession *session, Status *status, Error *err)
{
    const KnownBundleArray *bundles = &status->history.bundles;
    static const StoredTrust nobody;
    if (!bundles->count)
        return true;
    if (!stored_bundle_load(session, &bundles->items[bundles->count - 1].head_digest, &nobody,
                            &status->stored, err))
        return error_wrap(err, "reading the newest bundle in the ledger");
    status->manifest = &status->stored->manifest;
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

static bool look(const CommandContext *context, Status *status, Error *err)
{
    const StatusOptions *given = context->options;
    const char *path = context->arguments.count ? context->arguments.items[0] : NULL;
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    if (path && (!site_bundle_open(path, &status->bundle, err) ||
                 !bundle_reader_manifest(status->bundle.reader, &status->manifest, err)))
        return false;
    if (!target_open_reading(&given->target, &session, err) ||
        !look_at_replay(session, status, err) ||
        !pg_lock_look(session, &status->running, &status->holder, err) ||
        !history_read(session, &status->history, err))
        return false;
    if (path ? !check_product(status, err) : !load_newest(session, status, err))
        return false;
    status_report_make(&status->history, status->manifest,
                       path ? STATUS_BUNDLE_GIVEN : STATUS_BUNDLE_KNOWN, &status->report);
    return true;
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
    switch (schema_state(found)) {
    case SCHEMA_UNPROVEN:
        text_add(out, "schema     not compared with a proven one\n");
        break;
    case SCHEMA_PROVEN:
        text_addf(out, "schema     as proven on PostgreSQL %" PRId64 "%s; seen %s\n",
                  found->compared_major, run_render_arrival(found->arrival), found->at);
        break;
    case SCHEMA_PARTLY:
        text_addf(out,
                  "schema     its structure as proven on PostgreSQL %" PRId64
                  ", seen %s on %" PRId64 "\n",
                  found->compared_major, found->at, found->server_major);
        break;
    case SCHEMA_DIFFERS:
        text_addf(out, "schema     not the one proven, seen %s\n", found->at);
        break;
    }
    if (adopted_version(history))
        text_addf(out, "adopted    at version %s; there is no way back below it\n",
                  adopted_version(history));
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
    json_string(&json, "state", status_state_name(report->state));
    json_bool(&json, "running", status->running);
    json_bool(&json, "standby", status->replayed_to != NULL);
    json_string(&json, "replayed_to", status->replayed_to);
    json_string(&json, "replayed_at",
                status->replayed_at && *status->replayed_at ? status->replayed_at : NULL);
    json_string(&json, "why", report->why);
    json_string(&json, "next", report->next);
    json_string(&json, "database_uuid", history->managed ? history->identity.database_uuid : NULL);
    json_string(&json, "schema", history->managed ? schema_state_name(schema_state(found)) : NULL);
    json_string(&json, "schema_seen_at", found ? found->at : NULL);
    json_string(&json, "adopted", adopted_version(history));
    backup_render_past_json(&history->backups, &json);
    json_array(&json, "pending");
    array_each (const ManifestMigration *const, migration, &report->pending)
        json_string(&json, /* name= */ NULL, (*migration)->identity);
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
    const History *history = &status->history;
    const StatusReport *report = &status->report;
    text_addf(out, "state      %s\n", status_state_name(report->state));
    if (report->why)
        text_addf(out, "           %s\n", report->why);
    if (status->replayed_to)
        text_addf(out, "standby    replayed to %s%s%s\n", status->replayed_to,
                  *status->replayed_at ? ", committed on the primary at " : "",
                  status->replayed_at);
    if (status->running)
        text_addf(out, "running    an applier is at work: process %" PRId64 " of %s, from %s\n",
                  status->holder.pid, status->holder.user, status->holder.address);
    if (history->managed) {
        text_addf(out, "product    %s\n", history->identity.product);
        text_addf(out, "version    %s\n",
                  strcmp(report->version, "-") == 0 ? "(nothing)" : report->version);
        schema_text(history, out);
        backup_text(history, out);
    }
    if (report->next && !status->running)
        text_addf(out, "next       %s\n", report->next);
    array_each (const AppliedMigration, migration, &history->migrations)
        text_addf(out, "%s  %-8s %s, %" PRId64 " ms%s%s\n",
                  migration == history->migrations.items ? "applied  " : "         ",
                  migration->version, migration->identity, migration->duration_ms,
                  strcmp(migration_state(migration), "applied") == 0 ? "" : ": ",
                  strcmp(migration_state(migration), "applied") == 0 ? ""
                                                                     : migration_state(migration));
    for (size_t i = 0; i < report->pending.count; i++) {
        const ManifestMigration *migration = report->pending.items[i];
        text_addf(out, "%s  %-8s %s\n", i == 0 ? "pending  " : "         ",
                  status->manifest->versions.items[migration->version].name, migration->identity);
    }
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
    if (given->check && status.report.pending.count)
        return error_set(err, ERROR_PENDING, "%zu migration%s pending", status.report.pending.count,
                         status.report.pending.count == 1 ? " is" : "s are");
    return true;
}

const Command command_status = {
    .name = "status",
    .synopsis = "[BUNDLE] [--db CONNINFO] [--check]",
    .summary = "show where a database stands, by its ledger and, if one is named, a bundle",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(StatusOptions),
    .most_arguments = 1,
    .run = run,
};
