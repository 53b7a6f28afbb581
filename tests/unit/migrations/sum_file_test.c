#include "tests/support/unit_test.h"

#include "migrations/sum_file.h"
#include "tests/unit/migrations/project_folder.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX   HEX64 HEX64
#define TIME  "2026-11-23T04:00:00Z"
#define HEAD  "sealift-sum 1\n"
#define REL   "release 1.0.0 " TIME "\n"
#define MIG   "migration 1.0.0 " HEX " 0001_a\n"
#define REL2  "release 2 " TIME "\n"
#define MIG2  "migration 2 " HEX " 0002_a\n"

static ProjectFolder folder;
static char *path;

static int set_up(void **state UNUSED)
{
    folder = folder_new("auto", NULL, 0);
    path = file_path(folder.path, "sealift.sum");
    return 0;
}

static int tear_down(void **state UNUSED)
{
    folder_done(&folder);
    free(path);
    return 0;
}

static void reads_releases_and_migrations(void **state UNUSED)
{
    folder_write(&folder, "sealift.sum",
                 HEAD REL MIG "migration 1.0.0 " HEX " 0002_with spaces\n"
                              "release 1.1 " TIME " stop\n");
    Error err = {0};
    SumFile sum = {0};
    assert_true(sum_file_read(path, &sum, &err));
    assert_int_equal(sum.releases.count, 2);
    assert_string_equal(sum.releases.items[0].version, "1.0.0");
    assert_string_equal(sum.releases.items[0].released_at, TIME);
    assert_false(sum.releases.items[0].stop);
    assert_int_equal(sum.releases.items[0].migrations.count, 2);
    assert_string_equal(sum.releases.items[0].migrations.items[1].identity, "0002_with spaces");
    assert_int_equal(sum.releases.items[0].migrations.items[1].line, 4);
    char hex[DIGEST_HEX_SIZE];
    assert_string_equal(digest_hex(&sum.releases.items[0].migrations.items[0].digest, hex), HEX);
    assert_true(sum.releases.items[1].stop);
    sum_file_done(&sum);
}

/* 1, 2, 3; 3.1 in the place of 2 and 3; 4 behind it; 4.1 in the place of 4. */
static void follows_the_line_around_what_is_superseded(void **state UNUSED)
{
    folder_write(&folder, "sealift.sum",
                 HEAD "release 1 " TIME "\nrelease 2 " TIME " stop min-compatible=1\n"
                      "release 3 " TIME "\nrelease 3.1 " TIME " min-compatible=1\n"
                      "supersedes 3.1 2 passed " HEX "\nsupersedes 3.1 3 same-schema " HEX "\n"
                      "release 4 " TIME "\nrelease 4.1 " TIME "\n"
                      "supersedes 4.1 4 same-schema " HEX "\n");
    Error err = {0};
    SumFile sum = {0};
    assert_true(sum_file_read(path, &sum, &err));
    const SumRelease *releases = sum.releases.items;
    assert_true(releases[1].stop);
    assert_string_equal(releases[1].min_compatible, "1");
    assert_false(releases[3].stop);
    assert_int_equal(releases[3].superseded.count, 2);
    assert_false(releases[3].superseded.items[0].same_schema);
    assert_true(releases[3].superseded.items[1].same_schema);
    static const int previous[] = {-1, 0, 1, 0, 3, 3};
    for (size_t i = 0; i < ARRAY_LEN(previous); i++)
        assert_ptr_equal(sum_file_previous(&sum, &releases[i]),
                         previous[i] < 0 ? NULL : &releases[previous[i]]);
    assert_ptr_equal(sum_file_replacement(&sum, "2"), &releases[3]);
    assert_ptr_equal(sum_file_replacement(&sum, "4"), &releases[5]);
    assert_null(sum_file_replacement(&sum, "3.1"));
    assert_ptr_equal(sum_file_find(&sum, "4"), &releases[4]);
    assert_null(sum_file_find(&sum, "5"));
    sum_file_done(&sum);
}

