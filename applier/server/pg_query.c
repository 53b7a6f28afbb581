#include "applier/server/pg_query.h"

#include <endian.h>
#include <inttypes.h>

#include "applier/server/pg_wait.h"
#include "applier/server/server_words.h"
#include "base/interrupt.h"
#include "base/memory.h"

PgValue pg_text(const char *text)
{
    return (PgValue){.bytes = text};
}

PgValue pg_bytes(const void *bytes, size_t size)
{
    return (PgValue){.bytes = bytes, .size = size, .binary = true};
}

PgValue pg_digest(const Digest *digest)
{
    return digest ? pg_bytes(digest->bytes, DIGEST_SIZE) : (PgValue){0};
}

PgValue pg_int(int64_t number)
{
    PgValue value = {0};
    snprintf(value.number, sizeof(value.number), "%" PRId64, number);
    return value;
}

PgValue pg_bool(bool value)
{
    return pg_text(value ? "t" : "f");
}

void pg_parameters_fill(const PgValue *values, size_t count, PgParameters *ret_parameters)
{
    for (size_t i = 0; i < count && i < PG_VALUES_MAX; i++) {
        ret_parameters->values[i] = values[i].number[0] ? values[i].number : values[i].bytes;
        ret_parameters->lengths[i] = (int)values[i].size;
        ret_parameters->formats[i] = values[i].binary;
    }
}

static ErrorClass class_of(const char *code)
{
    static const char *const target[] = {"42501", "25006", "3F000", "42P01",
                                         "42703", "42883", "28000"};
    for (size_t i = 0; i < ARRAY_LEN(target); i++)
        if (strcmp(code, target[i]) == 0)
            return ERROR_TARGET;
    if (strcmp(code, "57014") == 0 && interrupt_count() > 1)
        return ERROR_INTERRUPTED;
    if (strncmp(code, "53", 2) == 0 || strncmp(code, "58", 2) == 0)
        return ERROR_IO;
    return ERROR_INTERNAL;
}

static bool check(PgSession *session, const char *sql, PGresult *result, PgShape shape, Error *err)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_FATAL_ERROR || !result) {
        if (pg_session_is_lost(session))
            return pg_session_lost_error(session, "talking to it", err);
        const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        return server_words_set(err, class_of(code ? code : ""), result, sql, session->words);
    }
    int rows = PQntuples(result);
    bool fits = shape == PG_COMMAND ? status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK
                                    : status == PGRES_TUPLES_OK;
    if (!fits || (shape == PG_ONE_ROW && rows != 1))
        return error_set(err, ERROR_INTERNAL,
                         "the server answered %s with %d rows to a statement of ours",
                         PQresStatus(status), rows);
    return true;
}

/* libpq refuses to send on a lost connection; on another it would be our mistake. */
static bool not_sent(PgSession *session, Error *err)
{
    if (pg_session_is_lost(session))
        return pg_session_lost_error(session, "talking to it", err);
    return error_set(err, ERROR_INTERNAL, "libpq does not take a statement of ours");
}

static bool run(PgSession *session, const char *sql, const PgValue *values, size_t count,
                int binary_result, PgShape shape, PGresult **ret_result, Error *err)
{
    if (count > PG_VALUES_MAX)
        return error_set(err, ERROR_INTERNAL,
                         "%zu parameters are more than a statement of ours has", count);
    PgParameters parameters;
    pg_parameters_fill(values, count, &parameters);
    if (!PQsendQueryParams(session->connection, sql, (int)count, /* types= */ NULL,
                           parameters.values, parameters.lengths, parameters.formats,
                           binary_result))
        return not_sent(session, err);
    CLEANUP(pg_result_freep) PGresult *result = pg_wait_last_result(session);
    if (!check(session, sql, result, shape, err))
        return false;
    if (ret_result)
        *ret_result = TAKE_PTR(result);
    return true;
}

static bool check_path(const PgSession *session, Error *err)
{
    return session->path_is_ours || pg_session_is_lost(session) ||
           error_set(err, ERROR_INTERNAL,
                     "a statement of ours was to run with the search_path of scripts");
}

bool pg_query_qualified(PgSession *session, const char *sql, const PgValue *values, size_t count,
                        PgShape shape, PGresult **ret_result, Error *err)
{
    return run(session, sql, values, count, /* binary_result= */ 0, shape, ret_result, err);
}

bool pg_query(PgSession *session, const char *sql, const PgValue *values, size_t count,
              PgShape shape, PGresult **ret_result, Error *err)
{
    return check_path(session, err) &&
           run(session, sql, values, count, /* binary_result= */ 0, shape, ret_result, err);
}

