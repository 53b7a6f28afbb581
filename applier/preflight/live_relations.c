#include "applier/preflight/live_relations.h"

#include "applier/runs/measured_locks.h"
#include "applier/server/pg_array.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"

#define LOCK_WAIT "1s" /* for the file sizes, which wait for ACCESS EXCLUSIVE locks */

void live_relations_done(LiveRelations *live)
{
    array_each (LiveRelation, relation, &live->relations) {
        free(relation->name);
        free(relation->quoted);
        free(relation->tablespace);
    }
    array_free(&live->relations);
    free(live->tablespace);
    *live = (LiveRelations){0};
}

const LiveRelation *live_relations_find(const LiveRelations *live, const char *name)
{
    size_t low = 0, high = live->relations.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(live->relations.items[middle].name, name);
        if (order == 0)
            return &live->relations.items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool live_relation_has_rows(const LiveRelation *relation)
{
    return strchr("rpm", relation->kind) != NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const LiveRelation *)a)->name, ((const LiveRelation *)b)->name);
}

typedef ARRAY_OF(const char *) NameArray;

static void names_of_checks(const SiteMeasurements *site, NameArray *names)
{
    for (size_t i = 0; i < site->count; i++) {
        const MeasuredStep *step = &site->steps[i];
        if (step->script != SCRIPT_VERIFY && step->script != SCRIPT_PRECHECK)
            continue;
        array_each (const MeasuredStepRelation, relation, &step->relations)
            *array_add(names) = relation->relation;
    }
}

/* Each once. */
static void names_of(const RunTaskArray *tasks, const SiteMeasurements *site, NameArray *names)
{
    names_of_checks(site, names);
    array_each (const RunTask, task, tasks) {
        if (!task->migration)
            continue;
        size_t count;
        const ManifestMeasured *rows = measured_locks_of(task->manifest, task->migration, &count);
        for (size_t i = 0; i < count && rows[i].script == SCRIPT_UP; i++)
            *array_add(names) = rows[i].relation;
    }
    size_t kept = 0;
    if (names->count)
        qsort(names->items, names->count, sizeof(*names->items), by_text);
    for (size_t i = 0; i < names->count; i++)
        if (kept == 0 || strcmp(names->items[kept - 1], names->items[i]) != 0)
            names->items[kept++] = names->items[i];
    names->count = kept;
}

static bool ask(PgSession *session, const char *names, bool ask_files, PGresult **ret_rows,
                Error *err)
{
    CLEANUP(error_done) Error ending = {0};
    if (!pg_script(session, "BEGIN READ ONLY; SET LOCAL lock_timeout = '" LOCK_WAIT "'", err))
        return false;
    bool good = pg_query(session, SQL_preflight_relations,
                         PG_VALUES(pg_text(names), pg_bool(ask_files)), PG_ROWS, ret_rows, err);
    if (!pg_session_is_lost(session) && !pg_script(session, "ROLLBACK", good ? err : &ending))
        return false;
    return good;
}

static void take(const PGresult *rows, LiveRelations *live)
{
    for (int i = 0; i < PQntuples(rows); i++)
        *array_add(&live->relations) = (LiveRelation){
            .name = memory_string(pg_result_text(rows, i, 0)),
            .quoted = memory_string(pg_result_text(rows, i, 1)),
            .kind = *pg_result_text(rows, i, 2),
            .bytes = pg_result_int(rows, i, 3),
            .rows = pg_result_int(rows, i, 4),
            .index_bytes = pg_result_int(rows, i, 5),
            .largest_index = pg_result_int(rows, i, 6),
            .tablespace = memory_string(pg_result_text(rows, i, 7)),
        };
    if (live->relations.count) /* the server's collation is not strcmp */
        qsort(live->relations.items, live->relations.count, sizeof(LiveRelation), by_name);
}

static bool read_tablespace(PgSession *session, LiveRelations *live, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_preflight_tablespace, PG_NO_VALUES, PG_ONE_ROW, &row, err)) {
        live_relations_done(live);
        return error_wrap(err, "asking for the database's tablespace");
    }
    live->tablespace = memory_string(pg_result_text(row, 0, 0));
    return true;
}

bool live_relations_read(PgSession *session, const RunTaskArray *tasks,
                         const SiteMeasurements *site, LiveRelations *ret_live, Error *err)
{
    NameArray names = {0};
    CLEANUP(text_done) Text literal = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    names_of(tasks, site, &names);
    pg_array_text(names.items, names.count, &literal);
    bool any = names.count > 0, by_catalog = false;
    array_free(&names);
    *ret_live = (LiveRelations){0};
    if (!any)
        return read_tablespace(session, ret_live, err);
    bool good = ask(session, text_string(&literal), /* ask_files= */ true, &rows, err);
    if (!good && strcmp(err->code, "55P03") == 0) {
        error_done(err);
        by_catalog = true;
        good = ask(session, text_string(&literal), /* ask_files= */ false, &rows, err);
    }
    if (!good)
        return error_wrap(err, "reading the sizes of the tables");
    ret_live->by_catalog = by_catalog;
    take(rows, ret_live);
    return read_tablespace(session, ret_live, err);
}
