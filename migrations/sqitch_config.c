#include "migrations/sqitch_config.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "migrations/project_names.h"
#include "migrations/script_lines.h"

#define BLANKS " \t"

/* One setting. */
typedef struct Setting {
    char *key;   /* owned: "core.top_dir", "engine.pg.target", "target.prod.plan_file" */
    char *value; /* owned */
    int64_t line;
} Setting;

typedef ARRAY_OF(Setting) SettingArray;

typedef struct ConfigReading {
    const char *name; /* of the file, for messages */
    char *section;    /* owned: "core", "engine.pg" */
    SettingArray settings;
} ConfigReading;

static void reading_done(ConfigReading *reading)
{
    array_each (Setting, setting, &reading->settings) {
        free(setting->key);
        free(setting->value);
    }
    array_free(&reading->settings);
    free(reading->section);
}

void sqitch_config_done(SqitchConfig *config)
{
    free(config->plan_file);
    free(config->extension);
    array_each (SqitchVariable, variable, &config->variables) {
        free(variable->name);
        free(variable->value);
    }
    array_free(&config->variables);
    for (size_t i = 0; i < SQITCH_FOLDER_COUNT; i++) {
        free(config->folders[i]);
        free(config->reworked[i]);
    }
    *config = (SqitchConfig){0};
}

/* --- lines, in the syntax of git's configuration ---------------------------------------------- */

static bool refuse(const char *name, int64_t line, const char *what, const char *which, Error *err)
{
    CLEANUP(memory_freep) char *shown = text_printable(which, strlen(which), 200);
    return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": %s '%s'", name, line, what, shown);
}

/* [core] or [engine "pg"]; what stands behind it on the line, or NULL. */
static const char *take_section(ConfigReading *reading, const char *line)
{
    CLEANUP(text_done) Text section = {0};
    const char *at = line + 1 + strspn(line + 1, BLANKS);
    for (; *at && !strchr(BLANKS "]\"", *at); at++)
        text_add_char(&section, *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at);
    at += strspn(at, BLANKS);
    if (*at == '"') {
        text_add_char(&section, '.');
        for (at++; *at && *at != '"'; at++) {
            at += *at == '\\' && at[1];
            text_add_char(&section, *at);
        }
        at += *at == '"';
        at += strspn(at, BLANKS);
    }
    if (!section.length || *at != ']')
        return NULL;
    free(reading->section);
    reading->section = text_take(&section);
    return at + 1;
}

/* Quotes and escapes taken for what they mean, a comment cut off; NULL where the value does not end
 * on its line. */
static char *read_value(const char *at)
{
    CLEANUP(text_done) Text value = {0};
    size_t kept = 0; /* blanks behind it go */
    bool quoted = false;
    for (at += strspn(at, BLANKS); *at && (quoted || !strchr("#;", *at)); at++) {
        if (*at == '"') {
            quoted = !quoted;
            kept = value.length;
            continue;
        }
        bool escape = *at == '\\';
        if (escape && !*++at)
            return NULL;
        text_add_char(&value, escape && *at == 'n' ? '\n' : escape && *at == 't' ? '\t' : *at);
        if (quoted || escape || !strchr(BLANKS, *at))
            kept = value.length;
    }
    return quoted ? NULL : memory_string_n(text_string(&value), kept);
}

/* What decides about plan and scripts. */
static bool is_ours(const char *key)
{
    static const char *const words[] = {".plan_file", ".extension", ".engine", ".target", ".uri"};
    bool ours = text_has_suffix(key, "_dir");
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        ours = ours || text_has_suffix(key, words[i]);
    return ours;
}

