#include "tests/support/unit_test.h"

#include "applier/watch/watch_facts.h"
#include "base/memory.h"

static void assert_words(Text *text, const char *expected)
{
    assert_string_equal(text_string(text), expected);
    text_done(text);
}

static WatchBlocker blocker(int64_t pid, const char *user, const char *application,
                            const char *state)
{
    WatchBlocker made = {.pid = pid, .state_ms = 245000, .query_ms = 12000};
    watch_copy_name(made.user, sizeof(made.user), user);
    watch_copy_name(made.application, sizeof(made.application), application);
    watch_copy_name(made.state, sizeof(made.state), state);
    return made;
}

static void names_who_is_in_the_way(void **state UNUSED)
{
    Text text = {0};
    WatchBlocker idle = blocker(123, "app", "psql", "idle in transaction");
    watch_blocker_words(&idle, &text);
    assert_words(&text, "pid 123 (user app, application psql, idle in transaction for 4 min)");

    WatchBlocker active = blocker(7, "dba", "", "active");
    snprintf(active.address, sizeof(active.address), "10.0.0.1");
    active.transaction_ms = 7200000;
    watch_blocker_words(&active, &text);
    assert_words(&text, "pid 7 (user dba, no application name, from 10.0.0.1, active for 12 s, its "
                        "transaction for 2 h 0 min)");

    WatchBlocker unseen = blocker(8, "dba", "cron", "");
    watch_blocker_words(&unseen, &text);
    assert_words(&text, "pid 8 (user dba, application cron, what it does is seen by "
                        "pg_read_all_stats only)");
}

static void names_a_prepared_transaction_and_the_server_itself(void **state UNUSED)
{
    Text text = {0};
    WatchBlocker prepared = {.transaction_ms = 3 * 86400000, .prepared = "order-77"};
    snprintf(prepared.user, sizeof(prepared.user), "app");
    watch_blocker_words(&prepared, &text);
    assert_words(&text, "prepared transaction 'order-77' (user app, prepared for 3 d)");

    WatchBlocker vacuum = {.pid = 5, .type = "autovacuum worker"};
    watch_blocker_words(&vacuum, &text);
    assert_words(&text, "pid 5 (autovacuum worker)");
    *vacuum.type = '\0';
    watch_blocker_words(&vacuum, &text);
    assert_words(&text, "pid 5 (a process of the server)");
}

static void shows_a_statement_only_where_it_was_asked_for(void **state UNUSED)
{
    Text text = {0};
    WatchBlocker one = blocker(1, "app", "psql", "active");
    snprintf(one.statement, sizeof(one.statement), "LOCK item");
    watch_blocker_words(&one, &text);
    assert_words(&text, "pid 1 (user app, application psql, active for 12 s: LOCK item)");
}

static void names_at_most_three(void **state UNUSED)
{
    Text text = {0};
    WatchFacts facts = {.wait_type = "Lock"};
    for (int i = 1; i <= 5; i++) {
        WatchBlocker *one = array_add(&facts.blockers);
        one->pid = i;
    }
    watch_blocked_words(&facts.blockers, &text);
    assert_words(&text, "blocked by pid 1 (a process of the server), pid 2 (a process of the "
                        "server), pid 3 (a process of the server) and 2 more");
    facts.blockers.count = 2;
    watch_blocked_words(&facts.blockers, &text);
    assert_words(&text, "blocked by pid 1 (a process of the server) and pid 2 (a process of the "
                        "server)");
    facts.blockers.count = 0;
    watch_blocked_words(&facts.blockers, &text);
    assert_words(&text, "");
    watch_facts_done(&facts);
}

static void says_what_lock_is_waited_for(void **state UNUSED)
{
    Text text = {0};
    WatchFacts facts = {.wait_type = "Client", .lock_mode = "ShareLock"};
    watch_lock_words(&facts, &text);
    assert_words(&text, "");
    snprintf(facts.wait_type, sizeof(facts.wait_type), "Lock");
    snprintf(facts.lock_object, sizeof(facts.lock_object), "public.item");
    watch_lock_words(&facts, &text);
    assert_words(&text, "waits for ShareLock on public.item");
    snprintf(facts.lock_object, sizeof(facts.lock_object), "virtualxid");
    array_add(&facts.blockers)->pid = 9;
    watch_lock_words(&facts, &text);
    assert_words(&text, "waits for the end of a transaction, held up by pid 9 (a process of the "
                        "server)");
    *facts.lock_mode = '\0';
    facts.blockers.count = 0;
    watch_lock_words(&facts, &text);
    assert_words(&text, "waits for a lock");
    watch_facts_done(&facts);
}

static void says_what_a_session_is_at(void **state UNUSED)
{
    Text text = {0};
    WatchFacts facts = {.statement_ms = 12000, .statement_start = "SELECT 'secret'"};
    watch_doing_words(&facts, &text);
    assert_words(&text, "what it does is seen by pg_read_all_stats only");
    snprintf(facts.state, sizeof(facts.state), "active");
    watch_doing_words(&facts, &text);
    assert_words(&text, "at a statement for 12 s");
    snprintf(facts.wait_type, sizeof(facts.wait_type), "Lock");
    watch_doing_words(&facts, &text);
    assert_words(&text, "at a statement for 12 s, waits for a lock");
    snprintf(facts.state, sizeof(facts.state), "idle in transaction");
    watch_doing_words(&facts, &text);
    assert_words(&text, "idle in transaction, its last statement was sent 12 s ago");
}

