#include "planner/downs/suggest_down.h"

#include <inttypes.h>

#include "migrations/script_directives.h"
#include "planner/downs/down_derive.h"

void down_draft_done(DownDraft *draft)
{
    array_each (DownStep, step, &draft->steps) {
        free(step->statement);
        free(step->sql);
        free(step->loses);
        free(step->guard);
        free(step->reason);
        free(step->index);
    }
    array_free(&draft->steps);
    free(draft->irreversible);
    free(draft->nothing_to_undo);
    *draft = (DownDraft){0};
}

int64_t down_draft_count(const DownDraft *draft, DownOutcome outcome)
{
    int64_t count = 0;
    array_each (const DownStep, step, &draft->steps)
        count += step->outcome == outcome;
    return count;
}

/* -- deriving -- */

static bool derive_statement(DownDeriving *deriving, SqlParser *parser, size_t statement_size_max,
                             Error *err)
{
    LintVisit *visit = &deriving->visit;
    CLEANUP(sql_parse_done) SqlParse parse = {0};
    CLEANUP(parse_tree_freep) ParseTree *tree = NULL;
    CLEANUP(error_done) Error refused = {0};
    const LintStatement *statement = visit->statement;
    visit->node = NULL;
    visit->sql = lint_statement_text(visit->script, statement);
    visit->sql_size = (size_t)statement->length;
    if (!sql_parser_parse(parser, visit->sql, visit->sql_size, &parse, err))
        return false;
    if (parse.outcome == SQL_PARSE_TREE &&
        parse_tree_read(parse.tree, parse.tree_size, &tree, &refused))
        visit->node = parse_tree_statement(tree);
    if (visit->sql_size <= statement_size_max)
        lint_scan(visit->sql, visit->sql_size, &visit->tokens);
    const DownMark before = down_mark(deriving);
    down_derive(deriving);
    down_refuse_masks(deriving, &before);
    array_free(&visit->tokens);
    return !deriving->failed;
}

static bool derive_script(const Project *project, const ProjectMigration *migration,
                          const LintScript *script, const BeforeState *before,
                          const SqlParserLimits *limits, DownDraft *draft, Error *err)
{
    CLEANUP(sql_parser_freep) SqlParser *parser = sql_parser_new(limits);
    CLEANUP(model_done) Model model;
    LintReport nowhere = {0};
    LintFactArray facts = {0};
    model_init(&model, project->config.search_path);
    DownDeriving deriving = {
        .visit = {.project = project,
                  .migration = migration,
                  .model = &model,
                  .script = script,
                  .facts = &facts,
                  .report = &nowhere},
        .before = before,
        .draft = draft,
        .err = err,
    };
    bool good = true;
    for (size_t i = 0; good && i < script->statements.count; i++) {
        deriving.visit.statement = &script->statements.items[i];
        deriving.visit.ordinal = (int64_t)i;
        good = derive_statement(&deriving, parser, limits->statement_size_max, err);
    }
    model_names_done(&deriving.made);
    model_names_done(&deriving.added);
    return good;
}

bool suggest_down(const Project *project, size_t number, const BeforeState *before,
                  const SqlParserLimits *limits, DownDraft *ret_draft, Error *err)
{
    const ProjectMigration *migration = &project->migrations.items[number];
    CLEANUP(memory_freep) char *path = project_script_path(project, migration, PROJECT_UP);
    CLEANUP(lint_script_done) LintScript script = {0};
    CLEANUP(down_draft_done) DownDraft draft = {0};
    const char *name = migration->scripts[PROJECT_UP];
    const ScriptFile file = project_script_file(project, migration, PROJECT_UP, path);
    if (!lint_script_read(&file, migration->no_transaction[PROJECT_UP], &script, err))
        return false;
    array_each (const LintProblem, problem, &script.problems)
        if (strcmp(problem->rule, LINT_PSQL_OUTPUT) != 0)
            return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": %s", name, problem->line,
                             problem->message);
    draft.irreversible = memory_string(script.directives.irreversible);
    draft.nothing_to_undo = memory_string(script.directives.nothing_to_undo);
    draft.no_transaction = script.directives.no_transaction;
    if (!derive_script(project, migration, &script, before, limits, &draft, err))
        return false;
    *ret_draft = draft;
    draft = (DownDraft){0};
    return true;
}

/* -- the file -- */

/* The words as a comment, each line behind dashes. */
static void add_comment(Text *out, const char *words)
{
    while (*words) {
        size_t length = strcspn(words, "\n");
        text_addf(out, "-- %.*s\n", (int)length, words);
        words += length + (words[length] == '\n');
    }
}

/* Switched off: a site that has worked with the new version has such rows, and rolls back in need.
 */
static void add_guard(const DownStep *step, Text *out)
{
    if (!step->guard)
        return;
    text_addf(out,
              "-- to refuse then, take the dashes away:\n"
              "-- DO $guard$ BEGIN\n"
              "--     IF EXISTS (%s) THEN\n"
              "--         RAISE EXCEPTION 'this rollback would lose data';\n"
              "--     END IF;\n"
              "-- END $guard$;\n",
              step->guard);
}

static void add_step(const DownStep *step, Text *out)
{
    CLEANUP(memory_freep)
    char *head = memory_format("up, line %" PRId64 ": %s", step->line, step->statement);
    text_add_char(out, '\n');
    add_comment(out, head);
    switch (step->outcome) {
    case DOWN_DERIVED:
        if (step->loses)
            text_addf(out, "-- loses: %s\n", step->loses);
        add_guard(step, out);
        text_addf(out, "%s\n", step->sql);
        return;
    case DOWN_NOTHING:
        text_addf(out, "-- nothing to do: %s\n", step->reason);
        return;
    case DOWN_REFUSED:
        text_addf(out, "-- not derived: %s\n", step->reason);
        return;
    }
}

void down_draft_text(const DownDraft *draft, const char *identity, Text *out)
{
    int64_t refused = down_draft_count(draft, DOWN_REFUSED);
    if (draft->no_transaction)
        text_add(out, "-- sealift: no-transaction\n");
    text_addf(
        out,
        "-- A draft that 'planner suggest-down' derived from the up script of %s.\n"
        "-- Nothing is proven: read it, complete it, and rehearse it before it is released.\n",
        identity);
    if (refused)
        text_addf(out, "-- Not derived: %" PRId64 " statement%s, marked below.\n", refused,
                  text_plural(refused));
    for (size_t i = draft->steps.count; i-- > 0;)
        add_step(&draft->steps.items[i], out);
}
