#include "tests/support/unit_test.h"

#include "applier/runs/foreign_match.h"
#include "base/memory.h"

static void finds_each_tools_key_in_an_identity(void **state UNUSED)
{
    static const struct {
        ForeignKeyKind kind;
        const char *key, *identity;
        bool fits;
    } keys[] = {
        {FOREIGN_KEY_NUMBER, "7", "0007_add_berths", true},
        {FOREIGN_KEY_NUMBER, "0", "0_start", true},
        {FOREIGN_KEY_NUMBER, "70", "0007_add_berths", false},
        {FOREIGN_KEY_NUMBER, "7", "add", false},
        {FOREIGN_KEY_DIGITS, "007", "007_add", true},
        {FOREIGN_KEY_DIGITS, "7", "007_add", false},
        {FOREIGN_KEY_DIGITS, "", "add", false},
        {FOREIGN_KEY_DASHLESS, "20170923182408", "2017-09-23-182408_one", true},
        {FOREIGN_KEY_DASHLESS, "2017092318240", "2017-09-23-182408_one", false},
        {FOREIGN_KEY_DASHLESS, "201709231824081", "2017-09-23-182408_one", false},
        {FOREIGN_KEY_BEFORE, "20240101", "20240101_init", true},
        {FOREIGN_KEY_BEFORE, "20240101", "20240101", true},
        {FOREIGN_KEY_BEFORE, "2024", "20240101_init", false},
        {FOREIGN_KEY_WHOLE, "a/b", "a/b", true},
        {FOREIGN_KEY_WHOLE, "a/b", "a/bc", false},
        {FOREIGN_KEY_FILE, "2024_x.js", "2024_x", true},
        {FOREIGN_KEY_FILE, "2024_x", "2024_x", true},
        {FOREIGN_KEY_FILE, "2024_xy.js", "2024_x", false},
        {FOREIGN_KEY_FLYWAY, "1.9", "V1_9__add_flag", true},
        {FOREIGN_KEY_FLYWAY, "1.90", "V1_9__add_flag", false},
        {FOREIGN_KEY_FLYWAY, "1.9", "1_9__add_flag", false},
        {FOREIGN_KEY_NUMBER, "000003.sql", "000003-add_berths", true},
        {FOREIGN_KEY_WHOLE, "a:ann:1", "a:ann:1", true},
        {FOREIGN_KEY_WHOLE, "a:ann:1", "a:ann:2", false},
        {FOREIGN_KEY_VERSION, "1.0", "1.0", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (foreign_key_fits(keys[i].kind, keys[i].key, keys[i].identity) != keys[i].fits)
            fail_msg("%s in %s", keys[i].key, keys[i].identity);
}

/* Versions 1.1 (two migrations) and 1.2 (one) behind 1.0, with 5 migrations, and 0.9 with 3. */
static void make_manifest(Manifest *manifest)
{
    static const char *const identities[] = {"6_f", "7_g", "8_h"};
    snprintf(manifest->head.covers_from, sizeof(manifest->head.covers_from), "1.0");
    *array_add(&manifest->versions) =
        (ManifestVersion){.name = memory_string("1.1"), .position = 5, .migration_count = 2};
    *array_add(&manifest->versions) = (ManifestVersion){
        .name = memory_string("1.2"), .position = 7, .first_migration = 2, .migration_count = 1};
    *array_add(&manifest->earlier) =
        (ManifestEarlier){.name = memory_string("0.9"), .migrations = 3};
    for (size_t i = 0; i < ARRAY_LEN(identities); i++)
        *array_add(&manifest->migrations) =
            (ManifestMigration){.identity = memory_string(identities[i]), .version = i / 2};
}

/* "VERSION INSIDE COUNT" of keys in one text. */
static char *place_in(void (*make)(Manifest *manifest), const char *words, ForeignKeyKind kind,
                      bool last_only)
{
    Manifest manifest = {0};
    ForeignKeyArray keys = {0};
    make(&manifest);
    CLEANUP(memory_freep) char *copy = memory_string(words);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        *array_add(&keys) = memory_string(word);
    ForeignPlace place = foreign_place(&manifest, kind, last_only, &keys);
    char *text = memory_format("%s %s %d", place.version ? place.version : "-",
                               place.inside ? place.inside : "-", (int)place.inside_count);
    array_each (char *, key, &keys)
        free(*key);
    array_free(&keys);
    manifest_done(&manifest);
    return text;
}

static void says_which_version_the_keys_come_to(void **state UNUSED)
{
    static const struct {
        const char *keys;
        ForeignKeyKind kind;
        bool last_only;
        const char *place;
    } places[] = {
        {"1 2 3 4 5 6 7", FOREIGN_KEY_NUMBER, false, "1.1 - 0"},
        {"1 2 3 4 5 6 7 8", FOREIGN_KEY_NUMBER, false, "1.2 - 0"},
        {"1 2 3 4 5 6 7 8 9", FOREIGN_KEY_NUMBER, false, "1.2 - 0"},
        {"1 2 3 4 5 6", FOREIGN_KEY_NUMBER, false, "1.0 1.1 1"},
        {"1 2 3 4 5 7", FOREIGN_KEY_NUMBER, false, "- - 0"},
        {"1 2 3 4 5", FOREIGN_KEY_NUMBER, false, "1.0 - 0"},
        {"1 2 3", FOREIGN_KEY_NUMBER, false, "0.9 - 0"},
        {"1 2", FOREIGN_KEY_NUMBER, false, "- - 0"},
        {"", FOREIGN_KEY_NUMBER, false, "- - 0"},
        {"7", FOREIGN_KEY_NUMBER, true, "1.1 - 0"},
        {"6", FOREIGN_KEY_NUMBER, true, "1.0 1.1 1"},
        {"5", FOREIGN_KEY_NUMBER, true, "- - 0"},
        {"1.0 1.2", FOREIGN_KEY_VERSION, true, "1.2 - 0"},
        {"1.0", FOREIGN_KEY_VERSION, true, "1.0 - 0"},
        {"0.9", FOREIGN_KEY_VERSION, true, "0.9 - 0"},
        {"0.1", FOREIGN_KEY_VERSION, true, "- - 0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        CLEANUP(memory_freep)
        char *place = place_in(make_manifest, places[i].keys, places[i].kind, places[i].last_only);
        if (strcmp(place, places[i].place) != 0)
            fail_msg("%s: %s, not %s", places[i].keys, place, places[i].place);
    }
}

/* Version 1.0 with V1, R and V2, 2.0 with R and V3, 3.0 with R alone, behind 0.9 with 5 migrations
 * and 0.8 with 3. */
static void make_repeatables(Manifest *manifest)
{
    static const struct {
        const char *identity;
        size_t version;
    } migrations[] = {{"V1__a", 0},    {"R__v@1.0", 0}, {"V2__b", 0},
                      {"R__v@2.0", 1}, {"V3__c", 1},    {"R__v@3.0", 2}};
    static const struct {
        const char *name;
        size_t first, count;
    } versions[] = {{"1.0", 0, 3}, {"2.0", 3, 2}, {"3.0", 5, 1}};
    snprintf(manifest->head.covers_from, sizeof(manifest->head.covers_from), "0.9");
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        *array_add(&manifest->versions) =
            (ManifestVersion){.name = memory_string(versions[i].name),
                              .position = 5 + (int64_t)versions[i].first,
                              .first_migration = versions[i].first,
                              .migration_count = versions[i].count};
    *array_add(&manifest->earlier) =
        (ManifestEarlier){.name = memory_string("0.8"), .migrations = 3};
    for (size_t i = 0; i < ARRAY_LEN(migrations); i++)
        *array_add(&manifest->migrations) = (ManifestMigration){
            .identity = memory_string(migrations[i].identity), .version = migrations[i].version};
}

static void repeatables_of_flyway_stop_no_count(void **state UNUSED)
{
    static const char *const places[][2] = {
        {"1 2 3", "2.0 - 0"},
        {"1 2", "1.0 - 0"},
        {"1", "0.9 1.0 2"},
        {"0.1 0.2 0.3", "- - 0"},
        {"0.1 0.2 0.3 0.4", "- - 0"},
        {"0.1 0.2 0.3 0.4 0.5", "0.9 - 0"},
        {"", "- - 0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        CLEANUP(memory_freep)
        char *place = place_in(make_repeatables, places[i][0], FOREIGN_KEY_FLYWAY, false);
        if (strcmp(place, places[i][1]) != 0)
            fail_msg("%s: %s, not %s", places[i][0], place, places[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_tools_key_in_an_identity),
        cmocka_unit_test(says_which_version_the_keys_come_to),
        cmocka_unit_test(repeatables_of_flyway_stop_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