bool pg_query_binary(PgSession *session, const char *sql, const PgValue *values, size_t count,
                     PgShape shape, PGresult **ret_result, Error *err)
{
    return check_path(session, err) &&
           run(session, sql, values, count, /* binary_result= */ 1, shape, ret_result, err);
}

bool pg_script_at(PgSession *session, const char *sql, int64_t *ret_position, Error *err)
{
    if (!PQsendQuery(session->connection, sql))
        return not_sent(session, err);
    CLEANUP(pg_result_freep) PGresult *result = pg_wait_last_result(session);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    *ret_position = position ? strtol(position, /* endptr= */ NULL, 10) : 0;
    return check(session, sql, result, PG_COMMAND, err);
}

bool pg_script(PgSession *session, const char *sql, Error *err)
{
    int64_t ignored;
    return pg_script_at(session, sql, &ignored, err);
}

/* --- COPY ------------------------------------------------------------------------------------ */

#define COPY_PIECE 65536

PgValue pg_int4(int32_t number)
{
    PgValue value = {.size = sizeof(number), .binary = true};
    uint32_t bits = htobe32((uint32_t)number);
    memcpy(value.number, &bits, sizeof(bits));
    return value;
}

static bool lost_in_copy(PgSession *session, Error *err)
{
    return pg_session_lost_error(session, "writing to the ledger", err);
}

/* In pieces, so that libpq's buffer stays small. */
static bool put(PgSession *session, const void *bytes, size_t size, Error *err)
{
    const char *at = bytes;
    while (size > 0) {
        size_t part = size < COPY_PIECE ? size : COPY_PIECE;
        if (PQputCopyData(session->connection, at, (int)part) != 1)
            return lost_in_copy(session, err);
        at += part;
        size -= part;
    }
    return true;
}

bool pg_copy_begin(PgSession *session, const char *sql, Error *err)
{
    static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    if (!PQsendQueryParams(session->connection, sql, 0, NULL, NULL, NULL, NULL, 0))
        return not_sent(session, err);
    CLEANUP(pg_result_freep) PGresult *result = pg_wait_last_result(session);
    if (PQresultStatus(result) != PGRES_COPY_IN)
        return check(session, sql, result, PG_COMMAND, err);
    return put(session, header, sizeof(header), err);
}

bool pg_copy_row(PgSession *session, const PgValue *values, size_t count, Error *err)
{
    uint16_t columns = htobe16((uint16_t)count);
    if (!put(session, &columns, sizeof(columns), err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const PgValue *value = &values[i];
        const char *bytes = value->bytes ? value->bytes : value->number;
        size_t size = value->binary ? value->size : strlen(bytes);
        uint32_t length = htobe32((uint32_t)size);
        if (!put(session, &length, sizeof(length), err) || !put(session, bytes, size, err))
            return false;
    }
    return true;
}

static PGresult *copy_answer(PgSession *session)
{
    PGresult *first = pg_wait_result(session);
    for (PGresult *more; (more = pg_wait_result(session));)
        PQclear(more);
    return first;
}

bool pg_copy_end(PgSession *session, const char *sql, Error *err)
{
    static const unsigned char trailer[] = {0xff, 0xff};
    if (!put(session, trailer, sizeof(trailer), err))
        return false;
    if (PQputCopyEnd(session->connection, /* errormsg= */ NULL) != 1)
        return lost_in_copy(session, err);
    CLEANUP(pg_result_freep) PGresult *result = copy_answer(session);
    return check(session, sql, result, PG_COMMAND, err);
}

void pg_copy_abandon(PgSession *session)
{
    if (!pg_session_is_lost(session) &&
        PQputCopyEnd(session->connection, "the rows cannot be read to their end") == 1)
        pg_result_free(copy_answer(session));
}

/* --- answers --------------------------------------------------------------------------------- */

void pg_result_free(PGresult *result)
{
    PQclear(result);
}

const char *pg_result_text(const PGresult *result, int row, int column)
{
    return PQgetvalue(result, row, column);
}

int64_t pg_result_int(const PGresult *result, int row, int column)
{
    return (int64_t)strtoll(PQgetvalue(result, row, column), /* end= */ NULL, 10);
}

bool pg_result_bool(const PGresult *result, int row, int column)
{
    return PQgetvalue(result, row, column)[0] == 't';
}

bool pg_result_digest(const PGresult *result, int row, int column, Digest *ret_digest)
{
    return digest_parse_hex(PQgetvalue(result, row, column),
                            (size_t)PQgetlength(result, row, column), ret_digest);
}
