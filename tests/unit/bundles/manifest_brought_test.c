#include "tests/support/unit_test.h"

#include "bundles/manifest_brought.h"

typedef struct Row {
    const char *kind, *identity, *definition;
} Row;

static Fingerprint fingerprint_of(const Row *rows, size_t count)
{
    CLEANUP(error_done) Error err = {0};
    Fingerprint fingerprint = {0};
    for (size_t i = 0; i < count; i++)
        assert_true(fingerprint_add(&fingerprint, "core", rows[i].kind, rows[i].identity,
                                    /* hash= */ NULL, rows[i].definition, &err));
    assert_true(fingerprint_sort(&fingerprint, &err));
    return fingerprint;
}

static void brought_done(ManifestBroughtArray *brought)
{
    array_each (ManifestBrought, each, brought)
        free(each->identity);
    array_free(brought);
}

static const Row before_rows[] = {{"table", "public.item", "persistent"},
                                  {"column", "public.item.id", "integer"},
                                  {"view", "public.seen", ""},
                                  {"table", "public.\"A.b\"", "persistent"}};

static const Row after_rows[] = {{"table", "public.item", "persistent"},
                                 {"column", "public.item.id", "bigint"},
                                 {"column", "public.item.price", "integer"},
                                 {"column", "public.item.\"two.dots\"", "integer"},
                                 {"view", "public.seen", ""},
                                 {"column", "public.seen.price", "integer"},
                                 {"table", "public.\"A.b\"", "persistent"},
                                 {"column", "public.\"A.b\".c", "integer"},
                                 {"table", "public.note", "persistent"},
                                 {"column", "public.note.id", "integer"},
                                 {"index", "public.item.item_idx", ""}};

static void finds_tables_and_columns_of_tables_that_were_there(void **state UNUSED)
{
    static const struct {
        bool is_column;
        const char *identity;
    } expected[] = {{false, "public.note"},
                    {true, "public.\"A.b\".c"},
                    {true, "public.item.\"two.dots\""},
                    {true, "public.item.price"}};
    CLEANUP(fingerprint_done)
    Fingerprint before = fingerprint_of(before_rows, ARRAY_LEN(before_rows));
    CLEANUP(fingerprint_done)
    Fingerprint after = fingerprint_of(after_rows, ARRAY_LEN(after_rows));
    CLEANUP(brought_done) ManifestBroughtArray brought = {0};
    manifest_brought_add(&before, &after, 3, &brought);
    assert_int_equal(brought.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < brought.count; i++) {
        assert_int_equal(brought.items[i].migration, 3);
        assert_int_equal(brought.items[i].is_column, expected[i].is_column);
        assert_string_equal(brought.items[i].identity, expected[i].identity);
    }
}

static void adds_nothing_twice_and_keeps_the_order(void **state UNUSED)
{
    CLEANUP(fingerprint_done)
    Fingerprint before = fingerprint_of(before_rows, ARRAY_LEN(before_rows));
    CLEANUP(fingerprint_done)
    Fingerprint after = fingerprint_of(after_rows, ARRAY_LEN(after_rows));
    CLEANUP(brought_done) ManifestBroughtArray brought = {0};
    manifest_brought_add(&before, &after, 1, &brought);
    manifest_brought_add(&before, &after, 1, &brought); /* another server major */
    manifest_brought_add(&before, &after, 0, &brought);
    assert_int_equal(brought.count, 8);
    assert_int_equal(brought.items[0].migration, 0);
    assert_int_equal(brought.items[4].migration, 1);
    manifest_brought_add(&after, &before, 2, &brought); /* what is dropped is not brought */
    assert_int_equal(brought.count, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_tables_and_columns_of_tables_that_were_there),
        cmocka_unit_test(adds_nothing_twice_and_keeps_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
