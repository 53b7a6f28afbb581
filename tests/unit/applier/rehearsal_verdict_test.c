#include "tests/support/unit_test.h"

#include "applier/rehearsal/rehearsal_verdict.h"

/* A fingerprint from "class kind identity definition|…". */
static Fingerprint rows_of(const char *rows)
{
    Fingerprint fingerprint = {0};
    CLEANUP(error_done) Error err = {0};
    CLEANUP(memory_freep) char *copy = memory_string(rows);
    char *rest = NULL;
    for (char *row = strtok_r(copy, "|", &rest); row; row = strtok_r(NULL, "|", &rest)) {
        char class[16], kind[32], identity[64], definition[64];
        assert_int_equal(sscanf(row, "%15s %31s %63s %63s", class, kind, identity, definition), 4);
        if (strcmp(kind, "order") == 0)
            snprintf(kind, sizeof(kind), "column order");
        assert_true(fingerprint_add(&fingerprint, class, kind, identity, NULL, definition, &err));
    }
    assert_true(fingerprint_sort(&fingerprint, &err));
    return fingerprint;
}

static void add_table(RowHashes *hashes, const char *name, int64_t rows, const char *hash,
                      const char *column)
{
    TableHash *table = array_add(&hashes->tables);
    *table = (TableHash){.table = memory_string(name), .rows = rows, .hash = memory_string(hash)};
    *array_add(&table->columns) =
        (ColumnHash){.name = memory_string("c"), .hash = memory_string(column)};
}

/* A cycle; NULL: not reached. */
typedef struct Given {
    const char *before, *back, *after, *again;
    int64_t rows_before, rows_back;
    const char *column_back;
    bool down_fails, up_fails;
} Given;

static char source[] = "m/1.down.sql", words[] = "42P01 undefined_table";
static const StepFailure failure = {
    .happened = true, .source = source, .line = 7, .words = words, .sqlstate = "42P01"};

static void expect(const Given *given, Verdict verdict, const char *script, const char *detail,
                   size_t differs, size_t lost)
{
    CLEANUP(fingerprint_done) Fingerprint before = rows_of(given->before);
    CLEANUP(fingerprint_done) Fingerprint back = rows_of(given->back ? given->back : "");
    CLEANUP(fingerprint_done) Fingerprint after = rows_of(given->after ? given->after : "");
    CLEANUP(fingerprint_done) Fingerprint again = rows_of(given->again ? given->again : "");
    CLEANUP(row_hashes_done) RowHashes rows_before = {0}, rows_back = {0};
    CLEANUP(rehearsal_verdict_done) RehearsalVerdict got = {0};
    if (given->rows_before)
        add_table(&rows_before, "public.t", given->rows_before, "1", "1");
    if (given->rows_back)
        add_table(&rows_back, "public.t", given->rows_back,
                  given->column_back ? given->column_back : "1",
                  given->column_back ? given->column_back : "1");
    const RehearsalCycle cycle = {.before = &before,
                                  .back = given->back ? &back : NULL,
                                  .after = &after,
                                  .again = given->again ? &again : NULL,
                                  .rows_before = &rows_before,
                                  .rows_back = &rows_back,
                                  .down_failure = given->down_fails ? &failure : NULL,
                                  .up_failure = given->up_fails ? &failure : NULL};
    rehearsal_verdict_make(&cycle, &got);
    assert_string_equal(verdict_name(got.verdict), verdict_name(verdict));
    assert_string_equal(got.script, script);
    assert_string_equal(got.detail, detail);
    assert_int_equal(got.differs.count, differs);
    assert_int_equal(got.lost.count, lost);
    assert_ptr_equal(got.failure, given->down_fails || given->up_fails ? &failure : NULL);
    assert_int_equal(rehearsal_verdict_is_clean(&got), verdict == VERDICT_EXACT);
}

#define T     "core table public.t x"
#define ORDER "core order public.t a,b"

static void exact_where_all_comes_back(void **state UNUSED)
{
    const Given given = {T, T, T "|" ORDER, T "|" ORDER, 5, 5, NULL, false, false};
    expect(&given, VERDICT_EXACT, "", "", 0, 0);
}

static void column_order_alone_is_a_verdict_of_its_own(void **state UNUSED)
{
    const Given down = {T "|" ORDER, T "|core order public.t b,a", T, T, 0, 0, NULL, false, false};
    expect(&down, VERDICT_COLUMN_ORDER, "down", "columns come back in another order: public.t", 1,
           0);
    const Given up = {T, T, T "|" ORDER, T "|core order public.t b,a", 0, 0, NULL, false, false};
    expect(&up, VERDICT_COLUMN_ORDER, "up", "columns come back in another order: public.t", 1, 0);
}

static void every_class_counts(void **state UNUSED)
{
    const Given given = {T "|env comment public.t x|deparse view public.v x",
                         T "|deparse view public.v y",
                         T,
                         T,
                         0,
                         0,
                         NULL,
                         false,
                         false};
    expect(&given, VERDICT_DIFFERS, "down", "view public.v: changed, comment public.t: missing", 2,
           0);
}

