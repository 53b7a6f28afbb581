#include "applier/rehearsal/rows_catalog.h"

#include <inttypes.h>

#include "applier/server/pg_query.h"
#include "applier/sql/rows_queries.h"
#include "base/memory.h"

void rows_catalog_forget(RowsTable *table)
{
    array_each (RowsColumn, column, &table->columns) {
        free(column->name);
        free((void *)(uintptr_t)column->type.name);
        free((void *)(uintptr_t)column->type.written);
    }
    array_each (RowsCheck, check, &table->checks) {
        free(check->name);
        free(check->text);
    }
    array_each (RowsKey, key, &table->keys) {
        free(key->name);
        free(key->table_name);
        free(key->parent);
    }
    array_free(&table->columns);
    array_free(&table->checks);
    array_free(&table->keys);
}

RowsColumn *rows_catalog_column(RowsTable *table, int number)
{
    array_each (RowsColumn, column, &table->columns) {
        if (column->number == number)
            return column;
    }
    return NULL;
}

RowsTable *rows_catalog_table(RowsTableArray *tables, uint32_t oid)
{
    array_each (RowsTable, table, tables) {
        if (table->oid == oid)
            return table;
    }
    return NULL;
}

bool rows_catalog_find(PgSession *session, bool columns_too, RowsTableArray *tables, Text *ret_oids,
                       Error *err)
{
    CLEANUP(pg_result_freep) PGresult *found = NULL;
    if (!pg_query(session, SQL_rows_tables, PG_NO_VALUES, PG_ROWS, &found, err))
        return false;
    array_each (RowsTable, table, tables)
        table->done = true;
    for (int i = 0; i < PQntuples(found); i++) {
        uint32_t oid = (uint32_t)pg_result_int(found, i, 0);
        int columns = (int)pg_result_int(found, i, 2);
        RowsTable *table = rows_catalog_table(tables, oid);
        if (!table) {
            table = array_add(tables);
            table->oid = oid;
            table->name = memory_string(pg_result_text(found, i, 1));
        } else if (!table->filled || columns == table->columns_seen || !columns_too) {
            continue;
        } else {
            free(table->name);
            table->name = memory_string(pg_result_text(found, i, 1));
        }
        table->done = false;
        table->columns_before = table->columns_seen;
        table->columns_seen = columns;
        text_addf(ret_oids, "%s%" PRIu32, ret_oids->length ? "," : "{", oid);
    }
    text_add(ret_oids, ret_oids->length ? "}" : "");
    return true;
}

static void add_column(const PGresult *found, int row, RowsTable *table)
{
    *array_add(&table->columns) =
        (RowsColumn){.number = (int)pg_result_int(found, row, 1),
                     .name = memory_string(pg_result_text(found, row, 2)),
                     .not_null = pg_result_bool(found, row, 3),
                     .by_server = pg_result_bool(found, row, 4),
                     .has_default = pg_result_bool(found, row, 5),
                     .type = {.written = memory_string(pg_result_text(found, row, 6)),
                              .name = memory_string(pg_result_text(found, row, 7)),
                              .kind = *pg_result_text(found, row, 8),
                              .category = *pg_result_text(found, row, 9),
                              .is_array = pg_result_bool(found, row, 10),
                              .modifier = pg_result_int(found, row, 11),
                              .attributes = pg_result_int(found, row, 12)}};
}

static void add_check(const PGresult *found, int row, RowsTable *table)
{
    *array_add(&table->checks) = (RowsCheck){.name = memory_string(pg_result_text(found, row, 1)),
                                             .column = (int)pg_result_int(found, row, 2),
                                             .text = memory_string(pg_result_text(found, row, 3))};
}

static void add_key(const PGresult *found, int row, RowsTable *table)
{
    *array_add(&table->keys) = (RowsKey){.name = memory_string(pg_result_text(found, row, 1)),
                                         .table = (uint32_t)pg_result_int(found, row, 2),
                                         .table_name = memory_string(pg_result_text(found, row, 3)),
                                         .column = (int)pg_result_int(found, row, 4),
                                         .parent = memory_string(pg_result_text(found, row, 5))};
}

bool rows_catalog_read(PgSession *session, const char *oids, RowsTableArray *tables, Error *err)
{
    static const struct {
        const char *sql;
        void (*add)(const PGresult *found, int row, RowsTable *table);
    } queries[] = {
        {SQL_rows_columns, add_column}, {SQL_rows_checks, add_check}, {SQL_rows_keys, add_key}};
    array_each (RowsTable, table, tables)
        if (!table->done)
            rows_catalog_forget(table);
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        CLEANUP(pg_result_freep) PGresult *found = NULL;
        if (!pg_query(session, queries[i].sql, PG_VALUES(pg_text(oids)), PG_ROWS, &found, err))
            return false;
        for (int row = 0; row < PQntuples(found); row++) {
            RowsTable *table = rows_catalog_table(tables, (uint32_t)pg_result_int(found, row, 0));
            if (table)
                queries[i].add(found, row, table);
        }
    }
    return true;
}
