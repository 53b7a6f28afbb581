#include "tests/support/unit_test.h"

#include "applier/ledger/history.h"
#include "base/memory.h"

/* A history under construction: rows are chained as they are added. */
static History history;
static JournalChain chain;

static int begin(void **state UNUSED)
{
    history = (History){.unsettled = -1};
    journal_chain_begin(&chain);
    return 0;
}

static int end(void **state UNUSED)
{
    history_done(&history);
    return 0;
}

static JournalRow *add(JournalKind kind, Direction direction, const char *identity, int64_t group,
                       int64_t groups, int64_t position, const char *result)
{
    JournalRow *row = array_add(&history.journal);
    *row = (JournalRow){.kind = kind,
                        .direction = direction,
                        .version = memory_string("1.0"),
                        .identity = memory_string(identity),
                        .group = group,
                        .group_count = groups,
                        .first_step = 1,
                        .last_step = 1,
                        .complete = group == groups && kind != JOURNAL_BATCH,
                        .position_after = position,
                        .up_digest = digest_of(identity, strlen(identity)),
                        .attempt = 1,
                        .result = memory_string(result),
                        .words = memory_string("")};
    journal_chain_append(&chain, row);
    return row;
}

static void add_version(const char *name, int64_t position)
{
    *array_add(&history.completed) = (AppliedVersion){.name = memory_string(name),
                                                      .position = position,
                                                      .tree_digest = digest_of(name, strlen(name)),
                                                      .journal_number = chain.next - 1};
}

static void folds_up_and_down(void **state UNUSED)
{
    add(JOURNAL_GROUP, DIRECTION_UP, "a", 1, 1, 1, "");
    add_version("1.0", 1);
    add(JOURNAL_GROUP, DIRECTION_UP, "b", 1, 2, 1, "");
    add(JOURNAL_GROUP, DIRECTION_UP, "b", 2, 2, 2, "");
    add_version("1.1", 2);
    add(JOURNAL_GROUP, DIRECTION_DOWN, "b", 1, 1, 1, "");
    add(JOURNAL_GROUP, DIRECTION_UP, "c", 1, 2, 1, "");
    history_fold(&history);
    assert_null(history.diverged);
    assert_int_equal(history.migrations.count, 2);
    assert_int_equal(history.position, 1);
    assert_string_equal(history_version_name(&history), "1.0");
    assert_int_equal(history_top(&history)->state, APPLIED_UP_PARTLY);
    assert_int_equal(history_top(&history)->groups_done, 1);
    CLEANUP(memory_freep) char *unrest = history_unrest(&history);
    assert_string_equal(unrest, "migration 'c' (1.0) is applied in part: 1 of 2 groups");
}

static void keeps_an_intent_until_it_is_answered(void **state UNUSED)
{
    add(JOURNAL_INTENT, DIRECTION_UP, "a", 1, 1, 0, "absent");
    history_fold(&history);
    assert_non_null(history_unsettled(&history));
    add(JOURNAL_OUTCOME, DIRECTION_UP, "a", 1, 1, 0, JOURNAL_FAILED);
    add(JOURNAL_INTENT, DIRECTION_UP, "a", 1, 1, 0, "absent");
    add(JOURNAL_SETTLED, DIRECTION_UP, "a", 1, 1, 1, JOURNAL_DONE);
    history_fold(&history);
    assert_null(history.diverged);
    assert_null(history_unsettled(&history));
    assert_int_equal(history.position, 1);
}

static void takes_back_what_is_applied_in_part(void **state UNUSED)
{
    add(JOURNAL_GROUP, DIRECTION_UP, "a", 1, 2, 0, "");
    add(JOURNAL_GROUP, DIRECTION_DOWN, "a", 1, 2, 0, "");
    history_fold(&history);
    assert_null(history.diverged);
    assert_int_equal(history_top(&history)->state, APPLIED_DOWN_PARTLY);
    add(JOURNAL_GROUP, DIRECTION_DOWN, "a", 2, 2, 0, "");
    History *whole = &history;
    array_each (AppliedMigration, migration, &whole->migrations) {
        free(migration->identity);
        free(migration->version);
    }
    whole->migrations.count = 0;
    history_fold(whole);
    assert_int_equal(whole->migrations.count, 0);
}

