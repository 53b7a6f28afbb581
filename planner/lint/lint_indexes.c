/* Indexes built, dropped and built again beside writers. */
#include "planner/lint/lint_visit.h"
#include "planner/schema/sql_names.h"

static bool is_partitioned(const LintVisit *visit, const Node *relation)
{
    const ModelTable *table = model_relation(visit->model, relation);
    return table && table->partitioned;
}

void lint_index_nonconcurrent(LintVisit *visit)
{
    const Node *relation = node_at(visit->node, "relation");
    if (!node_kind_is(visit->node, "IndexStmt") || node_true(visit->node, "concurrent") ||
        !lint_meets(visit, relation) || is_partitioned(visit, relation))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    size_t at = lint_words_find(visit, "index");
    lint_find(visit, 0, lint_with_words(visit, at, "CONCURRENTLY"),
              "%s is locked against writing while the index is built", table);
}

void lint_drop_index_nonconcurrent(LintVisit *visit)
{
    CLEANUP(text_done) Text sql = {0}, shown = {0};
    bool partitioned = false;
    if (!node_is(visit->node, "removeType", "OBJECT_INDEX") || node_true(visit->node, "concurrent"))
        return;
    node_each(object, node_at(visit->node, "objects"))
    {
        const Node *names = node_at(object, "items");
        ModelTable *table;
        const ModelIndex *index =
            model_index(visit->model, sql_schema_name(names), sql_last_name(names), &table);
        if (index && (lint_is_new(visit, &index->made) || lint_is_new(visit, &table->made)))
            continue;
        CLEANUP(memory_freep) char *name = lint_names(names);
        text_addf(&shown, "%s%s", shown.length ? ", " : "", name);
        partitioned = partitioned || (index && table->partitioned);
        text_addf(&sql, "%sDROP INDEX CONCURRENTLY %s%s;", sql.length ? "\n" : "",
                  node_true(visit->node, "missing_ok") ? "IF EXISTS " : "", name);
    }
    if (!sql.length)
        return;
    if (partitioned)
        lint_find(visit, 0,
                  memory_string("-- there is none for the index of a partitioned table: have a "
                                "lock timeout"),
                  "dropping %s locks a partitioned table and all its partitions against all",
                  text_string(&shown));
    else
        lint_find(visit, 0, text_take(&sql),
                  "dropping %s locks its table against all, also against reading",
                  text_string(&shown));
}

static bool has_option(const Node *statement, const char *list, const char *name)
{
    node_each(option, node_at(statement, list)) if (node_is(option, "defname", name)) return true;
    return false;
}

void lint_reindex_nonconcurrent(LintVisit *visit)
{
    const Node *relation = node_at(visit->node, "relation");
    if (!node_kind_is(visit->node, "ReindexStmt") ||
        has_option(visit->node, "params", "concurrently") ||
        (node_is(visit->node, "kind", "REINDEX_OBJECT_TABLE") && !lint_meets(visit, relation)))
        return;
    static const char *const kinds[] = {"index", "table", "schema", "database"};
    size_t at = SIZE_MAX;
    for (size_t i = 0; at == SIZE_MAX && i < ARRAY_LEN(kinds); i++)
        at = lint_words_find(visit, kinds[i]);
    lint_find(visit, 0,
              at == SIZE_MAX ? memory_string("-- the system's own indexes: when nobody is there")
                             : lint_with_words(visit, at, "CONCURRENTLY"),
              "reindexing locks the table against writing, and reading by the index waits");
}

/* Whether the statement is one of those that say CONCURRENTLY and refuse a transaction. */
static bool is_concurrent(const Node *node)
{
    if (node_kind_is(node, "IndexStmt") || node_is(node, "removeType", "OBJECT_INDEX"))
        return node_true(node, "concurrent");
    node_each(
        command,
        node_at(node, "cmds")) if (node_true(command, "def.PartitionCmd.concurrent")) return true;
    return node_kind_is(node, "ReindexStmt") && has_option(node, "params", "concurrently");
}

