#include "applier/preflight/step_costs.h"

#include <inttypes.h>

#include "applier/runs/measured_locks.h"
#include "base/quantity.h"

void step_costs_done(StepCosts *costs)
{
    array_free(&costs->steps);
    array_free(&costs->relations);
    array_free(&costs->checks);
    *costs = (StepCosts){0};
}

/* --- words ----------------------------------------------------------------------------------- */

/* A lock, weakest first: its name in pg_locks, in SQL, and what it keeps off. */
static const struct {
    const char *name;
    const char *words;
    Blocks blocks;
} locks[] = {
    {"AccessShareLock", "ACCESS SHARE", BLOCKS_NOTHING},
    {"RowShareLock", "ROW SHARE", BLOCKS_NOTHING},
    {"RowExclusiveLock", "ROW EXCLUSIVE", BLOCKS_SCHEMA_CHANGES},
    {"ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE", BLOCKS_SCHEMA_CHANGES},
    {"ShareLock", "SHARE", BLOCKS_WRITES},
    {"ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE", BLOCKS_WRITES},
    {"ExclusiveLock", "EXCLUSIVE", BLOCKS_WRITES},
    {"AccessExclusiveLock", "ACCESS EXCLUSIVE", BLOCKS_READS},
};

Blocks lock_blocks(const char *lock)
{
    for (size_t i = 0; i < ARRAY_LEN(locks); i++)
        if (strcmp(locks[i].name, lock) == 0)
            return locks[i].blocks;
    return BLOCKS_NOTHING;
}

const char *lock_words(const char *lock)
{
    for (size_t i = 0; i < ARRAY_LEN(locks); i++)
        if (strcmp(locks[i].name, lock) == 0)
            return locks[i].words;
    return lock;
}

const char *blocks_words(Blocks blocks)
{
    static const char *const words[] = {"nothing", "schema changes", "writes", "reads and writes"};
    return words[blocks];
}

const char *blocks_name(Blocks blocks)
{
    static const char *const names[] = {"nothing", "schema-changes", "writes", "reads"};
    return names[blocks];
}

const char *cost_basis_name(CostBasis basis)
{
    static const char *const names[] = {"unknown", "moment", "size", "measured"};
    return names[basis];
}

/* What a statement does with a relation's rows, and how fast. */
static const struct {
    const char *name;
    const char *words;
    int64_t rate; /* bytes a second */
} works[] = {
    [WORK_NONE] = {"none", "", 0},
    [WORK_READ] = {"read", "read whole", COST_RATE_READ},
    [WORK_REWRITE] = {"rewritten", "written anew", COST_RATE_REWRITE},
    [WORK_INDEX] = {"indexed", "indexed", COST_RATE_INDEX},
    [WORK_CHANGE] = {"changed", "changed", COST_RATE_CHANGE},
};

const char *work_name(Work work)
{
    return works[work].name;
}

/* --- one statement --------------------------------------------------------------------------- */

typedef struct Costing {
    const RunTaskArray *tasks;
    const LiveRelations *live;
    const SiteMeasurements *site;
    StepCosts *into;
    size_t group_relation; /* index into relations: the first of the group under way */
} Costing;

static bool is_index(const CostRelation *relation)
{
    return relation->live && strchr("iI", relation->live->kind);
}

/* A lock that the group holds already the rehearsal does not see taken again: it names none. */
static bool lock_is_older(const CostRelation *relation)
{
    return !*relation->measured->lock;
}

static bool was_locked_as(const Costing *costing, const CostRelation *relation, const char *lock)
{
    const CostRelation *each = &costing->into->relations.items[costing->group_relation];
    for (; each < relation; each++)
        if (strcmp(each->measured->lock, lock) == 0 &&
            strcmp(each->measured->relation, relation->measured->relation) == 0)
            return true;
    return false;
}

static bool locks_as(const Costing *costing, const CostRelation *relation, const char *lock)
{
    return lock_is_older(relation) ? was_locked_as(costing, relation, lock)
                                   : strcmp(relation->measured->lock, lock) == 0;
}

/* What the rehearsal saw says what was done with the rows, but for ACCESS EXCLUSIVE, where a check
 * of a constraint and the index of a new key look alike, and for locks that were held already, of
 * which any may be this statement's: the slower is taken. */
