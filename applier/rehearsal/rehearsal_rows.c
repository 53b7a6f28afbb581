#include "applier/rehearsal/rehearsal_rows.h"

#include <inttypes.h>

#include "applier/rehearsal/rehearsal_tolerated.h"
#include "applier/rehearsal/rows_catalog.h"
#include "applier/server/pg_query.h"
#include "base/memory.h"

/* After so many refusals a table's rows are not guessed any more. */
#define ATTEMPTS_MAX 20

struct RehearsalRows {
    int64_t count;
    const Manifest *manifest;
    RowsTableArray tables; /* seen so far */
};

/* --- lifetime -------------------------------------------------------------------------------- */

RehearsalRows *rehearsal_rows_new(int64_t count, const Manifest *manifest)
{
    RehearsalRows *rows = memory_new(RehearsalRows);
    rows->count = count;
    rows->manifest = manifest;
    return rows;
}

void rehearsal_rows_forget(RehearsalRows *rows)
{
    array_each (RowsTable, table, &rows->tables) {
        rows_catalog_forget(table);
        free(table->name);
    }
    array_free(&rows->tables);
}

void rehearsal_rows_free(RehearsalRows *rows)
{
    if (!rows)
        return;
    rehearsal_rows_forget(rows);
    free(rows);
}

int64_t rehearsal_rows_filled(const RehearsalRows *rows)
{
    int64_t count = 0;
    array_each (const RowsTable, table, &rows->tables)
        count += table->filled;
    return count;
}

int64_t rehearsal_rows_given_up(const RehearsalRows *rows)
{
    int64_t count = 0;
    array_each (const RowsTable, table, &rows->tables)
        count += table->given_up;
    return count;
}

/* --- the statement --------------------------------------------------------------------------- */

/* The index of the first row of the key that gives the column its value, or -1; *ret_place is the
 * column's place in the key. */
static int key_of(const RowsTable *table, int column, int *ret_place)
{
    int first = 0;
    for (int i = 0; i < (int)table->keys.count; i++) {
        if (i && strcmp(table->keys.items[i].name, table->keys.items[i - 1].name) != 0)
            first = i;
        if (table->keys.items[i].column == column) {
            *ret_place = i - first;
            return first;
        }
    }
    return -1;
}

/* A row of the parent for each row, by turns. */
static void add_parent(const RehearsalRows *rows, const RowsTable *table, int first, Text *sql)
{
    CLEANUP(text_done) Text names = {0}, given = {0}, there = {0};
    const RowsKey *key = &table->keys.items[first];
    for (int i = first, place = 0;
         i < (int)table->keys.count && strcmp(table->keys.items[i].name, key->name) == 0;
         i++, place++) {
        const char *parent = table->keys.items[i].parent;
        text_addf(&names, "%s%s", place ? ", " : "", parent);
        text_addf(&given, ", %s AS c%d", parent, place);
        text_addf(&there, "%s%s IS NOT NULL", place ? " AND " : "", parent);
    }
    text_addf(sql,
              " LEFT JOIN (SELECT row_number() OVER (ORDER BY %s) AS n, count(*) OVER () AS total%s"
              " FROM (SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT %" PRId64
              ") p) f%d ON f%d.n = 1 + (g.i - 1) %% f%d.total",
              text_string(&names), text_string(&given), text_string(&names), key->table_name,
              text_string(&there), text_string(&names), rows->count, first, first, first);
}

/* A table that refers to itself: each row to itself, where the column that is referred to is given
 * by us. */
static bool add_own(RowsTable *table, const RowsKey *key, Text *sql)
{
    array_each (RowsColumn, column, &table->columns) {
        if (strcmp(column->name, key->parent) == 0 && !column->by_server && !column->omitted)
            return rows_value(&column->type, column->variant, column->check, column->later, sql);
    }
    return false;
}

static bool add_value(RowsTable *table, const RowsColumn *column, Text *sql)
{
    int place = 0, key = key_of(table, column->number, &place);
    if (key < 0)
        return rows_value(&column->type, column->variant, column->check, column->later, sql);
    if (table->keys.items[key].table == table->oid)
        return column->not_null && add_own(table, &table->keys.items[key + place], sql);
    text_addf(sql, "f%d.c%d", key, place);
    return true;
}

