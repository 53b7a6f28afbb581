#include "applier/steps/step_runner_state.h"

#include <inttypes.h>

#include "applier/steps/scripts_path.h"
#include "applier/steps/step_alone.h"
#include "applier/steps/step_failure.h"
#include "base/clock.h"
#include "base/interrupt.h"

void run_report_done(RunReport *report)
{
    step_failure_done(&report->failure);
    *report = (RunReport){0};
}

static bool failed(const StepRunner *runner)
{
    return step_pipeline_failure(runner->pipeline, /* ret_result= */ NULL) != NULL;
}

/* --- answers --------------------------------------------------------------------------------- */

static void report_part(StepRunner *runner, const RunUnit *unit, size_t index)
{
    const RunPart *part = step_runner_part(runner, index);
    const RunTask *task = step_runner_task(runner, index);
    const ManifestScript *script = run_task_script(task);
    bool whole = unit->kind == UNIT_VERIFY || (part->completes && !run_task_verifies(task));
    if (unit->kind != UNIT_VERIFY)
        runner->report->groups_committed++;
    runner->report->tasks_done += whole;
    if (!runner->options->listener.progress)
        return;
    bool stated = script && part->group != PART_WITHOUT_STATEMENTS;
    RunProgress progress = {.task = task,
                            .group = stated ? (int64_t)part->group + 1 : 1,
                            .group_count = stated ? (int64_t)script->groups.count : 1,
                            .completes = whole,
                            .tasks_done = runner->report->tasks_done,
                            .tasks_count = runner->tasks_count};
    runner->options->listener.progress(runner->options->listener.context, &progress);
}

static void unit_committed(StepRunner *runner, size_t index)
{
    const RunUnit *unit = &runner->units.units.items[index];
    for (size_t i = 0; i < unit->part_count; i++)
        if (!step_runner_part(runner, unit->first_part + i)->gate)
            report_part(runner, unit, unit->first_part + i);
    runner->ended_by_script = false;
}

/* Inside a pipeline the transaction's state is not known: the tags of the answers are all there is.
 * ROLLBACK is also the tag of ROLLBACK TO SAVEPOINT; a real one is caught by the ledger's guard. */
static bool ends_transaction(const char *tag)
{
    return strcmp(tag, "COMMIT") == 0 || strcmp(tag, "PREPARE TRANSACTION") == 0;
}

static const ManifestStep *step_of(const StepRunner *runner, const PipelineEntry *entry)
{
    const RunTask *task = step_runner_task(runner, entry->part);
    return &task->migration->scripts[entry->script].steps.items[entry->step];
}

/* What an assertion's answer says against it, or NULL. What ends a batch must be one boolean; a
 * check may as well raise, and answer with anything. */
static const char *assertion_trouble(const StepRunner *runner, const PipelineEntry *entry)
{
    PipelineAnswer answer = step_pipeline_answer(runner->pipeline);
    bool one = answer.is_boolean && answer.rows <= 1;
    bool ends_batch = entry->script == SCRIPT_UP || entry->script == SCRIPT_DOWN;
    if (step_of(runner, entry)->kind != STEP_ASSERTION || (one && answer.is_true))
        return NULL;
    if (!one)
        return ends_batch ? "it must answer with one boolean, which says whether all is done"
                          : NULL;
    return "its answer is not true";
}

static void on_done(void *context, const PipelineEntry *entry, const PGresult *result)
{
    StepRunner *runner = context;
    const char *trouble = entry->kind == ENTRY_STEP ? assertion_trouble(runner, entry) : NULL;
    if (trouble) {
        runner->queue.trouble = trouble;
        step_pipeline_fail(runner->pipeline, entry, /* result= */ NULL);
        return;
    }
    const char *tag = PQcmdStatus((PGresult *)(uintptr_t)result);
    if (entry->kind == ENTRY_STEP && ends_transaction(tag)) {
        runner->ended_by_script = true;
        runner->ending = *entry;
        step_pipeline_fail(runner->pipeline, entry, /* result= */ NULL);
    }
    if (entry->kind != ENTRY_COMMIT)
        return;
    if (strcmp(tag, "COMMIT") != 0) {
        step_pipeline_fail(runner->pipeline, entry, /* result= */ NULL);
        return;
    }
    runner->committed = entry->chain;
    runner->queue.unprepared = false;
    unit_committed(runner, entry->unit);
}

