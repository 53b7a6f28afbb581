#include "applier/commands/plan_render.h"

#include <inttypes.h>

#include "applier/commands/note_render.h"
#include "applier/commands/parameter_render.h"
#include "applier/commands/statement_text.h"
#include "applier/preflight/cost_words.h"
#include "applier/runs/apply_phase.h"
#include "base/memory.h"
#include "base/quantity.h"

#define EXPOSURES_SHOWN 10
#define TIME_SHOWN_MS   100 /* what takes less is a moment */

/* --- the summary ----------------------------------------------------------------------------- */

/* What is so now, and what looking at it will cost the run. */
static void add_schema(const PlanView *view, const char *from, Text *out)
{
    const SchemaForecast *seen = view->forecast;
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
    text_addf(out,
              "        a look at it took %" PRId64
              " ms; there is one before the first step, and one %s of "
              "each version\n",
              seen->look_ms,
              view->looks_under_locks ? "under its locks before the last COMMIT"
                                      : "behind the last COMMIT");
}

/* "time:   …" where there is something to say. */
static void add_line(const char *name, Text *words, Text *out)
{
    if (words->length)
        text_addf(out, "%-8s%s\n", name, text_string(words));
    text_done(words);
}

static void add_exposures(const RunCosts *costs, Text *out)
{
    size_t shown = 0, more = 0;
    array_each (const Exposure, exposure, &costs->exposures) {
        CLEANUP(text_done) Text words = {0};
        cost_words_exposure(exposure, &words);
        if (!words.length)
            continue;
        if (shown == EXPOSURES_SHOWN) {
            more++;
            continue;
        }
        shown++;
        text_addf(out, "        %s (", exposure->name);
        cost_words_size(exposure->live, out);
        text_addf(out, "): %s\n", text_string(&words));
    }
    if (more)
        text_addf(out, "        … and %zu table%s more\n", more, text_plural((int64_t)more));
    if (!shown && costs->unknown == 0)
        text_addf(out, "        no table that is there is locked for as long as a second\n");
}

static void add_before_window(const PlanView *view, Text *out)
{
    const RunCosts *costs = &view->estimate->costs;
    if (!costs->before_count)
        return;
    text_addf(out, "before the window: %zu of %zu need not wait for it, about ",
              costs->before_migrations, (size_t)run_tasks_count(&view->plan->tasks));
    quantity_duration(costs->before_ms, out);
    text_add_char(out, '\n');
    for (size_t i = 0, shown = 0; i < costs->before_count; i++) {
        if (view->plan->tasks.items[i].only_gate)
            continue;
        if (shown++ == PLAN_TASKS_SHOWN) {
            text_addf(out, "        … and %zu more\n", costs->before_migrations - PLAN_TASKS_SHOWN);
            break;
        }
        text_addf(out, "        %s: %s\n", view->plan->tasks.items[i].migration->identity,
                  costs->needs.items[i] == WINDOW_PHASE_BEFORE
                      ? "phase before: the application of now tolerates it"
                      : "builds indexes while the application writes");
    }
    const RunTask *last = &view->plan->tasks.items[costs->before_count - 1];
    if (last->ends_version)
        text_addf(out, "        'applier apply BUNDLE --to %s' does them\n", last->version->name);
    else if (apply_phase_is_early(view->plan, costs->before_count - 1))
        text_add(out, "        'applier apply BUNDLE --phase before' does those of phase before\n");
}

/* What must hold before a version begins. */
static void add_gates(const PlanView *view, Text *out)
{
    static const char *const words[] = {[GATE_HOLDS] = "holds now",
                                        [GATE_FAILS] = "does not hold now: ",
                                        [GATE_LATER] = "is asked before that version begins"};
    array_each (const GateResult, gate, &view->forecast->gates)
        text_addf(out, "gate of %s: %s %s%s\n", gate->task->version->name,
                  gate->task->migration->scripts[SCRIPT_PRECHECK].source, words[gate->state],
                  gate->words);
}

