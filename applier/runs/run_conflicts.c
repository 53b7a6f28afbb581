#include "applier/runs/run_conflicts.h"

#include "base/memory.h"

static bool was_measured_on(const Manifest *manifest, int64_t server_major)
{
    array_each (const ManifestMeasured, measured, &manifest->measured) {
        if (measured->server_major == server_major)
            return true;
    }
    return false;
}

/* Of two locks on one relation the one that excludes more; ACCESS EXCLUSIVE is what matters most.
 */
static void add_relation(ConflictRelationArray *relations, const char *name, const char *lock)
{
    array_each (ConflictRelation, relation, relations) {
        if (strcmp(relation->name, name) != 0)
            continue;
        if (strcmp(relation->lock, "AccessExclusiveLock") != 0 &&
            conflict_modes_exclude(lock, "RowExclusiveLock"))
            relation->lock = lock;
        return;
    }
    *array_add(relations) = (ConflictRelation){.name = name, .lock = lock};
}

void run_conflicts_relations(const RunTaskArray *tasks, int64_t server_major,
                             ConflictRelationArray *ret_relations)
{
    ConflictRelationArray relations = {0};
    array_each (const RunTask, task, tasks) {
        const Manifest *manifest = task->manifest;
        bool here = was_measured_on(manifest, server_major);
        ScriptKind script = task->direction == DIRECTION_UP ? SCRIPT_UP : SCRIPT_DOWN;
        if (!task->migration)
            continue;
        size_t index = (size_t)(task->migration - manifest->migrations.items);
        array_each (const ManifestMeasured, measured, &manifest->measured) {
            if (measured->migration == index && measured->script == script && *measured->lock &&
                (!here || measured->server_major == server_major))
                add_relation(&relations, measured->relation, measured->lock);
        }
    }
    *ret_relations = relations;
}

static bool refuse(const Conflict *conflict, Error *err)
{
    CLEANUP(text_done) Text words = {0};
    conflict_words(conflict, &words);
    error_set(err, ERROR_TARGET, "%s", text_string(&words));
    if (conflict->kind == CONFLICT_PREPARED)
        return error_hint(err, "it does not go by waiting: whoever prepared it ends it by COMMIT "
                               "PREPARED or ROLLBACK PREPARED; --ignore-conflicts begins anyway");
    return error_hint(err, "run it again when %s is done; --ignore-conflicts begins anyway",
                      conflict->by_looks ? "it" : "the dump");
}

bool run_conflicts_check(PgSession *session, const RunTaskArray *tasks, ConflictPolicy policy,
                         const RunListener *listener, Error *err)
{
    ConflictRelationArray relations = {0};
    ConflictArray conflicts = {0};
    const Conflict *stops = NULL;
    run_conflicts_relations(tasks, pg_session_major(session), &relations);
    bool good = run_conflicts_look(session, &relations, &conflicts, err);
    array_each (const Conflict, conflict, &conflicts) {
        if (!stops && policy == CONFLICTS_REFUSED && conflict_stops(conflict))
            stops = conflict;
        else if (listener->conflict)
            listener->conflict(listener->context, conflict);
    }
    if (stops)
        good = refuse(stops, err);
    array_free(&conflicts);
    array_free(&relations);
    return good;
}
