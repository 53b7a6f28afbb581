#include "tests/support/unit_test.h"

#include "applier/site/site_state.h"
#include "tests/support/test_head.h"
#include "tests/support/test_site.h"

#define DATABASE_UUID "7f2b8c1e-0000-4000-8000-00000000000d"

static TestSite site;
static SiteConfig config;

static int make_site(void **state UNUSED)
{
    Error err = {0};
    site = test_site();
    return site_config_read(&config, &err) ? 0 : -1;
}

static int drop_site(void **state UNUSED)
{
    site_config_done(&config);
    test_site_done(&site);
    return 0;
}

static char *state_path(void)
{
    return memory_format("%s/%s/%s/state", site.state, TEST_PRODUCT_UUID, DATABASE_UUID);
}

static bool read_state(SiteState *ret_state, bool *ret_present, Error *err)
{
    return site_state_read(&config, TEST_PRODUCT_UUID, DATABASE_UUID, ret_state, ret_present, err);
}

static void write_sample(void)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_state_done) SiteState sample = {0};
    Digest one = digest_of("one", 3), two = digest_of("two", 3);
    bool present = true;
    assert_true(read_state(&sample, &present, &err));
    assert_false(present);
    site_state_raise(&sample, 1, 5, 2, 1714979289);
    digest_hex(&two, sample.journal_head);
    assert_true(site_state_add_applied(&sample, 7, &one, &err));
    assert_true(site_state_add_applied(&sample, 6, &two, &err));
    assert_true(site_state_add_applied(&sample, 7, &one, &err)); /* once is enough */
    assert_true(site_state_write(&config, &sample, &err));
}

static void reads_back_what_it_writes(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_state_done) SiteState again = {0};
    CLEANUP(memory_freep) char *path = state_path();
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    Digest one = digest_of("one", 3), three = digest_of("three", 5);
    bool present = false;
    write_sample();
    assert_true(read_state(&again, &present, &err));
    assert_true(present);
    assert_int_equal(again.epoch, 1);
    assert_int_equal(again.floor, 5);
    assert_int_equal(again.keyring_version, 2);
    assert_string_equal(again.latest_time, "2024-05-06T07:08:09Z");
    assert_string_equal(again.last_receipt, "-");
    assert_int_equal(again.applied.count, 2);
    assert_int_equal(again.applied.items[1].sequence, 6);
    assert_true(site_state_holds(&again, &one));
    assert_false(site_state_holds(&again, &three));
    assert_null(site_state_find(&again, 8));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
}

static void knows_two_bundles_under_one_number(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_state_done) SiteState known = {0};
    Digest other = digest_of("other", 5);
    write_sample();
    assert_true(read_state(&known, NULL, &err));
    assert_false(site_state_add_applied(&known, 7, &other, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    assert_non_null(strstr(err.message, "sequence 7 is known here as another bundle"));
}

static void only_raises(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_state_done) SiteState known = {0};
    write_sample();
    assert_true(read_state(&known, NULL, &err));
    site_state_raise(&known, 0, 9, 1, 0);
    assert_int_equal(known.epoch, 1);
    assert_int_equal(known.floor, 5);
    assert_int_equal(known.keyring_version, 2);
    assert_string_equal(known.latest_time, "2024-05-06T07:08:09Z");
    site_state_raise(&known, 1, 6, 3, 1714979290);
    assert_int_equal(known.floor, 6);
    assert_string_equal(known.latest_time, "2024-05-06T07:08:10Z");
    site_state_raise(&known, 2, 1, 3, 0);
    assert_int_equal(known.epoch, 2);
    assert_int_equal(known.floor, 1);
}

