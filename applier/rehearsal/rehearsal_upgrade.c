/* The first pass of a rehearsal: the upgrade as a site would do it, and all of it back; and the
 * last one: the same in fewer transactions. */
#include "applier/rehearsal/rehearsal_pass.h"

#include "applier/rehearsal/rehearsal_verdict.h"
#include "base/memory.h"

/* Fingerprints taken at each version that a run arrives at. */
typedef struct Arrivals {
    Rehearsal *rehearsal;
    Fingerprint *taken; /* by slot */
    FingerprintDetail detail;
    const char *progress; /* the pass that is reported, or NULL */
} Arrivals;

/* Where a task leads: up, to its version; down, to the one before. */
static size_t slot_of(const Rehearsal *rehearsal, const RunTask *task)
{
    size_t version = (size_t)(task->version - rehearsal->manifest->versions.items);
    return task->direction == DIRECTION_UP ? version + 1 : version;
}

static bool take_fingerprint(void *context, PgSession *session, const RunArrival *arrival,
                             Error *err)
{
    Arrivals *arrivals = context;
    Fingerprint *taken = &arrivals->taken[slot_of(arrivals->rehearsal, arrival->task)];
    fingerprint_done(taken);
    return rehearsal_fingerprint(session, arrivals->rehearsal, arrivals->detail, taken, err) &&
           (!arrivals->progress ||
            rehearsal_report_progress(arrivals->rehearsal->report, arrivals->progress,
                                      (size_t)run_task_position_after(arrival->task),
                                      arrivals->rehearsal->manifest->migrations.count,
                                      arrival->task->version->name, err));
}

static Fingerprint *new_slots(const Rehearsal *rehearsal)
{
    return memory_zeroed(rehearsal->manifest->versions.count + 1, sizeof(Fingerprint));
}

static void free_slots(const Rehearsal *rehearsal, Fingerprint *slots)
{
    for (size_t i = 0; i <= rehearsal->manifest->versions.count; i++)
        fingerprint_done(&slots[i]);
    free(slots);
}

/* --- a step that does not run ---------------------------------------------------------------- */

static bool goes_outside(const ManifestStep *step)
{
    return step->kind != STEP_COPY && step->kind != STEP_LINES;
}

/* The migration with each statement a unit of its own, outside transactions; COPY data and lines go
 * only in one. */
static ManifestMigration outside_transactions(const ManifestMigration *migration)
{
    ManifestMigration copy = *migration;
    ManifestScript *up = &copy.scripts[SCRIPT_UP];
    up->groups = (ManifestGroupArray){0};
    for (size_t i = 0; i < up->steps.count; i++)
        *array_add(&up->groups) = (ManifestGroup){
            .kind = goes_outside(&up->steps.items[i]) ? GROUP_AUTOCOMMIT : GROUP_TRANSACTION,
            .first_step = i,
            .step_count = 1};
    return copy;
}

/* Whether a migration that fails in a transaction runs without one. */
static bool try_outside(Rehearsal *rehearsal, size_t index, bool *ret_runs, Error *err)
{
    RehearsalStage stage = rehearsal_stage_for(rehearsal, /* seeds= */ NULL);
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome outcome = {0};
    CLEANUP(rehearsal_tasks_done) RunTaskArray tasks = {0};
    const RehearsalRun run = {0};
    ManifestMigration copy = outside_transactions(&rehearsal->manifest->migrations.items[index]);
    bool good =
        rehearsal_stage_renew(&stage, err) && rehearsal_stage_advance(&stage, index, &outcome, err);
    if (good && outcome.passed) {
        rehearsal_stage_add_migration(&stage, index, DIRECTION_UP, &tasks);
        tasks.items[0].migration = &copy;
        good = rehearsal_stage_run(&stage, &tasks, &run, &outcome, err);
    }
    *ret_runs = good && outcome.passed;
    array_free(&copy.scripts[SCRIPT_UP].groups);
    rehearsal_stage_done(&stage);
    return good;
}

