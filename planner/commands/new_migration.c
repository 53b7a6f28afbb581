#include "planner/commands/new_migration.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/text.h"
#include "migrations/project_names.h"

#define SLUG_MAX       100 /* leaves room for number and endings in a file name of 255 bytes */
#define STAMP_DIGITS   14  /* YYYYMMDDhhmmss, a usual number of golang-migrate projects */
#define DEFAULT_DIGITS 6   /* as 'migrate create -seq' writes them */
#define STAMP_TRIES    3600

void new_migration_done(NewMigration *added)
{
    free(added->identity);
    for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++)
        free(added->scripts[i]);
    *added = (NewMigration){0};
}

static bool slug_of(const char *name, char **ret_slug, Error *err)
{
    CLEANUP(memory_freep) char *slug = project_slug(name);
    if (!*slug)
        return error_set(err, ERROR_USAGE, "'%s' has no letter or digit to name a migration by",
                         name);
    if (strlen(slug) > SLUG_MAX)
        return error_set(err, ERROR_USAGE, "the name is longer than %d characters", SLUG_MAX);
    *ret_slug = TAKE_PTR(slug);
    return true;
}

/* The number at the start of an identity, and with how many digits it is written. */
static uint64_t number_of(const char *identity, size_t *ret_digits)
{
    uint64_t number = 0;
    size_t digits = 0;
    for (; identity[digits] >= '0' && identity[digits] <= '9'; digits++)
        number = number * 10 + (uint64_t)(identity[digits] - '0');
    *ret_digits = digits;
    return number;
}

/* The highest number of all, so that numbers also tell the order over all versions. */
static uint64_t last_number(const Project *project, size_t *ret_digits)
{
    uint64_t last = 0;
    *ret_digits = 0;
    array_each (const ProjectMigration, migration, &project->migrations) {
        size_t digits;
        uint64_t number = number_of(migration->identity, &digits);
        if (!migration->repeat && number >= last) {
            last = number;
            *ret_digits = digits;
        }
    }
    return last;
}

/* "YYYYMMDDhhmmss" with these separators. */
static char *stamp(int64_t seconds, const char *date_dash, const char *time_dash)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(seconds, text);
    return memory_format("%.4s%s%.2s%s%.2s%s%.2s%.2s%.2s", text, date_dash, text + 5, date_dash,
                         text + 8, time_dash, text + 11, text + 14, text + 17);
}

static bool next_golang_number(const Project *project, int64_t now, Text *number, Error *err)
{
    size_t digits;
    uint64_t last = last_number(project, &digits);
    if (last == UINT64_MAX)
        return error_set(err, ERROR_INPUT, "there is no number behind %" PRIu64, last);
    if (digits == STAMP_DIGITS) {
        CLEANUP(memory_freep) char *text = stamp(now, "", "");
        size_t stamp_digits;
        if (number_of(text, &stamp_digits) > last) {
            text_add(number, text);
            return true;
        }
    }
    text_addf(number, "%0*" PRIu64, digits ? (int)digits : DEFAULT_DIGITS, last + 1);
    return true;
}

/* diesel's own form, a second later as long as it would not stand behind the last one. */
static bool next_diesel_version(const Project *project, int64_t now, Text *number, Error *err)
{
    CLEANUP(text_done) Text last = {0};
    if (project->migrations.count) {
        const ProjectMigration *migration =
            &project->migrations.items[project->migrations.count - 1];
        for (const char *at = migration->identity; *at && *at != '_'; at++)
            if (*at != '-')
                text_add_char(&last, *at);
    }
    for (int64_t later = 0; later < STAMP_TRIES; later++) {
        CLEANUP(memory_freep) char *plain = stamp(now + later, "", "");
        if (strcmp(plain, text_string(&last)) > 0) {
            CLEANUP(memory_freep) char *dashed = stamp(now + later, "-", "-");
            text_add(number, dashed);
            return true;
        }
    }
    error_set(err, ERROR_INPUT, "the last migration's version '%s' is in the future",
              text_string(&last));
    return error_hint(err, "name the new folder by hand, so that it sorts behind it");
}

static const ProjectVersion *last_version(const Project *project)
{
    size_t count = project->versions.count;
    return count ? &project->versions.items[count - 1] : NULL;
}

static bool check_version(const Project *project, const char *version, Error *err)
{
    if (!project_version_name_is_valid(version)) {
        error_set(err, ERROR_USAGE, "'%s' cannot be the name of a version", version);
        return error_hint(err, "a version name has " PROJECT_VERSION_GRAMMAR);
    }
    if (project->flat && project->migrations.count) {
        error_set(err, ERROR_USAGE,
                  "--version is for version folders; this project's layout is flat");
        return error_hint(err, "'planner release VERSION' says where a version ends");
    }
    const ProjectVersion *last_released = NULL;
    array_each (const ProjectVersion, at, &project->versions) {
        if (!at->released)
            continue;
        last_released = at;
        if (strcmp(at->name, version) == 0) {
            error_set(err, ERROR_USAGE, "version %s is released: nothing can be added to it",
                      version);
            return error_hint(err, "write it for the next version");
        }
    }
    if (last_released && project_compare_versions(version, last_released->name) < 0)
        return error_set(err, ERROR_USAGE, "version %s sorts before the released version %s",
                         version, last_released->name);
    return true;
}