static RunBatch batch_of(const StepRunner *runner)
{
    const BatchRun *batch = &runner->batch;
    const RunUnit *unit = &runner->units.units.items[batch->unit];
    const RunTask *task = step_runner_task(runner, unit->first_part);
    return (RunBatch){.task = task,
                      .batches = batch->progress.batches,
                      .rows_changed = batch->progress.rows,
                      .rows_covered = batch->progress.batches * run_task_script(task)->batch.size,
                      .rows_total = batch->rows_total};
}

ReplicaLag run_listener_lag(const RunListener *listener, LagLimit limit)
{
    return (ReplicaLag){.limit = limit, .behind = listener->behind, .context = listener->context};
}

void run_listener_begins(const RunListener *listener, const RunBegin *begin)
{
    if (listener->begins)
        listener->begins(listener->context, begin);
}

void run_listener_ending(const RunListener *listener, const char *words, Text *text)
{
    text_add(text, words);
    CLEANUP(text_done) Text more = {0};
    if (listener->ending)
        listener->ending(listener->context, &more);
    if (more.length)
        text_addf(text, "%s%s", text->length ? "; " : "", text_string(&more));
}

/* Of a COPY, a batch or a step of lines that is under way. */
static void note_step_progress(const StepRunner *runner, const PipelineEntry *entry, RunNow *now)
{
    const ManifestStep *step = now->step == SIZE_MAX ? NULL : step_of(runner, entry);
    if (runner->queue.copy_total_bytes > 0) {
        now->step_unit = "bytes";
        now->step_done = runner->queue.copy_bytes;
        now->step_total = runner->queue.copy_total_bytes;
    } else if (now->batch.task) {
        now->step_unit = "rows";
        now->step_done = now->batch.rows_covered;
        now->step_total = now->batch.rows_total;
    } else if (step && step->kind == STEP_LINES) {
        now->step_unit = "statements";
        now->step_done = entry->row;
        now->step_total = step->statements;
    }
}

/* What a signal, or the limit of a step, may end now. */
static void look_for_stop(StepRunner *runner)
{
    const StepQueue *queue = &runner->queue;
    const PipelineEntry *entry = queue->single_runs
                                     ? &queue->single
                                     : step_pipeline_running(runner->pipeline, /* seen= */ NULL);
    int64_t since = queue->alone_begun_ms;
    const RunUnit *unit = entry ? &runner->units.units.items[entry->unit] : NULL;
    size_t units = entry && !queue->single_runs ? step_pipeline_units_out(runner->pipeline) : 0;
    bool unguarded = false;
    const StepStopNow now = {
        .running = since || (entry && !failed(runner)),
        .rolls_back = unit && !unit->outside_effects,
        .queued = units > 1,
        .alone_ms = since ? clock_monotonic_ms() - since : -1,
        .limit_ms = runner->options->step_limit_ms,
    };
    step_stop_tick(&runner->stop, &now, &unguarded);
    if (unguarded && runner->options->listener.stopping)
        runner->options->listener.stopping(runner->options->listener.context, (int64_t)units - 1);
}

/* While the server works: which entry it is at. */
static void on_waiting(void *context, int64_t waited_ms)
{
    StepRunner *runner = context;
    look_for_stop(runner);
    const RunListener *listener = &runner->options->listener;
    const char *seen =
        listener->seen ? listener->seen(listener->context, runner->session, waited_ms) : NULL;
    const PipelineEntry *entry = step_pipeline_running(runner->pipeline, seen);
    if (!entry)
        entry = &runner->queue.single;
    if (!listener->waiting || entry->unit >= runner->units.units.count)
        return;
    const RunUnit *unit = &runner->units.units.items[entry->unit];
    bool step = entry->kind == ENTRY_STEP;
    size_t part = step || entry->kind == ENTRY_LEDGER ? entry->part : unit->first_part;
    const RunTask *task = step_runner_task(runner, part);
    RunNow now = {.task = task,
                  .script = step ? entry->script : step_queue_script_of(unit, task),
                  .step = step ? entry->step : SIZE_MAX,
                  .in_transaction = unit->kind != UNIT_AUTOCOMMIT,
                  .waited_ms = waited_ms,
                  .copied_bytes = runner->queue.copied_bytes,
                  .batch = unit->kind == UNIT_BATCH && runner->batch.unit == entry->unit
                               ? batch_of(runner)
                               : (RunBatch){0},
                  .tasks_done = runner->report->tasks_done,
                  .tasks_count = runner->tasks_count};
    note_step_progress(runner, entry, &now);
    listener->waiting(listener->context, &now);
}

/* --- units ----------------------------------------------------------------------------------- */

