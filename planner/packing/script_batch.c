/* A script that runs in batches: its statement, its range of keys, and what must hold behind it. */
#include <inttypes.h>

#include "planner/packing/script_walk.h"

static bool refuse_batch(const Walk *walk, Error *err, const char *why, const char *hint)
{
    error_set(err, ERROR_INPUT, "%s:%" PRId64 ": a batch %s", walk->options->name,
              walk->script->directives.batch.line, why);
    return error_hint(err, "%s", hint);
}

#define BATCH_SHAPE                                                                                \
    "the script holds two statements: the one that is run for each range of keys, from $1 to $2 "  \
    "(WHERE key BETWEEN $1 AND $2), and a SELECT of one boolean, true where all is done"

/* The statement of each range. */
static bool check_batched(const Walk *walk, const ScriptStatement *statement, Error *err)
{
    const StatementKind *kind = &statement->kind;
    if (kind->control != TRANSACTION_CONTROL_NONE || kind->not_in_transaction)
        return walk_refuse(walk, statement, err, "cannot run in a batch's own transactions",
                           BATCH_SHAPE);
    if (!kind->changes_rows || kind->outside_effects)
        return walk_refuse(walk, statement, err, "is nothing that runs in batches",
                           "UPDATE, DELETE, INSERT, MERGE and WITH do; " BATCH_SHAPE);
    if (kind->parameters != (PARAMETER_FIRST | PARAMETER_SECOND))
        return walk_refuse(walk, statement, err,
                           "must use $1 and $2, the first and last key of its range, and no other "
                           "parameter",
                           BATCH_SHAPE);
    return true;
}

/* What must hold behind the last range. */
static bool check_completion(const Walk *walk, const ScriptStatement *statement, Error *err)
{
    const StatementKind *kind = &statement->kind;
    if (!kind->answers || kind->parameters || kind->session_state || kind->breaks_session)
        return walk_refuse(walk, statement, err, "is no assertion that ends a batch", BATCH_SHAPE);
    return true;
}

static bool set_batch(const Walk *walk, ManifestBatch *batch, Error *err)
{
    const ScriptBatch *given = &walk->script->directives.batch;
    const StatementName *target = &walk->script->statements.items[0].kind.target;
    bool is_known = walk->script->statements.items[0].kind.changes_in_place && *target->name;
    if (!given->table && !is_known)
        return refuse_batch(walk, err, "does not say which table's keys it goes through",
                            "add table=NAME to the directive");
    *batch = (ManifestBatch){
        .table = memory_string(given->table ? given->table : target->name),
        .table_schema =
            given->table ? memory_string(given->table_schema) : walk_name_or_null(target->schema),
        .key = memory_string(given->key),
        .size = given->size,
        .pause_ms = given->pause_ms,
    };
    return true;
}

bool walk_plan_batch(Walk *walk, Error *err)
{
    const Script *script = walk->script;
    if (walk->options->kind != SCRIPT_UP && walk->options->kind != SCRIPT_DOWN)
        return refuse_batch(walk, err, "stands in a script that only reads",
                            "batches are for up and down scripts");
    if (script->statements.count != 2)
        return refuse_batch(walk, err, "is not alone in its script", BATCH_SHAPE);
    const ScriptStatement *statements = script->statements.items;
    if (!check_batched(walk, &statements[0], err) ||
        !walk_check_policy(walk, &statements[0], err) ||
        !check_completion(walk, &statements[1], err) ||
        !set_batch(walk, &walk->planned->batch, err))
        return false;
    (void)walk_open_group(walk, GROUP_BATCH);
    for (size_t i = 0; i < 2; i++) {
        walk_add_step(walk, &statements[i], &walk->planned->groups.items[0], (Probe){0});
        walk->planned->steps.items[i].kind = i == 0 ? STEP_BATCH : STEP_ASSERTION;
    }
    walk->planned->present = true;
    return true;
}