static bool take_line(void *context, const char *line, int64_t number, Error *err)
{
    ConfigReading *reading = context;
    const char *at = line + strspn(line, BLANKS);
    if (*at == '[')
        at = take_section(reading, at);
    if (!at)
        return refuse(reading->name, number, "this is no section:", line, err);
    at += strspn(at, BLANKS);
    if (!*at || *at == '#' || *at == ';')
        return true;
    size_t length = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    const char *equals = at + length + strspn(at + length, BLANKS);
    if (!length || !reading->section || (*equals && *equals != '='))
        return refuse(reading->name, number, "this is no line of a configuration:", line, err);
    CLEANUP(memory_freep) char *value = *equals ? read_value(equals + 1) : memory_string("true");
    if (!value)
        return refuse(reading->name, number, "a value over several lines is not read:", at, err);
    char *key = memory_format("%s.%.*s", reading->section, (int)length, at);
    for (char *letter = key + strlen(reading->section); *letter; letter++)
        if (*letter >= 'A' && *letter <= 'Z')
            *letter = (char)(*letter - 'A' + 'a');
    bool twice = false;
    array_each (const Setting, before, &reading->settings)
        twice = twice || (is_ours(key) && strcmp(before->key, key) == 0);
    *array_add(&reading->settings) = (Setting){key, TAKE_PTR(value), number};
    return !twice || refuse(reading->name, number, "sqitch takes no two values of", key, err);
}

/* --- what is in force ------------------------------------------------------------------------ */

/* "0" and nothing are no values: Perl's truth. */
static const Setting *find(const ConfigReading *reading, const char *section, const char *key)
{
    CLEANUP(memory_freep) char *name = memory_format("%s.%s", section, key);
    const Setting *found = NULL;
    array_each (const Setting, setting, &reading->settings)
        if (strcmp(setting->key, name) == 0)
            found = setting;
    return found && *found->value && strcmp(found->value, "0") != 0 ? found : NULL;
}

/* The target that sqitch takes when none is named: a name or a URI. */
static const Setting *default_target(const ConfigReading *reading)
{
    const Setting *target = find(reading, "core", "target");
    return target ? target : find(reading, "engine.pg", "target");
}

static const Setting *in_force(const ConfigReading *reading, const char *key)
{
    const Setting *target = default_target(reading), *found = NULL;
    CLEANUP(memory_freep)
    char *section = memory_format("target.%s", target ? target->value : "db:pg:");
    found = find(reading, section, key);
    found = found ? found : find(reading, "engine.pg", key);
    return found ? found : find(reading, "core", key);
}

/* Ours is PostgreSQL: the engine that core names, or that of the target's URI. */
static bool check_engine(const ConfigReading *reading, Error *err)
{
    static const char *const ours[] = {"pg", "postgres", "postgresql"};
    const Setting *target = find(reading, "core", "target"), *engine = NULL;
    if (!target)
        engine = find(reading, "core", "engine");
    else if (strchr(target->value, ':'))
        engine = target;
    else {
        CLEANUP(memory_freep) char *section = memory_format("target.%s", target->value);
        engine = find(reading, section, "uri");
    }
    if (!engine)
        return true;
    const char *word = text_has_prefix(engine->value, "db:") ? engine->value + 3 : engine->value;
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (strcspn(word, ":") == strlen(ours[i]) &&
            strncasecmp(word, ours[i], strlen(ours[i])) == 0)
            return true;
    /* not the URI, which may hold a password */
    CLEANUP(memory_freep) char *name = memory_string_n(word, strcspn(word, ":"));
    return refuse(reading->name, engine->line, "the engine is not PostgreSQL but", name, err);
}

/* Clean of "." and empty parts; false where it leads out of the folder. */
static bool clean_path(const char *from, char **ret_path)
{
    CLEANUP(text_done) Text path = {0};
    if (*from == '/' || project_file_name_trouble(from))
        return false;
    for (const char *at = from; *at; at += *at == '/') {
        size_t length = strcspn(at, "/");
        if (length == 2 && strncmp(at, "..", 2) == 0)
            return false;
        if (length && !(length == 1 && *at == '.'))
            text_addf(&path, "%s%.*s", path.length ? "/" : "", (int)length, at);
        at += length;
    }
    *ret_path = text_take(&path);
    return true;
}

/* The path that `key` says, or `folder`/`otherwise`. */
static bool take_path(const ConfigReading *reading, const char *key, const char *folder,
                      const char *otherwise, char **ret_path, Error *err)
{
    const Setting *setting = in_force(reading, key);
    if (!setting) {
        *ret_path = file_path(folder, otherwise);
        return true;
    }
    if (clean_path(setting->value, ret_path))
        return true;
    CLEANUP(memory_freep) char *what = memory_format("%s leads out of the folder:", key);
    refuse(reading->name, setting->line, what, setting->value, err);
    return error_hint(err, "what is released is the project's own: move plan and scripts below the "
                           "folder of sqitch.conf, or let [migrations] folder name a folder above");
}

