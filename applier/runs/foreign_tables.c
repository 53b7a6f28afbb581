#include "applier/runs/foreign_tables.h"

#include <inttypes.h>

#include "applier/server/pg_query.h"
#include "applier/sql/foreign_queries.h"
#include "base/memory.h"

/* What each tool's table looks like: its name, columns by which it is known ('=': it has no
 * others), what its keys are, and how they are read, in the order of application; %s is the table.
 * The second column of an answer is whether the migration broke. A query uses only columns that are
 * named before it, whose types are looked at, and PostgreSQL's own functions and operators: whoever
 * may make a table may also make a better fitting operator. */
static const struct {
    const char *tool;
    const char *table;
    const char *columns;
    ForeignKeyKind kind;
    bool last_only;
    const char *query;
} tools[] = {
    {"golang-migrate", "schema_migrations", "=version dirty", FOREIGN_KEY_NUMBER, true,
     "SELECT version::pg_catalog.text, dirty FROM %s"},
    {"dbmate", "schema_migrations", "=version", FOREIGN_KEY_DIGITS, false,
     "SELECT version::pg_catalog.text, false FROM %s ORDER BY version::pg_catalog.text COLLATE \"C\""},
    {"diesel", "__diesel_schema_migrations", "version run_on", FOREIGN_KEY_DASHLESS, false,
     "SELECT version::pg_catalog.text, false FROM %s ORDER BY version::pg_catalog.text COLLATE \"C\""},
    {"goose", "goose_db_version", "id version_id is_applied", FOREIGN_KEY_NUMBER, false,
     "SELECT version_id::pg_catalog.text, false FROM (SELECT DISTINCT ON (version_id) version_id, is_applied "
     "FROM %s ORDER BY version_id, id DESC) last WHERE is_applied AND version_id "
     "OPERATOR(pg_catalog.>) 0 ORDER BY version_id"},
    {"node-pg-migrate", "pgmigrations", "id name run_on", FOREIGN_KEY_WHOLE, false,
     "SELECT name::pg_catalog.text, false FROM %s ORDER BY run_on, id"},
    {"knex", "knex_migrations", "id name batch", FOREIGN_KEY_FILE, false,
     "SELECT name::pg_catalog.text, false FROM %s ORDER BY id"},
    {"sqlx", "_sqlx_migrations", "version success checksum", FOREIGN_KEY_NUMBER, false,
     "SELECT version::pg_catalog.text, NOT success FROM %s ORDER BY version"},
    {"prisma", "_prisma_migrations", "migration_name finished_at rolled_back_at started_at",
     FOREIGN_KEY_WHOLE, false,
     "SELECT migration_name::pg_catalog.text, finished_at IS NULL FROM %s WHERE rolled_back_at IS NULL ORDER "
     "BY started_at"},
    {"flyway", "flyway_schema_history", "installed_rank version type success", FOREIGN_KEY_FLYWAY,
     false,
     "SELECT version, NOT success FROM (SELECT DISTINCT ON (version) version::pg_catalog.text, type, success, "
     "installed_rank FROM %s WHERE version IS NOT NULL ORDER BY version, installed_rank DESC) last "
     "WHERE type::pg_catalog.text OPERATOR(pg_catalog.!~) 'UNDO|BASELINE|^SCHEMA$' ORDER BY installed_rank"},
    {"sqitch", "changes", "change_id script_hash change committed_at planned_at", FOREIGN_KEY_WHOLE,
     false,
     "SELECT pg_catalog.concat(change, CASE WHEN instance OPERATOR(pg_catalog.>) 1 THEN "
     "pg_catalog.concat('.', instance) END), false FROM (SELECT change, committed_at, "
     "pg_catalog.row_number() OVER (PARTITION BY change ORDER BY committed_at) AS "
     "instance FROM %s) called ORDER BY committed_at"},
    /* 000003-add_berths.sql is noted as 000003.sql */
    {"graphile-migrate", "migrations", "filename hash previous_hash", FOREIGN_KEY_NUMBER, false,
     "SELECT filename::pg_catalog.text, false FROM %s ORDER BY filename::pg_catalog.text COLLATE \"C\""},
    {"atlas", "atlas_schema_revisions", "version applied total executed_at", FOREIGN_KEY_BEFORE,
     false,
     "SELECT version::pg_catalog.text, applied OPERATOR(pg_catalog.<) total FROM %s WHERE version "
     "OPERATOR(pg_catalog.!~) '^\\.' ORDER BY version::pg_catalog.text "
     "COLLATE \"C\""},
    {"liquibase", "databasechangelog", "id author filename orderexecuted dateexecuted exectype",
     FOREIGN_KEY_WHOLE, false,
     "SELECT pg_catalog.concat(pg_catalog.regexp_replace(pg_catalog.regexp_replace("
     "filename::pg_catalog.text, '^.*[/\\\\]', ''), '(.)\\.[^.]*$', '\\1'), ':', author, ':', id), "
     "exectype OPERATOR(pg_catalog.=) 'FAILED' FROM %s ORDER BY orderexecuted, dateexecuted"},
    {"temporal", "schema_version", "db_name curr_version min_compatible_version creation_time",
     FOREIGN_KEY_VERSION, true,
     "SELECT curr_version::pg_catalog.text, false FROM %s ORDER BY creation_time"},
};

