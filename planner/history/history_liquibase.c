/* liquibase: databasechangelog counts its rows; a changeset is known by id, author and the path of
 * its file, and its checksum is that of the version that the mark names. A run's rows have one id,
 * made of its beginning: here that of the applier's session. */
#include "base/file.h"
#include "migrations/liquibase_place.h"
#include "migrations/liquibase_row.h"
#include "planner/history/history_writer.h"

#define DEPLOYMENT                                                                                               \
    "(SELECT pg_catalog.right(pg_catalog.floor(extract(epoch FROM coalesce(backend_start, pg_catalog.now())) * " \
    "1000)::bigint::text, 10) FROM pg_catalog.pg_stat_activity WHERE pid = "                                     \
    "pg_catalog.pg_backend_pid())"

/* The row of the lock is there from the beginning. Its table is made only where that of the rows
 * has the name that liquibase gives it, because the lock's has a name of its own. */
static void create_lock(const HistoryJob *job, HistoryStatements *statements)
{
    CLEANUP(memory_freep) char *schema = history_identifier(job->place->schema);
    CLEANUP(memory_freep) char *table = history_identifier(job->place->beside);
    CLEANUP(memory_freep) char *name = memory_format("%s.%s", schema, table);
    history_addf(statements,
                 "CREATE TABLE IF NOT EXISTS %s (id integer NOT NULL, locked boolean NOT NULL, "
                 "lockgranted timestamp, lockedby varchar(255), CONSTRAINT "
                 "databasechangeloglock_pkey PRIMARY KEY (id))",
                 name);
    history_addf(statements,
                 "INSERT INTO %s (id, locked) SELECT 1, false WHERE NOT EXISTS (SELECT FROM %s)",
                 name, name);
}

static bool create(const HistoryJob *job, HistoryStatements *statements, Error *err UNUSED)
{
    history_addf(statements,
                 "CREATE TABLE IF NOT EXISTS %s (id varchar(255) NOT NULL, author varchar(255) NOT "
                 "NULL, filename varchar(255) NOT NULL, dateexecuted timestamp NOT NULL, "
                 "orderexecuted integer NOT NULL, exectype varchar(10) NOT NULL, md5sum "
                 "varchar(35), description varchar(255), comments varchar(255), tag varchar(255), "
                 "liquibase varchar(20), contexts varchar(255), labels varchar(255), "
                 "deployment_id varchar(10))",
                 job->name);
    if (strcmp(job->place->table, "databasechangelog") == 0)
        create_lock(job, statements);
    return true;
}

static bool read_row(const HistoryJob *job, size_t migration, LiquibaseRow *ret_row, Error *err)
{
    const ProjectMigration *source = history_migration(job, migration);
    CLEANUP(memory_freep) char *text = NULL;
    size_t size;
    return history_read_up(job, migration, &text, &size, err) &&
           liquibase_row_read(text, size, source->scripts[PROJECT_UP],
                              source->ranges[PROJECT_UP].items[0].first, job->place->version,
                              ret_row, err);
}

/* The row's place: where an older liquibase has noted it, with what it was told before the path. */
static char *condition_of(const HistoryJob *job, size_t migration, const LiquibaseRow *row,
                          char **ret_path)
{
    const char *script = history_migration(job, migration)->scripts[PROJECT_UP];
    char *path = row->logical_path ? memory_string(row->logical_path)
                                   : liquibase_known_path(job->place->folder,
                                                          job->project->config.folder, script);
    CLEANUP(memory_freep) char *in_classes = memory_format("classpath:%s", path);
    CLEANUP(memory_freep) char *rooted = memory_format("/%s", path);
    CLEANUP(memory_freep) char *id = history_literal(row->id);
    CLEANUP(memory_freep) char *author = history_literal(row->author);
    CLEANUP(memory_freep) char *plain = history_literal(path);
    CLEANUP(memory_freep) char *second = history_literal(in_classes);
    CLEANUP(memory_freep) char *third = history_literal(rooted);
    *ret_path = path;
    return memory_format("id = %s AND author = %s AND filename IN (%s, %s, %s)", id, author, plain,
                         second, third);
}

static void add_row(const HistoryJob *job, const LiquibaseRow *row, const char *path,
                    const char *condition, HistoryStatements *statements)
{
    CLEANUP(memory_freep) char *id = history_literal(row->id);
    CLEANUP(memory_freep) char *author = history_literal(row->author);
    CLEANUP(memory_freep) char *filename = history_literal(path);
    CLEANUP(memory_freep) char *comments = history_literal(row->comments);
    CLEANUP(memory_freep) char *contexts = history_literal(row->contexts);
    CLEANUP(memory_freep) char *labels = history_literal(row->labels);
    history_addf(
        statements,
        "INSERT INTO %s (id, author, filename, dateexecuted, orderexecuted, md5sum, "
        "description, comments, exectype, contexts, labels, liquibase, deployment_id) "
        "SELECT %s, %s, %s, pg_catalog.now(), coalesce(pg_catalog.max(orderexecuted), 0) + "
        "1, '%s', 'sql', %s, 'EXECUTED', %s, %s, '%s', " DEPLOYMENT " FROM %s HAVING NOT "
        "coalesce(pg_catalog.bool_or(%s), false)",
        job->name, id, author, filename, row->checksum, comments, contexts, labels,
        job->place->version, job->name, condition);
}

/* What the tool has of a changeset, and the condition that finds it in the table; owned. */
typedef struct KnownRow {
    LiquibaseRow row;
    char *path;
    char *condition;
} KnownRow;

static void known_row_done(KnownRow *known)
{
    liquibase_row_done(&known->row);
    free(known->path);
    free(known->condition);
}

static bool know_row(const HistoryJob *job, size_t migration, KnownRow *known, Error *err)
{
    if (!read_row(job, migration, &known->row, err))
        return false;
    known->condition = condition_of(job, migration, &known->row, &known->path);
    return true;
}

static bool applied(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                    Error *err)
{
    CLEANUP(known_row_done) KnownRow known = {0};
    if (!know_row(job, migration, &known, err))
        return false;
    add_row(job, &known.row, known.path, known.condition, statements);
    return true;
}

static bool reverted(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                     Error *err)
{
    CLEANUP(known_row_done) KnownRow known = {0};
    if (!know_row(job, migration, &known, err))
        return false;
    history_addf(statements, "DELETE FROM %s WHERE %s", job->name, known.condition);
    return true;
}

const HistoryWriter history_liquibase = {
    .layout = LAYOUT_LIQUIBASE,
    .create = create,
    .applied = applied,
    .reverted = reverted,
};