static Work work_on(const Costing *costing, const CostRelation *relation, const StepCost *cost,
                    bool indexes_written)
{
    const ManifestMeasured *measured = relation->measured;
    if (!relation->live || (!measured->rewritten && !measured->scanned))
        return WORK_NONE;
    if (measured->rewritten)
        return is_index(relation) ? WORK_INDEX : WORK_REWRITE;
    if (locks_as(costing, relation, "RowExclusiveLock") &&
        !(indexes_written && lock_is_older(relation)))
        return WORK_CHANGE;
    if (indexes_written)
        return WORK_READ;
    bool builds = locks_as(costing, relation, "ShareLock") ||
                  locks_as(costing, relation, "AccessExclusiveLock");
    return builds || cost->concurrently ? WORK_INDEX : WORK_READ;
}

static bool writes_indexes(const StepCosts *costs, const StepCost *cost)
{
    for (size_t i = 0; i < cost->relation_count; i++) {
        const CostRelation *relation = &costs->relations.items[cost->first_relation + i];
        if (is_index(relation) && relation->measured->rewritten)
            return true;
    }
    return false;
}

static int64_t ms_for(int64_t bytes, int64_t rate)
{
    /* in parts, so that no table is too large for the product */
    return bytes / rate * 1000 + bytes % rate * 1000 / rate;
}

/* An index is about as large as the largest that the table has. */
static int64_t index_size(const LiveRelation *table)
{
    return table->largest_index ? table->largest_index : table->bytes / 4;
}

static int64_t bytes_written(const CostRelation *relation)
{
    const LiveRelation *live = relation->live;
    switch (relation->work) {
    case WORK_NONE:
    case WORK_READ:
        return 0;
    case WORK_INDEX: /* the index, and its sort */
        return is_index(relation) ? live->bytes : 2 * index_size(live);
    case WORK_REWRITE:
    case WORK_CHANGE:
        return live->bytes;
    }
    return 0;
}

static void add_work(const Costing *costing, CostRelation *relation, StepCost *cost,
                     bool indexes_written)
{
    relation->work = work_on(costing, relation, cost, indexes_written);
    if (relation->work == WORK_NONE)
        return;
    bool twice = cost->concurrently && relation->work == WORK_INDEX; /* the table is read twice */
    cost->basis = BASIS_SIZE;
    cost->ms += ms_for(relation->live->bytes, works[relation->work].rate) * (twice ? 2 : 1);
    cost->new_bytes += bytes_written(relation);
    cost->at_most |=
        relation->work == WORK_CHANGE ||
        (relation->work == WORK_INDEX && !relation->measured->rewritten &&
         (lock_is_older(relation) || locks_as(costing, relation, "AccessExclusiveLock")));
}

/* --- batches --------------------------------------------------------------------------------- */

