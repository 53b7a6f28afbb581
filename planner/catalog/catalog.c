#include "planner/catalog/catalog.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "planner/catalog/catalog_db.h"
#include "planner/sql/catalog_queries.h"
#include "planner/sql/catalog_schema.h"

#define CATALOG_FOLDER ".sealift"
#define CATALOG_NAME   "catalog.db"

char *catalog_column_text(sqlite3_stmt *row, int column)
{
    return memory_string((const char *)sqlite3_column_text(row, column));
}

void catalog_column_short(sqlite3_stmt *row, int column, char *target, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    snprintf(target, size, "%s", text ? text : "");
}

static bool with_hint(const Catalog *catalog, Error *err)
{
    return error_hint(err, "'%s' may be deleted: 'planner rehearse' makes it again", catalog->path);
}

bool catalog_run(Catalog *catalog, const char *sql, const Bind *binds, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *statement = NULL;
    return (sqlite_db_prepare(catalog->db, sql, &statement, err) &&
            sqlite_db_run(statement, binds, err)) ||
           with_hint(catalog, err);
}

bool catalog_query(Catalog *catalog, const char *sql, const Bind *binds, CatalogTakeRow take,
                   void *target, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *statement = NULL;
    bool row = false;
    if (!sqlite_db_prepare(catalog->db, sql, &statement, err) ||
        !sqlite_db_bind(statement, binds, err))
        return with_hint(catalog, err);
    for (;;) {
        if (!sqlite_db_step(statement, &row, err))
            return with_hint(catalog, err);
        if (!row)
            return true;
        if (!take(statement, target, err))
            return false;
    }
}

/* --- opening -----------------------------------------------------------------------------------
 */

static bool take_number(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    *(int64_t *)target = sqlite3_column_int64(row, 0);
    return true;
}

static bool take_check(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    const char *words = (const char *)sqlite3_column_text(row, 0);
    *(bool *)target = words && strcmp(words, "ok") == 0;
    return true;
}

/* Whether what was opened is a catalog of our number, whole. An empty file is none. */
static bool is_usable(Catalog *catalog)
{
    CLEANUP(error_done) Error ignored = {0};
    int64_t number = 0;
    bool whole = false;
    return catalog_query(catalog, "PRAGMA user_version", NO_BINDS, take_number, &number,
                         &ignored) &&
           number == REHEARSAL_CATALOG_NUMBER &&
           catalog_query(catalog, "PRAGMA quick_check(1)", NO_BINDS, take_check, &whole,
                         &ignored) &&
           whole;
}

static bool open_file(Catalog *catalog, Error *err)
{
    return sqlite_db_open(catalog->path, &catalog->db, err) &&
           sqlite_db_script(catalog->db, "PRAGMA busy_timeout = 10000", err);
}

/* A journal that is left beside it belongs to the file that goes. */
static bool remove_file(Catalog *catalog, Error *err)
{
    CLEANUP(memory_freep) char *journal = memory_format("%s-journal", catalog->path);
    sqlite_db_close(TAKE_PTR(catalog->db));
    if ((unlink(journal) != 0 && errno != ENOENT) ||
        (unlink(catalog->path) != 0 && errno != ENOENT))
        return error_set(err, ERROR_IO, "cannot remove '%s': %m", catalog->path);
    return true;
}

static bool make_schema(Catalog *catalog, Error *err)
{
    CLEANUP(memory_freep)
    char *number = memory_format("PRAGMA user_version = %d", REHEARSAL_CATALOG_NUMBER);
    return sqlite_db_script(catalog->db, "BEGIN IMMEDIATE", err) &&
           sqlite_db_script(catalog->db, SQL_catalog_schema, err) &&
           sqlite_db_script(catalog->db, number, err) &&
           sqlite_db_script(catalog->db, "COMMIT", err);
}

bool catalog_open(const char *root, Catalog **ret_catalog, bool *ret_lost, Error *err)
{
    CLEANUP(catalog_freep) Catalog *catalog = memory_new(Catalog);
    CLEANUP(memory_freep) char *folder = file_path(root, CATALOG_FOLDER);
    catalog->path = file_path(folder, CATALOG_NAME);
    if (!file_make_folders(folder, 0755, err))
        return false;
    bool there = file_exists(catalog->path);
    if (there && !open_file(catalog, err))
        return false;
    bool usable = there && is_usable(catalog);
    if (!usable &&
        (!remove_file(catalog, err) || !open_file(catalog, err) || !make_schema(catalog, err)))
        return error_wrap(err, "making the catalog '%s'", catalog->path);
    if (ret_lost)
        *ret_lost = there && !usable;
    *ret_catalog = TAKE_PTR(catalog);
    return true;
}

void catalog_free(Catalog *catalog)
{
    if (!catalog)
        return;
    sqlite_db_close(catalog->db);
    free(catalog->path);
    free(catalog);
}

/* --- small readings ----------------------------------------------------------------------------
 */

typedef struct Majors {
    ARRAY_OF(int64_t) majors;
} Majors;

static bool take_major(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    *array_add(&((Majors *)target)->majors) = sqlite3_column_int64(row, 0);
    return true;
}

bool catalog_majors(Catalog *catalog, int64_t **ret_majors, size_t *ret_count, Error *err)
{
    Majors found = {0};
    if (!catalog_query(catalog, SQL_catalog_read_majors, NO_BINDS, take_major, &found, err)) {
        array_free(&found.majors);
        return false;
    }
    *ret_majors = found.majors.items;
    *ret_count = found.majors.count;
    return true;
}

typedef struct FoundText {
    Text *text;
    bool found;
} FoundText;

static bool take_text(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    FoundText *found = target;
    text_add_n(found->text, sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    found->found = true;
    return true;
}

bool catalog_text(Catalog *catalog, const char *name, Text *text, Error *err)
{
    FoundText found = {.text = text};
    if (!catalog_query(catalog, SQL_catalog_read_text, BINDS(BIND_TEXT(":name", name)), take_text,
                       &found, err))
        return false;
    if (found.found)
        return true;
    error_set(err, ERROR_INTERNAL, "the catalog lacks the fingerprint '%s'", name);
    return with_hint(catalog, err);
}
