#include "planner/lint/lint_facts.h"

#include "planner/schema/sql_names.h"

void lint_facts_done(LintFactArray *facts)
{
    array_each (LintFact, fact, facts) {
        free(fact->text);
        free(fact->other);
    }
    array_free(facts);
}

/* Commands of ALTER TABLE that do not take ACCESS EXCLUSIVE. */
static bool is_mild(const Node *command)
{
    static const char *const subtypes[] = {
        "AT_ValidateConstraint", "AT_SetStatistics",  "AT_SetRelOptions",   "AT_ResetRelOptions",
        "AT_ClusterOn",          "AT_EnableTrig",     "AT_DisableTrig",     "AT_EnableTrigAll",
        "AT_DisableTrigAll",     "AT_EnableTrigUser", "AT_DisableTrigUser", "AT_AttachPartition",
        "AT_SetOptions",         "AT_ResetOptions",
    };
    for (size_t i = 0; i < ARRAY_LEN(subtypes); i++)
        if (node_is(command, "subtype", subtypes[i]))
            return true;
    return node_is(command, "def.Constraint.contype", "CONSTR_FOREIGN");
}

static void note_altered(LintVisit *visit)
{
    bool exclusive = false;
    node_each(command, node_at(lint_altered(visit), "cmds")) exclusive =
        exclusive || !is_mild(command);
    if (!exclusive)
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    lint_remember(visit, LINT_FACT_EXCLUSIVE, table, NULL);
}

static void note_dropped(LintVisit *visit)
{
    bool table = node_is(visit->node, "removeType", "OBJECT_TABLE");
    bool index = node_is(visit->node, "removeType", "OBJECT_INDEX");
    node_each(object, node_at(visit->node, "objects"))
    {
        const Node *names = node_at(object, "items");
        if (index)
            lint_remember(visit, LINT_FACT_DROPPED, sql_last_name(names), NULL);
        const ModelTable *known =
            model_table(visit->model, sql_schema_name(names), sql_last_name(names));
        CLEANUP(memory_freep) char *name = lint_names(names);
        if (table && !(known && lint_is_new(visit, &known->made)))
            lint_remember(visit, LINT_FACT_EXCLUSIVE, name, NULL);
    }
}

/* Where the type is new in the transaction, the value may be used from version 17 on; the oldest
 * server that the project declares decides. */
static void note_enum_value(LintVisit *visit)
{
    const Node *names = node_at(visit->node, "typeName");
    const ModelType *type = model_type(visit->model, sql_schema_name(names), sql_last_name(names));
    bool fresh = type && type->made.transaction == visit->place.transaction;
    if (*node_text(visit->node, "oldVal") ||
        (fresh && strcmp(visit->project->config.server_min, "17") >= 0))
        return;
    CLEANUP(memory_freep) char *name = lint_names(names);
    lint_remember(visit, LINT_FACT_ENUM_VALUE, node_text(visit->node, "newVal"), name);
}

/* SET TimeZone to what the applier has set already. */
static bool keeps_utc(const Node *node)
{
    const Node *first = node_first(node_at(node, "args"));
    const char *zone = sql_string_of(first ? first->first : NULL);
    return strcasecmp(node_text(node, "name"), "timezone") == 0 &&
           (strcasecmp(zone, "utc") == 0 || strcasecmp(zone, "gmt") == 0);
}

void lint_note_facts(LintVisit *visit)
{
    const Node *node = visit->node;
    note_altered(visit);
    if (node_kind_is(node, "DropStmt"))
        note_dropped(visit);
    if (node_kind_is(node, "AlterEnumStmt"))
        note_enum_value(visit);
    if (node_kind_is(node, "VariableSetStmt") && *node_text(node, "name") && !keeps_utc(node))
        lint_remember(visit, LINT_FACT_SETTING, node_text(node, "name"), NULL);
    if (node_kind_is(node, "TruncateStmt"))
        node_each(relation, node_at(node, "relations")) if (lint_meets(visit, relation))
        {
            CLEANUP(memory_freep) char *name = lint_relation(relation);
            lint_remember(visit, LINT_FACT_EXCLUSIVE, name, NULL);
        }
}
