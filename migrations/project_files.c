#include "migrations/project_files.h"

#include "base/file.h"
#include "base/text.h"
#include "migrations/code_replacement.h"
#include "migrations/finding_index.h"
#include "migrations/layout.h"
#include "migrations/project_notes.h"
#include "migrations/project_repeats.h"

const char *project_file_fate_name(ProjectFileFate fate)
{
    static const char *const names[] = {"read", "ignored", "refused"};
    return names[fate];
}

void project_files_done(ProjectFileArray *files)
{
    array_each (ProjectFile, file, files) {
        free(file->path);
        free(file->reason);
    }
    array_free(files);
}

size_t project_files_count(const ProjectFileArray *files, ProjectFileFate fate)
{
    size_t count = 0;
    array_each (const ProjectFile, file, files)
        count += file->fate == fate ? file->count : 0;
    return count;
}

static bool is_script(const Project *project, const char *path)
{
    array_each (const ProjectMigration, migration, &project->migrations)
        for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++)
            if (migration->scripts[i] && strcmp(migration->scripts[i], path) == 0)
                return true;
    array_each (const ProjectMigration, repeat, &project->repeats)
        for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++)
            if (repeat->scripts[i] && strcmp(repeat->scripts[i], path) == 0)
                return true;
    return false;
}

static bool is_place(const Project *project, const char *path)
{
    array_each (char *const, place, &project->places)
        if (strcmp(*place, path) == 0)
            return true;
    return false;
}

/* A program that SQL was written for: the SQL holds its digest, so that it was read. */
static bool is_replaced(const Project *project, const char *path)
{
    CLEANUP(memory_freep) char *replacement = memory_format("%s" CODE_REPLACEMENT_UP, path);
    return is_script(project, replacement);
}

static bool leads_to(const char *folder, const char *path)
{
    return text_has_prefix(path, folder) && path[strlen(folder)] == '/';
}

/* The settings of a frozen text, which flyway has beside it. */
static bool is_frozen_settings(const Project *project, const char *path)
{
    CLEANUP(memory_freep) char *script = memory_string_n(path, strlen(path) - strlen(".conf"));
    return is_script(project, script);
}

/* flyway's own settings, which count in the migration folder itself. */
static bool is_flyway_settings(const Project *project, const char *path)
{
    CLEANUP(memory_freep) char *conf = file_path(project->config.folder, "flyway.conf");
    CLEANUP(memory_freep) char *toml = file_path(project->config.folder, "flyway.toml");
    return project->layout == LAYOUT_FLYWAY && (strcmp(path, conf) == 0 || strcmp(path, toml) == 0);
}

static bool is_main(const Project *project, const char *path)
{
    CLEANUP(memory_freep) char *main_path = file_path(project->config.folder, project->config.main);
    return *project->config.main && strcmp(main_path, path) == 0;
}

/* Files in which layouts keep settings of their scripts. */
static bool is_settings(const Project *project, const char *path)
{
    const char *name = file_base_name(path);
    return (project->layout == LAYOUT_DIESEL && strcmp(name, "metadata.toml") == 0) ||
           (project->layout == LAYOUT_PRISMA && strcmp(name, "migration_lock.toml") == 0) ||
           (project->layout == LAYOUT_FLYWAY && text_has_suffix(name, ".sql.conf") &&
            (!leads_to(PROJECT_FROZEN_NAME, path) || is_frozen_settings(project, path))) ||
           (project->layout == LAYOUT_ATLAS && strcmp(name, "atlas.sum") == 0) ||
           (project->layout == LAYOUT_TEMPORAL && strcmp(name, "manifest.json") == 0) ||
           is_flyway_settings(project, path) || is_place(project, path) || is_main(project, path);
}

/* Below a folder of the migration folder. */
static bool is_below(const Project *project, const char *folder, const char *path)
{
    CLEANUP(memory_freep) char *below = file_path(project->config.folder, folder);
    return leads_to(below, path);
}

/* The folder of frozen texts. */
static const char *reason_to_ignore_frozen(const Project *project, const char *path)
{
    const char *version = path + strlen(PROJECT_FROZEN_NAME "/");
    array_each (const SumRelease, release, &project->sum.releases) {
        if (!leads_to(release->version, version))
            continue;
        return sum_file_replacement(&project->sum, release->version)
                   ? "its version is superseded"
                   : "no text of a repeatable script";
    }
    return PROJECT_SUM_NAME " knows no such version";
}

static const char *reason_to_ignore(const Project *project, const char *path)
{
    if (file_base_name(path)[0] == '.')
        return "hidden";
    if (leads_to(PROJECT_FROZEN_NAME, path))
        return reason_to_ignore_frozen(project, path);
    if (project->layout == LAYOUT_GRAPHILE && is_below(project, "fixtures", path))
        return "a fixture: the migrations that include it hold its text";
    if (!text_has_suffix(path, ".sql"))
        return "no script; what a script copies is read with the script";
    if (project->layout == LAYOUT_GRAPHILE &&
        (is_below(project, "current", path) || strcmp(file_base_name(path), "current.sql") == 0))
        return "no statement waits in it to be committed";
    return project->layout == LAYOUT_SQITCH
               ? "no change of the plan has it; what a script includes is read with the script"
               : "it is no migration; what a script includes is read with the script";
}

