/* The estimate of a run as people read it at night. */
#ifndef SEALIFT_APPLIER_COST_WORDS_H
#define SEALIFT_APPLIER_COST_WORDS_H

#include "applier/preflight/run_estimate.h"

/* "about 3 min, from live sizes at default rates": how long, and what that stands on. */
void cost_words_time(const RunEstimate *estimate, int64_t now, Text *text);

/* "ask for 25 min; public.orders cannot be read for 18 min of it": where a window is needed. */
void cost_words_window(const RunEstimate *estimate, Text *text);

/* "no reads or writes for 18 min, no writes for 2 min more"; "" where it is kept from nobody. */
void cost_words_exposure(const Exposure *exposure, Text *text);

/* "12 GB, 45 million rows" */
void cost_words_size(const LiveRelation *relation, Text *text);

/* New files, by tablespace. */
typedef struct CostSpace {
    const char *tablespace; /* borrowed */
    int64_t bytes;
    int64_t at_most_bytes; /* of these, what may be less: StepCost.at_most */
} CostSpace;

typedef ARRAY_OF(CostSpace) CostSpaces;

/* Free with array_free. */
void cost_spaces(const RunEstimate *estimate, CostSpaces *ret_spaces);

/* The same in words; "" where it is little. */
void cost_words_space(const RunEstimate *estimate, Text *text);

/* Locks of less than this are not worth a line: nobody notices. */
#define COST_NOTICED_MS 1000
/* Files of less than this fill no disk. */
#define COST_NOTICED_BYTES (1 << 20)

#endif
