/* The passes of a rehearsal that go back and forth: each migration, and each version, up, down, and
 * up again in a database that holds rows. */
#include "applier/rehearsal/rehearsal_pass.h"

#include "applier/rehearsal/rehearsal_measure.h"
#include "applier/rehearsal/rehearsal_rows.h"
#include "applier/rehearsal/rehearsal_tolerated.h"
#include "applier/rehearsal/rehearsal_verdict.h"
#include "base/memory.h"

/* One such pass under way. */
typedef struct Cycles {
    Rehearsal *rehearsal;
    RehearsalStage stage;
    RehearsalStage clean; /* only ever goes up; behind the other; not made before it is needed */
    bool has_clean;
    RehearsalRows *rows;
    RehearsalMeasure *measure; /* NULL: unmeasured */
    Fingerprint now;           /* of the schema as it stands; where known */
    bool known;
    bool stopped; /* an up did not run: reported */
} Cycles;

static bool cycles_begin(Cycles *cycles, Rehearsal *rehearsal, Error *err)
{
    *cycles = (Cycles){.rehearsal = rehearsal,
                       .stage = rehearsal_stage_for(rehearsal, &rehearsal->seeds),
                       .clean = rehearsal_stage_for(rehearsal, &rehearsal->seeds),
                       .rows = rehearsal_rows_new(rehearsal->options->rows, rehearsal->manifest)};
    cycles->clean.database = REHEARSAL_CLEAN;
    return rehearsal_stage_renew(&cycles->stage, err);
}

static void forget_schema(Cycles *cycles)
{
    fingerprint_done(&cycles->now);
    cycles->known = false;
}

static void cycles_end(Cycles *cycles)
{
    rehearsal_measure_free(cycles->measure);
    rehearsal_rows_free(cycles->rows);
    fingerprint_done(&cycles->now);
    rehearsal_stage_done(&cycles->stage);
    rehearsal_stage_done(&cycles->clean);
}

/* What one cycle takes, sees and says. */
typedef struct Cycle {
    Fingerprint back, after, again; /* before is Cycles.now */
    bool has_back, has_again;
    RowHashes rows_before, rows_back;
    RehearsalOutcome up, down, up_again;
    RehearsalVerdict verdict;
    char before_file[REHEARSAL_FILE_SIZE], after_file[REHEARSAL_FILE_SIZE];
} Cycle;

static void cycle_done(Cycle *cycle)
{
    fingerprint_done(&cycle->back);
    fingerprint_done(&cycle->after);
    fingerprint_done(&cycle->again);
    row_hashes_done(&cycle->rows_before);
    row_hashes_done(&cycle->rows_back);
    rehearsal_outcome_done(&cycle->up);
    rehearsal_outcome_done(&cycle->down);
    rehearsal_outcome_done(&cycle->up_again);
    rehearsal_verdict_done(&cycle->verdict);
}

/* --- a new database -------------------------------------------------------------------------- */

/* An up that has run before fails: on the vendor's seeds, or by chance. The pass ends here. */
static bool stop(Cycles *cycles, const StepFailure *failure, Error *err)
{
    cycles->stopped = true;
    cycles->rehearsal->passed = false;
    return rehearsal_report_failure(cycles->rehearsal->report, failure, /* proposal= */ NULL, err);
}

static void drop_clean(Cycles *cycles)
{
    rehearsal_stage_done(&cycles->clean);
    cycles->has_clean = false;
}

/* From nothing, with the whole cluster put back. */
static bool rebuild_whole(Cycles *cycles, size_t end, Error *err)
{
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome outcome = {0};
    drop_clean(cycles);
    return rehearsal_stage_renew(&cycles->stage, err) &&
           rehearsal_stage_advance(&cycles->stage, end, &outcome, err) &&
           (outcome.passed || stop(cycles, &outcome.failure, err));
}

/* Bring the clean database up to `end`. *ret_ready false: it cannot serve, because scripts make
 * things outside of databases, which are there already. */
