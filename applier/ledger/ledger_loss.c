#include "applier/ledger/ledger_loss.h"

#include "applier/ledger/ledger.h"
#include "applier/server/pg_query.h"
#include "applier/sql/ledger_queries.h"
#include "base/json_writer.h"
#include "base/memory.h"

void past_losses_done(PastLossArray *losses)
{
    array_each (PastLoss, loss, losses) {
        free(loss->identity);
        free(loss->words);
        free(loss->session_user);
        free(loss->operating_system_user);
    }
    array_free(losses);
}

static void add_json(const AcceptedLossArray *losses, Text *text)
{
    JsonWriter json;
    json_begin(&json, text);
    json_array(&json, /* name= */ NULL);
    array_each (const AcceptedLoss, loss, losses) {
        json_object(&json, /* name= */ NULL);
        json_string(&json, "identity", loss->identity);
        json_string(&json, "words", loss->words);
        json_close(&json);
    }
    json_close(&json);
    json_end(&json);
}

bool ledger_add_losses(PgSession *session, const AcceptedLossArray *losses, Error *err)
{
    CLEANUP(memory_freep) char *user = ledger_operating_system_user();
    CLEANUP(text_done) Text text = {0};
    if (!losses->count)
        return true;
    add_json(losses, &text);
    return pg_query(session, SQL_ledger_insert_losses,
                    PG_VALUES(pg_text(text_string(&text)), pg_text(user)), PG_COMMAND,
                    /* ret_result= */ NULL, err) ||
           error_wrap(err, "recording in the ledger what may be lost");
}

bool ledger_read_losses(PgSession *session, PastLossArray *losses, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_read_losses, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        PastLoss *loss = array_add(losses);
        *loss = (PastLoss){.event_number = pg_result_int(rows, i, 0),
                           .identity = memory_string(pg_result_text(rows, i, 1)),
                           .words = memory_string(pg_result_text(rows, i, 2)),
                           .session_user = memory_string(pg_result_text(rows, i, 4)),
                           .operating_system_user = memory_string(pg_result_text(rows, i, 5))};
        snprintf(loss->at, sizeof(loss->at), "%s", pg_result_text(rows, i, 3));
    }
    return true;
}
