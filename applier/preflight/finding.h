/* What a preflight found: a level, what was observed of which object, what to do about it, and
 * where somebody else has to do it, the SQL that they can paste. */
#ifndef SEALIFT_APPLIER_FINDING_H
#define SEALIFT_APPLIER_FINDING_H

#include "base/array.h"
#include "base/attributes.h"
#include "base/text.h"

typedef enum {
    LEVEL_BLOCKS,  /* apply would refuse or fail */
    LEVEL_WARNS,   /* it may, or it would hurt */
    LEVEL_INFORMS, /* good to know */
} FindingLevel;
#define FINDING_LEVEL_COUNT 3

const char *finding_level_name(FindingLevel level); /* "blocks", "warns", "informs" */

/* Texts owned. */
typedef struct Finding {
    const char *check; /* which one found it: "ownership"; static */
    FindingLevel level;
    char *object; /* what it is about, or "" */
    char *what;   /* one line */
    char *advice; /* one line, or "" */
    char *sql;    /* lines, each a statement with its semicolon; or "" */
} Finding;

typedef struct Findings {
    ARRAY_OF(Finding) items;
    const char *check; /* the one at work, for what is added */
} Findings;

void findings_done(Findings *findings); /* accepts a zeroed one */

/* Add one of the check at work; `object` may be NULL. */
void findings_add(Findings *findings, FindingLevel level, const char *object, const char *format,
                  ...) PRINTF_LIKE(4, 5);

/* To the last one added: what to do; one more line of SQL. */
void findings_advise(Findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);
void findings_sql(Findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);

size_t findings_count(const Findings *findings, FindingLevel level);

#endif
