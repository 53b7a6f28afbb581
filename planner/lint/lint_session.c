/* What the applier owns: transactions, the session, the client's side; and what reaches beyond the
 * database or cannot be seen in the text. */
#include "planner/lint/lint_visit.h"
#include "planner/schema/sql_names.h"

/* -- transactions -- */

void lint_non_tx_statement(LintVisit *visit)
{
    const LintStatement *statement = visit->statement;
    if (!statement || !statement->inside || !statement->kind.not_in_transaction ||
        lint_words_find(visit, "concurrently") != SIZE_MAX)
        return;
    lint_find(visit, 0,
              memory_format("-- behind the COMMIT, or in a migration of its own\n%.*s;",
                            (int)visit->sql_size, visit->sql),
              "the server refuses this between BEGIN and COMMIT");
}

/* Of a script that the applier runs, BEGIN and COMMIT in pairs are taken out. */
void lint_tx_control(LintVisit *visit)
{
    static const char *const words[] = {
        [TRANSACTION_CONTROL_ROLLBACK] = "ROLLBACK undoes what the migration did",
        [TRANSACTION_CONTROL_COMMIT] = "COMMIT ends a transaction that the script has not begun",
        [TRANSACTION_CONTROL_OTHER] = "only BEGIN and COMMIT can be taken over: the applier owns "
                                      "the transaction",
    };
    if (!visit->statement)
        return;
    TransactionControl control = visit->statement->kind.control;
    if (control == TRANSACTION_CONTROL_NONE || control == TRANSACTION_CONTROL_BEGIN ||
        control == TRANSACTION_CONTROL_MODES ||
        (control == TRANSACTION_CONTROL_COMMIT && visit->statement->inside))
        return;
    lint_find(visit, 0,
              memory_string("-- leave it out: the applier runs the script in a transaction"), "%s",
              words[control]);
}

void lint_tx_nested(LintVisit *visit)
{
    if (visit->statement && visit->statement->inside &&
        visit->statement->kind.control == TRANSACTION_CONTROL_BEGIN)
        lint_find(visit, 0, memory_string("-- leave the inner BEGIN and COMMIT out"),
                  "BEGIN inside a transaction begins nothing");
}

/* Of the script as a whole. */
void lint_tx_unclosed(LintVisit *visit)
{
    if (!visit->statement && visit->script->unclosed)
        lint_find(visit, 0, memory_string("-- leave BEGIN out, or add\nCOMMIT;"),
                  "the script ends inside the transaction that it began");
}

/* -- PL/pgSQL -- */

/* The text between the quotes of a DO block; "" for none. */
static const char *body_of(const Node *node)
{
    node_each(option, node_at(node, "args")) if (node_is(option, "defname", "as")) return node_text(
        option, "arg.String.sval");
    return "";
}

static bool is_plpgsql(const Node *node)
{
    node_each(option,
              node_at(node, "args")) if (node_is(option, "defname",
                                                 "language")) return node_is(option,
                                                                             "arg.String.sval",
                                                                             "plpgsql");
    return true;
}

/* Whether a token of the body begins a statement: it stands behind ; or a word that opens one. */
static bool begins_statement(const LintTokenArray *tokens, size_t at)
{
    static const char *const openers[] = {"begin", "then", "else", "loop", "declare"};
    if (at == 0)
        return true;
    const SqlToken *before = &tokens->items[at - 1];
    if (before->kind == WORD_PUNCTUATION)
        return before->text[0] == ';';
    for (size_t i = 0; i < ARRAY_LEN(openers); i++)
        if (before->folded && strcmp(before->text, openers[i]) == 0)
            return true;
    return false;
}

/* The first of these words that begins a statement of the body, or NULL. Static. */
static const char *statement_word(const char *body, const char *const *words, size_t count)
{
    LintTokenArray tokens = {0};
    const char *found = NULL;
    lint_scan(body, strlen(body), &tokens);
    for (size_t at = 0; !found && at < tokens.count; at++)
        for (size_t i = 0; i < count; i++)
            if (tokens.items[at].folded && strcmp(tokens.items[at].text, words[i]) == 0 &&
                begins_statement(&tokens, at))
                found = words[i];
    array_free(&tokens);
    return found;
}

