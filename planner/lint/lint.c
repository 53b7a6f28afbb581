#include "planner/lint/lint.h"

#include "migrations/script_directives.h"
#include "planner/lint/lint_correct.h"
#include "planner/lint/lint_facts.h"
#include "planner/lint/lint_visit.h"
#include "planner/schema/sql_names.h"

/* An acknowledgement, and whether a finding has met it. */
typedef struct Acknowledgement {
    char *identity, *file, *rule, *reason; /* owned */
    int64_t line;
    bool up; /* of the up script, which lint looks at */
    bool met;
} Acknowledgement;

typedef struct Run {
    const Project *project;
    const LintOptions *options;
    SqlParser *parser;
    Model model;
    int64_t transaction_count; /* of all scripts before */
    LintReport *report;
    ARRAY_OF(Acknowledgement) acknowledgements;
    /* of the version under way the first migration that is not of phase before; NULL: none yet */
    const ProjectMigration *other_phase;
} Run;

void lint_report_done(LintReport *report)
{
    array_each (LintFinding, finding, &report->findings)
        lint_finding_done(finding);
    array_free(&report->findings);
    *report = (LintReport){0};
}

int64_t lint_report_count(const LintReport *report, LintSeverity severity)
{
    int64_t count = 0;
    array_each (const LintFinding, finding, &report->findings)
        count += finding->severity == severity && !finding->reason;
    return count;
}

int64_t lint_report_acknowledged(const LintReport *report)
{
    int64_t count = 0;
    array_each (const LintFinding, finding, &report->findings)
        count += finding->reason != NULL;
    return count;
}

/* A finding at a line of a file rather than at a statement. */
static void find_at_line(LintReport *report, const char *rule, const char *identity,
                         const char *file, int64_t line, const char *source, const char *hint,
                         const char *message)
{
    const LintRule *found = lint_rule(rule);
    *array_add(&report->findings) = (LintFinding){
        .rule = found,
        .severity = found->severity,
        .identity = memory_string(identity),
        .file = memory_string(file),
        .line = line,
        .column = 1,
        .source = memory_string(source),
        .statement = -1,
        .message = memory_string(message),
        .safe = hint ? memory_format("-- %s", hint) : NULL,
    };
}

/* -- one statement -- */

/* What the grammar made of the statement; NULL where it made nothing. */
static bool parse_statement(Run *run, LintVisit *visit, bool selected, ParseTree **ret_tree,
                            Error *err)
{
    CLEANUP(sql_parse_done) SqlParse parse = {0};
    CLEANUP(error_done) Error refused = {0};
    if (!sql_parser_parse(run->parser, visit->sql, visit->sql_size, &parse, err))
        return false;
    if (parse.outcome == SQL_PARSE_TREE &&
        parse_tree_read(parse.tree, parse.tree_size, ret_tree, &refused)) {
        visit->node = parse_tree_statement(*ret_tree);
        return true;
    }
    /* what psql alone resolves has a rule of its own */
    size_t before = run->report->findings.count;
    if (selected) {
        visit->rule = lint_rule("psql-variable");
        lint_psql_variable(visit);
    }
    if (!selected || run->report->findings.count > before)
        return true;
    /* a grammar as old as the newest server knows all that the server does */
    bool known =
        parse.outcome == SQL_PARSE_REFUSED && strcmp(run->project->config.server_max, "15") <= 0;
    visit->rule = lint_rule("unparsed");
    lint_find_as(visit, known ? LINT_ERROR : LINT_WARNING, parse.offset, NULL,
                 "no rule looked at this statement: %s",
                 parse.message ? parse.message : refused.message);
    return true;
}

static void check_statement(LintVisit *visit)
{
    for (size_t i = 0; i < lint_rule_count; i++) {
        visit->rule = &lint_rules[i];
        if (visit->rule->check && visit->rule->check != lint_psql_variable)
            visit->rule->check(visit);
    }
}

