#include "applier/rehearsal/measure_snapshot.h"

#include "applier/sql/measure_queries.h"
#include "base/memory.h"

/* --- lock modes ------------------------------------------------------------------------------ */

static const char *const lock_modes[] = {"",
                                         "AccessShareLock",
                                         "RowShareLock",
                                         "RowExclusiveLock",
                                         "ShareUpdateExclusiveLock",
                                         "ShareLock",
                                         "ShareRowExclusiveLock",
                                         "ExclusiveLock",
                                         "AccessExclusiveLock"};

const char *lock_mode_name(LockMode mode)
{
    return lock_modes[mode];
}

LockMode lock_mode_find(const char *name)
{
    for (size_t i = 1; i < ARRAY_LEN(lock_modes); i++)
        if (strcmp(lock_modes[i], name) == 0)
            return (LockMode)i;
    return LOCK_NONE;
}

/* A set of modes from their names, separated by spaces. */
static unsigned parse_locks(const char *names)
{
    unsigned set = 0;
    for (const char *at = names; *at;) {
        size_t length = strcspn(at, " ");
        CLEANUP(memory_freep) char *name = memory_string_n(at, length);
        LockMode mode = lock_mode_find(name);
        set |= mode == LOCK_NONE ? 0 : 1U << mode;
        at += length + (at[length] == ' ');
    }
    return set;
}

static LockMode strongest(unsigned set)
{
    for (int mode = LOCK_ACCESS_EXCLUSIVE; mode > LOCK_NONE; mode--)
        if (set & 1U << mode)
            return (LockMode)mode;
    return LOCK_NONE;
}

/* --- snapshots ------------------------------------------------------------------------------- */

void measure_snapshot_done(MeasureSnapshot *snapshot)
{
    array_each (SnapshotRelation, relation, &snapshot->relations)
        free(relation->name);
    array_free(&snapshot->relations);
}

bool measure_snapshot_take(PgSession *session, MeasureSnapshot *ret_snapshot, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_measure_snapshot, PG_NO_VALUES, PG_ROWS, &rows, err))
        return error_wrap(err, "measuring");
    MeasureSnapshot snapshot = {0};
    for (int i = 0; i < PQntuples(rows); i++) {
        const char *kind = pg_result_text(rows, i, 2);
        if (*kind == 'w') {
            snapshot.wal_bytes = pg_result_int(rows, i, 3);
            continue;
        }
        *array_add(&snapshot.relations) =
            (SnapshotRelation){.oid = (uint32_t)pg_result_int(rows, i, 0),
                               .name = memory_string(pg_result_text(rows, i, 1)),
                               .kind = *kind,
                               .filenode = pg_result_int(rows, i, 3),
                               .tuples_read = pg_result_int(rows, i, 4),
                               .table = (uint32_t)pg_result_int(rows, i, 5),
                               .invalid = pg_result_bool(rows, i, 6),
                               .locks = parse_locks(pg_result_text(rows, i, 7))};
    }
    *ret_snapshot = snapshot;
    return true;
}

static const SnapshotRelation *find(const MeasureSnapshot *snapshot, uint32_t oid)
{
    const SnapshotRelation *relations = snapshot->relations.items;
    for (size_t first = 0, end = snapshot->relations.count; first < end;) {
        size_t middle = first + (end - first) / 2;
        if (relations[middle].oid == oid)
            return &relations[middle];
        if (relations[middle].oid < oid)
            first = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

/* By name, of a kind among `kinds`; `name` is a relation's own where it has no schema. */
static const SnapshotRelation *find_named(const MeasureSnapshot *snapshot, const char *name,
                                          const char *kinds)
{
    array_each (SnapshotRelation, relation, &snapshot->relations) {
        if (strchr(kinds, relation->kind) && strcmp(relation->name, name) == 0)
            return relation;
    }
    return NULL;
}

/* --- what a statement did -------------------------------------------------------------------- */

static void relations_done(MeasuredRelationArray *relations)
{
    array_each (MeasuredRelation, relation, relations)
        free(relation->relation);
    array_free(relations);
}

void measurement_done(Measurement *measurement)
{
    relations_done(&measurement->relations);
    relations_done(&measurement->sampled);
    array_each (char *, name, &measurement->invalid_indexes)
        free(*name);
    array_free(&measurement->invalid_indexes);
    *measurement = (Measurement){0};
}

void measurements_done(MeasurementArray *measurements)
{
    array_each (Measurement, measurement, measurements)
        measurement_done(measurement);
    array_free(measurements);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const MeasuredRelation *)a)->relation, ((const MeasuredRelation *)b)->relation);
}

