/* The report of a run of steps for people and programs: the part that apply, resume and rollback
 * have in common. */
#ifndef SEALIFT_APPLIER_RUN_RENDER_H
#define SEALIFT_APPLIER_RUN_RENDER_H

#include "applier/ledger/ledger_backup.h"
#include "applier/runs/schema_check.h"
#include "applier/steps/settle.h"
#include "applier/steps/step_runner.h"
#include "applier/watch/watch_facts.h"
#include "base/json_writer.h"

#define LONG_STEPS_MAX 3
#define LONG_STEP_MS   1000 /* what is shorter is not worth a word */

/* What somebody who watches a run has seen of it. */
typedef struct RunSeen {
    struct {
        char *version;  /* owned */
        char *identity; /* owned; "" for a version without migrations */
        const char *script;
        int64_t statement; /* from 1; 0: COMMIT, or one of ours */
        int64_t duration_ms;
    } longest[LONG_STEPS_MAX]; /* the longest first */
    size_t longest_count;
    int64_t lock_waits; /* that were long enough to be seen */
    int64_t lock_wait_ms;
    WatchCancelledArray cancelled;
} RunSeen;

void run_seen_done(RunSeen *seen);

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
    const BackupRecord *backup; /* NULL: nobody asked for one */
    const char *warnings;       /* one line each, or "" */
    int64_t duration_ms;
    const RunSeen *seen; /* NULL: nobody watched */
} RunOutcome;

/* Members of the object that is open. */
void run_render_json(const RunOutcome *outcome, JsonWriter *json);

/* Its members "failure" and "warnings" (from one line each), of the object that is open. */
void run_render_failure_json(const StepFailure *failure, JsonWriter *json);
void run_render_warnings_json(const char *warnings, JsonWriter *json);

/* ", as a rollback leaves it": what is to be said of a proven schema that is not the upgrade's own,
 * by the name of its arrival (or NULL); else "". */
const char *run_render_arrival(const char *arrival);

/* In one line, what is known of the schema. */
void run_render_schema(const SchemaReport *schema, Text *out);

/* What was seen of the run: its longest statements, waits for locks, who was cancelled, what COPY
 * sent; a line each, nothing where there is nothing to say. */
void run_render_seen(const RunSeen *seen, const RunReport *run, Text *out);

/* Members of the object that is open. */
void run_render_cancelled_json(const WatchCancelled *cancelled, JsonWriter *json);

/* In one line how often the connection came back; nothing where it was never lost. */
void run_render_reconnects(int64_t reconnects, Text *out);

/* How many notices and warnings of the server there were, for people; nothing where none. */
void run_render_notices(const char *program, const RunReport *run);

/* Print the warnings, one a line, to stderr. */
void run_render_warnings(const char *program, const char *warnings);

#endif