static bool has_transaction(const ManifestScript *script)
{
    array_each (const ManifestGroup, group, &script->groups) {
        if (group->kind == GROUP_TRANSACTION)
            return true;
    }
    return false;
}

/* The first pass stops at a failure: what stands before it is rehearsed on. */
static bool note_failure(Rehearsal *rehearsal, const StepFailure *failure, Error *err)
{
    const Manifest *manifest = rehearsal->manifest;
    bool runs = false;
    const ManifestMigration *migration = manifest_find(manifest, failure->identity);
    size_t index = migration ? (size_t)(migration - manifest->migrations.items) : 0;
    rehearsal->passed = false;
    rehearsal->migrations = index;
    rehearsal->version_count = migration ? migration->version : 0;
    if (migration && strcmp(failure->script, script_kind_name(SCRIPT_UP)) == 0 &&
        has_transaction(&migration->scripts[SCRIPT_UP]) &&
        !try_outside(rehearsal, index, &runs, err))
        return false;
    return rehearsal_report_failure(rehearsal->report, failure, runs ? "no-transaction" : NULL,
                                    err);
}

/* --- up -------------------------------------------------------------------------------------- */

static bool report_versions(Rehearsal *rehearsal, Error *err)
{
    for (size_t slot = 0; slot <= rehearsal->version_count; slot++)
        if (!rehearsal_note_fingerprint(rehearsal, slot, "up", &rehearsal->versions[slot], err))
            return false;
    return true;
}

static bool upgrade(Rehearsal *rehearsal, RehearsalStage *stage, Error *err)
{
    const Manifest *manifest = rehearsal->manifest;
    Arrivals arrivals = {rehearsal, rehearsal->versions, FINGERPRINT_DEFINITIONS, "upgrade"};
    const RunObserver observer = {.arrives = take_fingerprint, .context = &arrivals};
    const RehearsalRun run = {.observer = &observer};
    CLEANUP(rehearsal_tasks_done) RunTaskArray tasks = {0};
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome outcome = {0};
    if (!rehearsal_stage_renew(stage, err) ||
        !rehearsal_fingerprint(stage->session, rehearsal, FINGERPRINT_DEFINITIONS,
                               &rehearsal->versions[0], err))
        return false;
    for (size_t i = 0; i < manifest->versions.count; i++)
        rehearsal_stage_add_version(stage, i, DIRECTION_UP, &tasks);
    if (!rehearsal_stage_run(stage, &tasks, &run, &outcome, err))
        return false;
    rehearsal->migrations = manifest->migrations.count;
    rehearsal->version_count = manifest->versions.count;
    return (outcome.passed || note_failure(rehearsal, &outcome.failure, err)) &&
           report_versions(rehearsal, err);
}

/* --- and all of it back ---------------------------------------------------------------------- */

/* From the last version down to the first one that has no way back. */
static void add_way_back(const Rehearsal *rehearsal, const RehearsalStage *stage,
                         RunTaskArray *tasks)
{
    const Manifest *manifest = rehearsal->manifest;
    for (size_t i = manifest->versions.count; i > 0; i--) {
        CLEANUP(rehearsal_verdict_done) RehearsalVerdict none = {0};
        if (rehearsal_verdict_without_version(manifest, &manifest->versions.items[i - 1], &none))
            return;
        rehearsal_stage_add_version(stage, i - 1, DIRECTION_DOWN, tasks);
    }
}

