/* golang-migrate: schema_migrations holds one row, the number of the last migration and whether it
 * broke; none before the first. */
#include "planner/history/history_writer.h"

static bool create(const HistoryJob *job, HistoryStatements *statements, Error *err UNUSED)
{
    history_addf(statements,
                 "CREATE TABLE IF NOT EXISTS %s (version bigint NOT NULL PRIMARY KEY, dirty "
                 "boolean NOT NULL)",
                 job->name);
    return true;
}

static bool applied(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                    Error *err UNUSED)
{
    CLEANUP(memory_freep)
    char *version = history_number(history_migration(job, migration)->identity);
    history_addf(statements, "DELETE FROM %s WHERE true", job->name);
    history_addf(statements, "INSERT INTO %s (version, dirty) VALUES (%s, false)", job->name,
                 version);
    return true;
}

static bool reverted(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                     Error *err)
{
    if (migration > 0)
        return applied(job, migration - 1, statements, err);
    history_addf(statements, "DELETE FROM %s WHERE true", job->name);
    return true;
}

const HistoryWriter history_golang_migrate = {
    .layout = LAYOUT_GOLANG_MIGRATE,
    .one_row = true,
    .create = create,
    .applied = applied,
    .reverted = reverted,
};
