/* flyway: V1.2__name.sql in order of the version, U1.2__name.sql its down, in the folder and all
 * folders below it; NAME.sql.conf beside a script says how it is run. Versions are numbers between
 * dots or underscores, compared number by number: 1, 1.0 and 01 are the same. Repeatable scripts
 * (R__) come behind them in order of their descriptions (project_repeats.h). Callbacks are refused
 * by name; a baseline (B) is passed over where versions that it stands for are read themselves. */
#include <inttypes.h>
#include <strings.h>

#include "base/text.h"
#include "migrations/flyway_settings.h"
#include "migrations/layout.h"
#include "migrations/project_repeats.h"
#include "migrations/script_lines.h"

/* "1.2" or "1_2" of a name, behind its letter; borrowed. */
typedef struct FlywayVersion {
    const char *text;
    size_t length;
} FlywayVersion;

/* Numbers between single dots or underscores, of any length. */
static bool is_version(const char *text, size_t length)
{
    bool digit = false;
    for (size_t i = 0; i < length; i++) {
        bool separates = text[i] == '.' || text[i] == '_';
        if (separates ? !digit : text[i] < '0' || text[i] > '9')
            return false;
        digit = !separates;
    }
    return digit;
}

/* The version between the letter and "__", or the ending; false where it is none. *ret_title is
 * behind, and may be empty. */
static bool parse_version(const char *name, FlywayVersion *ret_version, const char **ret_title)
{
    if (!layout_is_sql(name))
        return false;
    const char *text = name + 1, *ending = name + strlen(name) - strlen(".sql");
    const char *separator = memmem(text, (size_t)(ending - text), "__", 2);
    FlywayVersion version = {text, (size_t)((separator ? separator : ending) - text)};
    if (!is_version(version.text, version.length))
        return false;
    *ret_version = version;
    *ret_title = separator ? separator + 2 : ending;
    return true;
}

static bool is_repeatable(const char *name)
{
    return text_has_prefix(name, "R__") && layout_is_sql(name);
}

bool layout_flyway_names(const char *name)
{
    FlywayVersion version;
    const char *title;
    return is_repeatable(name) || (name[0] == 'V' && parse_version(name, &version, &title));
}

/* The next number without its leading zeros: "" where it is zero, or where there is none. */
static FlywayVersion take_number(FlywayVersion *rest)
{
    const char *end = rest->text + rest->length, *at = rest->text;
    while (at < end && *at == '0')
        at++;
    FlywayVersion number = {at, 0};
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    number.length = (size_t)(at - number.text);
    at += at < end; /* what separates it from the next */
    *rest = (FlywayVersion){at, (size_t)(end - at)};
    return number;
}

/* flyway's numbers have no largest one. */
static int compare_versions(FlywayVersion a, FlywayVersion b)
{
    while (a.length || b.length) {
        FlywayVersion one = take_number(&a), other = take_number(&b);
        if (one.length != other.length)
            return one.length < other.length ? -1 : 1;
        int order = memcmp(one.text, other.text, one.length);
        if (order)
            return order;
    }
    return 0;
}

static FlywayVersion version_of(const LayoutMigration *migration)
{
    const char *text = migration->migration.identity + 1, *separator = strstr(text, "__");
    return (FlywayVersion){text, separator ? (size_t)(separator - text) : strlen(text)};
}

static int compare_migrations(const void *a, const void *b)
{
    return compare_versions(version_of(a), version_of(b));
}

/* --- how a script is run ---------------------------------------------------------------------- */

typedef struct ScriptConfig {
    LayoutReading *reading;
    const char *path; /* of the .conf */
    ProjectMigration *migration;
    ProjectScript script;
} ScriptConfig;

/* One line of a .sql.conf: key=value. */
static bool take_config_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    ScriptConfig *config = context;
    line += strspn(line, " \t");
    const char *equals = strchr(line, '=');
    if (!*line || *line == '#' || !equals)
        return true;
    CLEANUP(memory_freep) char *key = memory_string_n(line, (size_t)(equals - line));
    key[strcspn(key, " \t")] = '\0';
    const char *value = equals + 1 + strspn(equals + 1, " \t");
    bool yes = strcasecmp(value, "true") == 0, no = strcasecmp(value, "false") == 0;
    if (strcmp(key, "executeInTransaction") == 0 && (yes || no))
        config->migration->no_transaction[config->script] = no;
    else if (strcmp(key, "placeholderReplacement") == 0 && (yes || no))
        config->migration->verbatim[config->script] = no;
    else if ((strcmp(key, "encoding") == 0 && strcasecmp(value, "UTF-8") == 0) ||
             (strcmp(key, "shouldExecute") == 0 && yes))
        return true;
    else
        finding_add(config->reading->findings, FINDING_ERROR,
                    "a bundle runs the same script at every site",
                    "%s:%" PRId64 ": '%s' cannot be taken over", config->path, number, line);
    return true;
}

