/* planner lint: what the text of migrations suggests, by rule, corrected by measurements. */
#include <inttypes.h>

#include "base/command_table.h"
#include "planner/catalog/catalog_answers.h"
#include "planner/lint/lint_report.h"
#include "planner/lint/lint_rules.h"
#include "planner/planner_commands.h"

typedef struct LintCommandOptions {
    const char *project;
    bool all;
    const char *format;
    bool strict;
    const char *explain;
} LintCommandOptions;

static const Option options[] = {
    OPTION_STRING_ROW("project", LintCommandOptions, project, "DIR", "the project (default: .)"),
    OPTION_FLAG_ROW("all", LintCommandOptions, all, "look at released migrations, too"),
    OPTION_CHOICE_ROW("format", LintCommandOptions, format, "text|json|sarif",
                      "how to print the findings"),
    OPTION_FLAG_ROW("strict", LintCommandOptions, strict, "fail on warnings, too"),
    OPTION_BARE_ROW("explain", LintCommandOptions, explain, "[RULE]",
                    "explain a rule; without one, list them all"),
};

/* -- --explain -- */

static void rule_json(const LintRule *rule, JsonWriter *json)
{
    json_object(json, /* name= */ NULL);
    json_string(json, "rule", rule->id);
    json_int(json, "row", rule->row);
    json_string(json, "severity", lint_severity_name(rule->severity));
    json_string(json, "why", rule->why);
    json_string(json, "effect", rule->effect);
    json_string(json, "safe", rule->safe);
    json_string(json, "versions", rule->versions);
    json_close(json);
}

static void rules_json(const LintRule *rule, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_array(&json, "rules");
    for (size_t i = 0; i < lint_rule_count; i++)
        if (!rule || rule == &lint_rules[i])
            rule_json(&lint_rules[i], &json);
    json_close(&json);
    json_close(&json);
    json_end(&json);
}

static bool explain(const char *id, bool json, Text *out, Error *err)
{
    const LintRule *rule = *id ? lint_rule(id) : NULL;
    if (*id && !rule) {
        const char *nearest = lint_rule_nearest(id);
        error_set(err, ERROR_USAGE, "there is no rule '%s'", id);
        return nearest ? error_hint(err, "did you mean '%s'?", nearest)
                       : error_hint(err, "'planner lint --explain' lists them");
    }
    if (json)
        rules_json(rule, out);
    else if (rule)
        lint_rule_explain(rule, out);
    else
        lint_rules_list(out);
    return true;
}

/* -- the migrations meant -- */

static bool unknown_migration(const Project *project, const char *word, Error *err)
{
    CLEANUP(memory_freep)
    const char **names = memory_zeroed(project->migrations.count + 1, sizeof(*names));
    for (size_t i = 0; i < project->migrations.count; i++)
        names[i] = project->migrations.items[i].identity;
    const char *nearest = option_nearest(word, names, project->migrations.count);
    error_set(err, ERROR_USAGE, "there is no migration '%s'", word);
    return nearest ? error_hint(err, "did you mean '%s'?", nearest)
                   : error_hint(err, "'planner status' lists them");
}

/* By identity, or by the path of the up script as the findings say it. */
static bool select_named(const Project *project, const char *word, bool *selected, Error *err)
{
    for (size_t i = 0; i < project->migrations.count; i++) {
        const ProjectMigration *migration = &project->migrations.items[i];
        if (strcmp(migration->identity, word) != 0 &&
            strcmp(migration->scripts[PROJECT_UP], word) != 0)
            continue;
        selected[i] = true;
        return true;
    }
    return unknown_migration(project, word, err);
}

static bool select_migrations(const Project *project, const LintCommandOptions *given,
                              const StringArray *names, bool *selected, Error *err)
{
    array_each (const char *const, name, names)
        if (!select_named(project, *name, selected, err))
            return false;
    for (size_t i = 0; !names->count && i < project->migrations.count; i++)
        selected[i] = given->all || !project->migrations.items[i].released;
    return true;
}

/* What would be passed over is said. */
static bool check_options(const LintCommandOptions *given, const StringArray *names,
                          const char *format, Error *err)
{
    const char *idle = given->all                     ? "--all"
                       : given->strict                ? "--strict"
                       : strcmp(format, "sarif") == 0 ? "--format sarif"
                       : names->count                 ? names->items[0]
                                                      : NULL;
    if (given->explain && idle)
        return error_set(err, ERROR_USAGE,
                         "--explain explains rules and looks at no migration: '%s' does not go "
                         "with it",
                         idle);
    if (given->all && names->count)
        return error_set(err, ERROR_USAGE,
                         "--all looks at every migration, '%s' names one: give one of them",
                         names->items[0]);
    return true;
}

/* -- the result -- */

static void render(const Project *project, const LintReport *report, const char *format, Text *out)
{
    if (strcmp(format, "json") == 0)
        lint_report_json(project, report, out);
    else if (strcmp(format, "sarif") == 0)
        lint_report_sarif(report, out);
    else
        lint_report_text(report, out);
}

static bool judge(const LintReport *report, bool strict, Error *err)
{
    int64_t errors = lint_report_count(report, LINT_ERROR);
    int64_t warnings = lint_report_count(report, LINT_WARNING);
    if (!errors && !(strict && warnings))
        return true;
    if (strict)
        error_set(err, ERROR_INPUT,
                  "lint found %" PRId64 " error%s and %" PRId64 " warning%s that nobody has "
                  "acknowledged",
                  errors, text_plural(errors), warnings, text_plural(warnings));
    else
        error_set(err, ERROR_INPUT, "lint found %" PRId64 " error%s that nobody has acknowledged",
                  errors, text_plural(errors));
    return error_hint(err, "what is meant is said at the top of the script: "
                           "-- sealift: ack RULE WHY");
}

static bool run(CommandContext *context, Error *err)
{
    const LintCommandOptions *given = context->options;
    const char *format = given->format ? given->format : context->json ? "json" : "text";
    CLEANUP(project_done) Project project = {0};
    CLEANUP(lint_report_done) LintReport report = {0};
    if (context->json && strcmp(format, "json") != 0)
        return error_set(err, ERROR_USAGE, "'--json' and '--format %s' exclude each other", format);
    if (!check_options(given, &context->arguments, format, err))
        return false;
    if (given->explain)
        return explain(given->explain, strcmp(format, "json") == 0, context->out, err);
    if (!project_read(given->project ? given->project : ".", &project, err))
        return false;
    CLEANUP(memory_freep) bool *selected = memory_zeroed(project.migrations.count + 1, 1);
    CLEANUP(catalog_answers_done) CatalogAnswers answers = {0};
    if (!catalog_answers_open(project.root, &answers, err))
        return false;
    const LintMeasured measured = catalog_answers_measured(&answers);
    const LintOptions lint = {
        .selected = selected, .measured = &measured, .limits = &sql_parser_limits};
    if (!select_migrations(&project, given, &context->arguments, selected, err) ||
        !lint_run(&project, &lint, &report, err))
        return false;
    render(&project, &report, format, context->out);
    return judge(&report, given->strict, err);
}

const Command command_lint = {
    .name = "lint",
    .synopsis = "[MIGRATION…] [--project DIR] [--all] [--format text|json|sarif] [--strict] "
                "[--explain [RULE]]",
    .summary = "say what in pending migrations would fail, lose data or make others wait",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(LintCommandOptions),
    .most_arguments = -1,
    .run = run,
};
