#include "tests/support/unit_test.h"

#include "tests/unit/applier/proven_manifest.h"

#define TABLE  "core|column|public.t.a|integer\ncore|column order|public.t|a\ncore|table|public.t|\n"
#define WIDE   "core|column|public.t.a|bigint\ncore|column order|public.t|a\ncore|table|public.t|\n"
#define VIEW   "core|view|public.v|\ndeparse|view text|public.v|SELECT t.a FROM t\n"
#define VIEW16 "core|view|public.v|\ndeparse|view text|public.v|SELECT a FROM t\n"
#define OWNER  "env|owner|table public.t|<owner>\n"
#define DBA    "core|index|public.t.dba|using btree (a)\n"

static Proven proven;
static ProofSourceArray sources;
static AcceptedExtraArray accepted;
static ProofSet set;
static ProofResult result;
static Error error;

static int begin(void **state UNUSED)
{
    proven_begin(&proven, 2);
    return 0;
}

static int end(void **state UNUSED)
{
    proof_result_done(&result);
    proof_set_done(&set);
    accepted_extras_done(&accepted);
    array_free(&sources);
    proven_done(&proven);
    error_done(&error);
    return 0;
}

static void choose(const char *version, int64_t major)
{
    char tree[DIGEST_HEX_SIZE] = "-";
    Digest digest = digest_of(version, strlen(version));
    if (strcmp(version, "-") != 0)
        digest_hex(&digest, tree);
    proof_set_done(&set);
    proof_sources_add(&sources, &proven.manifest, &proven.objects);
    proof_set_choose(&sources, tree, major, &set);
}

static void compare(const char *schema, int arrival)
{
    CLEANUP(fingerprint_done) Fingerprint taken = proven_rows(schema);
    proof_result_done(&result);
    assert_true(proof_compare(&set, &taken, &accepted, arrival, &result, &error));
    assert_int_equal(taken.rows.count, 0);
}

static void expect_changes(const char *words)
{
    CLEANUP(text_done) Text text = {0};
    proof_changes_text(&result, CHANGES_THAT_COUNT, 10, &text);
    assert_string_equal(text_string(&text), words);
}

static void finds_a_version_by_its_tree(void **state UNUSED)
{
    char tree[DIGEST_HEX_SIZE];
    Digest digest = digest_of("1.1", 3);
    assert_int_equal(proof_version_index(&proven.manifest, "-"), 0);
    assert_int_equal(proof_version_index(&proven.manifest, digest_hex(&digest, tree)), 2);
    digest = digest_of("9.9", 3);
    assert_int_equal(proof_version_index(&proven.manifest, digest_hex(&digest, tree)), SIZE_MAX);
}

static void an_unproven_bundle_is_no_source(void **state UNUSED)
{
    choose("1.0", 15);
    assert_int_equal(sources.count, 0);
    assert_null(set.scope);
    compare(TABLE, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_UNPROVEN);
}

static void is_proven_by_any_arrival(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE);
    proven_add(&proven, 1, ARRIVAL_DOWN, 15, WIDE);
    choose("1.0", 15);
    assert_true(set.same_major);
    compare(TABLE, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_PROVEN);
    assert_int_equal(result.entry->fingerprint->arrival, ARRIVAL_UP);
    compare(WIDE, ARRIVAL_UP);
    assert_int_equal(result.state, SCHEMA_PROVEN);
    assert_int_equal(result.entry->fingerprint->arrival, ARRIVAL_DOWN);
    choose("1.1", 15);
    assert_null(set.scope);
}

static void of_equal_ones_the_recorded_arrival_holds(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE);
    proven_add(&proven, 1, ARRIVAL_DOWN, 15, TABLE OWNER);
    proven_add(&proven, 1, ARRIVAL_AGAIN, 15, TABLE);
    choose("1.0", 15);
    compare(TABLE, ARRIVAL_AGAIN);
    assert_int_equal(result.entry->fingerprint->arrival, ARRIVAL_AGAIN);
    /* and else one whose env is equal as well */
    compare(TABLE OWNER, PROOF_NO_ARRIVAL);
    assert_int_equal(result.entry->fingerprint->arrival, ARRIVAL_DOWN);
    assert_int_equal(result.env_differences, 0);
}