/* The columns that get a value, the values, and the parents that these come from. */
typedef struct Values {
    Text names, values, pairs, parents;
} Values;

static void values_done(Values *values)
{
    text_done(&values->names);
    text_done(&values->values);
    text_done(&values->pairs);
    text_done(&values->parents);
}

static void collect(const RehearsalRows *rows, RowsTable *table, int after, Values *into)
{
    bool joined[64] = {false};
    array_each (RowsColumn, column, &table->columns) {
        CLEANUP(text_done) Text value = {0};
        int place = 0, key = key_of(table, column->number, &place);
        if (column->number <= after || column->by_server || column->omitted || key >= 64 ||
            !add_value(table, column, &value))
            continue;
        text_addf(&into->names, "%s%s", into->names.length ? ", " : "", column->name);
        text_addf(&into->values, "%s%s", into->values.length ? ", " : "", text_string(&value));
        text_addf(&into->pairs, "%s%s = %s", into->pairs.length ? ", " : "", column->name,
                  text_string(&value));
        if (key >= 0 && table->keys.items[key].table != table->oid && !joined[key])
            add_parent(rows, table, key, &into->parents);
        if (key >= 0)
            joined[key] = true;
    }
}

/* In a table that is empty. */
static void make_insert(const RehearsalRows *rows, RowsTable *table, int64_t count, bool all,
                        Text *sql)
{
    CLEANUP(values_done) Values values = {0};
    collect(rows, table, /* after= */ 0, &values);
    if (values.names.length)
        text_addf(sql,
                  "INSERT INTO %s (%s) SELECT %s FROM generate_series(1::bigint, %" PRId64
                  ") AS g (i)%s ORDER BY g.i%s",
                  table->name, text_string(&values.names), text_string(&values.values), count,
                  text_string(&values.parents), all ? "" : " ON CONFLICT DO NOTHING");
    else
        text_addf(sql, "INSERT INTO %s DEFAULT VALUES", table->name);
}

/* Of columns that a table got since it was filled. */
static bool make_update(const RehearsalRows *rows, RowsTable *table, Text *sql)
{
    CLEANUP(values_done) Values values = {0};
    collect(rows, table, table->columns_before, &values);
    if (!values.pairs.length)
        return false;
    text_addf(
        sql,
        "UPDATE %s AS t SET %s FROM (SELECT tableoid AS part, ctid AS place, row_number() OVER "
        "(ORDER BY tableoid, ctid) AS i FROM %s) AS g%s WHERE t.ctid = g.place AND "
        "t.tableoid = g.part",
        table->name, text_string(&values.pairs), table->name, text_string(&values.parents));
    return true;
}

/* --- attempts -------------------------------------------------------------------------------- */

typedef enum {
    LEARN_NOTHING,
    LEARN_AGAIN, /* something was changed: try again */
} Learn;

/* The next variant of a column that `check` refuses; where there is none it is left out. */
static void next_variant(RowsColumn *column, const char *check)
{
    CLEANUP(text_done) Text ignored = {0};
    column->check = check;
    while (++column->variant < VALUE_VARIANTS)
        if (rows_value(&column->type, column->variant, check, /* later= */ 0, &ignored))
            return;
    column->omitted = true;
}

/* A check that compares columns may want one of them to be greater: each is tried in turn. */
static bool try_later(RowsTable *table, const char *name)
{
    int columns = 0;
    array_each (const RowsCheck, check, &table->checks)
        columns += strcmp(check->name, name) == 0;
    bool found = false;
    array_each (RowsCheck, check, &table->checks) {
        RowsColumn *column = rows_catalog_column(table, check->column);
        if (columns < 2 || strcmp(check->name, name) != 0 || !column)
            continue;
        column->later = 0;
        if (check->tried || found)
            continue;
        check->tried = found = true;
        column->later = 1;
    }
    return found;
}

