#include "migrations/foreign_history.h"

#include "base/memory.h"
#include "base/text.h"
#include "migrations/code_replacement.h"
#include "migrations/liquibase_place.h"

#define NAME_MAX_BYTES 63 /* of an identifier of PostgreSQL */

/* The tools, by layout. A layout that is not here has none, or nobody writes its history. */
static const struct {
    Layout layout;
    bool keeps_schema; /* not one table */
    bool fixed;        /* the tool has no other name for it */
    const char *table; /* or the schema; unless told otherwise */
    const char *beside;
} tools[] = {
    {LAYOUT_GOLANG_MIGRATE, false, false, "schema_migrations", NULL},
    {LAYOUT_DIESEL, false, false, "__diesel_schema_migrations", NULL},
    {LAYOUT_DBMATE, false, false, "schema_migrations", NULL},
    {LAYOUT_GOOSE, false, false, "goose_db_version", NULL},
    {LAYOUT_NODE_PG, false, false, "pgmigrations", NULL},
    {LAYOUT_SQLX, false, false, "_sqlx_migrations", NULL},
    {LAYOUT_PRISMA, false, false, "_prisma_migrations", NULL},
    {LAYOUT_FLYWAY, false, false, "flyway_schema_history", NULL},
    {LAYOUT_SQITCH, true, false, "sqitch", NULL},
    {LAYOUT_GRAPHILE, true, true, "graphile_migrate", NULL},
    {LAYOUT_LIQUIBASE, false, false, "databasechangelog", "databasechangeloglock"},
};

static size_t find_tool(Layout layout)
{
    for (size_t i = 0; i < ARRAY_LEN(tools); i++)
        if (tools[i].layout == layout)
            return i;
    return SIZE_MAX;
}

void history_place_done(HistoryPlace *place)
{
    free(place->schema);
    free(place->table);
    free(place->version);
    free(place->folder);
    *place = (HistoryPlace){0};
}

/* How many bytes of an identifier `text` begins with: letters, digits, _ and $. */
static size_t name_length(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    if (!length)
        return 0;
    length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789$");
    return length <= NAME_MAX_BYTES ? length : 0;
}

bool history_table_is_valid(const char *text)
{
    size_t first = name_length(text);
    if (!first || text[first] != '.')
        return first && !text[first];
    size_t second = name_length(text + first + 1);
    return second && !text[first + 1 + second];
}

/* VERSION:FOLDER, which only liquibase's mark has. */
static bool parse_settings(const char *text, HistoryPlace *place)
{
    const char *colon = text ? strchr(text, ':') : NULL;
    if (place->layout != LAYOUT_LIQUIBASE)
        return !text;
    if (!colon || !liquibase_folder_is_valid(colon + 1))
        return false;
    place->version = memory_string_n(text, (size_t)(colon - text));
    place->folder = memory_string(colon + 1);
    return liquibase_version_number(place->version) != 0;
}

bool history_mark_parse(const char *mark, HistoryPlace *ret_place)
{
    CLEANUP(history_place_done) HistoryPlace place = {0};
    CLEANUP(memory_freep) char *parts = memory_string(mark);
    char *rest = parts;
    const char *name = strsep(&rest, ":"), *table = strsep(&rest, ":");
    if (!table || !layout_parse(name, &place.layout) || !history_table_is_valid(table))
        return false;
    size_t tool = find_tool(place.layout);
    const char *dot = strchr(table, '.');
    if (tool == SIZE_MAX || tools[tool].keeps_schema != !dot || !parse_settings(rest, &place))
        return false;
    place.schema = dot ? memory_string_n(table, (size_t)(dot - table)) : memory_string(table);
    place.table = dot ? memory_string(dot + 1) : NULL;
    place.beside = tools[tool].beside;
    *ret_place = place;
    place = (HistoryPlace){0};
    return true;
}

/* The name that a search path's entry begins with, as the server takes it: folded unless quoted.
 * The entry's end is *at afterwards. */
static char *take_name(const char **at)
{
    Text name = {0};
    const char *from = *at + strspn(*at, " \t");
    bool quoted = *from == '"';
    for (from += quoted; *from && (quoted || !strchr(", \t", *from)); from++) {
        if (quoted && *from == '"' && *++from != '"')
            break;
        bool upper = !quoted && *from >= 'A' && *from <= 'Z';
        text_add_char(&name, upper ? (char)(*from - 'A' + 'a') : *from);
    }
    *at = from + strcspn(from, ",");
    return text_take(&name);
}

/* The schema where a tool that says none creates its table: the first of the search path that is
 * not the role's own. */
static char *first_schema(const char *search_path)
{
    for (const char *at = search_path; *at; at += *at == ',') {
        CLEANUP(memory_freep) char *name = take_name(&at);
        if (*name && strcmp(name, "$user") != 0)
            return TAKE_PTR(name);
    }
    return memory_string("public");
}

static bool refuse_table(const ProjectConfig *config, const char *expected, Error *err)
{
    return error_set(err, ERROR_CONFIG,
                     PROJECT_CONFIG_NAME ": [foreign-history] table is '%s': expected %s",
                     config->history_table, expected);
}