static bool correct(Run *run, LintVisit *visit, size_t first, Error *err)
{
    const LintMeasured *measured = run->options->measured;
    CLEANUP(lint_measurement_done) LintMeasurement measurement = {0};
    const LintMeasuredPlace place = {
        .identity = visit->migration->identity,
        .script = project_script_name(PROJECT_UP),
        .ordinal = visit->ordinal,
        .line = visit->statement->line,
        .sql = visit->sql,
        .sql_size = visit->sql_size,
    };
    if (!measured)
        return true;
    if (!measured->find(measured->context, &place, &measurement, err))
        return false;
    lint_correct(visit, first, &measurement);
    return true;
}

/* SET search_path sends the names behind it elsewhere, to the end of the script. */
static void follow_search_path(Run *run, const Node *node)
{
    const Node *first = node_first(node_at(node, "args"));
    if (!node_kind_is(node, "VariableSetStmt") || !node_is(node, "name", "search_path") || !first)
        return;
    free(run->model.schema);
    run->model.schema = memory_string(sql_string_of(first->first));
}

static bool visit_statement(Run *run, LintVisit *visit, bool selected, Error *err)
{
    CLEANUP(parse_tree_freep) ParseTree *tree = NULL;
    const LintStatement *statement = visit->statement;
    size_t first = run->report->findings.count;
    visit->place.transaction = run->transaction_count + statement->transaction;
    visit->node = NULL;
    visit->sql = lint_statement_text(visit->script, statement);
    visit->sql_size = (size_t)statement->length;
    if (selected && visit->sql_size <= run->options->limits->statement_size_max)
        lint_scan(visit->sql, visit->sql_size, &visit->tokens);
    bool good = parse_statement(run, visit, selected, &tree, err);
    if (good && selected) {
        check_statement(visit);
        good = correct(run, visit, first, err);
        if (good)
            lint_note_facts(visit);
    }
    array_free(&visit->tokens);
    if (good && visit->node) {
        model_apply(&run->model, &visit->place, visit->node);
        follow_search_path(run, visit->node);
    }
    return good;
}

/* -- one migration -- */

static void add_acknowledgements(Run *run, const ProjectMigration *migration, const char *file,
                                 const ScriptDirectives *directives, bool up)
{
    array_each (const ScriptAck, ack, &directives->acks)
        *array_add(&run->acknowledgements) = (Acknowledgement){
            .identity = memory_string(migration->identity),
            .file = memory_string(file),
            .rule = memory_string(ack->rule),
            .reason = memory_string(ack->reason),
            .line = ack->line,
            .up = up,
        };
}

static void find_problems(Run *run, const ProjectMigration *migration, const LintScript *script)
{
    array_each (const LintProblem, problem, &script->problems) {
        const char *at = script->text;
        for (int64_t line = 1; line < problem->line && at; line++) {
            at = strchr(at, '\n');
            at += at != NULL;
        }
        CLEANUP(memory_freep)
        char *source = at ? memory_string_n(at, strcspn(at, "\n")) : NULL;
        find_at_line(run->report, problem->rule, migration->identity, script->name, problem->line,
                     source, problem->hint, problem->message);
    }
}

static bool visit_script(Run *run, const ProjectMigration *migration, const LintScript *script,
                         size_t number, bool selected, Error *err)
{
    LintFactArray facts = {0};
    LintVisit visit = {
        .project = run->project,
        .migration = migration,
        .model = &run->model,
        .place = {.migration = (int64_t)number + 1, .version = migration->version},
        .script = script,
        .facts = &facts,
        .report = run->report,
    };
    bool good = true;
    if (selected)
        find_problems(run, migration, script);
    CLEANUP(memory_freep) char *schema = memory_string(run->model.schema);
    for (size_t i = 0; good && i < script->statements.count; i++) {
        visit.statement = &script->statements.items[i];
        visit.ordinal = (int64_t)i;
        good = visit_statement(run, &visit, selected, err);
    }
    visit.statement = NULL;
    visit.node = NULL;
    visit.sql_size = 0;
    if (good && selected)
        check_statement(&visit);
    lint_facts_done(&facts);
    /* the next script begins with the project's search path again */
    free(run->model.schema);
    run->model.schema = TAKE_PTR(schema);
    run->transaction_count += script->transaction_count;
    return good;
}

