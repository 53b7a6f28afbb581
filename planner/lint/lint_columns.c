/* Columns added to a table that is in use. */
#include "planner/lint/lint_visit.h"
#include "planner/schema/sql_names.h"

/* The words of an added column. Release with added_done. */
typedef struct Added {
    char *table, *column, *type; /* owned; as SQL */
    char *default_words;         /* owned: the expression, or NULL */
    bool not_null;
} Added;

#define COLUMN_WORDS "constraint|not|null|check|default|generated|unique|primary|references|collate"

static void added_done(Added *added)
{
    free(added->table);
    free(added->column);
    free(added->type);
    free(added->default_words);
}

/* The expression of a DEFAULT: what stands behind the word. */
static char *default_of(const LintVisit *visit, const Node *column)
{
    const Node *constraint = lint_constraint_of(column, "CONSTR_DEFAULT");
    if (!constraint)
        return NULL;
    CLEANUP(memory_freep)
    char *clause = lint_slice(visit, lint_location(constraint), COLUMN_WORDS);
    const char *expression = clause + strcspn(clause, " \t\n(");
    return memory_string(expression + strspn(expression, " \t\n"));
}

static Added added_of(const LintVisit *visit, const Node *column)
{
    return (Added){
        .table = lint_table(visit),
        .column = lint_name(node_text(column, "colname")),
        .type = lint_type(node_at(column, "typeName")),
        .default_words = default_of(visit, column),
        .not_null = lint_constraint_of(column, "CONSTR_NOTNULL") != NULL,
    };
}

/* The steps that make a filled column NOT NULL without a scan under the lock. */
static void add_not_null(Text *sql, const Added *added)
{
    CLEANUP(memory_freep)
    char *plain = memory_format("%s_not_null", added->column[0] == '"' ? "column" : added->column);
    text_addf(sql, "\nALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n",
              added->table, plain, added->column);
    text_addf(
        sql,
        "-- and when all rows are filled, in a transaction of its own\n"
        "ALTER TABLE %s VALIDATE CONSTRAINT %s;\nALTER TABLE %s ALTER COLUMN %s SET NOT NULL;",
        added->table, plain, added->table, added->column);
}

static char *backfill(const Added *added, const char *fill)
{
    Text sql = {0};
    text_addf(&sql, "ALTER TABLE %s ADD COLUMN %s %s;\n", added->table, added->column, added->type);
    text_addf(&sql, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;\n", added->table, added->column,
              fill);
    text_addf(&sql,
              "-- then in batches, each in a transaction of its own\n"
              "UPDATE %s SET %s = DEFAULT WHERE ctid = ANY (ARRAY(\n"
              "    SELECT ctid FROM %s WHERE %s IS NULL LIMIT 10000));",
              added->table, added->column, added->table, added->column);
    if (added->not_null)
        add_not_null(&sql, added);
    return text_take(&sql);
}

/* -- volatile defaults -- */

static const char *const volatile_functions[] = {
    "clock_timestamp",  "timeofday",
    "random",           "random_normal",
    "gen_random_uuid",  "uuid_generate_v1",
    "uuid_generate_v4", "uuid_generate_v1mc",
    "uuidv4",           "uuidv7",
    "nextval",          "currval",
    "lastval",          "setval",
    "gen_random_bytes", "gen_salt",
    "pg_sleep",         "pg_advisory_lock",
    "dblink",           "pg_notify",
    "set_config",       "pg_logical_emit_message",
};