static Learn learn_check(RowsTable *table, const char *name)
{
    Learn learnt = LEARN_NOTHING;
    if (try_later(table, name))
        return LEARN_AGAIN;
    array_each (RowsCheck, check, &table->checks) {
        RowsColumn *column = rows_catalog_column(table, check->column);
        if (strcmp(check->name, name) != 0 || !column || column->omitted || column->by_server)
            continue;
        next_variant(column, check->text);
        learnt = LEARN_AGAIN;
    }
    return learnt;
}

static Learn learn_key(RowsTable *table, const char *name)
{
    Learn learnt = LEARN_NOTHING;
    array_each (RowsKey, key, &table->keys) {
        RowsColumn *column = rows_catalog_column(table, key->column);
        if (strcmp(key->name, name) != 0 || !column || column->omitted || column->not_null)
            continue;
        column->omitted = true;
        learnt = LEARN_AGAIN;
    }
    return learnt;
}

/* Only what must have a value. */
static Learn learn_least(RowsTable *table)
{
    Learn learnt = LEARN_NOTHING;
    array_each (RowsColumn, column, &table->columns) {
        if (column->omitted || column->by_server || (column->not_null && !column->has_default))
            continue;
        column->omitted = true;
        learnt = LEARN_AGAIN;
    }
    return learnt;
}

static Learn learn(RowsTable *table, const PGresult *refusal)
{
    const char *code = PQresultErrorField(refusal, PG_DIAG_SQLSTATE);
    const char *name = PQresultErrorField(refusal, PG_DIAG_CONSTRAINT_NAME);
    Learn learnt = LEARN_NOTHING;
    if (code && strcmp(code, "23514") == 0)
        learnt = learn_check(table, name ? name : "");
    if (code && strcmp(code, "23503") == 0)
        learnt = learn_key(table, name ? name : "");
    return learnt == LEARN_AGAIN ? learnt : learn_least(table);
}

/* One statement under a savepoint. *ret_refusal (NULL: it went well) is the caller's. */
static bool attempt(PgSession *session, const char *sql, PGresult **ret_refusal, int64_t *ret_rows,
                    Error *err)
{
    static const char begin[] = "SAVEPOINT sealift_rows";
    static const char deferred[] = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED";
    if (!pg_script(session, begin, err))
        return false;
    /* not by pg_query: which constraint refuses a row stands only in the answer */
    PGresult *result = PQexec(session->connection, sql);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    *ret_rows = good ? (int64_t)strtoll(PQcmdTuples(result), /* end= */ NULL, 10) : 0;
    if (good) {
        PQclear(result);
        result = PQexec(session->connection, deferred);
        good = PQresultStatus(result) == PGRES_COMMAND_OK;
    }
    if (pg_session_is_lost(session)) {
        PQclear(result);
        return pg_session_lost_error(session, "generating rows", err);
    }
    *ret_refusal = good ? NULL : result;
    if (good)
        PQclear(result);
    return pg_script(session,
                     good ? "RELEASE SAVEPOINT sealift_rows"
                          : "ROLLBACK TO SAVEPOINT sealift_rows; RELEASE SAVEPOINT "
                            "sealift_rows",
                     err);
}

/* At first as many rows as are wanted, skipping those that a unique key refuses; then a single one,
 * for a table that may have only one. */
static bool fill_table(RehearsalRows *rows, RowsTable *table, PgSession *session, Error *err)
{
    int64_t count = rows->count;
    bool all = false;
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        CLEANUP(text_done) Text sql = {0};
        CLEANUP(pg_result_freep) PGresult *refusal = NULL;
        int64_t inserted = 0;
        make_insert(rows, table, count, all, &sql);
        if (!attempt(session, text_string(&sql), &refusal, &inserted, err))
            return false;
        if (!refusal) {
            table->filled = inserted > 0;
            break;
        }
        if (learn(table, refusal) == LEARN_AGAIN)
            continue;
        if (all && count == 1)
            break;
        count = 1;
        all = true;
    }
    table->given_up = !table->filled;
    return true;
}

