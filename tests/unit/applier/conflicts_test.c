#include "tests/support/unit_test.h"

#include "applier/watch/conflicts.h"
#include "base/memory.h"

static const char *const modes[] = {
    "AccessShareLock", "RowShareLock",          "RowExclusiveLock", "ShareUpdateExclusiveLock",
    "ShareLock",       "ShareRowExclusiveLock", "ExclusiveLock",    "AccessExclusiveLock"};

static void modes_exclude_as_the_manual_says(void **state UNUSED)
{
    static const char *const table[] = {".......x", "......xx", "....xxxx", "...xxxxx",
                                        "..xx.xxx", "..xxxxxx", ".xxxxxxx", "xxxxxxxx"};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        for (size_t j = 0; j < ARRAY_LEN(modes); j++)
            assert_int_equal(conflict_modes_exclude(modes[i], modes[j]), table[i][j] == 'x');
    assert_false(conflict_modes_exclude("", "AccessExclusiveLock"));
    assert_false(conflict_modes_exclude("AccessExclusiveLock", "SIReadLock"));
}

static void only_a_dump_or_a_prepared_transaction_stops(void **state UNUSED)
{
    Conflict conflict = {.kind = CONFLICT_DUMP};
    assert_false(conflict_stops(&conflict));
    snprintf(conflict.needed, sizeof(conflict.needed), "AccessExclusiveLock");
    assert_true(conflict_stops(&conflict));
    conflict.kind = CONFLICT_PREPARED;
    assert_true(conflict_stops(&conflict));
    conflict.kind = CONFLICT_LONG;
    assert_false(conflict_stops(&conflict));
    conflict.kind = CONFLICT_PREPARED;
    snprintf(conflict.needed, sizeof(conflict.needed), "ShareLock");
    assert_false(conflict_stops(&conflict));
}

static void only_a_long_look_at_many_tables_looks_like_a_dump(void **state UNUSED)
{
    const Conflict dump = {.kind = CONFLICT_LONG,
                           .who.transaction_ms = CONFLICT_LONG_MS,
                           .tables = CONFLICT_DUMP_TABLES,
                           .only_reads = true};
    assert_true(conflict_looks_like_dump(&dump));
    Conflict other = dump;
    other.who.transaction_ms--;
    assert_false(conflict_looks_like_dump(&other));
    other = dump;
    other.tables--;
    assert_false(conflict_looks_like_dump(&other));
    other = dump;
    other.only_reads = false;
    assert_false(conflict_looks_like_dump(&other));
    other = dump;
    other.kind = CONFLICT_PREPARED;
    assert_false(conflict_looks_like_dump(&other));
}

static void says_that_it_only_looks_like_a_dump(void **state UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    const Conflict conflict = {
        .kind = CONFLICT_DUMP, .by_looks = true, .who = {.pid = 7, .user = "app"}};
    conflict_words(&conflict, &text);
    assert_true(text_has_prefix(text_string(&text), "what looks like a dump is under way: pid 7"));
}

static void says_what_is_held_and_what_is_needed(void **state UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    Conflict conflict = {.kind = CONFLICT_PREPARED,
                         .who = {.user = "app", .prepared = "x1", .transaction_ms = 245000},
                         .relation = "public.item",
                         .held = "RowExclusiveLock",
                         .needed = "AccessExclusiveLock",
                         .relations = 3};
    conflict_words(&conflict, &text);
    assert_string_equal(text_string(&text),
                        "a transaction is prepared and not ended: prepared transaction 'x1' (user "
                        "app, prepared for 4 min), holds RowExclusiveLock on public.item, which "
                        "this run needs as AccessExclusiveLock (and 2 more of what it needs)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_exclude_as_the_manual_says),
        cmocka_unit_test(only_a_dump_or_a_prepared_transaction_stops),
        cmocka_unit_test(only_a_long_look_at_many_tables_looks_like_a_dump),
        cmocka_unit_test(says_that_it_only_looks_like_a_dump),
        cmocka_unit_test(says_what_is_held_and_what_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
