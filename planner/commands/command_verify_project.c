/* planner verify-project: everything that can be said about a project without a server, all at
 * once. */
#include "base/command_table.h"
#include "base/json_writer.h"
#include "planner/packing/project_check.h"
#include "planner/packing/project_digests.h"
#include "planner/planner_commands.h"

typedef struct VerifyProjectOptions {
    const char *project;
} VerifyProjectOptions;

static const Option options[] = {
    OPTION_STRING_ROW("project", VerifyProjectOptions, project, "DIR", "the project (default: .)"),
};

static void check_migrations(Project *project)
{
    array_each (const ProjectMigration, migration, &project->migrations) {
        size_t before = findings_error_count(&project->findings);
        project_check_migration(project, migration, &project->findings);
        /* a script that does not read has no digest */
        if (!migration->released || findings_error_count(&project->findings) > before)
            continue;
        CLEANUP(error_done) Error failure = {0};
        bool edited = false;
        if (project_is_edited(project, migration, &edited, &failure) && !edited)
            continue;
        if (edited)
            project_report_edited(project, migration, &failure);
        finding_add_error(&project->findings, &failure);
    }
}

static void render(const Project *project, size_t errors, size_t warnings, Text *out)
{
    project_findings_text(&project->findings, out);
    text_addf(out, "%s: %zu migrations (%s layout), %zu errors, %zu warnings\n",
              project->config.product, project->migrations.count, layout_name(project->layout),
              errors, warnings);
}

static void render_json(const Project *project, size_t errors, size_t warnings, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", project->config.product);
    json_string(&json, "layout", layout_name(project->layout));
    json_int(&json, "migrations", (int64_t)project->migrations.count);
    json_int(&json, "errors", (int64_t)errors);
    json_int(&json, "warnings", (int64_t)warnings);
    project_findings_json(&project->findings, &json);
    json_close(&json);
    json_end(&json);
}

static bool run(CommandContext *context, Error *err)
{
    const VerifyProjectOptions *given = context->options;
    CLEANUP(project_done) Project project = {0};
    if (!project_survey(given->project ? given->project : ".", &project, err))
        return false;
    check_migrations(&project);
    size_t errors = findings_error_count(&project.findings);
    size_t warnings = project.findings.count - errors;
    (context->json ? render_json : render)(&project, errors, warnings, context->out);
    if (errors)
        return error_set(err, ERROR_INPUT, "the project has %zu error%s", errors,
                         errors == 1 ? "" : "s");
    return true;
}

const Command command_verify_project = {
    .name = "verify-project",
    .synopsis = "[--project DIR]",
    .summary = "check the project: every script, name, number and released digest",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(VerifyProjectOptions),
    .run = run,
};
