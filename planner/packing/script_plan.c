#include "planner/packing/script_plan.h"

#include <inttypes.h>

#include "bundles/parameter_value.h"
#include "planner/packing/directive_places.h"
#include "planner/packing/plan_parameters.h"

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
} Walk;

static bool refuse(const Walk *walk, const ScriptStatement *statement, Error *err, const char *why,
                   const char *hint)
{
    CLEANUP(memory_freep) char *place = script_statement_place(walk->script, statement);
    error_set(err, ERROR_INPUT, "%s: '%s' %s", place, statement->summary, why);
    return hint ? error_hint(err, "%s", hint) : false;
}

/* What no script may hold, whatever stands around it. */
static bool check_policy(const Walk *walk, const ScriptStatement *statement, Error *err)
{
    const StatementKind *kind = &statement->kind;
    bool reads_only =
        walk->options->kind == SCRIPT_VERIFY || walk->options->kind == SCRIPT_PRECHECK;
    if (kind->changes_role)
        return refuse(walk, statement, err, "changes the role, which the applier decides",
                      "leave it out; ownership is set with ALTER … OWNER TO");
    if (kind->changes_encoding)
        return refuse(
            walk, statement, err, "sets another client_encoding than UTF8",
            "leave it out: scripts are read and sent as UTF-8, and the applier's own rows "
            "as well; 'pg_dump --encoding=UTF8' makes such a dump");
    if (kind->forbids_writing)
        return refuse(walk, statement, err, "forbids writing to the applier as well",
                      "say READ ONLY in the BEGIN of the transaction that it is for");
    if (kind->breaks_session)
        return refuse(walk, statement, err, "would break the applier's session",
                      "leave it out: the applier cleans the session after every migration");
    if (kind->copy_to_stdout)
        return refuse(walk, statement, err, "copies to a client that is not there", NULL);
    if (kind->copy_server_file)
        return refuse(walk, statement, err, "uses a file or program of the server's machine",
                      "use \\copy … from 'file' beside the script, or COPY … FROM STDIN");
    if (reads_only && kind->copy_from_stdin)
        return refuse(walk, statement, err, "loads data in a script that only reads", NULL);
    if (reads_only && kind->not_in_transaction)
        return refuse(walk, statement, err,
                      "cannot run in the read-only transaction of such a script", NULL);
    return true;
}

static ProbeKind probe_kind_of(SettleKind settle)
{
    switch (settle) {
    case SETTLE_NONE:
        return PROBE_NONE;
    case SETTLE_REPEAT:
        return PROBE_REPEAT;
    case SETTLE_INDEX_PRESENT:
        return PROBE_INDEX_PRESENT;
    case SETTLE_INDEX_ABSENT:
        return PROBE_INDEX_ABSENT;
    case SETTLE_REINDEX:
        return PROBE_REINDEX;
    case SETTLE_DETACH:
        return PROBE_DETACH;
    case SETTLE_DATABASE_PRESENT:
        return PROBE_DATABASE_PRESENT;
    case SETTLE_DATABASE_ABSENT:
        return PROBE_DATABASE_ABSENT;
    case SETTLE_TABLESPACE_PRESENT:
        return PROBE_TABLESPACE_PRESENT;
    case SETTLE_TABLESPACE_ABSENT:
        return PROBE_TABLESPACE_ABSENT;
    case SETTLE_SUBSCRIPTION_PRESENT:
        return PROBE_SUBSCRIPTION_PRESENT;
    case SETTLE_SUBSCRIPTION_ABSENT:
        return PROBE_SUBSCRIPTION_ABSENT;
    }
    return PROBE_NONE;
}

static char *name_or_null(const char *name)
{
    return *name ? memory_string(name) : NULL;
}

