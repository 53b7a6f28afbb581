/* applier plan: the exact statements and transaction groups of an apply; changes nothing. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/plan_route.h"
#include "applier/commands/run_options.h"
#include "applier/runs/site_memory.h"
#include "base/clock.h"
#include "base/json_writer.h"

#define PLAN_SQL_SHOWN 96 /* bytes of a statement shown in one line */

typedef struct PlanOptions {
    TargetOptions target;
    const char *to;
    const char *atomic;
    bool sql;
} PlanOptions;

static const Option options[] = {
    TARGET_OPTION_ROWS(PlanOptions),
    OPTION_STRING_ROW(
        "to", PlanOptions, to, "VERSION",
        "stop at this version (default: the last of the bundle, or the newest at hand)"),
    OPTION_CHOICE_ROW("atomic", PlanOptions, atomic, "migration|version|run",
                      "how much one transaction holds (default: migration)"),
    OPTION_FLAG_ROW("sql", PlanOptions, sql, "print each statement whole"),
};

static void defaults(void *given)
{
    PlanOptions *plan = given;
    plan->atomic = "migration";
}

/* What is shown, in one place for both renderers. */
typedef struct Show {
    const ApplyInput *input;
    const ApplyPlan *plan;
    const History *history;
    const SchemaForecast *forecast;
    const PlanRoute *route;     /* of several bundles; NULL: one was named */
    int64_t look_under_lock_ms; /* a look that takes longer waits for COMMIT */
    bool whole;                 /* statements whole */
    JsonWriter *json;           /* NULL: text */
    Text *out;
} Show;

/* The statement's text, or as much of it as is shown. The caller frees. */
static bool read_statement(const Show *show, ObjectStream *stream, const ManifestStep *step,
                           char **ret_text, Error *err)
{
    int64_t most = show->whole ? STATEMENT_SIZE_MAX : PLAN_SQL_SHOWN;
    size_t length = (size_t)(step->length < most ? step->length : most);
    CLEANUP(memory_freep) char *text = memory_zeroed(1, length + 1);
    if (!object_stream_read_range(stream, step->offset, text, length, err))
        return false;
    if (show->whole) {
        *ret_text = TAKE_PTR(text);
        return true;
    }
    /* one line: white space of any length is one blank; a character that was cut goes */
    CLEANUP(text_done) Text line = {0};
    for (const char *at = text; *at; at++) {
        bool blank = strchr(" \t\n\r", *at) != NULL;
        if (!blank)
            text_add_char(&line, *at);
        else if (line.length && line.bytes[line.length - 1] != ' ')
            text_add_char(&line, ' ');
    }
    while (line.length && !text_is_utf8(line.bytes, line.length))
        line.bytes[--line.length] = '\0';
    if (step->length > most)
        text_add(&line, "…");
    *ret_text = text_printable(text_string(&line), line.length, SIZE_MAX);
    return true;
}

static void show_step(const Show *show, const ManifestScript *script, const ManifestStep *step,
                      const char *sql)
{
    const ManifestObject *data =
        step->data_object >= 0 ? &show->input->manifest->objects.items[step->data_object] : NULL;
    if (!show->json) {
        text_addf(show->out, "      %s:%" PRId64 "  %s%s\n", script->source, step->line, sql,
                  step->destructive ? "   (destructive)" : "");
        if (data)
            text_addf(show->out, "        with %" PRId64 " bytes of data\n", data->plain_size);
        return;
    }
    json_object(show->json, /* name= */ NULL);
    json_string(show->json, "source", script->source);
    json_int(show->json, "line", step->line);
    json_string(show->json, "sql", sql);
    json_bool(show->json, "destructive", step->destructive);
    if (data)
        json_int(show->json, "data_bytes", data->plain_size);
    json_close(show->json);
}

static void show_group(const Show *show, const RunTask *task, const ManifestGroup *group,
                       size_t number, size_t count)
{
    const char *kind = group->kind == GROUP_AUTOCOMMIT ? "autocommit" : "transaction";
    if (show->json) {
        json_object(show->json, /* name= */ NULL);
        json_string(show->json, "kind", kind);
        json_bool(show->json, "done", number - 1 < task->first_group);
        json_array(show->json, "statements");
        return;
    }
    text_addf(show->out, "    group %zu of %zu, %s%s\n", number, count,
              group->kind == GROUP_AUTOCOMMIT ? "outside transactions" : "one transaction",
              number - 1 < task->first_group ? ": done already" : "");
}

