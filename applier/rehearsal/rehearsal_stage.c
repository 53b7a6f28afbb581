#include "applier/rehearsal/rehearsal_stage.h"

#include "applier/runs/run_session.h"
#include "applier/server/pg_lock.h"
#include "applier/server/pg_query.h"
#include "base/interrupt.h"

void rehearsal_stage_done(RehearsalStage *stage)
{
    pg_session_close(stage->reader);
    pg_session_close(stage->session);
    stage->session = stage->reader = NULL;
}

void rehearsal_outcome_done(RehearsalOutcome *outcome)
{
    RunReport report = {.failure = outcome->failure};
    run_report_done(&report);
    *outcome = (RehearsalOutcome){0};
}

/* --- a new database -------------------------------------------------------------------------- */

static bool store_bundle(RehearsalStage *stage, Error *err)
{
    return pg_script(stage->session, "BEGIN", err) &&
           run_session_store_bundle(stage->session, stage->input, err) &&
           pg_script(stage->session, "COMMIT", err);
}

static bool connect(RehearsalStage *stage, Error *err)
{
    return rehearsal_cluster_connect(stage->cluster, stage->database,
                                     stage->input->manifest->search_path, &stage->session, err) &&
           pg_lock_take(stage->session, PG_LOCK_WAIT_DEFAULT_MS, /* waiting= */ NULL,
                        /* context= */ NULL, err);
}

bool rehearsal_stage_make(RehearsalStage *stage, Error *err)
{
    const Head *head = stage->input->head;
    rehearsal_stage_done(stage);
    if (!rehearsal_cluster_create(stage->cluster, stage->database, /* from= */ NULL, err) ||
        !rehearsal_parameters_make_roles(stage->cluster->admin, stage->input->manifest,
                                         stage->parameters, stage->values, err) ||
        !connect(stage, err) || !rehearsal_setup_run(stage->setup, stage->session, err) ||
        !ledger_install(stage->session, head->product, head->product_uuid, err))
        return false;
    journal_chain_begin(&stage->chain);
    stage->position = 0;
    return store_bundle(stage, err);
}

bool rehearsal_stage_renew(RehearsalStage *stage, Error *err)
{
    rehearsal_stage_done(stage);
    return rehearsal_cluster_reset(stage->cluster, err) && rehearsal_stage_make(stage, err);
}

bool rehearsal_stage_copy(RehearsalStage *stage, RehearsalStage *from, Error *err)
{
    rehearsal_stage_done(stage);
    rehearsal_stage_done(from);
    if (!rehearsal_cluster_create(stage->cluster, stage->database, from->database, err) ||
        !connect(stage, err))
        return false;
    stage->chain = from->chain;
    stage->position = from->position;
    return true;
}

/* --- tasks ----------------------------------------------------------------------------------- */

void rehearsal_tasks_done(RunTaskArray *tasks)
{
    array_free(tasks);
}

/* Where the stage stands once the tasks are done. */
static size_t position_behind(const RehearsalStage *stage, const RunTaskArray *tasks)
{
    return tasks->count ? (size_t)run_task_position_after(&tasks->items[tasks->count - 1])
                        : stage->position;
}

static void add_task(const RehearsalStage *stage, const ManifestMigration *migration,
                     const ManifestVersion *version, Direction direction, RunTaskArray *tasks)
{
    size_t position = position_behind(stage, tasks);
    bool last = !migration || migration->ordinal == (int64_t)version->migration_count;
    *array_add(tasks) = (RunTask){.manifest = stage->input->manifest,
                                  .objects = &stage->input->objects,
                                  .head_digest = stage->input->head_digest,
                                  .migration = migration,
                                  .version = version,
                                  .direction = direction,
                                  .values = stage->values,
                                  .ends_version = direction == DIRECTION_UP && last,
                                  .position = (int64_t)position};
}

/* The gates of a version come before its first migration. */
static void add_gates(const RehearsalStage *stage, const ManifestMigration *first,
                      RunTaskArray *tasks)
{
    const Manifest *manifest = stage->input->manifest;
    const RunTask like = {.manifest = manifest,
                          .objects = &stage->input->objects,
                          .head_digest = stage->input->head_digest,
                          .version = &manifest->versions.items[first->version],
                          .direction = DIRECTION_UP,
                          .values = stage->values,
                          .position = (int64_t)position_behind(stage, tasks)};
    run_tasks_add_gates(tasks, &like);
}

