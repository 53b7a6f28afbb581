#include "tests/support/unit_test.h"

#include "applier/rehearsal/measure_snapshot.h"

#define BIT(mode) (1U << (mode))

static char orders[] = "public.orders", parent[] = "public.parent", pkey[] = "public.orders_pkey",
            name_index[] = "public.orders_name", view[] = "public.v", mixed[] = "s.\"Mixed\"";

/* orders (1) with two indexes (2, 3), parent (4), a view (5), "Mixed" (6). */
static SnapshotRelation before_items[] = {
    {.oid = 1, .name = orders, .kind = 'r', .filenode = 11},
    {.oid = 2, .name = pkey, .kind = 'i', .filenode = 12, .table = 1},
    {.oid = 3, .name = name_index, .kind = 'i', .filenode = 13, .table = 1},
    {.oid = 4, .name = parent, .kind = 'r', .filenode = 14},
    {.oid = 5, .name = view, .kind = 'v'},
    {.oid = 6, .name = mixed, .kind = 'p'},
};
static const MeasureSnapshot before = {.relations = {.items = before_items, .count = 6},
                                       .wal_bytes = 100};
static SnapshotRelation after_items[7];
static MeasureSnapshot after;
static TableHash tables[1];
static const RowHashes rows = {.tables = {.items = tables, .count = 1}};

static int begin(void **state UNUSED)
{
    memcpy(after_items, before_items, sizeof(before_items));
    after = (MeasureSnapshot){.relations = {.items = after_items, .count = 6}, .wal_bytes = 150};
    tables[0] = (TableHash){.table = orders, .rows = 50};
    return 0;
}

static void add(const MeasuredRelationArray *relations, Text *text)
{
    array_each (const MeasuredRelation, relation, relations)
        text_addf(text, "%s%s:%s%s%s", text->length ? ", " : "", relation->relation,
                  lock_mode_name(relation->lock), relation->rewritten ? " rewritten" : "",
                  relation->scanned ? " scanned" : "");
}

static void expect(const char *relations, const char *invalid)
{
    CLEANUP(measurement_done) Measurement got = {0};
    CLEANUP(text_done) Text text = {0}, names = {0};
    measurement_compare(&before, &before, &after, &rows, &got);
    add(&got.relations, &text);
    array_each (char *, name, &got.invalid_indexes)
        text_addf(&names, "%s", *name);
    assert_string_equal(text_string(&text), relations);
    assert_string_equal(text_string(&names), invalid);
    assert_int_equal(got.wal_bytes, 50);
    assert_false(got.declared);
}

static void nothing_happened(void **state UNUSED)
{
    expect("", "");
}

static void the_strongest_new_lock_counts(void **state UNUSED)
{
    before_items[0].locks = BIT(LOCK_ACCESS_SHARE);
    after_items[0].locks = BIT(LOCK_ACCESS_SHARE) | BIT(LOCK_SHARE) | BIT(LOCK_SHARE_ROW_EXCLUSIVE);
    after_items[4].locks = BIT(LOCK_ACCESS_EXCLUSIVE);
    expect("public.orders:ShareRowExclusiveLock, public.v:AccessExclusiveLock", "");
    before_items[0].locks = 0;
}

static void a_lock_held_before_is_none_of_the_statement(void **state UNUSED)
{
    before_items[0].locks = after_items[0].locks = BIT(LOCK_ACCESS_EXCLUSIVE);
    expect("", "");
    before_items[0].locks = 0;
}

static void rewrites_and_scans(void **state UNUSED)
{
    after_items[0].filenode = 99;
    after_items[0].tuples_read = 50;
    after_items[0].locks = BIT(LOCK_ACCESS_EXCLUSIVE);
    after_items[3].tuples_read = 10; /* whose rows nobody has counted */
    expect("public.orders:AccessExclusiveLock rewritten scanned, public.parent:", "");
    after_items[0].tuples_read = 49;
    after_items[3].tuples_read = 0;
    expect("public.orders:AccessExclusiveLock rewritten", "");
}

static void what_was_dropped_is_named_by_what_it_was(void **state UNUSED)
{
    char nothing[] = "";
    after_items[0] = (SnapshotRelation){
        .oid = 1, .name = nothing, .kind = 'g', .locks = BIT(LOCK_ACCESS_EXCLUSIVE)};
    after_items[1] = after_items[2] = after_items[0];
    after_items[1].oid = 2;
    after_items[2].oid = 3;
    expect("public.orders:AccessExclusiveLock", "");
}

static void an_index_is_named_where_it_says_more_than_its_table(void **state UNUSED)
{
    after_items[0].locks = BIT(LOCK_SHARE);
    after_items[1].locks = BIT(LOCK_ACCESS_EXCLUSIVE);
    after_items[1].filenode = 77;
    after_items[2].locks = BIT(LOCK_ROW_EXCLUSIVE);
    expect("public.orders:ShareLock, public.orders_pkey:AccessExclusiveLock rewritten", "");
    after_items[0].locks = BIT(LOCK_ACCESS_EXCLUSIVE);
    after_items[0].filenode = 78;
    expect("public.orders:AccessExclusiveLock rewritten", "");
}

