/* What a rehearsal on one server major showed: as applier reports it (rehearsal_report_read), as
 * the catalog keeps it, and as the manifest, the gate and the table for people read it. */
#ifndef SEALIFT_PLANNER_REHEARSAL_H
#define SEALIFT_PLANNER_REHEARSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/digest.h"
#include "bundles/fingerprint.h"
#include "bundles/manifest.h"

#define REHEARSAL_START    "-" /* the version before the first */
#define REHEARSAL_FILE     37  /* 32 hex digits, ".txt", NUL */
#define REHEARSAL_SQLSTATE 6

/* How the database came to a version: bundles' Arrival, in the same order. */
typedef enum { REHEARSED_UP, REHEARSED_DOWN, REHEARSED_AGAIN, REHEARSED_CHAIN } RehearsalArrival;
#define REHEARSAL_ARRIVAL_COUNT 4

extern const char *const rehearsal_arrival_names[REHEARSAL_ARRIVAL_COUNT];

typedef struct RehearsalFingerprint {
    char *version; /* owned; "-" for the start */
    RehearsalArrival arrival;
    FingerprintRoots roots;
    char file[REHEARSAL_FILE]; /* the name of its text, by content */
} RehearsalFingerprint;

/* A relation that a statement touched. */
typedef struct RehearsalRelation {
    char *relation; /* owned: "public.t" */
    char *lock;     /* owned: "AccessExclusiveLock"; "" */
    bool rewritten;
    bool scanned;
    int64_t rows_read;
} RehearsalRelation;

typedef ARRAY_OF(RehearsalRelation) RehearsalRelationArray;

typedef struct RehearsalMeasured {
    char *identity; /* owned */
    ScriptKind script;
    int64_t statement; /* from 1 */
    int64_t line;
    int64_t duration_us;
    int64_t wal_bytes;
    bool declared; /* locks are declared or sampled, not read from inside */
    RehearsalRelationArray relations;
    ManifestNameArray invalid_indexes; /* owned */
} RehearsalMeasured;

/* An object that did not come back as it was. */
typedef struct RehearsalDifference {
    char *change;   /* owned: missing, extra, changed */
    char *class;    /* owned */
    char *kind;     /* owned */
    char *identity; /* owned */
} RehearsalDifference;

typedef ARRAY_OF(RehearsalDifference) RehearsalDifferenceArray;

/* Rows or a column's values that did not come back. */
typedef struct RehearsalLoss {
    char *table;  /* owned */
    char *column; /* owned; NULL: rows */
    int64_t rows_before;
    int64_t rows_after;
} RehearsalLoss;

typedef ARRAY_OF(RehearsalLoss) RehearsalLossArray;

/* What became of a way back: of one migration, or of a whole version. */
typedef struct RehearsalVerdict {
    bool of_version;
    char *name; /* owned: identity or version */
    Verdict verdict;
    char *detail; /* owned; "" */
    /* where a script stopped: */
    char *script; /* owned: "up", "down" or "" */
    char sqlstate[REHEARSAL_SQLSTATE];
    int64_t statement; /* 0: none */
    int64_t line;
    char *source; /* owned; "" */
    RehearsalDifferenceArray differences;
    RehearsalLossArray losses;
    char before[REHEARSAL_FILE]; /* the schema before its up and after; "" where not taken */
    char after[REHEARSAL_FILE];
} RehearsalVerdict;

/* An up that runs on empty tables and not on filled ones. */
typedef struct RehearsalRows {
    char *identity; /* owned */
    char *detail;   /* owned */
    char sqlstate[REHEARSAL_SQLSTATE];
    int64_t line;
} RehearsalRows;

typedef struct RehearsalAtomic {
    bool whole_run; /* else: one transaction per version */
    bool passed;
    char *detail; /* owned; why not */
} RehearsalAtomic;

/* A migration after which two passes left two schemas. */
typedef struct RehearsalUnsteady {
    char *version;  /* owned */
    char *identity; /* owned; "" where only the version is known */
    char *kind;     /* owned: of the object */
    char *object;   /* owned */
} RehearsalUnsteady;

/* A script of the way up that does not run at all; nothing behind it was rehearsed. */
typedef struct RehearsalFailure {
    char *identity; /* owned */
    char *version;  /* owned */
    char *script;   /* owned: up, verify, precheck */
    int64_t statement;
    int64_t line;
    char *source; /* owned */
    char sqlstate[REHEARSAL_SQLSTATE];
    char *words;    /* owned */
    char *proposal; /* owned; a directive that would help, or NULL */
} RehearsalFailure;

typedef struct RehearsalProgress {
    char *pass; /* owned; NULL before the first */
    int64_t done;
    int64_t total;
    char *what; /* owned */
} RehearsalProgress;

typedef struct Rehearsal {
    int64_t major;
    char *server_version; /* owned: as the server says it */
    char *applier;        /* owned: its version */
    char *head_digest;    /* owned: of the bundle that was rehearsed */
    int64_t migrations;
    int64_t cycles;
    int64_t duration_ms;
    char rehearsed_at[CLOCK_TEXT_SIZE];
    bool begun;
    bool ended;  /* the report is complete */
    bool passed; /* and says that no up failed and all was deterministic */
    RehearsalProgress progress;
    ManifestNameArray scope;
    ARRAY_OF(RehearsalFingerprint) fingerprints;
    ARRAY_OF(RehearsalMeasured) measured;
    ARRAY_OF(RehearsalVerdict) verdicts;
    ARRAY_OF(RehearsalRows) rows;
    ARRAY_OF(RehearsalAtomic) atomic;
    ARRAY_OF(RehearsalUnsteady) unsteady;
    ARRAY_OF(RehearsalFailure) failures;
} Rehearsal;

typedef ARRAY_OF(Rehearsal) RehearsalArray;

void rehearsal_done(Rehearsal *rehearsal); /* accepts a zeroed one */
void rehearsals_done(RehearsalArray *rehearsals);

/* NULL where there is none. */
const RehearsalVerdict *rehearsal_verdict(const Rehearsal *rehearsal, bool of_version,
                                          const char *name);
const RehearsalFingerprint *rehearsal_fingerprint(const Rehearsal *rehearsal, const char *version,
                                                  RehearsalArrival arrival);

/* The worse of two verdicts. Unproven is worst of all: nobody knows. */
Verdict rehearsal_worse(Verdict a, Verdict b);

/* Whether the name is that of a fingerprint's text: 32 lower-case hex digits and ".txt". */
bool rehearsal_file_is_valid(const char *name);

/* The name that a text has. */
void rehearsal_file_name(const void *bytes, size_t size, char ret_name[static REHEARSAL_FILE]);

#endif
