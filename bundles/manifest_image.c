#include "bundles/manifest_image.h"

#include "base/sqlite_db.h"
#include "bundles/bundle_format.h"
#include "bundles/sql/manifest_queries.h"
#include "bundles/sql/manifest_schema.h"

/* What SQLite may allocate beyond the bytes themselves: its page cache is 2 MiB, the schema and the
 * longest row are small. */
#define IMAGE_HEAP_MAX (INT64_C(16) << 20)

/* The fields of the 100-byte header (https://www.sqlite.org/fileformat2.html#the_database_header)
 * that have one value in a manifest. The others, change counter and schema cookie, have no meaning
 * in a file that nobody changes. */
static const struct {
    int offset;
    int size;
    uint32_t value;
    const char *what;
} header_fields[] = {
    {16, 2, MANIFEST_PAGE_SIZE, "page size"},
    {18, 1, 1, "write format"}, /* 2 would be a write-ahead log */
    {19, 1, 1, "read format"},
    {20, 1, 0, "reserved bytes per page"},
    {21, 1, 64, "payload fraction"},
    {22, 1, 32, "payload fraction"},
    {23, 1, 32, "payload fraction"},
    {32, 4, 0, "first free page"},
    {36, 4, 0, "number of free pages"},
    {44, 4, 4, "schema format"},
    {48, 4, 0, "cache size"},
    {52, 4, 0, "auto-vacuum root"},
    {56, 4, 1, "text encoding"},
    {60, 4, MANIFEST_SCHEMA_NUMBER, "manifest schema"},
    {64, 4, 0, "incremental vacuum"},
    {68, 4, MANIFEST_APPLICATION_ID, "application id"},
    {72, 4, 0, "reserved field"},
    {76, 4, 0, "reserved field"},
    {80, 4, 0, "reserved field"},
    {84, 4, 0, "reserved field"},
    {88, 4, 0, "reserved field"},
    {96, 4, 0, "library version"},
};