static bool run_alone(StepRunner *runner, size_t index, Error *err)
{
    const RunUnit *unit = &runner->units.units.items[index];
    AloneEnd end = ALONE_UNSETTLED;
    /* until its outcome is in the journal, a lost connection leaves this step unsettled */
    runner->report->settled = false;
    if (!step_alone_run(&runner->queue, index, &end, err)) {
        runner->report->settled = runner->queue.not_begun;
        return false;
    }
    runner->report->settled = end != ALONE_UNSETTLED;
    runner->committed = runner->queue.chain;
    if (end != ALONE_DONE)
        return true;
    unit_committed(runner, index);
    const RunPart *part = step_runner_part(runner, unit->first_part);
    const RunArrival arrival = {.task = step_runner_task(runner, unit->first_part)};
    if (unit->resets_after && !step_recovery_reset_session(runner, err))
        return false;
    return !part->arrives ||
           step_queue_observe_arrival(&runner->queue, OBSERVE_ARRIVES, &arrival, err);
}

/* --- batches --------------------------------------------------------------------------------- */

/* Within a migration, the script's search_path is put aside meanwhile. */
static bool ask_others(StepRunner *runner, Error *err)
{
    const StepRunnerOptions *options = runner->options;
    bool pauses = !runner->session->path_is_ours;
    return (!pauses || scripts_path_pause(runner->session, PATH_OF_SESSION, err)) &&
           options->may_go_on(options->may_go_on_context, runner->session, err) &&
           (!pauses || scripts_path_resume(runner->session, PATH_OF_SESSION, err));
}

static bool may_go_on(StepRunner *runner, Error *err)
{
    if (!runner->options->may_go_on || interrupt_count() > 0 || ask_others(runner, err))
        return true;
    if (err->class == ERROR_TARGET && run_report_stays(runner->report))
        err->class = ERROR_UNSETTLED;
    return false;
}

static bool on_range_committed(void *context, const BatchRun *run, bool *ret_stop, Error *err)
{
    StepRunner *runner = context;
    RunUnit *unit = &runner->units.units.items[run->unit];
    const RunBatch batch = batch_of(runner);
    const RunListener *listener = &runner->options->listener;
    runner->committed = runner->queue.chain;
    unit->attempt = 1; /* each range has all its attempts */
    runner->report->batches++;
    if (listener->batch)
        listener->batch(listener->context, &batch);
    if (!may_go_on(runner, err))
        return false;
    *ret_stop = interrupt_count() > 0;
    return true;
}

static bool run_batch(StepRunner *runner, size_t index, Error *err)
{
    const BatchWatcher watcher = {
        .committed = on_range_committed, .context = runner, .hurries = runner->options->hurries};
    const RunTask *task = step_runner_task(runner, runner->units.units.items[index].first_part);
    int64_t rows = runner->batch.unit == index ? runner->batch.progress.rows : task->batch.rows;
    BatchEnd end = BATCH_FAILED;
    bool good = step_batch_run(&runner->queue, index, &runner->batch, &watcher, &end, err);
    runner->report->batch_rows += runner->batch.progress.rows - rows;
    if (!good || end != BATCH_STOPPED)
        return good;
    error_set(err, ERROR_INTERRUPTED, "interrupted behind batch %" PRId64 " of migration '%s' (%s)",
              runner->batch.progress.batches, task->migration->identity, task->version->name);
    return error_hint(err, "'applier resume' goes on from here");
}

/* A transaction with a step that reaches outside: the INTENT is on disk before it begins. */
static bool run_with_intent(StepRunner *runner, size_t index, Error *err)
{
    const RunUnit *unit = &runner->units.units.items[index];
    if (!step_alone_intend(&runner->queue, step_runner_part(runner, unit->first_part), "unknown",
                           /* words= */ NULL, unit->attempt, err))
        return false;
    runner->committed = runner->queue.chain;
    runner->report->settled = false;
    if (!step_queue_unit(&runner->queue, index, err) || !step_pipeline_drain(runner->pipeline, err))
        return false;
    runner->report->settled = !failed(runner);
    return true;
}

/* A transaction that came to a version is queued: tell who waits for its COMMIT. */
static bool observe_committed(StepRunner *runner, const RunUnit *unit, Error *err)
{
    const RunPart *last = NULL;
    for (size_t i = 0; i < unit->part_count; i++)
        if (step_runner_part(runner, unit->first_part + i)->arrives)
            last = step_runner_part(runner, unit->first_part + i);
    if (!last)
        return true;
    const RunArrival arrival = {.task = &runner->queue.tasks->items[last->task]};
    return step_queue_observe_arrival(&runner->queue, OBSERVE_ARRIVED, &arrival, err);
}