/* What of a good file is replaced by what → words. */
static const struct {
    const char *from, *to, *says;
} damages[] = {
    {"sealift-state 1", "sealift-state 2", "it is no state file"},
    {"product-uuid: 3f2b", "product-uuid: 4f2b", "its product-uuid is '4f2b"},
    {"database-uuid: 7f2b", "database-uuid: 8f2b", "its database-uuid is '8f2b"},
    {"epoch: 1", "epoch: 01", "'01' cannot be its epoch"},
    {"epoch: 1\n", "", "'epoch:' is expected where 'floor: 5' stands"},
    {"floor: 5", "floor: -5", "cannot be its floor"},
    {"latest-time: 2024-05-06", "latest-time: yesterday", "cannot be its latest-time"},
    {"last-receipt: -", "last-receipt: x", "cannot be its last-receipt"},
    {"journal-head: ", "journal-head: F", "cannot be its journal-head"},
    {"applied: 7 ", "applied: 7  ", "is no applied bundle"},
    {"applied: 7 ", "applied: 7", "is no applied bundle"},
    {"applied: 7 ", "applied: 6 ", "known here as another bundle"},
    {"end: 2", "end: 3", "end line does not count"},
    {"end: 2\n", "end: 2\nmore\n", "end line does not count"},
    {"end: 2\n", "", "'end:' is expected"},
    {"end: 2\n", "end: 2", "'end:' is expected"},
};

static void refuses_a_damaged_file(void **state UNUSED)
{
    CLEANUP(error_done) Error io = {0};
    CLEANUP(memory_freep) char *path = state_path();
    CLEANUP(memory_freep) char *good = NULL;
    size_t size;
    write_sample();
    assert_true(file_read_all(path, 65536, &good, &size, &io));
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(site_state_done) SiteState read = {0};
        CLEANUP(text_done) Text bad = {0};
        const char *found = strstr(good, damages[i].from);
        assert_non_null(found);
        text_add_n(&bad, good, (size_t)(found - good));
        text_add(&bad, damages[i].to);
        text_add(&bad, found + strlen(damages[i].from));
        assert_true(file_write_atomic(path, 0600, bad.bytes, bad.length, &io));
        if (read_state(&read, NULL, &err))
            fail_msg("'%s' → '%s' is accepted", damages[i].from, damages[i].to);
        if (err.class != ERROR_CONFIG || !strstr(err.message, damages[i].says))
            fail_msg("'%s' → '%s': %d %s", damages[i].from, damages[i].to, err.class, err.message);
        assert_non_null(strstr(err.message, "is damaged"));
    }
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_state_done) SiteState read = {0};
    good[20] = '\0';
    assert_true(file_write_atomic(path, 0600, good, size, &io));
    assert_false(read_state(&read, NULL, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(read_state(&read, NULL, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
}

static void says_where_it_cannot_write(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_state_done) SiteState sample = {0};
    assert_true(read_state(&sample, NULL, &err));
    assert_true(file_write_atomic(site.state, 0600, "a file", 6, &err));
    assert_false(site_state_write(&config, &sample, &err));
    assert_int_equal(err.class, ERROR_IO);
}

static void makes_paths_of_uuids_only(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_state_done) SiteState sample = {0};
    assert_false(site_state_read(&config, "../../etc", DATABASE_UUID, &sample, NULL, &err));
    assert_int_equal(err.class, ERROR_INTERNAL);
    assert_false(site_state_read(&config, TEST_PRODUCT_UUID, "", &sample, NULL, &err));
    assert_int_equal(err.class, ERROR_INTERNAL);
}

#define SITE_TEST(function) cmocka_unit_test_setup_teardown(function, make_site, drop_site)

static void holds_no_more_than_it_can_read(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_state_done) SiteState full = {0};
    Digest digest = digest_of("one", 3);
    for (int64_t i = 0; i < SITE_STATE_APPLIED_MAX; i++)
        *array_add(&full.applied) = (SiteApplied){i + 1, digest};
    assert_false(site_state_add_applied(&full, SITE_STATE_APPLIED_MAX + 1, &digest, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.message, "no more fit"));
    assert_int_equal(full.applied.count, SITE_STATE_APPLIED_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(reads_back_what_it_writes),
        SITE_TEST(knows_two_bundles_under_one_number),
        SITE_TEST(only_raises),
        SITE_TEST(refuses_a_damaged_file),
        SITE_TEST(says_where_it_cannot_write),
        SITE_TEST(makes_paths_of_uuids_only),
        cmocka_unit_test(holds_no_more_than_it_can_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
