/* How far standbys may be behind before a run stands still, as a site (max-lag) and an operator
 * (--max-lag) say it. Pure. */
#ifndef SEALIFT_APPLIER_LAG_LIMIT_H
#define SEALIFT_APPLIER_LAG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define LAG_LIMIT_WORDS "64MB (kB, MB, GB, TB), 30s (ms, s, min, h), or 0 for no limit"

typedef struct LagLimit {
    int64_t bytes; /* 0: not limited */
    int64_t ms;    /* 0: not limited */
} LagLimit;

/* "64MB" (bytes, kB, MB, GB, TB) or "30s" (ms, s, min, h); "0": no limit. Both units are
 * PostgreSQL's. false (ret untouched) for anything else. */
bool lag_limit_parse(const char *text, LagLimit *ret_limit) MUST_CHECK;
bool lag_limit_is_set(const LagLimit *limit);

#endif
