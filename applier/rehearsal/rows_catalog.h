/* What generated rows must be like, from the catalog: tables with their columns, checks and foreign
 * keys, as values that the attempts to fill them note in what they have learnt. */
#ifndef SEALIFT_APPLIER_ROWS_CATALOG_H
#define SEALIFT_APPLIER_ROWS_CATALOG_H

#include "applier/rehearsal/rows_value.h"
#include "applier/server/pg_session.h"
#include "base/array.h"

typedef struct RowsColumn {
    int number;
    char *name; /* owned, as SQL writes it */
    bool not_null;
    bool by_server; /* identity, nextval, generated */
    bool has_default;
    ValueType type; /* texts owned */
    /* what the attempts have learnt */
    int variant;
    const char *check; /* borrowed: the text of the constraint that refused it */
    int later;         /* the value is that of a row so many rows behind */
    bool omitted;
} RowsColumn;

typedef struct RowsCheck {
    char *name; /* owned; "" for a partition's bounds */
    int column;
    char *text; /* owned */
    bool tried; /* with this column's values later than the others' */
} RowsCheck;

typedef struct RowsKey {
    char *name;       /* owned */
    uint32_t table;   /* that it refers to */
    char *table_name; /* owned, as SQL writes it */
    int column;
    char *parent; /* owned: column there, as SQL writes it */
} RowsKey;

typedef struct RowsTable {
    uint32_t oid;
    char *name; /* owned, as SQL writes it */
    int columns_seen;
    int columns_before; /* seen at the last call; 0: the table is new */
    bool filled;        /* by us */
    bool given_up;
    bool done; /* in this call */
    ARRAY_OF(RowsColumn) columns;
    ARRAY_OF(RowsCheck) checks;
    ARRAY_OF(RowsKey) keys; /* a row for each column, those of one key together */
} RowsTable;

typedef ARRAY_OF(RowsTable) RowsTableArray;

/* Release columns, checks and keys; the table itself stays. */
void rows_catalog_forget(RowsTable *table);

/* The table, or the column by its number; or NULL. */
RowsTable *rows_catalog_table(RowsTableArray *tables, uint32_t oid);
RowsColumn *rows_catalog_column(RowsTable *table, int number);

/* Add the tables that are not in `tables` yet, and mark all others done; `columns_too`: but not
 * those that were filled and have got columns since. *ret_oids is the literal of an array of what
 * is not done, or empty. Errors: pg_query's. */
bool rows_catalog_find(PgSession *session, bool columns_too, RowsTableArray *tables, Text *ret_oids,
                       Error *err) MUST_CHECK;

/* Read columns, checks and keys of those. */
bool rows_catalog_read(PgSession *session, const char *oids, RowsTableArray *tables,
                       Error *err) MUST_CHECK;

#endif