static void add_range(Direction direction, int64_t position, const char *rows, const char *cursor)
{
    JournalRow *row = add(JOURNAL_BATCH, direction, "b", 1, 2, position, rows);
    free(row->words);
    row->words = memory_string(cursor);
    chain.next--;
    chain.last = row->previous;
    journal_chain_append(&chain, row);
}

static void goes_on_with_a_batch_where_its_last_range_ended(void **state UNUSED)
{
    add(JOURNAL_GROUP, DIRECTION_UP, "a", 1, 1, 1, "");
    add_range(DIRECTION_UP, 1, "10", "k10");
    add_range(DIRECTION_UP, 1, "7", "k20");
    history_fold(&history);
    assert_null(history.diverged);
    const AppliedMigration *top = history_top(&history);
    assert_int_equal(top->state, APPLIED_UP_PARTLY);
    assert_int_equal(top->groups_done, 0);
    assert_int_equal(top->batch.batches, 2);
    assert_int_equal(top->batch.rows, 17);
    assert_string_equal(top->batch.cursor, "k20");
    CLEANUP(memory_freep) char *unrest = history_unrest(&history);
    assert_string_equal(unrest, "migration 'b' (1.0) is applied in part: 0 of 2 groups and 2 "
                                "batches of the next, 17 rows");
}

static void forgets_the_ranges_of_a_group_that_is_done(void **state UNUSED)
{
    add_range(DIRECTION_UP, 0, "10", "k10");
    add(JOURNAL_GROUP, DIRECTION_UP, "b", 1, 2, 0, "");
    history_fold(&history);
    assert_null(history.diverged);
    assert_int_equal(history_top(&history)->batch.batches, 0);
    assert_null(history_top(&history)->batch.cursor);
    assert_int_equal(history_top(&history)->groups_done, 1);
    add(JOURNAL_GROUP, DIRECTION_UP, "b", 2, 2, 1, "");
    add_range(DIRECTION_DOWN, 0, "1", "k1");
    history_fold(&history);
    assert_null(history.diverged);
    assert_int_equal(history_top(&history)->state, APPLIED_DOWN_PARTLY);
    assert_string_equal(history_top(&history)->batch.cursor, "k1");
    assert_int_equal(history.position, 0);
    add(JOURNAL_GROUP, DIRECTION_DOWN, "b", 1, 1, 0, "");
    history_fold(&history);
    assert_null(history.diverged);
    assert_int_equal(history.migrations.count, 0);
}

static void takes_back_a_batch_that_is_there_in_part(void **state UNUSED)
{
    add_range(DIRECTION_UP, 0, "10", "k10");
    add_range(DIRECTION_DOWN, 0, "4", "k4");
    history_fold(&history);
    assert_null(history.diverged);
    assert_int_equal(history_top(&history)->state, APPLIED_DOWN_PARTLY);
    assert_int_equal(history_top(&history)->batch.batches, 1);
    assert_int_equal(history_top(&history)->batch.rows, 4);
}

static void does_not_believe_a_range_without_a_number(void **state UNUSED)
{
    add_range(DIRECTION_UP, 0, "many", "k10");
    history_fold(&history);
    assert_non_null(history.diverged);
    assert_non_null(strstr(history.diverged, "is no range of a batch"));
}

static void knows_what_is_not_verified(void **state UNUSED)
{
    add(JOURNAL_GROUP, DIRECTION_UP, "a", 1, 1, 1, JOURNAL_UNVERIFIED);
    history_fold(&history);
    assert_true(history_top(&history)->unverified);
    assert_false(history_top(&history)->verify_failed);
}

static void pops_an_empty_version_by_its_marker(void **state UNUSED)
{
    add(JOURNAL_GROUP, DIRECTION_UP, "a", 1, 1, 1, "");
    add_version("1.0", 1);
    add(JOURNAL_VERSION, DIRECTION_UP, "", 0, 0, 1, "");
    add_version("1.1", 1);
    history_fold(&history);
    assert_null(history.diverged);
    assert_string_equal(history_version_name(&history), "1.1");
    JournalRow *row = add(JOURNAL_VERSION, DIRECTION_DOWN, "", 0, 0, 1, "");
    free(row->version);
    row->version = memory_string("1.1");
    chain.next--;
    chain.last = row->previous;
    journal_chain_append(&chain, row);
    history_fold(&history);
    assert_null(history.diverged);
    assert_string_equal(history_version_name(&history), "1.0");
}