static bool fill_columns(RehearsalRows *rows, RowsTable *table, PgSession *session, Error *err)
{
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        CLEANUP(text_done) Text sql = {0};
        CLEANUP(pg_result_freep) PGresult *refusal = NULL;
        int64_t updated = 0;
        if (!make_update(rows, table, &sql))
            return true;
        if (!attempt(session, text_string(&sql), &refusal, &updated, err))
            return false;
        if (!refusal || learn(table, refusal) == LEARN_NOTHING)
            return true;
    }
    return true;
}

static bool is_empty(RowsTable *table, PgSession *session, bool *ret_empty, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    CLEANUP(memory_freep)
    char *sql = memory_format("SELECT NOT EXISTS (SELECT FROM %s)", table->name);
    if (!pg_query(session, sql, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return false;
    *ret_empty = pg_result_bool(row, 0, 0);
    return true;
}

static bool fill(RehearsalRows *rows, RowsTable *table, PgSession *session, Error *err)
{
    bool empty = false;
    table->done = true;
    if (table->columns_before)
        return fill_columns(rows, table, session, err);
    return is_empty(table, session, &empty, err) &&
           (!empty || fill_table(rows, table, session, err));
}

/* --- in order -------------------------------------------------------------------------------- */

typedef enum {
    WAITS_FOR_NONE,
    WAITS_WITH_NULL, /* for a parent that its keys can do without */
    WAITS,
} Waiting;

static Waiting waiting_of(RehearsalRows *rows, RowsTable *table)
{
    Waiting waiting = WAITS_FOR_NONE;
    array_each (const RowsKey, key, &table->keys) {
        const RowsTable *parent =
            key->table == table->oid ? NULL : rows_catalog_table(&rows->tables, key->table);
        const RowsColumn *column = rows_catalog_column(table, key->column);
        if (!parent || parent->done)
            continue;
        if (column && column->not_null)
            return WAITS;
        waiting = WAITS_WITH_NULL;
    }
    return waiting;
}

/* A table whose parents are done; in a circle one whose keys may stay null, else the first. */
static RowsTable *next_table(RehearsalRows *rows)
{
    RowsTable *best = NULL;
    Waiting least = WAITS;
    array_each (RowsTable, table, &rows->tables) {
        if (table->done)
            continue;
        Waiting waiting = waiting_of(rows, table);
        if (best && waiting >= least)
            continue;
        best = table;
        least = waiting;
    }
    return best;
}

static bool fill_all(RehearsalRows *rows, PgSession *session, Error *err)
{
    for (RowsTable *table; (table = next_table(rows));)
        if (!fill(rows, table, session, err))
            return error_wrap(err, "generating rows for %s", table->name);
    return true;
}

static void pass_tolerated(RehearsalRows *rows)
{
    array_each (RowsTable, table, &rows->tables)
        table->done |= rehearsal_tolerates(rows->manifest, table->name);
}

/* Rows come as the application's would, whose search_path triggers and defaults may need; and how
 * the catalog writes checks depends on it. A scratch cluster has nobody else's names in it. */
static bool begin(PgSession *session, Error *err)
{
    return pg_script(session, "BEGIN", err) &&
           pg_query(session, "SELECT pg_catalog.set_config('search_path', $1, true)",
                    PG_VALUES(pg_text(session->scripts_path)), PG_ONE_ROW, /* ret_result= */ NULL,
                    err);
}

bool rehearsal_rows_fill(RehearsalRows *rows, PgSession *session, RowsWanted wanted, Error *err)
{
    CLEANUP(text_done) Text oids = {0};
    CLEANUP(error_done) Error ignored = {0};
    if (rows->count == 0)
        return true;
    if (!rows_catalog_find(session, wanted == ROWS_AND_OF_COLUMNS, &rows->tables, &oids, err))
        return error_wrap(err, "generating rows");
    if (!oids.length)
        return true;
    pass_tolerated(rows);
    if (begin(session, err) && rows_catalog_read(session, text_string(&oids), &rows->tables, err) &&
        fill_all(rows, session, err) && pg_script(session, "COMMIT", err))
        return true;
    if (!pg_session_is_lost(session))
        (void)!pg_script(session, "ROLLBACK", &ignored);
    return error_wrap(err, "generating rows");
}