static bool show_groups(const Show *show, const RunTask *task, const ManifestScript *script,
                        Error *err)
{
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    const ManifestObject *object = &show->input->manifest->objects.items[script->object];
    if (!object_stream_open(&show->input->objects, object, &stream, err))
        return false;
    for (size_t g = 0; g < script->groups.count; g++) {
        const ManifestGroup *group = &script->groups.items[g];
        show_group(show, task, group, g + 1, script->groups.count);
        for (size_t s = 0; s < group->step_count; s++) {
            const ManifestStep *step = &script->steps.items[group->first_step + s];
            CLEANUP(memory_freep) char *sql = NULL;
            if (!read_statement(show, stream, step, &sql, err))
                return false;
            show_step(show, script, step, sql);
        }
        if (show->json) {
            json_close(show->json);
            json_close(show->json);
        }
    }
    return true;
}

/* NULL: there is one, with the verdict of its rehearsal. */
static const char *no_way_back(const ManifestMigration *migration)
{
    switch (migration->verdict) {
    case VERDICT_NONE:
        return "no way back";
    case VERDICT_IRREVERSIBLE:
        return "irreversible";
    case VERDICT_UNPROVEN:
        return "way back not rehearsed";
    case VERDICT_EXACT:
    case VERDICT_COLUMN_ORDER:
    case VERDICT_LOSSY:
    case VERDICT_DIFFERS:
    case VERDICT_FAILS:
        break;
    }
    return NULL;
}

static bool show_task(const Show *show, const RunTask *task, Error *err)
{
    const ManifestMigration *migration = task->migration;
    const ManifestScript *script = run_task_script(task);
    const char *identity = migration ? migration->identity : NULL;
    if (show->json) {
        json_object(show->json, /* name= */ NULL);
        json_string(show->json, "identity", identity);
        json_string(show->json, "version", task->version->name);
        json_string(show->json, "way_back", migration ? verdict_name(migration->verdict) : NULL);
        json_bool(show->json, "verify", migration && migration->scripts[SCRIPT_VERIFY].present);
        json_array(show->json, "groups");
    } else {
        text_addf(show->out, "  %s %s", task->version->name, identity ? identity : "");
        const char *none = migration ? no_way_back(migration) : NULL;
        text_addf(show->out, migration ? "   (%s%s%s)\n" : "(no migrations)\n",
                  !migration || none ? "" : "way back: ",
                  none        ? none
                  : migration ? verdict_name(migration->verdict)
                              : "",
                  migration && migration->scripts[SCRIPT_VERIFY].present ? "; verified after" : "");
    }
    if (script && script->present && !task->only_verify && !show_groups(show, task, script, err))
        return false;
    if (show->json) {
        json_close(show->json);
        json_close(show->json);
    }
    return true;
}

static bool show_tasks(const Show *show, Error *err)
{
    array_each (const RunTask, task, &show->plan->tasks)
        if (!show_task(show, task, err))
            return false;
    return true;
}

/* What is so now, and what looking at it will cost the run. */
static void show_schema(const Show *show, const char *from, Text *out)
{
    const SchemaForecast *seen = show->forecast;
    const char *version = strcmp(from, "-") == 0 ? "an empty database" : from;
    if (seen->inside_version) {
        text_addf(out,
                  "schema: the database stands inside a version, behind %s: nothing is proven of "
                  "that, it will not be compared before\n",
                  strcmp(from, "-") == 0 ? "nothing" : from);
        return;
    }
    if (seen->state == SCHEMA_UNPROVEN) {
        text_addf(out, "schema: the bundle proves nothing of %s, it will not be compared before\n",
                  version);
        return;
    }
    if (seen->state == SCHEMA_DIFFERS)
        text_addf(
            out,
            "schema: %zu object%s not as proven for %s: apply will not begin ('applier drift' "
            "names them)\n",
            seen->differences, seen->differences == 1 ? " is" : "s are", version);
    else
        text_addf(out, "schema: as proven for %s%s\n", version,
                  seen->state == SCHEMA_PARTLY ? ", in structure" : "");
    bool inside = show->look_under_lock_ms > 0 && seen->look_ms <= show->look_under_lock_ms;
    text_addf(out,
              "  a look at it took %" PRId64
              " ms; there is one before the first step, and one %s of "
              "each version\n",
              seen->look_ms,
              inside ? "under its locks before the last COMMIT" : "behind the last COMMIT");
}