/* A name within an identity, as fingerprints write them: in quotes where SQL would want them. */
static void add_name(const char *name, Text *identity)
{
    bool plain = *name == '_' || (*name >= 'a' && *name <= 'z');
    for (const char *at = name; *at; at++)
        plain &= *at == '_' || (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9');
    if (plain) {
        text_add(identity, name);
        return;
    }
    text_add_char(identity, '"');
    for (const char *at = name; *at; at++)
        text_add(identity, (const char[]){*at, *at == '"' ? '"' : '\0', '\0'});
    text_add_char(identity, '"');
}

/* What stands behind the schema. */
static const char *own_name(const char *identity)
{
    bool quoted = false;
    for (; *identity; identity++) {
        quoted ^= *identity == '"';
        if (*identity == '.' && !quoted)
            return identity + 1;
    }
    return identity;
}

/* Whether a manifest's name of a relation is that of the batch's table. */
static bool is_batch_table(const ManifestBatch *batch, const char *relation)
{
    CLEANUP(text_done) Text name = {0};
    if (batch->table_schema) {
        add_name(batch->table_schema, &name);
        text_add_char(&name, '.');
    }
    add_name(batch->table, &name);
    return strcmp(batch->table_schema ? relation : own_name(relation), text_string(&name)) == 0;
}

static CostRelation *batch_relation(StepCosts *costs, const StepCost *cost,
                                    const ManifestBatch *batch)
{
    for (size_t i = 0; i < cost->relation_count; i++) {
        CostRelation *relation = &costs->relations.items[cost->first_relation + i];
        if (relation->live && is_batch_table(batch, relation->measured->relation))
            return relation;
    }
    return NULL;
}

/* Each range is found by an index, so that the rehearsal sees no whole read: but in the end every
 * row was gone through. What a killed run has done already is not counted off. */
static void add_batch(StepCosts *costs, const ManifestBatch *batch, StepCost *cost)
{
    CostRelation *relation = batch_relation(costs, cost, batch);
    cost->batch = true;
    if (relation && relation->live->rows >= 0)
        cost->ranges = relation->live->rows / batch->size + 1;
    if (relation && relation->work == WORK_NONE) {
        relation->work = WORK_CHANGE;
        cost->basis = BASIS_SIZE;
        cost->at_most = true;
        cost->ms += ms_for(relation->live->bytes, COST_RATE_CHANGE);
        cost->new_bytes += relation->live->bytes;
    }
    if (cost->ranges)
        cost->ms += (cost->ranges - 1) * COST_STATEMENT_MS;
}

/* --- one statement, all of it ---------------------------------------------------------------- */

static void add_relations(Costing *costing, const RunTask *task, StepCost *cost)
{
    StepCosts *into = costing->into;
    size_t count;
    const ManifestMeasured *rows = measured_locks_of(task->manifest, task->migration, &count);
    cost->first_relation = into->relations.count;
    for (size_t i = 0; i < count; i++) {
        const ManifestMeasured *measured = &rows[i];
        if (measured->script != SCRIPT_UP || measured->step != cost->step ||
            measured->server_major != into->rehearsed_major)
            continue;
        *array_add(&into->relations) =
            (CostRelation){.measured = measured,
                           .live = live_relations_find(costing->live, measured->relation),
                           .blocks = lock_blocks(measured->lock)};
    }
    cost->relation_count = into->relations.count - cost->first_relation;
}

static const MeasuredStepRelation *relation_then(const MeasuredStep *step, const char *name)
{
    array_each (const MeasuredStepRelation, relation, &step->relations)
        if (strcmp(relation->relation, name) == 0)
            return relation;
    return NULL;
}

/* How much what the statement works on has grown since it was measured: with indexes, as it was
 * measured; 1 where nothing is known of it. */
static double growth(const StepCosts *costs, const StepCost *cost, const MeasuredStep *step)
{
    int64_t now = 0, then = 0;
    for (size_t i = 0; i < cost->relation_count; i++) {
        const CostRelation *relation = &costs->relations.items[cost->first_relation + i];
        const MeasuredStepRelation *before =
            relation->work != WORK_NONE ? relation_then(step, relation->live->name) : NULL;
        if (!before)
            continue;
        now += relation->live->bytes + relation->live->index_bytes;
        then += before->bytes;
    }
    return now > 0 && then > 0 ? (double)now / (double)then : 1;
}

/* 0: nobody knows. */
static int64_t ranges_then(const MeasuredStep *step, const ManifestBatch *batch)
{
    array_each (const MeasuredStepRelation, relation, &step->relations)
        if (is_batch_table(batch, relation->relation))
            return relation->rows > 0 ? relation->rows / batch->size + 1 : 0;
    return 0;
}

static void take_measured(Costing *costing, const RunTask *task, StepCost *cost)
{
    for (size_t i = 0; i < costing->site->count; i++) {
        const MeasuredStep *step = &costing->site->steps[i];
        if (step->script != SCRIPT_UP || step->statement != (int64_t)cost->step + 1 ||
            strcmp(step->identity, task->migration->identity) != 0)
            continue;
        if (cost->batch && !cost->ranges)
            cost->ranges = ranges_then(step, &run_task_script(task)->batch);
        /* of a batch its first range was measured, and all are of one size */
        double times = cost->batch ? (double)(cost->ranges ? cost->ranges : 1)
                                   : growth(costing->into, cost, step);
        cost->ms = (int64_t)((double)step->duration_us * times / 1000 + 0.5);
        cost->basis = BASIS_MEASURED;
        cost->at_most = false;
        return;
    }
}

static void add_step(Costing *costing, size_t task_index, size_t group_index, size_t step_index)
{
    const RunTask *task = &costing->tasks->items[task_index];
    const ManifestScript *script = run_task_script(task);
    const ManifestStep *step = &script->steps.items[step_index];
    StepCosts *into = costing->into;
    StepCost cost = {.task = task_index,
                     .group = group_index,
                     .step = step_index,
                     .ms = COST_STATEMENT_MS,
                     .concurrently = step->probe.kind == PROBE_INDEX_PRESENT ||
                                     step->probe.kind == PROBE_REINDEX,
                     .basis = into->rehearsed_major ? BASIS_MOMENT : BASIS_UNKNOWN};
    add_relations(costing, task, &cost);
    bool indexes_written = writes_indexes(into, &cost);
    for (size_t i = 0; i < cost.relation_count; i++)
        add_work(costing, &into->relations.items[cost.first_relation + i], &cost, indexes_written);
    if (step->data_object >= 0) {
        cost.data_bytes = task->manifest->objects.items[step->data_object].plain_size;
        cost.ms += ms_for(cost.data_bytes, COST_RATE_LOAD);
        cost.new_bytes += cost.data_bytes;
        cost.basis = BASIS_SIZE;
    }
    if (step->kind == STEP_BATCH)
        add_batch(into, &script->batch, &cost);
    take_measured(costing, task, &cost);
    if (cost.batch) /* a rehearsal leaves the pauses out */
        cost.pause_ms = script->batch.pause_ms * (cost.ranges ? cost.ranges : 1);
    cost.ms += cost.pause_ms;
    *array_add(&into->steps) = cost;
}

/* --- all ------------------------------------------------------------------------------------- */

static void choose_major(int64_t major, int64_t wanted, int64_t *best)
{
    int64_t now = llabs(major - wanted), before = llabs(*best - wanted);
    if (!*best || now < before || (now == before && major > *best))
        *best = major;
}

/* The server's own major, or the nearest that was rehearsed (of two, the higher). */
static int64_t nearest_major(const Manifest *manifest, int64_t wanted)
{
    int64_t best = 0;
    array_each (const ManifestFingerprint, each, &manifest->fingerprints)
        choose_major(each->server_major, wanted, &best);
    array_each (const ManifestMeasured, each, &manifest->measured)
        choose_major(each->server_major, wanted, &best);
    return best;
}

void step_costs_make(const RunTaskArray *tasks, const LiveRelations *live,
                     const SiteMeasurements *site, int64_t server_major, StepCosts *ret_costs)
{
    *ret_costs = (StepCosts){.server_major = server_major};
    Costing costing = {.tasks = tasks, .live = live, .site = site, .into = ret_costs};
    if (tasks->count)
        ret_costs->rehearsed_major = nearest_major(tasks->items[0].manifest, server_major);
    check_costs_make(tasks, live, site, &ret_costs->checks);
    for (size_t t = 0; t < tasks->count; t++) {
        const ManifestScript *script = run_task_script(&tasks->items[t]);
        if (!script || !script->present || tasks->items[t].only_verify || tasks->items[t].only_gate)
            continue;
        for (size_t g = tasks->items[t].first_group; g < script->groups.count; g++) {
            const ManifestGroup *group = &script->groups.items[g];
            costing.group_relation = ret_costs->relations.count;
            for (size_t s = 0; s < group->step_count; s++)
                add_step(&costing, t, g, group->first_step + s);
        }
    }
}

/* --- what an estimate stands on --------------------------------------------------------------- */

static void add_age(int64_t seconds, Text *text)
{
    int64_t days = seconds / 86400, hours = seconds / 3600;
    if (days >= 2)
        text_addf(text, "%" PRId64 " days ago", days);
    else if (hours >= 2)
        text_addf(text, "%" PRId64 " hours ago", hours);
    else
        text_add(text, "just now");
}

static void add_rate(const char *words, int64_t rate, Text *text)
{
    text_addf(text, ", %s at ", words);
    quantity_bytes(rate, text);
    text_add(text, "/s");
}

static void add_ranges(const StepCost *cost, Text *text)
{
    if (cost->batch && cost->ranges)
        text_addf(text, "%s; %" PRId64 " range%s, with the pauses",
                  cost->basis == BASIS_MEASURED ? ", the first range" : "", cost->ranges,
                  cost->ranges == 1 ? "" : "s");
    else if (cost->batch)
        text_add(text, "; for each range, of which nobody knows how many there are");
}

void step_cost_basis_words(const StepCosts *costs, const StepCost *cost,
                           const SiteMeasurements *site, int64_t now, Text *text)
{
    const char *between = "";
    if (cost->basis == BASIS_MEASURED) {
        text_add(text, "measured on a clone ");
        add_age(now - site->at, text);
        add_ranges(cost, text);
        return;
    }
    if (cost->basis == BASIS_UNKNOWN)
        text_add(text, "never rehearsed");
    else if (cost->basis == BASIS_MOMENT)
        text_add(text, "no rows are looked at");
    for (size_t i = 0; i < cost->relation_count; i++) {
        const CostRelation *relation = &costs->relations.items[cost->first_relation + i];
        if (relation->work == WORK_NONE)
            continue;
        text_addf(text, "%s%s, ", between, relation->live->name);
        quantity_bytes(relation->live->bytes, text);
        add_rate(works[relation->work].words, works[relation->work].rate, text);
        between = "; ";
    }
    if (cost->data_bytes && cost->basis == BASIS_SIZE) {
        text_add(text, between);
        quantity_bytes(cost->data_bytes, text);
        add_rate("loaded", COST_RATE_LOAD, text);
    }
    add_ranges(cost, text);
}
