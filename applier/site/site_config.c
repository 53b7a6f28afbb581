#include "applier/site/site_config.h"

#include "base/config_file.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define CONFIG_NAME           "applier.conf"
#define CONFIG_FOLDER_DEFAULT "/etc/sealift"
#define STATE_FOLDER_DEFAULT  "/var/lib/sealift"
#define SPAN_MOST_S           (INT64_C(3650) * 86400)

/* The file's values as they stand there. */
typedef struct SiteFile {
    char *name;
    char *environment;
    char *channel;
    char *ledger_owner;
    char *rollback_needs;
    char *superuser;
    char *look_under_lock_ms;
    char *max_lag;
    char *backup_policy;
    char *backup_within;
    char *backup_command;
    char *backup_pg_dump;
    char *reconnect;
    char *step_limit;
} SiteFile;

static const ConfigKey config_keys[] = {
    {"site", "name", offsetof(SiteFile, name)},
    {"site", "environment", offsetof(SiteFile, environment)},
    {"site", "channel", offsetof(SiteFile, channel)},
    {"site", "ledger-owner", offsetof(SiteFile, ledger_owner)},
    {"site", "rollback-needs", offsetof(SiteFile, rollback_needs)},
    {"site", "superuser", offsetof(SiteFile, superuser)},
    {"site", "look-under-lock-ms", offsetof(SiteFile, look_under_lock_ms)},
    {"site", "reconnect", offsetof(SiteFile, reconnect)},
    {"site", "step-limit", offsetof(SiteFile, step_limit)},
    {"site", "max-lag", offsetof(SiteFile, max_lag)},
    {"backup", "policy", offsetof(SiteFile, backup_policy)},
    {"backup", "within", offsetof(SiteFile, backup_within)},
    {"backup", "command", offsetof(SiteFile, backup_command)},
    {"backup", "pg-dump", offsetof(SiteFile, backup_pg_dump)},
};

static const struct {
    const char *word;
    RollbackNeeds needs;
} rollback_words[] = {
    {"signature", ROLLBACK_NEEDS_SIGNATURE},
    {"state", ROLLBACK_NEEDS_STATE},
    {"nothing", ROLLBACK_NEEDS_NOTHING},
};

static void site_file_done(SiteFile *file)
{
    for (size_t i = 0; i < ARRAY_LEN(config_keys); i++)
        free(*(char **)((char *)file + config_keys[i].offset));
}

void site_config_done(SiteConfig *config)
{
    free(config->config_folder);
    free(config->state_folder);
    free(config->name);
    free(config->environment);
    free(config->channel);
    free(config->ledger_owner);
    free(config->backup_command);
    free(config->backup_pg_dump);
    site_parameters_done(&config->parameters);
    *config = (SiteConfig){0};
}

static char *folder_from(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);
    return memory_string(value && *value ? value : otherwise);
}

/* A name that HEAD could hold, or the site would take nothing and never learn why. */
static bool check_name(const char *key, const char *value, Error *err)
{
    if (!value || head_name_is_valid(value))
        return true;
    error_set(err, ERROR_CONFIG, "%s is '%s', which no bundle can name", key, value);
    return error_hint(err, "lower-case letters, digits and '-', at most %d", BUNDLE_NAME_MAX);
}

static bool take_rollback_needs(const char *word, RollbackNeeds *ret_needs, Error *err)
{
    *ret_needs = ROLLBACK_NEEDS_NOTHING;
    if (!word)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(rollback_words); i++)
        if (strcmp(rollback_words[i].word, word) == 0) {
            *ret_needs = rollback_words[i].needs;
            return true;
        }
    return error_set(err, ERROR_CONFIG,
                     "rollback-needs is '%s': expected signature, state or nothing", word);
}

static bool take_superuser(const char *word, SuperuserPolicy *ret_policy, Error *err)
{
    if (word && strcmp(word, "warn") != 0 && strcmp(word, "refuse") != 0)
        return error_set(err, ERROR_CONFIG, "superuser is '%s': expected warn or refuse", word);
    *ret_policy = word && strcmp(word, "refuse") == 0 ? SUPERUSER_REFUSE : SUPERUSER_WARN;
    return true;
}

static bool take_look_under_lock(const char *word, int64_t *ret_ms, Error *err)
{
    uint64_t ms = 0;
    if (word && !text_parse_uint(word, strlen(word), INT32_MAX, &ms)) {
        error_set(err, ERROR_CONFIG, "look-under-lock-ms is '%s': expected a number", word);
        return error_hint(err, "milliseconds; 0 compares every version behind its COMMIT");
    }
    *ret_ms = word ? (int64_t)ms : -1;
    return true;
}

static bool take_max_lag(const char *word, LagLimit *ret_limit, Error *err)
{
    *ret_limit = (LagLimit){0};
    if (!word || lag_limit_parse(word, ret_limit))
        return true;
    error_set(err, ERROR_CONFIG, "max-lag is '%s': expected a size or a time", word);
    return error_hint(err, LAG_LIMIT_WORDS);
}

bool site_span_parse(const char *word, int64_t *ret_seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    size_t length = strlen(word);
    uint64_t number = 0;
    if (length < 2 || !text_parse_uint(word, length - 1, SPAN_MOST_S, &number) || !number)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (word[length - 1] == units[i].unit &&
            (int64_t)number <= SPAN_MOST_S / units[i].seconds) {
            *ret_seconds = (int64_t)number * units[i].seconds;
            return true;
        }
    return false;
}

