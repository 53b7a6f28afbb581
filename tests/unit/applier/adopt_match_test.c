#include "tests/support/unit_test.h"

#include "applier/runs/adopt_match.h"
#include "tests/unit/applier/proven_manifest.h"

#define V10 "core|column|public.t.a|integer\ncore|table|public.t|\n"
#define V11 V10 "core|column|public.t.b|text\n"
#define V09 "core|table|public.old|\n"

static Proven proven;
static AdoptMatchArray matches;
static AdoptNearest nearest;
static const AcceptedExtraArray nothing;
static Error error;

static int begin(void **state UNUSED)
{
    proven_begin(&proven, 3);
    proven_add(&proven, 0, ARRIVAL_UP, 15, "");
    proven_add(&proven, 1, ARRIVAL_UP, 15, V10);
    proven_add(&proven, 2, ARRIVAL_UP, 15, V11);
    proven_add(&proven, 2, ARRIVAL_DOWN, 15, V11 "core|index|public.t.i|x\n");
    proven_add(&proven, 3, ARRIVAL_UP, 15, V11);
    return 0;
}

static int end(void **state UNUSED)
{
    array_free(&matches);
    adopt_nearest_done(&nearest);
    proven_done(&proven);
    error_done(&error);
    return 0;
}

/* The versions that match, "1.0 1.1". */
static void expect(const char *schema, int64_t major, const char *versions)
{
    CLEANUP(fingerprint_done) Fingerprint taken = proven_rows(schema);
    const ProofSource bundle = {&proven.manifest, &proven.objects};
    matches.count = 0;
    adopt_nearest_done(&nearest);
    assert_true(adopt_match(&bundle, &taken, &nothing, major, &matches, &nearest, &error));
    CLEANUP(text_done) Text text = {0};
    array_each (const AdoptMatch, match, &matches)
        text_addf(&text, "%s%s", text.length ? " " : "", match->version);
    assert_string_equal(text_string(&text), versions);
}

static void add_earlier(const char *name, int64_t migrations, int64_t major, const char *schema)
{
    CLEANUP(fingerprint_done) Fingerprint rows = proven_rows(schema);
    ManifestEarlier *earlier = array_add(&proven.manifest.earlier);
    *earlier = (ManifestEarlier){.name = memory_string(name),
                                 .tree_digest = digest_of(name, strlen(name)),
                                 .migrations = migrations,
                                 .server_major = major};
    fingerprint_roots(&rows, &earlier->roots);
}

static void finds_the_version_and_its_place(void **state UNUSED)
{
    expect(V10, 15, "1.0");
    Digest tree = digest_of("1.0", 3);
    assert_true(digest_equal(&matches.items[0].tree_digest, &tree));
    assert_int_equal(matches.items[0].position, 1);
    assert_int_equal(matches.items[0].state, SCHEMA_PROVEN);
    assert_int_equal(matches.items[0].compared_major, 15);
}

static void knows_a_version_by_its_rollback(void **state UNUSED)
{
    expect(V11 "core|index|public.t.i|x\n", 15, "1.1");
    assert_int_equal(matches.items[0].arrival, ARRIVAL_DOWN);
}

static void names_the_nearest_with_what_differs(void **state UNUSED)
{
    expect(V10 "core|column|public.t.c|date\n", 15, "");
    assert_string_equal(nearest.version, "1.0");
    assert_int_equal(nearest.result.differences, 1);
    assert_string_equal(nearest.result.changes.items[0].actual->identity, "public.t.c");
}

static void another_major_matches_by_structure_only(void **state UNUSED)
{
    expect(V10 "deparse|view text|public.v|x\n", 16, "1.0");
    assert_int_equal(matches.items[0].state, SCHEMA_PARTLY);
    expect(V10 "deparse|view text|public.v|x\n", 15, "");
}

static void other_owners_are_told(void **state UNUSED)
{
    expect(V10 "env|owner|table public.t|dba\n", 15, "1.0");
    assert_true(matches.items[0].env_differs);
    expect(V10, 15, "1.0");
    assert_false(matches.items[0].env_differs);
}

static void knows_earlier_versions_by_their_roots(void **state UNUSED)
{
    add_earlier("0.8", 1, 15, "core|table|public.older|\n");
    add_earlier("0.9", 2, 14, "core|table|public.old|changed\n");
    add_earlier("0.9", 2, 15, V09);
    expect(V09, 15, "0.9");
    assert_int_equal(matches.items[0].position, 2);
    assert_int_equal(matches.items[0].state, SCHEMA_PROVEN);
    /* nearest major of that version */
    expect(V09, 17, "0.9");
    assert_int_equal(matches.items[0].state, SCHEMA_PARTLY);
    expect("core|table|public.old|changed\n", 14, "0.9");
    expect("core|table|public.old|changed\n", 15, "");
}

static void chooses_by_name_among_several(void **state UNUSED)
{
    const AdoptMatch *match = NULL;
    expect(V11, 15, "1.1 1.2");
    assert_false(adopt_choose(&matches, NULL, &match, &error));
    assert_string_equal(error.message, "the schema is that of several versions: 1.1, 1.2");
    assert_false(adopt_choose(&matches, "1.0", &match, &error));
    assert_string_equal(error.message, "the schema is not that of version 1.0, but of 1.1, 1.2");
    assert_string_equal(error.hint, "leave --version out, or name one that it has");
    assert_true(adopt_choose(&matches, "1.2", &match, &error));
    assert_string_equal(match->version, "1.2");
    assert_int_equal(match->position, 3);
}

static void an_empty_database_is_not_adopted(void **state UNUSED)
{
    const AdoptMatch *match = NULL;
    expect("", 15, "-");
    assert_false(adopt_choose(&matches, NULL, &match, &error));
    assert_int_equal(error.class, ERROR_TARGET);
    assert_non_null(strstr(error.message, "the database is empty"));
    assert_null(match);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_the_version_and_its_place, begin, end),
        cmocka_unit_test_setup_teardown(knows_a_version_by_its_rollback, begin, end),
        cmocka_unit_test_setup_teardown(names_the_nearest_with_what_differs, begin, end),
        cmocka_unit_test_setup_teardown(another_major_matches_by_structure_only, begin, end),
        cmocka_unit_test_setup_teardown(other_owners_are_told, begin, end),
        cmocka_unit_test_setup_teardown(knows_earlier_versions_by_their_roots, begin, end),
        cmocka_unit_test_setup_teardown(chooses_by_name_among_several, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_database_is_not_adopted, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