/* The probe that settles this step after a crash; a step without one is refused. */
static bool set_probe(const Walk *walk, const ScriptStatement *statement, Probe *probe, Error *err)
{
    const StatementKind *kind = &statement->kind;
    probe->kind = probe_kind_of(kind->settle);
    if (probe->kind == PROBE_NONE && walk->script->directives.idempotent)
        probe->kind = PROBE_REPEAT;
    if (probe->kind == PROBE_NONE)
        return refuse(
            walk, statement, err,
            "runs outside transactions, and after a crash nobody could tell whether it ran",
            "give the object a name; or, where running it twice is harmless, put "
            "'-- sealift: idempotent' at the top");
    probe->object = name_or_null(kind->object.name);
    probe->object_schema = name_or_null(kind->object.schema);
    probe->table = name_or_null(kind->table.name);
    probe->table_schema = name_or_null(kind->table.schema);
    return true;
}

static ManifestGroup *open_group(Walk *walk, GroupKind kind)
{
    ManifestGroup *group = array_add(&walk->planned->groups);
    group->kind = kind;
    group->first_step = walk->planned->steps.count;
    return group;
}

static Isolation isolation_of(const char *words)
{
    static const struct {
        const char *words;
        Isolation isolation;
    } isolations[] = {
        {"read committed", ISOLATION_READ_COMMITTED},
        {"repeatable read", ISOLATION_REPEATABLE_READ},
        {"serializable", ISOLATION_SERIALIZABLE},
    };
    for (size_t i = 0; i < ARRAY_LEN(isolations); i++)
        if (strcmp(words, isolations[i].words) == 0)
            return isolations[i].isolation;
    return ISOLATION_DEFAULT;
}

/* The group that a statement in a transaction joins: the last one while it is open, else a new one
 * with the modes of the author's BEGIN, if there is one. */
static ManifestGroup *transaction_group(Walk *walk)
{
    if (walk->group_open)
        return &walk->planned->groups.items[walk->planned->groups.count - 1];
    ManifestGroup *group = open_group(walk, GROUP_TRANSACTION);
    group->isolation = isolation_of(walk->modes.isolation);
    group->read_only = walk->modes.read_only;
    group->deferrable = walk->modes.deferrable;
    walk->modes = (StatementKind){0};
    walk->group_open = true;
    return group;
}

static void add_step(Walk *walk, const ScriptStatement *statement, ManifestGroup *group,
                     Probe probe)
{
    const StatementKind *kind = &statement->kind;
    bool asks = kind->answers &&
                (walk->options->kind == SCRIPT_VERIFY || walk->options->kind == SCRIPT_PRECHECK);
    *array_add(&walk->planned->steps) = (ManifestStep){
        .kind = kind->copy_from_stdin       ? STEP_COPY
                : asks                      ? STEP_ASSERTION
                : statement->statements > 1 ? STEP_LINES
                                            : STEP_SQL,
        .statements = statement->statements,
        .line = statement->script_line,
        .offset = statement->offset,
        .length = statement->length,
        .data_object = kind->copy_from_stdin ? statement->data : -1,
        .session_state = kind->session_state,
        .destructive = kind->destructive,
        .outside_effects = kind->outside_effects,
        .lock_estimate = kind->lock_estimate,
        .probe = probe,
    };
    group->step_count++;
    for (size_t i = 0; i < statement->reference_count; i++) {
        const ScriptReference *from =
            &walk->script->references.items[statement->first_reference + i];
        *array_add(&walk->planned->references) =
            (ManifestReference){.step = walk->planned->steps.count - 1,
                                .offset = from->offset - statement->offset,
                                .length = from->length,
                                .parameter = from->value,
                                .quoting = plan_parameter_quoting(from->form)};
    }
}

static bool plan_autocommit(Walk *walk, const ScriptStatement *statement, Error *err)
{
    if (walk->inside)
        return refuse(walk, statement, err, "cannot run inside BEGIN … COMMIT",
                      "put it behind the COMMIT, or into a migration of its own");
    Probe probe = {0};
    if (!set_probe(walk, statement, &probe, err))
        return false;
    walk->group_open = false;
    add_step(walk, statement, open_group(walk, GROUP_AUTOCOMMIT), probe);
    return true;
}