void rehearsal_stage_add_migration(const RehearsalStage *stage, size_t migration,
                                   Direction direction, RunTaskArray *tasks)
{
    const Manifest *manifest = stage->input->manifest;
    const ManifestMigration *one = &manifest->migrations.items[migration];
    if (direction == DIRECTION_UP && one->ordinal == 1)
        add_gates(stage, one, tasks);
    add_task(stage, one, &manifest->versions.items[one->version], direction, tasks);
}

void rehearsal_stage_add_version(const RehearsalStage *stage, size_t version, Direction direction,
                                 RunTaskArray *tasks)
{
    const ManifestVersion *one = &stage->input->manifest->versions.items[version];
    if (one->migration_count == 0)
        add_task(stage, /* migration= */ NULL, one, direction, tasks);
    for (size_t i = 0; i < one->migration_count; i++)
        rehearsal_stage_add_migration(
            stage,
            one->first_migration + (direction == DIRECTION_UP ? i : one->migration_count - 1 - i),
            direction, tasks);
}

/* --- running --------------------------------------------------------------------------------- */

/* What a site would be told to do next is of no use here: the database is thrown away. */
static bool not_run(const RehearsalStage *stage, Error *err)
{
    if (pg_session_is_lost(stage->session))
        err->class = ERROR_CONNECTION;
    free(err->hint);
    err->hint = NULL;
    return false;
}

bool rehearsal_stage_run(RehearsalStage *stage, const RunTaskArray *tasks, const RehearsalRun *run,
                         RehearsalOutcome *ret_outcome, Error *err)
{
    const StepRunnerOptions options = {.observer = run->observer, .hurries = true};
    CLEANUP(run_units_done) RunUnits units = {0};
    CLEANUP(run_report_done) RunReport report = {0};
    if (interrupt_count() > 0)
        return error_set(err, ERROR_INTERRUPTED, "interrupted");
    if (!stage->session && !connect(stage, err))
        return false;
    run_units_build(tasks, run->atomic, &units);
    bool passed =
        step_runner_run(stage->session, tasks, &units, &options, &stage->chain, &report, err);
    bool step_failed =
        report.failure.happened &&
        (err->class == ERROR_STEP || err->class == ERROR_UNSETTLED || err->class == ERROR_TARGET);
    if (!passed && !step_failed)
        return not_run(stage, err);
    if (passed)
        stage->position = position_behind(stage, tasks);
    else
        error_done(err);
    *ret_outcome = (RehearsalOutcome){.passed = passed, .failure = report.failure};
    report.failure = (StepFailure){0};
    return true;
}

bool rehearsal_stage_seed(RehearsalStage *stage, size_t index, Error *err)
{
    const Manifest *manifest = stage->input->manifest;
    const ManifestMigration *migration = &manifest->migrations.items[index];
    const ManifestVersion *version = &manifest->versions.items[migration->version];
    if (!stage->seeds)
        return true;
    return rehearsal_seeds_run(stage->seeds, stage->session, migration, version, err) &&
           (migration->ordinal != (int64_t)version->migration_count ||
            rehearsal_seeds_run(stage->seeds, stage->session, /* migration= */ NULL, version, err));
}

/* How far one run goes before seeds want to be sown. */
static size_t end_of_run(const RehearsalStage *stage, size_t end)
{
    return stage->seeds && stage->seeds->items.count ? stage->position + 1 : end;
}

bool rehearsal_stage_advance(RehearsalStage *stage, size_t end, RehearsalOutcome *ret_outcome,
                             Error *err)
{
    const RehearsalRun run = {0};
    *ret_outcome = (RehearsalOutcome){.passed = true};
    while (stage->position < end) {
        CLEANUP(rehearsal_tasks_done) RunTaskArray tasks = {0};
        size_t next = end_of_run(stage, end), first = stage->position;
        for (size_t i = first; i < next; i++)
            rehearsal_stage_add_migration(stage, i, DIRECTION_UP, &tasks);
        if (!rehearsal_stage_run(stage, &tasks, &run, ret_outcome, err))
            return false;
        if (!ret_outcome->passed)
            return true;
        if (!rehearsal_stage_seed(stage, next - 1, err))
            return false;
    }
    return true;
}
