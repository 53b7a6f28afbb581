#include <stdint.h>

#include "base/config_file.h"
#include "base/file.h"
#include "base/text.h"
#include "base/uuid.h"
#include "migrations/foreign_history.h"
#include "migrations/liquibase_filter.h"
#include "migrations/liquibase_place.h"
#include "migrations/project.h"
#include "migrations/project_names.h"

#define SITES_MAX       32
#define SITES_BYTES_MAX 1024
#define SERVER_LEAST    10
#define SERVER_MOST     99
#define ROWS_MOST       10000 /* generated for one table */
#define LIST_MAX        100   /* schemas of the scope, tolerated objects */

#define CONFIG_ROW(section, key, field)                                                            \
    {                                                                                              \
        section, key, offsetof(ProjectConfig, field)                                               \
    }

static const ConfigKey config_keys[] = {
    CONFIG_ROW("product", "name", product),
    CONFIG_ROW("product", "uuid", product_uuid),
    CONFIG_ROW("migrations", "layout", layout),
    CONFIG_ROW("migrations", "folder", folder),
    CONFIG_ROW("migrations", "main", main),
    CONFIG_ROW("migrations", "placeholders", placeholders),
    CONFIG_ROW("database", "search-path", search_path),
    CONFIG_ROW("database", "server-min", server_min),
    CONFIG_ROW("database", "server-max", server_max),
    CONFIG_ROW("database", "extensions", extensions),
    CONFIG_ROW("bundle", "channel", channel),
    CONFIG_ROW("bundle", "sites", sites),
    CONFIG_ROW("bundle", "environment", environment),
    CONFIG_ROW("bundle", "keyring", keyring),
    CONFIG_ROW("bundle", "next-expected", next_expected),
    CONFIG_ROW("rehearsal", "pg-bin", pg_bin),
    CONFIG_ROW("rehearsal", "setup", setup),
    CONFIG_ROW("rehearsal", "seeds", seeds),
    CONFIG_ROW("rehearsal", "rows", rehearsal_rows),
    CONFIG_ROW("fingerprint", "scope", scope),
    CONFIG_ROW("fingerprint", "tolerate", tolerate),
    CONFIG_ROW("foreign-history", "keep", history_keep),
    CONFIG_ROW("foreign-history", "table", history_table),
    CONFIG_ROW("liquibase", "contexts", liquibase_contexts),
    CONFIG_ROW("liquibase", "labels", liquibase_labels),
    CONFIG_ROW("liquibase", "version", liquibase_version),
    CONFIG_ROW("liquibase", "folder", liquibase_folder),
};

static char **field(ProjectConfig *config, const ConfigKey *key)
{
    return (char **)((char *)config + key->offset);
}

void project_config_done(ProjectConfig *config)
{
    for (size_t i = 0; i < ARRAY_LEN(config_keys); i++)
        free(*field(config, &config_keys[i]));
    project_values_done(&config->values);
    *config = (ProjectConfig){0};
}

void project_config_defaults(ProjectConfig *ret_config)
{
    *ret_config = (ProjectConfig){
        .product = memory_string(""),
        .product_uuid = memory_string(""),
        .layout = memory_string("auto"),
        .folder = memory_string("migrations"),
        .main = memory_string(""),
        .placeholders = memory_string("auto"),
        .search_path = memory_string("public"),
        .server_min = memory_string("13"),
        .server_max = memory_string("18"),
        .extensions = memory_string(""),
        .channel = memory_string("main"),
        .sites = memory_string("*"),
        .environment = memory_string("*"),
        .keyring = memory_string("keyring.txt"),
        .next_expected = memory_string("-"),
        .pg_bin = memory_string(""),
        .setup = memory_string(""),
        .seeds = memory_string(""),
        .rehearsal_rows = memory_string("50"),
        .scope = memory_string(""),
        .tolerate = memory_string(""),
        .history_keep = memory_string("false"),
        .history_table = memory_string(""),
        .liquibase_contexts = memory_string(""),
        .liquibase_labels = memory_string(""),
        .liquibase_version = memory_string(""),
        .liquibase_folder = memory_string(""),
    };
}

