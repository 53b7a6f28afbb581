/* graphile-migrate: graphile_migrate.migrations has the hash that each file says of itself and the
 * one before it, and the number with .sql behind it, whatever else the file is called. Its table of
 * what is not committed yet stays empty. */
#include "migrations/graphile_file.h"
#include "planner/history/history_writer.h"

static bool create(const HistoryJob *job, HistoryStatements *statements, Error *err UNUSED)
{
    history_addf(statements, "CREATE SCHEMA IF NOT EXISTS %s", job->name);
    history_addf(statements,
                 "CREATE TABLE IF NOT EXISTS %s.migrations (hash text PRIMARY KEY, previous_hash "
                 "text REFERENCES %s.migrations, filename text NOT NULL, date timestamptz NOT NULL "
                 "DEFAULT now())",
                 job->name, job->name);
    history_addf(statements,
                 "CREATE TABLE IF NOT EXISTS %s.current (filename text PRIMARY KEY DEFAULT "
                 "'current.sql', content text NOT NULL, date timestamptz NOT NULL DEFAULT now())",
                 job->name);
    return true;
}

/* The hashes, which the layout's reader has checked. */
static bool read_header(const HistoryJob *job, size_t migration, GraphileFile *ret_file, Error *err)
{
    static const GraphilePlaceholders none;
    const GraphileWords words = {.declared = &none};
    const ProjectMigration *at = history_migration(job, migration);
    CLEANUP(memory_freep) char *path = project_script_path(job->project, at, PROJECT_UP);
    return graphile_file_read(path, at->scripts[PROJECT_UP], &words, ret_file, err);
}

static bool applied(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                    Error *err)
{
    CLEANUP(graphile_file_done) GraphileFile file = {0};
    if (!read_header(job, migration, &file, err))
        return false;
    const char *identity = history_migration(job, migration)->identity;
    CLEANUP(memory_freep) char *hash = history_literal(file.hash);
    CLEANUP(memory_freep) char *previous = history_literal(file.previous);
    history_addf(statements,
                 "INSERT INTO %s.migrations (hash, previous_hash, filename) VALUES (%s, %s, "
                 "'%.*s.sql') ON CONFLICT (hash) DO NOTHING",
                 job->name, hash, previous, (int)strspn(identity, "0123456789"), identity);
    return true;
}

static bool reverted(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                     Error *err)
{
    CLEANUP(graphile_file_done) GraphileFile file = {0};
    if (!read_header(job, migration, &file, err))
        return false;
    CLEANUP(memory_freep) char *hash = history_literal(file.hash);
    history_addf(statements, "DELETE FROM %s.migrations WHERE hash = %s", job->name, hash);
    return true;
}

const HistoryWriter history_graphile = {
    .layout = LAYOUT_GRAPHILE,
    .create = create,
    .applied = applied,
    .reverted = reverted,
};
