#include "applier/commands/run_render.h"

#include <inttypes.h>

#include "applier/commands/backup_options.h"
#include "applier/server/server_words.h"
#include "base/memory.h"
#include "bundles/difference_json.h"

void run_render_failure_json(const StepFailure *failure, JsonWriter *json)
{
    json_object(json, "failure");
    json_string(json, "version", failure->version);
    json_string(json, "migration", failure->identity);
    json_string(json, "script", failure->script);
    json_string(json, "source", failure->source);
    json_int(json, "statement", failure->statement);
    json_int(json, "line", failure->line);
    json_string(json, "sqlstate", failure->sqlstate);
    json_string(json, "words", failure->words);
    json_close(json);
}

static void schema_json(const SchemaReport *schema, JsonWriter *json)
{
    if (!schema) {
        json_null(json, "schema");
        return;
    }
    json_string(json, "schema", schema_state_name(schema->state));
    if (!schema->version)
        return;
    json_string(json, "schema_version", schema->version);
    json_string(json, "schema_arrival", schema->arrival);
    json_int(json, "server_major", schema->server_major);
    json_int(json, "compared_major", schema->compared_major);
    json_int(json, "env_differences", (int64_t)schema->env_differences);
    json_int(json, "accepted_rows", (int64_t)schema->accepted_rows);
    json_int(json, "tolerated_rows", (int64_t)schema->tolerated_rows);
    json_array(json, "differences");
    array_each (const SchemaDifference, difference, &schema->differences)
        difference_json(json, difference->change, difference->class, difference->kind,
                        difference->identity);
    json_close(json);
}

const char *run_render_arrival(const char *arrival)
{
    switch (arrival ? word_table_find(&arrival_words, arrival) : ARRIVAL_UP) {
    case ARRIVAL_DOWN:
    case ARRIVAL_CHAIN:
        return ", as a rollback leaves it";
    case ARRIVAL_AGAIN:
        return ", as the upgrade behind a rollback leaves it";
    default:
        return "";
    }
}

void run_render_schema(const SchemaReport *schema, Text *out)
{
    switch (schema->state) {
    case SCHEMA_PROVEN:
        text_addf(out, "  the schema is the one proven at build time on PostgreSQL %" PRId64 "%s\n",
                  schema->compared_major, run_render_arrival(schema->arrival));
        break;
    case SCHEMA_PARTLY:
        text_addf(out,
                  "  the schema's structure is the one proven at build time on PostgreSQL %" PRId64
                  "; view, rule and body texts were not compared on PostgreSQL %" PRId64 "\n",
                  schema->compared_major, schema->server_major);
        break;
    case SCHEMA_UNPROVEN:
        text_add(out, "  the schema was not compared: nothing was proven of it at build time\n");
        break;
    case SCHEMA_DIFFERS:
        text_add(out, "  the schema is not the one proven at build time\n");
        break;
    }
    if (schema->accepted_rows || schema->tolerated_rows)
        text_addf(out,
                  "  not counted, as rows of the fingerprint: %zu that this site accepts, %zu that "
                  "the vendor tolerates; 'applier drift' names the objects\n",
                  schema->accepted_rows, schema->tolerated_rows);
}

void run_render_warnings_json(const char *warnings, JsonWriter *json)
{
    json_array(json, "warnings");
    for (const char *at = warnings; *at;) {
        size_t length = strcspn(at, "\n");
        CLEANUP(memory_freep) char *line = memory_string_n(at, length);
        json_string(json, /* name= */ NULL, line);
        at += length + (at[length] == '\n');
    }
    json_close(json);
}

void run_render_cancelled_json(const WatchCancelled *cancelled, JsonWriter *json)
{
    json_int(json, "pid", cancelled->pid);
    json_string(json, "user", *cancelled->user ? cancelled->user : NULL);
    json_string(json, "application", *cancelled->application ? cancelled->application : NULL);
    json_string(json, "type", cancelled->type);
    json_string(json, "done", cancelled->ended ? "session ended" : "statement cancelled");
    json_bool(json, "told", cancelled->told);
}