static bool advance_clean(Cycles *cycles, size_t end, bool *ret_ready, Error *err)
{
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome outcome = {0};
    *ret_ready = false;
    if (!rehearsal_cluster_is_plain(&cycles->rehearsal->cluster, ret_ready, err))
        return false;
    if (!*ret_ready)
        return true;
    if (!cycles->has_clean && !rehearsal_stage_make(&cycles->clean, err))
        return false;
    cycles->has_clean = true;
    if (!rehearsal_stage_advance(&cycles->clean, end, &outcome, err) ||
        !rehearsal_cluster_is_plain(&cycles->rehearsal->cluster, ret_ready, err))
        return false;
    *ret_ready = *ret_ready && outcome.passed && cycles->clean.position == end;
    return true;
}

/* Thrown away and built anew up to `end` migrations, with seeds and without generated rows: a copy
 * of a database that has only gone up, which so runs each migration once however often this is
 * needed. */
static bool rebuild(Cycles *cycles, size_t end, Error *err)
{
    bool ready = false;
    forget_schema(cycles);
    rehearsal_rows_forget(cycles->rows);
    if (!advance_clean(cycles, end, &ready, err))
        return false;
    return ready ? rehearsal_stage_copy(&cycles->stage, &cycles->clean, err)
                 : rebuild_whole(cycles, end, err);
}

/* --- runs ------------------------------------------------------------------------------------ */

/* The tasks of a migration, or of a version where `migration` is NULL. */
typedef struct Subject {
    const ManifestMigration *migration;
    const ManifestVersion *version;
    size_t index; /* of the migration, or of the version */
    size_t begin; /* migrations applied before it */
    size_t end;   /* … and behind it */
} Subject;

static bool run_subject(Cycles *cycles, const Subject *subject, Direction direction,
                        const RunObserver *observer, RehearsalOutcome *ret_outcome, Error *err)
{
    CLEANUP(rehearsal_tasks_done) RunTaskArray tasks = {0};
    const RehearsalRun run = {.observer = observer};
    if (subject->migration)
        rehearsal_stage_add_migration(&cycles->stage, subject->index, direction, &tasks);
    else
        rehearsal_stage_add_version(&cycles->stage, subject->index, direction, &tasks);
    return rehearsal_stage_run(&cycles->stage, &tasks, &run, ret_outcome, err);
}

static bool report_measured(Cycles *cycles, const Subject *subject, Error *err)
{
    array_each (const Measurement, measurement, rehearsal_measure_results(cycles->measure))
        if (!rehearsal_report_measured(cycles->rehearsal->report, subject->migration,
                                       subject->version->name, measurement, err))
            return false;
    return true;
}

/* As run_subject, each statement measured where this pass measures. `rows` are those of now. */
static bool run_measured(Cycles *cycles, const Subject *subject, Direction direction,
                         const RowHashes *rows, RehearsalOutcome *ret_outcome, Error *err)
{
    if (!cycles->measure)
        return run_subject(cycles, subject, direction, /* observer= */ NULL, ret_outcome, err);
    const RunObserver observer = {.step_begins = rehearsal_measure_step_begins,
                                  .step_ends = rehearsal_measure_step_ends,
                                  .context = cycles->measure};
    return rehearsal_measure_begin(cycles->measure, cycles->stage.session, rows, err) &&
           run_subject(cycles, subject, direction, &observer, ret_outcome, err) &&
           rehearsal_measure_end(cycles->measure, err);
}

/* The rows that count. */
static bool read_rows(const Cycles *cycles, RowHashes *ret_rows, Error *err)
{
    if (!rehearsal_hash_read(cycles->stage.session, ROW_HASHES, ret_rows, err))
        return false;
    rehearsal_drop_tolerated_tables(cycles->rehearsal->manifest, ret_rows);
    return true;
}

/* --- up -------------------------------------------------------------------------------------- */

static bool look_before(Cycles *cycles, Cycle *cycle, Error *err)
{
    row_hashes_done(&cycle->rows_before);
    if (!cycles->known &&
        !rehearsal_stage_fingerprint(&cycles->stage, FINGERPRINT_DEFINITIONS, &cycles->now, err))
        return false;
    cycles->known = true;
    return read_rows(cycles, &cycle->rows_before, err);
}

/* The up failed: on generated rows, or because of what another database of ours holds. So it is
 * tried alone in the cluster, without rows; *ret_rows tells whether there had been any. */