const char *project_config_given(const ProjectConfig *config, const char *section, const char *key)
{
    CLEANUP(project_config_done) ProjectConfig defaults;
    project_config_defaults(&defaults);
    for (size_t i = 0; i < ARRAY_LEN(config_keys); i++) {
        const ConfigKey *row = &config_keys[i];
        if (strcmp(row->section, section) != 0 || strcmp(row->key, key) != 0)
            continue;
        const char *text = *(char *const *)((const char *)config + row->offset);
        return strcmp(text, *field(&defaults, row)) != 0 ? text : NULL;
    }
    return NULL;
}

static bool refuse(Error *err, const char *key, const char *value, const char *expected)
{
    return error_set(err, ERROR_CONFIG, PROJECT_CONFIG_NAME ": %s is '%s': expected %s", key, value,
                     expected);
}

static bool check_product(const ProjectConfig *config, Error *err)
{
    if (!*config->product)
        return error_set(err, ERROR_CONFIG, PROJECT_CONFIG_NAME ": [product] name is missing");
    if (!project_name_is_valid(config->product))
        return refuse(err, "[product] name", config->product, PROJECT_NAME_GRAMMAR);
    if (!*config->product_uuid)
        return error_set(err, ERROR_CONFIG, PROJECT_CONFIG_NAME ": [product] uuid is missing");
    if (!uuid_is_valid(config->product_uuid))
        return refuse(err, "[product] uuid", config->product_uuid,
                      "a UUID in lower case, as 'planner init' writes it");
    return true;
}

/* A relative path that stays inside the project. */
static bool is_inside(const char *path)
{
    if (!*path || *path == '/')
        return false;
    for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (strcspn(at, "/") == 2 && at[0] == '.' && at[1] == '.')
            return false;
    return true;
}

bool project_config_folder_is_valid(const char *folder)
{
    /* what inih reads as something else: blanks around it, a comment behind one, a long line */
    return is_inside(folder) && strlen(folder) <= 150 &&
           text_is_printable_line(folder, strlen(folder)) && !strchr(" ;#\"'", *folder) &&
           !strstr(folder, " ;") && folder[strlen(folder) - 1] != ' ';
}

static bool check_migrations(const ProjectConfig *config, Error *err)
{
    Layout layout;
    ScriptSyntax syntax;
    if (strcmp(config->placeholders, "auto") != 0 &&
        !script_syntax_parse(config->placeholders, &syntax))
        return refuse(err, "[migrations] placeholders", config->placeholders,
                      "auto|" SCRIPT_SYNTAX_NAMES);
    if (strcmp(config->layout, "auto") != 0 && !layout_parse(config->layout, &layout))
        return refuse(err, "[migrations] layout", config->layout, "auto|" LAYOUT_NAMES);
    if (!is_inside(config->folder))
        return refuse(err, "[migrations] folder", config->folder, "a folder inside the project");
    if (*config->main && !is_inside(config->main))
        return refuse(err, "[migrations] main", config->main, "a file in the migration folder");
    if (*config->main && strcmp(config->layout, "auto") != 0 && strcmp(config->layout, "psql") != 0)
        return refuse(err, "[migrations] layout", config->layout,
                      "psql, or nothing, where [migrations] main is named");
    return true;
}

static bool check_liquibase(const ProjectConfig *config, Error *err)
{
    CLEANUP(error_done) Error refused = {0};
    bool ignored;
    if (strcmp(config->liquibase_contexts, "*") != 0 &&
        !liquibase_filter_matches("any", config->liquibase_contexts, &ignored, &refused))
        return refuse(err, "[liquibase] contexts", config->liquibase_contexts,
                      "names with commas between, or * for all changesets");
    if (strcmp(config->liquibase_labels, "*") != 0 &&
        !liquibase_filter_matches(config->liquibase_labels, "any", &ignored, &refused))
        return refuse(err, "[liquibase] labels", config->liquibase_labels,
                      "an expression over labels, or * for all changesets");
    if (*config->liquibase_version && !liquibase_version_number(config->liquibase_version))
        return refuse(err, "[liquibase] version", config->liquibase_version,
                      LIQUIBASE_VERSION_GRAMMAR);
    if (*config->liquibase_folder && !liquibase_folder_is_valid(config->liquibase_folder))
        return refuse(err, "[liquibase] folder", config->liquibase_folder,
                      LIQUIBASE_FOLDER_GRAMMAR);
    return true;
}