static void seen_json(const RunSeen *seen, JsonWriter *json)
{
    if (!seen)
        return;
    json_int(json, "lock_waits", seen->lock_waits);
    json_int(json, "lock_wait_ms", seen->lock_wait_ms);
    json_array(json, "longest");
    for (size_t i = 0; i < seen->longest_count; i++) {
        json_object(json, /* name= */ NULL);
        json_string(json, "version", seen->longest[i].version);
        json_string(json, "migration", seen->longest[i].identity);
        json_string(json, "script", seen->longest[i].script);
        json_int(json, "statement", seen->longest[i].statement);
        json_int(json, "duration_ms", seen->longest[i].duration_ms);
        json_close(json);
    }
    json_close(json);
    json_array(json, "cancelled");
    array_each (const WatchCancelled, cancelled, &seen->cancelled) {
        json_object(json, /* name= */ NULL);
        run_render_cancelled_json(cancelled, json);
        json_close(json);
    }
    json_close(json);
}

void run_seen_done(RunSeen *seen)
{
    for (size_t i = 0; i < seen->longest_count; i++) {
        free(seen->longest[i].version);
        free(seen->longest[i].identity);
    }
    array_free(&seen->cancelled);
    *seen = (RunSeen){0};
}

void run_render_seen(const RunSeen *seen, const RunReport *run, Text *out)
{
    for (size_t i = 0; i < seen->longest_count; i++) {
        text_add(out, i == 0 ? "  longest: " : "           ");
        watch_duration_words(seen->longest[i].duration_ms, out);
        text_addf(out, " %s %s", seen->longest[i].version, seen->longest[i].identity);
        if (seen->longest[i].statement)
            text_addf(out, ", statement %" PRId64 " of its %s script", seen->longest[i].statement,
                      seen->longest[i].script);
        text_add_char(out, '\n');
    }
    if (seen->lock_waits) {
        text_addf(out, "  waited for locks %" PRId64 " time%s, ", seen->lock_waits,
                  text_plural(seen->lock_waits));
        watch_duration_words(seen->lock_wait_ms, out);
        text_add(out, " in all\n");
    }
    array_each (const WatchCancelled, cancelled, &seen->cancelled) {
        text_add(out, "  --cancel-blockers: ");
        watch_cancelled_words(cancelled, out);
        text_add_char(out, '\n');
    }
    if (run->copied_bytes) {
        text_add(out, "  sent by COPY: ");
        watch_bytes_words(run->copied_bytes, out);
        text_add_char(out, '\n');
    }
}

void run_render_json(const RunOutcome *outcome, JsonWriter *json)
{
    json_string(json, "result", outcome->result);
    json_string(json, "from", outcome->from);
    json_string(json, "to", outcome->to);
    json_string(json, "version", outcome->version);
    json_string(json, "run_id", outcome->run_id);
    json_int(json, "reconnects", outcome->reconnects);
    json_int(json, "migrations", outcome->migrations);
    json_int(json, "migrations_done", outcome->run->tasks_done);
    json_int(json, "committed", outcome->run->groups_committed);
    json_bool(json, "settled", outcome->run->settled);
    json_int(json, "retries", outcome->run->retries);
    json_int(json, "batches", outcome->run->batches);
    json_int(json, "batch_rows", outcome->run->batch_rows);
    json_int(json, "copied_bytes", outcome->run->copied_bytes);
    json_int(json, "notices", outcome->run->notices);
    json_string(json, "notice_sqlstate", outcome->run->notices ? outcome->run->notice_code : NULL);
    json_int(json, "duration_ms", outcome->duration_ms);
    if (outcome->settled->happened)
        json_string(json, "settled_step", outcome->settled->done ? "done" : "not done");
    if (outcome->run->failure.happened)
        run_render_failure_json(&outcome->run->failure, json);
    seen_json(outcome->seen, json);
    schema_json(outcome->schema, json);
    if (outcome->backup)
        backup_render_json(outcome->backup, json);
    else
        json_null(json, "backup");
    run_render_warnings_json(outcome->warnings ? outcome->warnings : "", json);
}

void run_render_reconnects(int64_t reconnects, Text *out)
{
    if (reconnects)
        text_addf(out, "  the connection was lost and came back %" PRId64 " time%s\n", reconnects,
                  text_plural(reconnects));
}

void run_render_warnings(const char *program, const char *warnings)
{
    for (const char *at = warnings ? warnings : ""; *at;) {
        size_t length = strcspn(at, "\n");
        fprintf(stderr, "%s: warning: %.*s\n", program, (int)length, at);
        at += length + (at[length] == '\n');
    }
}

void run_render_notices(const char *program, const RunReport *run)
{
    if (run->notices)
        fprintf(stderr,
                "%s: the server sent %" PRId64 " notices and warnings, the last of them %s %s "
                "(--show-sql shows them)\n",
                program, run->notices, run->notice_code, server_words_condition(run->notice_code));
}
