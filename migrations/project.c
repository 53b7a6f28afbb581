#include "migrations/project.h"
#include "migrations/foreign_history.h"

#include <sys/stat.h>

#include "base/file.h"
#include "migrations/code_replacement.h"
#include "migrations/layout.h"
#include "migrations/project_order.h"
#include "migrations/project_repeats.h"

void project_migration_done(ProjectMigration *migration)
{
    free(migration->identity);
    free(migration->title);
    free(migration->repeat);
    for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++) {
        free(migration->scripts[i]);
        array_free(&migration->ranges[i]);
    }
    *migration = (ProjectMigration){0};
}

void project_done(Project *project)
{
    free(project->root);
    free(project->layout_reason);
    project_config_done(&project->config);
    array_each (ProjectVersion, version, &project->versions) {
        free(version->name);
        free(version->min_compatible);
        free(version->history);
        array_each (SumSuperseded, superseded, &version->superseded)
            free(superseded->version);
        array_free(&version->superseded);
    }
    array_free(&project->versions);
    array_each (ProjectMigration, repeat, &project->repeats)
        project_migration_done(repeat);
    array_free(&project->repeats);
    array_each (char *, place, &project->places)
        free(*place);
    array_free(&project->places);
    free(project->history);
    sum_file_done(&project->sum);
    array_each (ProjectMigration, migration, &project->migrations)
        project_migration_done(migration);
    array_free(&project->migrations);
    findings_done(&project->findings);
    *project = (Project){0};
}

char *project_script_path(const Project *project, const ProjectMigration *migration,
                          ProjectScript script)
{
    const char *path = migration->scripts[script];
    return path ? file_path(project->root, path) : NULL;
}

ScriptSyntax project_script_syntax(const Project *project)
{
    ScriptSyntax syntax;
    return script_syntax_parse(project->config.placeholders, &syntax)
               ? syntax
               : layout_script_syntax(project->layout);
}

ScriptFile project_script_file(const Project *project, const ProjectMigration *migration,
                               ProjectScript which, const char *path)
{
    return (ScriptFile){
        .path = path,
        .name = migration->scripts[which],
        .ranges = &migration->ranges[which],
        .settings = {.syntax = migration->verbatim[which] ? SCRIPT_SYNTAX_NONE
                                                          : project_script_syntax(project),
                     .values = &project->config.values,
                     .root = project->root,
                     .folder = project->config.folder},
    };
}

bool project_script_read(const Project *project, const ProjectMigration *migration,
                         ProjectScript which, const ScriptSink *sink, Script *ret_script,
                         Error *err)
{
    CLEANUP(memory_freep) char *path = project_script_path(project, migration, which);
    const ScriptFile file = project_script_file(project, migration, which, path);
    return script_read(&file, sink, ret_script, err);
}

static bool check_folder(const Project *project, Error *err)
{
    /* of a folder that is looked at without a project nobody has said where it is but the caller */
    bool alone = strcmp(project->config.folder, ".") == 0;
    CLEANUP(memory_freep)
    char *path =
        alone ? memory_string(project->root) : file_path(project->root, project->config.folder);
    struct stat status;
    if ((alone ? stat : lstat)(path, &status) != 0) {
        error_set(err, ERROR_CONFIG, "cannot look into the migration folder '%s': %m", path);
        return !alone && error_hint(err, "[migrations] folder in " PROJECT_CONFIG_NAME " names it");
    }
    if (!S_ISDIR(status.st_mode))
        return error_set(err, ERROR_CONFIG, "the migration folder '%s' is not a folder", path);
    return true;
}

static bool add_alike(Project *project, const LayoutReading *reading, Error *err)
{
    CLEANUP(memory_freep) char *alike = NULL;
    CLEANUP(memory_freep) char *reason = TAKE_PTR(project->layout_reason);
    if (!layout_alike(project->layout, reading, &alike, err))
        return false;
    project->layout_reason = alike ? memory_format("%s; %s", reason, alike) : memory_string(reason);
    return true;
}

static bool read_layout(Project *project, LayoutReading *reading, Error *err)
{
    if (*project->config.main) {
        project->layout = LAYOUT_PSQL;
        return layout_read(project->layout, reading, err);
    }
    if (layout_parse(project->config.layout, &project->layout))
        return layout_read(project->layout, reading, err);
    if (!layout_detect(project->root, project->config.folder, &project->layout,
                       &project->layout_reason, err) ||
        !layout_read(project->layout, reading, err))
        return false;
    return !project->layout_reason || add_alike(project, reading, err);
}

/* The migrations of a project whose configuration and releases are known. */
static bool read_migrations(Project *project, Error *err)
{
    CLEANUP(layout_reading_done)
    LayoutReading reading = {.root = project->root, .findings = &project->findings};
    reading.folder = project->config.folder;
    reading.main = project->config.main;
    reading.search_path = project->config.search_path;
    reading.values = &project->config.values;
    reading.liquibase.contexts = project->config.liquibase_contexts;
    reading.liquibase.labels = project->config.liquibase_labels;
    reading.liquibase_folder = project->config.liquibase_folder;
    if (strcmp(project->config.history_keep, "true") == 0)
        reading.liquibase_version = project->config.liquibase_version;
    reading.verbatim = strcmp(project->config.placeholders, "none") == 0;
    if (!read_layout(project, &reading, err) ||
        !project_repeats_add(&reading, project->layout, &project->sum, err))
        return false;
    project->flat = reading.flat;
    project->repeats = reading.repeats;
    reading.repeats = (ProjectMigrationArray){0};
    array_each (char *, place, &reading.places)
        *array_add(&project->places) = TAKE_PTR(*place);
    project_order(project, &reading, &project->sum);
    return code_replacement_check(project, err) && foreign_history_resolve(project, err);
}

bool project_survey(const char *root, Project *ret_project, Error *err)
{
    CLEANUP(project_done) Project project = {.root = memory_string(root)};
    CLEANUP(memory_freep) char *sum_path = file_path(root, PROJECT_SUM_NAME);
    if (!project_config_read(root, &project.config, err) || !check_folder(&project, err) ||
        !sum_file_read(sum_path, &project.sum, err) || !read_migrations(&project, err))
        return false;
    *ret_project = project;
    project = (Project){0};
    return true;
}

bool project_survey_folder(const char *folder, const char *layout, Project *ret_project, Error *err)
{
    CLEANUP(project_done) Project project = {.root = memory_string(folder)};
    project_config_defaults(&project.config);
    free(project.config.folder);
    free(project.config.layout);
    project.config.folder = memory_string(".");
    project.config.layout = memory_string(layout);
    if (!check_folder(&project, err) || !read_migrations(&project, err))
        return false;
    *ret_project = project;
    project = (Project){0};
    return true;
}

bool project_read(const char *root, Project *ret_project, Error *err)
{
    CLEANUP(project_done) Project project = {0};
    if (!project_survey(root, &project, err) || !findings_check(&project.findings, root, err))
        return false;
    *ret_project = project;
    project = (Project){0};
    return true;
}
