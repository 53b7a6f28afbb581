/* Partitions made, detached and dropped; statements that reach children. */
#include "planner/lint/lint_visit.h"
#include "planner/schema/sql_names.h"

/* " and its default partition", where it is known or not known that there is none. */
static const char *with_default(const LintVisit *visit, const Node *relation)
{
    const ModelTable *parent = model_relation(visit->model, relation);
    bool found = false;
    if (parent)
        (void)model_child_count(visit->model, parent, &found);
    return found     ? " and its default partition"
           : !parent ? " and its default partition, if there is one,"
                     : "";
}

void lint_partition_create(LintVisit *visit)
{
    const Node *first = node_first(node_at(visit->node, "inhRelations"));
    const Node *parent = first ? first->first : NULL, *bound = node_at(visit->node, "partbound");
    if (!node_kind_is(visit->node, "CreateStmt") || !bound || !lint_meets(visit, parent))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    CLEANUP(memory_freep) char *shown = lint_relation(parent);
    CLEANUP(memory_freep)
    char *values = lint_slice(visit, lint_location(bound), "partition|with|using|tablespace|on");
    lint_find(visit, 0,
              memory_format("CREATE TABLE %s (LIKE %s INCLUDING ALL);\n"
                            "ALTER TABLE %s ADD CONSTRAINT %s_bound CHECK (…); -- what the bounds "
                            "say: no scan then\n"
                            "ALTER TABLE %s ATTACH PARTITION %s %s;\n"
                            "ALTER TABLE %s DROP CONSTRAINT %s_bound;",
                            table, shown, table, node_text(visit->node, "relation.relname"), shown,
                            table, values, table, node_text(visit->node, "relation.relname")),
              "making the partition %s locks %s%s against all", table, shown,
              with_default(visit, parent));
}

void lint_partition_detach(LintVisit *visit)
{
    lint_each_command(command, visit, "AT_DetachPartition")
    {
        const Node *partition = node_at(command, "def.PartitionCmd");
        if (node_true(partition, "concurrent"))
            continue;
        const Node *relation = node_at(visit->node, "relation");
        CLEANUP(memory_freep) char *table = lint_table(visit);
        CLEANUP(memory_freep) char *child = lint_relation(node_at(partition, "name"));
        lint_find(visit, 0,
                  memory_format("ALTER TABLE %s DETACH PARTITION %s CONCURRENTLY; -- 14 and later, "
                                "not beside a default partition",
                                table, child),
                  "detaching %s locks %s%s against all", child, table,
                  with_default(visit, relation));
    }
}

void lint_partition_drop(LintVisit *visit)
{
    if (!node_is(visit->node, "removeType", "OBJECT_TABLE"))
        return;
    node_each(object, node_at(visit->node, "objects"))
    {
        const Node *names = node_at(object, "items");
        const ModelTable *child =
            model_table(visit->model, sql_schema_name(names), sql_last_name(names));
        if (!child || !child->partition || lint_is_new(visit, &child->made))
            continue;
        CLEANUP(memory_freep) char *name = lint_names(names);
        CLEANUP(memory_freep) char *parent = lint_name(child->parent_name);
        lint_find(visit, 0,
                  memory_format("ALTER TABLE %s DETACH PARTITION %s CONCURRENTLY; -- 14 and later\n"
                                "DROP TABLE %s;",
                                parent, name, name),
                  "dropping the partition %s locks %s and its default partition against all", name,
                  parent);
    }
}

/* Commands that do not go down to the children, or only touch them for a moment. */
static bool stays_at_parent(const Node *command)
{
    static const char *const subtypes[] = {
        "AT_AttachPartition", "AT_DetachPartition", "AT_ChangeOwner",
        "AT_SetRelOptions",   "AT_ResetRelOptions", "AT_ClusterOn",
        "AT_AddInherit",      "AT_DropInherit",     "AT_ReplicaIdentity",
    };
    for (size_t i = 0; i < ARRAY_LEN(subtypes); i++)
        if (node_is(command, "subtype", subtypes[i]))
            return true;
    return false;
}

void lint_inherit_fanout(LintVisit *visit)
{
    const Node *relation = node_at(visit->node, "relation");
    const ModelTable *parent = model_relation(visit->model, relation);
    bool found = false, reaches = false;
    if (!lint_altered(visit) || !parent || !node_true(relation, "inh"))
        return;
    node_each(command, node_at(visit->node, "cmds")) reaches = reaches || !stays_at_parent(command);
    size_t children = model_child_count(visit->model, parent, &found);
    if (!reaches || !children)
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    lint_find(visit, 0, NULL,
              "this locks %s and all its children against all: %zu that are known here; the "
              "rehearsal counts those that it makes",
              table, children);
}