/* A migration of phase before runs early only where nothing of another phase stands in front of it
 * in its version. */
static void follow_phase(Run *run, const ProjectMigration *migration, const LintScript *script,
                         bool selected)
{
    const ProjectMigration *other = run->other_phase;
    bool before = script->directives.phase && strcmp(script->directives.phase, "before") == 0;
    if (other && other->version != migration->version)
        other = run->other_phase = NULL;
    if (!before && !other)
        run->other_phase = migration;
    if (!before || !other || !selected)
        return;
    CLEANUP(memory_freep)
    char *message = memory_format("it is of phase before, and stands behind '%s', which is not: "
                                  "'applier apply --phase before' will not reach it",
                                  other->identity);
    find_at_line(run->report, "phase-before-late", migration->identity, script->name, 1, NULL,
                 "put it in front of that one, or take the directive out", message);
}

static bool visit_migration(Run *run, size_t number, Error *err)
{
    const ProjectMigration *migration = &run->project->migrations.items[number];
    bool selected = run->options->selected[number];
    CLEANUP(memory_freep) char *path = project_script_path(run->project, migration, PROJECT_UP);
    CLEANUP(lint_script_done) LintScript script = {0};
    CLEANUP(error_done) Error failure = {0};
    const char *name = migration->scripts[PROJECT_UP];
    run->report->migration_count += selected;
    const ScriptFile file = project_script_file(run->project, migration, PROJECT_UP, path);
    if (!lint_script_read(&file, migration->no_transaction[PROJECT_UP], &script, &failure)) {
        if (selected)
            find_at_line(run->report, "malformed-script", migration->identity, name, 1, NULL,
                         failure.hint, failure.message);
        return true;
    }
    follow_phase(run, migration, &script, selected);
    run->report->statement_count += selected ? (int64_t)script.statements.count : 0;
    if (selected)
        add_acknowledgements(run, migration, name, &script.directives, /* up= */ true);
    return visit_script(run, migration, &script, number, selected, err);
}

/* The acknowledgements of the other scripts, which the rehearsal reads; here only their names are
 * looked at. What else is wrong with them is verify-project's to say. */
static void read_other_acknowledgements(Run *run, size_t number)
{
    const ProjectMigration *migration = &run->project->migrations.items[number];
    for (int which = PROJECT_DOWN; which < PROJECT_SCRIPT_COUNT; which++) {
        CLEANUP(memory_freep)
        char *path = project_script_path(run->project, migration, (ProjectScript)which);
        CLEANUP(lint_script_done) LintScript script = {0};
        CLEANUP(error_done) Error failure = {0};
        const char *name = migration->scripts[which];
        const ScriptFile file =
            project_script_file(run->project, migration, (ProjectScript)which, path);
        if (path && lint_script_read(&file, /* no_transaction= */ false, &script, &failure))
            add_acknowledgements(run, migration, name, &script.directives, /* up= */ false);
    }
}

/* -- in the end -- */

/* A foreign key's index may come in a later statement or migration. */
static bool is_settled(const Run *run, const LintFinding *finding)
{
    if (!finding->index_table)
        return false;
    const ModelTable *table = model_table(&run->model, finding->index_schema, finding->index_table);
    const ModelConstraint *key = model_constraint(table, finding->index_constraint);
    return !key || model_has_index_on(table, &key->columns);
}

static void drop_settled(Run *run)
{
    LintFindingArray *findings = &run->report->findings;
    size_t kept = 0;
    array_each (LintFinding, finding, findings) {
        if (is_settled(run, finding))
            lint_finding_done(finding);
        else
            findings->items[kept++] = *finding;
    }
    findings->count = kept;
}