static bool plan_statement(Walk *walk, const ScriptStatement *statement, Error *err)
{
    if (!check_policy(walk, statement, err))
        return false;
    if (statement->kind.not_in_transaction)
        return plan_autocommit(walk, statement, err);
    bool alone = walk->options->mode == TRANSACTION_MODE_NONE && !walk->inside;
    if (statement->pinned)
        return true;
    if (walk->has_pairs && !walk->script->is_dump && !walk->inside && !alone &&
        !statement->kind.session_state)
        return refuse(walk, statement, err, "stands outside the script's own BEGIN … COMMIT",
                      "leave BEGIN and COMMIT out: the applier runs the script in a transaction");
    if (alone)
        walk->group_open = false;
    add_step(walk, statement, transaction_group(walk), (Probe){0});
    return true;
}

static bool plan_begin(Walk *walk, const ScriptStatement *statement, Error *err)
{
    if (walk->inside)
        return refuse(walk, statement, err, "stands inside another transaction", NULL);
    walk->inside = true;
    walk->begin = statement;
    walk->modes = statement->kind;
    /* pg_dump has BEGIN … COMMIT around the bytes of large objects, which want a transaction, not
     * one of their own */
    if (walk->script->is_dump)
        return true;
    /* a SET before BEGIN starts its own group unless the transaction takes it in; the modes of
     * BEGIN need a group that starts here */
    walk->group_open = false;
    return true;
}

/* SET TRANSACTION: the modes are those of our BEGIN, behind which the applier's own statements
 * stand before the script's. */
static bool plan_modes(Walk *walk, const ScriptStatement *statement, Error *err)
{
    const StatementKind *kind = &statement->kind;
    bool alone = walk->options->mode == TRANSACTION_MODE_NONE || walk->has_pairs;
    if (walk->group_open || (alone && !walk->inside))
        return refuse(walk, statement, err, "is not the first statement of a transaction",
                      "put it right behind BEGIN, or say its modes there");
    if (*kind->isolation)
        memcpy(walk->modes.isolation, kind->isolation, sizeof walk->modes.isolation);
    walk->modes.read_only |= kind->read_only;
    walk->modes.deferrable |= kind->deferrable;
    return true;
}

/* COMMIT, or in a script that only reads also ROLLBACK, which is what the applier does anyway. */
static bool plan_end(Walk *walk, const ScriptStatement *statement, Error *err)
{
    bool reads_only =
        walk->options->kind == SCRIPT_VERIFY || walk->options->kind == SCRIPT_PRECHECK;
    if (statement->kind.control == TRANSACTION_CONTROL_ROLLBACK && !reads_only)
        return refuse(walk, statement, err, "would undo what the migration did", NULL);
    if (!walk->inside)
        return refuse(walk, statement, err, "ends a transaction that the script has not begun",
                      NULL);
    walk->inside = false;
    walk->modes = (StatementKind){0};
    walk->group_open = (reads_only || walk->script->is_dump) && walk->group_open;
    return true;
}

static bool plan_one(Walk *walk, const ScriptStatement *statement, Error *err)
{
    switch (statement->kind.control) {
    case TRANSACTION_CONTROL_NONE:
        return plan_statement(walk, statement, err);
    case TRANSACTION_CONTROL_BEGIN:
        return plan_begin(walk, statement, err);
    case TRANSACTION_CONTROL_COMMIT:
    case TRANSACTION_CONTROL_ROLLBACK:
        return plan_end(walk, statement, err);
    case TRANSACTION_CONTROL_MODES:
        return plan_modes(walk, statement, err);
    case TRANSACTION_CONTROL_OTHER:
        return refuse(walk, statement, err, "controls transactions in a way the applier cannot",
                      "what it takes over is BEGIN, SET TRANSACTION right behind it, and COMMIT");
    }
    return error_set(err, ERROR_INTERNAL, "transaction control of an unknown kind");
}