static void an_index_built_anew_is_seen_by_its_name(void **state UNUSED)
{
    char nothing[] = "";
    after_items[0].locks = BIT(LOCK_ACCESS_EXCLUSIVE);
    after_items[2] = (SnapshotRelation){.oid = 3, .name = nothing, .kind = 'g'};
    after_items[6] =
        (SnapshotRelation){.oid = 9, .name = name_index, .kind = 'i', .filenode = 13, .table = 1};
    after.relations.count = 7;
    expect("public.orders:AccessExclusiveLock", ""); /* the same files under a new OID */
    after_items[6].filenode = 55;
    expect("public.orders:AccessExclusiveLock, public.orders_name: rewritten", "");
}

static void what_a_script_made_itself_is_in_nobodys_way(void **state UNUSED)
{
    const MeasureSnapshot known = {.relations = {.items = before_items, .count = 3}};
    CLEANUP(measurement_done) Measurement got = {0};
    after_items[3].locks = BIT(LOCK_ACCESS_EXCLUSIVE);
    measurement_compare(&known, &before, &after, &rows, &got);
    assert_int_equal(got.relations.count, 0);
}

static void invalid_indexes_are_new_ones(void **state UNUSED)
{
    after_items[1].invalid = true;
    before_items[2].invalid = after_items[2].invalid = true;
    expect("", "public.orders_pkey");
    before_items[2].invalid = false;
}

static void declares_locks_by_probe(void **state UNUSED)
{
    static char t[] = "orders", i[] = "orders_name", s[] = "public", m[] = "Mixed", p[] = "parent",
                no[] = "nobody";
    const struct {
        Probe probe;
        const char *relations;
    } probes[] = {
        {{PROBE_INDEX_PRESENT, no, NULL, t, NULL}, "public.orders:ShareUpdateExclusiveLock"},
        {{PROBE_INDEX_PRESENT, no, NULL, no, s}, ""},
        {{PROBE_INDEX_ABSENT, i, s, NULL, NULL}, "public.orders:ShareUpdateExclusiveLock"},
        {{PROBE_REINDEX, i, NULL, NULL, NULL}, "public.orders:ShareUpdateExclusiveLock"},
        {{PROBE_REINDEX, t, NULL, NULL, NULL}, "public.orders:ShareUpdateExclusiveLock"},
        {{PROBE_DETACH, p, NULL, m, NULL},
         "public.parent:AccessExclusiveLock, s.\"Mixed\":ShareUpdateExclusiveLock"},
        {{PROBE_REPEAT, NULL, NULL, NULL, NULL}, ""},
        {{PROBE_DATABASE_PRESENT, no, NULL, NULL, NULL}, ""},
    };
    for (size_t k = 0; k < ARRAY_LEN(probes); k++) {
        CLEANUP(measurement_done) Measurement got = {0};
        CLEANUP(text_done) Text text = {0};
        measurement_declare(&probes[k].probe, &before, &got);
        add(&got.relations, &text);
        assert_true(got.declared);
        assert_string_equal(text_string(&text), probes[k].relations);
    }
}

static void a_rewrite_outside_transactions_declares_its_lock(void **state UNUSED)
{
    static const Probe probe = {.kind = PROBE_REPEAT};
    CLEANUP(measurement_done) Measurement got = {0};
    CLEANUP(text_done) Text text = {0};
    after_items[0].filenode = 98;
    after_items[2].filenode = 99;
    measurement_compare(&before, &before, &after, &rows, &got);
    measurement_declare(&probe, &before, &got);
    add(&got.relations, &text);
    assert_string_equal(text_string(&text), "public.orders:AccessExclusiveLock rewritten");
}

static void samples_keep_the_strongest(void **state UNUSED)
{
    CLEANUP(measurement_done) Measurement got = {0};
    CLEANUP(text_done) Text text = {0};
    measurement_sampled(" 4 AccessShareLock 1 ShareUpdateExclusiveLock 1259 AccessShareLock"
                        " 1 AccessShareLock",
                        &before, &after, &got);
    add(&got.sampled, &text);
    assert_string_equal(text_string(&text),
                        "public.orders:ShareUpdateExclusiveLock, public.parent:AccessShareLock");
}

static void lock_modes_have_their_names(void **state UNUSED)
{
    for (int mode = LOCK_ACCESS_SHARE; mode <= LOCK_ACCESS_EXCLUSIVE; mode++)
        assert_int_equal(lock_mode_find(lock_mode_name((LockMode)mode)), mode);
    assert_int_equal(lock_mode_find("SIReadLock"), LOCK_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_happened, begin),
        cmocka_unit_test_setup(the_strongest_new_lock_counts, begin),
        cmocka_unit_test_setup(a_lock_held_before_is_none_of_the_statement, begin),
        cmocka_unit_test_setup(rewrites_and_scans, begin),
        cmocka_unit_test_setup(what_was_dropped_is_named_by_what_it_was, begin),
        cmocka_unit_test_setup(an_index_is_named_where_it_says_more_than_its_table, begin),
        cmocka_unit_test_setup(an_index_built_anew_is_seen_by_its_name, begin),
        cmocka_unit_test_setup(what_a_script_made_itself_is_in_nobodys_way, begin),
        cmocka_unit_test_setup(invalid_indexes_are_new_ones, begin),
        cmocka_unit_test_setup(declares_locks_by_probe, begin),
        cmocka_unit_test_setup(a_rewrite_outside_transactions_declares_its_lock, begin),
        cmocka_unit_test_setup(samples_keep_the_strongest, begin),
        cmocka_unit_test(lock_modes_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
