#include "migrations/liquibase_master.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

#define BLANKS " \t\r\n"

typedef struct MasterReading {
    const char *name;
    LiquibaseIncludeArray *includes;
    int64_t line;
    bool in_log; /* behind databaseChangeLog */
} MasterReading;

void liquibase_includes_done(LiquibaseIncludeArray *includes)
{
    array_each (LiquibaseInclude, include, includes) {
        free(include->file);
        free(include->context);
        free(include->labels);
    }
    array_free(includes);
}

static bool refuse(const MasterReading *reading, const char *what, const char *which, Error *err)
{
    error_set(err, ERROR_INPUT, "%s:%" PRId64 ": %s '%.60s'", reading->name, reading->line, what,
              which);
    return error_hint(err, "only a changelog that includes .sql files and does nothing else is "
                           "read: write its changes as formatted SQL");
}

/* A folder may be written with a slash behind it, and with "./" before it. */
static void take_path(LiquibaseInclude *include, const char *path)
{
    for (; include->all && text_has_prefix(path, "./") && path[2]; path += 2)
        include->dotted = true;
    size_t length = strlen(path);
    while (include->all && length > 1 && path[length - 1] == '/')
        length--;
    include->file = memory_string_n(path, length);
}

/* Where the include's attribute of this name is kept; NULL: it has none, or has it already. */
static char **find_expression(LiquibaseInclude *include, const char *key)
{
    char **place = NULL;
    if (strcmp(key, "context") == 0 || strcmp(key, "contextFilter") == 0)
        place = &include->context;
    else if (strcmp(key, "labels") == 0)
        place = &include->labels;
    return place && !*place ? place : NULL;
}

static bool take_key(MasterReading *reading, const char *key, const char *value, Error *err)
{
    size_t count = reading->includes->count;
    LiquibaseInclude *include = count ? &reading->includes->items[count - 1] : NULL;
    if (include && strcmp(key, include->all ? "path" : "file") == 0 && !include->file && *value)
        take_path(include, text_has_prefix(value, "classpath:") ? value + 10 : value);
    else if (include && strcmp(key, "relativeToChangelogFile") == 0 &&
             (strcmp(value, "true") == 0 || strcmp(value, "false") == 0))
        include->relative = strcmp(value, "true") == 0;
    else if (include && find_expression(include, key))
        *find_expression(include, key) = memory_string(value);
    else
        return refuse(reading, "this cannot be read:", key, err);
    return true;
}

static void add_include(MasterReading *reading, bool all)
{
    *array_add(reading->includes) = (LiquibaseInclude){.line = reading->line, .all = all};
}

static bool check_includes(MasterReading *reading, Error *err)
{
    array_each (const LiquibaseInclude, include, reading->includes) {
        reading->line = include->line;
        if (!include->file)
            return refuse(reading, "an include without its", include->all ? "path" : "file", err);
    }
    return true;
}

/* --- YAML ------------------------------------------------------------------------------------ */

/* The line without blanks and a comment around it, and without quotes around its value. */
static char *trim(char *text)
{
    text += strspn(text, BLANKS);
    size_t length = strlen(text);
    while (length && strchr(BLANKS, text[length - 1]))
        text[--length] = '\0';
    if (length > 1 && (*text == '"' || *text == '\'') && text[length - 1] == *text) {
        text[length - 1] = '\0';
        text++;
    }
    return text;
}

/* databaseChangeLog:, then for each file "- include:" and below it "file: …", for a folder
 * "- includeAll:" and "path: …", and maybe "relativeToChangelogFile: …". How far lines are indented
 * says nothing more. */
static bool take_yaml_line(MasterReading *reading, char *line, Error *err)
{
    char *comment = strstr(line, " #");
    if (comment)
        *comment = '\0';
    char *text = trim(line), *colon = strchr(text, ':');
    if (!*text || *text == '#' || strcmp(text, "---") == 0)
        return true;
    if (strcmp(text, "databaseChangeLog:") == 0 && !reading->in_log) {
        reading->in_log = true;
        return true;
    }
    const char *item = *text == '-' ? text + 1 + strspn(text + 1, " ") : "";
    if (reading->in_log && (strcmp(item, "include:") == 0 || strcmp(item, "includeAll:") == 0)) {
        add_include(reading, strcmp(item, "includeAll:") == 0);
        return true;
    }
    if (!colon || !reading->in_log || *text == '-')
        return refuse(reading, "this cannot be read:", text, err);
    *colon = '\0';
    return take_key(reading, text, trim(colon + 1), err);
}

