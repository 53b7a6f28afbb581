/* Who is at work in the database and will be in a run's way, seen before the run begins: dumps,
 * transactions that are prepared, transactions that have been open for long. Reads only, on the
 * session that is given; locks nothing.
 *
 * Without pg_read_all_stats the age of other roles' transactions is not to be seen: then a session
 * counts only where it is a dump by its name. */
#ifndef SEALIFT_APPLIER_CONFLICTS_H
#define SEALIFT_APPLIER_CONFLICTS_H

#include "applier/server/pg_session.h"
#include "applier/watch/watch_facts.h"

/* A relation that a run will lock; both borrowed. */
typedef struct ConflictRelation {
    const char *name; /* "public.orders", as the manifest names it */
    const char *lock; /* "AccessExclusiveLock" */
} ConflictRelation;

typedef ARRAY_OF(ConflictRelation) ConflictRelationArray;

typedef enum {
    CONFLICT_DUMP,     /* pg_dump, or a session that looks like a dump: see CONFLICT_DUMP_TABLES */
    CONFLICT_PREPARED, /* a prepared transaction that holds locks: it does not go by waiting */
    CONFLICT_LONG,     /* a transaction that has been open for CONFLICT_LONG_MS */
} ConflictKind;

#define CONFLICT_LONG_MS     INT64_C(60000)
#define CONFLICT_DUMP_TABLES 20 /* that one transaction reads */

typedef struct Conflict {
    ConflictKind kind;
    WatchBlocker who;
    bool by_looks;      /* taken for a dump by what it does, not by its name */
    int64_t tables;     /* that it holds locks on, in this database … */
    bool only_reads;    /* … all of them ACCESS SHARE */
    char relation[140]; /* of the run's, the first that its lock excludes ours from; "" for none */
    char held[32];      /* its lock on that … */
    char needed[32];    /* … and ours */
    size_t relations;   /* of the run's, that it excludes us from */
} Conflict;

typedef ARRAY_OF(Conflict) ConflictArray;

/* Look. `relations` are what the run will lock; none: what it will lock is not known, and whoever
 * might be in the way is named. The caller frees *ret_conflicts with array_free. */
bool run_conflicts_look(PgSession *session, const ConflictRelationArray *relations,
                        ConflictArray *ret_conflicts, Error *err) MUST_CHECK;

/* Whether a session that is none by its name does what a dump does: one long transaction that reads
 * many tables, and has no other lock. Reports that change nothing look the same. */
bool conflict_looks_like_dump(const Conflict *conflict);

/* Whether a run should not begin with it: a dump or a prepared transaction holds a relation that
 * the run needs for itself alone (ACCESS EXCLUSIVE). */
bool conflict_stops(const Conflict *conflict);

/* "a dump is under way: pid 12 (…), holds AccessShareLock on public.item, which this run needs as
 * AccessExclusiveLock"; "what looks like a dump is under way: …". */
void conflict_words(const Conflict *conflict, Text *text);

/* Whether a lock in one of these modes excludes the other from the same relation, by the names of
 * pg_locks; a name that is none excludes nothing. */
bool conflict_modes_exclude(const char *one, const char *other);

#endif
