/* What the parts of the catalog share: the database, and one way to write and one to read. */
#ifndef SEALIFT_PLANNER_CATALOG_DB_H
#define SEALIFT_PLANNER_CATALOG_DB_H

#include "base/sqlite_db.h"
#include "planner/catalog/catalog.h"

struct Catalog {
    sqlite3 *db;
    char *path; /* owned */
};

/* Run one statement that gives no rows. */
bool catalog_run(Catalog *catalog, const char *sql, const Bind *binds, Error *err) MUST_CHECK;

/* Hand each row to `take`, which reads its columns by number. */
typedef bool (*CatalogTakeRow)(sqlite3_stmt *row, void *target, Error *err);
bool catalog_query(Catalog *catalog, const char *sql, const Bind *binds, CatalogTakeRow take,
                   void *target, Error *err) MUST_CHECK;

/* Columns of a row: a text that the caller owns (NULL for null), and one into an array that holds
 * it with its NUL, cut where it is longer. */
char *catalog_column_text(sqlite3_stmt *row, int column);
void catalog_column_short(sqlite3_stmt *row, int column, char *target, size_t size);

#endif
