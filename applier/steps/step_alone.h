/* A step outside transactions: durable INTENT, the statement alone, OUTCOME (ENGINE.md 12, 13); and
 * single rows of the journal in transactions of their own. The pipeline must be drained. */
#ifndef SEALIFT_APPLIER_STEP_ALONE_H
#define SEALIFT_APPLIER_STEP_ALONE_H

#include "applier/steps/step_queue.h"

typedef enum { RECORD_DURABLE, RECORD_LAZY } RecordDurability;

/* Append one row for `part` in a transaction of its own, and the version's row where the part ends
 * one and the row says that it is done. `words` may be NULL. */
bool step_alone_record(StepQueue *queue, const RunPart *part, JournalKind kind, const char *result,
                       const char *words, int64_t attempt, RecordDurability durability,
                       Error *err) MUST_CHECK;

/* The INTENT of a part, on disk (and confirmed, where the site waits for a standby) once this
 * returns. Where the confirmation was not waited for, an OUTCOME follows that says so: the step has
 * not begun, nothing is unsettled, and queue->not_begun is set (ERROR_UNSETTLED). */
bool step_alone_intend(StepQueue *queue, const RunPart *part, const char *look, const char *words,
                       int64_t attempt, Error *err) MUST_CHECK;

typedef enum {
    ALONE_DONE,
    ALONE_FAILED, /* the failure is in the pipeline; nothing is left behind, and that is recorded */
    ALONE_UNSETTLED, /* the failure is in the pipeline; what it left behind nobody can tell */
} AloneEnd;

bool step_alone_run(StepQueue *queue, size_t unit, AloneEnd *ret_end, Error *err) MUST_CHECK;

#endif
