/* How a bundle and a database fit, and what is to be done: a pure function of the ledger's history
 * and the manifest. Tree digests and the migrations' digests decide, names only speak. */
#ifndef SEALIFT_APPLIER_APPLY_PLAN_H
#define SEALIFT_APPLIER_APPLY_PLAN_H

#include "applier/ledger/history.h"
#include "applier/steps/run_units.h"

typedef enum {
    RELATION_FITS,          /* there is something to do, and it can be done */
    RELATION_CURRENT,       /* the database is exactly at the target: nothing to do */
    RELATION_AHEAD,         /* the target is behind the database */
    RELATION_GAP,           /* the bundle starts beyond where the database is */
    RELATION_DIVERGED,      /* the database holds other migrations, or its ledger is damaged */
    RELATION_UNREST,        /* something unfinished that this bundle cannot finish */
    RELATION_WRONG_PRODUCT, /* the ledger is another product's */
    RELATION_EQUIVOCATION,  /* the ledger knows another bundle of the same sequence */
    RELATION_NO_VERSION,    /* the bundle has no such version */
    RELATION_STOP,          /* no single run may go from here to the target */
} ApplyRelation;

/* What part of a plan an apply runs. */
typedef enum {
    RUN_ALL_PHASES,
    RUN_PHASE_BEFORE, /* what the old application tolerates */
    RUN_PHASE_AFTER,  /* the rest, once that is done */
} RunPhase;

const char *apply_relation_name(ApplyRelation relation);

typedef struct ApplyPlan {
    ApplyRelation relation;
    size_t target;       /* index into the manifest's versions */
    RunTaskArray tasks;  /* in order; their `objects` are for the caller to set */
    int64_t to_position; /* migrations in this database once it is there */
    char *halt; /* owned: why the target is not the bundle's last version, where nobody asked for
                 * another; or NULL */
    const char *stands_for; /* borrowed: the superseded version at which the database stands, and
                             * which the first task's version takes the place of; or NULL */
    char *words;            /* owned: why not, where the relation is neither FITS nor CURRENT */
    char *hint;             /* owned, or NULL */
    int64_t server_major;   /* for the caller to set, where there is a server */
} ApplyPlan;

void apply_plan_done(ApplyPlan *plan);

/* `to_version` NULL: the manifest's last, or the farthest that one run may come to: none goes past
 * a required stop, or comes to a version that asks for a later start (bundles/route.h has the law).
 * A database that stands at a version which one of the bundle's supersedes goes on from that one.
 * The plan borrows from `manifest`. A step that wants
 * settling is settled before (settle.h): here it is RELATION_UNREST. */
void apply_plan_make(const History *history, const Manifest *manifest, const Digest *head_digest,
                     const char *to_version, ApplyPlan *ret_plan);

/* How far positions of the product are from those in this database: what migrations of the bundle
 * would be counted here, minus what the manifest counts. Not 0 only behind a superseded version. */
int64_t apply_plan_shift(const History *history, const Manifest *manifest);

/* Migrations wholly applied once all tasks are done; `position` where there are none. */
int64_t apply_plan_end(const ApplyPlan *plan, int64_t position);

/* The plan's refusal as an error: ERROR_TRUST for another product and equivocation, ERROR_USAGE for
 * a version that is not there, else ERROR_TARGET. True where it fits or is current. */
bool apply_plan_check(const ApplyPlan *plan, Error *err) MUST_CHECK;

/* Whether `mode` is offered: of a rehearsed bundle only what its rehearsal came through on this
 * server major; of an unproven one any, and run_units_check_atomic says what its text allows.
 * `target` is the plan's: a rehearsal has tried the bundle whole, never a part of it alone.
 * ERROR_TARGET. */
bool apply_plan_check_mode(const Manifest *manifest, AtomicMode mode, size_t target,
                           int64_t server_major, Error *err) MUST_CHECK;

#endif