static bool render_json(Show *show, Text *out, Error *err)
{
    JsonWriter json;
    json_begin(&json, out);
    show->json = &json;
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", show->input->head->product);
    json_string(&json, "relation", apply_relation_name(show->plan->relation));
    if (show->route)
        plan_route_json(show->route, &json);
    else
        json_string(&json, "halt", show->plan->halt);
    json_string(&json, "from", history_version_name(show->history));
    json_string(&json, "to", show->input->manifest->versions.items[show->plan->target].name);
    json_string(&json, "schema", schema_state_name(show->forecast->state));
    json_int(&json, "schema_differences", (int64_t)show->forecast->differences);
    json_int(&json, "schema_look_ms", show->forecast->look_ms);
    json_array(&json, "migrations");
    if (!show_tasks(show, err))
        return false;
    json_close(&json);
    json_close(&json);
    json_end(&json);
    return true;
}

static bool render_text(Show *show, Text *out, Error *err)
{
    const char *from = history_version_name(show->history);
    const char *to = show->input->manifest->versions.items[show->plan->target].name;
    show->out = out;
    if (show->route)
        plan_route_text(show->route, out);
    if (!show->plan->tasks.count) {
        text_addf(out, "nothing to do: the database is at version %s\n", from);
        return true;
    }
    char now[CLOCK_TEXT_SIZE], both[CLOCK_BOTH_SIZE];
    clock_format(clock_now(), now);
    text_addf(out, "%s %s -> %s: %zu to apply; nothing was changed\n", show->input->head->product,
              strcmp(from, "-") == 0 ? "(nothing)" : from, to, show->plan->tasks.count);
    text_addf(out, "as of %s\n", clock_with_local(now, both));
    if (show->plan->halt)
        text_addf(out, "  and no further: %s\n", show->plan->halt);
    show_schema(show, from, out);
    return show_tasks(show, err);
}

static bool run(CommandContext *context, Error *err)
{
    const PlanOptions *given = context->options;
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(history_done) History history = {.unsettled = -1};
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    CLEANUP(text_done) Text shown = {0};
    SchemaForecast forecast;
    ApplyInput input;
    CLEANUP(plan_route_done) PlanRoute route = {0};
    if (!plan_route_find(context, &given->target, given->to, &route, err))
        return false;
    if (route.done)
        return true;
    const char *to = route.first ? route.to : given->to;
    if (!site_bundle_open(route.first ? route.first : context->arguments.items[0], &bundle, err) ||
        !site_bundle_input(&bundle, &input, err))
        return false;
    RunOptions run = run_options_default();
    run.conninfo = given->target.db;
    run.words = given->target.show_sql ? WORDS_WHOLE : WORDS_REDACTED;
    run.ledger_owner = bundle.config.ledger_owner;
    if (!apply_run_plan(&run, &input, to, &history, &plan, &forecast, err) ||
        !apply_plan_check(&plan, err) || !site_memory_check(&bundle, &history, err) ||
        !apply_plan_check_mode(input.manifest, atomic_mode_parse(given->atomic), plan.target,
                               plan.server_major, err) ||
        !run_units_check_atomic(&plan.tasks, atomic_mode_parse(given->atomic), err))
        return false;
    Show show = {.input = &input,
                 .plan = &plan,
                 .history = &history,
                 .forecast = &forecast,
                 .route = route.first ? &route : NULL,
                 .look_under_lock_ms = bundle.config.look_under_lock_ms >= 0
                                           ? bundle.config.look_under_lock_ms
                                           : SCHEMA_LOOK_UNDER_LOCK_MS,
                 .whole = given->sql};
    if (context->json ? !render_json(&show, &shown, err) : !render_text(&show, &shown, err))
        return false;
    text_add_n(context->out, shown.bytes ? shown.bytes : "", shown.length);
    return true;
}

const Command command_plan = {
    .name = "plan",
    .synopsis =
        "{BUNDLE… | DIR} [--db CONNINFO] [--to VERSION] [--atomic migration|version|run] [--sql]",
    .summary = "show the statements and transactions that apply would run; change nothing",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(PlanOptions),
    .defaults = defaults,
    .least_arguments = 1,
    .most_arguments = -1,
    .run = run,
};
