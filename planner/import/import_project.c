#include "planner/import/import_project.h"

#include <inttypes.h>

#include "base/digest.h"
#include "base/file.h"
#include "migrations/project_names.h"
#include "planner/import/import_script.h"

#define SLUG_MAX 100 /* leaves room for number and endings in a file name of 255 bytes */

void imported_migrations_done(ImportedMigrationArray *migrations)
{
    array_each (ImportedMigration, migration, migrations) {
        free(migration->identity);
        free(migration->path);
    }
    array_free(migrations);
}

/* --- what it would be ------------------------------------------------------------------------ */

/* A down, verify or precheck without a statement is none, unless it says that there is nothing to
 * undo; an up without one keeps its place. */
static bool find_scripts(const Project *project, const ProjectMigration *source,
                         ImportedMigration *imported, Error *err)
{
    static const ScriptSink nowhere = {.forgets_statements = true};
    for (int which = 0; which < PROJECT_SCRIPT_COUNT; which++) {
        CLEANUP(script_done) Script script = {0};
        if (!source->scripts[which])
            continue;
        if (!project_script_read(project, source, (ProjectScript)which, &nowhere, &script, err))
            return false;
        imported->writes[which] = which == PROJECT_UP || script.statement_count ||
                                  (which == PROJECT_DOWN && script.directives.nothing_to_undo);
        imported->nothing_to_undo |= script.directives.nothing_to_undo != NULL;
    }
    return true;
}

/* "migration" where the title has no letter or digit. The caller frees. */
static char *slug_of(const char *title)
{
    CLEANUP(memory_freep) char *slug = project_slug(title);
    if (strlen(slug) > SLUG_MAX)
        slug[SLUG_MAX] = '\0';
    return *slug ? TAKE_PTR(slug) : memory_string("migration");
}

bool import_check_version(const Project *project, const char *version, Error *err)
{
    bool pending = false;
    array_each (const ProjectMigration, migration, &project->migrations)
        pending |= migration->version < 0;
    bool versions = project->versions.count > 0;
    if (version && !project_version_name_is_valid(version)) {
        error_set(err, ERROR_USAGE, "'%s' cannot be the name of a version", version);
        return error_hint(err, "a version name has " PROJECT_VERSION_GRAMMAR);
    }
    if (version && !pending)
        return error_set(err, ERROR_USAGE, "--version: every migration is in a version already");
    if (versions && pending && !version) {
        error_set(err, ERROR_USAGE, "some migrations are in a version and the last ones in none");
        return error_hint(err, "--version NAME names the version that those become");
    }
    return true;
}

bool import_plan(const Project *project, const char *version,
                 ImportedMigrationArray *ret_migrations, Error *err)
{
    CLEANUP(imported_migrations_done) ImportedMigrationArray migrations = {0};
    const char *rest = version ? version : project->versions.count ? "(no version)" : NULL;
    array_each (const ProjectMigration, source, &project->migrations) {
        ImportedMigration *imported = array_add(&migrations);
        CLEANUP(memory_freep) char *slug = slug_of(source->title);
        imported->source = source;
        imported->identity = memory_format("%04zu_%s", migrations.count, slug);
        const char *folder =
            source->version < 0 ? rest : project->versions.items[source->version].name;
        imported->path = folder ? memory_format("%s/%s", folder, imported->identity)
                                : memory_string(imported->identity);
        if (!find_scripts(project, source, imported, err))
            return false;
    }
    *ret_migrations = migrations;
    migrations = (ImportedMigrationArray){0};
    return true;
}

ScriptSyntax import_syntax(const Project *project)
{
    array_each (const ProjectValue, value, &project->config.values)
        if (value->site)
            return SCRIPT_SYNTAX_PSQL;
    return project_script_syntax(project) == SCRIPT_SYNTAX_PSQL ? SCRIPT_SYNTAX_PSQL
                                                                : SCRIPT_SYNTAX_NONE;
}

/* --- writing it ------------------------------------------------------------------------------ */

static char *file_of(const ImportedMigration *imported, ProjectScript which, const char *folder)
{
    return memory_format("%s/%s.%s.sql", folder, imported->path, project_script_name(which));
}

/* What a script's statements are, one after the other: their lengths, first words and data, and
 * where a site's text comes into them, in which form. Only the digest is kept: memory does not grow
 * with their number. */
static void add_statement(void *context, const Script *script, const ScriptStatement *statement)
{
    char words[256];
    int length =
        snprintf(words, sizeof(words), "%" PRId64 " %" PRId64 " %zu %s\n", statement->length,
                 statement->data, statement->reference_count, statement->summary);
    digest_update(context, words, (size_t)length);
    for (size_t i = 0; i < statement->reference_count; i++) {
        const ScriptReference *reference =
            &script->references.items[statement->first_reference + i];
        length = snprintf(words, sizeof(words), "%" PRId64 " %" PRId64 " %zu %d\n",
                          reference->offset - statement->offset, reference->length,
                          reference->value, (int)reference->form);
        digest_update(context, words, (size_t)length);
    }
}

/* What was written reads as what it came from. */
static bool check_written(const Project *project, const ImportedMigration *imported,
                          ProjectScript which, const char *path, Error *err)
{
    CLEANUP(script_done) Script source = {0};
    CLEANUP(script_done) Script written = {0};
    DigestStream digests[2];
    ScriptSink sinks[2];
    for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
        digest_begin(&digests[i]);
        sinks[i] = (ScriptSink){
            .statement = add_statement, .forgets_statements = true, .context = &digests[i]};
    }
    const ScriptFile file = {
        .path = path,
        .name = path,
        .settings = {.syntax = import_syntax(project), .values = &project->config.values},
    };
    if (!project_script_read(project, imported->source, which, &sinks[0], &source, err) ||
        !script_read(&file, &sinks[1], &written, err))
        return false;
    Digest of_source = digest_end(&digests[0]), of_written = digest_end(&digests[1]);
    if (source.data_count == written.data_count && digest_equal(&of_source, &of_written))
        return true;
    error_set(err, ERROR_INPUT,
              "%s: written as a script of its own it has other statements, "
              "or refers to other site parameters",
              imported->source->scripts[which]);
    return error_hint(err, "read the layout in place instead: [migrations] layout and folder in "
                           "sealift.conf");
}

static bool write_migration(const Project *project, const ImportedMigration *imported,
                            const char *folder, Error *err)
{
    for (int which = 0; which < PROJECT_SCRIPT_COUNT; which++) {
        if (!imported->writes[which])
            continue;
        CLEANUP(memory_freep) char *path = file_of(imported, (ProjectScript)which, folder);
        CLEANUP(memory_freep) char *parent = file_folder_of(path);
        if (!file_make_folders(parent, 0755, err) ||
            !import_script(project, imported->source, (ProjectScript)which, path, err) ||
            !check_written(project, imported, (ProjectScript)which, path, err))
            return false;
    }
    return true;
}

bool import_write(const Project *project, const ImportedMigrationArray *migrations,
                  const char *folder, Error *err)
{
    array_each (const ImportedMigration, imported, migrations)
        if (!write_migration(project, imported, folder, err))
            return false;
    return true;
}
