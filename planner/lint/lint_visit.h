/* What a rule's check sees of a statement, and how it reports. A check looks at visit->node (NULL
 * where the grammar did not know the statement), asks the model what the statement meets, and calls
 * lint_find for each finding. */
#ifndef SEALIFT_PLANNER_LINT_VISIT_H
#define SEALIFT_PLANNER_LINT_VISIT_H

#include "base/text.h"
#include "migrations/sql_scanner.h"
#include "planner/lint/lint_rules.h"
#include "planner/lint/lint_script.h"
#include "planner/schema/schema_model.h"

/* What a script did before, in the same or in another transaction of it. */
typedef enum {
    LINT_FACT_EXCLUSIVE,  /* text: a table locked ACCESS EXCLUSIVE */
    LINT_FACT_SCAN,       /* text: a table read or rewritten by ALTER TABLE */
    LINT_FACT_ENUM_VALUE, /* text: a value added to an enum; other: the enum */
    LINT_FACT_DROPPED,    /* text: an index dropped if it exists */
    LINT_FACT_SETTING,    /* text: a setting of the session that was changed */
    LINT_FACT_SAID,       /* text: a rule that is reported once in a transaction */
} LintFactKind;

typedef struct LintFact {
    LintFactKind kind;
    char *text, *other; /* owned; other may be NULL */
    int64_t transaction;
    int64_t line;
} LintFact;

typedef ARRAY_OF(LintFact) LintFactArray;
typedef ARRAY_OF(SqlToken) LintTokenArray;

struct LintVisit {
    const LintRule *rule; /* whose check is called */
    const Project *project;
    const ProjectMigration *migration;
    const Model *model; /* before the statement */
    ModelPlace place;
    const LintScript *script;
    const LintStatement *statement; /* NULL: the script as a whole */
    int64_t ordinal;
    const char *sql; /* the statement's text, not terminated */
    size_t sql_size;
    const Node *node;      /* the statement's tree, or NULL */
    LintTokenArray tokens; /* all of the statement; offsets within it */
    LintFactArray *facts;  /* of the script */
    LintReport *report;
};

/* -- reporting -- */