static void names_what_differs_from_the_nearest(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE VIEW);
    proven_add(&proven, 1, ARRIVAL_DOWN, 15, WIDE);
    choose("1.0", 15);
    compare(WIDE DBA, ARRIVAL_UP);
    assert_int_equal(result.state, SCHEMA_DIFFERS);
    assert_int_equal(result.entry->fingerprint->arrival, ARRIVAL_DOWN);
    assert_int_equal(result.differences, 1);
    expect_changes("index public.t.dba: extra");
    compare(TABLE, PROOF_NO_ARRIVAL);
    expect_changes("column public.t.a: changed");
}

static void env_is_counted_apart(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE OWNER);
    choose("1.0", 15);
    compare(TABLE, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_PROVEN);
    assert_int_equal(result.differences, 0);
    assert_int_equal(result.env_differences, 1);
    expect_changes("");
    CLEANUP(text_done) Text text = {0};
    proof_changes_text(&result, CHANGES_OF_ENV, 10, &text);
    assert_string_equal(text_string(&text), "owner table public.t: missing");
}

static void texts_must_match_on_the_same_major(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE VIEW);
    choose("1.0", 15);
    compare(TABLE VIEW16, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_DIFFERS);
    expect_changes("view text public.v: changed");
}

static void on_another_major_only_core_is_compared(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 14, WIDE VIEW OWNER);
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE VIEW OWNER);
    choose("1.0", 17);
    assert_int_equal(set.server_major, 15);
    assert_false(set.same_major);
    compare(TABLE VIEW16, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_PARTLY);
    assert_int_equal(result.env_differences, 0);
    compare(TABLE VIEW16 DBA, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_DIFFERS);
    assert_int_equal(result.changes.count, 1);
}

static void of_two_majors_as_near_the_higher_is_taken(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 14, TABLE);
    proven_add(&proven, 1, ARRIVAL_UP, 16, TABLE);
    choose("1.0", 15);
    assert_int_equal(set.server_major, 16);
    choose("1.0", 13);
    assert_int_equal(set.server_major, 14);
    choose("1.0", 14);
    assert_true(set.same_major);
}

static void several_bundles_add_what_they_know(void **state UNUSED)
{
    Proven other, wider;
    proven_begin(&other, 1);
    proven_begin(&wider, 1);
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE);
    proven_add(&other, 1, ARRIVAL_DOWN, 15, WIDE);
    proven_add(&wider, 1, ARRIVAL_DOWN, 15, WIDE DBA);
    *array_add(&wider.manifest.scope) = memory_string("second");
    proof_sources_add(&sources, &proven.manifest, &proven.objects);
    proof_sources_add(&sources, &other.manifest, &other.objects);
    proof_sources_add(&sources, &other.manifest, &other.objects);
    proof_sources_add(&sources, &wider.manifest, &wider.objects);
    assert_int_equal(sources.count, 3);
    choose("1.0", 15);
    /* a bundle of another scope would compare other schemas */
    assert_int_equal(set.entries.count, 2);
    compare(WIDE, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_PROVEN);
    proof_result_done(&result);
    proof_set_done(&set);
    proven_done(&other);
    proven_done(&wider);
}

static void accept(const char *kind, const char *identity, const char *definition)
{
    AcceptedExtra *extra = array_add(&accepted);
    *extra = (AcceptedExtra){.kind = memory_string(kind),
                             .identity = memory_string(identity),
                             .reason = memory_string("wanted"),
                             .came_with = memory_string("")};
    digest_sha256_hex(definition, strlen(definition), extra->hash);
}

