/* Snapshots of a session's relations and locks around a statement, and what their difference says
 * of it. Pure, but for the names that an answer of SQL_measure_snapshot brings. */
#ifndef SEALIFT_APPLIER_MEASURE_SNAPSHOT_H
#define SEALIFT_APPLIER_MEASURE_SNAPSHOT_H

#include "applier/rehearsal/rehearsal_hash.h"
#include "applier/server/pg_query.h"
#include "base/array.h"
#include "bundles/manifest.h"

/* A lock that a statement may hold on a relation, the weaker first; their order is that of
 * PostgreSQL's modes. */
typedef enum {
    LOCK_NONE,
    LOCK_ACCESS_SHARE,
    LOCK_ROW_SHARE,
    LOCK_ROW_EXCLUSIVE,
    LOCK_SHARE_UPDATE_EXCLUSIVE,
    LOCK_SHARE,
    LOCK_SHARE_ROW_EXCLUSIVE,
    LOCK_EXCLUSIVE,
    LOCK_ACCESS_EXCLUSIVE,
} LockMode;

const char *lock_mode_name(LockMode mode); /* "AccessShareLock"; "" for LOCK_NONE */
LockMode lock_mode_find(const char *name); /* LOCK_NONE where it is none */

typedef struct SnapshotRelation {
    uint32_t oid;
    char *name; /* owned: "public.orders" */
    char kind;  /* r, p, m, v, f, i, I; g: dropped, and still locked */
    int64_t filenode;
    int64_t tuples_read;
    uint32_t table; /* of an index; else 0 */
    bool invalid;   /* an index that is not valid, ready and live */
    unsigned locks; /* held by this session: bit 1 << LockMode */
} SnapshotRelation;

typedef struct MeasureSnapshot {
    ARRAY_OF(SnapshotRelation) relations; /* sorted by OID */
    int64_t wal_bytes;
} MeasureSnapshot;

void measure_snapshot_done(MeasureSnapshot *snapshot); /* accepts a zeroed one */

/* Take one. Errors: pg_query's. */
bool measure_snapshot_take(PgSession *session, MeasureSnapshot *ret_snapshot,
                           Error *err) MUST_CHECK;

typedef struct MeasuredRelation {
    char *relation; /* owned */
    LockMode lock;
    bool rewritten;
    bool scanned; /* all its rows were read */
    int64_t rows_read;
} MeasuredRelation;

typedef ARRAY_OF(MeasuredRelation) MeasuredRelationArray;

/* What a statement did. */
typedef struct Measurement {
    ScriptKind script;
    size_t step; /* index into the script's steps */
    int64_t duration_us;
    int64_t wal_bytes;
    bool declared;                    /* its locks are those its kind takes, not measured ones */
    MeasuredRelationArray relations;  /* sorted by name */
    MeasuredRelationArray sampled;    /* locks that a second connection saw; by chance */
    ARRAY_OF(char *) invalid_indexes; /* owned: that it left */
} Measurement;

typedef ARRAY_OF(Measurement) MeasurementArray;

void measurement_done(Measurement *measurement);
void measurements_done(MeasurementArray *measurements);

/* Fill relations, invalid_indexes and wal_bytes from the snapshots around the statement. Only
 * relations of `known` (their OIDs) count: what a script made itself is in nobody's way. `rows`
 * says how many rows are all. An index is named only where it says more than its table. */
void measurement_compare(const MeasureSnapshot *known, const MeasureSnapshot *before,
                         const MeasureSnapshot *after, const RowHashes *rows,
                         Measurement *measurement);

/* Add the locks that a step outside transactions is known to take, by its probe. Names without a
 * schema are found in `before` (the first of that name). */
void measurement_declare(const Probe *probe, const MeasureSnapshot *before,
                         Measurement *measurement);

/* Fill `sampled` from "oid mode oid mode …". */
void measurement_sampled(const char *seen, const MeasureSnapshot *before,
                         const MeasureSnapshot *after, Measurement *measurement);

#endif
