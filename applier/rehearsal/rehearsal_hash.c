#include "applier/rehearsal/rehearsal_hash.h"

#include "applier/server/pg_query.h"
#include "applier/sql/hash_queries.h"

/* Tables in one statement: more make planning it slow. */
#define TABLES_AT_ONCE 64

/* Added up, hashes of rows do not depend on the rows' order. */
#define SUM_OF "sum(pg_catalog.hashtextextended((%s)::text COLLATE \"C\", 0))::text"

static void table_hash_done(TableHash *table)
{
    free(table->table);
    free(table->hash);
    array_each (ColumnHash, column, &table->columns) {
        free(column->name);
        free(column->hash);
    }
    array_free(&table->columns);
}

void row_hashes_done(RowHashes *hashes)
{
    array_each (TableHash, table, &hashes->tables)
        table_hash_done(table);
    array_free(&hashes->tables);
}

/* --- reading --------------------------------------------------------------------------------- */

/* The rows [first, end) of hash_columns, all of one table, as a SELECT; its answer has the count,
 * the hash of rows and those of columns, separated by spaces. */
static void add_select(const PGresult *columns, int first, int end, int number, RowsDetail detail,
                       Text *sql)
{
    CLEANUP(text_done) Text names = {0};
    for (int i = first; i < end; i++)
        text_addf(&names, "%s%s", i > first ? ", " : "", pg_result_text(columns, i, 3));
    text_addf(sql, "%sSELECT %d, count(*), ", number ? " UNION ALL " : "", number);
    if (detail == ROW_COUNTS) {
        text_addf(sql, "'' FROM ONLY %s", pg_result_text(columns, first, 1));
        return;
    }
    text_add(sql, "concat_ws(' ', coalesce(");
    CLEANUP(memory_freep) char *row = memory_format("ROW(%s)", text_string(&names));
    text_addf(sql, SUM_OF, row);
    text_add(sql, ", '-')");
    for (int i = first; i < end && *pg_result_text(columns, i, 3); i++) {
        text_add(sql, ", coalesce(");
        text_addf(sql, SUM_OF, pg_result_text(columns, i, 3));
        text_add(sql, ", '-')");
    }
    text_addf(sql, ") FROM ONLY %s", pg_result_text(columns, first, 1));
}

/* Fill in what add_select asked for; `hashes` are the words of its answer. */
static void take_answer(const PGresult *columns, int first, int end, int64_t rows,
                        const char *hashes, RowHashes *into)
{
    TableHash *table = array_add(&into->tables);
    table->table = memory_string(pg_result_text(columns, first, 0));
    table->rows = rows;
    size_t length = strcspn(hashes, " ");
    table->hash = memory_string_n(hashes, length);
    for (int i = first; i < end && *pg_result_text(columns, i, 3); i++) {
        hashes += length + (hashes[length] == ' ');
        length = strcspn(hashes, " ");
        *array_add(&table->columns) =
            (ColumnHash){.name = memory_string(pg_result_text(columns, i, 2)),
                         .hash = memory_string_n(hashes, length)};
    }
}

/* The end of the run of rows with the same table. */
static int end_of_table(const PGresult *columns, int first)
{
    int end = first + 1;
    while (end < PQntuples(columns) &&
           strcmp(pg_result_text(columns, first, 0), pg_result_text(columns, end, 0)) == 0)
        end++;
    return end;
}

/* The next tables from *next on, in one statement. */
static bool read_some(PgSession *session, const PGresult *columns, RowsDetail detail, int *next,
                      RowHashes *into, Error *err)
{
    CLEANUP(text_done) Text sql = {0};
    CLEANUP(pg_result_freep) PGresult *answer = NULL;
    int first[TABLES_AT_ONCE], count = 0;
    for (; *next < PQntuples(columns) && count < TABLES_AT_ONCE; count++) {
        int end = end_of_table(columns, *next);
        first[count] = *next;
        add_select(columns, *next, end, count, detail, &sql);
        *next = end;
    }
    text_add(&sql, " ORDER BY 1");
    if (!pg_query(session, text_string(&sql), PG_NO_VALUES, PG_ROWS, &answer, err))
        return false;
    for (int i = 0; i < PQntuples(answer); i++)
        if (pg_result_int(answer, i, 1) > 0)
            take_answer(columns, first[i], end_of_table(columns, first[i]),
                        pg_result_int(answer, i, 1), pg_result_text(answer, i, 2), into);
    return true;
}

bool rehearsal_hash_read(PgSession *session, RowsDetail detail, RowHashes *ret_hashes, Error *err)
{
    CLEANUP(row_hashes_done) RowHashes hashes = {0};
    CLEANUP(pg_result_freep) PGresult *columns = NULL;
    if (!pg_query(session, SQL_hash_columns, PG_NO_VALUES, PG_ROWS, &columns, err))
        return error_wrap(err, "reading which rows there are");
    for (int next = 0; next < PQntuples(columns);)
        if (!read_some(session, columns, detail, &next, &hashes, err))
            return error_wrap(err, "reading which rows there are");
    *ret_hashes = hashes;
    hashes = (RowHashes){0};
    return true;
}

/* --- comparing ------------------------------------------------------------------------------- */

static const TableHash *find_table(const RowHashes *hashes, const char *name)
{
    array_each (TableHash, table, &hashes->tables) {
        if (strcmp(table->table, name) == 0)
            return table;
    }
    return NULL;
}

int64_t row_hashes_count(const RowHashes *hashes, const char *table)
{
    const TableHash *found = find_table(hashes, table);
    return found ? found->rows : 0;
}

static const ColumnHash *find_column(const TableHash *table, const char *name)
{
    array_each (ColumnHash, column, &table->columns) {
        if (strcmp(column->name, name) == 0)
            return column;
    }
    return NULL;
}

/* As many rows, but are they the same? */
static void compare_values(const TableHash *before, const TableHash *after, RowLossArray *losses)
{
    size_t found = losses->count;
    array_each (ColumnHash, column, &before->columns) {
        const ColumnHash *now = find_column(after, column->name);
        if (!now || strcmp(now->hash, column->hash) != 0)
            *array_add(losses) = (RowLoss){before->table, column->name, before->rows, after->rows};
    }
    /* the same values in every column, but in other rows */
    if (losses->count == found && before->columns.count == after->columns.count &&
        strcmp(before->hash, after->hash) != 0)
        *array_add(losses) = (RowLoss){before->table, NULL, before->rows, after->rows};
}

void rehearsal_hash_compare(const RowHashes *before, const RowHashes *after,
                            RowLossArray *ret_losses)
{
    RowLossArray losses = {0};
    array_each (TableHash, table, &before->tables) {
        const TableHash *now = find_table(after, table->table);
        if (now && now->rows == table->rows)
            compare_values(table, now, &losses);
        else
            *array_add(&losses) = (RowLoss){table->table, NULL, table->rows, now ? now->rows : 0};
    }
    array_each (TableHash, table, &after->tables) {
        if (!find_table(before, table->table))
            *array_add(&losses) = (RowLoss){table->table, NULL, 0, table->rows};
    }
    *ret_losses = losses;
}
