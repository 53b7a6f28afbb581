/* The ranges of a batch: a statement run for one range of keys after the other, each in a
 * transaction of its own together with the row of the journal that says how far it came. Whatever
 * instant it is killed at, the last such row is where it goes on: no range is lost or done twice.
 *
 * A range is bounded by the keys of its first and its last row, both included, as a query over the
 * table's key finds them in the range's own transaction: any type with an order will do. Rows
 * without a key are refused, and so is a key without an index. The pipeline must be drained. */
#ifndef SEALIFT_APPLIER_STEP_BATCH_H
#define SEALIFT_APPLIER_STEP_BATCH_H

#include "applier/steps/step_queue.h"

/* A batch under way. */
typedef struct BatchRun {
    size_t unit;            /* SIZE_MAX: none */
    BatchProgress progress; /* what is committed; its cursor is owned */
    int64_t rows_total;     /* of the table, about */
} BatchRun;

void batch_run_done(BatchRun *run); /* forgets it; accepts one that is done */

typedef struct BatchWatcher {
    /* Behind each range's COMMIT, the session idle: count it, wait as long as need be. Where
     * *ret_stop is set the loop ends there; false: it ends with this error. */
    bool (*committed)(void *context, const BatchRun *run, bool *ret_stop, Error *err);
    void *context;
    bool hurries; /* leave out the pause that follows */
} BatchWatcher;

typedef enum {
    BATCH_DONE,    /* no key is left beyond the last range */
    BATCH_STOPPED, /* by the watcher, or a signal in the pause between two ranges */
    BATCH_FAILED,  /* the failure is in the pipeline; the transaction may be open */
} BatchEnd;

/* Run the ranges that are left of unit `index`: *run says where to begin (done, it is taken from
 * the unit's task), and is moved on. Here fail: a lost connection, and what reading objects brings.
 */
bool step_batch_run(StepQueue *queue, size_t index, BatchRun *run, const BatchWatcher *watcher,
                    BatchEnd *ret_end, Error *err) MUST_CHECK;

#endif