/* What liquibase writes depends on its version and on where it finds the files. */
static bool check_settings(const Project *project, Error *err)
{
    const ProjectConfig *config = &project->config;
    bool has_version = *config->liquibase_version != '\0';
    if (project->layout != LAYOUT_LIQUIBASE || (has_version && *config->liquibase_folder))
        return true;
    error_set(err, ERROR_CONFIG,
              PROJECT_CONFIG_NAME
              ": [foreign-history] keep is 'true', and [liquibase] %s is missing",
              has_version ? "folder" : "version");
    return error_hint(err, "give %s",
                      has_version ? LIQUIBASE_FOLDER_GRAMMAR : LIQUIBASE_VERSION_GRAMMAR);
}

/* What sealift.conf asks for, as a mark. */
static bool make_mark(const Project *project, char **ret_mark, Error *err)
{
    const ProjectConfig *config = &project->config;
    const char *name = layout_name(project->layout), *given = config->history_table;
    size_t tool = find_tool(project->layout);
    if (tool == SIZE_MAX) {
        error_set(err, ERROR_CONFIG,
                  PROJECT_CONFIG_NAME
                  ": [foreign-history] keep is 'true', but the layout is '%s': there is no tool "
                  "whose history Sealift writes for it",
                  name);
        return error_hint(err, "take keep out; docs/foreign-history.md lists the tools");
    }
    if (!check_settings(project, err))
        return false;
    if (tools[tool].fixed && *given && strcmp(given, tools[tool].table) != 0)
        return refuse_table(config, "nothing, because this tool has one name for it", err);
    if (tools[tool].keeps_schema && strchr(given, '.'))
        return refuse_table(config, "the name of a schema, which this tool keeps", err);
    const char *table = *given ? given : tools[tool].table;
    CLEANUP(memory_freep)
    char *schema =
        tools[tool].keeps_schema || strchr(given, '.') ? NULL : first_schema(config->search_path);
    if (schema && !history_table_is_valid(schema))
        return refuse_table(config, "SCHEMA.NAME, because of the search path", err);
    CLEANUP(text_done) Text mark = {0};
    text_addf(&mark, "%s:%s%s%s", name, schema ? schema : "", schema ? "." : "", table);
    if (project->layout == LAYOUT_LIQUIBASE)
        text_addf(&mark, ":%s:%s", config->liquibase_version, config->liquibase_folder);
    *ret_mark = text_take(&mark);
    return true;
}

static bool check_released(const Project *project, const ProjectVersion *version, Error *err)
{
    CLEANUP(history_place_done) HistoryPlace place = {0};
    if (!version->history)
        return true;
    if (!history_mark_parse(version->history, &place))
        return error_set(err, ERROR_CONFIG,
                         PROJECT_SUM_NAME ": version %s was released with a history that this "
                                          "planner does not write: '%s'",
                         version->name, version->history);
    if (place.layout == project->layout)
        return true;
    error_set(err, ERROR_CONFIG,
              "version %s was released with the history of %s, and the layout is now '%s'",
              version->name, layout_name(place.layout), layout_name(project->layout));
    return error_hint(err, "[migrations] layout in " PROJECT_CONFIG_NAME " must stay what it was");
}

static bool is_program(const ProjectMigration *migration)
{
    const char *up = migration->scripts[PROJECT_UP];
    return up && code_replacement_is(up);
}

/* The tool runs the program and notes that; what it would make of the SQL is another migration. */
static bool refuse_program(const Project *project, const ProjectMigration *migration, Error *err)
{
    const char *script = migration->scripts[PROJECT_UP];
    CLEANUP(memory_freep) char *program = memory_string_n(script, code_replacement_length(script));
    error_set(err, ERROR_CONFIG,
              PROJECT_CONFIG_NAME ": [foreign-history] keep: '%s' is a program that '%s' replaces, "
                                  "and %s would note the program as run, which it was not",
              program, script, layout_name(project->layout));
    return error_hint(err, "set keep = false; a project with a replaced program keeps no history");
}

/* The tool notes what a new database begins with in a row of another kind. */
static bool refuse_baseline(const ProjectMigration *migration, Error *err)
{
    error_set(err, ERROR_CONFIG,
              PROJECT_CONFIG_NAME ": [foreign-history] keep: '%s' is a baseline of flyway, whose "
                                  "row Sealift does not write",
              migration->scripts[PROJECT_UP]);
    return error_hint(err, "set keep = false");
}

/* What is noted begins with the first migration and ends with the last version that keeps it. */
static bool check_programs(const Project *project, Error *err)
{
    size_t count = project->history ? project->migrations.count : 0;
    for (size_t i = count; i < project->migrations.count; i++) {
        int64_t version = project->migrations.items[i].version;
        if (version >= 0 && project->versions.items[version].history)
            count = i + 1;
    }
    for (size_t i = 0; i < count; i++) {
        const ProjectMigration *at = &project->migrations.items[i];
        if (is_program(at))
            return refuse_program(project, at, err);
        if (project->layout == LAYOUT_FLYWAY && at->identity[0] == 'B')
            return refuse_baseline(at, err);
    }
    return true;
}

bool foreign_history_resolve(Project *project, Error *err)
{
    if (strcmp(project->config.history_keep, "true") == 0 &&
        !make_mark(project, &project->history, err))
        return false;
    array_each (ProjectVersion, version, &project->versions) {
        if (!version->released)
            version->history = memory_string(project->history);
        else if (!check_released(project, version, err))
            return false;
    }
    return check_programs(project, err);
}
