#include "planner/downs/down_derive.h"
#include "planner/schema/sql_names.h"

#include <inttypes.h>

/* The table that is altered. */
typedef struct Altered {
    DownDeriving *deriving;
    const char *schema, *name; /* borrowed; schema may be "" */
    char *table;               /* owned: as SQL */
} Altered;

static char *constraint_key(const Altered *altered, const char *constraint)
{
    return memory_format("%s.%s.%s", down_schema(altered->deriving, altered->schema), altered->name,
                         constraint);
}

/* -- columns -- */

static void add_column(const Altered *altered, const Node *command)
{
    DownDeriving *deriving = altered->deriving;
    const Node *column = node_at(command, "def.ColumnDef");
    const Node *value = lint_constraint_of(column, "CONSTR_DEFAULT");
    CLEANUP(memory_freep) char *name = lint_name(node_text(column, "colname"));
    if (node_true(command, "missing_ok")) {
        down_refuse(deriving, "IF NOT EXISTS does not say whether it made anything");
        return;
    }
    DownStep *step =
        down_add(deriving, memory_format("ALTER TABLE %s DROP COLUMN %s;", altered->table, name));
    if (lint_constraint_of(column, "CONSTR_GENERATED"))
        return;
    step->loses = memory_format("the values of %s.%s", altered->table, name);
    CLEANUP(memory_freep)
    char *clause = value ? lint_slice(&deriving->visit, lint_location(value),
                                      "constraint|not|null|check|generated|unique|primary|"
                                      "references|collate")
                         : NULL;
    const char *expression = clause ? clause + strcspn(clause, " \t\n(") : NULL;
    if (expression)
        step->guard = memory_format("SELECT FROM %s WHERE %s IS DISTINCT FROM (%s)", altered->table,
                                    name, expression + strspn(expression, " \t\n"));
    else
        step->guard = memory_format("SELECT FROM %s WHERE %s IS NOT NULL", altered->table, name);
}

/* A property of a column that is set back to what it was. `format` takes table, column, value. */
static void set_back(const Altered *altered, const Node *command, BeforeKind kind,
                     const char *words)
{
    const char *plain = node_text(command, "name");
    CLEANUP(memory_freep) char *before = NULL;
    CLEANUP(memory_freep) char *name = lint_name(plain);
    if (down_ask(altered->deriving, kind, altered->schema, altered->name, plain, NULL, &before))
        down_add(altered->deriving, memory_format("ALTER TABLE %s ALTER COLUMN %s SET %s %s;",
                                                  altered->table, name, words, before));
}

static void set_default_back(const Altered *altered, const Node *command)
{
    const char *plain = node_text(command, "name");
    CLEANUP(memory_freep) char *before = NULL;
    CLEANUP(memory_freep) char *name = lint_name(plain);
    if (!down_ask(altered->deriving, BEFORE_DEFAULT, altered->schema, altered->name, plain, NULL,
                  &before))
        return;
    down_add(altered->deriving,
             *before ? memory_format("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;",
                                     altered->table, name, before)
                     : memory_format("ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT;", altered->table,
                                     name));
}

/* NOT NULL was there before, or was not; where it was no other, there is nothing to do. */
static void set_null_back(const Altered *altered, const Node *command, bool sets)
{
    const char *plain = node_text(command, "name");
    CLEANUP(memory_freep) char *before = NULL;
    CLEANUP(memory_freep) char *name = lint_name(plain);
    if (!down_ask(altered->deriving, BEFORE_NOT_NULL, altered->schema, altered->name, plain, NULL,
                  &before))
        return;
    if (sets == (strcmp(before, "t") == 0)) {
        down_nothing(altered->deriving, "the column was so before");
        return;
    }
    DownStep *step =
        down_add(altered->deriving, memory_format("ALTER TABLE %s ALTER COLUMN %s %s NOT NULL;",
                                                  altered->table, name, sets ? "DROP" : "SET"));
    if (!sets)
        step->loses = memory_format("nothing, but it fails where %s.%s has become NULL",
                                    altered->table, name);
}

/* -- constraints -- */

/* The index that USING INDEX takes over: one that this migration built, or none that is known. */
static DownStep *step_of_index(const Altered *altered, const char *index)
{
    array_each (DownStep, step, &altered->deriving->draft->steps)
        if (step->index && strcmp(step->index, index) == 0)
            return step;
    return NULL;
}

