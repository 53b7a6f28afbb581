/* The report of a run of steps for people and programs: the part that apply, resume and rollback
 * have in common. */
#ifndef SEALIFT_APPLIER_RUN_RENDER_H
#define SEALIFT_APPLIER_RUN_RENDER_H

#include "applier/runs/schema_check.h"
#include "applier/steps/settle.h"
#include "applier/steps/step_runner.h"
#include "base/json_writer.h"

typedef struct RunOutcome {
    const char *from; /* "-" for none */
    const char *to;
    const char *version; /* what holds now; NULL where the run did not get that far */
    const char *result;  /* "applied", "rolled back", "nothing to do", "failed" */
    const char *run_id;  /* NULL: there was no run */
    int64_t reconnects;
    int64_t migrations; /* that were to be done */
    const RunReport *run;
    const SettleReport *settled;
    const SchemaReport *schema; /* NULL: nobody looked */
    const char *warnings;       /* one line each, or "" */
    int64_t duration_ms;
} RunOutcome;

/* Members of the object that is open. */
void run_render_json(const RunOutcome *outcome, JsonWriter *json);

/* ", as a rollback leaves it": what is to be said of a proven schema that is not the upgrade's own,
 * by the name of its arrival (or NULL); else "". */
const char *run_render_arrival(const char *arrival);

/* In one line, what is known of the schema. */
void run_render_schema(const SchemaReport *schema, Text *out);

/* In one line how often the connection came back; nothing where it was never lost. */
void run_render_reconnects(int64_t reconnects, Text *out);

/* How many notices and warnings of the server there were, for people; nothing where none. */
void run_render_notices(const char *program, const RunReport *run);

/* Print the warnings, one a line, to stderr. */
void run_render_warnings(const char *program, const char *warnings);

#endif
