#include "applier/commands/rollback_render.h"

#include <inttypes.h>

#include "applier/commands/backup_options.h"
#include "base/memory.h"

const char *rollback_render_verdict(const WayBack *way)
{
    switch (way->verdict) {
    case VERDICT_EXACT:
        return "exact";
    case VERDICT_COLUMN_ORDER:
        return "all but the order of columns comes back";
    case VERDICT_LOSSY:
        return "lossy";
    case VERDICT_DIFFERS:
        return "the schema comes back otherwise";
    case VERDICT_FAILS:
        return "fails";
    case VERDICT_UNPROVEN:
    case VERDICT_NONE:
    case VERDICT_IRREVERSIBLE:
        break;
    }
    return "not rehearsed";
}

const char *rollback_render_version(const char *version)
{
    return strcmp(version, "-") == 0 ? "(nothing)" : version;
}

/* --- the list -------------------------------------------------------------------------------- */

static void add_way(const RollbackItem *item, const WayBack *way, Text *out)
{
    char both[CLOCK_BOTH_SIZE];
    text_addf(out, "  %s %s, of %s: %s%s%s\n", way->version,
              way->identity ? way->identity : "(no migrations)",
              clock_with_local(
                  item->migration ? item->migration->applied_at : item->version->applied_at, both),
              rollback_render_verdict(way), *way->detail ? ": " : "", way->detail);
    if (way->unknown)
        text_addf(out,
                  "    %zu of its statements drop%s or delete%s; what that loses is not known "
                  "(--accept-unproven)\n",
                  way->unknown, way->unknown == 1 ? "s" : "", way->unknown == 1 ? "s" : "");
    if (!way->lost.count)
        return;
    text_addf(out, "    loses %s", way->accepted ? "(accepted) " : "");
    way_back_add_lost(way, out);
    text_add_char(out, '\n');
}

static void add_unproven(const NameArray *unproven, Text *out)
{
    for (size_t i = 0; i < unproven->count; i++)
        text_addf(out, "%s%s", i ? ", " : "  not proven when come to this way: ",
                  rollback_render_version(unproven->items[i]));
    if (unproven->count)
        text_add(out, " (--accept-unproven; what comes out otherwise is drift to the next "
                      "upgrade)\n");
}

void rollback_render_list(const RollbackView *view, Text *out)
{
    const RollbackList *list = view->list;
    text_addf(out, "%zu to take back, from version %s to %s", view->tasks->count,
              rollback_render_version(list->from_version),
              rollback_render_version(list->to_version));
    if (list->inside)
        text_addf(out, " and %" PRId64 " migration%s of %s", list->inside_count,
                  text_plural(list->inside_count), list->inside);
    text_add(out, ":\n");
    for (size_t i = 0; i < view->tasks->count; i++)
        add_way(&list->items.items[i], &view->ways->items[i], out);
    add_unproven(view->unproven, out);
    if (!ways_back_may_lose(view->ways) || !view->backup)
        return;
    text_add(out, "  instead there is a backup: ");
    backup_render_words(&view->backup->record, out);
    text_add_char(out, '\n');
    if (*view->backup->record.restore_command)
        text_addf(out, "    %s\n", view->backup->record.restore_command);
}

void rollback_render_way_json(const WayBack *way, JsonWriter *json)
{
    json_string(json, "version", way->version);
    json_string(json, "identity", way->identity);
    json_string(json, "way_back", way->identity ? verdict_name(way->verdict) : NULL);
    json_string(json, "detail", *way->detail ? way->detail : NULL);
    if (way->unknown && !way_back_loses(way))
        json_null(json, "loses");
    else
        json_bool(json, "loses", way_back_loses(way));
    json_bool(json, "loss_accepted", way->accepted);
    json_array(json, "drops");
    array_each (const LostObject, lost, &way->lost) {
        json_object(json, /* name= */ NULL);
        json_string(json, "kind", lost->is_column ? "column" : "table");
        json_string(json, "identity", lost->identity);
        if (lost->counted)
            json_int(json, "count", lost->count);
        else
            json_null(json, "count");
        json_bool(json, "more", lost->more);
        json_string(json, "sqlstate", *lost->code ? lost->code : NULL);
        json_close(json);
    }
    json_close(json);
}

/* --- the plan -------------------------------------------------------------------------------- */

/* What is shown; json is NULL for people. */
typedef struct Plan {
    const RollbackView *view;
    StatementForm form;
    JsonWriter *json;
    Text *out;
} Plan;

/* The major whose measurements are shown: the server's, else one that there is. */
static int64_t measured_major(const Plan *plan, const Manifest *manifest)
{
    int64_t found = 0;
    array_each (const ManifestMeasured, measured, &manifest->measured)
        if (measured->server_major == plan->view->server_major || !found)
            found = measured->server_major;
    return found;
}

