/* Constraints added to, or taken from, tables and domains that are in use. */
#include "planner/lint/lint_visit.h"
#include "planner/schema/sql_names.h"

static char *in_two_steps(const LintVisit *visit, const Node *constraint)
{
    CLEANUP(memory_freep) char *table = lint_table(visit);
    CLEANUP(memory_freep) char *name = lint_constraint_name(visit, constraint, NULL);
    CLEANUP(memory_freep) char *clause = lint_clause(visit, constraint, "");
    return memory_format("ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n"
                         "-- in a transaction of its own: a migration or a script of its own\n"
                         "ALTER TABLE %s VALIDATE CONSTRAINT %s;",
                         table, name, clause, table, name);
}

#define each_added_constraint(constraint, visit, type)                                             \
    lint_each_command(                                                                             \
        constraint##_command, visit,                                                               \
        "AT_AddConstraint") for (const Node *constraint =                                          \
                                     node_at(constraint##_command, "def.Constraint");              \
                                 constraint && node_is(constraint, "contype", type);               \
                                 constraint = NULL)

void lint_set_not_null(LintVisit *visit)
{
    const ModelTable *table = model_relation(visit->model, node_at(visit->node, "relation"));
    lint_each_command(command, visit, "AT_SetNotNull")
    {
        const char *plain = node_text(command, "name");
        const ModelColumn *known = model_column(table, plain);
        if ((known && known->not_null) || model_proves_not_null(table, plain))
            continue;
        CLEANUP(memory_freep) char *name = lint_table(visit);
        CLEANUP(memory_freep) char *column = lint_name(plain);
        CLEANUP(memory_freep) char *made = memory_format("%s_not_null", plain);
        CLEANUP(memory_freep) char *check = lint_name(made);
        char *safe = memory_format(
            "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n"
            "-- in a transaction of its own\nALTER TABLE %s VALIDATE CONSTRAINT %s;\n"
            "-- which the server then believes\nALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n"
            "ALTER TABLE %s DROP CONSTRAINT %s;",
            name, check, column, name, check, name, column, name, check);
        size_t at = lint_words_find(visit, "set not null");
        lint_find(visit, at == SIZE_MAX ? 0 : visit->tokens.items[at].offset, safe,
                  "SET NOT NULL on '%s' reads all of %s while it is locked against all", column,
                  name);
    }
}

void lint_add_check_valid(LintVisit *visit)
{
    each_added_constraint(check, visit, "CONSTR_CHECK")
    {
        if (node_true(check, "skip_validation"))
            continue;
        CLEANUP(memory_freep) char *table = lint_table(visit);
        CLEANUP(memory_freep) char *name = lint_constraint_name(visit, check, NULL);
        lint_find(visit, lint_location(check), in_two_steps(visit, check),
                  "adding the check %s reads all of %s while it is locked against all", name,
                  table);
    }
}

void lint_add_fk_valid(LintVisit *visit)
{
    const ModelTable *known = model_relation(visit->model, node_at(visit->node, "relation"));
    each_added_constraint(key, visit, "CONSTR_FOREIGN")
    {
        CLEANUP(memory_freep) char *table = lint_table(visit);
        CLEANUP(memory_freep) char *parent = lint_relation(node_at(key, "pktable"));
        CLEANUP(memory_freep) char *name = lint_constraint_name(visit, key, NULL);
        bool partitioned = known && known->partitioned;
        if (!node_true(key, "skip_validation"))
            lint_find(visit, lint_location(key),
                      partitioned ? memory_string("-- on each partition for itself: NOT VALID on a "
                                                  "partitioned table needs version 18")
                                  : in_two_steps(visit, key),
                      "adding the foreign key %s reads %s while %s and %s are locked against "
                      "writing",
                      name, table, table, parent);
        else if (partitioned && strcmp(visit->project->config.server_min, "18") < 0)
            lint_find_as(visit, LINT_ERROR, lint_location(key), NULL,
                         "%s is partitioned: NOT VALID foreign keys on such a table fail before "
                         "version 18, and [database] server-min is %s",
                         table, visit->project->config.server_min);
    }
}

void lint_validate_in_same_tx(LintVisit *visit)
{
    const ModelTable *table = model_relation(visit->model, node_at(visit->node, "relation"));
    lint_each_command(command, visit, "AT_ValidateConstraint")
    {
        const char *plain = node_text(command, "name");
        const ModelConstraint *constraint = model_constraint(table, plain);
        bool beside = false;
        lint_each_command(other, visit, "AT_AddConstraint") beside =
            beside || node_is(other, "def.Constraint.conname", plain);
        if (!beside && !(constraint && constraint->transaction == visit->place.transaction))
            continue;
        CLEANUP(memory_freep) char *name = lint_table(visit);
        CLEANUP(memory_freep) char *shown = lint_name(plain);
        size_t at = lint_words_find(visit, "validate constraint");
        lint_find(visit, at == SIZE_MAX ? 0 : visit->tokens.items[at].offset,
                  memory_format("-- in a migration of its own\n"
                                "ALTER TABLE %s VALIDATE CONSTRAINT %s;",
                                name, shown),
                  "%s is validated in the transaction that added it, which keeps its lock on %s "
                  "while all of it is read",
                  shown, name);
    }
}

/* -- tables that reference others -- */

static void find_reference(LintVisit *visit, const Node *key, const char *column)
{
    const Node *parent = node_at(key, "pktable");
    if (!lint_meets(visit, parent) ||
        node_is(parent, "relname", node_text(visit->node, "relation.relname")))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    CLEANUP(memory_freep) char *shown = lint_relation(parent);
    CLEANUP(memory_freep) char *name = lint_constraint_name(visit, key, column);
    CLEANUP(memory_freep)
    char *keys = column ? lint_name(column) : lint_columns(node_at(key, "fk_attrs"));
    CLEANUP(memory_freep) char *others = lint_columns(node_at(key, "pk_attrs"));
    char *safe = memory_format(
        "-- where %s is always busy: without the key first, then in a transaction of its own\n"
        "ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s%s%s%s;",
        shown, table, name, keys, shown, *others ? " (" : "", others, *others ? ")" : "");
    lint_find(visit, lint_location(key), safe,
              "the new table %s references %s, which is locked against writing until the "
              "transaction ends",
              table, shown);
}

void lint_new_table_fk(LintVisit *visit)
{
    if (!node_kind_is(visit->node, "CreateStmt"))
        return;
    node_each(element, node_at(visit->node, "tableElts"))
    {
        if (node_is(element, "contype", "CONSTR_FOREIGN"))
            find_reference(visit, element, NULL);
        node_each(constraint, node_at(element, "constraints")) if (node_is(constraint, "contype",
                                                                           "CONSTR_FOREIGN"))
            find_reference(visit, constraint, node_text(element, "colname"));
    }
}

void lint_drop_fk(LintVisit *visit)
{
    const ModelTable *table = model_relation(visit->model, node_at(visit->node, "relation"));
    lint_each_command(command, visit, "AT_DropConstraint")
    {
        const ModelConstraint *key = model_constraint(table, node_text(command, "name"));
        if (!key || key->kind != MODEL_FOREIGN)
            continue;
        CLEANUP(memory_freep) char *name = lint_table(visit);
        CLEANUP(memory_freep) char *shown = lint_name(key->name);
        size_t at = lint_words_find(visit, "drop constraint");
        lint_find(visit, at == SIZE_MAX ? 0 : visit->tokens.items[at].offset,
                  memory_format("-- in a migration of its own, so that both locks are brief\n"
                                "ALTER TABLE %s DROP CONSTRAINT %s;",
                                name, shown),
                  "dropping the foreign key %s locks both %s and %s against all", shown, name,
                  key->other_name);
    }
}

void lint_drop_table_fk(LintVisit *visit)
{
    if (!node_is(visit->node, "removeType", "OBJECT_TABLE"))
        return;
    node_each(object, node_at(visit->node, "objects"))
    {
        const Node *names = node_at(object, "items");
        const ModelTable *table =
            model_table(visit->model, sql_schema_name(names), sql_last_name(names));
        CLEANUP(text_done) Text sql = {0}, parents = {0};
        CLEANUP(memory_freep) char *shown = lint_names(names);
        if (!table || lint_is_new(visit, &table->made))
            continue;
        array_each (const ModelConstraint, key, &table->constraints) {
            if (key->kind != MODEL_FOREIGN || strcmp(key->other_name, table->name) == 0)
                continue;
            CLEANUP(memory_freep) char *name = lint_name(key->name);
            text_addf(&parents, "%s%s", parents.length ? ", " : "", key->other_name);
            text_addf(&sql, "ALTER TABLE %s DROP CONSTRAINT %s;\n", shown, name);
        }
        if (!parents.length)
            continue;
        text_addf(&sql, "-- each of these in a transaction of its own, then\nDROP TABLE %s;",
                  shown);
        lint_find(visit, 0, text_take(&sql),
                  "dropping %s, which has foreign keys, locks these against all, too: %s", shown,
                  text_string(&parents));
    }
}

/* -- keys -- */

static void find_key(LintVisit *visit, const char *type, const char *words)
{
    each_added_constraint(key, visit, type)
    {
        if (*node_text(key, "indexname"))
            continue;
        CLEANUP(memory_freep) char *table = lint_table(visit);
        CLEANUP(memory_freep) char *name = lint_constraint_name(visit, key, NULL);
        CLEANUP(memory_freep) char *columns = lint_columns(node_at(key, "keys"));
        char *safe = memory_format("CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s);\n"
                                   "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s;",
                                   name, table, columns, table, name, words, name);
        lint_find(visit, lint_location(key), safe,
                  "adding %s (%s) builds an index while %s is locked against all", words, columns,
                  table);
    }
}

void lint_add_unique(LintVisit *visit)
{
    find_key(visit, "CONSTR_UNIQUE", "UNIQUE");
}

/* A key made of an index still reads the table where a column may be NULL. */
static void find_nullable_key(LintVisit *visit)
{
    ModelTable *table = model_relation(visit->model, node_at(visit->node, "relation"));
    each_added_constraint(key, visit, "CONSTR_PRIMARY")
    {
        const ModelIndex *index = NULL;
        if (table)
            array_each (const ModelIndex, one, &table->indexes)
                if (strcmp(one->name, node_text(key, "indexname")) == 0)
                    index = one;
        if (index)
            array_each (char *, plain, &index->columns) {
                const ModelColumn *column = model_column(table, *plain);
                if (!column || column->not_null || model_proves_not_null(table, *plain))
                    continue;
                CLEANUP(memory_freep) char *shown = lint_name(*plain);
                CLEANUP(memory_freep) char *name = lint_table(visit);
                lint_find(visit, lint_location(key),
                          memory_format("-- first make %s NOT NULL by a validated check: see "
                                        "set-not-null",
                                        shown),
                          "'%s' may be NULL, so making it a primary key reads all of %s while it "
                          "is locked against all",
                          shown, name);
            }
    }
}

void lint_add_primary_key(LintVisit *visit)
{
    find_key(visit, "CONSTR_PRIMARY", "PRIMARY KEY");
    find_nullable_key(visit);
}

void lint_add_exclude(LintVisit *visit)
{
    each_added_constraint(exclusion, visit, "CONSTR_EXCLUSION")
    {
        CLEANUP(memory_freep) char *table = lint_table(visit);
        lint_find(visit, lint_location(exclusion),
                  memory_format("-- there is none: run it when %s is not in use, or fill a new "
                                "table that has the constraint",
                                table),
                  "an exclusion constraint is built while %s is locked against all", table);
    }
}

/* -- domains -- */

void lint_domain_constraint(LintVisit *visit)
{
    const Node *names = node_at(visit->node, "typeName"), *check = node_at(visit->node, "def");
    const char *what = node_text(visit->node, "subtype");
    if (!node_kind_is(visit->node, "AlterDomainStmt") || (*what != 'C' && *what != 'O'))
        return;
    const ModelType *type = model_type(visit->model, sql_schema_name(names), sql_last_name(names));
    check = node_at(check, "Constraint");
    if ((type && lint_is_new(visit, &type->made)) || node_true(check, "skip_validation"))
        return;
    CLEANUP(memory_freep) char *domain = lint_names(names);
    CLEANUP(memory_freep)
    char *clause =
        *what == 'O' ? memory_string("CHECK (VALUE IS NOT NULL)") : lint_clause(visit, check, "");
    CLEANUP(memory_freep)
    char *plain = *node_text(check, "conname") ? memory_string(node_text(check, "conname"))
                                               : memory_format("%s_check", sql_last_name(names));
    CLEANUP(memory_freep) char *name = lint_name(plain);
    lint_find(visit, 0,
              memory_format("ALTER DOMAIN %s ADD CONSTRAINT %s %s NOT VALID;\n"
                            "-- in a transaction of its own\n"
                            "ALTER DOMAIN %s VALIDATE CONSTRAINT %s;",
                            domain, name, clause, domain, name),
              "a new constraint of the domain %s locks every table that uses it against writing "
              "and reads it",
              domain);
}

/* -- indexes for foreign keys -- */

static void expect_index(LintVisit *visit, const Node *key, const char *column)
{
    const char *schema = node_text(visit->node, "relation.schemaname");
    CLEANUP(memory_freep) char *table = lint_table(visit);
    CLEANUP(memory_freep) char *parent = lint_relation(node_at(key, "pktable"));
    CLEANUP(memory_freep)
    char *columns = column ? lint_name(column) : lint_columns(node_at(key, "fk_attrs"));
    LintFinding *finding = lint_find(
        visit, lint_location(key),
        memory_format("CREATE INDEX CONCURRENTLY ON %s (%s); -- with a name", table, columns),
        "no index begins with %s: each delete from %s, and each change of its key, "
        "reads all of %s",
        columns, parent, table);
    CLEANUP(memory_freep) char *plain = NULL;
    if (*node_text(key, "conname")) {
        plain = memory_string(node_text(key, "conname"));
    } else {
        Text name = {0};
        text_add(&name, node_text(visit->node, "relation.relname"));
        if (column)
            text_addf(&name, "_%s", column);
        node_each(one, node_at(key, "fk_attrs")) text_addf(&name, "_%s", sql_string_of(one));
        text_add(&name, "_fkey");
        plain = text_take(&name);
    }
    finding->index_schema = memory_string(*schema ? schema : visit->model->schema);
    finding->index_table = memory_string(node_text(visit->node, "relation.relname"));
    finding->index_constraint = TAKE_PTR(plain);
    free(finding->safe);
    finding->safe = memory_format("CREATE INDEX CONCURRENTLY %s_idx ON %s (%s);",
                                  finding->index_constraint, table, columns);
}

static void expect_indexes(LintVisit *visit, const Node *column)
{
    node_each(constraint,
              node_at(column, "constraints")) if (node_is(constraint, "contype", "CONSTR_FOREIGN"))
        expect_index(visit, constraint, node_text(column, "colname"));
}

void lint_fk_without_index(LintVisit *visit)
{
    bool alters = node_kind_is(visit->node, "AlterTableStmt");
    if (!alters && !node_kind_is(visit->node, "CreateStmt"))
        return;
    node_each(element, node_at(visit->node, "tableElts"))
    {
        if (node_is(element, "contype", "CONSTR_FOREIGN"))
            expect_index(visit, element, NULL);
        expect_indexes(visit, element);
    }
    node_each(command, node_at(visit->node, alters ? "cmds" : "none"))
    {
        const Node *constraint = node_at(command, "def.Constraint");
        if (node_is(constraint, "contype", "CONSTR_FOREIGN"))
            expect_index(visit, constraint, NULL);
        if (node_is(command, "subtype", "AT_AddColumn"))
            expect_indexes(visit, node_at(command, "def.ColumnDef"));
    }
}
