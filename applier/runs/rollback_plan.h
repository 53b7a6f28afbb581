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

/* Names as an operator gives them; borrowed. */
typedef ARRAY_OF(const char *) NameArray;

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

/* A table or column that a way back drops, and what it holds now. */
typedef struct LostObject {
    char *identity; /* owned: "public.orders", "public.orders.price" */
    bool is_column;
    bool counted;  /* false: it could not be, and is taken as lost */
    bool more;     /* than `count`, where counting stopped */
    int64_t count; /* rows, or values that are not null */
    char code[6];  /* SQLSTATE of what stopped the counting, or "" */
} LostObject;

typedef ARRAY_OF(LostObject) LostObjectArray;

/* What a rehearsal said of taking one thing back, and what is lost by it; texts owned. */
typedef struct WayBack {
    char *version;
    char *identity; /* NULL: a version without migrations */
    Verdict verdict;
    char *detail;         /* what is lost or differs; "" where there is nothing to say */
    LostObjectArray lost; /* what it drops that is not empty: rollback_loss_count */
    bool accepted;        /* the operator has said by name that this may be lost */
    size_t unknown;       /* its statements that drop or delete, where it was not rehearsed: what
                           * they lose is known to nobody */
} WayBack;

typedef ARRAY_OF(WayBack) WayBackArray;

void ways_back_done(WayBackArray *ways);

/* One for each task, in order: what was rehearsed on this server major, else the worst of all. */
void rollback_plan_ways(const RunTaskArray *tasks, int64_t server_major, WayBackArray *ret_ways);

/* Whether data is lost by it: what was there before its up does not come back, or what it drops
 * holds something. */
bool way_back_loses(const WayBack *way);

/* Whether any of them loses data, or it is not known that none does. */
bool ways_back_may_lose(const WayBackArray *ways);

/* "public.note: 3 rows, public.item.price: more than 1000000 values": what it drops. */
void way_back_add_lost(const WayBack *way, Text *text);

/* Mark what the operator accepts by the migration's identity. ERROR_USAGE for one that is not among
 * them, or that loses nothing. */
bool rollback_plan_accept(WayBackArray *ways, const NameArray *identities, Error *err) MUST_CHECK;

/* ERROR_TARGET where data would be lost that nobody has accepted; the hint has the names to give.
 */
bool rollback_plan_check_losses(const WayBackArray *ways, Error *err) MUST_CHECK;

/* ERROR_TARGET where it is not known what would be lost. */
bool rollback_plan_check_unknown(const WayBackArray *ways, Error *err) MUST_CHECK;

/* ERROR_TARGET where the rehearsal of one failed: it would stop in the middle. */
bool rollback_plan_check_ways(const WayBackArray *ways, Error *err) MUST_CHECK;

/* The backup that takes the database to where this list leads, or further back: the newest that was
 * made before a run that began there; NULL where the ledger has none (pure). */
const PastBackup *rollback_plan_backup(const History *history, const RollbackList *list);

/* Put into the hint of `err` that this backup can be restored instead, and how. Returns false. */
bool rollback_plan_offer_backup(const History *history, const RollbackList *list, Error *err);

#endif