/* --- what makes a journal incredible --------------------------------------------------------- */

static void change_identity(void)
{
    history.journal.items[0].identity[0] = 'z';
}

static void change_number(void)
{
    history.journal.items[1].number = 3;
}

static void drop_first(void)
{
    journal_row_done(&history.journal.items[0]);
    history.journal.items[0] = history.journal.items[1];
    history.journal.count = 1;
}

static void change_digest(void)
{
    history.journal.items[1].digest.bytes[5] ^= 1;
}

static void notices_every_change(void **state UNUSED)
{
    void (*const damages[])(void) = {change_identity, change_number, drop_first, change_digest};
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        end(NULL);
        begin(NULL);
        add(JOURNAL_GROUP, DIRECTION_UP, "a", 1, 1, 1, "");
        add(JOURNAL_GROUP, DIRECTION_UP, "b", 1, 1, 2, "");
        damages[i]();
        history_fold(&history);
        assert_non_null(history.diverged);
    }
}

static void notices_rows_that_chain_but_make_no_sense(void **state UNUSED)
{
    add(JOURNAL_GROUP, DIRECTION_UP, "a", 1, 1, 1, "");
    add(JOURNAL_GROUP, DIRECTION_DOWN, "b", 1, 1, 0, "");
    history_fold(&history);
    assert_string_equal(history.diverged, "the ledger's journal is damaged: row 2 takes back a "
                                          "migration that is not the last one");
}

static void chain_digest_covers_every_field(void **state UNUSED)
{
    JournalRow row = {.version = memory_string("1.0\t2"),
                      .identity = memory_string("a\nb\\"),
                      .result = memory_string(""),
                      .words = memory_string("w")};
    CLEANUP(text_done) Text text = {0};
    journal_row_text(&row, &text);
    char zeros[DIGEST_HEX_SIZE];
    CLEANUP(memory_freep)
    char *expected = memory_format(
        "sealift-journal 1\t-\t0\tgroup\tup\t%s\t1.0\\t2\ta\\nb\\\\\t0\t0\t0\t0\tf\t0\t%s\t0\t\tw\n",
        digest_hex(&(Digest){0}, zeros), digest_hex(&(Digest){0}, zeros));
    assert_string_equal(text_string(&text), expected);
    journal_row_done(&row);
}

static void see(const char *version, int64_t journal_number, const char *arrival)
{
    *array_add(&history.arrivals) = (PastArrival){.journal_number = journal_number,
                                                  .version = memory_string(version),
                                                  .arrival = memory_string(arrival)};
}

static void an_adoption_is_the_first_row(void **state UNUSED)
{
    JournalRow *row = add(JOURNAL_ADOPTED, DIRECTION_UP, "", 1, 1, 7, "");
    assert_string_equal(journal_kind_name(row->kind), "adopted");
    add_version("1.0", 7);
    add(JOURNAL_GROUP, DIRECTION_UP, "h", 1, 1, 8, "");
    history_fold(&history);
    assert_null(history.diverged);
    assert_true(history.was_adopted);
    assert_int_equal(history.adopted, 7);
    assert_int_equal(history.position, 8);
    assert_int_equal(history_depth(&history), 8);
    assert_null(history_migration(&history, 6));
    assert_string_equal(history_migration(&history, 7)->identity, "h");
    assert_null(history_migration(&history, 8));
    assert_false(history_is_at_version(&history));
    add(JOURNAL_GROUP, DIRECTION_DOWN, "h", 1, 1, 7, "");
    history_fold(&history);
    assert_true(history_is_at_version(&history));
    assert_string_equal(history_version_name(&history), "1.0");
    /* nothing below it can be taken back, and nobody adopts twice */
    add(JOURNAL_VERSION, DIRECTION_DOWN, "", 1, 1, 7, "");
    history_fold(&history);
    assert_non_null(strstr(history.diverged, "takes back a version that is not the last one"));
}

