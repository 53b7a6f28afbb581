/* sqlx: _sqlx_migrations has the number, the words of the name, SHA-384 of the up script's file,
 * and how long it took in nanoseconds. */
#include "base/digest.h"
#include "planner/history/history_writer.h"

static bool create(const HistoryJob *job, HistoryStatements *statements, Error *err UNUSED)
{
    history_addf(statements,
                 "CREATE TABLE IF NOT EXISTS %s (version bigint PRIMARY KEY, description text NOT "
                 "NULL, installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, "
                 "checksum bytea NOT NULL, execution_time bigint NOT NULL)",
                 job->name);
    return true;
}

/* "0001_create_ships" → "create ships" */
static char *description_of(const char *identity)
{
    const char *title = strchr(identity, '_');
    char *description = memory_string(title ? title + 1 : "");
    for (char *at = description; *at; at++)
        if (*at == '_')
            *at = ' ';
    return description;
}

static bool applied(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                    Error *err)
{
    const char *identity = history_migration(job, migration)->identity;
    CLEANUP(memory_freep) char *version = history_number(identity);
    CLEANUP(memory_freep) char *words = description_of(identity);
    CLEANUP(memory_freep) char *description = history_literal(words);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    char hex[DIGEST_SHA384_HEX_SIZE];
    if (!history_read_up(job, migration, &bytes, &size, err))
        return false;
    history_addf(statements,
                 "INSERT INTO %s (version, description, success, checksum, execution_time) VALUES "
                 "(%s, %s, true, decode('%s', 'hex'), " HISTORY_TIME_SINCE(
                     "1000000000") "::bigint) ON CONFLICT (version) DO NOTHING",
                 job->name, version, description, digest_sha384_hex(bytes, size, hex));
    return true;
}

static bool reverted(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                     Error *err UNUSED)
{
    CLEANUP(memory_freep)
    char *version = history_number(history_migration(job, migration)->identity);
    history_addf(statements, "DELETE FROM %s WHERE version = %s", job->name, version);
    return true;
}

const HistoryWriter history_sqlx = {
    .layout = LAYOUT_SQLX,
    .create = create,
    .applied = applied,
    .reverted = reverted,
};
