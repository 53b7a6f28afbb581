#include "tests/support/unit_test.h"

#include "applier/backup/backup_dump.h"
#include "applier/backup/backup_proof.h"
#include "applier/runs/run_backup.h"
#include "base/memory.h"

static void tells_proofs_apart(void **state UNUSED)
{
    static const struct {
        const char *proof;
        BackupKind kind;
        const char *what;
    } rows[] = {
        {"16/B374D848", BACKUP_LSN, "16/B374D848"},
        {"lsn:0/1", BACKUP_LSN, "0/1"},
        {"a/b", BACKUP_LSN, "a/b"},
        {"file:a/b", BACKUP_FILE, "a/b"},
        {"a/b/c", BACKUP_FILE, "a/b/c"},
        {"/dump", BACKUP_FILE, "/dump"},
        {"dump/", BACKUP_FILE, "dump/"},
        {"123456789/0", BACKUP_FILE, "123456789/0"},
        {"text:16/0", BACKUP_TEXT, "16/0"},
        {"ticket", BACKUP_FILE, "ticket"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(error_done) Error err = {0};
        BackupKind kind;
        const char *what;
        assert_true(backup_proof_parse(rows[i].proof, &kind, &what, &err));
        assert_int_equal(kind, rows[i].kind);
        assert_string_equal(what, rows[i].what);
    }
}

static void refuses_proofs_that_say_nothing(void **state UNUSED)
{
    static const char *const rows[] = {"", "text:", "text:  ", "file:", "lsn:", "lsn:x", "lsn:1/"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(error_done) Error err = {0};
        BackupKind kind;
        const char *what;
        assert_false(backup_proof_parse(rows[i], &kind, &what, &err));
        assert_int_equal(err.class, ERROR_USAGE);
    }
}

static void takes_the_sites_command_where_nothing_is_named(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    char command[] = "save";
    const SiteConfig site = {
        .backup_policy = BACKUP_POLICY_REQUIRED, .backup_within_s = 60, .backup_command = command};
    BackupRequest request;
    assert_true(backup_request_make(&(BackupWords){0}, &site, &request, &err));
    assert_int_equal(request.kind, BACKUP_COMMAND);
    assert_true(request.by_site);
    assert_int_equal(request.within_s, 60);
    assert_true(backup_request_make(&(BackupWords){.proof = "text:x", .within = "2d"}, &site,
                                    &request, &err));
    assert_int_equal(request.kind, BACKUP_TEXT);
    assert_false(request.by_site);
    assert_int_equal(request.within_s, 172800);
}

static void reads_the_major_of_pg_dump(void **state UNUSED)
{
    assert_int_equal(backup_dump_major("pg_dump (PostgreSQL) 15.4 (Debian 15.4-1)\n"), 15);
    assert_int_equal(backup_dump_major("pg_dump (PostgreSQL) 9.6.1"), 9);
    assert_int_equal(backup_dump_major("pg_dump (PostgreSQL) 18beta1"), 18);
    assert_int_equal(backup_dump_major("pg_dump"), 0);
    assert_int_equal(backup_dump_major("x) y"), 0);
}

static void hides_every_secret_wherever_it_stands(void **state UNUSED)
{
    OwnedStringArray secrets = {0};
    *array_add(&secrets) = memory_string("pass");
    *array_add(&secrets) = memory_string("password1");
    CLEANUP(memory_freep)
    char *hidden = backup_secrets_hide(&secrets, "password1 passpass pas password2");
    assert_string_equal(hidden, "*** ****** pas ***word2");
    owned_strings_done(&secrets);
}

static void keeps_the_operators_environment_but_what_leads_elsewhere(void **state UNUSED)
{
    static const char *const kept[] = {"PATH=/bin",     "AWS_PROFILE=x", "PGPASSWORD=x",
                                       "PGPASSFILE=/x", "ENVIRONMENT=x", "PGHOST=x"};
    static const char *const dropped[] = {
        "DATABASE_URL=x", "LD_PRELOAD=x", "BASH_ENV=x",         "ENV=x",
        "PGOPTIONS=x",    "PGSERVICE=x",  "SEALIFT_STATE_DIR=x"};
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        assert_true(backup_environment_keeps(kept[i]));
    for (size_t i = 0; i < ARRAY_LEN(dropped); i++)
        assert_false(backup_environment_keeps(dropped[i]));
}

static void says_spans_as_people_do(void **state UNUSED)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{1, "1 s"}, {119, "119 s"}, {120, "2 min"}, {7200, "2 h"}, {172800, "2 days"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(memory_freep) char *text = backup_span_text(rows[i].seconds);
        assert_string_equal(text, rows[i].text);
    }
}

/* An event of a history; texts are literals, freed by nobody. */
static void add_event(History *history, const char *action, const char *phase)
{
    PastEvent *event = array_add(&history->events);
    event->number = (int64_t)history->events.count;
    event->action = (char *)(uintptr_t)action;
    event->phase = (char *)(uintptr_t)phase;
    event->bundle_path = (char *)(uintptr_t) "";
}

static void add_backup(History *history, int64_t event, BackupKind kind, bool good)
{
    *array_add(&history->backups) =
        (PastBackup){.event_number = event, .record = {.kind = kind, .good = good}};
}

static void a_backup_stands_behind_the_open_application_only(void **state UNUSED)
{
    History history = {0};
    add_event(&history, "apply", "begin");
    add_backup(&history, 1, BACKUP_DUMP, true);
    assert_ptr_equal(run_backup_standing(&history), &history.backups.items[0]);
    add_event(&history, "apply", "failure");
    add_event(&history, "apply", "refused");
    add_backup(&history, 3, BACKUP_COMMAND, false);
    assert_ptr_equal(run_backup_standing(&history), &history.backups.items[0]);
    add_event(&history, "apply", "end");
    assert_null(run_backup_standing(&history));
    add_event(&history, "apply", "begin");
    assert_null(run_backup_standing(&history)); /* the dump is of the application before */
    add_backup(&history, 5, BACKUP_NONE, true);
    assert_null(run_backup_standing(&history));
    add_backup(&history, 5, BACKUP_DECLINED, true);
    assert_non_null(run_backup_standing(&history));
    add_event(&history, "rollback", "begin");
    assert_null(run_backup_standing(&history));
    array_free(&history.events);
    array_free(&history.backups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_proofs_apart),
        cmocka_unit_test(refuses_proofs_that_say_nothing),
        cmocka_unit_test(takes_the_sites_command_where_nothing_is_named),
        cmocka_unit_test(reads_the_major_of_pg_dump),
        cmocka_unit_test(hides_every_secret_wherever_it_stands),
        cmocka_unit_test(keeps_the_operators_environment_but_what_leads_elsewhere),
        cmocka_unit_test(says_spans_as_people_do),
        cmocka_unit_test(a_backup_stands_behind_the_open_application_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
