#include "tests/support/unit_test.h"

#include <unistd.h>

#include "applier/site/trust_store.h"
#include "tests/support/test_envelope.h"
#include "tests/support/test_site.h"

#define COMMENT "sealift/1 release product=harbour sequence=7"

static Envelope envelope;
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

static void create(Keyring keyring)
{
    CLEANUP(error_done) Error err = {0};
    if (!trust_store_create(&config, &keyring, &err))
        fail_msg("%s", err.message);
}

static Keyring for_product(Keyring keyring, const char *uuid)
{
    snprintf(keyring.product_uuid, sizeof(keyring.product_uuid), "%s", uuid);
    return keyring;
}

static void load(TrustStore *store)
{
    CLEANUP(error_done) Error err = {0};
    if (!trust_store_load(&config, store, &err))
        fail_msg("%s", err.message);
}

static void expect_load_error(const char *says)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(trust_store_done) TrustStore store = {0};
    if (trust_store_load(&config, &store, &err))
        fail_msg("loaded; '%s' is expected", says);
    if (err.class != ERROR_CONFIG || !strstr(err.message, says))
        fail_msg("%d %s; '%s' is expected", err.class, err.message, says);
}

static void says_how_to_begin_where_nothing_is_trusted(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(trust_store_done) TrustStore store = {0};
    assert_false(trust_store_load(&config, &store, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_string_equal(err.hint, "applier trust init --key FILE.pub");
    assert_true(file_make_folders(site.config, 0755, &err));
    CLEANUP(memory_freep) char *empty = memory_format("%s/trust.d", site.config);
    assert_true(file_make_folders(empty, 0755, &err));
    expect_load_error("trusts no key yet");
}

static void keeps_a_first_record_and_never_replaces_it(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(trust_store_done) TrustStore store = {0};
    Keyring keyring = test_record0("\1\2", 2), other = test_record0("\3", 1);
    create(keyring);
    load(&store);
    assert_int_equal(store.count, 1);
    assert_string_equal(store.folders[0], "any");
    assert_true(digest_equal(&store.keyrings[0].digest, &keyring.digest));
    assert_false(trust_store_create(&config, &other, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.message, "is already there"));
}

static void tries_products_before_any(void **state UNUSED)
{
    static const char *const uuids[] = {"0f2b8c1e-0000-4000-8000-00000000000a", TEST_PRODUCT_UUID,
                                        "ff2b8c1e-0000-4000-8000-00000000000a"};
    CLEANUP(trust_store_done) TrustStore store = {0};
    create(test_record0("\x9", 1));
    for (size_t i = 0; i < ARRAY_LEN(uuids); i++)
        create(for_product(test_record0("\1", 1), uuids[i]));
    load(&store);
    assert_int_equal(store.count, 4);
    for (size_t i = 0; i < ARRAY_LEN(uuids); i++)
        assert_string_equal(store.folders[i], uuids[i]);
    assert_string_equal(store.folders[3], "any");
    assert_int_equal(store.keyrings[3].roots[0].public_key.id[0], 9);
}

static void a_products_own_folder_wins_over_any(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(trust_store_done) TrustStore store = {0};
    Head head = test_head(), other = test_head();
    snprintf(other.product_uuid, sizeof(other.product_uuid), "%s", TEST_OTHER_UUID);
    create(test_record0("\x9", 1));
    create(for_product(test_record0("\1", 1), TEST_PRODUCT_UUID));
    load(&store);
    assert_true(trust_store_check_choice(&store, 0, &head, &err));
    assert_true(trust_store_check_choice(&store, 1, &other, &err));
    assert_false(trust_store_check_choice(&store, 1, &head, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    assert_non_null(strstr(err.message, "has a keyring of its own here"));
    assert_false(trust_store_check_choice(&store, 0, &other, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    assert_non_null(strstr(err.message, "trusted for product " TEST_PRODUCT_UUID " only"));
}

/* The envelope of a bundle that carries record 1 over `zero`, signed by release key 2. */
static Keyring bring_record1(const Keyring *zero)
{
    CLEANUP(text_done) Text records = {0};
    Keyring one = test_successor(zero, "\1", "\2");
    Head head = test_head();
    test_add_record(&one, "\1", &records);
    test_envelope(&head, &records, 1, &envelope);
    test_envelope_sign(&envelope, 2, COMMENT);
    return one;
}

static void stores_what_a_bundle_brings(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(trust_store_done) TrustStore store = {0}, after = {0};
    Keyring zero = for_product(test_record0("\1", 1), TEST_PRODUCT_UUID);
    create(zero);
    load(&store);
    Keyring one = bring_record1(&zero);
    assert_true(trust_store_accept(&config, &store, 0, &envelope, &err));
    load(&after);
    assert_int_equal(after.count, 1);
    assert_int_equal(after.keyrings[0].version, 1);
    assert_true(digest_equal(&after.keyrings[0].digest, &one.digest));
    /* once more: nothing is newer */
    assert_true(trust_store_accept(&config, &after, 0, &envelope, &err));
}

static void what_any_accepts_goes_to_the_product(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(trust_store_done) TrustStore store = {0}, after = {0};
    Keyring zero = test_record0("\1", 1);
    create(zero);
    load(&store);
    bring_record1(&zero);
    assert_true(trust_store_accept(&config, &store, 0, &envelope, &err));
    load(&after);
    assert_int_equal(after.count, 2);
    assert_string_equal(after.folders[0], TEST_PRODUCT_UUID);
    assert_int_equal(after.keyrings[0].version, 1);
    assert_string_equal(after.folders[1], "any");
    assert_int_equal(after.keyrings[1].version, 0);
}

/* Interrupted after record 0 was copied: the next run goes on from there. */
static void goes_on_after_an_interruption(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(trust_store_done) TrustStore store = {0}, after = {0};
    CLEANUP(text_done) Text text = {0};
    Keyring zero = test_record0("\1", 1);
    create(zero);
    assert_true(keyring_format(&zero, 0, &text, &err));
    test_site_write(&site, "trust.d/" TEST_PRODUCT_UUID "/keyring.0", text.bytes, text.length);
    bring_record1(&zero);
    load(&store);
    assert_string_equal(store.folders[0], TEST_PRODUCT_UUID);
    assert_true(trust_store_accept(&config, &store, 0, &envelope, &err));
    load(&after);
    assert_int_equal(after.keyrings[0].version, 1);
}

static bool is_there(const char *name)
{
    CLEANUP(memory_freep) char *path = file_path(site.config, name);
    return file_exists(path);
}

/* Killed while the product's folder was being made: it is not there, and the next run makes it. */
static void begins_anew_after_an_early_interruption(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(trust_store_done) TrustStore store = {0}, after = {0};
    Keyring zero = test_record0("\1", 1);
    create(zero);
    test_site_write(&site, "trust.d/." TEST_PRODUCT_UUID "/keyring.0", "x", 1);
    load(&store);
    assert_int_equal(store.count, 1);
    bring_record1(&zero);
    assert_true(trust_store_accept(&config, &store, 0, &envelope, &err));
    load(&after);
    assert_string_equal(after.folders[0], TEST_PRODUCT_UUID);
    assert_int_equal(after.keyrings[0].version, 1);
    assert_false(is_there("trust.d/." TEST_PRODUCT_UUID));
}

/* Another run was faster: what it wrote stays. */
static void replaces_no_folder_that_is_there(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(trust_store_done) TrustStore store = {0};
    Keyring zero = test_record0("\1", 1);
    create(zero);
    load(&store);
    bring_record1(&zero);
    test_site_write(&site, "trust.d/" TEST_PRODUCT_UUID "/mine", "x", 1);
    assert_false(trust_store_accept(&config, &store, 0, &envelope, &err));
    assert_int_equal(err.class, ERROR_IO);
    assert_non_null(strstr(err.message, "cannot put "));
    assert_true(is_there("trust.d/" TEST_PRODUCT_UUID "/mine"));
}

/* A folder that began as a copy of `any` does not stand in other products' way to `any`. */
static void a_folder_is_for_its_product_only(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text text = {0};
    CLEANUP(trust_store_done) TrustStore store = {0};
    Keyring zero = test_record0("\1", 1);
    create(zero);
    assert_true(keyring_format(&zero, 0, &text, &err));
    test_site_write(&site, "trust.d/" TEST_OTHER_UUID "/keyring.0", text.bytes, text.length);
    load(&store);
    assert_string_equal(store.folders[0], TEST_OTHER_UUID);
    assert_string_equal(store.keyrings[0].product_uuid, TEST_OTHER_UUID);
    assert_string_equal(store.keyrings[1].product_uuid, "-");
}

/* Without keyring.1, keyring.0 would count again, with keys that were revoked since. */
static void refuses_a_record_that_was_lost(void **state UNUSED)
{
    CLEANUP(text_done) Text good = {0};
    CLEANUP(memory_freep) char *first = file_path(site.config, "trust.d/any/keyring.1");
    Keyring zero = test_record0("\1", 1);
    Keyring one = test_successor(&zero, "\1", "\2");
    create(zero);
    test_add_record(&one, "\1", &good);
    test_site_write(&site, "trust.d/any/keyring.2", good.bytes, good.length);
    expect_load_error("holds 'keyring.2', but no 'keyring.1' that can be read");
    assert_int_equal(symlink("/nowhere", first), 0);
    expect_load_error("holds 'keyring.1', but no 'keyring.1' that can be read");
    CLEANUP(trust_store_done) TrustStore store = {0};
    CLEANUP(memory_freep) char *second = file_path(site.config, "trust.d/any/keyring.2");
    assert_int_equal(unlink(first), 0);
    assert_int_equal(unlink(second), 0);
    test_site_write(&site, "trust.d/any/keyring.old", "x", 1); /* a person's copy is nothing */
    load(&store);
}

static void refuses_links(void **state UNUSED)
{
    CLEANUP(memory_freep) char *record = file_path(site.config, "trust.d/any/keyring.0");
    CLEANUP(memory_freep) char *moved = file_path(site.config, "elsewhere");
    CLEANUP(memory_freep) char *folder = file_path(site.config, "trust.d/" TEST_PRODUCT_UUID);
    create(test_record0("\1", 1));
    assert_int_equal(symlink("any", folder), 0);
    expect_load_error("is neither the folder of a product's UUID nor 'any'");
    assert_int_equal(unlink(folder), 0);
    assert_int_equal(rename(record, moved), 0);
    assert_int_equal(symlink(moved, record), 0);
    expect_load_error("is a symbolic link, not a regular file");
}

static void refuses_records_that_do_not_follow(void **state UNUSED)
{
    CLEANUP(text_done) Text good = {0}, long_text = {0}, stranger = {0};
    Keyring zero = for_product(test_record0("\1", 1), TEST_PRODUCT_UUID);
    Keyring one = test_successor(&zero, "\1", "\2");
    create(zero);
    test_add_record(&one, "\1", &good);
    const char *name = "trust.d/" TEST_PRODUCT_UUID "/keyring.1";
    test_site_write(&site, name, good.bytes, good.length - 3);
    expect_load_error("keyring.1': keyring: signature 1 of 1");
    text_add(&long_text, good.bytes);
    text_add(&long_text, "\n");
    test_site_write(&site, name, long_text.bytes, long_text.length);
    expect_load_error("something stands behind the record");
    one = test_successor(&zero, "\3", "\2");
    test_add_record(&one, "\3", &stranger);
    test_site_write(&site, name, stranger.bytes, stranger.length);
    expect_load_error("has 0 of 1 signatures that version 0 wants");
    test_site_write(&site, name, good.bytes, good.length);
    test_site_write(&site, "trust.d/" TEST_PRODUCT_UUID "/keyring.2", good.bytes, good.length);
    expect_load_error("keyring.2': ");
    test_site_write(&site, "trust.d/" TEST_PRODUCT_UUID "/keyring.0", "x", 1);
    expect_load_error("keyring.0': keyring: does not begin");
    char large[KEYRING_RECORD_MAX + 1] = "";
    test_site_write(&site, "trust.d/" TEST_PRODUCT_UUID "/keyring.0", large, sizeof(large));
    expect_load_error("is larger than");
}

static void refuses_a_first_record_that_is_none(void **state UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    Keyring zero = test_record0("\1", 1);
    Keyring one = test_successor(&zero, "\1", "\2");
    test_add_record(&one, "", &text);
    test_site_write(&site, "trust.d/any/keyring.0", text.bytes, text.length);
    expect_load_error("keyring.0': version 1 instead of 0");
}

static void refuses_more_folders_than_it_can_try(void **state UNUSED)
{
    for (unsigned i = 0; i <= TRUST_STORE_MAX; i++) {
        char uuid[UUID_TEXT_SIZE];
        snprintf(uuid, sizeof(uuid), "0f2b8c1e-0000-4000-8000-0000000000%02x", i);
        create(for_product(test_record0("\1", 1), uuid));
    }
    expect_load_error("holds more than 64 keyrings");
}

static void refuses_folders_that_are_none_of_ours(void **state UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    CLEANUP(error_done) Error err = {0};
    create(test_record0("\1", 1));
    test_site_write(&site, "trust.d/.any.swp", "x", 1); /* an editor's file is nothing */
    CLEANUP(trust_store_done) TrustStore store = {0};
    load(&store);
    test_site_write(&site, "trust.d/notes", "x", 1);
    expect_load_error("notes' is neither the folder of a product's UUID nor 'any'");
    CLEANUP(memory_freep) char *notes = memory_format("%s/trust.d/notes", site.config);
    assert_int_equal(remove(notes), 0);
    Keyring keyring = for_product(test_record0("\1", 1), TEST_OTHER_UUID);
    assert_true(keyring_format(&keyring, 0, &text, &err));
    test_site_write(&site, "trust.d/" TEST_PRODUCT_UUID "/keyring.0", text.bytes, text.length);
    expect_load_error("is for product " TEST_OTHER_UUID);
    test_site_write(&site, "trust.d/ff2b8c1e-0000-4000-8000-00000000000a/keyring.1", "x", 1);
    CLEANUP(memory_freep)
    char *path = memory_format("%s/trust.d/%s/keyring.0", site.config, TEST_PRODUCT_UUID);
    assert_int_equal(remove(path), 0);
    expect_load_error("there is no '");
}

static void refuses_what_others_may_write(void **state UNUSED)
{
    static const char *const names[] = {".", "trust.d", "trust.d/any", "trust.d/any/keyring.0"};
    create(test_record0("\1", 1));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(memory_freep) char *path = file_path(site.config, names[i]);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(chmod(path, 0777), 0);
        expect_load_error("may be written by others (mode 0777)");
        assert_int_equal(chmod(path, 0775), 0);
        expect_load_error("may be written by others");
        assert_int_equal(chmod(path, status.st_mode & 07777), 0);
    }
    CLEANUP(trust_store_done) TrustStore store = {0};
    load(&store);
}

#define SITE_TEST(function) cmocka_unit_test_setup_teardown(function, make_site, drop_site)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(says_how_to_begin_where_nothing_is_trusted),
        SITE_TEST(keeps_a_first_record_and_never_replaces_it),
        SITE_TEST(tries_products_before_any),
        SITE_TEST(a_products_own_folder_wins_over_any),
        SITE_TEST(stores_what_a_bundle_brings),
        SITE_TEST(what_any_accepts_goes_to_the_product),
        SITE_TEST(goes_on_after_an_interruption),
        SITE_TEST(begins_anew_after_an_early_interruption),
        SITE_TEST(replaces_no_folder_that_is_there),
        SITE_TEST(a_folder_is_for_its_product_only),
        SITE_TEST(refuses_a_record_that_was_lost),
        SITE_TEST(refuses_links),
        SITE_TEST(refuses_records_that_do_not_follow),
        SITE_TEST(refuses_a_first_record_that_is_none),
        SITE_TEST(refuses_more_folders_than_it_can_try),
        SITE_TEST(refuses_folders_that_are_none_of_ours),
        SITE_TEST(refuses_what_others_may_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
