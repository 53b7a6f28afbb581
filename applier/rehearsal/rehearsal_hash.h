/* What rows a database holds, as hashes that say whether they are the same later: per table the
 * number of rows, a hash of whole rows, and one per column. The order of rows and of columns does
 * not count. Comparing is pure. */
#ifndef SEALIFT_APPLIER_REHEARSAL_HASH_H
#define SEALIFT_APPLIER_REHEARSAL_HASH_H

#include "applier/server/pg_session.h"
#include "base/array.h"

typedef struct ColumnHash {
    char *name; /* owned */
    char *hash; /* owned */
} ColumnHash;

typedef ARRAY_OF(ColumnHash) ColumnHashArray;

/* A table that holds rows. */
typedef struct TableHash {
    char *table; /* owned: as fingerprints name it, "public.orders" */
    int64_t rows;
    char *hash;              /* owned: over whole rows, their columns sorted by name */
    ColumnHashArray columns; /* sorted by name */
} TableHash;

typedef struct RowHashes {
    ARRAY_OF(TableHash) tables; /* sorted by name; tables without rows are not in it */
} RowHashes;

void row_hashes_done(RowHashes *hashes); /* accepts a zeroed one */

typedef enum {
    ROW_HASHES,
    ROW_COUNTS, /* without hashes: compared, only numbers of rows and columns are told apart */
} RowsDetail;

/* Read all tables outside the system's schemas, the ledger's and extensions. Errors: pg_query's. */
bool rehearsal_hash_read(PgSession *session, RowsDetail detail, RowHashes *ret_hashes,
                         Error *err) MUST_CHECK;

/* The table's number of rows; 0 where it is not in it. */
int64_t row_hashes_count(const RowHashes *hashes, const char *table);

/* Rows or values that are not what they were; texts are borrowed from the hashes. */
typedef struct RowLoss {
    const char *table;
    const char *column; /* whose values changed or went; NULL: rows came, went or changed */
    int64_t rows_before;
    int64_t rows_after;
} RowLoss;

typedef ARRAY_OF(RowLoss) RowLossArray;

/* What `after` has otherwise than `before`. A column that only `after` has is none. Free the
 * array's items only (array_free). */
void rehearsal_hash_compare(const RowHashes *before, const RowHashes *after,
                            RowLossArray *ret_losses);

#endif