static uint32_t big_endian(const uint8_t *bytes, int size)
{
    uint32_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static bool check_header(const uint8_t *bytes, size_t size, Error *err)
{
    static const char magic[16] = "SQLite format 3";
    if (size < MANIFEST_PAGE_SIZE || size > MANIFEST_SIZE_MAX || size % MANIFEST_PAGE_SIZE)
        return error_set(err, ERROR_INPUT, "manifest: %zu bytes is no size that a manifest has",
                         size);
    if (memcmp(bytes, magic, sizeof(magic)) != 0)
        return error_set(err, ERROR_INPUT, "manifest: not an SQLite database");
    for (size_t i = 0; i < ARRAY_LEN(header_fields); i++) {
        uint32_t value = big_endian(bytes + header_fields[i].offset, header_fields[i].size);
        if (value != header_fields[i].value)
            return error_set(err, ERROR_INPUT, "manifest: %s in the file header is %u, not %u",
                             header_fields[i].what, value, header_fields[i].value);
    }
    if (big_endian(bytes + 28, 4) != size / MANIFEST_PAGE_SIZE ||
        memcmp(bytes + 24, bytes + 92, 4) != 0)
        return error_set(err, ERROR_INPUT, "manifest: the file header counts other pages than %zu",
                         size / MANIFEST_PAGE_SIZE);
    return true;
}

static bool failed(sqlite3 *db, const char *doing, Error *err)
{
    return error_set(err, ERROR_INPUT, "manifest: %s: %s", doing, sqlite3_errmsg(db));
}

static void limit_sizes(sqlite3 *db)
{
    static const struct {
        int id;
        int value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, 65536},      {SQLITE_LIMIT_SQL_LENGTH, 16384},
        {SQLITE_LIMIT_COLUMN, 32},         {SQLITE_LIMIT_EXPR_DEPTH, 32},
        {SQLITE_LIMIT_COMPOUND_SELECT, 2}, {SQLITE_LIMIT_VDBE_OP, 25000},
        {SQLITE_LIMIT_FUNCTION_ARG, 8},    {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},   {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 8}, {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        sqlite3_limit(db, limits[i].id, limits[i].value);
}

static bool switch_off(sqlite3 *db, Error *err)
{
    static const struct {
        int option;
        int value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 0},    {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        int now = !settings[i].value;
        if (sqlite3_db_config(db, settings[i].option, settings[i].value, &now) != SQLITE_OK ||
            now != settings[i].value)
            return error_set(err, ERROR_INTERNAL, "SQLite does not take setting %d",
                             settings[i].option);
    }
#ifndef SQLITE_OMIT_LOAD_EXTENSION
    sqlite3_enable_load_extension(db, 0);
#endif
    return true;
}

/* Reading the manifest's tables, and nothing else. */
static int allow_reading(void *context UNUSED, int action, const char *first UNUSED,
                         const char *second UNUSED, const char *database, const char *trigger)
{
    bool main_only = !database || strcmp(database, "main") == 0;
    if (trigger || !main_only)
        return SQLITE_DENY;
    return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

static bool column_equal(sqlite3_stmt *ours, sqlite3_stmt *theirs, int column)
{
    int type = sqlite3_column_type(ours, column);
    if (sqlite3_column_type(theirs, column) != type)
        return false;
    if (type == SQLITE_NULL)
        return true;
    const unsigned char *our_text = sqlite3_column_text(ours, column);
    const unsigned char *their_text = sqlite3_column_text(theirs, column);
    int length = sqlite3_column_bytes(ours, column);
    return our_text && their_text && length == sqlite3_column_bytes(theirs, column) &&
           memcmp(our_text, their_text, (size_t)length) == 0;
}

static bool schema_rows_equal(sqlite3 *model, sqlite3 *db, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *ours = NULL;
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *theirs = NULL;
    if (!sqlite_db_prepare(model, SQL_manifest_read_schema, &ours, err))
        return false;
    if (sqlite3_prepare_v2(db, SQL_manifest_read_schema, -1, &theirs, NULL) != SQLITE_OK)
        return failed(db, "reading its schema", err);
    for (;;) {
        bool more;
        if (!sqlite_db_step(ours, &more, err))
            return false;
        int code = sqlite3_step(theirs);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return failed(db, "reading its schema", err);
        if (!more && code == SQLITE_DONE)
            return true;
        bool equal = more && code == SQLITE_ROW;
        for (int column = 0; equal && column < 4; column++)
            equal = column_equal(ours, theirs, column);
        if (!equal)
            return error_set(err, ERROR_INPUT,
                             "manifest: its tables are not those of manifest schema %d",
                             MANIFEST_SCHEMA_NUMBER);
    }
}

/* Before quick_check: that evaluates the CHECKs of whatever schema the file has. */
static bool check_schema(sqlite3 *db, Error *err)
{
    CLEANUP(sqlite_db_closep) sqlite3 *model = NULL;
    return sqlite_db_open(":memory:", &model, err) &&
           sqlite_db_script(model, SQL_manifest_schema, err) && schema_rows_equal(model, db, err);
}

static bool check_pages(sqlite3 *db, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *check = NULL;
    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &check, NULL) != SQLITE_OK)
        return failed(db, "checking it", err);
    if (sqlite3_step(check) != SQLITE_ROW)
        return failed(db, "checking it", err);
    const char *answer = (const char *)sqlite3_column_text(check, 0);
    if (!answer || strcmp(answer, "ok") != 0)
        return error_set(err, ERROR_INPUT, "manifest: damaged: %s",
                         answer ? answer : "no answer from its check");
    return true;
}

static bool deserialize(sqlite3 *db, const void *bytes, size_t size, Error *err)
{
    /* READONLY, and neither FREEONCLOSE nor RESIZEABLE: SQLite only reads the caller's bytes */
    union {
        const void *constant;
        unsigned char *writable;
    } image = {.constant = bytes};
    if (sqlite3_deserialize(db, "main", image.writable, (sqlite3_int64)size, (sqlite3_int64)size,
                            SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
        return failed(db, "opening it", err);
    return true;
}

bool manifest_image_open(const void *bytes, size_t size, ManifestImage *ret_image, Error *err)
{
    if (!check_header(bytes, size, err))
        return false;
    CLEANUP(manifest_image_close) ManifestImage image = {0};
    image.heap_limit_before = sqlite3_hard_heap_limit64(-1);
    sqlite3_hard_heap_limit64(sqlite3_memory_used() + IMAGE_HEAP_MAX);
    image.heap_limited = true;
    if (!sqlite_db_open(":memory:", &image.db, err))
        return false;
    limit_sizes(image.db);
    if (!switch_off(image.db, err) ||
        !sqlite_db_script(image.db, "PRAGMA cell_size_check = ON; PRAGMA query_only = ON", err) ||
        !deserialize(image.db, bytes, size, err) || !check_schema(image.db, err) ||
        !check_pages(image.db, err))
        return false;
    sqlite3_set_authorizer(image.db, allow_reading, /* context= */ NULL);
    *ret_image = image;
    image = (ManifestImage){0};
    return true;
}

void manifest_image_close(ManifestImage *image)
{
    sqlite_db_close(image->db);
    if (image->heap_limited)
        sqlite3_hard_heap_limit64(image->heap_limit_before);
    *image = (ManifestImage){0};
}