/* Somebody may want us to stand still between two units. */
static bool ask_to_go_on(StepRunner *runner, Error *err)
{
    const StepRunnerOptions *options = runner->options;
    if (!options->may_go_on)
        return true;
    if (!step_pipeline_drain(runner->pipeline, err))
        return false;
    return failed(runner) || may_go_on(runner, err);
}

static bool run_unit(StepRunner *runner, size_t index, Error *err)
{
    const RunUnit *unit = &runner->units.units.items[index];
    if (!ask_to_go_on(runner, err))
        return false;
    if (failed(runner))
        return true;
    if (unit->kind != UNIT_AUTOCOMMIT && unit->kind != UNIT_BATCH && !unit->outside_effects)
        return step_queue_unit(&runner->queue, index, err) && observe_committed(runner, unit, err);
    if (!step_pipeline_drain(runner->pipeline, err))
        return false;
    if (failed(runner))
        return true;
    if (unit->kind == UNIT_BATCH)
        return run_batch(runner, index, err);
    return unit->kind == UNIT_AUTOCOMMIT
               ? run_alone(runner, index, err)
               : run_with_intent(runner, index, err) && observe_committed(runner, unit, err);
}

static bool run_all(StepRunner *runner, Error *err)
{
    size_t count = runner->units.units.count;
    for (size_t next = 0; next < count || !step_pipeline_is_idle(runner->pipeline);) {
        bool stop = interrupt_count() > 0;
        if (next < count && !stop) {
            if (!run_unit(runner, next++, err))
                return step_recovery_give_up(runner, err);
        } else if (!step_pipeline_drain(runner->pipeline, err)) {
            return step_recovery_give_up(runner, err);
        }
        if (failed(runner) && !step_recovery_recover(runner, &next, err))
            return pg_session_is_lost(runner->session) ? step_recovery_give_up(runner, err) : false;
        if (stop && next < count)
            return step_recovery_interrupted(runner, next, err);
    }
    return true;
}

/* A run that ends within a migration leaves its search_path behind: what is said of the run in the
 * ledger comes after. Where this is not to be had (a second signal cancels it, too), pg_query runs
 * nothing more. */
static void leave_script(StepRunner *runner)
{
    CLEANUP(error_done) Error ignored = {0};
    if (!runner->session->path_is_ours && !pg_session_is_lost(runner->session))
        (void)!step_recovery_reset_session(runner, &ignored);
}

bool step_runner_run(PgSession *session, const RunTaskArray *tasks, const RunUnits *units,
                     const StepRunnerOptions *options, JournalChain *chain, RunReport *report,
                     Error *err)
{
    StepRunner runner = {.session = session,
                         .options = options,
                         .report = report,
                         .stop = step_stop_make(session),
                         .tasks_count = report->tasks_done + run_tasks_count(tasks),
                         .committed = *chain,
                         .batch.unit = SIZE_MAX,
                         .units.parts = units->parts};
    int64_t notices = session->notice_count;
    report->settled = true;
    array_each (RunUnit, unit, &units->units)
        *array_add(&runner.units.units) = *unit;
    runner.pipeline = step_pipeline_new(session, on_done, &runner);
    runner.queue = (StepQueue){.session = session,
                               .pipeline = runner.pipeline,
                               .tasks = tasks,
                               .units = &runner.units,
                               .observer = options->observer,
                               .stop_key = runner.stop.key,
                               .step_limit_ms = options->step_limit_ms,
                               .chain = *chain};
    pg_session_cancel_on_interrupt(session);
    void (*waiting)(void *, int64_t) = session->waiting;
    void *waiting_context = session->waiting_context;
    session->waiting = on_waiting;
    session->waiting_context = &runner;
    bool good = run_all(&runner, err);
    leave_script(&runner);
    if (options->listener.steps_over)
        options->listener.steps_over(options->listener.context, good);
    session->waiting = waiting;
    session->waiting_context = waiting_context;
    report->turns += good ? step_pipeline_turns(runner.pipeline) : 0;
    report->copied_bytes += runner.queue.copied_bytes;
    report->notices += session->notice_count - notices;
    snprintf(report->notice_code, sizeof(report->notice_code), "%s", session->notice_code);
    *chain = runner.committed;
    step_stop_done(&runner.stop);
    step_queue_done(&runner.queue);
    batch_run_done(&runner.batch);
    step_pipeline_free(runner.pipeline);
    array_free(&runner.units.units);
    return good;
}