static void what_is_accepted_is_taken_out_while_its_hash_lasts(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE);
    choose("1.0", 15);
    accept("index", "public.t.dba", "using btree (a)");
    compare(TABLE DBA, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_PROVEN);
    assert_int_equal(result.accepted.rows.count, 1);
    compare(TABLE "core|index|public.t.dba|unique using btree (a)\n", PROOF_NO_ARRIVAL);
    expect_changes("index public.t.dba: extra");
    compare(TABLE, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_PROVEN);
}

static void what_is_accepted_may_become_the_products_own(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE DBA);
    choose("1.0", 15);
    accept("index", "public.t.dba", "using btree (a)");
    compare(TABLE DBA, PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_PROVEN);
}

static void what_is_tolerated_is_taken_out_on_both_sides(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE "core|table|public.part_1|\n");
    proven_tolerate(&proven, "*", "public.part_*");
    proven_tolerate(&proven, "table", "public.log_?");
    choose("1.0", 15);
    compare(TABLE "core|table|public.part_2|\ncore|column|public.part_2.a|integer\n"
                  "env|owner|table public.part_2|dba\n",
            PROOF_NO_ARRIVAL);
    assert_int_equal(result.state, SCHEMA_PROVEN);
    assert_int_equal(result.env_differences, 0);
    assert_int_equal(result.tolerated.rows.count, 3);
    compare(TABLE "core|table|public.log_1|\ncore|column|public.log_1.a|integer\n"
                  "env|owner|table public.log_1|dba\n",
            PROOF_NO_ARRIVAL);
    expect_changes("column public.log_1.a: extra");
}

static void names_no_more_than_it_is_asked_to(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE);
    choose("1.0", 15);
    compare("", PROOF_NO_ARRIVAL);
    CLEANUP(text_done) Text text = {0};
    proof_changes_text(&result, CHANGES_THAT_COUNT, 2, &text);
    assert_string_equal(text_string(&text), "column public.t.a: missing; column order public.t: "
                                            "missing; and 1 more");
}

static void a_damaged_object_is_an_error(void **state UNUSED)
{
    proven_add(&proven, 1, ARRIVAL_UP, 15, TABLE);
    proven.texts[0].bytes[30] ^= 1;
    choose("1.0", 15);
    CLEANUP(fingerprint_done) Fingerprint taken = proven_rows(WIDE);
    assert_false(proof_compare(&set, &taken, &accepted, PROOF_NO_ARRIVAL, &result, &error));
    assert_int_equal(error.class, ERROR_TRUST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_a_version_by_its_tree, begin, end),
        cmocka_unit_test_setup_teardown(an_unproven_bundle_is_no_source, begin, end),
        cmocka_unit_test_setup_teardown(is_proven_by_any_arrival, begin, end),
        cmocka_unit_test_setup_teardown(of_equal_ones_the_recorded_arrival_holds, begin, end),
        cmocka_unit_test_setup_teardown(names_what_differs_from_the_nearest, begin, end),
        cmocka_unit_test_setup_teardown(env_is_counted_apart, begin, end),
        cmocka_unit_test_setup_teardown(texts_must_match_on_the_same_major, begin, end),
        cmocka_unit_test_setup_teardown(on_another_major_only_core_is_compared, begin, end),
        cmocka_unit_test_setup_teardown(of_two_majors_as_near_the_higher_is_taken, begin, end),
        cmocka_unit_test_setup_teardown(several_bundles_add_what_they_know, begin, end),
        cmocka_unit_test_setup_teardown(what_is_accepted_is_taken_out_while_its_hash_lasts, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_accepted_may_become_the_products_own, begin, end),
        cmocka_unit_test_setup_teardown(what_is_tolerated_is_taken_out_on_both_sides, begin, end),
        cmocka_unit_test_setup_teardown(names_no_more_than_it_is_asked_to, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_object_is_an_error, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
