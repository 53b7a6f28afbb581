#include "applier/site/measured_store.h"

#include "applier/sql/measured_store_queries.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/sqlite_db.h"

#define FOLDER_NAME  "rehearsals"
#define DIGEST_SHOWN 32

static void step_done(MeasuredStep *step)
{
    free(step->identity);
    array_each (MeasuredStepRelation, relation, &step->relations) {
        free(relation->relation);
        free(relation->lock);
    }
    array_free(&step->relations);
}

void measured_rehearsal_done(MeasuredRehearsal *rehearsal)
{
    free(rehearsal->method);
    free(rehearsal->server_version);
    array_each (MeasuredStep, step, &rehearsal->steps)
        step_done(step);
    array_free(&rehearsal->steps);
    *rehearsal = (MeasuredRehearsal){0};
}

static char *folder_of(const SiteConfig *config)
{
    return file_path(config->state_folder, FOLDER_NAME);
}

char *measured_store_path(const SiteConfig *config, const char *database_uuid,
                          const Digest *head_digest)
{
    char head[DIGEST_HEX_SIZE];
    CLEANUP(memory_freep) char *folder = folder_of(config);
    return memory_format("%s/%s-%.*s.json", folder, database_uuid ? database_uuid : "unmanaged",
                         DIGEST_SHOWN, digest_hex(head_digest, head));
}

/* --- writing --------------------------------------------------------------------------------- */