static bool read_config(LayoutReading *reading, const char *path, ScriptConfig *config, Error *err)
{
    CLEANUP(memory_freep) char *name = memory_format("%s.conf", path);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, name);
    config->reading = reading;
    config->path = name;
    return !file_exists(absolute) || script_lines_read(absolute, take_config_line, config, err);
}

bool layout_flyway_check(LayoutReading *reading, const char *path, ProjectMigration *migration,
                         ProjectScript script, Error *err)
{
    ScriptConfig config = {.migration = migration, .script = script};
    migration->verbatim[script] = reading->verbatim;
    return read_config(reading, path, &config, err);
}

/* --- files ----------------------------------------------------------------------------------- */

typedef struct FlywayScript {
    char *path;            /* owned; NULL: a migration has it */
    FlywayVersion version; /* of the path that the migration or this has */
} FlywayScript;

typedef ARRAY_OF(FlywayScript) FlywayScriptArray;

/* What has its place only when all versions are known. */
typedef struct FlywayFolder {
    FlywayScriptArray downs;
    FlywayScriptArray baselines;
} FlywayFolder;

static void scripts_done(FlywayScriptArray *scripts)
{
    array_each (FlywayScript, script, scripts)
        free(script->path);
    array_free(scripts);
}

static void folder_done(FlywayFolder *folder)
{
    scripts_done(&folder->downs);
    scripts_done(&folder->baselines);
}

/* beforeMigrate.sql, afterEachMigrate__x.sql, createSchema.sql */
static bool is_callback(const char *name)
{
    static const char *const words[] = {"before", "after", "createSchema"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        char next = text_has_prefix(name, words[i]) ? name[strlen(words[i])] : '\0';
        if ((next >= 'A' && next <= 'Z') || (i == 2 && (next == '.' || next == '_')))
            return true;
    }
    return false;
}

/* flyway runs V1__x.py, R__x.sh and afterMigrate.ps1 as it runs scripts; classes have any name. */
static bool is_code(const char *name)
{
    return layout_ends_in_code(name) &&
           (text_has_suffix(name, ".java") || text_has_suffix(name, ".kt") || is_callback(name) ||
            (strchr("VURB", name[0]) && strstr(name, "__")));
}

static void add_script(FlywayScriptArray *scripts, const char *path)
{
    FlywayScript *script = array_add(scripts);
    const char *title;
    script->path = memory_string(path);
    (void)!parse_version(file_base_name(script->path), &script->version, &title);
}

static void refuse(LayoutReading *reading, const char *path, const char *what, const char *hint)
{
    finding_add(reading->findings, FINDING_ERROR, hint, "'%s' is %s", path, what);
}

static bool take_version(LayoutReading *reading, const char *path, const char *name,
                         const char *title, Error *err)
{
    LayoutMigration *added = layout_add(reading, /* version_folder= */ NULL, /* number= */ 0);
    ProjectMigration *migration = &added->migration;
    migration->identity = memory_string_n(name, strlen(name) - strlen(".sql"));
    migration->title = memory_string_n(title, strlen(title) - strlen(".sql"));
    migration->scripts[PROJECT_UP] = memory_string(path);
    return layout_flyway_check(reading, path, migration, PROJECT_UP, err);
}

static bool take_repeatable(LayoutReading *reading, const char *path, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *stem = memory_string_n(name, strlen(name) - strlen(".sql"));
    ProjectMigration *added = layout_add_repeat(reading, stem, path);
    return !added || layout_flyway_check(reading, path, added, PROJECT_UP, err);
}

/* What was written in SQL for V2__name.java has its place by its version, which it must have. */
static void take_code(LayoutReading *reading, const char *path)
{
    const char *name = file_base_name(path);
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    CLEANUP(memory_freep)
    char *as_sql = memory_format("%.*s.sql", (int)(strrchr(name, '.') - name), name);
    if (layout_flyway_names(as_sql))
        (void)layout_take_code(reading, folder, name);
    else
        refuse(reading, path, "a program; a bundle carries SQL only",
               "move it out of the folder, if it is no migration");
}

static bool take_file(LayoutReading *reading, const char *path, FlywayFolder *others, Error *err)
{
    const char *name = file_base_name(path), *title;
    FlywayVersion version;
    if (!layout_is_sql(name)) {
        if (is_code(name))
            take_code(reading, path);
        return true;
    }
    if (is_repeatable(name))
        return take_repeatable(reading, path, name, err);
    if (is_callback(name))
        refuse(reading, path, "a callback, which flyway runs at its own moments",
               "put what it does into a version, or into the site's own procedure");
    else if (name[0] == 'V' && parse_version(name, &version, &title))
        return take_version(reading, path, name, title, err);
    else if (name[0] == 'U' && parse_version(name, &version, &title))
        add_script(&others->downs, path);
    else if (name[0] == 'B' && parse_version(name, &version, &title))
        add_script(&others->baselines, path);
    else
        layout_pass_file(reading, path, "flyway's versions are called V1.2__name.sql");
    return true;
}

