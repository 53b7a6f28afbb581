#include "applier/ledger/ledger_proof.h"

#include "applier/ledger/ledger.h"
#include "applier/server/pg_query.h"
#include "applier/sql/ledger_queries.h"
#include "base/memory.h"

void past_arrivals_done(PastArrivalArray *arrivals)
{
    array_each (PastArrival, arrival, arrivals) {
        free(arrival->version);
        free(arrival->arrival);
    }
    array_free(arrivals);
}

bool ledger_add_arrival(PgSession *session, const PastArrival *arrival, Error *err)
{
    const Digest *roots = arrival->roots.classes;
    return pg_query(session, SQL_ledger_insert_fingerprint,
                    PG_VALUES(pg_text(arrival->version), pg_text(arrival->arrival),
                              pg_int(arrival->server_major), pg_int(arrival->compared_major),
                              pg_digest(&roots[FINGERPRINT_CORE]),
                              pg_digest(&roots[FINGERPRINT_DEPARSE]),
                              pg_digest(&roots[FINGERPRINT_ENV]), pg_bool(arrival->proven)),
                    PG_COMMAND, /* ret_result= */ NULL, err) ||
           error_wrap(err, "recording the schema's fingerprint in the ledger");
}

bool ledger_add_accepted(PgSession *session, const AcceptedExtraArray *accepted, Error *err)
{
    CLEANUP(memory_freep) char *user = ledger_operating_system_user();
    array_each (const AcceptedExtra, extra, accepted) {
        if (!pg_query(session, SQL_ledger_insert_accepted,
                      PG_VALUES(pg_text(extra->kind), pg_text(extra->identity),
                                pg_text(extra->hash), pg_text(extra->reason),
                                pg_text(extra->came_with), pg_text(user)),
                      PG_COMMAND, /* ret_result= */ NULL, err))
            return error_wrap(err, "recording in the ledger what is accepted");
    }
    return true;
}

static char *text_at(const PGresult *rows, int row, int column)
{
    return memory_string(pg_result_text(rows, row, column));
}

bool ledger_read_arrivals(PgSession *session, PastArrivalArray *arrivals, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_read_fingerprints, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        PastArrival *arrival = array_add(arrivals);
        *arrival = (PastArrival){.journal_number = pg_result_int(rows, i, 0),
                                 .version = text_at(rows, i, 1),
                                 .arrival = text_at(rows, i, 2),
                                 .server_major = pg_result_int(rows, i, 3),
                                 .compared_major = pg_result_int(rows, i, 4),
                                 .proven = pg_result_bool(rows, i, 8)};
        snprintf(arrival->at, sizeof(arrival->at), "%s", pg_result_text(rows, i, 9));
        for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
            if (!pg_result_digest(rows, i, 5 + class, &arrival->roots.classes[class]))
                return error_set(err, ERROR_TARGET,
                                 "the ledger is damaged: row %d of sealift.fingerprint", i + 1);
    }
    return true;
}

bool ledger_read_accepted(PgSession *session, AcceptedExtraArray *accepted, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_read_accepted, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        AcceptedExtra *extra = array_add(accepted);
        *extra = (AcceptedExtra){.kind = text_at(rows, i, 0),
                                 .identity = text_at(rows, i, 1),
                                 .reason = text_at(rows, i, 3),
                                 .came_with = text_at(rows, i, 4)};
        snprintf(extra->hash, sizeof(extra->hash), "%s", pg_result_text(rows, i, 2));
    }
    return true;
}

bool ledger_owner(PgSession *session, char **ret_owner, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_owner, PG_NO_VALUES, PG_ROWS, &rows, err))
        return error_wrap(err, "asking whose the ledger is");
    *ret_owner = PQntuples(rows) ? text_at(rows, 0, 0) : NULL;
    return true;
}