static bool up_alone(Cycles *cycles, const Subject *subject, Cycle *cycle, bool *ret_rows,
                     Error *err)
{
    *ret_rows = rehearsal_rows_filled(cycles->rows) > 0;
    forget_schema(cycles);
    rehearsal_rows_forget(cycles->rows);
    return rebuild_whole(cycles, subject->begin, err) &&
           (cycles->stopped ||
            (look_before(cycles, cycle, err) &&
             run_measured(cycles, subject, DIRECTION_UP, &cycle->rows_before, &cycle->up, err)));
}

static bool up_failed(Cycles *cycles, const Subject *subject, Cycle *cycle, Error *err)
{
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome first = cycle->up;
    bool rows = false;
    cycle->up = (RehearsalOutcome){0};
    if (!up_alone(cycles, subject, cycle, &rows, err))
        return false;
    if (cycles->stopped)
        return true;
    if (!cycle->up.passed)
        return stop(cycles, &cycle->up.failure, err);
    return !rows || rehearsal_report_rows(cycles->rehearsal->report, &first.failure, err);
}

static bool go_up(Cycles *cycles, const Subject *subject, Cycle *cycle, Error *err)
{
    bool inside = subject->migration && subject->migration->ordinal > 1; /* of a version */
    if (!rehearsal_rows_fill(cycles->rows, cycles->stage.session,
                             inside ? ROWS_OF_TABLES : ROWS_AND_OF_COLUMNS, err) ||
        !look_before(cycles, cycle, err) ||
        !run_measured(cycles, subject, DIRECTION_UP, &cycle->rows_before, &cycle->up, err))
        return false;
    if (!cycle->up.passed && !up_failed(cycles, subject, cycle, err))
        return false;
    if (cycles->stopped)
        return true;
    return (!cycles->measure || report_measured(cycles, subject, err)) &&
           rehearsal_stage_fingerprint(&cycles->stage, FINGERPRINT_DEFINITIONS, &cycle->after,
                                       err) &&
           rehearsal_report_file(cycles->rehearsal->report, &cycles->now, cycle->before_file,
                                 err) &&
           rehearsal_report_file(cycles->rehearsal->report, &cycle->after, cycle->after_file, err);
}

/* --- down, and up again ---------------------------------------------------------------------- */

/* A version's schema after its rollback and upgrade is a proven one of its own. */
static FingerprintDetail detail_of(const Subject *subject)
{
    return subject->migration ? FINGERPRINT_HASHES : FINGERPRINT_DEFINITIONS;
}

static bool go_back(Cycles *cycles, const Subject *subject, Cycle *cycle, Error *err)
{
    CLEANUP(row_hashes_done) RowHashes rows = {0};
    PgSession *session = cycles->stage.session;
    if ((cycles->measure && !rehearsal_hash_read(session, ROW_COUNTS, &rows, err)) ||
        !run_measured(cycles, subject, DIRECTION_DOWN, &rows, &cycle->down, err) ||
        (cycles->measure && !report_measured(cycles, subject, err)))
        return false;
    if (!cycle->down.passed)
        return true;
    cycle->has_back = true;
    return rehearsal_stage_fingerprint(&cycles->stage, detail_of(subject), &cycle->back, err) &&
           read_rows(cycles, &cycle->rows_back, err);
}

static bool go_up_again(Cycles *cycles, const Subject *subject, Cycle *cycle, Error *err)
{
    if (!cycle->has_back)
        return true;
    if (!run_subject(cycles, subject, DIRECTION_UP, /* observer= */ NULL, &cycle->up_again, err))
        return false;
    cycle->has_again = cycle->up_again.passed;
    return !cycle->has_again ||
           rehearsal_stage_fingerprint(&cycles->stage, detail_of(subject), &cycle->again, err);
}

static void judge(const Cycles *cycles, Cycle *cycle)
{
    const RehearsalCycle seen = {
        .before = &cycles->now,
        .back = cycle->has_back ? &cycle->back : NULL,
        .after = &cycle->after,
        .again = cycle->has_again ? &cycle->again : NULL,
        .rows_before = &cycle->rows_before,
        .rows_back = &cycle->rows_back,
        .down_failure = cycle->has_back ? NULL : &cycle->down.failure,
        .up_failure = cycle->has_back && !cycle->has_again ? &cycle->up_again.failure : NULL};
    rehearsal_verdict_make(&seen, &cycle->verdict);
}

