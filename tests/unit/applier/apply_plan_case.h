/* A bundle and a history, for tests of how they fit. Include behind cmocka's headers. */
#ifndef SEALIFT_TESTS_APPLY_PLAN_CASE_H
#define SEALIFT_TESTS_APPLY_PLAN_CASE_H

#include "applier/runs/apply_plan.h"
#include "base/memory.h"

/* A product of three versions: 1.0 (a, b), 1.1 (c), 1.2 (no migration). The bundle covers all, or
 * begins behind 1.0; the database holds a prefix. */
static ManifestMigration migrations[3];
static ManifestVersion versions[3];
static Manifest manifest;
static History history;
static Digest head_digest;
static const char *const names[] = {"a", "b", "c"};

static UNUSED Digest digest_named(const char *name)
{
    return digest_of(name, strlen(name));
}

static UNUSED char *text(const char *string)
{
    return (char *)(uintptr_t)string;
}

static UNUSED int begin(void **state UNUSED)
{
    for (size_t i = 0; i < 3; i++) {
        migrations[i] =
            (ManifestMigration){.identity = text(names[i]), .up_digest = digest_named(names[i])};
        migrations[i].scripts[SCRIPT_UP].present = true;
    }
    versions[0] = (ManifestVersion){.name = text("1.0"), .migration_count = 2};
    versions[1] = (ManifestVersion){
        .name = text("1.1"), .position = 2, .first_migration = 2, .migration_count = 1};
    versions[2] = (ManifestVersion){.name = text("1.2"), .position = 3, .first_migration = 3};
    for (size_t i = 0; i < 3; i++)
        versions[i].tree_digest = digest_named(versions[i].name);
    manifest = (Manifest){.versions = {.items = versions, .count = 3},
                          .migrations = {.items = migrations, .count = 3}};
    manifest.head = (Head){.sequence = 7,
                           .tree_from = "-",
                           .covers_from = "-",
                           .covers_to = "1.2",
                           .product = "shop",
                           .product_uuid = "u"};
    head_digest = digest_named("head");
    history = (History){.managed = true, .unsettled = -1};
    snprintf(history.identity.product_uuid, UUID_TEXT_SIZE, "u");
    return 0;
}

static UNUSED int end(void **state UNUSED)
{
    history_done(&history);
    return 0;
}

/* The bundle that begins behind 1.0. */
static UNUSED void cut_manifest(void)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(&versions[0].tree_digest, hex);
    memcpy(manifest.head.tree_from, hex, DIGEST_HEX_SIZE);
    snprintf(manifest.head.covers_from, sizeof(manifest.head.covers_from), "1.0");
    versions[1].first_migration = 0;
    versions[2].first_migration = 1;
    manifest.versions.items = versions + 1;
    manifest.versions.count = 2;
    manifest.migrations.items = migrations + 2;
    manifest.migrations.count = 1;
}

static UNUSED AppliedMigration *apply(const char *name)
{
    AppliedMigration *migration = array_add(&history.migrations);
    *migration = (AppliedMigration){.identity = memory_string(name),
                                    .version = memory_string("1.0"),
                                    .up_digest = digest_named(name)};
    history.position++;
    return migration;
}

static UNUSED void reach(const char *name)
{
    *array_add(&history.versions) = (AppliedVersion){.name = memory_string(name),
                                                     .tree_digest = digest_named(name),
                                                     .position = (int64_t)history.migrations.count};
}

static UNUSED void expect(const char *to_version, ApplyRelation relation, ErrorClass class,
                          const char *words)
{
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    CLEANUP(error_done) Error error = {0};
    apply_plan_make(&history, &manifest, &head_digest, to_version, &plan);
    assert_string_equal(apply_relation_name(plan.relation), apply_relation_name(relation));
    assert_int_equal(apply_plan_check(&plan, &error), class == ERROR_NONE);
    assert_int_equal(error.class, class);
    if (words)
        assert_non_null(strstr(error.message, words));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

#endif
