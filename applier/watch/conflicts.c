#include "applier/watch/conflicts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applier/server/pg_query.h"
#include "applier/sql/watch_queries.h"

/* The server's table of what excludes what (its manual, "Explicit Locking"), as bits of the modes
 * in this order. */
static const struct {
    const char *name;
    unsigned excludes;
} modes[] = {
    {"AccessShareLock", 1U << 7},
    {"RowShareLock", 3U << 6},
    {"RowExclusiveLock", 15U << 4},
    {"ShareUpdateExclusiveLock", 31U << 3},
    {"ShareLock", 1U << 2 | 1U << 3 | 7U << 5},
    {"ShareRowExclusiveLock", 63U << 2},
    {"ExclusiveLock", 127U << 1},
    {"AccessExclusiveLock", 255U},
};

static size_t find_mode(const char *name)
{
    size_t mode = 0;
    while (mode < ARRAY_LEN(modes) && strcmp(modes[mode].name, name) != 0)
        mode++;
    return mode;
}

bool conflict_modes_exclude(const char *one, const char *other)
{
    size_t a = find_mode(one), b = find_mode(other);
    return a < ARRAY_LEN(modes) && b < ARRAY_LEN(modes) && (modes[a].excludes >> b & 1U);
}

static void join_names(const ConflictRelationArray *relations, Text *names)
{
    array_each (const ConflictRelation, relation, relations)
        text_addf(names, "%s%s", names->length ? "\n" : "", relation->name);
}

static void take_holder(const PGresult *rows, int i, Conflict *conflict)
{
    WatchBlocker *who = &conflict->who;
    who->pid = pg_result_int(rows, i, 0);
    watch_copy_name(who->user, sizeof(who->user), pg_result_text(rows, i, 1));
    watch_copy_name(who->application, sizeof(who->application), pg_result_text(rows, i, 2));
    watch_copy_name(who->address, sizeof(who->address), pg_result_text(rows, i, 3));
    watch_copy_name(who->state, sizeof(who->state), pg_result_text(rows, i, 4));
    watch_copy_name(who->type, sizeof(who->type), pg_result_text(rows, i, 5));
    watch_copy_name(who->prepared, sizeof(who->prepared), pg_result_text(rows, i, 6));
    who->state_ms = pg_result_int(rows, i, 7);
    who->query_ms = pg_result_int(rows, i, 8);
    who->transaction_ms = pg_result_int(rows, i, 9);
    conflict->tables = pg_result_int(rows, i, 10);
    conflict->only_reads = pg_result_bool(rows, i, 13);
    conflict->kind = who->pid == 0                              ? CONFLICT_PREPARED
                     : strcmp(who->application, "pg_dump") == 0 ? CONFLICT_DUMP
                                                                : CONFLICT_LONG;
}

/* One lock that the holder of `conflict` has on one of the run's relations; `*last` is the relation
 * that was counted before, of which there may be several locks. */
static void take_lock(const ConflictRelationArray *relations, const char *name, const char *held,
                      const char **last, Conflict *conflict)
{
    array_each (const ConflictRelation, relation, relations) {
        if (strcmp(relation->name, name) != 0 || !conflict_modes_exclude(held, relation->lock))
            continue;
        bool stronger = strcmp(relation->lock, "AccessExclusiveLock") == 0 &&
                        strcmp(conflict->needed, relation->lock) != 0;
        conflict->relations += strcmp(*last, name) != 0;
        *last = name;
        if (*conflict->relation && !stronger)
            return;
        snprintf(conflict->relation, sizeof(conflict->relation), "%s", name);
        snprintf(conflict->held, sizeof(conflict->held), "%s", held);
        snprintf(conflict->needed, sizeof(conflict->needed), "%s", relation->lock);
        return;
    }
}

static bool same_holder(const WatchBlocker *who, const PGresult *rows, int i)
{
    return who->pid == pg_result_int(rows, i, 0) &&
           strncmp(who->prepared, pg_result_text(rows, i, 6), sizeof(who->prepared) - 1) == 0;
}

static bool open_for_long(const Conflict *conflict)
{
    return conflict->who.transaction_ms >= CONFLICT_LONG_MS;
}

bool conflict_looks_like_dump(const Conflict *conflict)
{
    return conflict->kind == CONFLICT_LONG && open_for_long(conflict) && conflict->only_reads &&
           conflict->tables >= CONFLICT_DUMP_TABLES;
}

/* Whether it is worth a word: short transactions come and go. */
static bool matters(const ConflictRelationArray *relations, Conflict *conflict)
{
    if (conflict_looks_like_dump(conflict)) {
        conflict->kind = CONFLICT_DUMP;
        conflict->by_looks = true;
    }
    switch (conflict->kind) {
    case CONFLICT_DUMP:
        return true;
    case CONFLICT_PREPARED:
        return *conflict->relation || !relations->count;
    case CONFLICT_LONG:
        return open_for_long(conflict);
    }
    return true;
}

bool run_conflicts_look(PgSession *session, const ConflictRelationArray *relations,
                        ConflictArray *ret_conflicts, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    CLEANUP(text_done) Text names = {0};
    join_names(relations, &names);
    if (!pg_query(session, SQL_conflict_holders,
                  PG_VALUES(pg_text(text_string(&names)), pg_int(CONFLICT_LONG_MS)), PG_ROWS, &rows,
                  err))
        return error_wrap(err, "looking who is at work in the database");
    ConflictArray conflicts = {0};
    for (int i = 0; i < PQntuples(rows);) {
        Conflict conflict = {0};
        const char *last = "";
        take_holder(rows, i, &conflict);
        do
            take_lock(relations, pg_result_text(rows, i, 11), pg_result_text(rows, i, 12), &last,
                      &conflict);
        while (++i < PQntuples(rows) && same_holder(&conflict.who, rows, i));
        if (matters(relations, &conflict))
            *array_add(&conflicts) = conflict;
    }
    *ret_conflicts = conflicts;
    return true;
}

bool conflict_stops(const Conflict *conflict)
{
    return conflict->kind != CONFLICT_LONG && strcmp(conflict->needed, "AccessExclusiveLock") == 0;
}

void conflict_words(const Conflict *conflict, Text *text)
{
    static const char *const what[] = {
        [CONFLICT_DUMP] = "a dump is under way: ",
        [CONFLICT_PREPARED] = "a transaction is prepared and not ended: ",
        [CONFLICT_LONG] = "a transaction has been open for long: ",
    };
    text_add(text,
             conflict->by_looks ? "what looks like a dump is under way: " : what[conflict->kind]);
    watch_blocker_words(&conflict->who, text);
    if (*conflict->relation)
        text_addf(text, ", holds %s on %s, which this run needs as %s", conflict->held,
                  conflict->relation, conflict->needed);
    if (conflict->relations > 1)
        text_addf(text, " (and %zu more of what it needs)", conflict->relations - 1);
}
