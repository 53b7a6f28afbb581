#include "tests/support/unit_test.h"

#include "applier/rehearsal/rehearsal_hash.h"
#include "base/text.h"

/* "table rows hash column=hash column=hash|…" */
static RowHashes hashes_of(const char *given)
{
    RowHashes hashes = {0};
    CLEANUP(memory_freep) char *copy = memory_string(given);
    char *rest = NULL;
    for (char *one = strtok_r(copy, "|", &rest); one; one = strtok_r(NULL, "|", &rest)) {
        char *words = NULL;
        TableHash *table = array_add(&hashes.tables);
        table->table = memory_string(strtok_r(one, " ", &words));
        table->rows = strtoll(strtok_r(NULL, " ", &words), NULL, 10);
        table->hash = memory_string(strtok_r(NULL, " ", &words));
        for (char *column; (column = strtok_r(NULL, " ", &words));) {
            char *equals = strchr(column, '=');
            *array_add(&table->columns) =
                (ColumnHash){.name = memory_string_n(column, (size_t)(equals - column)),
                             .hash = memory_string(equals + 1)};
        }
    }
    return hashes;
}

/* "table.column before>after" for each loss; "*" where no column is named. */
static void expect(const char *before, const char *after, const char *losses)
{
    CLEANUP(row_hashes_done) RowHashes was = hashes_of(before), is = hashes_of(after);
    CLEANUP(text_done) Text got = {0};
    RowLossArray lost = {0};
    rehearsal_hash_compare(&was, &is, &lost);
    array_each (RowLoss, loss, &lost)
        text_addf(&got, "%s%s.%s %d>%d", got.length ? ", " : "", loss->table,
                  loss->column ? loss->column : "*", (int)loss->rows_before, (int)loss->rows_after);
    assert_string_equal(text_string(&got), losses);
    array_free(&lost);
}

static void equal_rows_are_no_loss(void **state UNUSED)
{
    expect("t 3 7 a=1 b=2|u 1 1 a=1", "t 3 7 a=1 b=2|u 1 1 a=1", "");
    expect("", "", "");
}

static void counts_come_first(void **state UNUSED)
{
    expect("t 3 7 a=1", "t 2 6 a=9", "t.* 3>2");
    expect("t 3 7 a=1", "t 4 6 a=9", "t.* 3>4");
    expect("t 3 7 a=1", "", "t.* 3>0");
    expect("", "t 3 7 a=1", "t.* 0>3");
}

static void columns_are_named(void **state UNUSED)
{
    expect("t 3 7 a=1 b=2 c=3", "t 3 8 a=1 b=5 c=6", "t.b 3>3, t.c 3>3");
    expect("t 3 7 a=1 b=2", "t 3 8 a=1", "t.b 3>3");
}

static void a_new_column_is_no_loss(void **state UNUSED)
{
    expect("t 3 7 a=1", "t 3 8 a=1 b=2", "");
}

static void values_in_other_rows_are_seen(void **state UNUSED)
{
    expect("t 3 7 a=1 b=2", "t 3 8 a=1 b=2", "t.* 3>3");
}

static void counts_are_found_by_name(void **state UNUSED)
{
    CLEANUP(row_hashes_done) RowHashes hashes = hashes_of("t 3 7|u 4 8");
    assert_int_equal(row_hashes_count(&hashes, "u"), 4);
    assert_int_equal(row_hashes_count(&hashes, "v"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_rows_are_no_loss),
        cmocka_unit_test(counts_come_first),
        cmocka_unit_test(columns_are_named),
        cmocka_unit_test(a_new_column_is_no_loss),
        cmocka_unit_test(values_in_other_rows_are_seen),
        cmocka_unit_test(counts_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
