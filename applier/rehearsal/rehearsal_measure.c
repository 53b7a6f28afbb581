#include "applier/rehearsal/rehearsal_measure.h"

#include "applier/server/pg_query.h"
#include "base/clock.h"

struct RehearsalMeasure {
    RehearsalCluster *cluster;
    MeasureSnapshot known;  /* before the script */
    MeasureSnapshot before; /* before the statement that runs */
    const RowHashes *rows;
    MeasurementArray results;
    int64_t begun_us;
};

RehearsalMeasure *rehearsal_measure_new(RehearsalCluster *cluster)
{
    RehearsalMeasure *measure = memory_new(RehearsalMeasure);
    measure->cluster = cluster;
    return measure;
}

static void forget(RehearsalMeasure *measure)
{
    measure_snapshot_done(&measure->known);
    measure_snapshot_done(&measure->before);
    measurements_done(&measure->results);
}

void rehearsal_measure_free(RehearsalMeasure *measure)
{
    if (!measure)
        return;
    forget(measure);
    free(measure);
}

bool rehearsal_measure_begin(RehearsalMeasure *measure, PgSession *session, const RowHashes *rows,
                             Error *err)
{
    forget(measure);
    measure->rows = rows;
    return measure_snapshot_take(session, &measure->known, err);
}

const MeasurementArray *rehearsal_measure_results(const RehearsalMeasure *measure)
{
    return &measure->results;
}

/* Whether the statement shares its transaction with the one that was measured last. */
static bool goes_on(const RehearsalMeasure *measure, const RunStep *step)
{
    const ManifestScript *script = &step->task->migration->scripts[step->script];
    if (!measure->results.count || !step->in_transaction)
        return false;
    const Measurement *last = &measure->results.items[measure->results.count - 1];
    array_each (const ManifestGroup, group, &script->groups) {
        if (group->first_step == step->step || group->kind == GROUP_BATCH)
            return false;
    }
    return last->script == step->script && last->step + 1 == step->step;
}

bool rehearsal_measure_step_begins(void *context, PgSession *session, const RunStep *step,
                                   Error *err)
{
    RehearsalMeasure *measure = context;
    if (step->script != SCRIPT_UP && step->script != SCRIPT_DOWN)
        return true;
    /* what stood behind the last statement stands before this one */
    if (!goes_on(measure, step)) {
        measure_snapshot_done(&measure->before);
        if (!measure_snapshot_take(session, &measure->before, err))
            return false;
    }
    if (!step->in_transaction &&
        !rehearsal_cluster_watch(measure->cluster, PQbackendPID(session->connection), err))
        return false;
    measure->begun_us = clock_monotonic_us();
    return true;
}

bool rehearsal_measure_step_ends(void *context, PgSession *session, const RunStep *step, Error *err)
{
    RehearsalMeasure *measure = context;
    int64_t ended_us = clock_monotonic_us();
    if (step->script != SCRIPT_UP && step->script != SCRIPT_DOWN)
        return true;
    MeasureSnapshot after = {0};
    CLEANUP(memory_freep) char *seen = NULL;
    if (!rehearsal_cluster_watched(measure->cluster, &seen, err) ||
        !measure_snapshot_take(session, &after, err))
        return false;
    Measurement *one = array_add(&measure->results);
    one->script = step->script;
    one->step = step->step;
    one->duration_us = ended_us - measure->begun_us;
    measurement_compare(&measure->known, &measure->before, &after, measure->rows, one);
    if (!step->in_transaction) {
        const ManifestScript *script = &step->task->migration->scripts[step->script];
        measurement_declare(&script->steps.items[step->step].probe, &measure->before, one);
        measurement_sampled(seen, &measure->before, &after, one);
    }
    measure_snapshot_done(&measure->before);
    measure->before = after;
    return true;
}

bool rehearsal_measure_end(RehearsalMeasure *measure, Error *err)
{
    CLEANUP(memory_freep) char *ignored = NULL;
    return rehearsal_cluster_watched(measure->cluster, &ignored, err);
}