static bool judges(const Acknowledgement *ack, const LintFinding *finding)
{
    return ack->up && strcmp(ack->rule, finding->rule->id) == 0 &&
           strcmp(ack->identity, finding->identity) == 0;
}

static void mark_acknowledged(Run *run)
{
    array_each (LintFinding, finding, &run->report->findings)
        array_each (Acknowledgement, ack, &run->acknowledgements)
            if (judges(ack, finding)) {
                ack->met = true;
                free(finding->reason);
                finding->reason = memory_string(ack->reason);
            }
}

static void judge_acknowledgement(Run *run, const Acknowledgement *ack)
{
    CLEANUP(memory_freep)
    char *source = memory_format("-- sealift: ack %s %s", ack->rule, ack->reason);
    CLEANUP(memory_freep) char *message = NULL, *hint = NULL;
    if (lint_is_rollback_rule(ack->rule) || ack->met)
        return;
    if (lint_rule(ack->rule)) {
        message = ack->up ? memory_format("'%s' is acknowledged, but does not happen", ack->rule)
                          : memory_format("'%s' is acknowledged, but lint looks at up scripts "
                                          "alone",
                                          ack->rule);
        find_at_line(run->report, "stale-ack", ack->identity, ack->file, ack->line, source,
                     "take the line out", message);
        return;
    }
    const char *nearest = lint_rule_nearest(ack->rule);
    message = memory_format("there is no rule '%s'", ack->rule);
    hint = nearest ? memory_format("did you mean '%s'?", nearest)
                   : memory_string("'planner lint --explain' lists them");
    find_at_line(run->report, "unknown-ack", ack->identity, ack->file, ack->line, source, hint,
                 message);
}

static int compare_places(const void *a, const void *b)
{
    const LintFinding *one = a, *other = b;
    int files = strcmp(one->file, other->file);
    if (files)
        return files;
    if (one->line != other->line)
        return one->line < other->line ? -1 : 1;
    if (one->column != other->column)
        return one->column < other->column ? -1 : 1;
    return strcmp(one->rule->id, other->rule->id);
}

/* By migration, then by place: the findings of a migration stand together. */
static void sort_findings(Run *run)
{
    LintFindingArray *findings = &run->report->findings;
    LintFindingArray sorted = {0};
    array_each (const ProjectMigration, migration, &run->project->migrations) {
        size_t first = sorted.count;
        array_each (const LintFinding, finding, findings)
            if (strcmp(finding->identity, migration->identity) == 0)
                *array_add(&sorted) = *finding;
        if (sorted.count > first)
            qsort(sorted.items + first, sorted.count - first, sizeof(*sorted.items),
                  compare_places);
    }
    array_free(findings);
    *findings = sorted;
}

static void finish(Run *run)
{
    drop_settled(run);
    mark_acknowledged(run);
    array_each (const Acknowledgement, ack, &run->acknowledgements)
        judge_acknowledgement(run, ack);
    sort_findings(run);
}

static void run_done(Run *run)
{
    sql_parser_free(run->parser);
    model_done(&run->model);
    array_each (Acknowledgement, ack, &run->acknowledgements) {
        free(ack->identity);
        free(ack->file);
        free(ack->rule);
        free(ack->reason);
    }
    array_free(&run->acknowledgements);
}

bool lint_run(const Project *project, const LintOptions *options, LintReport *ret_report,
              Error *err)
{
    LintReport report = {0};
    Run run = {.project = project,
               .options = options,
               .parser = sql_parser_new(options->limits),
               .report = &report};
    model_init(&run.model, project->config.search_path);
    bool good = true;
    for (size_t i = 0; good && i < project->migrations.count; i++) {
        good = visit_migration(&run, i, err);
        if (good && options->selected[i])
            read_other_acknowledgements(&run, i);
    }
    if (good)
        finish(&run);
    run_done(&run);
    if (!good) {
        lint_report_done(&report);
        return false;
    }
    *ret_report = report;
    return true;
}
