/* The ledger's events as runs: what began, how it ended, how long it took. Pure. */
#ifndef SEALIFT_APPLIER_PAST_RUNS_H
#define SEALIFT_APPLIER_PAST_RUNS_H

#include "applier/ledger/history.h"

typedef enum {
    PAST_RUN_DONE,    /* its durable end is on record */
    PAST_RUN_FAILED,  /* a step failed, or what came after the steps */
    PAST_RUN_REFUSED, /* nothing was begun */
    PAST_RUN_STOPPED, /* it has no end, and another came behind it: killed, or its connection lost
                       */
    PAST_RUN_OPEN,    /* it has no end, and is the last: under way, or killed */
} PastRunResult;

const char *past_run_result_name(PastRunResult result);

typedef struct PastRun {
    const PastEvent *first; /* borrowed: who, from where; its begin, or all there is of it */
    const PastEvent *last;  /* borrowed: its end or failure, `first` where one event is all; NULL:
                             * there is none */
    PastRunResult result;
    int64_t duration_ms; /* from the first to the last event; -1: not known */
} PastRun;

typedef ARRAY_OF(PastRun) PastRunArray;

/* In the order in which they began, the newest last. Borrows from `history`, which must outlive it;
 * the caller frees with array_free. */
void past_runs_fold(const History *history, PastRunArray *ret_runs);

#endif
