/* Names that clients use, and data that is lost. */
#include "planner/lint/lint_visit.h"
#include "planner/schema/sql_names.h"

/* -- renaming -- */

static bool renames(const LintVisit *visit, const char *type)
{
    return node_kind_is(visit->node, "RenameStmt") && node_is(visit->node, "renameType", type);
}

void lint_rename_table(LintVisit *visit)
{
    if ((!renames(visit, "OBJECT_TABLE") && !renames(visit, "OBJECT_VIEW") &&
         !renames(visit, "OBJECT_MATVIEW")) ||
        !lint_meets(visit, node_at(visit->node, "relation")))
        return;
    CLEANUP(memory_freep) char *from = lint_table(visit);
    CLEANUP(memory_freep) char *to = lint_name(node_text(visit->node, "newname"));
    lint_find(visit, 0,
              memory_format("ALTER TABLE %s RENAME TO %s;\n"
                            "CREATE VIEW %s AS SELECT * FROM %s; -- in the same transaction; drop "
                            "it when nothing uses the old name",
                            from, to, from, to),
              "who still says %s fails from here on, and who says %s failed before", from, to);
}

void lint_rename_column(LintVisit *visit)
{
    if (!renames(visit, "OBJECT_COLUMN") || !lint_meets(visit, node_at(visit->node, "relation")))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    CLEANUP(memory_freep) char *from = lint_name(node_text(visit->node, "subname"));
    CLEANUP(memory_freep) char *to = lint_name(node_text(visit->node, "newname"));
    lint_find(visit, 0,
              memory_format("-- a new column %s beside %s, kept equal by a trigger and filled in "
                            "batches; in a later version\nALTER TABLE %s DROP COLUMN %s;",
                            to, from, table, from),
              "who still says %s.%s fails from here on, and who says %s failed before", table, from,
              to);
}

void lint_rename_schema(LintVisit *visit)
{
    if (!renames(visit, "OBJECT_SCHEMA"))
        return;
    CLEANUP(memory_freep) char *from = lint_name(node_text(visit->node, "subname"));
    CLEANUP(memory_freep) char *to = lint_name(node_text(visit->node, "newname"));
    lint_find(visit, 0,
              memory_format("CREATE SCHEMA %s; -- and move into it, or view from it, what is used "
                            "under the new name",
                            to),
              "who still says %s fails from here on, functions and search paths that name it, too",
              from);
}

void lint_rename_enum_value(LintVisit *visit)
{
    if (!node_kind_is(visit->node, "AlterEnumStmt") || !*node_text(visit->node, "oldVal"))
        return;
    CLEANUP(memory_freep) char *type = lint_names(node_at(visit->node, "typeName"));
    Text sql = {0};
    text_addf(&sql, "ALTER TYPE %s ADD VALUE ", type);
    sql_add_literal(&sql, node_text(visit->node, "newVal"));
    text_add(&sql, "; -- then use it instead of the old one, which stays");
    lint_find(visit, 0, text_take(&sql), "who still writes the value '%s' of %s fails from here on",
              node_text(visit->node, "oldVal"), type);
}

/* -- dropping -- */

static char *acknowledge(const LintVisit *visit, const char *before)
{
    return memory_format("%s-- no version in use needs it any more, and there is a backup: say so "
                         "at the top\n-- sealift: ack %s WHY",
                         before, visit->rule->id);
}

void lint_drop_table(LintVisit *visit)
{
    if (!node_is(visit->node, "removeType", "OBJECT_TABLE"))
        return;
    node_each(object, node_at(visit->node, "objects"))
    {
        const Node *names = node_at(object, "items");
        const ModelTable *table =
            model_table(visit->model, sql_schema_name(names), sql_last_name(names));
        if (table && (table->temporary || lint_is_new(visit, &table->made)))
            continue;
        CLEANUP(memory_freep) char *name = lint_names(names);
        CLEANUP(memory_freep)
        char *before = memory_format("ALTER TABLE %s RENAME TO %s_dropped; -- and drop it a "
                                     "version later, or\n",
                                     name, sql_last_name(names));
        lint_find(visit, 0, acknowledge(visit, before), "dropping %s loses its rows", name);
    }
}

void lint_drop_column(LintVisit *visit)
{
    lint_each_command(command, visit, "AT_DropColumn")
    {
        CLEANUP(memory_freep) char *table = lint_table(visit);
        CLEANUP(memory_freep) char *column = lint_name(node_text(command, "name"));
        CLEANUP(memory_freep)
        char *before = memory_format("ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL; -- and drop it "
                                     "a version later, or\n",
                                     table, column);
        size_t at = lint_words_find(visit, "drop");
        lint_find(
            visit, at == SIZE_MAX ? 0 : visit->tokens.items[at].offset, acknowledge(visit, before),
            "dropping %s.%s loses its values, and versions that still read it fail", table, column);
    }
}