/* --- batches --------------------------------------------------------------------------------- */

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
        return refuse(walk, statement, err, "cannot run in a batch's own transactions",
                      BATCH_SHAPE);
    if (!kind->changes_rows || kind->outside_effects)
        return refuse(walk, statement, err, "is nothing that runs in batches",
                      "UPDATE, DELETE, INSERT, MERGE and WITH do; " BATCH_SHAPE);
    if (kind->parameters != (PARAMETER_FIRST | PARAMETER_SECOND))
        return refuse(walk, statement, err,
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
        return refuse(walk, statement, err, "is no assertion that ends a batch", BATCH_SHAPE);
    return true;
}

static bool set_batch(const Walk *walk, ManifestBatch *batch, Error *err)
{
    const ScriptBatch *given = &walk->script->directives.batch;
    const StatementName *target = &walk->script->statements.items[0].kind.target;
    if (!given->table && !*target->name)
        return refuse_batch(walk, err, "does not say which table's keys it goes through",
                            "add table=NAME to the directive");
    *batch = (ManifestBatch){
        .table = memory_string(given->table ? given->table : target->name),
        .table_schema =
            given->table ? memory_string(given->table_schema) : name_or_null(target->schema),
        .key = memory_string(given->key),
        .size = given->size,
        .pause_ms = given->pause_ms,
    };
    return true;
}

static bool plan_batch(Walk *walk, Error *err)
{
    const Script *script = walk->script;
    if (walk->options->kind != SCRIPT_UP && walk->options->kind != SCRIPT_DOWN)
        return refuse_batch(walk, err, "stands in a script that only reads",
                            "batches are for up and down scripts");
    if (script->statements.count != 2)
        return refuse_batch(walk, err, "is not alone in its script", BATCH_SHAPE);
    const ScriptStatement *statements = script->statements.items;
    if (!check_batched(walk, &statements[0], err) || !check_policy(walk, &statements[0], err) ||
        !check_completion(walk, &statements[1], err) ||
        !set_batch(walk, &walk->planned->batch, err))
        return false;
    (void)open_group(walk, GROUP_BATCH);
    for (size_t i = 0; i < 2; i++) {
        add_step(walk, &statements[i], &walk->planned->groups.items[0], (Probe){0});
        walk->planned->steps.items[i].kind = i == 0 ? STEP_BATCH : STEP_ASSERTION;
    }
    walk->planned->present = true;
    return true;
}

/* --- site parameters ------------------------------------------------------------------------- */

static bool refuse_reference(const Walk *walk, const ScriptStatement *statement,
                             const ProjectValue *value, const char *why, const char *hint,
                             Error *err)
{
    CLEANUP(memory_freep)
    char *words = memory_format("refers to the site parameter '%s' %s", value->name, why);
    return refuse(walk, statement, err, words, hint);
}

/* What is settled after a crash, or gone through in batches, must have its name when packed. */
static bool wants_names(const Walk *walk, const ScriptStatement *statement)
{
    SettleKind settle = statement->kind.settle;
    bool batched =
        walk->script->directives.batch.size && statement == &walk->script->statements.items[0];
    return batched ||
           (statement->kind.not_in_transaction && settle != SETTLE_NONE && settle != SETTLE_REPEAT);
}

static bool check_reference(const Walk *walk, const ScriptStatement *statement,
                            const ScriptReference *reference, Error *err)
{
    const ProjectValue *value = &walk->options->values->items[reference->value];
    if (!parameter_quoting_fits(plan_parameter_type(value->type),
                                plan_parameter_quoting(reference->form))) {
        CLEANUP(memory_freep)
        char *why = memory_format("as %s, but its type is %s", value_form_name(reference->form),
                                  value_type_name(value->type));
        return refuse_reference(walk, statement, value, why,
                                "a name is of type identifier; only an integer, a number or a "
                                "boolean stands as it is",
                                err);
    }
    if (statement->kind.control != TRANSACTION_CONTROL_NONE)
        return refuse_reference(walk, statement, value, "where it controls the transaction", NULL,
                                err);
    if (reference->form == VALUE_FORM_IDENTIFIER && wants_names(walk, statement))
        return refuse_reference(walk, statement, value,
                                "for a name, which must be known when the bundle is packed",
                                "what runs in batches or outside transactions takes parameters as "
                                "literals only: a crash is settled by the names",
                                err);
    return true;
}

