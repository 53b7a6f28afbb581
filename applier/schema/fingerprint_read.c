#include "applier/schema/fingerprint_read.h"

#include "applier/server/pg_array.h"
#include "applier/server/pg_query.h"
#include "applier/server/retry_policy.h"
#include "applier/sql/fingerprint_queries.h"
#include "base/json_writer.h"
#include "base/memory.h"

#define READ_ATTEMPTS 5

static bool add_row(Fingerprint *fingerprint, const PGresult *rows, int i, Error *err)
{
    const char *definition = PQgetisnull(rows, i, 4) ? NULL : pg_result_text(rows, i, 4);
    if (fingerprint_add(fingerprint, pg_result_text(rows, i, 0), pg_result_text(rows, i, 1),
                        pg_result_text(rows, i, 2), pg_result_text(rows, i, 3), definition, err))
        return true;
    err->class = ERROR_TARGET; /* no input of ours is malformed: the schema is beyond our limits */
    return false;
}

/* The plan is kept only while search_path is what it was made under: the pin's. */
bool fingerprint_prepare(PgSession *session, Error *err)
{
    return (pg_script(session, "SET plan_cache_mode = force_generic_plan; BEGIN", err) &&
            pg_script(session, SQL_fingerprint_pin, err) &&
            pg_script(
                session,
                "PREPARE sealift_fingerprint (text[], text, boolean, jsonb) AS " SQL_fingerprint_rows
                "; COMMIT",
                err)) ||
           error_wrap(err, "preparing to take fingerprints");
}

static void add_literal(PgSession *session, const char *value, Text *sql)
{
    char *literal = value ? PQescapeLiteral(session->connection, value, strlen(value)) : NULL;
    text_addf(sql, "%s, ", literal ? literal : "NULL");
    PQfreemem(literal);
}

/* The values of the query's parameters; texts or NULL. */
typedef struct Asked {
    const char *schemas;
    const char *owner;
    bool definitions;
    const char *names;
} Asked;

static bool ask_prepared(PgSession *session, const Asked *asked, PGresult **ret_rows, Error *err)
{
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "EXECUTE sealift_fingerprint (");
    add_literal(session, asked->schemas, &sql);
    add_literal(session, asked->owner, &sql);
    text_addf(&sql, "%s, ", asked->definitions ? "true" : "false");
    add_literal(session, asked->names, &sql);
    sql.bytes[sql.length - 2] = ')'; /* in place of the last comma */
    return pg_query(session, text_string(&sql), PG_NO_VALUES, PG_ROWS, ret_rows, err);
}

static bool ask(PgSession *session, const Asked *asked, PGresult **ret_rows, Error *err)
{
    return pg_query(session, SQL_fingerprint_rows,
                    PG_VALUES(pg_text(asked->schemas), pg_text(asked->owner),
                              pg_bool(asked->definitions), pg_text(asked->names)),
                    PG_ROWS, ret_rows, err);
}

void fingerprint_names_done(FingerprintNames *names)
{
    array_each (FingerprintName, name, names) {
        free(name->value);
        free(name->parameter);
    }
    array_free(names);
}

void fingerprint_names_add(FingerprintNames *names, const char *value, const char *parameter)
{
    array_each (const FingerprintName, name, names)
        if (strcmp(name->value, value) == 0)
            return;
    *array_add(names) =
        (FingerprintName){.value = memory_string(value), .parameter = memory_string(parameter)};
}

static void names_json(const FingerprintNames *names, Text *text)
{
    JsonWriter json;
    json_begin_line(&json, text);
    json_object(&json, /* name= */ NULL);
    array_each (const FingerprintName, name, names) {
        CLEANUP(memory_freep) char *role = memory_format("role %s", name->value);
        CLEANUP(memory_freep) char *tablespace = memory_format("tablespace %s", name->value);
        CLEANUP(memory_freep) char *written = memory_format("<%s>", name->parameter);
        json_string(&json, role, written);
        json_string(&json, tablespace, written);
    }
    json_close(&json);
    json_end(&json);
}

static bool read_rows(PgSession *session, const FingerprintScope *scope, FingerprintDetail detail,
                      Fingerprint *fingerprint, Error *err)
{
    CLEANUP(text_done) Text schemas = {0}, names = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (scope->schemas)
        pg_array_text(scope->schemas, scope->schema_count, &schemas);
    if (scope->names && scope->names->count)
        names_json(scope->names, &names);
    const Asked asked = {
        .schemas = scope->schemas ? text_string(&schemas) : NULL,
        .owner = scope->owner ? scope->owner : session->facts.current_user,
        .definitions = detail == FINGERPRINT_DEFINITIONS,
        .names = names.length ? text_string(&names) : NULL,
    };
    if (!pg_script(session, SQL_fingerprint_pin, err) ||
        !(scope->prepared ? ask_prepared(session, &asked, &rows, err)
                          : ask(session, &asked, &rows, err)))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        if (!add_row(fingerprint, rows, i, err))
            return false;
    if (fingerprint_sort(fingerprint, err))
        return true;
    err->class = ERROR_TARGET;
    return false;
}

/* Read between two scripts of ours; the second is run also after a failure. */
static bool read_between(PgSession *session, const char *before, const char *after,
                         const FingerprintScope *scope, FingerprintDetail detail,
                         Fingerprint *ret_fingerprint, Error *err)
{
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    CLEANUP(error_done) Error ending = {0};
    if (!pg_script(session, before, err))
        return false;
    bool good = read_rows(session, scope, detail, &fingerprint, err);
    if (!pg_session_is_lost(session) && !pg_script(session, after, good ? err : &ending))
        return false;
    if (!good)
        return false;
    *ret_fingerprint = fingerprint;
    fingerprint = (Fingerprint){0};
    return true;
}

static const char *const savepoint[] = {
    "SAVEPOINT sealift_fingerprint; SET LOCAL statement_timeout = 0", /* a migration's may be short
                                                                       */
    "ROLLBACK TO SAVEPOINT sealift_fingerprint; RELEASE SAVEPOINT sealift_fingerprint"};
static const char *const transaction[] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                          "ROLLBACK"};

static bool gave_up(Error *err)
{
    error_wrap(err, "taking the fingerprint of the schema");
    if (strcmp(err->code, "55P03") != 0)
        return false;
    err->class = ERROR_TARGET;
    return error_hint(err, "another session holds a lock on what a view reads: try again when it "
                           "is done");
}

bool fingerprint_read(PgSession *session, const FingerprintScope *scope, FingerprintDetail detail,
                      Fingerprint *ret_fingerprint, Error *err)
{
    bool inside = PQtransactionStatus(session->connection) != PQTRANS_IDLE;
    const char *const *around = inside ? savepoint : transaction;
    for (int attempt = 1;; attempt++) {
        if (read_between(session, around[0], around[1], scope, detail, ret_fingerprint, err))
            return true;
        /* on a standby, replay may cancel what reads the rows it removes */
        if (!retry_policy_is_retryable(err->code) || attempt == READ_ATTEMPTS ||
            pg_session_is_lost(session))
            return gave_up(err);
        error_done(err);
        retry_policy_sleep(
            retry_policy_delay_ms(attempt, RETRY_FIRST_MS, RETRY_MOST_MS, retry_policy_random()));
    }
}
