#include "applier/rehearsal/site_measure.h"

#include "applier/sql/measure_queries.h"
#include "base/clock.h"

/* How large a relation was before the run, or once it was there. */
typedef struct RelationSize {
    char *relation; /* owned */
    int64_t bytes;
    int64_t rows;
} RelationSize;

struct SiteMeasure {
    SiteMeasureSpan span;
    ARRAY_OF(RelationSize) sizes; /* sorted by name */
    RowHashes rows;               /* counts alone; sorted by name */
    MeasureSnapshot known;        /* before the script */
    MeasureSnapshot before;       /* before the statement that runs, where it is known */
    bool has_before;
    const ManifestScript *script; /* that runs; compared only */
    size_t last_step;             /* of it */
    int64_t transaction;
    int64_t begun_us;
    SiteStepArray steps;
};

static void step_done(SiteStep *step)
{
    free(step->identity);
    free(step->version);
    free(step->source);
    array_each (MeasuredStepRelation, relation, &step->relations) {
        free(relation->relation);
        free(relation->lock);
    }
    array_free(&step->relations);
    array_each (char *, name, &step->invalid_indexes)
        free(*name);
    array_free(&step->invalid_indexes);
}

static void forget_sizes(SiteMeasure *measure)
{
    array_each (RelationSize, size, &measure->sizes)
        free(size->relation);
    array_free(&measure->sizes);
    row_hashes_done(&measure->rows);
}

static void forget_database(SiteMeasure *measure)
{
    forget_sizes(measure);
    measure_snapshot_done(&measure->known);
    measure_snapshot_done(&measure->before);
    measure->known = measure->before = (MeasureSnapshot){0};
    measure->has_before = false;
    measure->script = NULL;
}

SiteMeasure *site_measure_new(SiteMeasureSpan span)
{
    SiteMeasure *measure = memory_new(SiteMeasure);
    measure->span = span;
    return measure;
}

void site_measure_free(SiteMeasure *measure)
{
    if (!measure)
        return;
    forget_database(measure);
    array_each (SiteStep, step, &measure->steps)
        step_done(step);
    array_free(&measure->steps);
    free(measure);
}

const SiteStepArray *site_measure_steps(const SiteMeasure *measure)
{
    return &measure->steps;
}

/* --- sizes ----------------------------------------------------------------------------------- */

static int by_relation(const void *a, const void *b)
{
    return strcmp(((const RelationSize *)a)->relation, ((const RelationSize *)b)->relation);
}

static RelationSize *find_size(SiteMeasure *measure, const char *relation)
{
    const RelationSize wanted = {.relation = (char *)(uintptr_t)relation};
    return measure->sizes.count ? bsearch(&wanted, measure->sizes.items, measure->sizes.count,
                                          sizeof(wanted), by_relation)
                                : NULL;
}

static bool read_sizes(SiteMeasure *measure, PgSession *session, const char *relation, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_measure_sizes, PG_VALUES(pg_text(relation)), PG_ROWS, &rows, err))
        return error_wrap(err, "measuring how large the tables are");
    for (int i = 0; i < PQntuples(rows); i++)
        *array_add(&measure->sizes) =
            (RelationSize){.relation = memory_string(pg_result_text(rows, i, 0)),
                           .bytes = pg_result_int(rows, i, 1),
                           .rows = pg_result_int(rows, i, 2)};
    if (measure->sizes.count)
        qsort(measure->sizes.items, measure->sizes.count, sizeof(*measure->sizes.items),
              by_relation);
    return true;
}

/* Counted rows are what they are; where nobody has counted, the server's estimate stands for them.
 */
static void set_rows(SiteMeasure *measure, const RowHashes *rows)
{
    array_each (RelationSize, size, &measure->sizes) {
        if (rows)
            size->rows = row_hashes_count(rows, size->relation);
        if (size->rows > 0)
            *array_add(&measure->rows.tables) =
                (TableHash){.table = memory_string(size->relation), .rows = size->rows};
    }
}

