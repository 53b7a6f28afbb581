#include "base/sqlite_db.h"

static bool fail(sqlite3 *db, const char *doing, Error *err)
{
    int code = sqlite3_errcode(db);
    ErrorClass class = code == SQLITE_ERROR || code == SQLITE_MISUSE || code == SQLITE_RANGE
                           ? ERROR_INTERNAL
                           : ERROR_IO;
    return error_set(err, class, "SQLite: %s: %s", doing, sqlite3_errmsg(db));
}

Bind sqlite_db_bind_text(const char *name, const char *value)
{
    if (!value)
        return (Bind){.name = name, .kind = BIND_KIND_NULL};
    return (Bind){.name = name, .kind = BIND_KIND_TEXT, .bytes = value, .size = strlen(value)};
}

void sqlite_db_close(sqlite3 *db)
{
    if (db)
        sqlite3_close_v2(db);
}

bool sqlite_db_open(const char *path, sqlite3 **ret_db, Error *err)
{
    CLEANUP(sqlite_db_closep) sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &db, flags, /* vfs= */ NULL) != SQLITE_OK)
        return error_set(err, ERROR_IO, "SQLite: cannot open '%s': %s", path,
                         db ? sqlite3_errmsg(db) : "out of memory");
    *ret_db = TAKE_PTR(db);
    return true;
}

bool sqlite_db_script(sqlite3 *db, const char *sql, Error *err)
{
    if (sqlite3_exec(db, sql, /* callback= */ NULL, NULL, NULL) != SQLITE_OK)
        return fail(db, "running a script", err);
    return true;
}

bool sqlite_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement, Error *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL) !=
        SQLITE_OK)
        return fail(db, "preparing a statement", err);
    return true;
}

void sqlite_db_finalize(sqlite3_stmt *statement)
{
    sqlite3_finalize(statement);
}

static int bind_one(sqlite3_stmt *statement, int index, const Bind *bind)
{
    switch (bind->kind) {
    case BIND_KIND_INT:
        return sqlite3_bind_int64(statement, index, bind->integer);
    case BIND_KIND_TEXT:
        return sqlite3_bind_text64(statement, index, bind->bytes, bind->size, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case BIND_KIND_BLOB:
        /* a NULL pointer would bind null; an empty blob is still a blob */
        return sqlite3_bind_blob64(statement, index, bind->size ? bind->bytes : "", bind->size,
                                   SQLITE_STATIC);
    case BIND_KIND_NULL:
        return sqlite3_bind_null(statement, index);
    }
    return SQLITE_MISUSE;
}

bool sqlite_db_bind(sqlite3_stmt *statement, const Bind *binds, Error *err)
{
    int bound = 0;
    for (const Bind *bind = binds; bind->name; bind++, bound++) {
        int index = sqlite3_bind_parameter_index(statement, bind->name);
        if (index == 0)
            return error_set(err, ERROR_INTERNAL, "SQLite: no parameter '%s' in: %s", bind->name,
                             sqlite3_sql(statement));
        if (bind_one(statement, index, bind) != SQLITE_OK)
            return fail(sqlite3_db_handle(statement), "binding a value", err);
    }
    return bound == sqlite3_bind_parameter_count(statement) ||
           error_set(err, ERROR_INTERNAL, "SQLite: %d of %d parameters bound in: %s", bound,
                     sqlite3_bind_parameter_count(statement), sqlite3_sql(statement));
}

bool sqlite_db_run(sqlite3_stmt *statement, const Bind *binds, Error *err)
{
    sqlite3 *db = sqlite3_db_handle(statement);
    if (!sqlite_db_bind(statement, binds, err))
        return false;
    int code;
    do
        code = sqlite3_step(statement);
    while (code == SQLITE_ROW);
    bool good = code == SQLITE_DONE || fail(db, "running a statement", err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return good;
}

bool sqlite_db_step(sqlite3_stmt *statement, bool *ret_row, Error *err)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return fail(sqlite3_db_handle(statement), "reading rows", err);
    *ret_row = code == SQLITE_ROW;
    if (code == SQLITE_DONE)
        sqlite3_reset(statement);
    return true;
}