static void add_constraint(const Altered *altered, const Node *constraint)
{
    DownDeriving *deriving = altered->deriving;
    const char *index = node_text(constraint, "indexname");
    const char *plain =
        *node_text(constraint, "conname") ? node_text(constraint, "conname") : index;
    CLEANUP(memory_freep) char *name = lint_name(plain);
    if (!*plain) {
        down_refuse(deriving, "the constraint has no name, and the server makes one");
        return;
    }
    DownStep *built = *index ? step_of_index(altered, index) : NULL;
    if (*index && !built) {
        down_refuse(deriving,
                    "dropping the constraint would drop the index %s, which was there "
                    "before",
                    index);
        return;
    }
    if (built) {
        built->outcome = DOWN_NOTHING;
        free(built->sql);
        built->sql = NULL;
        built->reason = memory_format("it goes with the constraint %s", plain);
    }
    *array_add(&deriving->added) = constraint_key(altered, plain);
    down_add(deriving, memory_format("ALTER TABLE %s DROP CONSTRAINT %s;", altered->table, name));
}

static void drop_constraint(const Altered *altered, const Node *command)
{
    const char *plain = node_text(command, "name");
    CLEANUP(memory_freep) char *before = NULL;
    CLEANUP(memory_freep) char *name = lint_name(plain);
    if (node_true(command, "missing_ok")) {
        down_refuse(altered->deriving, "IF EXISTS does not say whether there was anything");
        return;
    }
    if (!down_ask(altered->deriving, BEFORE_CONSTRAINT, altered->schema, altered->name, plain, NULL,
                  &before))
        return;
    DownStep *step =
        down_add(altered->deriving, memory_format("ALTER TABLE %s ADD CONSTRAINT %s %s;",
                                                  altered->table, name, before));
    step->loses = memory_string("nothing, but it fails where rows no longer hold it");
}

static void validate_constraint(const Altered *altered, const Node *command)
{
    const char *plain = node_text(command, "name");
    CLEANUP(memory_freep) char *key = constraint_key(altered, plain);
    CLEANUP(memory_freep) char *before = NULL;
    CLEANUP(memory_freep) char *name = lint_name(plain);
    if (model_has_name(&altered->deriving->added, key)) {
        down_nothing(altered->deriving, "it goes with the constraint, which this migration added");
        return;
    }
    if (down_ask(altered->deriving, BEFORE_CONSTRAINT, altered->schema, altered->name, plain, NULL,
                 &before))
        down_add(altered->deriving,
                 memory_format("ALTER TABLE %s DROP CONSTRAINT %s;\n"
                               "ALTER TABLE %s ADD CONSTRAINT %s %s;",
                               altered->table, name, altered->table, name, before));
}

/* -- the table itself -- */

static void set_options_back(const Altered *altered, const Node *command)
{
    CLEANUP(memory_freep) char *before = NULL;
    Text sql = {0};
    if (!down_ask(altered->deriving, BEFORE_OPTIONS, altered->schema, altered->name, "", NULL,
                  &before))
        return;
    text_addf(&sql, "ALTER TABLE %s RESET (", altered->table);
    bool first = true;
    node_each(option, node_at(command, "def.List.items"))
    {
        text_add(&sql, first ? "" : ", ");
        sql_add_name(&sql, node_text(option, "defname"));
        first = false;
    }
    text_add(&sql, ");");
    if (*before)
        text_addf(&sql, "\nALTER TABLE %s SET (%s);", altered->table, before);
    down_add(altered->deriving, text_take(&sql));
}

static void set_owner_back(const Altered *altered)
{
    CLEANUP(memory_freep) char *before = NULL;
    if (!down_ask(altered->deriving, BEFORE_OWNER, altered->schema, altered->name, "", NULL,
                  &before))
        return;
    CLEANUP(memory_freep) char *role = lint_name(before);
    down_add(altered->deriving, memory_format("ALTER TABLE %s OWNER TO %s;", altered->table, role));
}

static void set_row_security_back(const Altered *altered, bool force)
{
    CLEANUP(memory_freep) char *before = NULL;
    if (!down_ask(altered->deriving, BEFORE_ROW_SECURITY, altered->schema, altered->name, "", NULL,
                  &before))
        return;
    const char *words = force ? (strstr(before, "NO FORCE") ? "NO FORCE" : "FORCE")
                              : (strstr(before, "DISABLE") ? "DISABLE" : "ENABLE");
    down_add(altered->deriving,
             memory_format("ALTER TABLE %s %s ROW LEVEL SECURITY;", altered->table, words));
}