static bool server_major(const char *key, const char *value, uint64_t *ret_major, Error *err)
{
    if (!text_parse_uint(value, strlen(value), SERVER_MOST, ret_major) || *ret_major < SERVER_LEAST)
        return refuse(err, key, value, "a PostgreSQL major version, 10 to 99");
    return true;
}

/* name or name>=version, comma-separated; names as PostgreSQL's extensions have them */
static bool extensions_are_valid(const char *extensions)
{
    if (!*extensions)
        return true;
    for (const char *at = extensions;;) {
        at += strspn(at, " ");
        size_t name =
            strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
        at += name;
        if (!name || name > 63)
            return false;
        if (text_has_prefix(at, ">=")) {
            at += 2;
            size_t version = strcspn(at, ", ");
            if (!version || version > 64)
                return false;
            at += version;
        }
        at += strspn(at, " ");
        if (!*at)
            return true;
        if (*at++ != ',')
            return false;
    }
}

static bool check_database(const ProjectConfig *config, Error *err)
{
    uint64_t least = 0, most = 0;
    if (!*config->search_path || project_file_name_trouble(config->search_path))
        return refuse(err, "[database] search-path", config->search_path,
                      "schemas, comma-separated");
    if (!server_major("[database] server-min", config->server_min, &least, err) ||
        !server_major("[database] server-max", config->server_max, &most, err))
        return false;
    if (least > most)
        return error_set(err, ERROR_CONFIG,
                         PROJECT_CONFIG_NAME ": [database] server-min %s is above server-max %s",
                         config->server_min, config->server_max);
    if (!extensions_are_valid(config->extensions))
        return refuse(err, "[database] extensions", config->extensions,
                      "name or name>=version, comma-separated");
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Bring the site list into the form that HEAD has: sorted, no blanks, nobody twice. */
static bool normalise_sites(ProjectConfig *config, Error *err)
{
    if (strcmp(config->sites, "*") == 0)
        return true;
    CLEANUP(memory_freep) char *copy = memory_string(config->sites);
    char *names[SITES_MAX];
    size_t count = 0;
    for (char *at = copy, *next; at; at = next) {
        next = strchr(at, ',');
        if (next)
            *next++ = '\0';
        at += strspn(at, " ");
        at[strcspn(at, " ")] = '\0';
        if (!project_name_is_valid(at) || count == SITES_MAX)
            return refuse(err, "[bundle] sites", config->sites,
                          "* or at most 32 names, comma-separated");
        names[count++] = at;
    }
    qsort(names, count, sizeof(*names), compare_names);
    CLEANUP(text_done) Text sorted = {0};
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
            text_addf(&sorted, "%s%s", i ? "," : "", names[i]);
    if (sorted.length > SITES_BYTES_MAX)
        return refuse(err, "[bundle] sites", config->sites, "at most 1024 bytes");
    free(config->sites);
    config->sites = text_take(&sorted);
    return true;
}

static bool check_bundle(ProjectConfig *config, Error *err)
{
    int64_t seconds;
    if (!project_name_is_valid(config->channel))
        return refuse(err, "[bundle] channel", config->channel, PROJECT_NAME_GRAMMAR);
    if (!normalise_sites(config, err))
        return false;
    if (strcmp(config->environment, "*") != 0 && !project_name_is_valid(config->environment))
        return refuse(err, "[bundle] environment", config->environment,
                      "* or a name of " PROJECT_NAME_GRAMMAR);
    if (!*config->keyring)
        return refuse(err, "[bundle] keyring", config->keyring, "a file");
    if (strcmp(config->next_expected, "-") != 0 && !clock_parse(config->next_expected, &seconds))
        return refuse(err, "[bundle] next-expected", config->next_expected,
                      "- or a time like 2027-01-31T00:00:00Z");
    return true;
}

/* One word of a comma-separated list, without the blanks around it; NULL at the end. */
static char *next_word(char **rest)
{
    char *word = strsep(rest, ",");
    if (!word)
        return NULL;
    word += strspn(word, " ");
    size_t length = strlen(word);
    while (length && word[length - 1] == ' ')
        word[--length] = '\0';
    return word;
}

/* Bring a list into the form that a manifest has: sorted, no blanks around words, nothing twice.
 * Each word must satisfy `is_valid`. */
static bool normalise_list(char **list, bool (*is_valid)(const char *word), const char *key,
                           const char *expected, Error *err)
{
    if (!**list)
        return true;
    CLEANUP(memory_freep) char *copy = memory_string(*list);
    char *words[LIST_MAX], *rest = copy;
    size_t count = 0;
    for (char *word; (word = next_word(&rest)) != NULL; words[count++] = word)
        if (count == LIST_MAX || !is_valid(word))
            return refuse(err, key, *list, expected);
    qsort(words, count, sizeof(*words), compare_names);
    CLEANUP(text_done) Text sorted = {0};
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(words[i], words[i - 1]) != 0)
            text_addf(&sorted, "%s%s", i ? "," : "", words[i]);
    free(*list);
    *list = text_take(&sorted);
    return true;
}