bool site_measure_begin(SiteMeasure *measure, PgSession *session, const RowHashes *rows, Error *err)
{
    forget_database(measure);
    if (!read_sizes(measure, session, /* relation= */ NULL, err))
        return false;
    set_rows(measure, rows);
    return true;
}

/* --- a statement ----------------------------------------------------------------------------- */

static const ManifestScript *script_of(const RunStep *step)
{
    return &step->task->migration->scripts[step->script];
}

static bool begins_group(const ManifestScript *script, size_t step)
{
    array_each (const ManifestGroup, group, &script->groups) {
        if (group->first_step == step)
            return true;
    }
    return false;
}

/* Whether the statement shares its transaction with the one that was measured last. */
static bool goes_on(const SiteMeasure *measure, const RunStep *step)
{
    const ManifestScript *script = script_of(step);
    if (!measure->has_before || !step->in_transaction)
        return false;
    bool before_commit = step->script == SCRIPT_VERIFY && script->in_transaction;
    return measure->span == SITE_MEASURE_WHOLE_RUN || before_commit ||
           (measure->script == script && measure->last_step + 1 == step->step &&
            !begins_group(script, step->step));
}

static void take_before(SiteMeasure *measure, MeasureSnapshot *snapshot)
{
    measure_snapshot_done(&measure->before);
    measure->before = *snapshot;
    *snapshot = (MeasureSnapshot){0};
}

bool site_measure_turn(SiteMeasure *measure, PgSession *session, Error *err)
{
    CLEANUP(measure_snapshot_done) MeasureSnapshot now = {0};
    forget_sizes(measure);
    if (!read_sizes(measure, session, /* relation= */ NULL, err) ||
        !measure_snapshot_take(session, &now, err))
        return false;
    set_rows(measure, /* rows= */ NULL);
    take_before(measure, &now);
    return true;
}

static bool step_begins(void *context, PgSession *session, const RunStep *step, Error *err)
{
    SiteMeasure *measure = context;
    CLEANUP(measure_snapshot_done) MeasureSnapshot now = {0};
    if (!goes_on(measure, step)) {
        if (!measure_snapshot_take(session, &now, err))
            return false;
        take_before(measure, &now);
        measure->has_before = true;
        measure->transaction++;
    }
    if (measure->script != script_of(step) || step->step == 0) {
        measure_snapshot_done(&measure->known);
        measure->known = (MeasureSnapshot){0};
        if (!measure_snapshot_take(session, &measure->known, err))
            return false;
        measure->script = script_of(step);
    }
    measure->last_step = step->step;
    measure->begun_us = clock_monotonic_us();
    return true;
}

/* What was measured of the same statement, and of those behind it, when its group ran before. */
static void forget_attempt(SiteMeasure *measure, const RunStep *step)
{
    SiteStepArray *steps = &measure->steps;
    size_t first = steps->count;
    for (size_t i = 0; i < steps->count && first == steps->count; i++) {
        const SiteStep *one = &steps->items[i];
        if (one->script == step->script && one->statement == (int64_t)step->step + 1 &&
            strcmp(one->identity, step->task->migration->identity) == 0)
            first = i;
    }
    while (steps->count > first)
        step_done(&steps->items[--steps->count]);
}

static bool add_relations(SiteMeasure *measure, PgSession *session, const Measurement *seen,
                          SiteStep *step, Error *err)
{
    array_each (const MeasuredRelation, one, &seen->relations) {
        if (!find_size(measure, one->relation) && !read_sizes(measure, session, one->relation, err))
            return false;
        const RelationSize *size = find_size(measure, one->relation);
        *array_add(&step->relations) =
            (MeasuredStepRelation){.relation = memory_string(one->relation),
                                   .lock = memory_string(lock_mode_name(one->lock)),
                                   .rewritten = one->rewritten,
                                   .scanned = one->scanned,
                                   .bytes = size ? size->bytes : 0,
                                   .rows = size ? size->rows : 0};
    }
    return true;
}