static void set_trigger_back(const Altered *altered, const Node *command)
{
    const char *plain = node_text(command, "name");
    CLEANUP(memory_freep) char *before = NULL;
    CLEANUP(memory_freep) char *name = lint_name(plain);
    if (!*plain) {
        down_refuse(altered->deriving, "it is not one trigger by name");
        return;
    }
    if (down_ask(altered->deriving, BEFORE_TRIGGER_STATE, altered->schema, altered->name, plain,
                 NULL, &before))
        down_add(altered->deriving,
                 memory_format("ALTER TABLE %s %s TRIGGER %s;", altered->table, before, name));
}

/* -- a command -- */

static bool derive_column(const Altered *altered, const Node *command, const char *subtype)
{
    if (strcmp(subtype, "AT_AddColumn") == 0)
        add_column(altered, command);
    else if (strcmp(subtype, "AT_ColumnDefault") == 0)
        set_default_back(altered, command);
    else if (strcmp(subtype, "AT_SetNotNull") == 0 || strcmp(subtype, "AT_DropNotNull") == 0)
        set_null_back(altered, command, strcmp(subtype, "AT_SetNotNull") == 0);
    else if (strcmp(subtype, "AT_SetStatistics") == 0)
        set_back(altered, command, BEFORE_STATISTICS, "STATISTICS");
    else if (strcmp(subtype, "AT_SetStorage") == 0)
        set_back(altered, command, BEFORE_STORAGE, "STORAGE");
    else
        return false;
    return true;
}

static bool derive_table(const Altered *altered, const Node *command, const char *subtype)
{
    if (strcmp(subtype, "AT_AddConstraint") == 0)
        add_constraint(altered, node_at(command, "def.Constraint"));
    else if (strcmp(subtype, "AT_DropConstraint") == 0)
        drop_constraint(altered, command);
    else if (strcmp(subtype, "AT_ValidateConstraint") == 0)
        validate_constraint(altered, command);
    else if (strcmp(subtype, "AT_SetRelOptions") == 0 || strcmp(subtype, "AT_ResetRelOptions") == 0)
        set_options_back(altered, command);
    else if (strcmp(subtype, "AT_ChangeOwner") == 0)
        set_owner_back(altered);
    else if (strstr(subtype, "RowSecurity"))
        set_row_security_back(altered, strstr(subtype, "Force") != NULL);
    else if (text_has_prefix(subtype, "AT_EnableTrig") || strstr(subtype, "Trig"))
        set_trigger_back(altered, command);
    else
        return false;
    return true;
}

static void refuse_command(const Altered *altered, const char *subtype)
{
    static const struct {
        const char *subtype, *why;
    } reasons[] = {
        {"AT_DropColumn", "its values are gone: irreversible, or drop it a version later"},
        {"AT_AlterColumnType",
         "the way back may fail or cut values: only its author knows whether it may"},
    };
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (strcmp(reasons[i].subtype, subtype) == 0) {
            down_refuse(altered->deriving, "%s", reasons[i].why);
            return;
        }
    down_refuse(altered->deriving, "commands of this kind (%s) are not derived",
                text_has_prefix(subtype, "AT_") ? subtype + 3 : subtype);
}

void down_derive_alter_table(DownDeriving *deriving)
{
    const Node *node = deriving->visit.node, *relation = node_at(node, "relation");
    CLEANUP(memory_freep) char *table = lint_relation(relation);
    const Altered altered = {
        .deriving = deriving,
        .schema = node_text(relation, "schemaname"),
        .name = node_text(relation, "relname"),
        .table = table,
    };
    if (down_made_here(deriving, altered.schema, altered.name)) {
        down_nothing(deriving, "it goes with %s, which this migration made", table);
        return;
    }
    if (!node_is(node, "objtype", "OBJECT_TABLE")) {
        down_refuse(deriving, "only ALTER TABLE of tables is derived");
        return;
    }
    if (node_true(node, "missing_ok")) {
        down_refuse(deriving, "IF EXISTS does not say whether there was anything");
        return;
    }
    node_each(command, node_at(node, "cmds"))
    {
        const char *subtype = node_text(command, "subtype");
        if (node_is(command, "behavior", "DROP_CASCADE"))
            down_refuse(deriving, "CASCADE does not say what else it drops");
        else if (!derive_column(&altered, command, subtype) &&
                 !derive_table(&altered, command, subtype))
            refuse_command(&altered, subtype);
    }
}
