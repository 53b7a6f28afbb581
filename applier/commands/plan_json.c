#include "applier/commands/plan_render.h"

#include "applier/commands/note_render.h"
#include "applier/commands/parameter_render.h"
#include "applier/commands/statement_text.h"
#include "applier/runs/apply_phase.h"
#include "base/json_writer.h"

static void add_relation(JsonWriter *json, const CostRelation *relation)
{
    const LiveRelation *live = relation->live;
    json_object(json, /* name= */ NULL);
    json_string(json, "relation", relation->measured->relation);
    json_string(json, "lock", relation->measured->lock);
    json_string(json, "blocks", blocks_name(relation->blocks));
    json_bool(json, "rewritten", relation->measured->rewritten);
    json_bool(json, "scanned", relation->measured->scanned);
    json_string(json, "work", work_name(relation->work));
    json_bool(json, "present", live != NULL);
    if (live) {
        json_int(json, "size_bytes", live->bytes);
        json_int(json, "index_bytes", live->index_bytes);
        if (live->rows >= 0)
            json_int(json, "rows", live->rows);
    }
    json_close(json);
}

static void add_cost(JsonWriter *json, const PlanView *view, const StepCost *cost)
{
    CLEANUP(text_done) Text basis = {0};
    const RunEstimate *estimate = view->estimate;
    step_cost_basis_words(&estimate->steps, cost, &estimate->site, view->now, &basis);
    json_int(json, "expected_ms", cost->ms);
    json_bool(json, "at_most", cost->at_most);
    json_string(json, "basis", cost_basis_name(cost->basis));
    json_string(json, "basis_words", text_string(&basis));
    json_int(json, "new_bytes", cost->new_bytes);
    json_array(json, "relations");
    for (size_t i = 0; i < cost->relation_count; i++)
        add_relation(json, &estimate->steps.relations.items[cost->first_relation + i]);
    json_close(json);
}

/* Going through the tasks, with the costs of the steps, which are in the same order. */
typedef struct Walk {
    const PlanView *view;
    JsonWriter *json;
    size_t next; /* index into the costs */
} Walk;

static bool add_step(Walk *walk, const RunTask *task, size_t index, bool done, ObjectStream *stream,
                     Error *err)
{
    const ManifestScript *script = run_task_script(task);
    const ManifestStep *step = &script->steps.items[index];
    JsonWriter *json = walk->json;
    CLEANUP(memory_freep) char *sql = NULL;
    StatementForm form = walk->view->whole ? STATEMENT_WHOLE : STATEMENT_IN_LINE;
    if (!statement_text_read(stream, script, index, task->values, form, &sql, err))
        return false;
    json_object(json, /* name= */ NULL);
    json_string(json, "source", script->source);
    json_string(json, "kind", step_kind_name(step->kind));
    json_int(json, "statements", step->statements);
    json_int(json, "line", step->line);
    json_string(json, "sql", sql);
    json_bool(json, "destructive", step->destructive);
    if (step->data_object >= 0)
        json_int(json, "data_bytes",
                 walk->view->input->manifest->objects.items[step->data_object].plain_size);
    if (!done)
        add_cost(json, walk->view, &walk->view->estimate->steps.steps.items[walk->next++]);
    json_close(json);
    return true;
}

static bool add_groups(Walk *walk, const RunTask *task, const ManifestScript *script, Error *err)
{
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    const ApplyInput *input = walk->view->input;
    if (!object_stream_open(&input->objects, &input->manifest->objects.items[script->object],
                            &stream, err))
        return false;
    for (size_t g = 0; g < script->groups.count; g++) {
        const ManifestGroup *group = &script->groups.items[g];
        bool done = g < task->first_group;
        json_object(walk->json, /* name= */ NULL);
        json_string(walk->json, "kind", group_kind_name(group->kind));
        json_bool(walk->json, "done", done);
        json_array(walk->json, "statements");
        for (size_t s = 0; s < group->step_count; s++)
            if (!add_step(walk, task, group->first_step + s, done, stream, err))
                return false;
        json_close(walk->json);
        json_close(walk->json);
    }
    return true;
}