void lint_drop_schema(LintVisit *visit)
{
    if (!node_is(visit->node, "removeType", "OBJECT_SCHEMA"))
        return;
    node_each(object, node_at(visit->node, "objects"))
    {
        CLEANUP(memory_freep) char *name = lint_name(sql_string_of(object));
        lint_find(visit, 0, acknowledge(visit, ""),
                  "dropping the schema %s loses everything that is in it at a site%s", name,
                  node_is(visit->node, "behavior", "DROP_CASCADE")
                      ? ", also what the product did not put there"
                      : "");
    }
}

void lint_drop_database(LintVisit *visit)
{
    if (!node_kind_is(visit->node, "DropdbStmt"))
        return;
    CLEANUP(memory_freep) char *name = lint_name(node_text(visit->node, "dbname"));
    lint_find(visit, 0, acknowledge(visit, ""), "dropping the database %s loses all of it", name);
}

static void find_truncated(LintVisit *visit, bool cascade)
{
    CLEANUP(text_done) Text names = {0};
    if (!node_kind_is(visit->node, "TruncateStmt") ||
        node_is(visit->node, "behavior", "DROP_CASCADE") != cascade)
        return;
    node_each(relation, node_at(visit->node, "relations"))
    {
        const ModelTable *table = model_relation(visit->model, relation);
        CLEANUP(memory_freep) char *name = lint_relation(relation);
        if (!lint_meets(visit, relation))
            continue;
        text_addf(&names, "%s%s", names.length ? ", " : "", name);
        array_each (const ModelTable, other, &visit->model->tables)
            array_each (const ModelConstraint, key, &other->constraints)
                if (cascade && table && table != other && key->kind == MODEL_FOREIGN &&
                    strcmp(key->other_name, table->name) == 0)
                    text_addf(&names, ", %s (references %s)", other->name, name);
    }
    if (names.length)
        lint_find(visit, 0, acknowledge(visit, ""), "TRUNCATE loses all rows of %s%s",
                  text_string(&names),
                  cascade ? " and of every table that references these; the rehearsal says which"
                          : "");
}

void lint_truncate(LintVisit *visit)
{
    find_truncated(visit, /* cascade= */ false);
}

void lint_truncate_cascade(LintVisit *visit)
{
    find_truncated(visit, /* cascade= */ true);
}

/* -- whole tables at once -- */

void lint_delete_no_where(LintVisit *visit)
{
    if (!node_kind_is(visit->node, "DeleteStmt") || node_at(visit->node, "whereClause") ||
        node_at(visit->node, "usingClause") || !lint_meets(visit, node_at(visit->node, "relation")))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    lint_find(visit, 0,
              memory_format("-- in batches, each in a transaction of its own\n"
                            "DELETE FROM %s WHERE ctid = ANY (ARRAY(\n"
                            "    SELECT ctid FROM %s WHERE … LIMIT 10000));",
                            table, table),
              "DELETE without WHERE loses all rows of %s", table);
}

void lint_update_no_where(LintVisit *visit)
{
    if (!node_kind_is(visit->node, "UpdateStmt") || node_at(visit->node, "whereClause") ||
        node_at(visit->node, "fromClause") || !lint_meets(visit, node_at(visit->node, "relation")))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    size_t set = lint_words_find(visit, "set"), from = lint_words_find(visit, "returning");
    size_t begin = set == SIZE_MAX ? 0 : (size_t)visit->tokens.items[set].offset;
    size_t end = from == SIZE_MAX ? visit->sql_size : (size_t)visit->tokens.items[from].offset;
    lint_find(visit, 0,
              memory_format("-- in batches, each in a transaction of its own\n"
                            "UPDATE %s %.*s\nWHERE ctid = ANY (ARRAY(\n"
                            "    SELECT ctid FROM %s WHERE … LIMIT 10000)); -- … : not done yet",
                            table, (int)(end > begin ? end - begin : 0), visit->sql + begin, table),
              "UPDATE without WHERE writes every row of %s anew and keeps all of them locked until "
              "the transaction ends",
              table);
}

/* -- enum values -- */

void lint_enum_add_value_used(LintVisit *visit)
{
    if (!visit->statement || node_kind_is(visit->node, "AlterEnumStmt"))
        return;
    array_each (const SqlToken, token, &visit->tokens) {
        if (token->kind != WORD_LITERAL)
            continue;
        const LintFact *added =
            lint_recall(visit, LINT_FACT_ENUM_VALUE, token->text, LINT_IN_TRANSACTION);
        if (!added)
            continue;
        lint_find(visit, token->offset,
                  memory_format("-- in a migration behind the one that adds the value\n%.*s;",
                                (int)visit->sql_size, visit->sql),
                  "the value '%s' of %s, added in line %lld, cannot be used in the transaction "
                  "that adds it",
                  token->text, added->other, (long long)added->line);
        return;
    }
}
