#include "migrations/flyway_settings.h"

#include <inttypes.h>
#include <strings.h>

#include "base/text.h"
#include "migrations/script_lines.h"

#define NAMES_HINT                                                                                 \
    "versions are read as V1.2__name.sql, U1.2__name.sql, B1.2__name.sql and R__name.sql: name "   \
    "the files so, and take the setting out"

/* Settings that change which files are migrations and what is in them, and what they must say. */
static const struct {
    const char *key, *expected;
    bool any_case; /* of letters */
    const char *hint;
} read_so[] = {
    {"placeholderPrefix", "${", false, "placeholders are read as ${name}"},
    {"placeholderSuffix", "}", false, "placeholders are read as ${name}"},
    {"sqlMigrationPrefix", "V", false, NAMES_HINT},
    {"undoSqlMigrationPrefix", "U", false, NAMES_HINT},
    {"repeatableSqlMigrationPrefix", "R", false, NAMES_HINT},
    {"baselineMigrationPrefix", "B", false, NAMES_HINT},
    {"sqlMigrationSeparator", "__", false, NAMES_HINT},
    {"sqlMigrationSuffixes", ".sql", false, NAMES_HINT},
    {"encoding", "UTF-8", true, "write the scripts in UTF-8"},
    {"executeInTransaction", "true", true,
     "say it for each script: executeInTransaction=false in NAME.sql.conf"},
};

/* Of flyway.toml; flyway.conf has one. */
typedef enum {
    TABLE_FLYWAY,
    TABLE_ENVIRONMENT,  /* [environments.default], of which the schemas count */
    TABLE_PLACEHOLDERS, /* [flyway.placeholders] */
    TABLE_OTHER,
} Table;

typedef struct Settings {
    LayoutReading *reading;
    const char *path;
    Table table;
    char *schema; /* owned: the default schema, or the first of the schemas */
    int64_t schema_line;
    bool is_default; /* it is the default schema, which goes before */
} Settings;

static void settings_done(Settings *settings)
{
    free(settings->schema);
}

/* To its end, without the blanks there. */
static char *whole_text(const char *value)
{
    size_t length = strlen(value);
    while (length && strchr(" \t", value[length - 1]))
        length--;
    return memory_string_n(value, length);
}

/* The text of a value: quoted, a list in brackets without its quotes and blanks, or bare: in
 * flyway.conf that goes to the end of the line, in flyway.toml it has no blank in it. */
static char *text_of(const char *value, bool is_toml)
{
    value += strspn(value, " \t");
    const char *inside = value + 1 + strspn(value + (*value != '\0'), " \t");
    bool list = *value == '[' && (*inside == '"' || *inside == '\'' || *inside == ']');
    if (*value == '"' || *value == '\'')
        return memory_string_n(value + 1, strcspn(value + 1, *value == '"' ? "\"" : "'"));
    if (!list)
        return is_toml ? memory_string_n(value, strcspn(value, " \t#")) : whole_text(value);
    Text text = {0};
    for (; *inside && *inside != ']'; inside++)
        if (!strchr("\"' \t", *inside))
            text_add_char(&text, *inside);
    return text_take(&text);
}

/* The first schema in the search path of flyway's session. */
static void take_schema(Settings *settings, bool is_default, const char *text, int64_t line)
{
    if (!*text || (settings->schema && settings->is_default))
        return;
    free(settings->schema);
    settings->schema = memory_string_n(text, strcspn(text, ", \t"));
    settings->schema_line = line;
    settings->is_default = is_default;
}

/* Scripts get their values from sealift.conf: what flyway would put in otherwise is said. */
static void take_placeholder(const Settings *settings, const char *name, const char *text,
                             int64_t line)
{
    const ProjectValueArray *values = settings->reading->values;
    const ProjectValue *value = values ? project_values_find_any_case(values, name) : NULL;
    CLEANUP(memory_freep)
    char *hint = memory_format("[value %s] in sealift.conf, value = %s, does the same", name, text);
    if (!value)
        finding_add(settings->reading->findings, FINDING_WARNING, hint,
                    "%s:%" PRId64 ": the placeholder '%s' is not read", settings->path, line, name);
    else if (!value->site && strcmp(value->value, text) != 0)
        finding_add(settings->reading->findings, FINDING_WARNING, hint,
                    "%s:%" PRId64 ": the placeholder '%s' is '%s' here, and '%s' in sealift.conf",
                    settings->path, line, name, text, value->value);
}

