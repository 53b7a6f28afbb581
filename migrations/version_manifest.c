#include "migrations/version_manifest.h"

#include "base/file.h"
#include "base/sqlite_db.h"
#include "base/text.h"
#include "migrations/project_names.h"
#include "migrations/sql/version_manifest_queries.h"

#define FILES_MEMBER "SchemaUpdateCqlFiles"

typedef struct Document {
    sqlite3 *db;      /* of no table: it lends its JSON functions */
    const char *text; /* borrowed */
    const char *name; /* for words */
} Document;

void version_manifest_done(VersionManifest *manifest)
{
    free(manifest->version);
    free(manifest->least);
    array_each (char *, file, &manifest->files)
        free(*file);
    array_free(&manifest->files);
    *manifest = (VersionManifest){0};
}

static bool is_type(sqlite3_stmt *row, const char *type)
{
    const char *found = (const char *)sqlite3_column_text(row, 0);
    return found && strcmp(found, type) == 0;
}

static bool check_object(const Document *document, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *statement = NULL;
    bool row;
    if (!sqlite_db_prepare(document->db, SQL_version_manifest_is_object, &statement, err) ||
        !sqlite_db_bind(statement, BINDS(BIND_TEXT(":document", document->text)), err) ||
        !sqlite_db_step(statement, &row, err))
        return false;
    return (row && sqlite3_column_int(statement, 0)) ||
           error_set(err, ERROR_INPUT, "'%s' is no JSON object", document->name);
}

/* A version, without the v that people put before it. */
static bool read_version(const Document *document, const char *member, char **ret_version,
                         Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *statement = NULL;
    bool row;
    if (!sqlite_db_prepare(document->db, SQL_version_manifest_member, &statement, err) ||
        !sqlite_db_bind(statement,
                        BINDS(BIND_TEXT(":document", document->text), BIND_TEXT(":name", member)),
                        err) ||
        !sqlite_db_step(statement, &row, err))
        return false;
    const char *text =
        row && is_type(statement, "text") ? (const char *)sqlite3_column_text(statement, 1) : "";
    text += *text == 'v';
    if (!project_version_name_is_valid(text))
        return error_set(err, ERROR_INPUT, "'%s' has no version in %s", document->name, member);
    *ret_version = memory_string(text);
    return true;
}

static bool add_file(const Document *document, const char *file, VersionManifest *manifest,
                     Error *err)
{
    CLEANUP(memory_freep) char *shown = text_printable(file, strlen(file), 200);
    if (!*file || file[0] == '.' || strchr(file, '/') || project_file_name_trouble(file))
        return error_set(err, ERROR_INPUT, "'%s' lists '%s', which is no file of its folder",
                         document->name, shown);
    array_each (char *, before, &manifest->files)
        if (strcmp(*before, file) == 0)
            return error_set(err, ERROR_INPUT, "'%s' lists '%s' twice", document->name, shown);
    *array_add(&manifest->files) = memory_string(file);
    return true;
}

static bool read_files(const Document *document, VersionManifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *statement = NULL;
    bool row;
    if (!sqlite_db_prepare(document->db, SQL_version_manifest_elements, &statement, err) ||
        !sqlite_db_bind(
            statement,
            BINDS(BIND_TEXT(":document", document->text), BIND_TEXT(":name", FILES_MEMBER)), err))
        return false;
    for (;;) {
        if (!sqlite_db_step(statement, &row, err))
            return false;
        if (!row)
            return true;
        if (!is_type(statement, "text"))
            return error_set(err, ERROR_INPUT, "'%s' lists in " FILES_MEMBER " what is no text",
                             document->name);
        if (!add_file(document, (const char *)sqlite3_column_text(statement, 1), manifest, err))
            return false;
    }
}

static bool check_files(const Document *document, const VersionManifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *statement = NULL;
    bool row;
    if (manifest->files.count)
        return true;
    if (!sqlite_db_prepare(document->db, SQL_version_manifest_member, &statement, err) ||
        !sqlite_db_bind(
            statement,
            BINDS(BIND_TEXT(":document", document->text), BIND_TEXT(":name", "AllowNoCqlFiles")),
            err) ||
        !sqlite_db_step(statement, &row, err))
        return false;
    return (row && is_type(statement, "true")) ||
           error_set(err, ERROR_INPUT, "'%s' lists no file in " FILES_MEMBER, document->name);
}

bool version_manifest_read(const char *path, const char *name, VersionManifest *ret_manifest,
                           Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    CLEANUP(sqlite_db_closep) sqlite3 *db = NULL;
    CLEANUP(version_manifest_done) VersionManifest manifest = {0};
    size_t size;
    if (!file_read_all(path, VERSION_MANIFEST_SIZE_MAX, &bytes, &size, err))
        return false;
    if (!text_is_utf8(bytes, size) || memchr(bytes, '\0', size))
        return error_set(err, ERROR_INPUT, "'%s' is not UTF-8 text", name);
    if (!sqlite_db_open(":memory:", &db, err))
        return false;
    const Document document = {db, bytes, name};
    if (!check_object(&document, err) ||
        !read_version(&document, "CurrVersion", &manifest.version, err) ||
        !read_version(&document, "MinCompatibleVersion", &manifest.least, err) ||
        !read_files(&document, &manifest, err) || !check_files(&document, &manifest, err))
        return false;
    *ret_manifest = manifest;
    manifest = (VersionManifest){0};
    return true;
}
