#include "applier/steps/probe.h"

#include <inttypes.h>

#include "applier/server/pg_query.h"
#include "applier/sql/probe_queries.h"
#include "base/memory.h"

static const char *const look_names[] = {"unknown", "absent", "present", "invalid", "pending"};

const char *probe_look_name(ProbeLook look)
{
    return look_names[look];
}

ProbeLook probe_look_of_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(look_names); i++)
        if (strcmp(name, look_names[i]) == 0)
            return (ProbeLook)i;
    return LOOK_UNKNOWN;
}

bool probe_waits_freely(ProbeKind kind)
{
    return kind == PROBE_INDEX_PRESENT || kind == PROBE_INDEX_ABSENT || kind == PROBE_REINDEX;
}

/* How each kind is looked up. */
static const struct {
    const char *sql;
    enum { BY_NAME, BY_INDEX, BY_SCHEMA_AND_NAME, BY_PARTITION } parameters;
} lookups[] = {
    [PROBE_NONE] = {NULL, BY_NAME},
    [PROBE_REPEAT] = {NULL, BY_NAME},
    [PROBE_INDEX_PRESENT] = {SQL_probe_index, BY_INDEX},
    [PROBE_INDEX_ABSENT] = {SQL_probe_index, BY_INDEX},
    [PROBE_REINDEX] = {SQL_probe_reindex, BY_SCHEMA_AND_NAME},
    [PROBE_DETACH] = {SQL_probe_detach, BY_PARTITION},
    [PROBE_DATABASE_PRESENT] = {SQL_probe_database, BY_NAME},
    [PROBE_DATABASE_ABSENT] = {SQL_probe_database, BY_NAME},
    [PROBE_TABLESPACE_PRESENT] = {SQL_probe_tablespace, BY_NAME},
    [PROBE_TABLESPACE_ABSENT] = {SQL_probe_tablespace, BY_NAME},
    [PROBE_SUBSCRIPTION_PRESENT] = {SQL_probe_subscription, BY_NAME},
    [PROBE_SUBSCRIPTION_ABSENT] = {SQL_probe_subscription, BY_NAME},
};

static bool look_up(PgSession *session, const Probe *probe, PGresult **ret_rows, Error *err)
{
    const char *sql = lookups[probe->kind].sql;
    const PgValue object = pg_text(probe->object), schema = pg_text(probe->object_schema);
    const PgValue table = pg_text(probe->table), table_schema = pg_text(probe->table_schema);
    switch (lookups[probe->kind].parameters) {
    case BY_NAME:
        return pg_query_qualified(session, sql, PG_VALUES(object), PG_ROWS, ret_rows, err);
    case BY_SCHEMA_AND_NAME:
        return pg_query_qualified(session, sql, PG_VALUES(schema, object), PG_ROWS, ret_rows, err);
    case BY_INDEX:
    case BY_PARTITION:
        break;
    }
    return pg_query_qualified(session, sql, PG_VALUES(schema, object, table_schema, table), PG_ROWS,
                              ret_rows, err);
}

static ProbeLook meaning(ProbeKind kind, const PGresult *rows)
{
    if (kind == PROBE_REINDEX)
        return LOOK_UNKNOWN; /* what is found are leftovers; whether it ran, nothing tells */
    if (PQntuples(rows) == 0)
        return LOOK_ABSENT;
    if (kind == PROBE_INDEX_PRESENT || kind == PROBE_INDEX_ABSENT)
        return pg_result_bool(rows, 0, 1) ? LOOK_PRESENT : LOOK_INVALID;
    if (kind == PROBE_DETACH && pg_result_bool(rows, 0, 2))
        return LOOK_PENDING;
    return LOOK_PRESENT;
}

bool probe_look(PgSession *session, const Probe *probe, ProbeLook *ret_look, Text *names,
                Error *err)
{
    *ret_look = LOOK_UNKNOWN;
    if (!lookups[probe->kind].sql)
        return true;
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!look_up(session, probe, &rows, err))
        return error_wrap(err, "looking for '%s' in the catalog",
                          probe->object ? probe->object : "");
    *ret_look = meaning(probe->kind, rows);
    int columns = probe->kind == PROBE_DETACH ? 2 : 1;
    for (int i = 0; names && PQnfields(rows) >= columns && i < PQntuples(rows); i++)
        for (int column = 0; column < columns; column++)
            text_addf(names, "%s\n", pg_result_text(rows, i, column));
    return true;
}