static Table table_of(const char *header)
{
    static const char *const headers[] = {
        [TABLE_FLYWAY] = "[flyway]",
        [TABLE_ENVIRONMENT] = "[environments.default]",
        [TABLE_PLACEHOLDERS] = "[flyway.placeholders]",
    };
    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        if (text_has_prefix(header, headers[i]))
            return (Table)i;
    return TABLE_OTHER;
}

static void take_key(Settings *settings, const char *key, const char *text, int64_t line)
{
    static const char placeholders[] = "placeholders.";
    if (text_has_prefix(key, placeholders))
        take_placeholder(settings, key + strlen(placeholders), text, line);
    if (strcmp(key, "placeholderReplacement") == 0 && strcasecmp(text, "false") == 0)
        settings->reading->verbatim = true;
    if (strcmp(key, "defaultSchema") == 0 || strcmp(key, "schemas") == 0)
        take_schema(settings, *key == 'd', text, line);
    for (size_t i = 0; i < ARRAY_LEN(read_so); i++)
        if (strcmp(key, read_so[i].key) == 0 &&
            (read_so[i].any_case ? strcasecmp : strcmp)(text, read_so[i].expected) != 0)
            finding_add(settings->reading->findings, FINDING_ERROR, read_so[i].hint,
                        "%s:%" PRId64 ": %s is '%s'", settings->path, line, key, text);
}

/* Both forms of the file have a key and a value on a line: flyway.placeholderPrefix=${ and
 * placeholderPrefix = "${". */
static bool take_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    Settings *settings = context;
    const char *at = line + strspn(line, " \t");
    const char *equals = strchr(at, '=');
    if (*at == '[' && !equals)
        settings->table = table_of(at);
    if (*at == '#' || !equals || settings->table == TABLE_OTHER)
        return true;
    if (text_has_prefix(at, "flyway."))
        at += strlen("flyway.");
    CLEANUP(memory_freep) char *key = memory_string_n(at, strcspn(at, " \t="));
    CLEANUP(memory_freep)
    char *text = text_of(equals + 1, text_has_suffix(settings->path, ".toml"));
    if (settings->table == TABLE_PLACEHOLDERS)
        take_placeholder(settings, key, text, number);
    else if (settings->table == TABLE_FLYWAY || strcmp(key, "schemas") == 0)
        take_key(settings, key, text, number);
    return true;
}

/* Without the schema in sealift.conf, names without one would go elsewhere than with flyway. */
static void check_schema(const Settings *settings)
{
    const char *path = settings->reading->search_path;
    if (!path)
        return;
    path += strspn(path, " \t\"");
    size_t length = strcspn(path, ", \t\"");
    if (!settings->schema ||
        (strlen(settings->schema) == length && strncmp(settings->schema, path, length) == 0))
        return;
    CLEANUP(memory_freep)
    char *hint = memory_format("[database] search-path = %s in sealift.conf does the same",
                               settings->schema);
    finding_add(settings->reading->findings, FINDING_WARNING, hint,
                "%s:%" PRId64 ": flyway's search path begins with '%s', the project's with '%.*s'",
                settings->path, settings->schema_line, settings->schema, (int)length, path);
}

bool flyway_settings_read(LayoutReading *reading, Error *err)
{
    static const char *const names[] = {"flyway.conf", "flyway.toml"};
    const char *const folders[] = {"", reading->folder};
    for (size_t i = 0; i < 2 * ARRAY_LEN(names); i++) {
        const char *folder = folders[i % 2];
        CLEANUP(memory_freep)
        char *name = *folder ? file_path(folder, names[i / 2]) : memory_string(names[i / 2]);
        CLEANUP(memory_freep) char *path = file_path(reading->root, name);
        CLEANUP(settings_done) Settings settings = {.reading = reading, .path = name};
        if (strcmp(folder, ".") == 0 || !file_exists(path))
            continue; /* the migrations' folder is the project's */
        if (!script_lines_read(path, take_line, &settings, err))
            return false;
        check_schema(&settings);
    }
    return true;
}
