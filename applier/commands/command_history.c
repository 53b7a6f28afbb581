/* applier history: what was done to this database, when, by whom, how long it took. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/target_options.h"
#include "applier/ledger/history.h"
#include "base/json_writer.h"

typedef struct HistoryOptions {
    TargetOptions target;
} HistoryOptions;

static const Option options[] = {
    TARGET_OPTION_ROWS(HistoryOptions),
};

static void event_json(const PastEvent *event, JsonWriter *json)
{
    char head[DIGEST_HEX_SIZE];
    json_object(json, /* name= */ NULL);
    json_int(json, "number", event->number);
    json_string(json, "action", event->action);
    json_string(json, "phase", event->phase);
    json_string(json, "at", event->at);
    json_string(json, "from", event->from_version);
    json_string(json, "to", event->to_version);
    json_int(json, "from_position", event->from_position);
    json_int(json, "to_position", event->to_position);
    json_string(json, "head_digest",
                event->has_head ? digest_hex(&event->head_digest, head) : NULL);
    json_string(json, "session_user", event->session_user);
    json_string(json, "current_user", event->current_user);
    json_string(json, "operating_system_user", event->operating_system_user);
    json_string(json, "client_host", event->client_host);
    json_string(json, "applier", event->applier);
    json_string(json, "server_version", event->server_version);
    json_bool(json, "superuser", event->superuser);
    json_string(json, "run_id", *event->run_id ? event->run_id : NULL);
    json_string(json, "bundle_path", *event->bundle_path ? event->bundle_path : NULL);
    json_string(json, "sqlstate", *event->sqlstate ? event->sqlstate : NULL);
    json_string(json, "words", *event->words ? event->words : NULL);
    json_close(json);
}

static void journal_json(const JournalRow *row, JsonWriter *json)
{
    char hex[DIGEST_HEX_SIZE];
    json_object(json, /* name= */ NULL);
    json_int(json, "number", row->number);
    json_string(json, "kind", journal_kind_name(row->kind));
    json_string(json, "direction", direction_name(row->direction));
    json_string(json, "version", row->version);
    json_string(json, "identity", *row->identity ? row->identity : NULL);
    json_int(json, "group", row->group);
    json_int(json, "groups", row->group_count);
    json_bool(json, "complete", row->complete);
    json_string(json, "result", *row->result ? row->result : NULL);
    json_int(json, "attempt", row->attempt);
    json_int(json, "duration_ms", row->duration_ms);
    json_string(json, "at", row->at);
    json_string(json, "head_digest", digest_hex(&row->head_digest, hex));
    json_string(json, "digest", digest_hex(&row->digest, hex));
    json_close(json);
}

static void render_json(const History *history, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_bool(&json, "managed", history->managed);
    json_string(&json, "product", history->managed ? history->identity.product : NULL);
    json_string(&json, "database_uuid", history->managed ? history->identity.database_uuid : NULL);
    json_string(&json, "diverged", history->diverged);
    json_array(&json, "events");
    array_each (const PastEvent, event, &history->events)
        event_json(event, &json);
    json_close(&json);
    json_array(&json, "journal");
    array_each (const JournalRow, row, &history->journal)
        journal_json(row, &json);
    json_close(&json);
    json_close(&json);
    json_end(&json);
}

static void event_text(const PastEvent *event, Text *out)
{
    text_addf(out, "  %s  %-8s %-8s %s -> %s, by %s (%s on %s), applier %s%s%s\n", event->at,
              event->action, event->phase,
              strcmp(event->from_version, "-") == 0 ? "(nothing)" : event->from_version,
              strcmp(event->to_version, "-") == 0 ? "(nothing)" : event->to_version,
              event->session_user, event->operating_system_user, event->client_host, event->applier,
              *event->run_id ? ", run " : "", event->run_id);
    /* of a rollback that did not fail the ledger keeps how its scripts were proven */
    bool proof = *event->words && !*event->sqlstate && strcmp(event->action, "rollback") == 0;
    if (*event->words)
        text_addf(out, "  %20s  %s%s\n", "", proof ? "scripts proven by: " : "", event->words);
}

static void journal_text(const JournalRow *row, Text *out)
{
    text_addf(out, "  %s  %-4s %-8s %s", row->at, direction_name(row->direction),
              journal_kind_name(row->kind), row->version);
    if (*row->identity)
        text_addf(out, " %s", row->identity);
    if (row->group_count > 1)
        text_addf(out, " (group %" PRId64 " of %" PRId64 ")", row->group, row->group_count);
    /* that a verify script was still to run is told by the row of its answer */
    if (*row->result && strcmp(row->result, JOURNAL_UNVERIFIED) != 0)
        text_addf(out, ": %s", row->result);
    if (row->kind == JOURNAL_GROUP)
        text_addf(out, ", %" PRId64 " ms", row->duration_ms);
    text_add_char(out, '\n');
}

static void render_text(const History *history, Text *out)
{
    if (!history->managed) {
        text_add(out, "unmanaged: Sealift has done nothing to this database\n");
        return;
    }
    text_addf(out, "product %s, database %s\n\nruns\n", history->identity.product,
              history->identity.database_uuid);
    array_each (const PastEvent, event, &history->events)
        event_text(event, out);
    text_add(out, "\nmigrations\n");
    array_each (const JournalRow, row, &history->journal)
        journal_text(row, out);
    if (history->diverged)
        text_addf(out, "\ndiverged: %s\n", history->diverged);
}

static bool run(CommandContext *context, Error *err)
{
    const HistoryOptions *given = context->options;
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    CLEANUP(history_done) History history = {0};
    if (!target_open_reading(&given->target, &session, err) ||
        !history_read(session, &history, err))
        return false;
    if (context->json)
        render_json(&history, context->out);
    else
        render_text(&history, context->out);
    return true;
}

const Command command_history = {
    .name = "history",
    .synopsis = "[--db CONNINFO]",
    .summary = "show what was done to a database: when, by whom, how long it took",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(HistoryOptions),
    .run = run,
};
