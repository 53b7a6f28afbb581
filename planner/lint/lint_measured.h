/* What a rehearsal measured, for lint: a measurement outranks what the text suggests. Where the
 * rehearsal saw no rewrite, no finding says that there is one; where it saw one that no rule
 * foresaw, that is a finding.
 *
 * Who keeps the measurements fills in a LintMeasured; lint asks it statement by statement. */
#ifndef SEALIFT_PLANNER_LINT_MEASURED_H
#define SEALIFT_PLANNER_LINT_MEASURED_H

#include "base/array.h"
#include "base/error.h"

/* The statement asked about. The ordinal counts the statements of migrations/script (BEGIN and
 * COMMIT among them) from 0; the line is that of its first word in the authored file. */
typedef struct LintMeasuredPlace {
    const char *identity; /* of the migration */
    const char *script;   /* "up" */
    int64_t ordinal;
    int64_t line;
    const char *sql; /* the statement's text, `sql_size` bytes: what was measured must be this */
    size_t sql_size;
} LintMeasuredPlace;

typedef struct LintMeasuredLock {
    char *relation; /* owned: schema.name, unquoted */
    char *mode;     /* owned: as pg_locks says it: "AccessExclusiveLock" */
} LintMeasuredLock;

/* What was measured, over all servers that it was rehearsed on. Only relations that were there
 * before the migration count. */
typedef struct LintMeasurement {
    bool rewrites_known; /* false: nothing is known about rewrites */
    bool scans_known;    /* the relations had rows, so that a scan would have shown */
    bool locks_known;
    ARRAY_OF(char *) rewritten; /* owned: schema.name of tables whose storage was replaced */
    ARRAY_OF(char *) scanned;   /* owned: schema.name of tables read from end to end */
    ARRAY_OF(LintMeasuredLock) locks;
} LintMeasurement;

void lint_measurement_done(LintMeasurement *measurement);

typedef struct LintMeasured {
    /* Fill *ret_measurement, which is zeroed; what is not known stays false. An error (ERROR_IO)
     * ends the run of lint. */
    bool (*find)(void *context, const LintMeasuredPlace *place, LintMeasurement *ret_measurement,
                 Error *err);
    void *context;
} LintMeasured;

#endif