ProbeVerdict probe_decide(ProbeKind kind, ProbeLook before, ProbeLook now)
{
    ProbeLook goal = LOOK_UNKNOWN;
    switch (kind) {
    case PROBE_NONE:
        return VERDICT_UNDECIDED;
    case PROBE_REPEAT:
    case PROBE_REINDEX:
        return VERDICT_NOT_DONE;
    case PROBE_INDEX_PRESENT:
    case PROBE_DATABASE_PRESENT:
    case PROBE_TABLESPACE_PRESENT:
    case PROBE_SUBSCRIPTION_PRESENT:
        goal = LOOK_PRESENT;
        break;
    case PROBE_INDEX_ABSENT:
    case PROBE_DETACH:
    case PROBE_DATABASE_ABSENT:
    case PROBE_TABLESPACE_ABSENT:
    case PROBE_SUBSCRIPTION_ABSENT:
        goal = LOOK_ABSENT;
        break;
    }
    return now == goal && before != goal ? VERDICT_IS_DONE : VERDICT_NOT_DONE;
}

/* Names come quoted from the server's format(%I). */
static bool run_with_name(PgSession *session, const char *before_name, const char *name,
                          const char *after_name, Error *err)
{
    CLEANUP(memory_freep) char *sql = memory_format("%s%s%s", before_name, name, after_name);
    return pg_script(session, sql, err) || error_wrap(err, "removing what a broken step left");
}

static bool has_line(const char *lines, const char *line, size_t length)
{
    for (const char *at = lines; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, line, length) == 0 && (at[length] == '\n' || at[length] == '\0'))
            return true;
    return false;
}

static bool drop_new_indexes(PgSession *session, const char *names, const char *names_before,
                             Error *err)
{
    for (const char *at = names; *at; at += strcspn(at, "\n") + 1) {
        size_t length = strcspn(at, "\n");
        CLEANUP(memory_freep) char *name = memory_string_n(at, length);
        if (!has_line(names_before, at, length) &&
            !run_with_name(session, "DROP INDEX CONCURRENTLY IF EXISTS ", name, "", err))
            return false;
    }
    return true;
}

static bool finalize_detach(PgSession *session, const char *names, Error *err)
{
    size_t parent_length = strcspn(names, "\n");
    CLEANUP(memory_freep) char *parent = memory_string_n(names, parent_length);
    const char *partition = names + parent_length + 1;
    CLEANUP(memory_freep)
    char *end =
        memory_format(" DETACH PARTITION %.*s FINALIZE", (int)strcspn(partition, "\n"), partition);
    return run_with_name(session, "ALTER TABLE ", parent, end, err);
}

static bool clean(PgSession *session, const Probe *probe, ProbeLook before,
                  const char *names_before, Error *err)
{
    ProbeLook now;
    CLEANUP(text_done) Text names = {0};
    if (!probe_look(session, probe, &now, &names, err))
        return false;
    if (probe->kind == PROBE_REINDEX)
        return drop_new_indexes(session, text_string(&names), names_before, err);
    if (probe->kind == PROBE_INDEX_PRESENT && now == LOOK_INVALID && before == LOOK_ABSENT)
        return drop_new_indexes(session, text_string(&names), /* names_before= */ "", err);
    if (probe->kind == PROBE_DETACH && now == LOOK_PENDING)
        return finalize_detach(session, text_string(&names), err);
    return true;
}

bool probe_clean(PgSession *session, const Probe *probe, ProbeLook before, const char *names_before,
                 int64_t limit_ms, Error *err)
{
    bool free_waits = probe_waits_freely(probe->kind);
    char timeouts[96];
    snprintf(timeouts, sizeof(timeouts), "SET lock_timeout = 0; SET statement_timeout = %" PRId64,
             limit_ms);
    if (free_waits && !pg_script(session, timeouts, err))
        return false;
    if (!clean(session, probe, before, names_before, err))
        return false;
    return !free_waits || pg_script(session, "RESET lock_timeout; RESET statement_timeout", err);
}
