/* Two migrations on tables of known sizes, what a rehearsal saw of them, and what that costs here.
 * Include behind cmocka's headers. */
#ifndef SEALIFT_TESTS_RUN_COSTS_CASE_H
#define SEALIFT_TESTS_RUN_COSTS_CASE_H

#include "applier/preflight/cost_words.h"
#include "base/memory.h"

#define MB ((int64_t)1 << 20)

/* A product of two migrations in one version. a: one group of two statements; b: a concurrent index
 * outside transactions. Live: public.big, 1000 MB with 300 MB of indexes, the largest 100 MB. */
static ManifestMigration migrations[2];
static ManifestVersion versions[1];
static ManifestStep steps_of_a[2], steps_of_b[1];
static ManifestGroup group_of_a, group_of_b;
static ManifestMeasured measured[8];
static ManifestObject objects[1];
static Manifest manifest;
static LiveRelation relations[2];
static LiveRelations live;
static RunTask tasks[2];
static RunTaskArray all;
static RunUnits units;
static StepCosts costs;
static RunCosts run;

static UNUSED char *text(const char *string)
{
    return (char *)(uintptr_t)string;
}

static UNUSED int begin(void **state UNUSED)
{
    for (size_t i = 0; i < 2; i++)
        steps_of_a[i] = (ManifestStep){.line = (int64_t)i + 1, .length = 1, .data_object = -1};
    steps_of_b[0] = (ManifestStep){
        .line = 1, .length = 1, .data_object = -1, .probe.kind = PROBE_INDEX_PRESENT};
    group_of_a = (ManifestGroup){.kind = GROUP_TRANSACTION, .step_count = 2};
    group_of_b = (ManifestGroup){.kind = GROUP_AUTOCOMMIT, .step_count = 1};
    memset(migrations, 0, sizeof(migrations));
    migrations[0].identity = text("a");
    migrations[1].identity = text("b");
    migrations[0].scripts[SCRIPT_UP] =
        (ManifestScript){.present = true,
                         .steps = {.items = steps_of_a, .count = 2},
                         .groups = {.items = &group_of_a, .count = 1}};
    migrations[1].scripts[SCRIPT_UP] =
        (ManifestScript){.present = true,
                         .steps = {.items = steps_of_b, .count = 1},
                         .groups = {.items = &group_of_b, .count = 1}};
    versions[0] = (ManifestVersion){.name = text("1.0"), .migration_count = 2};
    objects[0] = (ManifestObject){.plain_size = 50 * MB};
    manifest = (Manifest){.versions = {.items = versions, .count = 1},
                          .migrations = {.items = migrations, .count = 2},
                          .objects = {.items = objects, .count = 1},
                          .measured = {.items = measured}};
    relations[0] = (LiveRelation){.name = text("public.big"),
                                  .kind = 'r',
                                  .bytes = 1000 * MB,
                                  .rows = 5000000,
                                  .index_bytes = 300 * MB,
                                  .largest_index = 100 * MB,
                                  .tablespace = text("fast")};
    relations[1] = (LiveRelation){.name = text("public.big_pkey"),
                                  .kind = 'i',
                                  .bytes = 100 * MB,
                                  .rows = -1,
                                  .tablespace = text("fast")};
    live = (LiveRelations){.relations = {.items = relations, .count = 2},
                           .tablespace = text("pg_default")};
    for (size_t i = 0; i < 2; i++)
        tasks[i] = (RunTask){.manifest = &manifest,
                             .migration = &migrations[i],
                             .version = &versions[0],
                             .ends_version = i == 1};
    all = (RunTaskArray){.items = tasks, .count = 2};
    return 0;
}

static UNUSED int end(void **state UNUSED)
{
    run_costs_done(&run);
    step_costs_done(&costs);
    run_units_done(&units);
    return 0;
}

/* In order of migration, step, major, relation. */
static UNUSED void saw(size_t migration, size_t step, int64_t major, const char *relation,
                       const char *lock, bool rewritten, bool scanned)
{
    measured[manifest.measured.count++] = (ManifestMeasured){.migration = migration,
                                                             .script = SCRIPT_UP,
                                                             .step = step,
                                                             .server_major = major,
                                                             .relation = text(relation),
                                                             .lock = text(lock),
                                                             .rewritten = rewritten,
                                                             .scanned = scanned};
}

static UNUSED void make(int64_t major, const SiteMeasurements *site)
{
    const SiteMeasurements none = {0};
    const LookCosts looks = {.look_ms = 100, .under_locks = true};
    run_units_build(&all, ATOMIC_MIGRATION, &units);
    step_costs_make(&all, &live, site ? site : &none, major, &costs);
    run_costs_make(&all, &units, &costs, &looks, &run);
}

static UNUSED int64_t ms_of(size_t step)
{
    return costs.steps.items[step].ms - COST_STATEMENT_MS;
}

static UNUSED int64_t seconds(int64_t bytes, int64_t rate)
{
    return bytes * 1000 / rate;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