static void names_a_few_and_counts_the_rest(void **state UNUSED)
{
    const Given given = {"core a a x|core b b x|core c c x|core d d x|core e e x",
                         T,
                         T,
                         T,
                         0,
                         0,
                         NULL,
                         false,
                         false};
    expect(&given, VERDICT_DIFFERS, "down", "a a: missing, b b: missing, c c: missing and 3 more",
           6, 0);
}

static void differs_where_the_up_makes_another_schema_again(void **state UNUSED)
{
    const Given given = {T, T, T, T "|core index public.i x", 0, 0, NULL, false, false};
    expect(&given, VERDICT_DIFFERS, "up", "after down and up again: index public.i: extra", 1, 0);
}

static void lossy_says_which_rows_or_columns(void **state UNUSED)
{
    const Given rows = {T, T, T, T, 5, 2, NULL, false, false};
    expect(&rows, VERDICT_LOSSY, "down", "public.t has lost 3 of 5 rows", 0, 1);
    const Given gone = {T, T, T, T, 5, 0, NULL, false, false};
    expect(&gone, VERDICT_LOSSY, "down", "public.t has lost 5 of 5 rows", 0, 1);
    const Given more = {T, T, T, T, 0, 1, NULL, false, false};
    expect(&more, VERDICT_LOSSY, "down", "public.t has 1 row more", 0, 1);
    const Given column = {T, T, T, T, 5, 5, "2", false, false};
    expect(&column, VERDICT_LOSSY, "down", "public.t.c has other values", 0, 1);
}

static void lossy_may_come_with_column_order(void **state UNUSED)
{
    const Given given = {T "|" ORDER, T "|core order public.t b,a", T, T, 5, 5, "2", false, false};
    expect(&given, VERDICT_LOSSY, "down",
           "columns come back in another order: public.t; public.t.c has other values", 1, 1);
}

static void rows_do_not_outrank_a_schema_that_differs(void **state UNUSED)
{
    const Given given = {T, T "|core index i x", T, T, 5, 0, NULL, false, false};
    expect(&given, VERDICT_DIFFERS, "down", "index i: extra; public.t has lost 5 of 5 rows", 1, 1);
}

static void failures_outrank_everything(void **state UNUSED)
{
    const Given down = {T, NULL, T, NULL, 5, 0, NULL, true, false};
    expect(&down, VERDICT_FAILS, "down", "m/1.down.sql:7: 42P01 undefined_table", 0, 0);
    const Given up = {T, T "|core index i x", T, NULL, 0, 0, NULL, false, true};
    expect(&up, VERDICT_FAILS, "up",
           "the up after the down fails: m/1.down.sql:7: 42P01 undefined_table (after the down: "
           "index i: extra)",
           1, 0);
}

static void without_a_way_back(void **state UNUSED)
{
    char a[] = "a", b[] = "b", c[] = "c", reason[] = "gone for good";
    ManifestMigration migrations[] = {
        {.identity = a},
        {.identity = b, .verdict = VERDICT_IRREVERSIBLE, .irreversible_reason = reason},
        {.identity = c}};
    migrations[2].scripts[SCRIPT_DOWN].present = true;
    const Manifest manifest = {.migrations = {.items = migrations, .count = 3}};
    const struct {
        size_t first, count;
        bool without;
        Verdict verdict;
        const char *detail;
    } versions[] = {
        {0, 3, true, VERDICT_IRREVERSIBLE, "migration 'b': gone for good"},
        {0, 1, true, VERDICT_NONE, "migration 'a': it has no down script"},
        {2, 1, false, VERDICT_EXACT, ""},
        {0, 0, false, VERDICT_EXACT, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        const ManifestVersion version = {.first_migration = versions[i].first,
                                         .migration_count = versions[i].count};
        CLEANUP(rehearsal_verdict_done) RehearsalVerdict got = {0};
        assert_int_equal(rehearsal_verdict_without_version(&manifest, &version, &got),
                         versions[i].without);
        if (!versions[i].without)
            continue;
        assert_int_equal(got.verdict, versions[i].verdict);
        assert_string_equal(got.detail, versions[i].detail);
        assert_true(rehearsal_verdict_is_clean(&got));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_where_all_comes_back),
        cmocka_unit_test(column_order_alone_is_a_verdict_of_its_own),
        cmocka_unit_test(every_class_counts),
        cmocka_unit_test(names_a_few_and_counts_the_rest),
        cmocka_unit_test(differs_where_the_up_makes_another_schema_again),
        cmocka_unit_test(lossy_says_which_rows_or_columns),
        cmocka_unit_test(lossy_may_come_with_column_order),
        cmocka_unit_test(rows_do_not_outrank_a_schema_that_differs),
        cmocka_unit_test(failures_outrank_everything),
        cmocka_unit_test(without_a_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
