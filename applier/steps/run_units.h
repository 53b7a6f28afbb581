/* What a run does, in order, as values: tasks (a migration up or down, or a version without
 * migrations) cut into units (what commits or fails as one). Pure: no server, no file. */
#ifndef SEALIFT_APPLIER_RUN_UNITS_H
#define SEALIFT_APPLIER_RUN_UNITS_H

#include "applier/ledger/journal.h"
#include "base/array.h"
#include "bundles/manifest.h"
#include "bundles/object_stream.h"

typedef enum {
    ATOMIC_MIGRATION, /* each transaction group commits by itself */
    ATOMIC_VERSION,   /* all groups of a version commit together */
    ATOMIC_RUN,       /* all of the run */
} AtomicMode;

const char *atomic_mode_name(AtomicMode mode);

/* The mode of one of these names; ATOMIC_MIGRATION for any other. */
AtomicMode atomic_mode_parse(const char *name);

/* All pointers are borrowed and outlive the run. */
typedef struct RunTask {
    const Manifest *manifest;
    const ObjectSource *objects;
    Digest head_digest;
    const ManifestMigration *migration; /* NULL: a version without migrations */
    const ManifestVersion *version;
    Direction direction;
    const char *const *values; /* of the manifest's parameters; NULL where it has none */
    size_t first_group;        /* groups before it are committed already */
    BatchProgress batch;       /* of the group behind them, where that runs in batches */
    bool only_verify;          /* all groups are; the verify script is not */
    bool only_gate;    /* up: nothing is applied; the precheck script, which must hold before the
                        * version's first step */
    bool partly;       /* down: the migration is applied in part, or taken back in part */
    bool ends_version; /* up: the version is complete after this task */
    bool in_place;     /* down: what it took the place of, with the same schema, is there again */
    int64_t position;  /* migrations wholly applied before this task */
} RunTask;

typedef ARRAY_OF(RunTask) RunTaskArray;

/* Add a task for each gate of the version that `task` is of, made like `task`. */
void run_tasks_add_gates(RunTaskArray *tasks, const RunTask *task);

/* Tasks that apply something or take it back: all but gates. */
int64_t run_tasks_count(const RunTaskArray *tasks);

/* The script that a task runs; NULL for a version without migrations. */
const ManifestScript *run_task_script(const RunTask *task);

/* Migrations wholly applied while the task is under way, and once it is done. */
int64_t run_task_position_during(const RunTask *task);
int64_t run_task_position_after(const RunTask *task);

/* Whether a verify script runs after the migration's COMMIT. */
bool run_task_verifies(const RunTask *task);

typedef enum {
    UNIT_TRANSACTION, /* parts in one BEGIN … COMMIT */
    UNIT_AUTOCOMMIT,  /* one step outside transactions: INTENT, step, OUTCOME */
    UNIT_BATCH,       /* the ranges of a batch, a transaction each; its group's unit follows */
    UNIT_GATE,        /* as UNIT_PRECHECK, before a version's first step */
    UNIT_PRECHECK,    /* a precheck script in a READ ONLY transaction, rolled back */
    UNIT_VERIFY,      /* a verify script likewise, then its row in the journal */
} UnitKind;

#define PART_WITHOUT_STATEMENTS SIZE_MAX

/* One group of one task, with its row in the journal. */
typedef struct RunPart {
    size_t task;          /* index into the tasks */
    size_t group;         /* index into the script's groups, or PART_WITHOUT_STATEMENTS */
    bool completes;       /* the migration, in this direction */
    bool precheck_inside; /* its precheck runs here, under a savepoint: others are uncommitted */
    bool gate;            /* a gate runs here likewise, and nothing else */
    bool verify_inside;   /* its verify script runs here, under a savepoint, before COMMIT */
    bool ends_version;    /* the version's row is written here */
    bool arrives;         /* the schema is a version's once this is done: run_observer.h */
} RunPart;

typedef struct RunUnit {
    UnitKind kind;
    size_t first_part; /* index into parts */
    size_t part_count;
    bool resets_after;    /* a migration ends here: the session is reset behind it */
    bool outside_effects; /* a step reaches outside the database: durable INTENT first */
    int64_t attempt;      /* from 1; counted up by the runner */
} RunUnit;

typedef ARRAY_OF(RunUnit) RunUnitArray;
typedef ARRAY_OF(RunPart) RunPartArray;

typedef struct RunUnits {
    RunUnitArray units;
    RunPartArray parts;
} RunUnits;

void run_units_done(RunUnits *units);

/* Tasks down may follow tasks up, of the same versions too. */
void run_units_build(const RunTaskArray *tasks, AtomicMode mode, RunUnits *ret_units);

/* Whether `mode` can be had: no step outside transactions, no atomic_blocker, no transaction mode
 * of a script's own. ERROR_TARGET naming the migration. */
bool run_units_check_atomic(const RunTaskArray *tasks, AtomicMode mode, Error *err) MUST_CHECK;

/* The most relations that one transaction may lock, as the manifest estimates. */
int64_t run_units_lock_estimate(const RunTaskArray *tasks, const RunUnits *units);

#endif
