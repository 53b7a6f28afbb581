#include "applier/ledger/ledger_parameter.h"

#include "applier/ledger/ledger.h"
#include "applier/server/pg_query.h"
#include "applier/sql/ledger_queries.h"
#include "base/memory.h"

static const char *const sources[] = {[VALUE_FROM_COMMAND] = "command",
                                      [VALUE_FROM_SITE] = "site",
                                      [VALUE_FROM_LEDGER] = "ledger",
                                      [VALUE_FROM_DEFAULT] = "default"};

const char *value_source_name(ValueSource source)
{
    return sources[source];
}

const char *value_source_words(ValueSource source)
{
    static const char *const words[] = {[VALUE_FROM_COMMAND] = "by --set",
                                        [VALUE_FROM_SITE] = "from applier.conf",
                                        [VALUE_FROM_LEDGER] = "as in an earlier run",
                                        [VALUE_FROM_DEFAULT] = "the bundle's default"};
    return words[source];
}

void past_parameters_done(PastParameterArray *parameters)
{
    array_each (PastParameter, parameter, parameters) {
        free(parameter->name);
        free(parameter->type);
        free(parameter->value);
        free(parameter->session_user);
        free(parameter->operating_system_user);
    }
    array_free(parameters);
}

const PastParameter *past_parameter(const PastParameterArray *parameters, const char *name,
                                    int64_t journal_number)
{
    const PastParameter *found = NULL;
    array_each (const PastParameter, parameter, parameters)
        if (parameter->journal_number < journal_number && strcmp(parameter->name, name) == 0)
            found = parameter;
    return found;
}

bool ledger_add_parameter(PgSession *session, const char *name, const char *type, const char *value,
                          ValueSource source, Error *err)
{
    CLEANUP(memory_freep) char *user = ledger_operating_system_user();
    return pg_query(session, SQL_ledger_insert_parameter,
                    PG_VALUES(pg_text(name), pg_text(type), pg_text(value),
                              pg_text(value_source_name(source)), pg_text(user)),
                    PG_COMMAND, /* ret_result= */ NULL, err) ||
           error_wrap(err, "recording the parameter '%s' in the ledger", name);
}

static ValueSource source_of(const char *name)
{
    ValueSource source = VALUE_FROM_COMMAND;
    while (source < VALUE_FROM_DEFAULT && strcmp(sources[source], name) != 0)
        source++;
    return source;
}

bool ledger_read_parameters(PgSession *session, PastParameterArray *parameters, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_read_parameters, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        PastParameter *parameter = array_add(parameters);
        *parameter =
            (PastParameter){.event_number = pg_result_int(rows, i, 0),
                            .journal_number = pg_result_int(rows, i, 1),
                            .name = memory_string(pg_result_text(rows, i, 2)),
                            .type = memory_string(pg_result_text(rows, i, 3)),
                            .value = memory_string(pg_result_text(rows, i, 4)),
                            .source = source_of(pg_result_text(rows, i, 5)),
                            .session_user = memory_string(pg_result_text(rows, i, 7)),
                            .operating_system_user = memory_string(pg_result_text(rows, i, 8))};
        snprintf(parameter->at, sizeof(parameter->at), "%s", pg_result_text(rows, i, 6));
    }
    return true;
}
