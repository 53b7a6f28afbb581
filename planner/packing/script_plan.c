#include "planner/packing/script_walk.h"

#include <inttypes.h>

#include "bundles/parameter_value.h"
#include "planner/packing/directive_places.h"
#include "planner/packing/plan_parameters.h"

static void walk_done(Walk *walk)
{
    written_tables_done(&walk->written);
}

bool walk_refuse(const Walk *walk, const ScriptStatement *statement, Error *err, const char *why,
                 const char *hint)
{
    CLEANUP(memory_freep) char *place = script_statement_place(walk->script, statement);
    error_set(err, ERROR_INPUT, "%s: '%s' %s", place, statement->summary, why);
    return hint ? error_hint(err, "%s", hint) : false;
}

/* What no script may hold, whatever stands around it. */
bool walk_check_policy(const Walk *walk, const ScriptStatement *statement, Error *err)
{
    const StatementKind *kind = &statement->kind;
    bool reads_only =
        walk->options->kind == SCRIPT_VERIFY || walk->options->kind == SCRIPT_PRECHECK;
    if (kind->changes_role)
        return walk_refuse(walk, statement, err, "changes the role, which the applier decides",
                           "leave it out; ownership is set with ALTER … OWNER TO");
    if (kind->changes_encoding)
        return walk_refuse(
            walk, statement, err, "sets another client_encoding than UTF8",
            "leave it out: scripts are read and sent as UTF-8, and the applier's own rows "
            "as well; 'pg_dump --encoding=UTF8' makes such a dump");
    if (kind->forbids_writing)
        return walk_refuse(walk, statement, err, "forbids writing to the applier as well",
                           "say READ ONLY in the BEGIN of the transaction that it is for");
    if (kind->breaks_session)
        return walk_refuse(walk, statement, err, "would break the applier's session",
                           "leave it out: the applier cleans the session after every migration");
    if (kind->copy_to_stdout)
        return walk_refuse(walk, statement, err, "copies to a client that is not there", NULL);
    if (kind->copy_server_file)
        return walk_refuse(walk, statement, err, "uses a file or program of the server's machine",
                           "use \\copy … from 'file' beside the script, or COPY … FROM STDIN");
    if (reads_only && kind->copy_from_stdin)
        return walk_refuse(walk, statement, err, "loads data in a script that only reads", NULL);
    if (reads_only && kind->not_in_transaction)
        return walk_refuse(walk, statement, err,
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

char *walk_name_or_null(const char *name)
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
        return walk_refuse(
            walk, statement, err,
            "runs outside transactions, and after a crash nobody could tell whether it ran",
            "give the object a name; or, where running it twice is harmless, put "
            "'-- sealift: idempotent' at the top");
    probe->object = walk_name_or_null(kind->object.name);
    probe->object_schema = walk_name_or_null(kind->object.schema);
    probe->table = walk_name_or_null(kind->table.name);
    probe->table_schema = walk_name_or_null(kind->table.schema);
    return true;
}

ManifestGroup *walk_open_group(Walk *walk, GroupKind kind)
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
    ManifestGroup *group = walk_open_group(walk, GROUP_TRANSACTION);
    group->isolation = isolation_of(walk->modes.isolation);
    group->read_only = walk->modes.read_only;
    group->deferrable = walk->modes.deferrable;
    walk->modes = (StatementKind){0};
    walk->group_open = true;
    return group;
}

/* Relations that this step locks and none before it did: a script of ten thousand INSERTs into a
 * table locks no more than one. What their subqueries read is left out from the second on, too. */
static int64_t lock_estimate_of(Walk *walk, const StatementKind *kind)
{
    bool is_new = !*kind->target.name || written_tables_add(&walk->written, &kind->target);
    return is_new ? kind->lock_estimate : 0;
}

void walk_add_step(Walk *walk, const ScriptStatement *statement, ManifestGroup *group, Probe probe)
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
        .lock_estimate = lock_estimate_of(walk, kind),
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
        return walk_refuse(walk, statement, err, "cannot run inside BEGIN … COMMIT",
                           "put it behind the COMMIT, or into a migration of its own");
    Probe probe = {0};
    if (!set_probe(walk, statement, &probe, err))
        return false;
    walk->group_open = false;
    walk_add_step(walk, statement, walk_open_group(walk, GROUP_AUTOCOMMIT), probe);
    return true;
}

static bool plan_statement(Walk *walk, const ScriptStatement *statement, Error *err)
{
    if (!walk_check_policy(walk, statement, err))
        return false;
    if (statement->kind.not_in_transaction)
        return plan_autocommit(walk, statement, err);
    bool alone = walk->options->mode == TRANSACTION_MODE_NONE && !walk->inside;
    if (statement->pinned)
        return true;
    if (walk->has_pairs && !walk->script->is_dump && !walk->inside && !alone &&
        !statement->kind.session_state)
        return walk_refuse(
            walk, statement, err, "stands outside the script's own BEGIN … COMMIT",
            "leave BEGIN and COMMIT out: the applier runs the script in a transaction");
    if (alone)
        walk->group_open = false;
    walk_add_step(walk, statement, transaction_group(walk), (Probe){0});
    return true;
}

static bool plan_begin(Walk *walk, const ScriptStatement *statement, Error *err)
{
    if (walk->inside)
        return walk_refuse(walk, statement, err, "stands inside another transaction", NULL);
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
        return walk_refuse(walk, statement, err, "is not the first statement of a transaction",
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
        return walk_refuse(walk, statement, err, "would undo what the migration did", NULL);
    if (!walk->inside)
        return walk_refuse(walk, statement, err, "ends a transaction that the script has not begun",
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
        return walk_refuse(
            walk, statement, err, "controls transactions in a way the applier cannot",
            "what it takes over is BEGIN, SET TRANSACTION right behind it, and COMMIT");
    }
    return error_set(err, ERROR_INTERNAL, "transaction control of an unknown kind");
}

/* --- site parameters ------------------------------------------------------------------------- */

static bool refuse_reference(const Walk *walk, const ScriptStatement *statement,
                             const ProjectValue *value, const char *why, const char *hint,
                             Error *err)
{
    CLEANUP(memory_freep)
    char *words = memory_format("refers to the site parameter '%s' %s", value->name, why);
    return walk_refuse(walk, statement, err, words, hint);
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
    CLEANUP(walk_done)
    Walk walk = {.options = options, .script = script, .planned = ret_script};
    if (!check_gate(&walk, err) || !directive_places_check(script, options, err) ||
        !check_references(&walk, err))
        return false;
    if (script->directives.batch.size)
        return walk_plan_batch(&walk, err);
    array_each (ScriptStatement, statement, &script->statements)
        walk.has_pairs |= statement->kind.control == TRANSACTION_CONTROL_BEGIN;
    array_each (ScriptStatement, statement, &script->statements)
        if (!plan_one(&walk, statement, err))
            return false;
    if (walk.inside)
        return walk_refuse(&walk, walk.begin, err,
                           "begins a transaction that the script does not end", NULL);
    ret_script->gate = script->directives.gate;
    ret_script->in_transaction = script->directives.verify_in_transaction;
    ret_script->present = ret_script->steps.count > 0;
    return true;
}

bool script_plan_append(const Script *script, size_t first, const ScriptPlanOptions *options,
                        ManifestScript *planned, Error *err)
{
    CLEANUP(walk_done) Walk walk = {.options = options, .script = script, .planned = planned};
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
        walk_add_step(&walk, statement, transaction_group(&walk), (Probe){0});
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