static bool chain(Rehearsal *rehearsal, RehearsalStage *stage, Error *err)
{
    CLEANUP(rehearsal_tasks_done) RunTaskArray tasks = {0};
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome outcome = {0};
    Arrivals arrivals = {rehearsal, new_slots(rehearsal), FINGERPRINT_DEFINITIONS, NULL};
    const RunObserver observer = {.arrives = take_fingerprint, .context = &arrivals};
    const RehearsalRun run = {.observer = &observer};
    add_way_back(rehearsal, stage, &tasks);
    /* a down that fails is for its own cycle to say: what was reached before it counts */
    bool good = tasks.count == 0 || rehearsal_stage_run(stage, &tasks, &run, &outcome, err);
    const char *stopped = outcome.passed || !good ? NULL : outcome.failure.version;
    for (size_t slot = rehearsal->manifest->versions.count; good && tasks.count && slot-- > 0;) {
        if (stopped && strcmp(stopped, rehearsal->manifest->versions.items[slot].name) == 0)
            break;
        if (arrivals.taken[slot].rows.count)
            good = rehearsal_note_fingerprint(rehearsal, slot, "chain", &arrivals.taken[slot], err);
    }
    free_slots(rehearsal, arrivals.taken);
    return good;
}

bool rehearsal_pass_upgrade(Rehearsal *rehearsal, Error *err)
{
    RehearsalStage stage = rehearsal_stage_for(rehearsal, /* seeds= */ NULL);
    bool good =
        upgrade(rehearsal, &stage, err) && (!rehearsal->passed || chain(rehearsal, &stage, err));
    rehearsal_stage_done(&stage);
    return good;
}

/* --- with other values ----------------------------------------------------------------------- */

/* What of a version's schema a site must have, and has otherwise with another value: behind the
 * parameter itself. */
static void shaped_by(const FingerprintRow *parameter, const Fingerprint *ordinary,
                      const Fingerprint *taken, FingerprintChangeArray *ret_shaped)
{
    FingerprintChangeArray changes = {0};
    fingerprint_compare(ordinary, taken, &changes);
    array_each (const FingerprintChange, change, &changes) {
        if (fingerprint_change_row(change)->class == FINGERPRINT_ENV)
            continue;
        if (!ret_shaped->count)
            *array_add(ret_shaped) = (FingerprintChange){.kind = CHANGE_EXTRA, .actual = parameter};
        *array_add(ret_shaped) = *change;
    }
    array_free(&changes);
}

static bool report_shaped(Rehearsal *rehearsal, const FingerprintRow *parameter,
                          const Fingerprint *slots, Error *err)
{
    for (size_t slot = 1; slot <= rehearsal->version_count; slot++) {
        FingerprintChangeArray shaped = {0};
        shaped_by(parameter, &rehearsal->versions[slot], &slots[slot], &shaped);
        bool any = shaped.count > 0;
        bool good = !any || rehearsal_report_nondeterministic(
                                rehearsal->report, rehearsal_version_name(rehearsal, slot),
                                /* identity= */ NULL, &shaped, err);
        array_free(&shaped);
        if (any)
            rehearsal->passed = false;
        if (any || !good)
            return good;
    }
    return true;
}

static bool try_value(Rehearsal *rehearsal, size_t index, Error *err)
{
    const RehearsalParameters *parameters = &rehearsal->parameters;
    FingerprintRow row = {.class = FINGERPRINT_CORE,
                          .kind = (char *)(uintptr_t) "parameter",
                          .identity = rehearsal->manifest->parameters.items[index].name};
    CLEANUP(memory_freep) const char **values = rehearsed_values(rehearsal->manifest);
    CLEANUP(rehearsal_tasks_done) RunTaskArray tasks = {0};
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome outcome = {0};
    RehearsalStage stage = rehearsal_stage_for(rehearsal, /* seeds= */ NULL);
    Arrivals arrivals = {rehearsal, new_slots(rehearsal), FINGERPRINT_HASHES, NULL};
    const RunObserver observer = {.arrives = take_fingerprint, .context = &arrivals};
    const RehearsalRun run = {.observer = &observer};
    values[index] = parameters->others[index];
    stage.values = values;
    for (size_t i = 0; i < rehearsal->version_count; i++)
        rehearsal_stage_add_version(&stage, i, DIRECTION_UP, &tasks);
    bool good = rehearsal_stage_renew(&stage, err) &&
                rehearsal_stage_run(&stage, &tasks, &run, &outcome, err) &&
                (!outcome.passed || report_shaped(rehearsal, &row, arrivals.taken, err));
    rehearsal_stage_done(&stage);
    free_slots(rehearsal, arrivals.taken);
    return good;
}

