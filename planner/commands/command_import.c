/* planner import: look at a migration folder of another tool, and convert it to our layout. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/command_table.h"
#include "base/file.h"
#include "base/file_tree.h"
#include "base/json_writer.h"
#include "base/uuid.h"
#include "migrations/project_files.h"
#include "planner/commands/files_render.h"
#include "planner/commands/new_project.h"
#include "planner/import/import_folders.h"
#include "planner/import/import_project.h"
#include "planner/packing/project_check.h"
#include "planner/planner_commands.h"

typedef struct ImportOptions {
    const char *into;
    const char *layout;
    const char *product;
    const char *version;
} ImportOptions;

static const Option options[] = {
    OPTION_STRING_ROW("into", ImportOptions, into, "NEW",
                      "write it as a project of our own layout (default: only say what is there)"),
    OPTION_CHOICE_ROW("layout", ImportOptions, layout, "auto|" LAYOUT_NAMES,
                      "how DIR is laid out (default: auto)"),
    OPTION_STRING_ROW(
        "product", ImportOptions, product, "NAME",
        "the new product's name (default: that of DIR's sealift.conf, or the folder's)"),
    OPTION_STRING_ROW("version", ImportOptions, version, "NAME",
                      "the version that migrations become which are in none"),
};

static void set_defaults(void *given)
{
    ((ImportOptions *)given)->layout = "auto";
}

/* What was found, and what it becomes. */
typedef struct Import {
    Project project;
    ProjectFileArray files;
    ImportedMigrationArray migrations; /* where nothing was refused */
    ImportFolderArray folders;         /* where it is guessed */
    const char *into;                  /* NULL: only looked at */
    const char *from;                  /* the folder as it was named */
    bool is_project;                   /* it has a sealift.conf */
    bool is_guessed;                   /* ours, because no file of the folder shows another layout:
                                        * it may be a folder too high */
} Import;

static void import_done(Import *import)
{
    project_files_done(&import->files);
    import_folders_done(&import->folders);
    imported_migrations_done(&import->migrations);
    project_done(&import->project);
}

/* A project's folder has sealift.conf; every other is the migration folder itself. */
static bool survey(Import *import, const ImportOptions *given, Error *err)
{
    const char *folder = import->from;
    CLEANUP(memory_freep) char *config = file_path(folder, PROJECT_CONFIG_NAME);
    import->is_project = file_exists(config);
    if (!import->is_project) {
        if (!project_survey_folder(folder, given->layout, &import->project, err))
            return false;
        import->is_guessed = strcmp(given->layout, "auto") == 0 && !import->project.layout_reason;
        return true;
    }
    if (strcmp(given->layout, "auto") != 0)
        return error_set(err, ERROR_USAGE,
                         "--layout: '%s' is a project, whose sealift.conf says its layout", folder);
    return project_survey(folder, &import->project, err);
}

static bool is_refused(const Import *import, const ProjectMigration *migration)
{
    array_each (const ProjectFile, file, &import->files)
        for (int which = 0; which < PROJECT_SCRIPT_COUNT; which++)
            if (file->fate == PROJECT_FILE_REFUSED && migration->scripts[which] &&
                strcmp(migration->scripts[which], file->path) == 0)
                return true;
    return false;
}

static void take_errors(FindingArray *from, FindingArray *to)
{
    array_each (Finding, finding, from)
        if (finding->severity == FINDING_ERROR)
            *array_add(to) =
                (Finding){FINDING_ERROR, TAKE_PTR(finding->message), TAKE_PTR(finding->hint)};
}

/* The files, and every script that cannot be carried over, not only the first: of one whose name or
 * marks are refused it is known. What only warns is for a project ('planner verify-project'). */
static bool list_files(Import *import, Error *err)
{
    Project *project = &import->project;
    FindingArray *findings = &project->findings;
    if (!project_files_list(project, &import->files, err))
        return false;
    size_t before = findings->count;
    array_each (const ProjectMigration, migration, &project->migrations) {
        CLEANUP(findings_done) FindingArray found = {0};
        if (is_refused(import, migration))
            continue;
        project_check_migration(project, migration, &found);
        take_errors(&found, findings);
    }
    if (findings->count == before)
        return true;
    project_files_done(&import->files);
    return project_files_list(project, &import->files, err);
}

