/* Keeping the catalog from growing for ever: each edit makes new keys, and nobody asks for the old
 * ones again. */
#include <inttypes.h>

#include "planner/catalog/catalog_db.h"
#include "planner/sql/catalog_queries.h"

const CatalogLimits catalog_limits = {.seconds = INT64_C(30) * 86400, .bytes = INT64_C(256) << 20};

#define FREE_PAGES_LEAST 256 /* fewer are not worth a new file */

static bool want(Catalog *catalog, const char *key, int64_t now, Error *err)
{
    return catalog_run(catalog, SQL_catalog_want,
                       BINDS(BIND_TEXT(":key", key), BIND_INT(":now", now)), err);
}

static bool want_subject(Catalog *catalog, const RehearsalSubject *subject, int64_t now, Error *err)
{
    if (!want(catalog, subject->start, now, err) || !want(catalog, subject->run, now, err))
        return false;
    array_each (const SubjectMigration, migration, &subject->migrations)
        if (!want(catalog, migration->key, now, err))
            return false;
    array_each (const SubjectVersion, version, &subject->versions)
        if (!want(catalog, version->key, now, err) || !want(catalog, version->run, now, err))
            return false;
    return true;
}

typedef struct Size {
    int64_t bytes; /* in use */
    int64_t free_pages;
    int64_t pages;
} Size;

static bool take_size(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    *(Size *)target = (Size){.bytes = sqlite3_column_int64(row, 0),
                             .free_pages = sqlite3_column_int64(row, 1),
                             .pages = sqlite3_column_int64(row, 2)};
    return true;
}

static bool read_size(Catalog *catalog, Size *ret_size, Error *err)
{
    return catalog_query(catalog, SQL_catalog_size, NO_BINDS, take_size, ret_size, err);
}

static bool forget(Catalog *catalog, int64_t before, Error *err)
{
    return catalog_run(catalog, SQL_catalog_prune_old, BINDS(BIND_INT(":before", before)), err) &&
           catalog_run(catalog, SQL_catalog_prune_texts, NO_BINDS, err);
}

static bool prune(Catalog *catalog, const RehearsalSubject *const *subjects, size_t count,
                  int64_t now, const CatalogLimits *limits, Error *err)
{
    Size size = {0};
    if (!catalog_run(catalog, SQL_catalog_forget_wanted, NO_BINDS, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!want_subject(catalog, subjects[i], now, err))
            return false;
    return catalog_run(catalog, SQL_catalog_meet, BINDS(BIND_INT(":now", now)), err) &&
           forget(catalog, now - limits->seconds, err) && read_size(catalog, &size, err) &&
           (size.bytes <= limits->bytes || forget(catalog, INT64_MAX, err));
}

static bool shrink(Catalog *catalog, Error *err)
{
    Size size = {0};
    if (!read_size(catalog, &size, err))
        return false;
    return size.free_pages < FREE_PAGES_LEAST || size.free_pages < size.pages / 2 ||
           catalog_run(catalog, "VACUUM", NO_BINDS, err);
}

bool catalog_prune(Catalog *catalog, const RehearsalSubject *const *subjects, size_t count,
                   int64_t now, const CatalogLimits *limits, Error *err)
{
    if (!sqlite_db_script(catalog->db, "BEGIN IMMEDIATE", err))
        return error_wrap(err, "pruning the catalog '%s'", catalog->path);
    if (!prune(catalog, subjects, count, now, limits, err)) {
        CLEANUP(error_done) Error ignored = {0};
        (void)!sqlite_db_script(catalog->db, "ROLLBACK", &ignored);
        return error_wrap(err, "pruning the catalog '%s'", catalog->path);
    }
    return (sqlite_db_script(catalog->db, "COMMIT", err) && shrink(catalog, err)) ||
           error_wrap(err, "pruning the catalog '%s'", catalog->path);
}
