#include "applier/runs/relation_rights.h"

#include "applier/runs/measured_locks.h"
#include "applier/server/pg_array.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"

void relation_rights_done(RelationRights *rights)
{
    array_each (RelationRight, right, rights) {
        free(right->name);
        free(right->quoted);
        free(right->owner);
    }
    array_free(rights);
}

/* A relation that the run locks or changes; the name is borrowed. */
typedef struct Wanted {
    const char *name;
    bool changes_rows;
} Wanted;

typedef ARRAY_OF(Wanted) WantedArray;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Wanted *)a)->name, ((const Wanted *)b)->name);
}

static void add_measured(const RunTaskArray *tasks, WantedArray *wanted)
{
    array_each (const RunTask, task, tasks) {
        size_t count;
        if (!task->migration)
            continue;
        const ManifestMeasured *rows = measured_locks_of(task->manifest, task->migration, &count);
        for (size_t i = 0; i < count && rows[i].script == SCRIPT_UP; i++)
            *array_add(wanted) =
                (Wanted){rows[i].relation, strcmp(rows[i].lock, "RowExclusiveLock") == 0};
    }
}

static void keep_once(WantedArray *wanted)
{
    size_t kept = 0;
    if (wanted->count)
        qsort(wanted->items, wanted->count, sizeof(Wanted), by_name);
    for (size_t i = 0; i < wanted->count; i++) {
        if (kept && strcmp(wanted->items[kept - 1].name, wanted->items[i].name) == 0)
            wanted->items[kept - 1].changes_rows |= wanted->items[i].changes_rows;
        else
            wanted->items[kept++] = wanted->items[i];
    }
    wanted->count = kept;
}

static void take(const PGresult *rows, const WantedArray *wanted, const TouchedObjects *touched,
                 RelationRights *rights)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        const Wanted key = {.name = pg_result_text(rows, i, 0)};
        const Wanted *found = bsearch(&key, wanted->items, wanted->count, sizeof(Wanted), by_name);
        *array_add(rights) = (RelationRight){
            .name = memory_string(key.name),
            .quoted = memory_string(pg_result_text(rows, i, 1)),
            .relkind = *pg_result_text(rows, i, 2),
            .owner = memory_string(pg_result_text(rows, i, 3)),
            .owned = pg_result_bool(rows, i, 4),
            .member = pg_result_bool(rows, i, 5),
            .writable = pg_result_bool(rows, i, 7),
            .must_own = touched_objects_have(touched, TOUCHED_RELATION, "", key.name),
            .changes_rows = found && found->changes_rows};
    }
}

bool relation_rights_read(PgSession *session, const RunTaskArray *tasks,
                          const TouchedObjects *touched, RelationRights *ret_rights, Error *err)
{
    WantedArray wanted = {0};
    ARRAY_OF(const char *) names = {0};
    CLEANUP(text_done) Text literal = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    add_measured(tasks, &wanted);
    array_each (const TouchedObject, object, &touched->objects)
        if (object->kind == TOUCHED_RELATION)
            *array_add(&wanted) = (Wanted){.name = object->identity};
    keep_once(&wanted);
    array_each (const Wanted, each, &wanted)
        *array_add(&names) = each->name;
    pg_array_text(names.items, names.count, &literal);
    *ret_rights = (RelationRights){0};
    bool good =
        !wanted.count || pg_query(session, SQL_preflight_relation_rights,
                                  PG_VALUES(pg_text(text_string(&literal))), PG_ROWS, &rows, err);
    if (good && rows)
        take(rows, &wanted, touched, ret_rights);
    array_free(&names);
    array_free(&wanted);
    return good || error_wrap(err, "asking for the owners of the tables");
}

/* --- before a run ---------------------------------------------------------------------------- */

static bool is_suspicious(const RelationRights *rights)
{
    array_each (const RelationRight, right, rights)
        if (!right->owned && !right->member)
            return true;
    return false;
}

static bool refuse(const RelationRight *right, const PgSession *session, Error *err)
{
    error_set(err, ERROR_TARGET,
              "%s belongs to role %s: role '%s' may not change it, as the run must", right->name,
              right->owner, session->facts.current_user);
    return error_hint(err, "'applier preflight BUNDLE' lists all that is missing, with the SQL for "
                           "a DBA");
}

bool relation_rights_check(PgSession *session, const RunTaskArray *tasks,
                           const ObjectSource *objects, Error *err)
{
    CLEANUP(relation_rights_done) RelationRights rights = {0};
    CLEANUP(touched_objects_done) TouchedObjects touched = {0};
    if (session->facts.superuser)
        return true;
    if (!relation_rights_read(session, tasks, &touched, &rights, err))
        return false;
    if (!is_suspicious(&rights))
        return true;
    if (!touched_objects_read(tasks, objects, pg_session_major(session), &touched, err))
        return false;
    array_each (const RelationRight, right, &rights)
        if (!right->owned && !right->member &&
            touched_objects_have(&touched, TOUCHED_RELATION, "", right->name))
            return refuse(right, session, err);
    return true;
}