/* The folder of our layout that takes it. The caller frees. */
static bool sealift_folder(const Project *project, const char *version, char **ret_folder,
                           Error *err)
{
    if (version && !check_version(project, version, err))
        return false;
    if (!version && project->flat) {
        *ret_folder = memory_string(project->config.folder);
        return true;
    }
    if (!version) {
        const ProjectVersion *last = last_version(project);
        if (!last || last->released) {
            error_set(err, ERROR_USAGE, "every version is released: which is the next one?");
            return error_hint(err, "give it with --version");
        }
        version = last->name;
    }
    *ret_folder = file_path(project->config.folder, version);
    return true;
}

static bool plan_sealift(const Project *project, const char *slug, const char *version,
                         NewMigration *added, char **ret_stem, Error *err)
{
    CLEANUP(memory_freep) char *folder = NULL;
    size_t digits;
    if (!sealift_folder(project, version, &folder, err))
        return false;
    uint64_t last = last_number(project, &digits);
    if (last == UINT64_MAX)
        return error_set(err, ERROR_INPUT, "there is no number behind %" PRIu64, last);
    added->identity = memory_format("%04" PRIu64 "_%s", last + 1, slug);
    *ret_stem = memory_format("%s/%s.", folder, added->identity);
    return true;
}

static bool plan_foreign(const Project *project, const char *slug, int64_t now, NewMigration *added,
                         char **ret_stem, Error *err)
{
    CLEANUP(text_done) Text number = {0};
    bool diesel = project->layout == LAYOUT_DIESEL;
    if (!(diesel ? next_diesel_version(project, now, &number, err)
                 : next_golang_number(project, now, &number, err)))
        return false;
    added->identity = memory_format("%s_%s", text_string(&number), slug);
    *ret_stem =
        memory_format("%s/%s%s", project->config.folder, added->identity, diesel ? "/" : ".");
    return true;
}

/* Layouts that are read, but whose own tool writes their files better. */
static bool check_layout(const Project *project, Error *err)
{
    static const char *const own_commands[LAYOUT_COUNT] = {
        [LAYOUT_DBMATE] = "dbmate new NAME",
        [LAYOUT_GOOSE] = "goose create NAME sql",
        [LAYOUT_NODE_PG] = "node-pg-migrate create NAME -j sql",
        [LAYOUT_SQLX] = "sqlx migrate add -r NAME",
        [LAYOUT_PRISMA] = "prisma migrate dev --create-only --name NAME",
        [LAYOUT_SQITCH] = "sqitch add NAME -n NOTE",
        [LAYOUT_POPX] = "VERSION_name.up.sql and VERSION_name.down.sql",
        [LAYOUT_NUMBERED_FOLDERS] = "FOLDER/NUMBER_name.sql",
        [LAYOUT_TEMPORAL] = "a file beside a version's manifest.json, which lists it",
        [LAYOUT_PSQL] = "a file NAME.sql, and its line in the main file where there is one",
        [LAYOUT_FLYWAY] = "a file V<version>__NAME.sql",
        [LAYOUT_REFINERY] = "a file V<number>__NAME.sql",
        [LAYOUT_ATLAS] = "atlas migrate new NAME",
        [LAYOUT_LIQUIBASE] = "a '--changeset author:id' in its file",
        [LAYOUT_GRAPHILE] = "current.sql, then 'graphile-migrate commit'",
    };
    const char *own = own_commands[project->layout];
    if (!own)
        return true;
    error_set(err, ERROR_USAGE, "'planner new' does not write files of the %s layout",
              layout_name(project->layout));
    return error_hint(err, "write it as the project does (%s); planner reads it", own);
}

bool new_migration_plan(const Project *project, const char *name, const char *version, int64_t now,
                        NewMigration *ret_added, Error *err)
{
    CLEANUP(new_migration_done) NewMigration added = {0};
    CLEANUP(memory_freep) char *slug = NULL;
    CLEANUP(memory_freep) char *stem = NULL;
    bool ours = project->layout == LAYOUT_SEALIFT;
    if (!ours && version)
        return error_set(err, ERROR_USAGE, "--version is for version folders; the layout is %s",
                         layout_name(project->layout));
    if (!check_layout(project, err) || !slug_of(name, &slug, err) ||
        !(ours ? plan_sealift(project, slug, version, &added, &stem, err)
               : plan_foreign(project, slug, now, &added, &stem, err)))
        return false;
    static const ProjectScript written[] = {PROJECT_UP, PROJECT_DOWN, PROJECT_VERIFY};
    for (size_t i = 0; i < ARRAY_LEN(written); i++)
        added.scripts[written[i]] =
            memory_format("%s%s.sql", stem, project_script_name(written[i]));
    *ret_added = added;
    added = (NewMigration){0};
    return true;
}
