/* planner explain: how one migration is read: statements, groups, directives, with line numbers. */
#include "base/command_table.h"
#include "planner/explain/explanation.h"
#include "planner/planner_commands.h"

typedef struct ExplainOptions {
    const char *project;
} ExplainOptions;

static const Option options[] = {
    OPTION_STRING_ROW("project", ExplainOptions, project, "DIR", "the project (default: .)"),
};

static void render_json(const Explanation *explanation, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    explanation_json(explanation, &json);
    json_close(&json);
    json_end(&json);
}

static bool run(CommandContext *context, Error *err)
{
    const ExplainOptions *given = context->options;
    const ProjectMigration *migration = NULL;
    CLEANUP(project_done) Project project = {0};
    CLEANUP(explanation_done) Explanation explanation = {0};
    if (!project_survey(given->project ? given->project : ".", &project, err) ||
        !explanation_find(&project, context->arguments.items[0], &migration, err))
        return false;
    explanation_make(&project, migration, &explanation);
    (context->json ? render_json : explanation_text)(&explanation, context->out);
    return findings_check(&explanation.findings, /* project= */ NULL, err);
}

const Command command_explain = {
    .name = "explain",
    .synopsis = "MIGRATION [--project DIR]",
    .summary = "show how a migration is read: statements, groups, directives, by line",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(ExplainOptions),
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
