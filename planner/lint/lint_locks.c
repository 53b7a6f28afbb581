/* Statements that lock a table for long, and those that a lock makes worse. */
#include "planner/lint/lint_visit.h"
#include "planner/schema/sql_names.h"

/* -- slow work behind a lock -- */

/* Whether the INSERT takes rows from somewhere; a few VALUES are quick. */
static bool inserts_many(const Node *node)
{
    return node_kind_is(node, "InsertStmt") &&
           node_at(node, "selectStmt.SelectStmt.fromClause") != NULL;
}

static bool validates(const LintVisit *visit)
{
    node_each(command,
              node_at(visit->node, "cmds")) if (node_is(command, "subtype",
                                                        "AT_ValidateConstraint")) return true;
    return false;
}

/* Whether the statement takes as long as a table is large. */
static bool is_slow(const LintVisit *visit)
{
    const Node *node = visit->node;
    bool changes_rows = node_kind_is(node, "UpdateStmt") || node_kind_is(node, "DeleteStmt") ||
                        inserts_many(node) || node_kind_is(node, "MergeStmt");
    if (changes_rows || (node_kind_is(node, "IndexStmt") && !node_true(node, "concurrent")) ||
        (node_kind_is(node, "AlterTableStmt") && validates(visit)))
        return lint_meets(visit, node_at(node, "relation"));
    return node_kind_is(node, "RefreshMatViewStmt") || node_kind_is(node, "CreateTableAsStmt");
}

void lint_ddl_after_lock(LintVisit *visit)
{
    if (!visit->statement || !is_slow(visit))
        return;
    const LintFact *lock =
        lint_recall(visit, LINT_FACT_EXCLUSIVE, /* text= */ NULL, LINT_IN_TRANSACTION);
    if (!lock || lint_recall(visit, LINT_FACT_SAID, visit->rule->id, LINT_IN_TRANSACTION))
        return;
    lint_remember(visit, LINT_FACT_SAID, visit->rule->id, NULL);
    lint_find(visit, 0,
              memory_format("-- in a migration of its own, before or behind this one\n%.*s;",
                            (int)visit->sql_size, visit->sql),
              "this may take long, and %s, which line %lld locked against all, stays locked "
              "until it and what comes behind it is done",
              lock->text, (long long)lock->line);
}

static bool reads_table(const Node *command)
{
    const Node *constraint = node_at(command, "def.Constraint");
    if (node_is(command, "subtype", "AT_SetNotNull") ||
        node_is(command, "subtype", "AT_AlterColumnType"))
        return true;
    return node_is(command, "subtype", "AT_AddConstraint") &&
           !*node_text(constraint, "indexname") && !node_true(constraint, "skip_validation");
}

void lint_multi_alter_same_table(LintVisit *visit)
{
    bool reads = false;
    node_each(command, node_at(lint_altered(visit), "cmds")) reads = reads || reads_table(command);
    if (!reads)
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    const LintFact *before = lint_recall(visit, LINT_FACT_SCAN, table, LINT_IN_SCRIPT);
    if (before)
        lint_find(visit, 0,
                  memory_format("-- one statement reads it once\nALTER TABLE %s …, …;", table),
                  "line %lld altered %s already, and each of the two reads all of it",
                  (long long)before->line, table);
    lint_remember(visit, LINT_FACT_SCAN, table, NULL);
}

/* -- rewrites by name -- */

void lint_cluster(LintVisit *visit)
{
    const Node *relation = node_at(visit->node, "relation");
    if (!node_kind_is(visit->node, "ClusterStmt") || (relation && !lint_meets(visit, relation)))
        return;
    CLEANUP(memory_freep) char *table = relation ? lint_table(visit) : memory_string("every table");
    lint_find(visit, 0,
              memory_string("-- pg_repack, or a new table filled in order and swapped by name"),
              "CLUSTER writes %s anew while it is locked against all", table);
}

void lint_vacuum_full(LintVisit *visit)
{
    node_each(option, node_at(visit->node, "options"))
    {
        if (!node_kind_is(visit->node, "VacuumStmt") || !node_is(option, "defname", "full"))
            continue;
        lint_find(visit, 0, memory_string("-- VACUUM without FULL, or pg_repack"),
                  "VACUUM FULL writes tables anew while they are locked against all");
    }
}