static void add_summary(const PlanView *view, Text *out)
{
    const RunEstimate *estimate = view->estimate;
    const char *from = history_version_name(view->history);
    const char *to = view->input->manifest->versions.items[view->plan->target].name;
    Text words = {0};
    text_addf(out, "%s %s -> %s: %" PRId64 " to apply; nothing was changed\n",
              view->input->head->product, strcmp(from, "-") == 0 ? "(nothing)" : from, to,
              run_tasks_count(&view->plan->tasks));
    char now[CLOCK_TEXT_SIZE], both[CLOCK_BOTH_SIZE];
    clock_format(view->now, now);
    text_addf(out, "%s, as of %s\n", view->database, clock_with_local(now, both));
    if (view->plan->halt)
        text_addf(out, "  and no further: %s\n", view->plan->halt);
    add_schema(view, from, out);
    add_gates(view, out);
    text_addf(out, "backup: %s\n", view->backup);
    cost_words_time(estimate, view->now, &words);
    add_line("time:", &words, out);
    cost_words_window(estimate, &words);
    add_line("window:", &words, out);
    add_exposures(&estimate->costs, out);
    cost_words_space(estimate, &words);
    add_line("disk:", &words, out);
    add_before_window(view, out);
}

/* --- a statement ----------------------------------------------------------------------------- */

static void add_relation(const CostRelation *relation, Text *out)
{
    const ManifestMeasured *measured = relation->measured;
    if (relation->blocks <= BLOCKS_NOTHING && relation->work == WORK_NONE)
        return; /* kept from nobody */
    text_addf(out, "          %s ", measured->relation);
    if (relation->live) {
        text_add_char(out, '(');
        cost_words_size(relation->live, out);
        text_add_char(out, ')');
    } else {
        text_add(out, "(not there yet)");
    }
    if (*measured->lock)
        text_addf(out, ": %s, keeps off %s", lock_words(measured->lock),
                  blocks_words(relation->blocks));
    text_addf(out, "%s%s\n", measured->rewritten ? "; written anew" : "",
              measured->scanned && !measured->rewritten ? "; read whole" : "");
}

static void add_cost(const PlanView *view, const StepCost *cost, Text *out)
{
    const RunEstimate *estimate = view->estimate;
    for (size_t i = 0; i < cost->relation_count; i++)
        add_relation(&estimate->steps.relations.items[cost->first_relation + i], out);
    if (cost->ms < TIME_SHOWN_MS && cost->basis != BASIS_UNKNOWN)
        return;
    text_addf(out, "          %s ", cost->at_most ? "at most" : "about");
    quantity_duration(cost->ms, out);
    text_add(out, ": ");
    step_cost_basis_words(&estimate->steps, cost, &estimate->site, view->now, out);
    text_add_char(out, '\n');
}

typedef struct Walk {
    const PlanView *view;
    Text *out;
    size_t next; /* index into the costs, which are in the order of the tasks */
} Walk;