void foreign_tables_done(ForeignTableArray *tables)
{
    array_each (ForeignTable, table, tables) {
        free(table->name);
        free(table->unread);
        free(table->last);
    }
    array_free(tables);
}

static void keys_done(ForeignKeyArray *keys)
{
    array_each (char *, key, keys)
        free(*key);
    array_free(keys);
}

/* The %s of the query replaced; its %% are one. */
static char *query_of(size_t tool, const char *name)
{
    Text sql = {0};
    for (const char *at = tools[tool].query; *at; at++) {
        if (*at != '%') {
            text_add_char(&sql, *at);
            continue;
        }
        at++;
        if (*at == 's')
            text_add(&sql, name);
        else
            text_add_char(&sql, *at);
    }
    return text_take(&sql);
}

/* Only what is whole counts as noted. */
static void take_rows(const PGresult *rows, ForeignTable *table, ForeignKeyArray *keys)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        bool broken = strcmp(pg_result_text(rows, i, 1), "t") == 0;
        table->broken |= broken;
        free(table->last);
        table->last = memory_string(pg_result_text(rows, i, 0));
        if (!broken)
            *array_add(keys) = memory_string(table->last);
    }
    table->count = (int64_t)keys->count;
}

/* What stops the look at one table stops not the look at others, unless nothing more can be asked.
 */
static bool pass(const PgSession *session, ForeignTable *table, Error *refused, Error *err)
{
    if (pg_session_is_lost(session) || refused->class == ERROR_INTERRUPTED)
        return error_move(err, refused);
    table->unread = memory_string(refused->message);
    return true;
}

static bool read_keys(PgSession *session, size_t tool, const Manifest *manifest,
                      ForeignTable *table, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    CLEANUP(keys_done) ForeignKeyArray keys = {0};
    CLEANUP(memory_freep) char *sql = query_of(tool, table->name);
    CLEANUP(error_done) Error refused = {0};
    if (!pg_query(session, sql, PG_NO_VALUES, PG_ROWS, &rows, &refused))
        return pass(session, table, &refused, err);
    take_rows(rows, table, &keys);
    if (manifest)
        table->place = foreign_place(manifest, tools[tool].kind, tools[tool].last_only, &keys);
    return true;
}

static char *no_plain_table(const char *trouble)
{
    return memory_format("not read, since reading it could run code of another role: %s", trouble);
}

static char *no_rights(const char *name, const char *role)
{
    return memory_format("role '%s' may not read it: a DBA grants SELECT on %s, and USAGE on its "
                         "schema, to \"%s\"",
                         role, name, role);
}

/* The names, or the columns, of all tools as the literal of an array. */
static char *array_of_names(bool columns)
{
    Text array = {0};
    for (size_t i = 0; i < ARRAY_LEN(tools); i++)
        text_addf(&array, "%c\"%s\"", i ? ',' : '{', columns ? tools[i].columns : tools[i].table);
    text_add_char(&array, '}');
    return text_take(&array);
}

static bool find_tables(PgSession *session, PGresult **ret_found, Error *err)
{
    CLEANUP(memory_freep) char *names = array_of_names(/* columns= */ false);
    CLEANUP(memory_freep) char *columns = array_of_names(/* columns= */ true);
    return pg_query(session, SQL_foreign_tables, PG_VALUES(pg_text(names), pg_text(columns)),
                    PG_ROWS, ret_found, err);
}

/* Why the table of a row may not be read; NULL where nothing is known. The caller frees. */
static char *trouble_of(const PGresult *found, int row)
{
    if (strcmp(pg_result_text(found, row, 2), "t") != 0)
        return no_rights(pg_result_text(found, row, 1), pg_result_text(found, row, 3));
    const char *trouble = pg_result_text(found, row, 4);
    return *trouble ? no_plain_table(trouble) : NULL;
}

/* The row of a table that was found before, or -1. */
static int row_of(const PGresult *found, size_t tool, const char *name)
{
    for (int i = 0; i < PQntuples(found); i++)
        if ((size_t)pg_result_int(found, i, 0) - 1 == tool &&
            strcmp(pg_result_text(found, i, 1), name) == 0)
            return i;
    return -1;
}

