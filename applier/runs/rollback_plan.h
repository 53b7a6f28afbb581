/* What a rollback takes back, from the ledger's history alone (pure), and then as tasks, with the
 * down scripts that the bundles stored in the ledger bring. */
#ifndef SEALIFT_APPLIER_ROLLBACK_PLAN_H
#define SEALIFT_APPLIER_ROLLBACK_PLAN_H

#include "applier/ledger/history.h"
#include "applier/steps/run_units.h"

/* How far back: to_version or steps, or neither: then the last bundle application that is still in
 * force, to where it began. An apply that failed and what went on with it are one application. */
typedef struct RollbackTarget {
    const char *to_version; /* a version's name, or "-" for before everything; NULL */
    int64_t steps;          /* migrations; 0: not given */
    /* Only with to_version, for a run that is resumed: stop at this many migrations, which may be
     * beyond the version's end. */
    bool has_position;
    int64_t position;
} RollbackTarget;

/* One thing to take back: a migration, or a version without migrations above the target. */
typedef struct RollbackItem {
    const AppliedMigration *migration; /* NULL for a version */
    const AppliedVersion *version;     /* NULL for a migration */
    const AppliedVersion *below;       /* of a version: the one that it came behind, or NULL */
    int64_t position;                  /* of the migration on the stack, from 0 */
} RollbackItem;

typedef ARRAY_OF(RollbackItem) RollbackItemArray;

typedef struct RollbackList {
    RollbackItemArray items;  /* in the order of taking back; borrows from the history */
    const char *from_version; /* "-" for none */
    const char *to_version;   /* the version that holds afterwards, "-" for none */
    int64_t to_position;      /* migrations that stay */
    const char *inside;       /* the version that some of them are of, but not all; or NULL */
    int64_t inside_count;     /* how many of them */
} RollbackList;

void rollback_list_done(RollbackList *list);

/* ERROR_TARGET: the database was never at that version, fewer migrations than steps, a damaged
 * journal, a step that wants settling first. An empty list: nothing to take back. */
bool rollback_list_make(const History *history, const RollbackTarget *target,
                        RollbackList *ret_list, Error *err) MUST_CHECK;

/* The manifest of a bundle that the ledger keeps, and its objects. */
typedef bool (*RollbackSource)(void *context, const Digest *head_digest,
                               const Manifest **ret_manifest, const ObjectSource **ret_objects,
                               Error *err);

/* Tasks for the list. ERROR_TARGET, before anything is done, where a migration has no way back;
 * it names all of those. */
bool rollback_plan_tasks(const RollbackList *list, RollbackSource source, void *context,
                         RunTaskArray *ret_tasks, Error *err) MUST_CHECK;

/* What a rehearsal said of taking one thing back; texts owned. */
typedef struct WayBack {
    char *version;
    char *identity; /* NULL: a version without migrations */
    Verdict verdict;
    char *detail; /* what is lost or differs; "" where there is nothing to say */
} WayBack;

typedef ARRAY_OF(WayBack) WayBackArray;

void ways_back_done(WayBackArray *ways);

/* One for each task, in order: what was rehearsed on this server major, else the worst of all. */
void rollback_plan_ways(const RunTaskArray *tasks, int64_t server_major, WayBackArray *ret_ways);

/* ERROR_TARGET where the rehearsal of one failed: it would stop in the middle. */
bool rollback_plan_check_ways(const WayBackArray *ways, Error *err) MUST_CHECK;

#endif