/* Functions that people write in defaults and that the server evaluates once. */
static const char *const settled_functions[] = {
    "now",
    "transaction_timestamp",
    "statement_timestamp",
    "date_trunc",
    "to_timestamp",
    "to_date",
    "to_char",
    "lower",
    "upper",
    "concat",
    "md5",
    "length",
    "timezone",
    "make_date",
    "make_interval",
    "make_timestamp",
    "current_setting",
    "encode",
    "decode",
    "digest",
    "jsonb_build_object",
    "jsonb_build_array",
    "json_build_object",
    "json_build_array",
    "to_jsonb",
    "to_json",
    "array_fill",
    "int4range",
    "int8range",
    "daterange",
    "tstzrange",
    "tsrange",
    "numrange",
    "to_tsvector",
    "date_part",
    "uuid_nil",
    "hstore",
    "age",
    "string_to_array",
    "abs",
    "floor",
    "round",
    "txid_current",
    "pg_current_xact_id",
    "replace",
    "substring",
    "left",
    "right",
    "trim",
    "btrim",
    "repeat",
    "lpad",
    "rpad",
    "format",
    "chr",
    "power",
    "sha256",
    "convert_to",
    "convert_from",
    "version",
    "current_database",
    "current_schema",
    "st_geomfromtext",
    "st_point",
};

typedef struct Calls {
    const Model *model;
    const char *volatile_name; /* the first one found */
    const char *unknown_name;
} Calls;