static bool check_references(const Walk *walk, Error *err)
{
    array_each (const ScriptStatement, statement, &walk->script->statements)
        for (size_t i = 0; i < statement->reference_count; i++)
            if (!check_reference(walk, statement,
                                 &walk->script->references.items[statement->first_reference + i],
                                 err))
                return false;
    return true;
}

static bool check_gate(const Walk *walk, Error *err)
{
    if (!walk->script->directives.gate || walk->options->kind == SCRIPT_PRECHECK)
        return true;
    error_set(err, ERROR_INPUT, "%s: a gate is a precheck script", walk->options->name);
    return error_hint(err, "put '-- sealift: gate' and what must hold into the migration's "
                           ".precheck.sql");
}

bool script_plan(const Script *script, const ScriptPlanOptions *options, ManifestScript *ret_script,
                 Error *err)
{
    Walk walk = {.options = options, .script = script, .planned = ret_script};
    if (!check_gate(&walk, err) || !directive_places_check(script, options, err) ||
        !check_references(&walk, err))
        return false;
    if (script->directives.batch.size)
        return plan_batch(&walk, err);
    array_each (ScriptStatement, statement, &script->statements)
        walk.has_pairs |= statement->kind.control == TRANSACTION_CONTROL_BEGIN;
    array_each (ScriptStatement, statement, &script->statements)
        if (!plan_one(&walk, statement, err))
            return false;
    if (walk.inside)
        return refuse(&walk, walk.begin, err, "begins a transaction that the script does not end",
                      NULL);
    ret_script->gate = script->directives.gate;
    ret_script->in_transaction = script->directives.verify_in_transaction;
    ret_script->present = ret_script->steps.count > 0;
    return true;
}

bool script_plan_append(const Script *script, size_t first, const ScriptPlanOptions *options,
                        ManifestScript *planned, Error *err)
{
    Walk walk = {.options = options, .script = script, .planned = planned};
    ManifestGroup *last =
        planned->groups.count ? &planned->groups.items[planned->groups.count - 1] : NULL;
    walk.group_open = last && last->kind == GROUP_TRANSACTION && !last->read_only &&
                      options->mode == TRANSACTION_MODE_GROUP;
    for (size_t i = first; i < script->statements.count; i++) {
        const ScriptStatement *statement = &script->statements.items[i];
        if (statement->kind.control != TRANSACTION_CONTROL_NONE ||
            statement->kind.not_in_transaction)
            return error_set(err, ERROR_INTERNAL, "what was added to '%s' does not fit",
                             options->name);
        add_step(&walk, statement, transaction_group(&walk), (Probe){0});
    }
    planned->present = planned->steps.count > 0;
    return true;
}

char *script_plan_atomic_blocker(const Script *script, const ManifestScript *planned,
                                 TransactionMode mode)
{
    if (planned->batch.table)
        return memory_string("it runs in batches, each in a transaction of its own");
    array_each (ManifestGroup, group, &planned->groups)
        if (group->kind == GROUP_AUTOCOMMIT)
            return memory_format("line %" PRId64 " cannot run in a transaction",
                                 planned->steps.items[group->first_step].line);
    if (mode == TRANSACTION_MODE_NONE)
        return memory_string("it is marked no-transaction");
    if (planned->groups.count > 1)
        return memory_format("line %" PRId64 " begins a second transaction of its own",
                             planned->steps.items[planned->groups.items[1].first_step].line);
    array_each (ScriptStatement, statement, &script->statements)
        if (statement->kind.adds_enum_value)
            return memory_format("line %" PRId64
                                 " adds an enum value, which its own transaction could not use",
                                 statement->script_line);
    return NULL;
}