void lint_do_commit(LintVisit *visit)
{
    static const char *const words[] = {"commit", "rollback"};
    if (!node_kind_is(visit->node, "DoStmt") || !is_plpgsql(visit->node))
        return;
    const char *word = statement_word(body_of(visit->node), words, ARRAY_LEN(words));
    if (word)
        lint_find(
            visit, 0,
            memory_string("-- leave it out; for what must commit in pieces, a migration of its "
                          "own with\n-- sealift: batch key=id"),
            "'%s' in a DO block fails in a transaction, and the applier runs each statement "
            "in one, with no-transaction too",
            word);
}

void lint_dynamic_sql(LintVisit *visit)
{
    static const char *const words[] = {"execute"};
    if (!node_kind_is(visit->node, "DoStmt") || !is_plpgsql(visit->node) ||
        !statement_word(body_of(visit->node), words, ARRAY_LEN(words)))
        return;
    lint_find(visit, 0, NULL,
              "what EXECUTE runs is not in the text: only the rehearsal sees its locks, rewrites "
              "and scans");
}

void lint_do_ddl(LintVisit *visit)
{
    static const char *const words[] = {"create", "alter", "drop", "truncate", "grant", "revoke"};
    if (!node_kind_is(visit->node, "DoStmt") || !is_plpgsql(visit->node))
        return;
    const char *word = statement_word(body_of(visit->node), words, ARRAY_LEN(words));
    if (word)
        lint_find(visit, 0,
                  memory_string("-- the statement by itself, where it need not depend on what it "
                                "finds"),
                  "'%s' in a DO block is not looked at here: only the rehearsal sees its locks, "
                  "rewrites and scans",
                  word);
}

/* -- settings -- */

/* The name of the setting that the statement changes, "" for another statement. */
static const char *setting_of(const LintVisit *visit)
{
    bool sets = node_kind_is(visit->node, "VariableSetStmt") &&
                !node_is(visit->node, "kind", "VAR_SET_MULTI");
    return sets ? node_text(visit->node, "name") : "";
}

static bool is_zero(const Node *value)
{
    const char *text = sql_string_of(value);
    return *text ? strspn(text, "0") == strspn(text, "0123456789")
                 : !node_int(value, "ival.ival", 0);
}

static void find_timeout(LintVisit *visit, const char *name, const char *directive,
                         int64_t directive_ms)
{
    if (!visit->statement) {
        if (directive_ms == 0)
            lint_find(visit, 0, memory_format("-- sealift: %s 5s", directive),
                      "the directive '%s 0' waits without end", directive);
        return;
    }
    if (strcmp(setting_of(visit), name) != 0)
        return;
    const Node *first = node_first(node_at(visit->node, "args"));
    bool endless = !first || is_zero(first->first);
    char *safe = memory_format("-- at the top, in place of this\n-- sealift: %s 5s", directive);
    if (endless)
        lint_find(visit, 0, safe, "this takes away the limit that the applier has set");
    else
        lint_find_as(visit, LINT_NOTE, 0, safe,
                     "this replaces the limit that the site has set for the applier");
}

void lint_lock_timeout_override(LintVisit *visit)
{
    find_timeout(visit, "lock_timeout", "lock-timeout", visit->script->directives.lock_timeout_ms);
}

/* No limit is what the applier has by itself: only a limit that is taken away from it counts. */
void lint_statement_timeout_override(LintVisit *visit)
{
    if (visit->statement)
        find_timeout(visit, "statement_timeout", "statement-timeout", -1);
}

void lint_session_setting(LintVisit *visit)
{
    static const char *const others[] = {"lock_timeout",          "statement_timeout",
                                         "search_path",           "role",
                                         "session_authorization", "transaction_isolation"};
    const char *name = setting_of(visit);
    if (!*name || node_true(visit->node, "is_local"))
        return;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (strcmp(name, others[i]) == 0)
            return;
    if (lint_recall(visit, LINT_FACT_SETTING, /* text= */ NULL, LINT_IN_SCRIPT))
        return; /* said once: pg_dump begins with a dozen */
    lint_find(visit, 0,
              memory_format("SET LOCAL %.*s;", (int)(visit->sql_size > 4 ? visit->sql_size - 4 : 0),
                            visit->sql + (visit->sql_size > 4 ? 4 : 0)),
              "'%s' is set for the session; the applier cleans the session after the migration",
              name);
}

