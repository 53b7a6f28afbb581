/* Measures each statement of a run, from inside its session: which locks it takes on relations that
 * were there before its script, which of them it rewrites or reads whole, which indexes it leaves
 * invalid, what it costs in time and WAL. For a statement outside transactions the locks are those
 * that its kind is known to take; what a second connection saw of them stands beside.
 *
 * Tables must hold rows, else nothing is seen of scans. */
#ifndef SEALIFT_APPLIER_REHEARSAL_MEASURE_H
#define SEALIFT_APPLIER_REHEARSAL_MEASURE_H

#include "applier/rehearsal/measure_snapshot.h"
#include "applier/rehearsal/rehearsal_cluster.h"
#include "applier/rehearsal/rehearsal_hash.h"
#include "applier/steps/run_observer.h"

typedef struct RehearsalMeasure RehearsalMeasure;

/* The cluster lends its second connection. */
RehearsalMeasure *rehearsal_measure_new(RehearsalCluster *cluster);
void rehearsal_measure_free(RehearsalMeasure *measure);
DEFINE_CLEANUP(RehearsalMeasure, rehearsal_measure_free)

/* Before a script is run in `session`: what is there, and how many rows (`rows`: read there just
 * before). Forgets what was measured before. */
bool rehearsal_measure_begin(RehearsalMeasure *measure, PgSession *session, const RowHashes *rows,
                             Error *err) MUST_CHECK;

/* For a run's observer: the context is the measure. */
bool rehearsal_measure_step_begins(void *context, PgSession *session, const RunStep *step,
                                   Error *err) MUST_CHECK;
bool rehearsal_measure_step_ends(void *context, PgSession *session, const RunStep *step,
                                 Error *err) MUST_CHECK;

/* After the run, also one that failed: end what is still being watched. */
bool rehearsal_measure_end(RehearsalMeasure *measure, Error *err) MUST_CHECK;

/* What was measured, in order; valid until the next begin. */
const MeasurementArray *rehearsal_measure_results(const RehearsalMeasure *measure);

#endif
