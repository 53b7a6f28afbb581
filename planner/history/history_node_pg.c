/* node-pg-migrate: pgmigrations has the file's name without its ending, and when it ran. */
#include "planner/history/history_writer.h"

static bool create(const HistoryJob *job, HistoryStatements *statements, Error *err UNUSED)
{
    history_addf(statements,
                 "CREATE TABLE IF NOT EXISTS %s (id serial PRIMARY KEY, name varchar(255) NOT "
                 "NULL, run_on timestamp NOT NULL)",
                 job->name);
    return true;
}

static bool applied(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                    Error *err UNUSED)
{
    CLEANUP(memory_freep)
    char *name = history_literal(history_migration(job, migration)->identity);
    history_addf(statements,
                 "INSERT INTO %s (name, run_on) SELECT %s, now() WHERE NOT EXISTS (SELECT FROM %s "
                 "WHERE name = %s)",
                 job->name, name, job->name, name);
    return true;
}

static bool reverted(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                     Error *err UNUSED)
{
    CLEANUP(memory_freep)
    char *name = history_literal(history_migration(job, migration)->identity);
    history_addf(statements, "DELETE FROM %s WHERE name = %s", job->name, name);
    return true;
}

const HistoryWriter history_node_pg = {
    .layout = LAYOUT_NODE_PG,
    .create = create,
    .applied = applied,
    .reverted = reverted,
};