/* A folder without any migration is no folder of migrations. */
static bool check_found(const Import *import, Error *err)
{
    size_t errors = findings_error_count(&import->project.findings);
    if (!import->is_guessed || import->project.migrations.count || errors)
        return true;
    error_set(err, ERROR_INPUT, "there is no migration of a known layout in '%s'", import->from);
    return import->folders.count
               ? error_hint(err, "name one of the folders in it")
               : error_hint(err, "name the folder that the scripts stand in; --layout psql takes "
                                 "any NAME.sql");
}

/* --- what it says ---------------------------------------------------------------------------- */

/* The folder's own name and, for people, where it stands; from the path as it was given, where that
 * ends in a name. */
static void cut_folder(const char *folder, char **ret_parent, char **ret_name)
{
    CLEANUP(memory_freep) char *absolute = realpath(folder, NULL);
    CLEANUP(memory_freep) char *given = memory_string(folder);
    for (size_t end = strlen(given); end > 1 && given[end - 1] == '/'; end--)
        given[end - 1] = '\0';
    const char *name = file_base_name(given);
    bool named = *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    const char *path = named || !absolute ? given : absolute;
    *ret_name = memory_string(file_base_name(path));
    *ret_parent = file_folder_of(path);
}

/* The command that makes a project of the folder above, for layouts to be read in place. */
static void render_init(const Import *import, Text *out)
{
    CLEANUP(memory_freep) char *parent = NULL;
    CLEANUP(memory_freep) char *name = NULL;
    cut_folder(import->from, &parent, &name);
    CLEANUP(memory_freep) char *root = text_shell_word(parent);
    CLEANUP(memory_freep) char *folder = text_shell_word(name);
    text_addf(out, "    planner init --layout %s --folder %s --product NAME %s\n",
              layout_name(import->project.layout), folder, root);
}

/* Commands that can be pasted where import was called. */
static void render_ways(const Import *import, Text *out)
{
    CLEANUP(memory_freep) char *from = text_shell_word(import->from);
    text_add(out, "nothing was written. To convert it into a new project:\n");
    if (import->is_project) {
        text_addf(out, "    planner import --into NEW %s\n", from);
        return;
    }
    text_addf(out,
              "    planner import --layout %s --into NEW %s\n"
              "To read it in place, in a project of the folder above it:\n",
              layout_name(import->project.layout), from);
    render_init(import, out);
}

/* Hints may speak of sealift.conf, which a folder alone does not have. */
static void render_missing_config(const Import *import, Text *out)
{
    bool spoken = false;
    array_each (const Finding, finding, &import->project.findings)
        spoken = spoken || (finding->hint && strstr(finding->hint, PROJECT_CONFIG_NAME));
    if (!spoken || import->is_project)
        return;
    text_add(out, PROJECT_CONFIG_NAME " is a project's; this makes one of the folder above:\n");
    render_init(import, out);
}

static void render_folders(const Import *import, Text *out)
{
    array_each (const ImportFolder, folder, &import->folders) {
        CLEANUP(memory_freep) char *path = file_path(import->from, folder->name);
        CLEANUP(memory_freep) char *word = text_shell_word(path);
        text_addf(out, "the folder '%s' in it is one of %s:\n    planner import %s\n", folder->name,
                  layout_name(folder->layout), word);
    }
}

static void render(const Import *import, Text *out)
{
    const Project *project = &import->project;
    const char *reason = import->is_guessed ? "no file shows another" : project->layout_reason;
    text_addf(out, "layout: %s%s%s\n", layout_name(project->layout), reason ? ", because " : "",
              reason ? reason : "");
    project_files_text(&import->files, LIST_UNSAID_FILES, out);
    text_addf(out, "migrations: %zu\n", project->migrations.count);
    array_each (const ImportedMigration, migration, &import->migrations)
        text_addf(out, "  %s  from %s%s\n", migration->path, migration->source->identity,
                  migration->nothing_to_undo        ? "  (nothing to undo)"
                  : migration->writes[PROJECT_DOWN] ? ""
                                                    : "  (no down)");
    project_findings_text(&project->findings, out);
    if (import->into) {
        CLEANUP(memory_freep) char *into = text_shell_word(import->into);
        text_addf(out,
                  "written to %s; nothing is released there:\n    planner status --project %s\n",
                  import->into, into);
    } else if (import->migrations.count) {
        render_ways(import, out);
    } else {
        render_missing_config(import, out);
    }
    render_folders(import, out);
}

