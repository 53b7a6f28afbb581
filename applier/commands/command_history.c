/* applier history: what was done to this database, when, by whom, how long it took. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/backup_options.h"
#include "applier/commands/parameter_render.h"
#include "applier/commands/target_options.h"
#include "applier/ledger/past_runs.h"
#include "base/json_writer.h"

typedef struct HistoryOptions {
    TargetOptions target;
    int64_t limit;
    bool migrations;
} HistoryOptions;

static const Option options[] = {
    TARGET_OPTION_ROWS(HistoryOptions),
    OPTION_NUMBER_ROW("limit", HistoryOptions, limit, "N", "the last N only (0: all)"),
    OPTION_FLAG_ROW("migrations", HistoryOptions, migrations,
                    "migration by migration in place of the runs"),
};

/* Where the last `limit` of so many begin. */
static size_t first_of(size_t count, int64_t limit)
{
    return limit > 0 && (uint64_t)limit < count ? count - (size_t)limit : 0;
}

static void run_json(const PastRun *run, JsonWriter *json)
{
    const PastEvent *first = run->first;
    json_object(json, /* name= */ NULL);
    json_int(json, "number", first->number);
    json_string(json, "action", first->action);
    json_string(json, "result", past_run_result_name(run->result));
    json_string(json, "from", first->from_version);
    json_string(json, "to", first->to_version);
    json_string(json, "begun_at", first->at);
    json_string(json, "ended_at", run->last ? run->last->at : NULL);
    if (run->duration_ms < 0)
        json_null(json, "duration_ms");
    else
        json_int(json, "duration_ms", run->duration_ms);
    json_string(json, "session_user", first->session_user);
    json_string(json, "operating_system_user", first->operating_system_user);
    json_string(json, "client_host", first->client_host);
    json_string(json, "applier", first->applier);
    json_string(json, "server_version", first->server_version);
    json_string(json, "bundle_path", *first->bundle_path ? first->bundle_path : NULL);
    json_string(json, "sqlstate", run->last && *run->last->sqlstate ? run->last->sqlstate : NULL);
    json_close(json);
}

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

static void loss_json(const PastLoss *loss, JsonWriter *json)
{
    json_object(json, /* name= */ NULL);
    json_int(json, "event", loss->event_number);
    json_string(json, "identity", loss->identity);
    json_string(json, "words", loss->words);
    json_string(json, "at", loss->at);
    json_string(json, "session_user", loss->session_user);
    json_string(json, "operating_system_user", loss->operating_system_user);
    json_close(json);
}

static void render_json(const History *history, const HistoryOptions *given, Text *out)
{
    PastRunArray runs;
    JsonWriter json;
    past_runs_fold(history, &runs);
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_bool(&json, "managed", history->managed);
    json_string(&json, "product", history->managed ? history->identity.product : NULL);
    json_string(&json, "database_uuid", history->managed ? history->identity.database_uuid : NULL);
    json_string(&json, "diverged", history->diverged);
    json_array(&json, "runs");
    for (size_t i = first_of(runs.count, given->limit); i < runs.count; i++)
        run_json(&runs.items[i], &json);
    json_close(&json);
    json_array(&json, "events");
    for (size_t i = first_of(history->events.count, given->limit); i < history->events.count; i++)
        event_json(&history->events.items[i], &json);
    json_close(&json);
    backup_render_history_json(&history->backups, &json);
    json_array(&json, "accepted_losses");
    array_each (const PastLoss, loss, &history->losses)
        loss_json(loss, &json);
    json_close(&json);
    past_parameter_render_json(history, &json);
    json_array(&json, "journal");
    for (size_t i = first_of(history->journal.count, given->limit); i < history->journal.count; i++)
        journal_json(&history->journal.items[i], &json);
    json_close(&json);
    json_close(&json);
    json_end(&json);
    array_free(&runs);
}

static const char *spoken(const char *version)
{
    return strcmp(version, "-") == 0 ? "(nothing)" : version;
}