static bool take_backup(SiteFile *file, SiteConfig *config, Error *err)
{
    static const char *const words[] = {[BACKUP_POLICY_WARN] = "warn",
                                        [BACKUP_POLICY_REQUIRED] = "required",
                                        [BACKUP_POLICY_OFF] = "off"};
    const char *policy = file->backup_policy ? file->backup_policy : "warn";
    size_t at = 0;
    while (at < ARRAY_LEN(words) && strcmp(words[at], policy) != 0)
        at++;
    if (at == ARRAY_LEN(words))
        return error_set(err, ERROR_CONFIG, "policy is '%s': expected required, warn or off",
                         policy);
    config->backup_policy = (BackupPolicy)at;
    config->backup_within_s = BACKUP_WITHIN_DEFAULT_S;
    if (file->backup_within && !site_span_parse(file->backup_within, &config->backup_within_s))
        return error_set(err, ERROR_CONFIG, "within is '%s': expected a time like 90m, 2h or 1d",
                         file->backup_within);
    if (file->backup_command && !*file->backup_command)
        return error_set(err, ERROR_CONFIG, "command is empty");
    if (file->backup_pg_dump && file->backup_pg_dump[0] != '/')
        return error_set(err, ERROR_CONFIG, "pg-dump is '%s': expected an absolute path",
                         file->backup_pg_dump);
    config->backup_command = TAKE_PTR(file->backup_command);
    config->backup_pg_dump = TAKE_PTR(file->backup_pg_dump);
    return true;
}

#define SECONDS_MOST 604800 /* a week */

/* -1 where the site does not say. */
static bool take_seconds(const char *key, const char *word, int64_t *ret_seconds, Error *err)
{
    uint64_t seconds = 0;
    if (word && !text_parse_uint(word, strlen(word), SECONDS_MOST, &seconds)) {
        error_set(err, ERROR_CONFIG, "%s is '%s': expected a number of seconds", key, word);
        return error_hint(err, "at most %d", SECONDS_MOST);
    }
    *ret_seconds = word ? (int64_t)seconds : -1;
    return true;
}

static bool take_file(SiteFile *file, SiteConfig *config, Error *err)
{
    if (!check_name("name", file->name, err) ||
        !check_name("environment", file->environment, err) ||
        !check_name("channel", file->channel, err) ||
        !take_rollback_needs(file->rollback_needs, &config->rollback_needs, err) ||
        !take_superuser(file->superuser, &config->superuser, err) ||
        !take_max_lag(file->max_lag, &config->max_lag, err) ||
        !take_look_under_lock(file->look_under_lock_ms, &config->look_under_lock_ms, err) ||
        !take_seconds("reconnect", file->reconnect, &config->reconnect_s, err) ||
        !take_seconds("step-limit", file->step_limit, &config->step_limit_s, err) ||
        !take_backup(file, config, err))
        return false;
    if (file->ledger_owner && !*file->ledger_owner)
        return error_set(err, ERROR_CONFIG, "ledger-owner is empty");
    config->name = TAKE_PTR(file->name);
    config->environment = TAKE_PTR(file->environment);
    config->channel = TAKE_PTR(file->channel);
    config->ledger_owner = TAKE_PTR(file->ledger_owner);
    return true;
}

bool site_config_read(SiteConfig *ret_config, Error *err)
{
    CLEANUP(site_config_done)
    SiteConfig config = {
        .config_folder = folder_from("SEALIFT_CONFIG_DIR", CONFIG_FOLDER_DEFAULT),
        .state_folder = folder_from("SEALIFT_STATE_DIR", STATE_FOLDER_DEFAULT),
    };
    CLEANUP(site_file_done) SiteFile file = {0};
    CLEANUP(memory_freep) char *path = file_path(config.config_folder, CONFIG_NAME);
    const ConfigSections parameters = site_parameters_reader(&config.parameters);
    if (!config_file_read_sections(path, CONFIG_OPTIONAL, config_keys, ARRAY_LEN(config_keys),
                                   &file, &parameters, err))
        return false;
    if (!take_file(&file, &config, err))
        return error_wrap(err, "%s", path);
    *ret_config = config;
    config = (SiteConfig){0};
    return true;
}

bool site_config_check_head(const SiteConfig *config, const Head *head, Error *err)
{
    if (!head_sites_hold(head->sites, config->name)) {
        if (config->name)
            return error_set(err, ERROR_TRUST,
                             "the bundle is for the sites '%s', this site is '%s'", head->sites,
                             config->name);
        error_set(err, ERROR_TRUST, "the bundle is for the sites '%s', this site has no name",
                  head->sites);
        return error_hint(err, "name = … in [site] of %s/%s", config->config_folder, CONFIG_NAME);
    }
    bool any_environment = strcmp(head->environment, "*") == 0;
    if (!any_environment && !config->environment) {
        error_set(err, ERROR_TRUST,
                  "the bundle is for the environment '%s', this site does not say which it is",
                  head->environment);
        return error_hint(err, "environment = … in [site] of %s/%s", config->config_folder,
                          CONFIG_NAME);
    }
    if (!any_environment && strcmp(head->environment, config->environment) != 0)
        return error_set(err, ERROR_TRUST,
                         "the bundle is for the environment '%s', this site is '%s'",
                         head->environment, config->environment);
    if (config->channel && strcmp(head->channel, config->channel) != 0)
        return error_set(err, ERROR_TRUST,
                         "the bundle is of the channel '%s', this site takes '%s'", head->channel,
                         config->channel);
    return true;
}