static void migration_json(const Import *import, const ImportedMigration *migration,
                           JsonWriter *json)
{
    int64_t version = migration->source->version;
    json_object(json, /* name= */ NULL);
    json_string(json, "from", migration->source->identity);
    json_string(json, "identity", migration->identity);
    json_string(json, "path", migration->path);
    json_string(json, "version", version < 0 ? NULL : import->project.versions.items[version].name);
    json_array(json, "scripts");
    for (int which = 0; which < PROJECT_SCRIPT_COUNT; which++)
        if (migration->writes[which])
            json_string(json, /* name= */ NULL, project_script_name((ProjectScript)which));
    json_close(json);
    json_close(json);
}

static void render_json(const Import *import, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "layout", layout_name(import->project.layout));
    json_string(&json, "layout_reason", import->project.layout_reason);
    json_string(&json, "into", import->into);
    project_files_json(&import->files, &json);
    json_array(&json, "migrations");
    array_each (const ImportedMigration, migration, &import->migrations)
        migration_json(import, migration, &json);
    json_close(&json);
    project_findings_json(&import->project.findings, &json);
    json_array(&json, "folders");
    array_each (const ImportFolder, folder, &import->folders) {
        json_object(&json, /* name= */ NULL);
        json_string(&json, "name", folder->name);
        json_string(&json, "layout", layout_name(folder->layout));
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    json_end(&json);
}

/* --- the new project ------------------------------------------------------------------------- */

/* Everything is written beside its place, which it takes when it is whole. */
static bool write_files(const Import *import, const char *root, Error *err)
{
    CLEANUP(memory_freep) char *beside = file_path(root, ".migrations.import");
    CLEANUP(memory_freep) char *folder = file_path(root, "migrations");
    CLEANUP(error_done) Error ignored = {0};
    if (mkdir(beside, 0755) != 0) {
        error_set(err, ERROR_IO, "cannot make the folder '%s': %m", beside);
        return errno == EEXIST ? error_hint(err, "an earlier import ended there: remove it")
                               : false;
    }
    if (import_write(&import->project, &import->migrations, beside, err)) {
        if (rename(beside, folder) == 0)
            return true;
        error_set(err, ERROR_IO, "cannot rename '%s' to '%s': %m", beside, folder);
    }
    (void)!file_tree_remove(beside, &ignored);
    return false;
}

static void add_key(const char *key, const char *value, Text *out)
{
    if (value)
        text_addf(out, "%s = %s\n", key, value);
}

/* What declares the site parameters again; fixed values stand in the scripts now. */
static char *site_sections(const ProjectValueArray *values)
{
    Text out = {0};
    text_add(&out, "");
    array_each (const ProjectValue, value, values) {
        if (!value->site)
            continue;
        text_addf(&out, "\n[value %s]\nsite = true\ntype = %s\nas = %s\n", value->name,
                  value_type_name(value->type), value_form_name(value->form));
        add_key("default", value->fallback, &out);
        add_key("rehearse", value->rehearse, &out);
        add_key("pattern", value->pattern, &out);
        add_key("description", value->description, &out);
    }
    return text_take(&out);
}