static void sort_relations(MeasuredRelationArray *relations)
{
    if (relations->count)
        qsort(relations->items, relations->count, sizeof(*relations->items), by_name);
}

static bool is_index(const SnapshotRelation *relation)
{
    return relation->kind == 'i' || relation->kind == 'I';
}

/* An index that is there under its name again, but not as the same files: it was built anew. */
static bool built_anew(const MeasureSnapshot *before, const SnapshotRelation *index,
                       const MeasureSnapshot *after)
{
    const SnapshotRelation *now = find_named(after, index->name, "i");
    if (!now)
        return false;
    array_each (SnapshotRelation, old, &before->relations) {
        if (old->filenode == now->filenode)
            return false;
    }
    return true;
}

/* What the statement did to one relation that was there before it. */
static MeasuredRelation compare_one(const SnapshotRelation *was, const MeasureSnapshot *before,
                                    const MeasureSnapshot *after, const RowHashes *rows)
{
    const SnapshotRelation *now = find(after, was->oid);
    MeasuredRelation measured = {.relation = was->name};
    if (now) {
        measured.lock = strongest(now->locks & ~was->locks);
        measured.rows_read = is_index(was) ? 0 : now->tuples_read - was->tuples_read;
        int64_t all = measured.rows_read > 0 ? row_hashes_count(rows, was->name) : 0;
        measured.scanned = all > 0 && measured.rows_read >= all;
    }
    if (now && now->kind != 'g')
        measured.rewritten = strchr("rmi", was->kind) && now->filenode != was->filenode;
    else
        measured.rewritten = was->kind == 'i' && built_anew(before, was, after);
    /* of what was dropped there are no statistics */
    if (now && now->kind == 'g')
        measured.rows_read = measured.scanned = 0;
    return measured;
}

/* Whether an index says more than its table does: a lock on it is implied by one as strong on the
 * table, its rewrite by the table's. */
static bool says_more(const MeasuredRelation *index, const SnapshotRelation *was,
                      const MeasureSnapshot *before, const MeasureSnapshot *after,
                      const RowHashes *rows)
{
    const SnapshotRelation *table = find(before, was->table);
    MeasuredRelation of_table = {0};
    unsigned held = 0;
    if (table) {
        of_table = compare_one(table, before, after, rows);
        held = table->locks;
    }
    LockMode implied = strongest(held | (of_table.lock ? 1U << of_table.lock : 0));
    return (index->rewritten && !of_table.rewritten) ||
           (index->lock >= LOCK_SHARE_UPDATE_EXCLUSIVE && index->lock > implied);
}

static void compare_relations(const MeasureSnapshot *known, const MeasureSnapshot *before,
                              const MeasureSnapshot *after, const RowHashes *rows,
                              Measurement *measurement)
{
    array_each (SnapshotRelation, was, &before->relations) {
        if (was->kind == 'g' || !find(known, was->oid))
            continue;
        MeasuredRelation one = compare_one(was, before, after, rows);
        if (!one.lock && !one.rewritten && !one.rows_read)
            continue;
        if (is_index(was) && !says_more(&one, was, before, after, rows))
            continue;
        one.relation = memory_string(one.relation);
        *array_add(&measurement->relations) = one;
    }
}

static void add_invalid(const MeasureSnapshot *before, const MeasureSnapshot *after,
                        Measurement *measurement)
{
    array_each (SnapshotRelation, now, &after->relations) {
        const SnapshotRelation *was = find(before, now->oid);
        if (now->invalid && !(was && was->invalid))
            *array_add(&measurement->invalid_indexes) = memory_string(now->name);
    }
}

void measurement_compare(const MeasureSnapshot *known, const MeasureSnapshot *before,
                         const MeasureSnapshot *after, const RowHashes *rows,
                         Measurement *measurement)
{
    measurement->wal_bytes = after->wal_bytes - before->wal_bytes;
    compare_relations(known, before, after, rows, measurement);
    sort_relations(&measurement->relations);
    add_invalid(before, after, measurement);
}

/* --- outside transactions -------------------------------------------------------------------- */