static void add_step(const MeasuredStep *step, JsonWriter *json)
{
    json_object(json, /* name= */ NULL);
    json_string(json, "identity", step->identity);
    json_string(json, "script", script_kind_name(step->script));
    json_int(json, "statement", step->statement);
    json_int(json, "duration_us", step->duration_us);
    json_array(json, "relations");
    array_each (const MeasuredStepRelation, relation, &step->relations) {
        json_object(json, /* name= */ NULL);
        json_string(json, "relation", relation->relation);
        json_int(json, "bytes", relation->bytes);
        json_int(json, "rows", relation->rows);
        json_string(json, "lock", relation->lock);
        json_bool(json, "rewritten", relation->rewritten);
        json_bool(json, "scanned", relation->scanned);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

bool measured_store_write(const SiteConfig *config, const char *database_uuid,
                          const Digest *head_digest, const MeasuredRehearsal *rehearsal, Error *err)
{
    CLEANUP(memory_freep) char *folder = folder_of(config);
    CLEANUP(memory_freep) char *path = measured_store_path(config, database_uuid, head_digest);
    CLEANUP(text_done) Text text = {0};
    JsonWriter json;
    json_begin(&json, &text);
    json_object(&json, /* name= */ NULL);
    json_int(&json, "rehearsal", 1);
    json_string(&json, "at", rehearsal->at);
    json_string(&json, "method", rehearsal->method);
    json_string(&json, "server_version", rehearsal->server_version);
    json_array(&json, "steps");
    array_each (const MeasuredStep, step, &rehearsal->steps)
        add_step(step, &json);
    json_close(&json);
    json_close(&json);
    json_end(&json);
    if (text.length > MEASURED_STORE_SIZE_MAX)
        return error_set(err, ERROR_IO, "what was measured is more than a file of hints may hold");
    return file_make_folders(folder, 0700, err) &&
           file_write_atomic(path, 0600, text.bytes, text.length, err);
}

/* --- reading --------------------------------------------------------------------------------- */

static bool malformed(const char *what, Error *err)
{
    return error_set(err, ERROR_INPUT, "%s", what);
}

static const char *text_at(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_TEXT
               ? (const char *)sqlite3_column_text(row, column)
               : NULL;
}

static bool number_at(sqlite3_stmt *row, int column, int64_t *ret_number)
{
    if (sqlite3_column_type(row, column) != SQLITE_INTEGER || sqlite3_column_int64(row, column) < 0)
        return false;
    *ret_number = sqlite3_column_int64(row, column);
    return true;
}

static bool bool_at(sqlite3_stmt *row, int column, bool *ret_value)
{
    int64_t number = 0;
    if (!number_at(row, column, &number) || number > 1)
        return false;
    *ret_value = number == 1;
    return true;
}

/* Columns 1 to 4. */
static bool take_step(sqlite3_stmt *row, MeasuredStepArray *steps, Error *err)
{
    const char *identity = text_at(row, 1), *script = text_at(row, 2);
    MeasuredStep step = {.script = SCRIPT_UP};
    int kind = script ? word_table_find(&script_kind_words, script) : -1;
    if (!identity || kind < 0 || !number_at(row, 3, &step.statement) ||
        !number_at(row, 4, &step.duration_us))
        return malformed("a step lacks identity, script, statement or duration", err);
    step.identity = memory_string(identity);
    step.script = (ScriptKind)kind;
    *array_add(steps) = step;
    return true;
}

/* Columns 6 to 11. */
static bool take_relation(sqlite3_stmt *row, MeasuredStepRelationArray *relations, Error *err)
{
    const char *name = text_at(row, 6), *lock = text_at(row, 9);
    MeasuredStepRelation relation = {0};
    if (!name || !lock || !number_at(row, 7, &relation.bytes) ||
        !number_at(row, 8, &relation.rows) || !bool_at(row, 10, &relation.rewritten) ||
        !bool_at(row, 11, &relation.scanned))
        return malformed("a relation lacks name, size, lock or what was done to it", err);
    relation.relation = memory_string(name);
    relation.lock = memory_string(lock);
    *array_add(relations) = relation;
    return true;
}

static bool read_steps(sqlite3 *db, const char *document, MeasuredStepArray *steps, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *rows = NULL;
    bool row = false;
    int64_t last = -1;
    if (!sqlite_db_prepare(db, SQL_measured_steps, &rows, err) ||
        !sqlite_db_bind(rows, BINDS(BIND_TEXT(":document", document)), err))
        return false;
    for (;;) {
        if (!sqlite_db_step(rows, &row, err))
            return false;
        if (!row)
            return true;
        int64_t step = sqlite3_column_int64(rows, 0);
        if (step != last && !take_step(rows, steps, err))
            return false;
        last = step;
        if (sqlite3_column_type(rows, 5) != SQLITE_NULL &&
            !take_relation(rows, &steps->items[steps->count - 1].relations, err))
            return false;
    }
}

static bool is_document(sqlite3 *db, const char *document, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *statement = NULL;
    bool row = false;
    int64_t format = 0;
    if (!sqlite_db_prepare(db, SQL_measured_is_document, &statement, err) ||
        !sqlite_db_bind(statement, BINDS(BIND_TEXT(":document", document)), err) ||
        !sqlite_db_step(statement, &row, err))
        return false;
    return (row && number_at(statement, 0, &format) && format == 1) ||
           malformed("it is no rehearsal of format 1", err);
}

static bool read_head(sqlite3 *db, const char *document, MeasuredRehearsal *rehearsal, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *statement = NULL;
    bool row = false;
    int64_t seconds;
    if (!sqlite_db_prepare(db, SQL_measured_head, &statement, err) ||
        !sqlite_db_bind(statement, BINDS(BIND_TEXT(":document", document)), err) ||
        !sqlite_db_step(statement, &row, err))
        return false;
    const char *at = text_at(statement, 0), *method = text_at(statement, 1);
    const char *version = text_at(statement, 2), *steps = text_at(statement, 3);
    if (!at || !clock_parse(at, &seconds) || !method || !version || !steps ||
        strcmp(steps, "array") != 0)
        return malformed("time, method, server version or steps are missing", err);
    snprintf(rehearsal->at, sizeof(rehearsal->at), "%s", at);
    rehearsal->method = memory_string(method);
    rehearsal->server_version = memory_string(version);
    return true;
}

static bool read_file(const char *path, MeasuredRehearsal *rehearsal, Error *err)
{
    CLEANUP(memory_freep) char *document = NULL;
    CLEANUP(sqlite_db_closep) sqlite3 *db = NULL;
    size_t size = 0;
    if (!file_read_all(path, MEASURED_STORE_SIZE_MAX, &document, &size, err))
        return false;
    if (memchr(document, '\0', size) || !text_is_utf8(document, size))
        return malformed("it is no text", err);
    return sqlite_db_open(":memory:", &db, err) && is_document(db, document, err) &&
           read_head(db, document, rehearsal, err) &&
           read_steps(db, document, &rehearsal->steps, err);
}

bool measured_store_read(const SiteConfig *config, const char *database_uuid,
                         const Digest *head_digest, MeasuredRehearsal *ret_rehearsal,
                         Text *warnings)
{
    CLEANUP(memory_freep) char *path = measured_store_path(config, database_uuid, head_digest);
    CLEANUP(measured_rehearsal_done) MeasuredRehearsal rehearsal = {0};
    CLEANUP(error_done) Error err = {0};
    if (!file_exists(path))
        return false;
    if (!read_file(path, &rehearsal, &err)) {
        text_addf(warnings, "what a rehearsal measured cannot be used: '%s': %s\n", path,
                  err.message);
        return false;
    }
    *ret_rehearsal = rehearsal;
    rehearsal = (MeasuredRehearsal){0};
    return true;
}

const MeasuredStep *measured_step_find(const MeasuredRehearsal *rehearsal, const char *identity,
                                       ScriptKind script, int64_t statement)
{
    array_each (const MeasuredStep, step, &rehearsal->steps)
        if (step->statement == statement && step->script == script &&
            strcmp(step->identity, identity) == 0)
            return step;
    return NULL;
}