static bool convert(const Import *import, const ImportOptions *given, Error *err)
{
    const ProjectConfig *config = &import->project.config;
    const char *root = given->into;
    CLEANUP(memory_freep) char *config_path = file_path(root, PROJECT_CONFIG_NAME);
    CLEANUP(memory_freep) char *folder = file_path(root, "migrations");
    CLEANUP(memory_freep) char *product = NULL;
    char uuid[UUID_TEXT_SIZE];
    uuid_make(uuid);
    if (file_exists(config_path) || file_exists(folder)) {
        error_set(err, ERROR_CONFIG, "'%s' is no new project: '%s' is there", root,
                  file_exists(config_path) ? config_path : folder);
        return error_hint(err, "--into names a folder that is not there yet, or an empty one");
    }
    const char *name = given->product ? given->product : *config->product ? config->product : NULL;
    if (!import_check_version(&import->project, given->version, err) ||
        !new_project_name(name, root, &product, err) || !file_make_folders(root, 0755, err) ||
        !write_files(import, root, err))
        return false;
    CLEANUP(memory_freep) char *sections = site_sections(&config->values);
    bool psql = import_syntax(&import->project) == SCRIPT_SYNTAX_PSQL;
    const NewProject project = {
        .root = root,
        .config = config,
        .placeholders = psql ? NULL : script_syntax_name(SCRIPT_SYNTAX_NONE),
        .sections = sections,
        .product = product,
        .product_uuid = *config->product_uuid ? config->product_uuid : uuid,
        .layout = layout_name(LAYOUT_SEALIFT),
        .folder = "migrations",
    };
    if (new_project_write(&project, err))
        return true;
    CLEANUP(error_done) Error ignored = {0};
    (void)!file_tree_remove(folder, &ignored);
    return false;
}

/* What of a project's settings does not come along, or means files that do not. */
static void note_settings(Project *project)
{
    const ProjectConfig *config = &project->config;
    CLEANUP(memory_freep) char *keyring = file_path(project->root, config->keyring);
    CLEANUP(memory_freep) char *from = file_path(project->root, PROJECT_CONFIG_NAME);
    if (!file_exists(from))
        return;
    if (strcmp(config->history_keep, "true") == 0)
        finding_add(&project->findings, FINDING_WARNING,
                    "read the layout in place instead, for as long as its tool looks at the table",
                    "[foreign-history] is not taken over: our own layout has no such table");
    if (file_exists(keyring))
        finding_add(&project->findings, FINDING_WARNING, "copy it to the new project",
                    "[bundle] keyring: the file '%s' is not taken over", config->keyring);
    if (*config->setup)
        finding_add(&project->findings, FINDING_WARNING, "copy it to the new project",
                    "[rehearsal] setup: '%s' is not taken over", config->setup);
    if (*config->seeds)
        finding_add(&project->findings, FINDING_WARNING,
                    "copy it, and rename its scripts to the new identities",
                    "[rehearsal] seeds: the folder '%s' is not taken over, and its scripts are "
                    "called after migrations that have other names now",
                    config->seeds);
}

/* A folder that holds nothing would not be kept by version control, and is none of ours. */
static void note_empty_versions(Project *project)
{
    array_each (const ProjectVersion, version, &project->versions)
        if (!version->migration_count)
            finding_add(&project->findings, FINDING_WARNING,
                        "'planner release --empty' releases it in its turn",
                        "version %s holds no migration, and has no folder in the new project",
                        version->name);
}

static bool run(CommandContext *context, Error *err)
{
    const ImportOptions *given = context->options;
    CLEANUP(import_done) Import import = {0};
    if (!given->into && (given->product || given->version))
        return error_set(err, ERROR_USAGE, "%s is for --into",
                         given->product ? "--product" : "--version");
    import.from = context->arguments.items[0];
    if (!survey(&import, given, err) || !list_files(&import, err) ||
        (import.is_guessed && !import_folders_find(import.from, &import.folders, err)))
        return false;
    bool found = check_found(&import, err);
    bool good = found && findings_error_count(&import.project.findings) == 0;
    if (good && (!import_plan(&import.project, given->version, &import.migrations, err) ||
                 (given->into && !convert(&import, given, err))))
        return false;
    import.into = good ? given->into : NULL;
    if (import.into) {
        note_settings(&import.project);
        note_empty_versions(&import.project);
    }
    (context->json ? render_json : render)(&import, context->out);
    return found && findings_check(&import.project.findings, /* project= */ NULL, err);
}

const Command command_import = {
    .name = "import",
    .synopsis = "[--into NEW] [--layout LAYOUT] [--product NAME] [--version NAME] DIR",
    .summary = "look at another tool's migration folder, and convert it to our layout",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(ImportOptions),
    .defaults = set_defaults,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