static bool add_step(Walk *walk, const RunTask *task, size_t index, bool done, ObjectStream *stream,
                     Error *err)
{
    const ManifestScript *script = run_task_script(task);
    const ManifestStep *step = &script->steps.items[index];
    CLEANUP(memory_freep) char *sql = NULL;
    StatementForm form = walk->view->whole ? STATEMENT_WHOLE : STATEMENT_IN_LINE;
    if (!statement_text_read(stream, script, index, task->values, form, &sql, err))
        return false;
    text_addf(walk->out, "      %s:%" PRId64 "  %s%s\n", script->source, step->line, sql,
              step->destructive ? "   (destructive)" : "");
    if (step->data_object >= 0) {
        text_add(walk->out, "          with ");
        quantity_bytes(walk->view->input->manifest->objects.items[step->data_object].plain_size,
                       walk->out);
        text_add(walk->out, " of data\n");
    }
    if (!done)
        add_cost(walk->view, &walk->view->estimate->steps.steps.items[walk->next++], walk->out);
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
        group_text(script, g, done, task->batch.batches, walk->out);
        for (size_t s = 0; s < group->step_count; s++)
            if (!add_step(walk, task, group->first_step + s, done, stream, err))
                return false;
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

/* ", about 18 s" where that is more than a moment. */
static void add_task_time(const Walk *walk, size_t index, Text *out)
{
    const StepCosts *costs = &walk->view->estimate->steps;
    int64_t ms = 0;
    for (size_t i = walk->next; i < costs->steps.count && costs->steps.items[i].task == index; i++)
        ms += costs->steps.items[i].ms;
    if (ms < TIME_SHOWN_MS)
        return;
    text_add(out, ", about ");
    quantity_duration(ms, out);
}

static bool add_task(Walk *walk, size_t index, Error *err)
{
    const RunTask *task = &walk->view->plan->tasks.items[index];
    const ManifestMigration *migration = task->migration;
    const ManifestScript *script = run_task_script(task);
    if (task->only_gate)
        return true;
    if (!migration) {
        text_addf(walk->out, "  %s (no migrations)\n", task->version->name);
        return true;
    }
    const char *none = no_way_back(migration);
    text_addf(walk->out, "  %s %s", task->version->name, migration->identity);
    add_task_time(walk, index, walk->out);
    text_addf(walk->out, "   (%s%s%s)\n",
              none ? "" : "way back: ", none ? none : verdict_name(migration->verdict),
              migration->scripts[SCRIPT_VERIFY].present ? "; verified after" : "");
    return !script || !script->present || task->only_verify || add_groups(walk, task, script, err);
}

/* --- by version ------------------------------------------------------------------------------ */

/* One version's tasks, which follow each other. */
typedef struct VersionRow {
    const ManifestVersion *version;
    size_t migrations;
    size_t statements;
    int64_t ms;
    bool irreversible;
} VersionRow;

static void add_row(const VersionRow *row, Text *out)
{
    CLEANUP(text_done) Text time = {0};
    quantity_duration(row->ms, &time);
    text_addf(out, "  %-16s %10zu %10zu  %12s%s\n", row->version->name, row->migrations,
              row->statements, text_string(&time), row->irreversible ? "   irreversible" : "");
}

static void add_versions(const PlanView *view, Text *out)
{
    VersionRow row = {0};
    size_t next = 0;
    text_addf(out, "  %-16s %10s %10s  %12s\n", "version", "migrations", "statements", "time");
    for (size_t i = 0; i < view->plan->tasks.count; i++) {
        const RunTask *task = &view->plan->tasks.items[i];
        if (row.version && row.version != task->version) {
            add_row(&row, out);
            row = (VersionRow){0};
        }
        row.version = task->version;
        row.migrations += task->migration && !task->only_gate;
        row.irreversible |= task->migration && task->migration->verdict == VERDICT_IRREVERSIBLE;
        for (; next < view->estimate->steps.steps.count &&
               view->estimate->steps.steps.items[next].task == i;
             next++) {
            row.statements++;
            row.ms += view->estimate->steps.steps.items[next].ms;
        }
    }
    add_row(&row, out);
    text_add(out, "--all shows each migration with its statements and locks\n");
}

/* Where the list goes over to what waits for the application's upgrade. */
static void add_phase(const PlanView *view, size_t index, bool *was_early, Text *out)
{
    bool early = apply_phase_is_early(view->plan, index);
    if (early && !*was_early)
        text_add(out, "before the application is upgraded (apply --phase before):\n");
    if (!early && *was_early)
        text_add(out, "once it is upgraded:\n");
    *was_early = early;
}

bool plan_render_text(const PlanView *view, Text *out, Error *err)
{
    size_t count = view->plan->tasks.count;
    Walk walk = {.view = view, .out = out};
    if (view->route)
        plan_route_text(view->route, out);
    if (!count) {
        text_addf(out, "nothing to do: the database is at version %s\n",
                  history_version_name(view->history));
        return true;
    }
    add_summary(view, out);
    parameter_render_text(&view->forecast->parameters, out);
    note_render_text(view->plan, view->input->manifest, out);
    text_add_char(out, '\n');
    if (count > PLAN_TASKS_SHOWN && !view->all && !view->whole) {
        add_versions(view, out);
        return true;
    }
    bool was_early = false;
    for (size_t i = 0; i < count; i++) {
        if (view->plan->tasks.items[i].only_gate)
            continue;
        add_phase(view, i, &was_early, out);
        if (!add_task(&walk, i, err))
            return false;
    }
    return true;
}