static bool is_schema(const char *word)
{
    return *word && strlen(word) <= 63;
}

/* "table:app.part_*", "*:monitoring.*" */
static bool is_tolerated(const char *word)
{
    const char *colon = strchr(word, ':');
    return colon && colon > word && colon - word <= 63 && colon[1] && strlen(word) <= 512;
}

static bool check_rehearsal(ProjectConfig *config, Error *err)
{
    uint64_t rows;
    if (!text_parse_uint(config->rehearsal_rows, strlen(config->rehearsal_rows), ROWS_MOST, &rows))
        return refuse(err, "[rehearsal] rows", config->rehearsal_rows, "a number up to 10000");
    return normalise_list(&config->scope, is_schema, "[fingerprint] scope",
                          "schemas, comma-separated", err) &&
           normalise_list(&config->tolerate, is_tolerated, "[fingerprint] tolerate",
                          "KIND:PATTERN, comma-separated, such as table:app.part_*", err);
}

static bool check_history(const ProjectConfig *config, Error *err)
{
    bool keep = strcmp(config->history_keep, "true") == 0;
    if (!keep && strcmp(config->history_keep, "false") != 0)
        return refuse(err, "[foreign-history] keep", config->history_keep, "true or false");
    if (*config->history_table && !history_table_is_valid(config->history_table))
        return refuse(err, "[foreign-history] table", config->history_table,
                      "NAME or SCHEMA.NAME, of letters, digits, _ and $");
    return true;
}

static bool read_file(const char *path, ProjectConfig *config, Error *err)
{
    CLEANUP(value_sections_done) ValueSectionArray sections = {0};
    ConfigSections values = value_sections_reader(&sections);
    return config_file_read_sections(path, CONFIG_REQUIRED, config_keys, ARRAY_LEN(config_keys),
                                     config, &values, err) &&
           project_values_take(&sections, &config->values, err);
}

bool project_config_read(const char *root, ProjectConfig *ret_config, Error *err)
{
    CLEANUP(project_config_done) ProjectConfig config = {0};
    CLEANUP(memory_freep) char *path = file_path(root, PROJECT_CONFIG_NAME);
    if (!file_exists(path)) {
        error_set(err, ERROR_CONFIG, "there is no project here: '%s' is missing", path);
        return error_hint(err, "'planner init DIR' makes one; --project DIR names another folder");
    }
    project_config_defaults(&config);
    if (!read_file(path, &config, err) || !check_product(&config, err) ||
        !check_migrations(&config, err) || !check_database(&config, err) ||
        !check_bundle(&config, err) || !check_rehearsal(&config, err) ||
        !check_history(&config, err) || !check_liquibase(&config, err))
        return false;
    *ret_config = config;
    config = (ProjectConfig){0};
    return true;
}