static void takes_a_missing_file_for_an_empty_one(void **state UNUSED)
{
    Error err = {0};
    SumFile sum = {0};
    assert_true(sum_file_read(path, &sum, &err));
    assert_int_equal(sum.releases.count, 0);
}

static void keeps_whose_history_a_version_writes(void **state UNUSED)
{
    folder_write(&folder, "sealift.sum",
                 HEAD "release 1 " TIME " history=goose:public.goose_db_version\n"
                      "release 2 " TIME " stop min-compatible=1 history=sqitch:sqitch\n");
    Error err = {0};
    SumFile sum = {0};
    SumRelease release = {.version = memory_string("3"), .history = memory_string("dbmate:a.b")};
    memcpy(release.released_at, TIME, sizeof(TIME));
    assert_true(sum_file_append(path, &release, &err));
    sum_release_done(&release);
    assert_true(sum_file_read(path, &sum, &err));
    assert_string_equal(sum.releases.items[0].history, "goose:public.goose_db_version");
    assert_null(sum.releases.items[0].min_compatible);
    assert_true(sum.releases.items[1].stop);
    assert_string_equal(sum.releases.items[1].min_compatible, "1");
    assert_string_equal(sum.releases.items[1].history, "sqitch:sqitch");
    assert_string_equal(sum.releases.items[2].history, "dbmate:a.b");
    sum_file_done(&sum);
}