void lint_concurrently_in_tx(LintVisit *visit)
{
    if (!visit->statement || !visit->statement->inside || !is_concurrent(visit->node))
        return;
    size_t at = lint_words_find(visit, "concurrently");
    lint_find(visit, at == SIZE_MAX ? 0 : visit->tokens.items[at].offset,
              memory_format("-- behind the COMMIT, or in a migration of its own\n%.*s;",
                            (int)visit->sql_size, visit->sql),
              "CONCURRENTLY fails between BEGIN and COMMIT");
}

/* The applier looks at the index before and after by its name. */
void lint_cic_no_cleanup(LintVisit *visit)
{
    if (!node_kind_is(visit->node, "IndexStmt") || !node_true(visit->node, "concurrent") ||
        *node_text(visit->node, "idxname"))
        return;
    Text plain = {0};
    text_add(&plain, node_text(visit->node, "relation.relname"));
    node_each(element, node_at(visit->node, "indexParams"))
        text_addf(&plain, "_%s", *node_text(element, "name") ? node_text(element, "name") : "expr");
    text_add(&plain, "_idx");
    CLEANUP(memory_freep) char *given = text_take(&plain);
    CLEANUP(memory_freep) char *name = lint_name(given);
    size_t at = lint_words_find(visit, "concurrently");
    lint_find(visit, 0, lint_with_words(visit, at, name),
              "an index without a name cannot be found again where its building failed and left "
              "it invalid");
}

void lint_cic_if_not_exists(LintVisit *visit)
{
    if (!node_kind_is(visit->node, "IndexStmt") || !node_true(visit->node, "concurrent") ||
        !node_true(visit->node, "if_not_exists"))
        return;
    CLEANUP(memory_freep) char *name = lint_name(node_text(visit->node, "idxname"));
    if (lint_recall(visit, LINT_FACT_DROPPED, node_text(visit->node, "idxname"), LINT_IN_SCRIPT))
        return;
    lint_find(visit, visit->tokens.items[lint_words_find(visit, "if not exists")].offset,
              memory_format("-- without IF NOT EXISTS: the applier drops an invalid leftover; or\n"
                            "DROP INDEX CONCURRENTLY IF EXISTS %s;\n%.*s;",
                            name, (int)visit->sql_size, visit->sql),
              "IF NOT EXISTS is content with an invalid index '%s' that an earlier try left", name);
}

void lint_index_on_partitioned(LintVisit *visit)
{
    const Node *relation = node_at(visit->node, "relation");
    const ModelTable *parent = model_relation(visit->model, relation);
    if (!node_kind_is(visit->node, "IndexStmt") || !parent || !parent->partitioned ||
        !node_true(relation, "inh") || !lint_meets(visit, relation))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    CLEANUP(memory_freep)
    char *name =
        lint_name(*node_text(visit->node, "idxname") ? node_text(visit->node, "idxname") : "…");
    CLEANUP(memory_freep) char *only = lint_with_words(visit, lint_words_find(visit, "on"), "ONLY");
    const char *columns = strchr(only, '(');
    CLEANUP(text_done) Text sql = {0};
    text_addf(&sql, "%s\n-- then for each partition, each by itself", only);
    bool known = false;
    array_each (const ModelTable, child, &visit->model->tables) {
        if (!child->parent_name || strcmp(child->parent_name, parent->name) != 0)
            continue;
        known = true;
        text_addf(&sql,
                  "\nCREATE INDEX CONCURRENTLY %s_%s ON %s %s\n"
                  "ALTER INDEX %s ATTACH PARTITION %s_%s;",
                  child->name, node_text(visit->node, "idxname"), child->name,
                  columns ? columns : "(…);", name, child->name, node_text(visit->node, "idxname"));
    }
    if (!known)
        text_addf(&sql, "\nCREATE INDEX CONCURRENTLY … ON … %s\nALTER INDEX %s ATTACH PARTITION …;",
                  columns ? columns : "(…);", name);
    lint_find(visit, 0, text_take(&sql),
              "%s is partitioned: all its partitions are locked against writing while the indexes "
              "are built",
              table);
}