static void find_logged(LintVisit *visit, const char *subtype, const char *words)
{
    lint_each_command(command, visit, subtype)
    {
        CLEANUP(memory_freep) char *table = lint_table(visit);
        lint_find(visit, 0,
                  memory_format("-- a new table that is %s from the start, filled in batches and "
                                "swapped by name",
                                words),
                  "%s is written anew, and all its indexes, to become %s", table, words);
    }
}

void lint_set_logged(LintVisit *visit)
{
    find_logged(visit, "AT_SetLogged", "logged");
}

void lint_set_unlogged(LintVisit *visit)
{
    find_logged(visit, "AT_SetUnLogged", "unlogged");
}

void lint_matview_refresh(LintVisit *visit)
{
    if (!node_kind_is(visit->node, "RefreshMatViewStmt") || node_true(visit->node, "concurrent") ||
        node_true(visit->node, "skipData") || !lint_meets(visit, node_at(visit->node, "relation")))
        return;
    CLEANUP(memory_freep) char *view = lint_table(visit);
    lint_find(visit, 0,
              memory_format("CREATE UNIQUE INDEX CONCURRENTLY … ON %s (…); -- once, where it has "
                            "none\nREFRESH MATERIALIZED VIEW CONCURRENTLY %s;",
                            view, view),
              "%s cannot be read while it is refreshed", view);
}

/* -- brief locks -- */

static char *alone(const LintVisit *visit)
{
    return memory_format("-- in a migration of its own, with a directive at its top:\n"
                         "-- sealift: lock-timeout 5s\n%.*s;",
                         (int)visit->sql_size, visit->sql);
}

void lint_create_trigger(LintVisit *visit)
{
    if (!node_kind_is(visit->node, "CreateTrigStmt") ||
        !lint_meets(visit, node_at(visit->node, "relation")))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    lint_find(visit, 0, alone(visit), "creating a trigger locks %s against writing for a moment",
              table);
}

/* DROP … name ON table: the objects are lists of the table's name and the object's. */
static void find_dropped(LintVisit *visit, const char *type, const char *what)
{
    if (!node_is(visit->node, "removeType", type))
        return;
    node_each(object, node_at(visit->node, "objects"))
    {
        const char *schema = "", *table = "", *last = "";
        node_each(part, node_at(object, "items"))
        {
            schema = table;
            table = last;
            last = sql_string_of(part);
        }
        const ModelTable *known = model_table(visit->model, schema, table);
        if (known && lint_is_new(visit, &known->made))
            continue;
        CLEANUP(memory_freep) char *name = lint_name(table);
        lint_find(visit, 0, alone(visit), "dropping a %s locks %s against all for a moment", what,
                  name);
    }
}

void lint_drop_trigger(LintVisit *visit)
{
    find_dropped(visit, "OBJECT_TRIGGER", "trigger");
}

void lint_table_rule(LintVisit *visit)
{
    const Node *relation = node_at(visit->node, "relation");
    find_dropped(visit, "OBJECT_RULE", "rule");
    if (!node_kind_is(visit->node, "RuleStmt") || !lint_meets(visit, relation))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    lint_find(visit, 0, alone(visit), "creating a rule locks %s against all for a moment", table);
}

void lint_row_security(LintVisit *visit)
{
    static const char *const subtypes[] = {"AT_EnableRowSecurity", "AT_DisableRowSecurity",
                                           "AT_ForceRowSecurity", "AT_NoForceRowSecurity"};
    const Node *relation = node_at(visit->node, "relation");
    bool changes = false;
    find_dropped(visit, "OBJECT_POLICY", "policy");
    if (node_kind_is(visit->node, "CreatePolicyStmt") ||
        node_kind_is(visit->node, "AlterPolicyStmt")) {
        relation = node_at(visit->node, "table");
        changes = lint_meets(visit, relation);
    }
    for (size_t i = 0; i < ARRAY_LEN(subtypes); i++)
        lint_each_command(command, visit, subtypes[i]) changes = true;
    if (!changes)
        return;
    CLEANUP(memory_freep) char *table = lint_relation(relation);
    lint_find(visit, 0, alone(visit),
              "changing row security locks %s against all for a moment, and who could read it may "
              "no longer",
              table);
}