static void a_database_that_holds_something_is_not_adopted(void **state UNUSED)
{
    add(JOURNAL_GROUP, DIRECTION_UP, "a", 1, 1, 1, "");
    add(JOURNAL_ADOPTED, DIRECTION_UP, "", 1, 1, 7, "");
    history_fold(&history);
    assert_non_null(strstr(history.diverged, "adopts a database that holds something already"));
}

static void what_was_seen_holds_until_something_is_done(void **state UNUSED)
{
    add(JOURNAL_GROUP, DIRECTION_UP, "a", 1, 1, 1, JOURNAL_UNVERIFIED);
    see("1.0", 1, "up");
    add(JOURNAL_VERIFIED, DIRECTION_UP, "a", 1, 1, 1, JOURNAL_PASSED);
    add_version("1.0", 1);
    history_fold(&history);
    assert_string_equal(history_arrival(&history)->arrival, "up");
    /* an attempt that left nothing behind changes nothing */
    add(JOURNAL_INTENT, DIRECTION_UP, "b", 1, 1, 1, "absent");
    add(JOURNAL_OUTCOME, DIRECTION_UP, "b", 1, 1, 1, JOURNAL_FAILED);
    history_fold(&history);
    assert_non_null(history_arrival(&history));
    add(JOURNAL_GROUP, DIRECTION_UP, "b", 1, 2, 1, "");
    history_fold(&history);
    assert_null(history_arrival(&history));
    add(JOURNAL_GROUP, DIRECTION_UP, "b", 2, 2, 2, "");
    add_version("1.1", 2);
    history_fold(&history);
    assert_null(history_arrival(&history)); /* nobody looked */
    see("1.1", chain.next - 1, "");
    history_fold(&history);
    assert_string_equal(history_arrival(&history)->arrival, "");
}

/* A run is open from its begin to its end, and again where no standby confirmed that end. */
static void knows_the_run_that_is_open(void **state UNUSED)
{
    static const struct {
        const char *phases[5];
        int open; /* index of its begin, or -1 */
        bool unconfirmed;
    } cases[] = {
        {{NULL}, -1, false},
        {{"begin"}, 0, false},
        {{"begin", "return"}, 0, false},
        {{"begin", "failure"}, 0, false},
        {{"begin", "refused"}, 0, false},
        {{"begin", "end"}, -1, false},
        {{"begin", "end", "refused"}, -1, false},
        {{"begin", "end", "failure"}, 0, true},
        {{"begin", "end", "begin", "end", "failure"}, 2, true},
        {{"begin", "end", "failure", "end"}, -1, false},
        {{"begin", "end", "failure", "begin"}, 3, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(history_done) History runs = {0};
        for (size_t k = 0; k < ARRAY_LEN(cases[i].phases) && cases[i].phases[k]; k++)
            *array_add(&runs.events) = (PastEvent){.phase = memory_string(cases[i].phases[k])};
        const PastEvent *open = history_open_run(&runs);
        assert_int_equal(open ? open - runs.events.items : -1, cases[i].open);
        assert_int_equal(history_end_unconfirmed(&runs), cases[i].unconfirmed);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(folds_up_and_down),
        TEST(keeps_an_intent_until_it_is_answered),
        TEST(takes_back_what_is_applied_in_part),
        TEST(goes_on_with_a_batch_where_its_last_range_ended),
        TEST(forgets_the_ranges_of_a_group_that_is_done),
        TEST(takes_back_a_batch_that_is_there_in_part),
        TEST(does_not_believe_a_range_without_a_number),
        TEST(knows_what_is_not_verified),
        TEST(pops_an_empty_version_by_its_marker),
        TEST(notices_every_change),
        TEST(notices_rows_that_chain_but_make_no_sense),
        TEST(chain_digest_covers_every_field),
        TEST(an_adoption_is_the_first_row),
        TEST(a_database_that_holds_something_is_not_adopted),
        TEST(knows_the_run_that_is_open),
        TEST(what_was_seen_holds_until_something_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
