/* prisma: _prisma_migrations has the folder's name, SHA-256 of migration.sql, when it began and
 * ended. What it knows as rolled back it would apply again, as what it does not know. */
#include "base/digest.h"
#include "planner/history/history_writer.h"

static bool create(const HistoryJob *job, HistoryStatements *statements, Error *err UNUSED)
{
    history_addf(
        statements,
        "CREATE TABLE IF NOT EXISTS %s (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) "
        "NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, "
        "rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), "
        "applied_steps_count integer NOT NULL DEFAULT 0)",
        job->name);
    return true;
}

/* prisma sorts by started_at: several in one transaction must differ. */
static bool applied(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                    Error *err)
{
    CLEANUP(memory_freep)
    char *name = history_literal(history_migration(job, migration)->identity);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    char hex[DIGEST_SHA256_HEX_SIZE];
    if (!history_read_up(job, migration, &bytes, &size, err))
        return false;
    history_addf(statements,
                 "INSERT INTO %s (id, checksum, migration_name, started_at, finished_at, "
                 "applied_steps_count) SELECT gen_random_uuid()::text, '%s', %s, "
                 "clock_timestamp(), clock_timestamp(), 1 WHERE NOT EXISTS (SELECT FROM %s WHERE "
                 "migration_name = %s AND finished_at IS NOT NULL AND rolled_back_at IS NULL)",
                 job->name, digest_sha256_hex(bytes, size, hex), name, job->name, name);
    return true;
}

static bool reverted(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                     Error *err UNUSED)
{
    CLEANUP(memory_freep)
    char *name = history_literal(history_migration(job, migration)->identity);
    history_addf(statements, "DELETE FROM %s WHERE migration_name = %s", job->name, name);
    return true;
}

const HistoryWriter history_prisma = {
    .layout = LAYOUT_PRISMA,
    .create = create,
    .applied = applied,
    .reverted = reverted,
};