/* A changelog of which nothing is said has given its order. */
static bool is_changelog(const Project *project, const char *path, const Finding *finding)
{
    return project->layout == LAYOUT_LIQUIBASE && !finding &&
           layout_liquibase_names(file_base_name(path));
}

/* What a listing goes through. */
typedef struct Listing {
    const Project *project;
    FindingIndex findings;
    ProjectFileArray files;
} Listing;

static void listing_done(Listing *listing)
{
    finding_index_done(&listing->findings);
    project_files_done(&listing->files);
}

static void judge(const Listing *listing, ProjectFile *file)
{
    const Project *project = listing->project;
    const Finding *finding = finding_index_about(&listing->findings, file->path);
    if (finding && finding->severity == FINDING_ERROR) {
        file->fate = PROJECT_FILE_REFUSED;
        file->said = true;
        file->reason = memory_string(finding->message);
    } else if (is_script(project, file->path) || is_replaced(project, file->path) ||
               is_settings(project, file->path) || is_changelog(project, file->path, finding)) {
        file->fate = PROJECT_FILE_READ;
    } else {
        file->fate = PROJECT_FILE_IGNORED;
        file->said = finding != NULL;
        file->reason =
            memory_string(finding ? finding->message : reason_to_ignore(project, file->path));
    }
}

/* sqitch's folder may be the project's own: of it only the plan and the scripts are the layout's.
 */
static bool is_outside(const Project *project, const char *path)
{
    bool inside = !project->places.count || strcmp(project->config.folder, ".") != 0 ||
                  leads_to(PROJECT_FROZEN_NAME, path);
    array_each (char *const, place, &project->places)
        inside =
            inside || strcmp(path, *place) == 0 || leads_to(path, *place) || leads_to(*place, path);
    return !inside;
}

/* What planner itself keeps beside the migrations, which nobody looks for among them. */
static bool is_our_own(const Project *project, const char *path)
{
    return *project->config.product &&
           (text_has_prefix(path, "sealift.") || strcmp(path, ".sealift") == 0 ||
            strcmp(path, PROJECT_NOTES_FOLDER) == 0);
}

static bool count_files(const Project *project, const char *folder, size_t *count, Error *err)
{
    CLEANUP(memory_freep) char *absolute = file_path(project->root, folder);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!file_list(absolute, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (entry->kind != FILE_KIND_FOLDER)
            ++*count;
        else if (!count_files(project, path, count, err))
            return false;
    }
    return true;
}

static bool pass_outside(Listing *listing, const FileEntry *entry, const char *path, Error *err)
{
    bool is_folder = entry->kind == FILE_KIND_FOLDER;
    size_t count = 1;
    if (is_our_own(listing->project, path))
        return true;
    if (is_folder) {
        count = 0;
        if (!count_files(listing->project, path, &count, err))
            return false;
    }
    const char *reason =
        entry->name[0] == '.' ? "hidden" : "sqitch.conf says that its files are elsewhere";
    if (count)
        *array_add(&listing->files) =
            (ProjectFile){.path = memory_format("%s%s", path, is_folder ? "/" : ""),
                          .count = count,
                          .fate = PROJECT_FILE_IGNORED,
                          .reason = memory_string(reason)};
    return true;
}

static bool list_folder(Listing *listing, const char *folder, Error *err);

static bool list_entry(Listing *listing, const char *folder, const FileEntry *entry, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
    if (is_outside(listing->project, path))
        return pass_outside(listing, entry, path, err);
    if (entry->kind == FILE_KIND_FOLDER)
        return list_folder(listing, path, err);
    ProjectFile *file = array_add(&listing->files);
    *file = (ProjectFile){.path = TAKE_PTR(path), .count = 1};
    judge(listing, file);
    return true;
}

static bool list_folder(Listing *listing, const char *folder, Error *err)
{
    CLEANUP(memory_freep) char *absolute = file_path(listing->project->root, folder);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!file_list(absolute, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries)
        if (!list_entry(listing, folder, entry, err))
            return false;
    return true;
}

bool project_files_list(const Project *project, ProjectFileArray *ret_files, Error *err)
{
    CLEANUP(listing_done) Listing listing = {.project = project};
    CLEANUP(memory_freep) char *frozen = file_path(project->root, PROJECT_FROZEN_NAME);
    finding_index_init(&listing.findings, &project->findings);
    if (!list_folder(&listing, project->config.folder, err))
        return false;
    /* where the project's own folder is that of the migrations, they were among them */
    if (strcmp(project->config.folder, ".") != 0 && file_is_folder(frozen) &&
        !list_folder(&listing, PROJECT_FROZEN_NAME, err))
        return false;
    *ret_files = listing.files;
    listing.files = (ProjectFileArray){0};
    return true;
}