static void refuses_every_other_line(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"sealift-sum 2\n", "sealift.sum:1: expected the first line"},
        {HEAD "\n", "sealift.sum:2: expected a line that begins"},
        {HEAD "relase 1.0.0 " TIME "\n", "sealift.sum:2: expected a line that begins"},
        {HEAD "release 1.0.0\n", "sealift.sum:2: expected 'release VERSION TIME'"},
        {HEAD "release a/b " TIME "\n", "sealift.sum:2: expected 'release"},
        {HEAD "release 1.0.0 2026-02-30T00:00:00Z\n", "sealift.sum:2: expected 'release"},
        {HEAD "release 1.0.0 " TIME " halt\n", "sealift.sum:2: expected 'release"},
        {HEAD "release 1.0.0 " TIME " \n", "sealift.sum:2: expected 'release"},
        {HEAD "release  1.0.0 " TIME "\n", "sealift.sum:2: expected 'release"},
        {HEAD "release 1.0.0 " TIME "\r\n", "sealift.sum:2: expected 'release"},
        {HEAD "release 1.0.0 " TIME " stop \n", "sealift.sum:2: expected 'release"},
        {HEAD "release 1.0.0 " TIME " stop halt\n", "sealift.sum:2: expected 'release"},
        {HEAD REL "release 2 " TIME " min-compatible=\n", "sealift.sum:3: expected 'release"},
        {HEAD REL "release 2 " TIME " min-compatible=a/b\n", "sealift.sum:3: expected 'release"},
        {HEAD REL "release 2 " TIME " min-compatible=1.0.0 stop\n",
         "sealift.sum:3: expected 'release"},
        {HEAD REL "release 2 " TIME " min-compatible=0.9\n",
         "sealift.sum:3: the version that it is"},
        {HEAD "release 1 " TIME " history=\n", "sealift.sum:2: expected 'release"},
        {HEAD "release 1 " TIME " history=dbmate\n", "sealift.sum:2: expected 'release"},
        {HEAD "release 1 " TIME " history=a:b stop\n", "sealift.sum:2: expected 'release"},
        {HEAD "release 1 " TIME " stop history=a:b \n", "sealift.sum:2: expected 'release"},
        {HEAD REL "supersedes 1.0.0 0.9\n", "sealift.sum:3: expected 'supersedes"},
        {HEAD REL "supersedes 1.0.0 0.9 like " HEX "\n", "sealift.sum:3: expected 'supersedes"},
        {HEAD REL "supersedes 1.0.0 0.9 passed " HEX64 "\n", "sealift.sum:3: expected 'supersedes"},
        {HEAD REL "supersedes 1.0.0 0.9 passed " HEX "\n",
         "sealift.sum:3: what it supersedes is not"},
        {HEAD REL "supersedes 1.0.0 1.0.0 passed " HEX "\n",
         "sealift.sum:3: what it supersedes is not"},
        {HEAD REL "supersedes 0.9 1.0.0 passed " HEX "\n",
         "sealift.sum:3: this line does not stand right"},
        {HEAD REL REL2 MIG2 "supersedes 2 1.0.0 passed " HEX "\n",
         "sealift.sum:5: this line does not"},
        {HEAD REL REL2 "supersedes 2 1.0.0 passed " HEX "\n"
                       "supersedes 2 1.0.0 passed " HEX "\n",
         "sealift.sum:5: this version is superseded twice"},
        {HEAD REL REL, "sealift.sum:3: this version is already released"},
        {HEAD MIG, "sealift.sum:2: this migration does not stand below"},
        {HEAD REL "migration 1.0.1 " HEX " a\n", "sealift.sum:3: this migration does not stand"},
        {HEAD REL "migration 1.0.0 " HEX64 " a\n", "sealift.sum:3: expected 'migration"},
        {HEAD REL "migration 1.0.0 " HEX " \n", "sealift.sum:3: expected 'migration"},
        {HEAD REL "migration 1.0.0 " HEX "\n", "sealift.sum:3: expected 'migration"},
        {HEAD REL "migration 1.0.0 " HEX " a\tb\n", "sealift.sum:3: expected 'migration"},
        {HEAD REL MIG MIG, "sealift.sum:4: this migration is already listed"},
        {HEAD REL MIG "migration 1.0.0 " HEX " 0002_b", "sealift.sum:4: the last line is cut"},
        {HEAD REL MIG "<<<<<<< HEAD\n", "sealift.sum:4: a merge left its conflict here"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Error err = {0};
        SumFile sum = {0};
        folder_write(&folder, "sealift.sum", bad[i].text);
        assert_false(sum_file_read(path, &sum, &err));
        assert_int_equal(err.class, ERROR_INPUT);
        assert_ptr_equal(strstr(err.message, bad[i].says), err.message);
        assert_int_equal(sum.releases.count, 0);
        error_done(&err);
    }
}

static void appends_what_reads_back(void **state UNUSED)
{
    Error err = {0};
    SumRelease release = {.version = memory_string("2.0"), .released_at = TIME, .stop = true};
    *array_add(&release.migrations) = (SumMigration){.identity = memory_string("0001_é x")};
    assert_true(sum_file_create(path, &err));
    assert_true(sum_file_append(path, &release, &err));
    SumFile sum = {0};
    assert_true(sum_file_read(path, &sum, &err));
    assert_int_equal(sum.releases.count, 1);
    assert_true(sum.releases.items[0].stop);
    assert_string_equal(sum.releases.items[0].migrations.items[0].identity, "0001_é x");
    sum_file_done(&sum);

    /* the same release again would not read back: nothing is written */
    char *before = NULL, *after = NULL;
    size_t size;
    assert_true(file_read_all(path, 4096, &before, &size, &err));
    assert_false(sum_file_append(path, &release, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    error_done(&err);
    assert_true(file_read_all(path, 4096, &after, &size, &err));
    assert_string_equal(before, after);
    free(before);
    free(after);
    sum_release_done(&release);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_releases_and_migrations),
        TEST(follows_the_line_around_what_is_superseded),
        TEST(takes_a_missing_file_for_an_empty_one),
        TEST(keeps_whose_history_a_version_writes),
        TEST(refuses_every_other_line),
        TEST(appends_what_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