bool rehearsal_pass_values(Rehearsal *rehearsal, Error *err)
{
    const RehearsalParameters *parameters = &rehearsal->parameters;
    for (size_t i = 0; i < parameters->count; i++) {
        const char *name = rehearsal->manifest->parameters.items[i].name;
        if (parameters->others[i] && (!try_value(rehearsal, i, err) ||
                                      !rehearsal_report_progress(rehearsal->report, "values", i + 1,
                                                                 parameters->count, name, err)))
            return false;
    }
    return true;
}

/* --- in fewer transactions ------------------------------------------------------------------- */

/* The first version whose schema is not the one of the ordinary run; SIZE_MAX where all are. */
static size_t first_other(const Rehearsal *rehearsal, const Fingerprint *slots)
{
    for (size_t slot = 1; slot <= rehearsal->version_count; slot++) {
        FingerprintRoots ordinary, taken;
        fingerprint_roots(&rehearsal->versions[slot], &ordinary);
        fingerprint_roots(&slots[slot], &taken);
        if (!fingerprint_roots_equal(&ordinary, &taken))
            return slot;
    }
    return SIZE_MAX;
}

static bool report_atomic(Rehearsal *rehearsal, AtomicMode mode, const RehearsalOutcome *outcome,
                          const Fingerprint *slots, Error *err)
{
    CLEANUP(text_done) Text detail = {0};
    size_t other = outcome->passed ? first_other(rehearsal, slots) : SIZE_MAX;
    if (!outcome->passed)
        text_addf(&detail, "%s:%lld: %s", outcome->failure.source, (long long)outcome->failure.line,
                  outcome->failure.words);
    else if (other != SIZE_MAX)
        text_addf(&detail, "version %s gets another schema so",
                  rehearsal_version_name(rehearsal, other));
    return rehearsal_report_atomic(rehearsal->report, mode, !detail.length, text_string(&detail),
                                   err);
}

static bool run_atomic(Rehearsal *rehearsal, RehearsalStage *stage, AtomicMode mode, Error *err)
{
    CLEANUP(rehearsal_tasks_done) RunTaskArray tasks = {0};
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome outcome = {0};
    CLEANUP(error_done) Error refusal = {0};
    for (size_t i = 0; i < rehearsal->manifest->versions.count; i++)
        rehearsal_stage_add_version(stage, i, DIRECTION_UP, &tasks);
    if (!run_units_check_atomic(&tasks, mode, &refusal))
        return rehearsal_report_atomic(rehearsal->report, mode, /* passed= */ false,
                                       refusal.message, err);
    Arrivals arrivals = {rehearsal, new_slots(rehearsal), FINGERPRINT_HASHES, NULL};
    const RunObserver observer = {.arrives = take_fingerprint, .context = &arrivals};
    const RehearsalRun run = {.atomic = mode, .observer = &observer};
    bool good = rehearsal_stage_renew(stage, err) &&
                rehearsal_stage_run(stage, &tasks, &run, &outcome, err) &&
                report_atomic(rehearsal, mode, &outcome, arrivals.taken, err);
    free_slots(rehearsal, arrivals.taken);
    return good;
}

bool rehearsal_pass_atomic(Rehearsal *rehearsal, Error *err)
{
    static const AtomicMode modes[] = {ATOMIC_VERSION, ATOMIC_RUN};
    bool good = true;
    for (size_t i = 0; good && i < ARRAY_LEN(modes); i++) {
        RehearsalStage stage = rehearsal_stage_for(rehearsal, /* seeds= */ NULL);
        good = run_atomic(rehearsal, &stage, modes[i], err) &&
               rehearsal_report_progress(rehearsal->report, "atomic", i + 1, ARRAY_LEN(modes),
                                         atomic_mode_name(modes[i]), err);
        rehearsal_stage_done(&stage);
    }
    return good;
}