/* A finding of the rule at `location` (bytes into the statement). `safe` is taken; may be NULL. */
LintFinding *lint_find(LintVisit *visit, int64_t location, char *safe, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* As lint_find, less severe than the rule: only likely, or milder here. */
LintFinding *lint_find_as(LintVisit *visit, LintSeverity severity, int64_t location, char *safe,
                          const char *format, ...) PRINTF_LIKE(5, 6);

/* -- what the script did before -- */

void lint_remember(LintVisit *visit, LintFactKind kind, const char *text, const char *other);

/* The latest fact of this kind and text (NULL: any), in this transaction alone or in the script. */
typedef enum { LINT_IN_TRANSACTION, LINT_IN_SCRIPT } LintWhere;
const LintFact *lint_recall(const LintVisit *visit, LintFactKind kind, const char *text,
                            LintWhere where);

/* -- what the statement meets -- */

/* Whether something made there is new: nobody at a site has rows in it or uses it yet. */
bool lint_is_new(const LintVisit *visit, const ModelPlace *made);

/* Whether a RangeVar names something that was there before, or that nobody knows. */
bool lint_meets(const LintVisit *visit, const Node *relation);

/* The statement where it is an ALTER TABLE of a table that was there before; else NULL. */
const Node *lint_altered(const LintVisit *visit);

/* The commands of such an ALTER TABLE. */
#define lint_each_command(command, visit, subtype_)                                                \
    node_each(command,                                                                             \
              node_at(lint_altered(visit), "cmds")) if (node_is(command, "subtype", subtype_))
/* The columns that it adds. */
#define lint_each_added(column, visit)                                                             \
    lint_each_command(column##_command, visit,                                                     \
                      "AT_AddColumn") for (const Node *column =                                    \
                                               node_at(column##_command, "def.ColumnDef");         \
                                           column; column = NULL)

/* The constraint of this kind ("CONSTR_CHECK") among a column's, or NULL. */
const Node *lint_constraint_of(const Node *column, const char *type);

int64_t lint_location(const Node *node);

/* -- words for messages and SQL; the caller frees -- */

char *lint_relation(const Node *relation); /* as SQL */
char *lint_table(const LintVisit *visit);  /* that the statement is about: `relation` */
char *lint_name(const char *name);         /* as SQL */
char *lint_type(const Node *type_name);    /* as SQL */
char *lint_names(const Node *list);        /* a.b */
char *lint_columns(const Node *list);      /* a, b */
char *lint_constraint_name(const LintVisit *visit, const Node *constraint, const char *column);

/* The statement's own words from `location` up to a comma, a closing parenthesis, or one of the
 * words in `stop` ("default|not|…", "" for none) outside parentheses. */
char *lint_slice(const LintVisit *visit, int64_t location, const char *stop);

/* A constraint's own words, without CONSTRAINT name: "CHECK (…)". `stop` as above. */
char *lint_clause(const LintVisit *visit, const Node *constraint, const char *stop);

/* The whole statement, with `words` put in behind token number `at`. */
char *lint_with_words(const LintVisit *visit, size_t at, const char *words);

/* Whether these words ("alter table") follow each other from token number `at` on. */
bool lint_words_at(const LintVisit *visit, size_t at, const char *words);
/* The number of the token at which they stand, or SIZE_MAX. */
size_t lint_words_find(const LintVisit *visit, const char *words);

/* What stands in a string of SQL or PL/pgSQL, as tokens; empty where it does not scan. */
void lint_scan(const char *sql, size_t size, LintTokenArray *ret_tokens);

/* -- the checks, by theme -- */

#define LINT_CHECK(name) void name(LintVisit *visit)

/* lint_columns.c */
LINT_CHECK(lint_add_col_volatile_default);
LINT_CHECK(lint_add_col_serial_identity);
LINT_CHECK(lint_add_col_stored_generated);
LINT_CHECK(lint_add_col_constrained_domain);
LINT_CHECK(lint_add_col_inline_check);
LINT_CHECK(lint_add_col_inline_fk);
LINT_CHECK(lint_add_col_unique);
LINT_CHECK(lint_add_col_notnull_nodefault);

/* lint_types.c */
LINT_CHECK(lint_alter_type_rewrite);
LINT_CHECK(lint_alter_type_safe);
LINT_CHECK(lint_alter_type_tz);
LINT_CHECK(lint_alter_type_collate);
LINT_CHECK(lint_set_expression);

/* lint_constraints.c */
LINT_CHECK(lint_set_not_null);
LINT_CHECK(lint_add_check_valid);
LINT_CHECK(lint_add_fk_valid);
LINT_CHECK(lint_validate_in_same_tx);
LINT_CHECK(lint_new_table_fk);
LINT_CHECK(lint_drop_fk);
LINT_CHECK(lint_drop_table_fk);
LINT_CHECK(lint_add_unique);
LINT_CHECK(lint_add_primary_key);
LINT_CHECK(lint_add_exclude);
LINT_CHECK(lint_domain_constraint);
LINT_CHECK(lint_fk_without_index);

/* lint_indexes.c */
LINT_CHECK(lint_index_nonconcurrent);
LINT_CHECK(lint_drop_index_nonconcurrent);
LINT_CHECK(lint_reindex_nonconcurrent);
LINT_CHECK(lint_concurrently_in_tx);
LINT_CHECK(lint_cic_no_cleanup);
LINT_CHECK(lint_cic_if_not_exists);
LINT_CHECK(lint_index_on_partitioned);

/* lint_partitions.c */
LINT_CHECK(lint_partition_create);
LINT_CHECK(lint_partition_detach);
LINT_CHECK(lint_partition_drop);
LINT_CHECK(lint_inherit_fanout);

/* lint_locks.c */
LINT_CHECK(lint_ddl_after_lock);
LINT_CHECK(lint_multi_alter_same_table);
LINT_CHECK(lint_cluster);
LINT_CHECK(lint_vacuum_full);
LINT_CHECK(lint_set_logged);
LINT_CHECK(lint_set_unlogged);
LINT_CHECK(lint_matview_refresh);
LINT_CHECK(lint_create_trigger);
LINT_CHECK(lint_drop_trigger);
LINT_CHECK(lint_table_rule);
LINT_CHECK(lint_row_security);

/* lint_data.c */
LINT_CHECK(lint_rename_table);
LINT_CHECK(lint_rename_column);
LINT_CHECK(lint_rename_schema);
LINT_CHECK(lint_rename_enum_value);
LINT_CHECK(lint_drop_table);
LINT_CHECK(lint_drop_column);
LINT_CHECK(lint_drop_schema);
LINT_CHECK(lint_drop_database);
LINT_CHECK(lint_truncate);
LINT_CHECK(lint_truncate_cascade);
LINT_CHECK(lint_delete_no_where);
LINT_CHECK(lint_update_no_where);
LINT_CHECK(lint_enum_add_value_used);

/* lint_session.c */
LINT_CHECK(lint_non_tx_statement);
LINT_CHECK(lint_lock_timeout_override);
LINT_CHECK(lint_statement_timeout_override);
LINT_CHECK(lint_tx_control);
LINT_CHECK(lint_tx_nested);
LINT_CHECK(lint_tx_unclosed);
LINT_CHECK(lint_do_commit);
LINT_CHECK(lint_session_setting);
LINT_CHECK(lint_session_search_path);
LINT_CHECK(lint_session_role);
LINT_CHECK(lint_session_discard);
LINT_CHECK(lint_session_listen);
LINT_CHECK(lint_session_prepare);
LINT_CHECK(lint_session_temp);
LINT_CHECK(lint_psql_variable);
LINT_CHECK(lint_copy_outside);
LINT_CHECK(lint_cluster_global);
LINT_CHECK(lint_dynamic_sql);
LINT_CHECK(lint_do_ddl);

/* lint_style.c */
LINT_CHECK(lint_type_json);
LINT_CHECK(lint_type_char);
LINT_CHECK(lint_type_int_key);
LINT_CHECK(lint_type_serial);
LINT_CHECK(lint_type_timestamp);
LINT_CHECK(lint_type_varchar);
LINT_CHECK(lint_unqualified_name);
LINT_CHECK(lint_identifier_too_long);
LINT_CHECK(lint_exists_masking);

#endif