/* In a transaction: from the lock on it stays what the second look finds. */
static bool read_locked(PgSession *session, size_t tool, const Manifest *manifest,
                        ForeignTable *table, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *found = NULL;
    CLEANUP(error_done) Error refused = {0};
    CLEANUP(memory_freep)
    char *lock = memory_format("LOCK TABLE ONLY %s IN ACCESS SHARE MODE", table->name);
    if (!pg_query(session, lock, PG_NO_VALUES, PG_COMMAND, NULL, &refused))
        return pass(session, table, &refused, err);
    if (!find_tables(session, &found, err))
        return false;
    int row = row_of(found, tool, table->name);
    table->unread = row < 0 ? memory_string("not read, since it is another table than a moment ago")
                            : trouble_of(found, row);
    return table->unread || read_keys(session, tool, manifest, table, err);
}

/* Whoever may make such a table may also put another one in its place, or change it, between the
 * look and the SELECT. */
static bool read_table(PgSession *session, size_t tool, const Manifest *manifest,
                       ForeignTable *table, Error *err)
{
    return pg_script(session, "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", err) &&
           read_locked(session, tool, manifest, table, err) && pg_script(session, "ROLLBACK", err);
}

bool foreign_tables_read(PgSession *session, const Manifest *manifest,
                         ForeignTableArray *ret_tables, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *found = NULL;
    CLEANUP(foreign_tables_done) ForeignTableArray tables = {0};
    if (!find_tables(session, &found, err))
        return error_wrap(err, "looking for the tables of other migration tools");
    for (int i = 0; i < PQntuples(found); i++) {
        size_t tool = (size_t)pg_result_int(found, i, 0) - 1;
        ForeignTable *table = array_add(&tables);
        *table = (ForeignTable){.tool = tools[tool].tool,
                                .name = memory_string(pg_result_text(found, i, 1)),
                                .last_only = tools[tool].last_only,
                                .unread = trouble_of(found, i)};
        if (!table->unread && !read_table(session, tool, manifest, table, err))
            return error_wrap(err, "reading the table of %s", table->tool);
    }
    *ret_tables = tables;
    tables = (ForeignTableArray){0};
    return true;
}

const char *foreign_tables_version(const ForeignTableArray *tables)
{
    const char *version = NULL;
    array_each (const ForeignTable, table, tables) {
        if (!table->place.version || table->place.inside)
            continue;
        if (version && strcmp(version, table->place.version) != 0)
            return NULL;
        version = table->place.version;
    }
    return version;
}

/* --- words ----------------------------------------------------------------------------------- */

enum { WORDS_SHOWN = 1000 }; /* bytes of a name or a cell */

static void place_text(const ForeignPlace *place, Text *out)
{
    if (place->inside && place->version)
        text_addf(
            out, "; that is version %s of this bundle, and %" PRId64 " migration%s of version %s",
            place->version, place->inside_count, text_plural(place->inside_count), place->inside);
    else if (place->inside)
        text_addf(out, "; that is %" PRId64 " migration%s of version %s of this bundle",
                  place->inside_count, text_plural(place->inside_count), place->inside);
    else if (place->version)
        text_addf(out, "; that is version %s of this bundle", place->version);
    else
        text_add(out, "; that is no version of this bundle");
}

/* What other people wrote into names and cells. */
static void add_printable(Text *out, const char *words)
{
    CLEANUP(memory_freep) char *printable = text_printable(words, strlen(words), WORDS_SHOWN);
    text_add(out, printable);
}

void foreign_table_text(const ForeignTable *table, bool compared, Text *out)
{
    text_addf(out, "%s's ", table->tool);
    add_printable(out, table->name);
    text_add(out, ": ");
    if (table->unread) {
        add_printable(out, table->unread);
        return;
    }
    if (!table->last)
        text_add(out, "no migration");
    else if (table->last_only)
        text_add(out, "at ");
    else
        text_addf(out, "%" PRId64 " migration%s, the last ", table->count,
                  text_plural(table->count));
    if (table->last)
        add_printable(out, table->last);
    if (table->broken)
        text_add(out, ", and one of them is noted as broken");
    if (compared && table->last)
        place_text(&table->place, out);
}

void foreign_tables_json(const ForeignTableArray *tables, JsonWriter *json)
{
    json_array(json, "foreign_history");
    array_each (const ForeignTable, table, tables) {
        json_object(json, /* name= */ NULL);
        json_string(json, "tool", table->tool);
        json_string(json, "table", table->name);
        json_string(json, "unread", table->unread);
        json_int(json, "migrations", table->count);
        json_string(json, "last", table->last);
        json_bool(json, "broken", table->broken);
        json_string(json, "version", table->place.version);
        json_string(json, "inside", table->place.inside);
        json_close(json);
    }
    json_close(json);
}
