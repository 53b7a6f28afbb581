/* The walk over a script's statements that plans its steps. For script_plan.c and script_batch.c
 * only. */
#ifndef SEALIFT_PLANNER_SCRIPT_WALK_H
#define SEALIFT_PLANNER_SCRIPT_WALK_H

#include "planner/packing/script_plan.h"
#include "planner/packing/written_tables.h"

/* Where the walk over the statements stands. */
typedef struct Walk {
    const ScriptPlanOptions *options;
    const Script *script;
    ManifestScript *planned;
    bool inside;                  /* between the author's BEGIN and COMMIT */
    const ScriptStatement *begin; /* the BEGIN that opened it */
    StatementKind modes;          /* of the transaction that has no step yet */
    bool has_pairs;               /* the script has a BEGIN of its own somewhere */
    bool group_open;              /* the next step joins the last group */
    WrittenTables written;        /* by the statements so far */
} Walk;

/* ERROR_INPUT with the statement's place: why it cannot be, and a hint or NULL; false. */
bool walk_refuse(const Walk *walk, const ScriptStatement *statement, Error *err, const char *why,
                 const char *hint);

/* What no script may hold, whatever stands around it. */
bool walk_check_policy(const Walk *walk, const ScriptStatement *statement, Error *err) MUST_CHECK;

ManifestGroup *walk_open_group(Walk *walk, GroupKind kind);
void walk_add_step(Walk *walk, const ScriptStatement *statement, ManifestGroup *group, Probe probe);
char *walk_name_or_null(const char *name);

/* The whole script, whose directives say that it runs in batches. */
bool walk_plan_batch(Walk *walk, Error *err) MUST_CHECK;

#endif