static void result_text(const PastRun *run, Text *out)
{
    switch (run->result) {
    case PAST_RUN_DONE:
        text_add(out, "done");
        break;
    case PAST_RUN_FAILED:
        text_add(out, "failed");
        break;
    case PAST_RUN_REFUSED:
        text_add(out, "refused");
        break;
    case PAST_RUN_STOPPED:
        text_add(out, "stopped, and no end of it is on record");
        break;
    case PAST_RUN_OPEN:
        text_add(out, "no end of it is on record: under way, or killed");
        break;
    }
    if (run->duration_ms >= 0)
        text_addf(out, " after %" PRId64 ".%03" PRId64 " s", run->duration_ms / 1000,
                  run->duration_ms % 1000);
}

static void run_text(const PastRun *run, Text *out)
{
    const PastEvent *first = run->first;
    char both[CLOCK_BOTH_SIZE];
    text_addf(out, "%s  %s %s -> %s: ", clock_with_local(first->at, both), first->action,
              spoken(first->from_version), spoken(first->to_version));
    result_text(run, out);
    text_addf(out, "\n    by %s (%s on %s), applier %s%s%s%s%s%s\n", first->session_user,
              first->operating_system_user, first->client_host, first->applier,
              *first->run_id ? ", run " : "", first->run_id, *first->bundle_path ? ", '" : "",
              first->bundle_path, *first->bundle_path ? "'" : "");
    /* the ledger keeps how a rollback's scripts were proven with its beginning */
    if (*first->words && run->last != first)
        text_addf(out, "    scripts proven by: %s\n", first->words);
    if (run->last && *run->last->words &&
        (run->result == PAST_RUN_FAILED || run->result == PAST_RUN_REFUSED))
        text_addf(out, "    %s%s%s\n", run->last->sqlstate, *run->last->sqlstate ? ": " : "",
                  run->last->words);
}

static void journal_text(const JournalRow *row, Text *out)
{
    char both[CLOCK_BOTH_SIZE];
    text_addf(out, "%s  %-4s %-8s %s", clock_with_local(row->at, both),
              direction_name(row->direction), journal_kind_name(row->kind), row->version);
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

/* What stood behind a run, and what its rollback was allowed to lose. */
static void more_text(const History *history, int64_t number, Text *out)
{
    array_each (const PastBackup, backup, &history->backups) {
        if (backup->event_number != number)
            continue;
        text_add(out, "    backup: ");
        backup_render_words(&backup->record, out);
        text_add_char(out, '\n');
    }
    array_each (const PastLoss, loss, &history->losses)
        if (loss->event_number == number)
            text_addf(out, "    accepted: loss by %s: %s\n", loss->identity, loss->words);
    past_parameter_render_text(history, number, out);
}

static void runs_text(const History *history, int64_t limit, Text *out)
{
    PastRunArray runs;
    past_runs_fold(history, &runs);
    for (size_t i = first_of(runs.count, limit); i < runs.count; i++) {
        run_text(&runs.items[i], out);
        more_text(history, runs.items[i].first->number, out);
    }
    array_free(&runs);
}

static void render_text(const History *history, const HistoryOptions *given, Text *out)
{
    if (!history->managed) {
        text_add(out, "unmanaged: Sealift has done nothing to this database\n");
        return;
    }
    text_addf(out, "product %s, database %s\n\n", history->identity.product,
              history->identity.database_uuid);
    const JournalRowArray *journal = &history->journal;
    if (!given->migrations)
        runs_text(history, given->limit, out);
    for (size_t i = first_of(journal->count, given->limit); given->migrations && i < journal->count;
         i++)
        journal_text(&journal->items[i], out);
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
        render_json(&history, given, context->out);
    else
        render_text(&history, given, context->out);
    return true;
}

const Command command_history = {
    .name = "history",
    .synopsis = "[--db CONNINFO] [--limit N] [--migrations]",
    .summary = "show what was done to a database: when, by whom, how long it took",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(HistoryOptions),
    .run = run,
};