static bool without_way_back(const Cycles *cycles, const Subject *subject, Cycle *cycle)
{
    return subject->migration ? rehearsal_verdict_without(subject->migration, &cycle->verdict)
                              : rehearsal_verdict_without_version(
                                    cycles->rehearsal->manifest, subject->version, &cycle->verdict);
}

static bool report_verdict(Cycles *cycles, const Subject *subject, const Cycle *cycle, Error *err)
{
    return rehearsal_report_verdict(cycles->rehearsal->report, subject->migration,
                                    subject->version->name, &cycle->verdict, cycle->before_file,
                                    cycle->after_file, err);
}

/* Up, and where there is a way back down and up again; the verdict is reported. */
static bool run_cycle(Cycles *cycles, const Subject *subject, Cycle *cycle, Error *err)
{
    if (!go_up(cycles, subject, cycle, err))
        return false;
    if (cycles->stopped)
        return true;
    if (!without_way_back(cycles, subject, cycle)) {
        if (!go_back(cycles, subject, cycle, err) || !go_up_again(cycles, subject, cycle, err))
            return false;
        judge(cycles, cycle);
    }
    return report_verdict(cycles, subject, cycle, err);
}

/* Whether schema and rows are what the up alone would have left: also where the down did not bring
 * all back, but the up after it set it right. */
static bool stands_as_after_up(const Cycle *cycle)
{
    FingerprintRoots after, again;
    if (rehearsal_verdict_is_clean(&cycle->verdict))
        return true;
    if (!cycle->has_again || cycle->verdict.lost.count)
        return false;
    fingerprint_roots(&cycle->after, &after);
    fingerprint_roots(&cycle->again, &again);
    return fingerprint_roots_equal(&after, &again);
}

/* What was cycled stands as if it had only gone up. */
static void schema_is_that_after(Cycles *cycles, Cycle *cycle)
{
    forget_schema(cycles);
    cycles->now = cycle->after;
    cycle->after = (Fingerprint){0};
    cycles->known = true;
}

/* --- migrations ------------------------------------------------------------------------------ */

static bool has_seeds(const Cycles *cycles)
{
    return cycles->rehearsal->seeds.items.count > 0;
}

/* Go on behind migration `index`, with everything as its up alone would have left it. */
static bool settle_migration(Cycles *cycles, size_t index, Cycle *cycle, Error *err)
{
    if (!stands_as_after_up(cycle))
        return rebuild(cycles, index + 1, err);
    schema_is_that_after(cycles, cycle);
    if (has_seeds(cycles))
        forget_schema(cycles); /* a seed script may do anything */
    return rehearsal_stage_seed(&cycles->stage, index, err);
}

static bool cycle_migration(Cycles *cycles, size_t index, Error *err)
{
    const Manifest *manifest = cycles->rehearsal->manifest;
    const ManifestMigration *migration = &manifest->migrations.items[index];
    const Subject subject = {.migration = migration,
                             .version = &manifest->versions.items[migration->version],
                             .index = index,
                             .begin = index,
                             .end = index + 1};
    CLEANUP(cycle_done) Cycle cycle = {0};
    return run_cycle(cycles, &subject, &cycle, err) &&
           (cycles->stopped || settle_migration(cycles, index, &cycle, err));
}

/* Migrations whose cycle is not wanted, in one go. Rows that stand in the way go. */
static bool pass_over(Cycles *cycles, size_t end, Error *err)
{
    CLEANUP(rehearsal_outcome_done) RehearsalOutcome outcome = {0};
    forget_schema(cycles);
    if (!rehearsal_stage_advance(&cycles->stage, end, &outcome, err))
        return false;
    if (outcome.passed)
        return true;
    return rehearsal_rows_filled(cycles->rows) ? rebuild(cycles, end, err)
                                               : stop(cycles, &outcome.failure, err);
}