static MeasuredRelation *relation_in(MeasuredRelationArray *relations, const char *name)
{
    array_each (MeasuredRelation, relation, relations) {
        if (strcmp(relation->relation, name) == 0)
            return relation;
    }
    return NULL;
}

static void add_lock(MeasuredRelationArray *relations, const char *name, LockMode lock)
{
    MeasuredRelation *there = relation_in(relations, name);
    if (!there) {
        there = array_add(relations);
        there->relation = memory_string(name);
    }
    if (lock > there->lock)
        there->lock = lock;
    sort_relations(relations);
}

/* The relation that a probe names, folded and unquoted; without a schema the first of that name. */
static const SnapshotRelation *find_probed(const MeasureSnapshot *snapshot, const char *schema,
                                           const char *name, const char *kinds)
{
    if (!name)
        return NULL;
    array_each (SnapshotRelation, relation, &snapshot->relations) {
        CLEANUP(memory_freep)
        char *plain = schema ? memory_format("%s.%s", schema, name) : memory_format(".%s", name);
        CLEANUP(memory_freep)
        char *quoted =
            schema ? memory_format("%s.\"%s\"", schema, name) : memory_format(".\"%s\"", name);
        bool same =
            schema
                ? strcmp(relation->name, plain) == 0 || strcmp(relation->name, quoted) == 0
                : text_has_suffix(relation->name, plain) || text_has_suffix(relation->name, quoted);
        if (strchr(kinds, relation->kind) && same)
            return relation;
    }
    return NULL;
}

static void declare(const SnapshotRelation *relation, LockMode lock, Measurement *measurement)
{
    if (relation)
        add_lock(&measurement->relations, relation->name, lock);
}

/* The table of an index that is there. */
static const SnapshotRelation *table_of(const MeasureSnapshot *before,
                                        const SnapshotRelation *index)
{
    return index ? find(before, index->table) : NULL;
}

/* A table that has other files now was locked against everybody: VACUUM FULL, CLUSTER. */
static void declare_rewritten(const MeasureSnapshot *before, Measurement *measurement)
{
    array_each (MeasuredRelation, relation, &measurement->relations) {
        if (relation->rewritten && !relation->lock && find_named(before, relation->relation, "rm"))
            relation->lock = LOCK_ACCESS_EXCLUSIVE;
    }
}

void measurement_declare(const Probe *probe, const MeasureSnapshot *before,
                         Measurement *measurement)
{
    declare_rewritten(before, measurement);
    const SnapshotRelation *object =
        find_probed(before, probe->object_schema, probe->object, "rpmiI");
    const SnapshotRelation *table = find_probed(before, probe->table_schema, probe->table, "rpm");
    measurement->declared = true;
    switch (probe->kind) {
    case PROBE_INDEX_PRESENT:
        declare(table, LOCK_SHARE_UPDATE_EXCLUSIVE, measurement);
        return;
    case PROBE_INDEX_ABSENT:
        declare(table_of(before, object), LOCK_SHARE_UPDATE_EXCLUSIVE, measurement);
        return;
    case PROBE_REINDEX:
        if (object && is_index(object))
            object = table_of(before, object);
        declare(object, LOCK_SHARE_UPDATE_EXCLUSIVE, measurement);
        return;
    case PROBE_DETACH:
        declare(table, LOCK_SHARE_UPDATE_EXCLUSIVE, measurement);
        declare(object, LOCK_ACCESS_EXCLUSIVE, measurement);
        return;
    case PROBE_NONE:
    case PROBE_REPEAT:
    case PROBE_DATABASE_PRESENT:
    case PROBE_DATABASE_ABSENT:
    case PROBE_TABLESPACE_PRESENT:
    case PROBE_TABLESPACE_ABSENT:
    case PROBE_SUBSCRIPTION_PRESENT:
    case PROBE_SUBSCRIPTION_ABSENT:
        return; /* no relation is known: what was rewritten says it, and the samples */
    }
}

void measurement_sampled(const char *seen, const MeasureSnapshot *before,
                         const MeasureSnapshot *after, Measurement *measurement)
{
    char mode[64];
    unsigned oid;
    int used;
    while (sscanf(seen, " %u %63s%n", &oid, mode, &used) == 2) {
        const SnapshotRelation *relation = find(before, oid);
        if (!relation)
            relation = find(after, oid);
        if (relation && relation->kind != 'g')
            add_lock(&measurement->sampled, relation->name, lock_mode_find(mode));
        seen += used;
    }
}