static bool take_folders(const ConfigReading *reading, const char *top, const char *reworked_top,
                         SqitchConfig *config, Error *err)
{
    static const char *const words[SQITCH_FOLDER_COUNT] = {"deploy", "revert", "verify"};
    for (size_t i = 0; i < SQITCH_FOLDER_COUNT; i++) {
        CLEANUP(memory_freep) char *key = memory_format("%s_dir", words[i]);
        CLEANUP(memory_freep) char *reworked = memory_format("reworked_%s_dir", words[i]);
        /* where scripts of reworked changes have a folder, its kinds are below it; else the former
         * scripts stand below top_dir, not where deploy_dir says */
        if (!take_path(reading, key, top, words[i], &config->folders[i], err) ||
            !take_path(reading, reworked, reworked_top, words[i], &config->reworked[i], err))
            return false;
    }
    return true;
}

/* Targets that somebody names on sqitch's command line are other databases, maybe with other plans.
 */
static void warn_of_targets(const ConfigReading *reading, FindingArray *findings)
{
    const Setting *taken = default_target(reading);
    array_each (const Setting, setting, &reading->settings) {
        const char *key = strrchr(setting->key, '.') + 1;
        if (!text_has_prefix(setting->key, "target.") ||
            !(text_has_suffix(key, "_dir") || strcmp(key, "plan_file") == 0 ||
              strcmp(key, "extension") == 0))
            continue;
        CLEANUP(memory_freep)
        char *name = memory_string_n(setting->key + strlen("target."),
                                     (size_t)(key - setting->key) - strlen("target.."));
        if (strcmp(name, taken ? taken->value : "db:pg:") != 0)
            finding_add(findings, FINDING_WARNING, /* hint= */ NULL,
                        "%s:%" PRId64 ": %s of the target '%s' is not read: sqitch takes that "
                        "target only where it is named",
                        reading->name, setting->line, key, name);
    }
}

/* [core "variables"], [deploy "variables"], [target "NAME.variables"] of the target that is taken.
 */
static void take_variables(const ConfigReading *reading, SqitchConfig *config)
{
    const Setting *taken = default_target(reading);
    CLEANUP(memory_freep)
    char *target = memory_format("target.%s.variables.", taken ? taken->value : "db:pg:");
    array_each (const Setting, setting, &reading->settings) {
        const char *key = strrchr(setting->key, '.') + 1;
        CLEANUP(memory_freep)
        char *section = memory_string_n(setting->key, (size_t)(key - setting->key));
        if (text_has_suffix(section, ".variables.") &&
            (!text_has_prefix(section, "target.") || strcmp(section, target) == 0))
            *array_add(&config->variables) =
                (SqitchVariable){memory_string(key), memory_string(setting->value), setting->line};
    }
}

static bool take_settings(const ConfigReading *reading, SqitchConfig *config, Error *err)
{
    CLEANUP(memory_freep) char *top = NULL, *reworked_top = NULL;
    const Setting *extension = in_force(reading, "extension");
    config->extension = memory_string(extension ? extension->value : "sql");
    if (strchr(config->extension, '/') || project_file_name_trouble(config->extension))
        return refuse(reading->name, extension->line, "no file can have the extension",
                      config->extension, err);
    return check_engine(reading, err) && take_path(reading, "top_dir", "", "", &top, err) &&
           take_path(reading, "reworked_dir", top, "", &reworked_top, err) &&
           take_path(reading, "plan_file", top, "sqitch.plan", &config->plan_file, err) &&
           take_folders(reading, top, reworked_top, config, err);
}

bool sqitch_config_read(const char *path, const char *name, FindingArray *findings,
                        SqitchConfig *ret_config, Error *err)
{
    CLEANUP(reading_done) ConfigReading reading = {.name = name};
    CLEANUP(sqitch_config_done) SqitchConfig config = {0};
    if ((file_exists(path) && !script_lines_read(path, take_line, &reading, err)) ||
        !take_settings(&reading, &config, err))
        return false;
    warn_of_targets(&reading, findings);
    take_variables(&reading, &config);
    *ret_config = config;
    config = (SqitchConfig){0};
    return true;
}