static bool in_list(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static bool note_call(void *context, const Node *node)
{
    Calls *calls = context;
    if (strcmp(node->name, "FuncCall") != 0)
        return true;
    const char *name = sql_last_name(node_at(node, "funcname"));
    const ModelFunction *known = model_function(calls->model, name);
    if (known ? known->is_volatile
              : in_list(volatile_functions, ARRAY_LEN(volatile_functions), name))
        calls->volatile_name = name;
    else if (!known && !in_list(settled_functions, ARRAY_LEN(settled_functions), name))
        calls->unknown_name = name;
    return !calls->volatile_name;
}

void lint_add_col_volatile_default(LintVisit *visit)
{
    lint_each_added(column, visit)
    {
        const Node *constraint = lint_constraint_of(column, "CONSTR_DEFAULT");
        Calls calls = {.model = visit->model};
        node_walk(node_at(constraint, "raw_expr"), note_call, &calls);
        if (!calls.volatile_name && !calls.unknown_name)
            continue;
        CLEANUP(added_done) Added added = added_of(visit, column);
        char *safe = backfill(&added, added.default_words ? added.default_words : "…");
        if (calls.volatile_name)
            lint_find(visit, lint_location(constraint), safe,
                      "the default of '%s' calls %s(), so every row of %s is written anew",
                      added.column, calls.volatile_name, added.table);
        else
            lint_find_as(visit, LINT_NOTE, lint_location(constraint), safe,
                         "the default of '%s' calls %s(): where that is volatile, every row of %s "
                         "is written anew; the rehearsal measures it",
                         added.column, calls.unknown_name, added.table);
    }
}

/* -- columns that number or compute themselves -- */

static bool is_serial(const Node *column)
{
    static const char *const names[] = {"serial",  "bigserial", "smallserial",
                                        "serial2", "serial4",   "serial8"};
    return in_list(names, ARRAY_LEN(names), sql_last_name(node_at(column, "typeName.names")));
}

static const char *integer_of(const Node *column)
{
    const char *serial = sql_last_name(node_at(column, "typeName.names"));
    if (strcmp(serial, "bigserial") == 0 || strcmp(serial, "serial8") == 0)
        return "bigint";
    return strcmp(serial, "smallserial") == 0 || strcmp(serial, "serial2") == 0 ? "smallint"
                                                                                : "integer";
}

void lint_add_col_serial_identity(LintVisit *visit)
{
    lint_each_added(column, visit)
    {
        bool serial = is_serial(column);
        if (!serial && !lint_constraint_of(column, "CONSTR_IDENTITY"))
            continue;
        CLEANUP(added_done) Added added = added_of(visit, column);
        if (serial) {
            free(added.type);
            added.type = memory_string(integer_of(column));
        }
        CLEANUP(memory_freep)
        char *plain = memory_format("%s_%s_seq", node_text(visit->node, "relation.relname"),
                                    node_text(column, "colname"));
        CLEANUP(memory_freep) char *sequence = lint_name(plain);
        CLEANUP(text_done) Text next = {0}, sql = {0};
        text_add(&next, "nextval(");
        sql_add_literal(&next, sequence);
        text_add_char(&next, ')');
        CLEANUP(memory_freep) char *fill = backfill(&added, text_string(&next));
        text_addf(&sql, "CREATE SEQUENCE %s;\n%s", sequence, fill);
        lint_find(visit, lint_location(column), text_take(&sql),
                  "'%s' numbers the rows that are there, so every row of %s is written anew",
                  added.column, added.table);
    }
}

void lint_add_col_stored_generated(LintVisit *visit)
{
    lint_each_added(column, visit)
    {
        const Node *generated = lint_constraint_of(column, "CONSTR_GENERATED");
        if (!generated)
            continue;
        CLEANUP(added_done) Added added = added_of(visit, column);
        CLEANUP(memory_freep)
        char *clause = lint_slice(visit, lint_location(generated), "");
        const char *open = strchr(clause, '('), *close = strrchr(clause, ')');
        CLEANUP(memory_freep)
        char *expression = open && close > open ? memory_string_n(open, (size_t)(close - open) + 1)
                                                : memory_string("(…)");
        Text sql = {0};
        text_addf(&sql,
                  "ALTER TABLE %s ADD COLUMN %s %s;\n"
                  "-- a trigger BEFORE INSERT OR UPDATE sets %s := %s; then in batches\n"
                  "UPDATE %s SET %s = %s WHERE %s IS NULL;\n"
                  "-- on version 18 alone: GENERATED ALWAYS AS %s VIRTUAL rewrites nothing",
                  added.table, added.column, added.type, added.column, expression, added.table,
                  added.column, expression, added.column, expression);
        lint_find(visit, lint_location(generated), text_take(&sql),
                  "'%s' is computed and stored for the rows that are there, so every row of %s is "
                  "written anew",
                  added.column, added.table);
    }
}

void lint_add_col_constrained_domain(LintVisit *visit)
{
    lint_each_added(column, visit)
    {
        const Node *names = node_at(column, "typeName.names");
        const ModelType *type =
            model_type(visit->model, sql_schema_name(names), sql_last_name(names));
        if (!type || type->kind != MODEL_DOMAIN || !type->constrained)
            continue;
        CLEANUP(added_done) Added added = added_of(visit, column);
        Text sql = {0};
        text_addf(&sql,
                  "ALTER TABLE %s ADD COLUMN %s %s;\n"
                  "ALTER TABLE %s ADD CHECK (…) NOT VALID; -- what the domain demands, of %s\n"
                  "-- then, in a transaction of its own: ALTER TABLE %s VALIDATE CONSTRAINT …;",
                  added.table, added.column, type->base, added.table, added.column, added.table);
        lint_find(visit, lint_location(column), text_take(&sql),
                  "'%s' is of the domain %s, which has a constraint, so every row of %s is written "
                  "anew, whatever the default",
                  added.column, added.type, added.table);
    }
}

/* -- columns with a constraint beside them -- */

#define BEHIND_CONSTRAINT                                                                          \
    "not|null|default|generated|unique|primary|references|collate|constraint|check"

static char *column_without(const Added *added)
{
    return memory_format("ALTER TABLE %s ADD COLUMN %s %s%s%s;", added->table, added->column,
                         added->type, added->default_words ? " DEFAULT " : "",
                         added->default_words ? added->default_words : "");
}

void lint_add_col_inline_check(LintVisit *visit)
{
    lint_each_added(column, visit)
    {
        const Node *check = lint_constraint_of(column, "CONSTR_CHECK");
        if (!check)
            continue;
        CLEANUP(added_done) Added added = added_of(visit, column);
        CLEANUP(memory_freep) char *plain = column_without(&added);
        CLEANUP(memory_freep) char *condition = lint_clause(visit, check, BEHIND_CONSTRAINT);
        CLEANUP(memory_freep)
        char *name = lint_constraint_name(visit, check, node_text(column, "colname"));
        char *safe = memory_format("%s\nALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n"
                                   "-- in a transaction of its own\n"
                                   "ALTER TABLE %s VALIDATE CONSTRAINT %s;",
                                   plain, added.table, name, condition, added.table, name);
        lint_find(visit, lint_location(check), safe,
                  "the check on the new column '%s' reads all of %s under the lock", added.column,
                  added.table);
    }
}

void lint_add_col_inline_fk(LintVisit *visit)
{
    lint_each_added(column, visit)
    {
        const Node *key = lint_constraint_of(column, "CONSTR_FOREIGN");
        if (!key)
            continue;
        CLEANUP(added_done) Added added = added_of(visit, column);
        CLEANUP(memory_freep) char *plain = column_without(&added);
        CLEANUP(memory_freep) char *references = lint_clause(visit, key, BEHIND_CONSTRAINT);
        CLEANUP(memory_freep) char *parent = lint_relation(node_at(key, "pktable"));
        CLEANUP(memory_freep)
        char *name = lint_constraint_name(visit, key, node_text(column, "colname"));
        char *safe =
            memory_format("%s\nALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) %s NOT VALID;\n"
                          "-- in a transaction of its own\n"
                          "ALTER TABLE %s VALIDATE CONSTRAINT %s;",
                          plain, added.table, name, added.column, references, added.table, name);
        lint_find(visit, lint_location(key), safe,
                  "the foreign key of the new column '%s' locks %s against all and %s against "
                  "writing, and reads %s",
                  added.column, added.table, parent, added.table);
    }
}

void lint_add_col_unique(LintVisit *visit)
{
    lint_each_added(column, visit)
    {
        const Node *unique = lint_constraint_of(column, "CONSTR_UNIQUE");
        if (!unique)
            unique = lint_constraint_of(column, "CONSTR_PRIMARY");
        if (!unique)
            continue;
        CLEANUP(added_done) Added added = added_of(visit, column);
        CLEANUP(memory_freep) char *plain = column_without(&added);
        CLEANUP(memory_freep)
        char *name = lint_constraint_name(visit, unique, node_text(column, "colname"));
        char *safe = memory_format(
            "%s\nCREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s);\n"
            "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s;",
            plain, name, added.table, added.column, added.table, name,
            node_is(unique, "contype", "CONSTR_UNIQUE") ? "UNIQUE" : "PRIMARY KEY", name);
        lint_find(visit, lint_location(unique), safe,
                  "the index of the new column '%s' is built while %s is locked against all",
                  added.column, added.table);
    }
}

void lint_add_col_notnull_nodefault(LintVisit *visit)
{
    lint_each_added(column, visit)
    {
        const Node *constraint = lint_constraint_of(column, "CONSTR_NOTNULL");
        if (!constraint || is_serial(column) || lint_constraint_of(column, "CONSTR_DEFAULT") ||
            lint_constraint_of(column, "CONSTR_IDENTITY") ||
            lint_constraint_of(column, "CONSTR_GENERATED"))
            continue;
        CLEANUP(added_done) Added added = added_of(visit, column);
        Text sql = {0};
        text_addf(&sql,
                  "ALTER TABLE %s ADD COLUMN %s %s;\n"
                  "-- fill it, in batches, each in a transaction of its own\n"
                  "UPDATE %s SET %s = … WHERE %s IS NULL;",
                  added.table, added.column, added.type, added.table, added.column, added.column);
        add_not_null(&sql, &added);
        lint_find(visit, lint_location(constraint), text_take(&sql),
                  "'%s' is NOT NULL and has no default: this fails as soon as %s has a row",
                  added.column, added.table);
    }
}
