/* flyway: flyway_schema_history counts its rows; checksum is CRC-32 over the lines of the file
 * without their ends and without a byte order mark, as a signed number; of a repeatable with its
 * placeholders replaced. Version, words, type and checksum are what flyway compares. */
#include <inttypes.h>

#include "base/crc32.h"
#include "base/file.h"
#include "migrations/text_values.h"
#include "planner/history/history_writer.h"

static bool create(const HistoryJob *job, HistoryStatements *statements, Error *err UNUSED)
{
    CLEANUP(memory_freep) char *index = memory_format("%s_s_idx", job->place->table);
    CLEANUP(memory_freep) char *key = memory_format("%s_pk", job->place->table);
    CLEANUP(memory_freep) char *index_name = history_identifier(index);
    CLEANUP(memory_freep) char *key_name = history_identifier(key);
    history_addf(statements,
                 "CREATE TABLE IF NOT EXISTS %s (installed_rank integer NOT NULL, version "
                 "varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL, "
                 "script varchar(1000) NOT NULL, checksum integer, installed_by varchar(100) NOT "
                 "NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time integer NOT "
                 "NULL, success boolean NOT NULL, CONSTRAINT %s PRIMARY KEY (installed_rank))",
                 job->name, key_name);
    history_addf(statements, "CREATE INDEX IF NOT EXISTS %s ON %s (success)", index_name,
                 job->name);
    return true;
}

/* Of "V1_9__add_flag": "1.9" and "add flag"; of "V1_9": "1.9" and "". */
static void cut(const char *identity, char **ret_version, char **ret_description)
{
    const char *separator = strstr(identity + 1, "__");
    const char *end = separator ? separator : identity + strlen(identity);
    char *version = memory_string_n(identity + 1, (size_t)(end - identity) - 1);
    char *description = memory_string(separator ? separator + 2 : "");
    for (char *at = version; *at; at++)
        if (*at == '_')
            *at = '.';
    for (char *at = description; *at; at++)
        if (*at == '_')
            *at = ' ';
    *ret_version = version;
    *ret_description = description;
}

/* A carriage return alone ends a line as well, so that no byte of either kind counts. */
static int32_t checksum_of(const char *bytes, size_t size)
{
    uint32_t crc = 0;
    size_t at = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < size) {
        size_t end = at;
        while (end < size && bytes[end] != '\n' && bytes[end] != '\r')
            end++;
        crc = crc32_update(crc, bytes + at, end - at);
        at = end + 1;
    }
    return (int32_t)crc;
}

/* A repeatable's description is what it is known by: the last row of it says what is there. */
static char *description_of(const ProjectMigration *migration)
{
    CLEANUP(memory_freep) char *version = NULL;
    char *description = NULL;
    cut(migration->repeat ? migration->repeat : migration->identity, &version, &description);
    return description;
}

#define INSERT_ROW                                                                                 \
    "INSERT INTO %s (installed_rank, version, description, type, script, checksum, "               \
    "installed_by, execution_time, success) SELECT coalesce(max(installed_rank), 0) + 1, %s, %s, " \
    "'SQL', %s, %" PRId32 ", current_user, " HISTORY_TIME_SINCE("1000") "::integer, true FROM %s "

/* flyway runs a repeatable whose checksum is not that of its last row. */
static void add_repeatable(const HistoryJob *job, const char *words, const char *script,
                           int32_t checksum, HistoryStatements *statements)
{
    history_addf(statements,
                 INSERT_ROW
                 "HAVING (array_agg(checksum ORDER BY installed_rank DESC) FILTER (WHERE "
                 "version IS NULL AND description = %s AND success))[1] IS DISTINCT FROM "
                 "%" PRId32,
                 job->name, "NULL", words, script, checksum, job->name, words, checksum);
}

typedef struct Replacing {
    const HistoryJob *job;
    const char *name; /* of the script */
    Text text;
} Replacing;

static bool take_text(void *context, const char *bytes, size_t size, Error *err UNUSED)
{
    Replacing *replacing = context;
    text_add_n(&replacing->text, bytes, size);
    return true;
}

