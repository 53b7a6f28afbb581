/* sqitch: sqitch.plan says which changes there are and in which order; deploy/NAME.sql, revert/ and
 * verify/ hold their scripts. A tag ends a version, which has its name. A change that was reworked
 * has its former scripts under NAME@TAG.sql; its later instances are migrations of their own,
 * called NAME.2, NAME.3, so that what is released keeps its identity. */
#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/project_names.h"
#include "migrations/sqitch_config.h"
#include "migrations/sqitch_plan.h"

#define CONFIG_FILE "sqitch.conf"

static const ProjectScript scripts[SQITCH_FOLDER_COUNT] = {
    [SQITCH_DEPLOY] = PROJECT_UP,
    [SQITCH_REVERT] = PROJECT_DOWN,
    [SQITCH_VERIFY] = PROJECT_VERIFY,
};

typedef struct SqitchReading {
    LayoutReading *layout;
    SqitchConfig config;
    SqitchPlan plan;
    char *plan_path; /* owned; in the project */
} SqitchReading;

static void reading_done(SqitchReading *reading)
{
    sqitch_config_done(&reading->config);
    sqitch_plan_done(&reading->plan);
    free(reading->plan_path);
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

static char *script_path(const SqitchReading *reading, const char *folder, const char *stem)
{
    CLEANUP(memory_freep)
    char *inside = memory_format("%s/%s.%s", folder, stem, reading->config.extension);
    return file_path(reading->layout->folder, inside);
}

/* What the files of a change are called: those of a reworked one after the last tag before its next
 * instance for which there is a deploy script, as sqitch looks for it. */
static char *stem_of(const SqitchReading *reading, size_t change, size_t next)
{
    const SqitchPlan *plan = &reading->plan;
    const char *name = plan->changes.items[change].name;
    if (next == SIZE_MAX)
        return memory_string(name);
    for (size_t i = plan->tags.count; i > 0; i--) {
        const SqitchTag *tag = &plan->tags.items[i - 1];
        if (tag->changes <= change || tag->changes > next)
            continue;
        CLEANUP(memory_freep) char *stem = memory_format("%s@%s", name, tag->name);
        CLEANUP(memory_freep)
        char *path = script_path(reading, reading->config.reworked[SQITCH_DEPLOY], stem);
        CLEANUP(memory_freep) char *absolute = file_path(reading->layout->root, path);
        if (file_exists(absolute))
            return TAKE_PTR(stem);
    }
    return NULL;
}

static void find_scripts(SqitchReading *reading, size_t change, ProjectMigration *migration)
{
    size_t next = next_instance(&reading->plan, change);
    CLEANUP(memory_freep) char *stem = stem_of(reading, change, next);
    bool refused = false;
    for (size_t i = 0; stem && i < SQITCH_FOLDER_COUNT; i++) {
        const SqitchConfig *config = &reading->config;
        const char *folder = next == SIZE_MAX ? config->folders[i] : config->reworked[i];
        CLEANUP(memory_freep) char *path = script_path(reading, folder, stem);
        LayoutFile found = layout_find_file(reading->layout, path);
        refused = refused || found == LAYOUT_FILE_REFUSED;
        if (found == LAYOUT_FILE_THERE)
            migration->scripts[scripts[i]] = TAKE_PTR(path);
    }
    if (!migration->scripts[PROJECT_UP] && !refused)
        finding_add(reading->layout->findings, FINDING_ERROR,
                    "a reworked change has its former script under NAME@TAG.sql",
                    "'%s', line %lld: there is no deploy script of '%s'", reading->plan_path,
                    (long long)reading->plan.changes.items[change].line, migration->identity);
}

static void take_change(SqitchReading *reading, size_t index)
{
    const SqitchPlan *plan = &reading->plan;
    const SqitchChange *change = &plan->changes.items[index];
    size_t instance = earlier(plan, index) + 1;
    const char *version = change->tag == SIZE_MAX ? NULL : plan->tags.items[change->tag].name;
    LayoutMigration *added = layout_add(reading->layout, version, index);
    ProjectMigration *migration = &added->migration;
    migration->identity = instance == 1 ? memory_string(change->name)
                                        : memory_format("%s.%zu", change->name, instance);
    migration->title = memory_string(migration->identity);
    find_scripts(reading, index, migration);
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

static void take_plan(SqitchReading *reading)
{
    LayoutReading *layout = reading->layout;
    layout->flat = !reading->plan.tags.count;
    layout->planned = true;
    array_each (const SqitchTag, tag, &reading->plan.tags) {
        *array_add(&layout->folders) = memory_string(tag->name);
        if (!project_version_name_is_valid(tag->name))
            finding_add(layout->findings, FINDING_ERROR,
                        "a version name has " PROJECT_VERSION_GRAMMAR,
                        "the tag '%s' cannot be the name of a version", tag->name);
    }
    for (size_t i = 0; i < reading->plan.changes.count; i++)
        take_change(reading, i);
    check_identities(layout);
    layout_drop_without_up(layout);
}

/* Scripts get their values from sealift.conf: what sqitch would set otherwise is said. */
static void check_variables(const SqitchReading *reading, const char *config_name)
{
    const LayoutReading *layout = reading->layout;
    array_each (const SqitchVariable, variable, &reading->config.variables) {
        const ProjectValue *value =
            layout->values ? project_values_find(layout->values, variable->name) : NULL;
        CLEANUP(memory_freep)
        char *hint = memory_format("[value %s] in sealift.conf, value = %s, does the same",
                                   variable->name, variable->value);
        if (!value)
            finding_add(layout->findings, FINDING_WARNING, hint,
                        "%s:%lld: the variable '%s' is not read", config_name,
                        (long long)variable->line, variable->name);
        else if (!value->site && strcmp(value->value, variable->value) != 0)
            finding_add(layout->findings, FINDING_WARNING, hint,
                        "%s:%lld: the variable '%s' is '%s' here, and '%s' in sealift.conf",
                        config_name, (long long)variable->line, variable->name, variable->value,
                        value->value);
    }
}

/* Where the folder is the project's own, it holds other things too. */
static void note_places(SqitchReading *reading)
{
    LayoutReading *layout = reading->layout;
    *array_add(&layout->places) = file_path(layout->folder, CONFIG_FILE);
    *array_add(&layout->places) = memory_string(reading->plan_path);
    for (size_t i = 0; i < SQITCH_FOLDER_COUNT; i++) {
        *array_add(&layout->places) = file_path(layout->folder, reading->config.folders[i]);
        *array_add(&layout->places) = file_path(layout->folder, reading->config.reworked[i]);
    }
}

/* What is wrong in one of the two files is a finding; false, with `err` set, for the rest. */
static bool as_finding(LayoutReading *layout, Error *refused, Error *err)
{
    if (refused->class == ERROR_INPUT) {
        finding_add_error(layout->findings, refused);
        return true;
    }
    *err = *refused;
    *refused = (Error){0};
    return false;
}

bool layout_read_sqitch(LayoutReading *layout, Error *err)
{
    CLEANUP(reading_done) SqitchReading reading = {.layout = layout};
    CLEANUP(error_done) Error refused = {0};
    CLEANUP(memory_freep) char *config_name = file_path(layout->folder, CONFIG_FILE);
    CLEANUP(memory_freep) char *config_path = file_path(layout->root, config_name);
    if (layout_find_file(layout, config_name) == LAYOUT_FILE_REFUSED)
        return true;
    if (!sqitch_config_read(config_path, config_name, layout->findings, &reading.config, &refused))
        return as_finding(layout, &refused, err);
    check_variables(&reading, config_name);
    reading.plan_path = file_path(layout->folder, reading.config.plan_file);
    note_places(&reading);
    CLEANUP(memory_freep) char *path = file_path(layout->root, reading.plan_path);
    if (layout_find_file(layout, reading.plan_path) == LAYOUT_FILE_REFUSED)
        return true;
    if (!sqitch_plan_read(path, reading.plan_path, &reading.plan, &refused))
        return as_finding(layout, &refused, err);
    take_plan(&reading);
    return true;
}