static bool cycle_all(Cycles *cycles, Error *err)
{
    Rehearsal *rehearsal = cycles->rehearsal;
    for (size_t i = 0; i < rehearsal->migrations && !cycles->stopped;) {
        size_t next = i;
        while (next < rehearsal->migrations && !rehearsal->cycles[next])
            next++;
        if (next == rehearsal->migrations)
            return true; /* nothing more to look at */
        if (next > i && !pass_over(cycles, next, err))
            return false;
        if (cycles->stopped)
            return true;
        if (!cycle_migration(cycles, next, err) ||
            !rehearsal_report_progress(rehearsal->report, "cycle", next + 1, rehearsal->migrations,
                                       rehearsal->manifest->migrations.items[next].identity, err))
            return false;
        i = next + 1;
    }
    return true;
}

bool rehearsal_pass_cycles(Rehearsal *rehearsal, Error *err)
{
    Cycles cycles;
    bool good = cycles_begin(&cycles, rehearsal, err);
    cycles.measure = rehearsal_measure_new(&rehearsal->cluster);
    good = good && cycle_all(&cycles, err);
    cycles_end(&cycles);
    return good;
}

/* --- versions -------------------------------------------------------------------------------- */

/* Whether a version's seeds can be sown only between its migrations. */
static bool sows_between(const Cycles *cycles, const ManifestVersion *version)
{
    array_each (const RehearsalSeed, seed, &cycles->rehearsal->seeds.items) {
        const ManifestMigration *migration = seed->migration;
        if (migration &&
            &cycles->rehearsal->manifest->versions.items[migration->version] == version &&
            migration->ordinal != (int64_t)version->migration_count)
            return true;
    }
    return false;
}

static bool settle_version(Cycles *cycles, const Subject *subject, Cycle *cycle, Error *err)
{
    if (!stands_as_after_up(cycle) || sows_between(cycles, subject->version))
        return rebuild(cycles, subject->end, err);
    schema_is_that_after(cycles, cycle);
    if (has_seeds(cycles))
        forget_schema(cycles);
    return subject->begin == subject->end ||
           rehearsal_stage_seed(&cycles->stage, subject->end - 1, err);
}

static bool report_arrivals(Cycles *cycles, const Subject *subject, const Cycle *cycle, Error *err)
{
    return (!cycle->has_back || rehearsal_note_fingerprint(cycles->rehearsal, subject->index,
                                                           "down", &cycle->back, err)) &&
           (!cycle->has_again || rehearsal_note_fingerprint(cycles->rehearsal, subject->index + 1,
                                                            "again", &cycle->again, err));
}

/* The search for what is not the same wants the cluster for itself. */
static bool settle_other(Cycles *cycles, const Subject *subject, const Cycle *cycle, Error *err)
{
    rehearsal_stage_done(&cycles->stage);
    drop_clean(cycles);
    return rehearsal_note_other(cycles->rehearsal, subject->index, &cycle->after, err) &&
           rebuild(cycles, subject->end, err);
}

static bool cycle_version(Cycles *cycles, size_t index, Error *err)
{
    Rehearsal *rehearsal = cycles->rehearsal;
    const ManifestVersion *version = &rehearsal->manifest->versions.items[index];
    size_t begin = version->migration_count ? version->first_migration : cycles->stage.position;
    const Subject subject = {.version = version,
                             .index = index,
                             .begin = begin,
                             .end = begin + version->migration_count};
    CLEANUP(cycle_done) Cycle cycle = {0};
    if (!run_cycle(cycles, &subject, &cycle, err))
        return false;
    if (cycles->stopped)
        return true;
    if (!report_arrivals(cycles, &subject, &cycle, err))
        return false;
    return rehearsal_is_same(rehearsal, index, &cycle.after)
               ? settle_version(cycles, &subject, &cycle, err)
               : settle_other(cycles, &subject, &cycle, err);
}

bool rehearsal_pass_versions(Rehearsal *rehearsal, Error *err)
{
    Cycles cycles;
    bool good = cycles_begin(&cycles, rehearsal, err);
    for (size_t i = 0; good && i < rehearsal->version_count && !cycles.stopped; i++)
        good = cycle_version(&cycles, i, err) &&
               rehearsal_report_progress(rehearsal->report, "versions", i + 1,
                                         rehearsal->version_count,
                                         rehearsal->manifest->versions.items[i].name, err);
    cycles_end(&cycles);
    return good;
}