static void show_locks(const Plan *plan, const RunTask *task, size_t step)
{
    const Manifest *manifest = task->manifest;
    int64_t major = measured_major(plan, manifest);
    size_t migration = (size_t)(task->migration - manifest->migrations.items);
    if (plan->json)
        json_array(plan->json, "locks");
    array_each (const ManifestMeasured, measured, &manifest->measured) {
        if (measured->migration != migration || measured->script != SCRIPT_DOWN ||
            measured->step != step || measured->server_major != major || !*measured->lock)
            continue;
        if (plan->json) {
            json_object(plan->json, /* name= */ NULL);
            json_string(plan->json, "relation", measured->relation);
            json_string(plan->json, "lock", measured->lock);
            json_bool(plan->json, "rewritten", measured->rewritten);
            json_bool(plan->json, "scanned", measured->scanned);
            json_close(plan->json);
        } else {
            text_addf(plan->out, "        %s on %s%s%s\n", measured->lock, measured->relation,
                      measured->rewritten ? ", rewrites it" : "",
                      measured->scanned ? ", reads all of it" : "");
        }
    }
    if (plan->json)
        json_close(plan->json);
}

static bool show_step(const Plan *plan, const RunTask *task, size_t index, ObjectStream *stream,
                      Error *err)
{
    const ManifestScript *script = run_task_script(task);
    const ManifestStep *step = &script->steps.items[index];
    CLEANUP(memory_freep) char *sql = NULL;
    if (!statement_text_read(stream, script, index, task->values, plan->form, &sql, err))
        return false;
    if (!plan->json) {
        text_addf(plan->out, "      %s:%" PRId64 "  %s%s\n", script->source, step->line, sql,
                  step->destructive ? "   (destructive)" : "");
        show_locks(plan, task, index);
        return true;
    }
    json_object(plan->json, /* name= */ NULL);
    json_string(plan->json, "source", script->source);
    json_int(plan->json, "statements", step->statements);
    json_int(plan->json, "line", step->line);
    json_string(plan->json, "sql", sql);
    json_bool(plan->json, "destructive", step->destructive);
    show_locks(plan, task, index);
    json_close(plan->json);
    return true;
}

static void begin_group(const Plan *plan, const RunTask *task, size_t group)
{
    const ManifestScript *script = run_task_script(task);
    bool done = group < task->first_group;
    if (!plan->json) {
        group_text(script, group, done, task->batch.batches, plan->out);
        return;
    }
    json_object(plan->json, /* name= */ NULL);
    json_string(plan->json, "kind", group_kind_name(script->groups.items[group].kind));
    json_bool(plan->json, "done", done);
    json_array(plan->json, "statements");
}

static bool show_groups(const Plan *plan, const RunTask *task, Error *err)
{
    const ManifestScript *script = run_task_script(task);
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    if (!script || !script->present)
        return true;
    if (!object_stream_open(task->objects, &task->manifest->objects.items[script->object], &stream,
                            err))
        return false;
    for (size_t g = 0; g < script->groups.count; g++) {
        const ManifestGroup *group = &script->groups.items[g];
        begin_group(plan, task, g);
        for (size_t s = 0; s < group->step_count; s++)
            if (!show_step(plan, task, group->first_step + s, stream, err))
                return false;
        if (plan->json) {
            json_close(plan->json);
            json_close(plan->json);
        }
    }
    return true;
}

bool rollback_render_plan(const RollbackView *view, StatementForm form, Text *out, Error *err)
{
    const Plan plan = {.view = view, .form = form, .out = out};
    if (!view->tasks->count) {
        text_addf(out, "nothing to take back: %s is at version %s\n", view->database,
                  rollback_render_version(view->list->to_version));
        return true;
    }
    rollback_render_list(view, out);
    text_add(out, "nothing was changed; the statements:\n");
    for (size_t i = 0; i < view->tasks->count; i++) {
        const RunTask *task = &view->tasks->items[i];
        text_addf(out, "  %s %s\n", task->version->name,
                  task->migration ? task->migration->identity : "(no migrations)");
        if (!show_groups(&plan, task, err))
            return false;
    }
    return true;
}

static void head_json(const RollbackView *view, JsonWriter *json)
{
    json_string(json, "product", view->product);
    json_string(json, "database", view->database);
    json_string(json, "from", view->list->from_version);
    json_string(json, "to", view->list->to_version);
    json_string(json, "proven_by", view->tasks->count ? stored_proof_name(view->proven) : NULL);
    json_string(json, "schema", schema_state_name(view->schema->state));
    json_array(json, "unproven_versions");
    array_each (const char *const, name, view->unproven)
        json_string(json, /* name= */ NULL, *name);
    json_close(json);
    if (view->backup)
        backup_render_json(&view->backup->record, json);
    else
        json_null(json, "backup");
}

bool rollback_render_plan_json(const RollbackView *view, StatementForm form, Text *out, Error *err)
{
    JsonWriter json;
    const Plan plan = {.view = view, .form = form, .json = &json, .out = out};
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    head_json(view, &json);
    json_array(&json, "ways_back");
    for (size_t i = 0; i < view->tasks->count; i++) {
        json_object(&json, /* name= */ NULL);
        rollback_render_way_json(&view->ways->items[i], &json);
        json_array(&json, "groups");
        if (!show_groups(&plan, &view->tasks->items[i], err))
            return false;
        json_close(&json);
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    json_end(&json);
    return true;
}