static bool refuse_site(void *context, size_t value, ValueForm form UNUSED, int64_t line,
                        Error *err)
{
    const Replacing *replacing = context;
    const char *name = replacing->job->project->config.values.items[value].name;
    error_set(err, ERROR_INPUT,
              "%s:%" PRId64 ": '${%s}' is a site parameter, and flyway's checksum of a repeatable "
              "script is over the text with its value",
              replacing->name, line, name);
    return error_hint(err,
                      "give [value %s] a fixed value, or set keep = false in "
                      "[foreign-history] of " PROJECT_CONFIG_NAME,
                      name);
}

/* A repeatable's text as flyway reads it. */
static bool replace_values(const HistoryJob *job, const ProjectMigration *source, char **bytes,
                           size_t *size, Error *err)
{
    const ScriptFile file = project_script_file(job->project, source, PROJECT_UP, /* path= */ NULL);
    CLEANUP(script_values_done) ScriptValues values = {0};
    Replacing replacing = {.job = job, .name = file.name};
    if (file.settings.syntax != SCRIPT_SYNTAX_FLYWAY)
        return true;
    script_values_init(&values, file.settings.values);
    const TextValuesOptions options = {.syntax = SCRIPT_SYNTAX_FLYWAY,
                                       .values = &values,
                                       .name = file.name,
                                       .first_line = 1,
                                       .take = take_text,
                                       .site = refuse_site,
                                       .context = &replacing};
    CLEANUP(text_values_freep) TextValues *text = text_values_new(&options);
    if (!text_values_feed(text, *bytes, *size, err) || !text_values_end(text, err)) {
        text_done(&replacing.text);
        return false;
    }
    free(*bytes);
    *size = replacing.text.length;
    *bytes = text_take(&replacing.text);
    return true;
}

static bool applied(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                    Error *err)
{
    const ProjectMigration *source = history_migration(job, migration);
    CLEANUP(memory_freep) char *version = NULL;
    CLEANUP(memory_freep) char *title = NULL;
    CLEANUP(memory_freep) char *description = description_of(source);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!history_read_up(job, migration, &bytes, &size, err) ||
        (source->repeat && !replace_values(job, source, &bytes, &size, err)))
        return false;
    cut(source->identity, &version, &title);
    CLEANUP(memory_freep) char *version_text = history_literal(version);
    CLEANUP(memory_freep) char *words = history_literal(description);
    /* without folders: what is released may be moved; flyway does not compare this column */
    CLEANUP(memory_freep)
    char *script = history_literal(file_base_name(source->scripts[PROJECT_UP]));
    int32_t checksum = checksum_of(bytes, size);
    if (source->repeat)
        add_repeatable(job, words, script, checksum, statements);
    else
        history_addf(statements,
                     INSERT_ROW "HAVING NOT coalesce(bool_or(version = %s AND success AND type = "
                                "'SQL'), false)",
                     job->name, version_text, words, script, checksum, job->name, version_text);
    return true;
}

static bool reverted(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                     Error *err UNUSED)
{
    const ProjectMigration *source = history_migration(job, migration);
    CLEANUP(memory_freep) char *version = NULL;
    CLEANUP(memory_freep) char *title = NULL;
    CLEANUP(memory_freep) char *description = description_of(source);
    cut(source->identity, &version, &title);
    CLEANUP(memory_freep) char *literal = history_literal(version);
    CLEANUP(memory_freep) char *words = history_literal(description);
    if (source->repeat)
        history_addf(statements,
                     "DELETE FROM %s WHERE installed_rank = (SELECT max(installed_rank) FROM %s "
                     "WHERE version IS NULL AND description = %s)",
                     job->name, job->name, words);
    else
        history_addf(statements, "DELETE FROM %s WHERE version = %s AND type = 'SQL'", job->name,
                     literal);
    return true;
}

const HistoryWriter history_flyway = {
    .layout = LAYOUT_FLYWAY,
    .create = create,
    .applied = applied,
    .reverted = reverted,
};