void lint_session_search_path(LintVisit *visit)
{
    if (strcmp(setting_of(visit), "search_path") != 0 || node_true(visit->node, "is_local"))
        return;
    lint_find(visit, 0,
              memory_string("-- names with their schema; or, for this transaction alone\n"
                            "SET LOCAL search_path = …;"),
              "the search path is the project's ([database] search-path), and the same for all "
              "migrations");
}

void lint_session_role(LintVisit *visit)
{
    if (visit->statement && visit->statement->kind.changes_role)
        lint_find(visit, 0, memory_string("ALTER … OWNER TO …; -- for who shall own what is made"),
                  "the role is the site's to choose: this is not packed");
}

void lint_session_discard(LintVisit *visit)
{
    const StatementKind *kind = visit->statement ? &visit->statement->kind : NULL;
    if (kind && (kind->breaks_session || kind->changes_encoding || kind->forbids_writing))
        lint_find(visit, 0,
                  memory_string("-- leave it out: the applier cleans the session after every "
                                "migration"),
                  "this would break the applier's session: it is not packed");
}

void lint_session_listen(LintVisit *visit)
{
    if (node_kind_is(visit->node, "ListenStmt") || node_kind_is(visit->node, "UnlistenStmt"))
        lint_find(visit, 0, memory_string("-- leave it out: nobody listens in the applier"),
                  "the applier's session hears nothing and ends");
}

void lint_session_prepare(LintVisit *visit)
{
    if (node_kind_is(visit->node, "PrepareStmt"))
        lint_find(visit, 0, memory_string("-- the statement itself, where it is executed"),
                  "a prepared statement is gone where a run is resumed behind it");
}

void lint_session_temp(LintVisit *visit)
{
    const Node *relation = node_at(
        visit->node, node_kind_is(visit->node, "CreateTableAsStmt") ? "into.rel" : "relation");
    bool creates =
        node_kind_is(visit->node, "CreateStmt") || node_kind_is(visit->node, "CreateTableAsStmt");
    /* one transaction has it from beginning to end */
    if (!creates || !node_is(relation, "relpersistence", "t") ||
        visit->script->transaction_count <= 1)
        return;
    CLEANUP(memory_freep) char *table = lint_relation(relation);
    lint_find(visit, 0,
              memory_format("-- an ordinary table, dropped at the end: CREATE TABLE %s …", table),
              "the temporary table %s is gone where a run is resumed in a later transaction of "
              "this script",
              table);
}

/* -- the client's side -- */

void lint_psql_variable(LintVisit *visit)
{
    if (visit->node)
        return;
    array_each (const SqlToken, token, &visit->tokens) {
        if (token->kind != WORD_PUNCTUATION || token->text[0] != ':' || !token->text[1] ||
            strchr(":=", token->text[1]))
            continue;
        lint_find(visit, token->offset,
                  memory_string("-- the value itself, or a [value NAME] in sealift.conf"),
                  "'%s' refers to no value, and no psql runs this", token->text);
        return;
    }
}

void lint_copy_outside(LintVisit *visit)
{
    if (!visit->statement ||
        !(visit->statement->kind.copy_server_file || visit->statement->kind.copy_to_stdout))
        return;
    CLEANUP(memory_freep) char *table = lint_table(visit);
    lint_find(visit, 0,
              memory_format("COPY %s FROM STDIN; -- the data behind it; or, from a file beside the "
                            "script\n\\copy %s from 'file.csv' (format csv)",
                            table, table),
              "%s",
              visit->statement->kind.copy_to_stdout
                  ? "this copies to a client that is not there: it is not packed"
                  : "this uses a file or program of the server's machine: it is not packed");
}

/* -- beyond the database -- */

void lint_cluster_global(LintVisit *visit)
{
    static const char *const kinds[] = {
        "CreateRoleStmt",     "AlterRoleStmt",
        "DropRoleStmt",       "AlterRoleSetStmt",
        "CreatedbStmt",       "AlterDatabaseStmt",
        "AlterSystemStmt",    "CreateTableSpaceStmt",
        "DropTableSpaceStmt", "AlterTableSpaceOptionsStmt",
        "GrantRoleStmt",
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (node_kind_is(visit->node, kinds[i]))
            lint_find(visit, 0,
                      memory_string("-- tell the site to do it beforehand; the fingerprint of a "
                                    "database does not see it"),
                      "this changes the whole cluster, other databases too, and no rollback of "
                      "this database takes it back");
}