static bool read_folder(LayoutReading *reading, const char *folder, FlywayFolder *others,
                        Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (strcmp(path, PROJECT_FROZEN_NAME) == 0)
            continue;
        if (layout_takes(reading, folder, entry) &&
            !(entry->kind == FILE_KIND_FOLDER ? read_folder(reading, path, others, err)
                                              : take_file(reading, path, others, err)))
            return false;
    }
    return true;
}

static bool take_down(LayoutReading *reading, FlywayScript *down, Error *err)
{
    array_each (LayoutMigration, at, &reading->migrations) {
        if (compare_versions(version_of(at), down->version) != 0)
            continue;
        if (at->migration.scripts[PROJECT_DOWN]) {
            finding_add(reading->findings, FINDING_ERROR, /* hint= */ NULL,
                        "'%s' stands twice: '%s' is there already", down->path,
                        at->migration.scripts[PROJECT_DOWN]);
            return true;
        }
        at->migration.scripts[PROJECT_DOWN] = TAKE_PTR(down->path);
        return layout_flyway_check(reading, at->migration.scripts[PROJECT_DOWN], &at->migration,
                                   PROJECT_DOWN, err);
    }
    layout_pass_file(reading, down->path,
                     "there is no V script of its version; where the tool is refinery, which would "
                     "run it, [migrations] layout says so");
    return true;
}

/* Whether a version is read that the baseline stands for. */
static bool is_read_itself(const LayoutReading *reading, const FlywayScript *baseline)
{
    array_each (const LayoutMigration, at, &reading->migrations)
        if (compare_versions(version_of(at), baseline->version) <= 0)
            return true;
    return false;
}

/* A new database begins with the latest baseline; others have run what it stands for. Where these
 * versions are gone, it is the first migration. */
static bool take_baseline(LayoutReading *reading, const FlywayScriptArray *baselines, Error *err)
{
    const FlywayScript *latest = NULL;
    array_each (const FlywayScript, at, baselines) {
        const FlywayScript *passed = at;
        if (is_read_itself(reading, at)) {
            layout_pass_file(reading, at->path,
                             "it is a baseline of versions that are read themselves");
            continue;
        }
        int order = latest ? compare_versions(at->version, latest->version) : 1;
        if (order == 0)
            finding_add(reading->findings, FINDING_ERROR, "flyway refuses this too",
                        "the version of '%s' stands twice: '%s' has it already", at->path,
                        latest->path);
        if (order > 0) {
            passed = latest;
            latest = at;
        }
        if (passed && order)
            layout_pass_file(reading, passed->path, "a later baseline stands for it");
    }
    if (!latest)
        return true;
    const char *title = latest->version.text + latest->version.length;
    title += text_has_prefix(title, "__") ? strlen("__") : 0;
    return take_version(reading, latest->path, file_base_name(latest->path), title, err);
}

static void refuse_twins(LayoutReading *reading)
{
    for (size_t i = 1; i < reading->migrations.count; i++) {
        const LayoutMigration *at = &reading->migrations.items[i], *before = at - 1;
        if (compare_migrations(before, at) == 0)
            finding_add(reading->findings, FINDING_ERROR, "flyway refuses this too",
                        "the version of '%s' stands twice: '%s' has it already",
                        at->migration.scripts[PROJECT_UP], before->migration.scripts[PROJECT_UP]);
    }
}

/* flyway shows and compares descriptions with blanks for underscores. */
static int compare_descriptions(const void *a, const void *b)
{
    const char *one = ((const ProjectMigration *)a)->identity;
    const char *other = ((const ProjectMigration *)b)->identity;
    for (; *one && *one == *other; one++)
        other++;
    unsigned char one_byte = (unsigned char)(*one == '_' ? ' ' : *one);
    unsigned char other_byte = (unsigned char)(*other == '_' ? ' ' : *other);
    return (int)one_byte - (int)other_byte;
}

bool layout_read_flyway(LayoutReading *reading, Error *err)
{
    CLEANUP(folder_done) FlywayFolder others = {0};
    reading->flat = true;
    if (!flyway_settings_read(reading, err) ||
        !read_folder(reading, reading->folder, &others, err) ||
        !take_baseline(reading, &others.baselines, err))
        return false;
    array_each (FlywayScript, down, &others.downs)
        if (!take_down(reading, down, err))
            return false;
    if (reading->migrations.count)
        qsort(reading->migrations.items, reading->migrations.count, sizeof(LayoutMigration),
              compare_migrations);
    if (reading->repeats.count)
        qsort(reading->repeats.items, reading->repeats.count, sizeof(ProjectMigration),
              compare_descriptions);
    refuse_twins(reading);
    return true;
}