static bool add_task(Walk *walk, size_t index, Error *err)
{
    JsonWriter *json = walk->json;
    const RunTask *task = &walk->view->plan->tasks.items[index];
    const ManifestMigration *migration = task->migration;
    const ManifestScript *script = run_task_script(task);
    json_object(json, /* name= */ NULL);
    json_string(json, "identity", migration ? migration->identity : NULL);
    json_string(json, "version", task->version->name);
    json_string(json, "phase", phase_name(migration ? migration->phase : PHASE_ANY));
    json_bool(json, "early", apply_phase_is_early(walk->view->plan, index));
    json_string(json, "way_back", migration ? verdict_name(migration->verdict) : NULL);
    json_bool(json, "verify", migration && migration->scripts[SCRIPT_VERIFY].present);
    json_string(json, "needs", window_need_name(walk->view->estimate->costs.needs.items[index]));
    json_array(json, "groups");
    if (script && script->present && !task->only_verify && !add_groups(walk, task, script, err))
        return false;
    json_close(json);
    json_close(json);
    return true;
}

static void add_totals(JsonWriter *json, const RunEstimate *estimate)
{
    const RunCosts *costs = &estimate->costs;
    json_object(json, "estimate");
    json_int(json, "expected_ms", costs->total_ms);
    json_int(json, "window_ms", costs->window_ms);
    json_int(json, "before_window_ms", costs->before_ms);
    json_int(json, "new_bytes", costs->new_bytes);
    json_int(json, "statements", (int64_t)estimate->steps.steps.count);
    json_int(json, "statements_measured", (int64_t)costs->measured);
    json_int(json, "statements_unknown", (int64_t)costs->unknown);
    json_int(json, "checks_ms", costs->checks_ms);
    json_int(json, "checks_measured", (int64_t)costs->checks_measured);
    json_int(json, "checks_uncounted", (int64_t)costs->checks);
    json_bool(json, "sizes_by_catalog", estimate->live.by_catalog);
    if (estimate->steps.rehearsed_major)
        json_int(json, "rehearsed_major", estimate->steps.rehearsed_major);
    json_array(json, "tables");
    array_each (const Exposure, exposure, &costs->exposures) {
        json_object(json, /* name= */ NULL);
        json_string(json, "relation", exposure->name);
        json_int(json, "size_bytes", exposure->live->bytes);
        json_int(json, "unreadable_ms", exposure->unreadable_ms);
        json_int(json, "unwritable_ms", exposure->unwritable_ms);
        json_int(json, "unchangeable_ms", exposure->unchangeable_ms);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

static void add_gates(JsonWriter *json, const SchemaForecast *forecast)
{
    json_array(json, "gates");
    array_each (const GateResult, gate, &forecast->gates) {
        json_object(json, /* name= */ NULL);
        json_string(json, "version", gate->task->version->name);
        json_string(json, "identity", gate->task->migration->identity);
        json_string(json, "source", gate->task->migration->scripts[SCRIPT_PRECHECK].source);
        json_string(json, "state", gate_state_name(gate->state));
        json_string(json, "words", gate->state == GATE_FAILS ? gate->words : NULL);
        json_close(json);
    }
    json_close(json);
}

bool plan_render_json(const PlanView *view, Text *out, Error *err)
{
    JsonWriter json;
    Walk walk = {.view = view, .json = &json};
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", view->input->head->product);
    json_string(&json, "database", view->database);
    json_string(&json, "relation", apply_relation_name(view->plan->relation));
    if (view->route)
        plan_route_json(view->route, &json);
    else
        json_string(&json, "halt", view->plan->halt);
    json_string(&json, "from", history_version_name(view->history));
    json_string(&json, "to", view->input->manifest->versions.items[view->plan->target].name);
    json_string(&json, "schema", schema_state_name(view->forecast->state));
    json_int(&json, "schema_differences", (int64_t)view->forecast->differences);
    json_int(&json, "schema_look_ms", view->forecast->look_ms);
    json_string(&json, "backup", view->backup);
    add_gates(&json, view->forecast);
    parameter_render_json(&view->forecast->parameters, &json);
    note_render_json(view->plan, view->input->manifest, &json);
    add_totals(&json, view->estimate);
    json_array(&json, "migrations");
    for (size_t i = 0; i < view->plan->tasks.count; i++)
        if (!view->plan->tasks.items[i].only_gate && !add_task(&walk, i, err))
            return false;
    json_close(&json);
    json_close(&json);
    json_end(&json);
    return true;
}