static bool read_yaml(MasterReading *reading, char *text, Error *err)
{
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!take_yaml_line(reading, line, err))
            return false;
        reading->line++;
    }
    return true;
}

/* --- XML ------------------------------------------------------------------------------------- */

/* name="value" … of an include; what an entity would be is refused. */
static bool take_attributes(MasterReading *reading, char *at, Error *err)
{
    while (*(at += strspn(at, BLANKS)) && strcmp(at, "/") != 0) {
        char *name = at, *equals = strchr(at, '=');
        char *value = equals ? equals + 1 + strspn(equals + 1, BLANKS) : NULL;
        char *end = value && (*value == '"' || *value == '\'') ? strchr(value + 1, *value) : NULL;
        if (!end)
            return refuse(reading, "this cannot be read:", at, err);
        *equals = *end = '\0';
        if (strchr(value + 1, '&'))
            return refuse(reading, "an entity cannot be read:", value + 1, err);
        if (!take_key(reading, trim(name), value + 1, err))
            return false;
        at = end + 1;
    }
    return true;
}

static bool is_tag(const char *tag, size_t length, const char *name)
{
    return length == strlen(name) && strncmp(tag, name, length) == 0;
}

/* What the changelog says of all that it includes. */
static bool check_log(const MasterReading *reading, const char *tag, Error *err)
{
    static const char *const names[] = {"logicalFilePath", "context"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strstr(tag, names[i]))
            return refuse(reading, "this cannot be read:", names[i], err);
    return true;
}

/* `tag` is what stands between < and >. */
static bool take_tag(MasterReading *reading, char *tag, Error *err)
{
    size_t length = strcspn(tag, BLANKS "/");
    if (*tag == '?' || strcmp(trim(tag), "/databaseChangeLog") == 0 ||
        strcmp(tag, "/include") == 0 || strcmp(tag, "/includeAll") == 0)
        return true;
    if (is_tag(tag, length, "databaseChangeLog") && !reading->in_log) {
        reading->in_log = true;
        return check_log(reading, tag, err);
    }
    bool all = is_tag(tag, length, "includeAll");
    if (!(all || is_tag(tag, length, "include")) || !reading->in_log)
        return refuse(reading, "this cannot be read:", tag, err);
    add_include(reading, all);
    return take_attributes(reading, tag + length, err);
}

static void count_lines(MasterReading *reading, const char *from, const char *to)
{
    for (; from < to; from++)
        reading->line += *from == '\n';
}

static bool read_xml(MasterReading *reading, char *text, Error *err)
{
    for (char *at = text; *at;) {
        char *tag = at + strspn(at, BLANKS);
        count_lines(reading, at, tag);
        if (!*tag)
            return true;
        bool comment = text_has_prefix(tag, "<!--");
        char *end = *tag == '<' ? strstr(tag, comment ? "-->" : ">") : NULL;
        if (!end)
            return refuse(reading, "this cannot be read:", tag, err);
        at = end + (comment ? 3 : 1);
        *end = '\0';
        int64_t line = reading->line;
        count_lines(reading, tag, end);
        int64_t behind = reading->line;
        reading->line = line;
        if (!comment && !take_tag(reading, tag + 1, err))
            return false;
        reading->line = behind;
    }
    return true;
}

bool liquibase_master_read(char *text, const char *name, LiquibaseIncludeArray *ret_includes,
                           Error *err)
{
    CLEANUP(liquibase_includes_done) LiquibaseIncludeArray includes = {0};
    MasterReading reading = {.name = name, .includes = &includes, .line = 1};
    size_t length = strlen(name);
    bool json = length > 5 && strcasecmp(name + length - 5, ".json") == 0;
    bool xml = length > 4 && strcasecmp(name + length - 4, ".xml") == 0;
    if (json)
        return refuse(&reading, "a changelog in JSON is not read:", name, err);
    if (!(xml ? read_xml(&reading, text, err) : read_yaml(&reading, text, err)) ||
        !check_includes(&reading, err))
        return false;
    *ret_includes = includes;
    includes = (LiquibaseIncludeArray){0};
    return true;
}