static SiteStep *add_step(SiteMeasure *measure, const RunStep *step)
{
    const ManifestScript *script = script_of(step);
    SiteStep *added = array_add(&measure->steps);
    *added = (SiteStep){.identity = memory_string(step->task->migration->identity),
                        .version = memory_string(step->task->version->name),
                        .source = memory_string(script->source ? script->source : ""),
                        .script = step->script,
                        .statement = (int64_t)step->step + 1,
                        .line = script->steps.items[step->step].line,
                        .transaction = measure->transaction,
                        .declared = !step->in_transaction,
                        .begun_us = measure->begun_us};
    return added;
}

static bool step_ends(void *context, PgSession *session, const RunStep *step, Error *err)
{
    SiteMeasure *measure = context;
    int64_t ended_us = clock_monotonic_us();
    CLEANUP(measure_snapshot_done) MeasureSnapshot after = {0};
    CLEANUP(measurement_done) Measurement seen = {0};
    if (!measure_snapshot_take(session, &after, err))
        return false;
    measurement_compare(&measure->known, &measure->before, &after, &measure->rows, &seen);
    if (!step->in_transaction)
        measurement_declare(&script_of(step)->steps.items[step->step].probe, &measure->before,
                            &seen);
    forget_attempt(measure, step);
    SiteStep *added = add_step(measure, step);
    added->duration_us = ended_us - measure->begun_us;
    added->wal_bytes = seen.wal_bytes;
    array_each (char *, name, &seen.invalid_indexes)
        *array_add(&added->invalid_indexes) = TAKE_PTR(*name);
    take_before(measure, &after);
    return add_relations(measure, session, &seen, added, err);
}

RunObserver site_measure_observer(SiteMeasure *measure)
{
    return (RunObserver){.step_begins = step_begins, .step_ends = step_ends, .context = measure};
}

/* --- locks ----------------------------------------------------------------------------------- */

static int64_t held_from(const SiteStepArray *steps, size_t index, int64_t ended_us)
{
    const SiteStep *step = &steps->items[index];
    int64_t held = 0;
    if (ended_us)
        return ended_us - step->begun_us;
    for (size_t i = index; i < steps->count && steps->items[i].transaction == step->transaction;
         i++)
        held += steps->items[i].duration_us;
    return held;
}

static SiteLock *lock_on(SiteLockArray *locks, const char *relation)
{
    array_each (SiteLock, lock, locks) {
        if (strcmp(lock->relation, relation) == 0)
            return lock;
    }
    SiteLock *added = array_add(locks);
    added->relation = relation;
    return added;
}

static int longest_first(const void *a, const void *b)
{
    const SiteLock *one = a, *other = b;
    if (one->held_us != other->held_us)
        return one->held_us < other->held_us ? 1 : -1;
    return strcmp(one->relation, other->relation);
}

void site_measure_locks(const SiteStepArray *steps, int64_t ended_us, SiteLockArray *ret_locks)
{
    SiteLockArray locks = {0};
    for (size_t i = 0; i < steps->count; i++) {
        array_each (const MeasuredStepRelation, relation, &steps->items[i].relations) {
            LockMode mode = lock_mode_find(relation->lock);
            if (mode < LOCK_SHARE_UPDATE_EXCLUSIVE)
                continue;
            SiteLock *lock = lock_on(&locks, relation->relation);
            if (mode > lock->lock)
                *lock = (SiteLock){.relation = lock->relation, .lock = mode};
            if (mode == lock->lock)
                lock->held_us += held_from(steps, i, ended_us);
        }
    }
    if (locks.count)
        qsort(locks.items, locks.count, sizeof(*locks.items), longest_first);
    *ret_locks = locks;
}
