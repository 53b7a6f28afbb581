/* sqitch: sqitch.plan says which changes there are and in which order; deploy/NAME.sql, revert/ and
 * verify/ hold their scripts. A tag ends a version, which has its name. A change that was reworked
 * has its former scripts under NAME@TAG.sql; its later instances are migrations of their own,
 * called NAME.2, NAME.3, so that what is released keeps its identity. */
#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/project_names.h"
#include "migrations/script_lines.h"
#include "migrations/sqitch_plan.h"

#define PLAN_FILE   "sqitch.plan"
#define CONFIG_FILE "sqitch.conf"

static const struct {
    const char *folder;
    ProjectScript script;
} script_folders[] = {
    {"deploy", PROJECT_UP},
    {"revert", PROJECT_DOWN},
    {"verify", PROJECT_VERIFY},
};

/* --- sqitch.conf ----------------------------------------------------------------------------- */

typedef struct ConfigReading {
    LayoutReading *reading;
    bool in_core; /* [core] or [engine "pg"] */
} ConfigReading;

/* What would lead away from this folder's plan and scripts is refused, the rest is not ours. */
static bool take_config_line(void *context, const char *line, int64_t number UNUSED,
                             Error *err UNUSED)
{
    static const char *const moved[] = {"plan_file",  "deploy_dir",   "revert_dir",
                                        "verify_dir", "reworked_dir", "extension"};
    ConfigReading *config = context;
    line += strspn(line, " \t");
    if (*line == '[')
        config->in_core =
            text_has_prefix(line, "[core]") || text_has_prefix(line, "[engine \"pg\"]");
    if (!config->in_core || !strchr(line, '='))
        return true;
    size_t length = strcspn(line, " \t=");
    for (size_t i = 0; i < ARRAY_LEN(moved); i++)
        if (strlen(moved[i]) == length && strncmp(line, moved[i], length) == 0)
            finding_add(config->reading->findings, FINDING_ERROR,
                        "plan and scripts are read where sqitch has them by default, below the "
                        "folder that sealift.conf names",
                        "'%s/" CONFIG_FILE "' moves them: %s", config->reading->folder, line);
    return true;
}

static bool read_config(LayoutReading *reading, Error *err)
{
    CLEANUP(memory_freep) char *name = file_path(reading->folder, CONFIG_FILE);
    CLEANUP(memory_freep) char *path = file_path(reading->root, name);
    ConfigReading config = {.reading = reading};
    return !file_exists(path) || script_lines_read(path, take_config_line, &config, err);
}

/* --- changes --------------------------------------------------------------------------------- */

/* Instances of the same name before this one, and whether one comes behind it. */
static size_t earlier(const SqitchPlan *plan, size_t change)
{
    size_t count = 0;
    for (size_t i = 0; i < change; i++)
        count += strcmp(plan->changes.items[i].name, plan->changes.items[change].name) == 0;
    return count;
}

static size_t next_instance(const SqitchPlan *plan, size_t change)
{
    for (size_t i = change + 1; i < plan->changes.count; i++)
        if (strcmp(plan->changes.items[i].name, plan->changes.items[change].name) == 0)
            return i;
    return SIZE_MAX;
}

static char *script_if_there(const LayoutReading *reading, const char *folder, const char *stem)
{
    CLEANUP(memory_freep) char *inside = memory_format("%s/%s.sql", folder, stem);
    CLEANUP(memory_freep) char *path = file_path(reading->folder, inside);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    return file_exists(absolute) ? TAKE_PTR(path) : NULL;
}

/* As sqitch looks for it: a reworked change under the first tag between it and its next instance
 * for which there is a script. */
static char *find_script(const LayoutReading *reading, const SqitchPlan *plan, size_t change,
                         const char *folder)
{
    const char *name = plan->changes.items[change].name;
    size_t next = next_instance(plan, change);
    if (next == SIZE_MAX)
        return script_if_there(reading, folder, name);
    array_each (const SqitchTag, tag, &plan->tags) {
        if (tag->changes <= change || tag->changes > next)
            continue;
        CLEANUP(memory_freep) char *stem = memory_format("%s@%s", name, tag->name);
        char *found = script_if_there(reading, folder, stem);
        if (found)
            return found;
    }
    return NULL;
}

static void take_change(LayoutReading *reading, const SqitchPlan *plan, size_t index)
{
    const SqitchChange *change = &plan->changes.items[index];
    size_t instance = earlier(plan, index) + 1;
    const char *version = change->tag == SIZE_MAX ? NULL : plan->tags.items[change->tag].name;
    LayoutMigration *added = layout_add(reading, version, index);
    ProjectMigration *migration = &added->migration;
    migration->identity = instance == 1 ? memory_string(change->name)
                                        : memory_format("%s.%zu", change->name, instance);
    migration->title = memory_string(migration->identity);
    for (size_t i = 0; i < ARRAY_LEN(script_folders); i++)
        migration->scripts[script_folders[i].script] =
            find_script(reading, plan, index, script_folders[i].folder);
    if (!migration->scripts[PROJECT_UP])
        finding_add(reading->findings, FINDING_ERROR,
                    "a reworked change has its former script under NAME@TAG.sql",
                    "'%s/" PLAN_FILE "', line %lld: there is no deploy script of '%s'",
                    reading->folder, (long long)change->line, migration->identity);
}

/* "a.2" may be a change's own name. */
static void check_identities(LayoutReading *reading)
{
    for (size_t i = 0; i < reading->migrations.count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(reading->migrations.items[i].migration.identity,
                       reading->migrations.items[j].migration.identity) == 0)
                finding_add(reading->findings, FINDING_ERROR,
                            "the second instance of a reworked change is called NAME.2: rename one",
                            "two migrations are called '%s'",
                            reading->migrations.items[i].migration.identity);
}

static void take_plan(LayoutReading *reading, const SqitchPlan *plan)
{
    reading->flat = !plan->tags.count;
    reading->planned = true;
    array_each (const SqitchTag, tag, &plan->tags) {
        *array_add(&reading->folders) = memory_string(tag->name);
        if (!project_version_name_is_valid(tag->name))
            finding_add(reading->findings, FINDING_ERROR,
                        "a version name has " PROJECT_VERSION_GRAMMAR,
                        "the tag '%s' cannot be the name of a version", tag->name);
    }
    for (size_t i = 0; i < plan->changes.count; i++)
        take_change(reading, plan, i);
    check_identities(reading);
    layout_drop_without_up(reading);
}

bool layout_read_sqitch(LayoutReading *reading, Error *err)
{
    CLEANUP(memory_freep) char *name = file_path(reading->folder, PLAN_FILE);
    CLEANUP(memory_freep) char *path = file_path(reading->root, name);
    CLEANUP(sqitch_plan_done) SqitchPlan plan = {0};
    CLEANUP(error_done) Error refused = {0};
    if (!read_config(reading, err))
        return false;
    if (sqitch_plan_read(path, name, &plan, &refused))
        take_plan(reading, &plan);
    else if (refused.class == ERROR_INPUT)
        finding_add_error(reading->findings, &refused);
    else {
        *err = refused;
        refused = (Error){0};
        return false;
    }
    return true;
}
