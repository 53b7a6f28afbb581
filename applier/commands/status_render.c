#include "applier/commands/status_render.h"

#include <inttypes.h>

#include "applier/commands/backup_options.h"
#include "applier/commands/route_render.h"
#include "applier/commands/run_render.h"
#include "applier/schema/schema_proof.h"
#include "base/json_writer.h"
#include "base/memory.h"

/* The newest run that began something, or NULL. */
static const PastRun *last_run(const Status *status)
{
    for (size_t i = status->runs.count; i > 0; i--)
        if (status->runs.items[i - 1].result != PAST_RUN_REFUSED)
            return &status->runs.items[i - 1];
    return NULL;
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

static const char *spoken(const char *version)
{
    return strcmp(version, "-") == 0 ? "(nothing)" : version;
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

static void moved_text(const History *history, Text *out)
{
    if (!history->moved)
        return;
    CLEANUP(memory_freep) char *words = history_moved_words(history);
    text_addf(
        out,
        "moved      %s\n"
        "           a run here wants --same-site (it is this site's database from now on), or "
        "before it 'applier adopt --as-copy'\n",
        words);
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

static void holder_json(const Status *status, JsonWriter *json)
{
    if (!status->running) {
        json_null(json, "holder");
        return;
    }
    json_object(json, "holder");
    json_int(json, "pid", status->holder.pid);
    json_string(json, "user", status->holder.user);
    json_string(json, "client", status->holder.address);
    json_string(json, "since", status->holder.since);
    json_string(json, "doing", status->doing.length ? text_string(&status->doing) : NULL);
    json_close(json);
}

static void last_run_json(const PastRun *run, JsonWriter *json)
{
    if (!run) {
        json_null(json, "last_run");
        return;
    }
    const PastEvent *last = run->last;
    bool failed = run->result == PAST_RUN_FAILED;
    json_object(json, "last_run");
    json_string(json, "action", run->first->action);
    json_string(json, "result", past_run_result_name(run->result));
    json_string(json, "from", run->first->from_version);
    json_string(json, "to", run->first->to_version);
    json_string(json, "begun_at", run->first->at);
    json_string(json, "ended_at", last ? last->at : NULL);
    json_string(json, "sqlstate", failed && *last->sqlstate ? last->sqlstate : NULL);
    json_string(json, "words", failed && *last->words ? last->words : NULL);
    json_close(json);
}

/* What happened, where the last run did not come to its end. */
static void last_run_text(const Status *status, Text *out)
{
    const PastRun *run = last_run(status);
    char both[CLOCK_BOTH_SIZE];
    if (!run || run->result == PAST_RUN_DONE || status->running)
        return;
    text_addf(out, "last run   %s %s -> %s of %s: %s\n", run->first->action,
              spoken(run->first->from_version), spoken(run->first->to_version),
              clock_with_local(run->first->at, both),
              run->result == PAST_RUN_FAILED ? "failed"
                                             : "no end of it is on record: killed, or cut off");
    if (run->result == PAST_RUN_FAILED && *run->last->words)
        text_addf(out, "           %s\n", run->last->words);
}

static void place_json(const char *name, const LedgerPlace *place, JsonWriter *json)
{
    if (!place) {
        json_null(json, name);
        return;
    }
    json_object(json, name);
    json_string(json, "system_identifier", place->system_identifier);
    json_string(json, "database_oid", place->database_oid);
    json_string(json, "database", *place->database ? place->database : NULL);
    json_close(json);
}

void status_render_json(const Status *status, Text *out)
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
    holder_json(status, &json);
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
    last_run_json(last_run(status), &json);
    json_bool(&json, "phase_before_done", report->before_is_done);
    json_string(&json, "database_uuid", history->managed ? history->identity.database_uuid : NULL);
    json_string(&json, "schema", history->managed ? schema_state_name(schema_state(found)) : NULL);
    json_string(&json, "schema_seen_at", found ? found->at : NULL);
    json_string(&json, "adopted", adopted_version(history));
    json_string(&json, "rehearsal_since",
                *history->identity.rehearsal_since ? history->identity.rehearsal_since : NULL);
    json_bool(&json, "moved", history->moved);
    place_json("last_used", history->managed ? &history->identity.last_used : NULL, &json);
    place_json("used_here", history->managed ? &history->here : NULL, &json);
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

/* A killed applier leaves a session that goes on: nobody but the operator can tell. */
static void running_text(const Status *status, Text *out)
{
    char both[CLOCK_BOTH_SIZE];
    text_addf(out,
              "running    an applier is at work: process %" PRId64 " of %s, from %s, since %s\n",
              status->holder.pid, status->holder.user, status->holder.address,
              clock_with_local(status->holder.since, both));
    if (status->doing.length)
        text_addf(out, "           %s\n", text_string(&status->doing));
    text_addf(out,
              "           where that applier was killed or cut off: 'applier resume' waits for its "
              "session, SELECT pg_terminate_backend(%" PRId64 ") ends it\n",
              status->holder.pid);
}

void status_render_text(const Status *status, Text *out)
{
    int64_t count = 0;
    char both[CLOCK_BOTH_SIZE];
    const char *inside = history_inside(&status->history, &count);
    const History *history = &status->history;
    const StatusReport *report = &status->report;
    text_addf(out, "state      %s\n", status_state_name(report->state));
    if (report->why)
        text_addf(out, "           %s\n", report->why);
    last_run_text(status, out);
    if (status->replayed_to)
        text_addf(out, "standby    replayed to %s%s%s\n", status->replayed_to,
                  *status->replayed_at ? ", committed on the primary at " : "",
                  clock_with_local(status->replayed_at, both));
    if (status->running)
        running_text(status, out);
    if (history->managed) {
        text_addf(out, "product    %s\n", history->identity.product);
        text_addf(out, "version    %s", spoken(report->version));
        if (inside)
            text_addf(out, ", and %" PRId64 " migration%s of %s", count, text_plural(count),
                      inside);
        text_add_char(out, '\n');
        schema_text(history, out);
        moved_text(history, out);
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