static void counts_progress_as_the_server_does(void **state UNUSED)
{
    Text text = {0};
    WatchProgress progress = {.what = "index build",
                              .phase = "building index: scanning table",
                              .unit = "blocks",
                              .done = 12,
                              .total = 400};
    watch_progress_words(&progress, &text);
    assert_words(&text, "index build, building index: scanning table, 12 of 400 blocks (3 %)");
    progress = (WatchProgress){.what = "index build",
                               .phase = "waiting for writers before build",
                               .unit = "lockers",
                               .total = 2};
    watch_progress_words(&progress, &text);
    assert_words(&text, "index build, waiting for writers before build, 0 of 2 others waited for");
    progress = (WatchProgress){.what = "copy", .unit = "bytes", .done = 1 << 20, .total = 4 << 20};
    watch_progress_words(&progress, &text);
    assert_words(&text, "copy, 1.0 MB of 4.0 MB (25 %)");
    progress = (WatchProgress){.what = "cluster", .phase = "initializing", .unit = "rows"};
    watch_progress_words(&progress, &text);
    assert_words(&text, "cluster, initializing");
    assert_int_equal(watch_progress_percent(&progress), -1);
    progress.total = 10;
    progress.done = 11;
    assert_int_equal(watch_progress_percent(&progress), 100);
    watch_progress_words(&(WatchProgress){0}, &text);
    assert_words(&text, "");
}

static void expects_the_rest_to_go_on_as_before(void **state UNUSED)
{
    assert_int_equal(watch_eta_ms(0, 100, 400, 10000), 30000);
    assert_int_equal(watch_eta_ms(100, 200, 400, 10000), 20000);
    assert_int_equal(watch_eta_ms(0, 400, 400, 10000), 0);
    /* nothing to go by */
    assert_int_equal(watch_eta_ms(0, 0, 400, 10000), -1);
    assert_int_equal(watch_eta_ms(0, 100, 0, 10000), -1);
    assert_int_equal(watch_eta_ms(0, 100, 400, 999), -1);
    /* no overflow where bytes and hours are large */
    assert_true(watch_eta_ms(0, INT64_C(1) << 40, INT64_C(1) << 50, INT64_C(86400000)) > 0);
}

static void durations_and_sizes_are_for_people(void **state UNUSED)
{
    static const struct {
        int64_t ms;
        const char *words;
    } durations[] = {{-5, "0 ms"},         {850, "850 ms"},          {1900, "1.9 s"},
                     {12000, "12 s"},      {119999, "119 s"},        {245000, "4 min"},
                     {7199000, "119 min"}, {12000000, "3 h 20 min"}, {172800000, "2 d"}};
    static const struct {
        int64_t bytes;
        const char *words;
    } sizes[] = {{1023, "1023 bytes"}, {1536, "1.5 kB"}, {12 << 20, "12 MB"}};
    Text text = {0};
    for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
        watch_duration_words(durations[i].ms, &text);
        assert_words(&text, durations[i].words);
    }
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        watch_bytes_words(sizes[i].bytes, &text);
        assert_words(&text, sizes[i].words);
    }
}

static void names_cannot_steer_the_terminal(void **state UNUSED)
{
    char name[16];
    watch_copy_name(name, sizeof(name), "a\x1b[2Jb");
    assert_string_equal(name, "a\\x1b[2Jb");
    watch_copy_name(name, sizeof(name), "ääääääääää");
    assert_true(strlen(name) < sizeof(name));
    assert_true(text_is_utf8(name, strlen(name)));
}

static void says_whom_it_has_ended(void **state UNUSED)
{
    Text text = {0};
    WatchCancelled one = {
        .pid = 4, .user = "app", .application = "psql", .ended = true, .told = true};
    watch_cancelled_words(&one, &text);
    assert_words(&text, "ended the session of pid 4 (user app, application psql)");
    one.ended = false;
    watch_cancelled_words(&one, &text);
    assert_words(&text, "cancelled the statement of pid 4 (user app, application psql)");
    one = (WatchCancelled){.pid = 5, .type = "autovacuum worker", .told = true};
    watch_cancelled_words(&one, &text);
    assert_words(&text, "cancelled the statement of pid 5 (autovacuum worker)");
    one.told = false;
    watch_cancelled_words(&one, &text);
    assert_words(&text, "was gone before it could be cancelled: pid 5 (autovacuum worker)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_who_is_in_the_way),
        cmocka_unit_test(names_a_prepared_transaction_and_the_server_itself),
        cmocka_unit_test(shows_a_statement_only_where_it_was_asked_for),
        cmocka_unit_test(names_at_most_three),
        cmocka_unit_test(says_what_lock_is_waited_for),
        cmocka_unit_test(says_what_a_session_is_at),
        cmocka_unit_test(counts_progress_as_the_server_does),
        cmocka_unit_test(expects_the_rest_to_go_on_as_before),
        cmocka_unit_test(durations_and_sizes_are_for_people),
        cmocka_unit_test(names_cannot_steer_the_terminal),
        cmocka_unit_test(says_whom_it_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
