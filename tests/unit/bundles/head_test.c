#include "tests/support/unit_test.h"

#include "base/memory.h"
#include "base/text.h"
#include "tests/support/test_head.h"

/* Replace the first `from` in the text of a good HEAD by `to`, padding adjusted. */
static void damaged_head(const char *from, const char *to, uint8_t ret_bytes[BUNDLE_HEAD_SIZE])
{
    CLEANUP(error_done) Error err = {0};
    Head head = test_head();
    uint8_t good[BUNDLE_HEAD_SIZE + 1] = {0};
    assert_true(head_format(&head, good, &err));
    const char *found = strstr((const char *)good, from);
    assert_non_null(found);
    CLEANUP(text_done) Text text = {0};
    text_add_n(&text, good, (size_t)(found - (const char *)good));
    text_add(&text, to);
    text_add(&text, found + strlen(from));
    memset(ret_bytes, '\n', BUNDLE_HEAD_SIZE);
    memcpy(ret_bytes, text.bytes, text.length < BUNDLE_HEAD_SIZE ? text.length : BUNDLE_HEAD_SIZE);
}

static void reads_back_what_it_writes(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    Head head = test_head(), again;
    uint8_t bytes[BUNDLE_HEAD_SIZE], rewritten[BUNDLE_HEAD_SIZE];
    assert_true(head_format(&head, bytes, &err));
    assert_true(head_parse(bytes, &again, &err));
    assert_true(head_format(&again, rewritten, &err));
    assert_memory_equal(bytes, rewritten, sizeof(bytes));
    assert_string_equal(again.covers_to, "1.1.0");
    assert_int_equal(again.sequence, 7);
    assert_true(digest_equal(&again.manifest_digest, &head.manifest_digest));
    assert_true(memcmp(bytes, "sealift-bundle 1\nproduct: harbour\nproduct-uuid: ", 48) == 0);
}

static void accepts_what_is_odd_but_legal(void **state UNUSED)
{
    static const struct {
        const char *from, *to;
    } odd[] = {
        {"created: 2024-05-06T07:08:09Z", "created: 1970-01-01T00:00:00Z"},
        {"created: 2024-05-06T07:08:09Z", "created: 2200-01-01T00:00:00Z"},
        {"next-expected: -", "next-expected: 2024-12-01T00:00:00Z"},
        {"sites: *", "sites: alpha,beta-2,gamma"},
        {"environment: *", "environment: staging"},
        {"min-applier: 0.1.0", "min-applier: 0.1"},
        {"min-applier: 0.1.0", "min-applier: 0.1.0-rc1"},
        {"min-applier: 0.1.0", "min-applier: 0.0.99"},
        {"epoch: 0", "epoch: 9007199254740991"},
    };
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        CLEANUP(error_done) Error err = {0};
        uint8_t bytes[BUNDLE_HEAD_SIZE];
        Head head;
        damaged_head(odd[i].from, odd[i].to, bytes);
        if (!head_parse(bytes, &head, &err))
            fail_msg("'%s' is refused: %s", odd[i].to, err.message);
    }
}

/* What of a good HEAD is replaced by what → class and words. */
static const struct {
    const char *from, *to;
    ErrorClass class;
    const char *says;
} damages[] = {
    {"sealift-bundle 1", "sealift-bundle 2", ERROR_TARGET, "format is 2, this program reads 1"},
    {"sealift-bundle 1", "sealift-bundle 2\nnew-key: x", ERROR_TARGET, "format is 2"},
    {"sealift-bundle 1", "sealift-bundle 0", ERROR_INPUT, "no format number"},
    {"sealift-bundle 1", "sealift-bundle 01", ERROR_INPUT, "no format number"},
    {"sealift-bundle 1", "sealift-bundle -1", ERROR_INPUT, "no format number"},
    {"sealift-bundle 1", "sealift-Bundle 1", ERROR_INPUT, "does not begin"},
    {"sealift-bundle 1\n", "\nsealift-bundle 1\n", ERROR_INPUT, "does not begin"},
    {"min-applier: 0.1.0", "min-applier: 0.1.1", ERROR_TARGET, "wants version 0.1.1"},
    {"min-applier: 0.1.0", "min-applier: 0.1.0.1", ERROR_TARGET, "wants version"},
    {"min-applier: 0.1.0", "min-applier: 0.2.0-rc1", ERROR_TARGET, "wants version"},
    {"min-applier: 0.1.0", "min-applier: 1", ERROR_TARGET, "wants version"},
    {"min-applier: 0.1.0\n", "min-applier: 0.10.0\nunknown: x\n", ERROR_TARGET, "wants version"},
    {"min-applier: 0.1.0", "min-applier: -", ERROR_INPUT, "'-' cannot be its min-applier"},
    {"channel: main\n", "", ERROR_INPUT, "'channel' is expected, not 'epoch: 0'"},
    {"channel: main\n", "channel: main\nchannel: main\n", ERROR_INPUT, "'epoch' is expected"},
    {"channel: main\nepoch: 0\n", "epoch: 0\nchannel: main\n", ERROR_INPUT,
     "'channel' is expected"},
    {"channel: main\n", "channel: main\ncolour: red\n", ERROR_INPUT, "'epoch' is expected"},
    {"channel: main", "channel:main", ERROR_INPUT, "'channel' is expected"},
    {"channel: main", "channel:  main", ERROR_INPUT, "cannot be its channel"},
    {"channel: main", "channel: main ", ERROR_INPUT, "cannot be its channel"},
    {"channel: main", "channel: ", ERROR_INPUT, "cannot be its channel"},
    {"channel: main", "Channel: main", ERROR_INPUT, "'channel' is expected"},
    {"channel: main", "channel: ma\x01in", ERROR_INPUT, "byte 0x01"},
    {"channel: main", "channel: ma\tin", ERROR_INPUT, "byte 0x09"},
    {"channel: main\n", "channel: main\r\n", ERROR_INPUT, "byte 0x0d"},
    {"channel: main", "channel: m\xc3\xa4in", ERROR_INPUT, "byte 0xc3"},
    {"channel: main", "channel: main\x7f", ERROR_INPUT, "byte 0x7f"},
    {"channel: main", "channel: Main", ERROR_INPUT, "cannot be its channel"},
    {"channel: main", "channel: *", ERROR_INPUT, "cannot be its channel"},
    {"channel: main", "channel: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     ERROR_INPUT, "cannot be its channel"},
    {"product: harbour", "product: -harbour", ERROR_INPUT, "cannot be its product"},
    {"product-uuid: 3f2b8c1e", "product-uuid: 3F2B8C1E", ERROR_INPUT, "cannot be its product-uuid"},
    {"bundle-id: ", "bundle-id: 0", ERROR_INPUT, "cannot be its bundle-id"},
    {"sequence: 7", "sequence: 8", ERROR_INPUT, "bundle-id is not that of"},
    {"sequence: 7", "sequence: 0", ERROR_INPUT, "cannot be its sequence"},
    {"sequence: 7", "sequence: 07", ERROR_INPUT, "cannot be its sequence"},
    {"sequence: 7", "sequence: -7", ERROR_INPUT, "cannot be its sequence"},
    {"sequence: 7", "sequence: +7", ERROR_INPUT, "cannot be its sequence"},
    {"sequence: 7", "sequence: 7.0", ERROR_INPUT, "cannot be its sequence"},
    {"sequence: 7", "sequence: 9007199254740992", ERROR_INPUT, "cannot be its sequence"},
    {"sequence: 7", "sequence: 18446744073709551616", ERROR_INPUT, "cannot be its sequence"},
    {"floor: 2", "floor: 8", ERROR_INPUT, "floor is above"},
    {"covers-from: 1.0.0", "covers-from: -", ERROR_INPUT, "only one of covers-from and tree-from"},
    {"covers-from: 1.0.0", "covers-from: _1", ERROR_INPUT, "cannot be its covers-from"},
    {"covers-to: 1.1.0", "covers-to: -", ERROR_INPUT, "cannot be its covers-to"},
    {"covers-to: 1.1.0", "covers-to: 1/1", ERROR_INPUT, "cannot be its covers-to"},
    {"tree-to: ", "tree-to: 0", ERROR_INPUT, "cannot be its tree-to"},
    {"previous-head: -", "previous-head: --", ERROR_INPUT, "cannot be its previous-head"},
    {"created: 2024-05-06T", "created: 2024-05-06 ", ERROR_INPUT, "cannot be its created"},
    {"created: 2024-05-06T", "created: 2024-13-06T", ERROR_INPUT, "cannot be its created"},
    {"next-expected: -", "next-expected: soon", ERROR_INPUT, "cannot be its next-expected"},
    {"sites: *", "sites: beta,alpha", ERROR_INPUT, "cannot be its sites"},
    {"sites: *", "sites: alpha,alpha", ERROR_INPUT, "cannot be its sites"},
    {"sites: *", "sites: alpha,", ERROR_INPUT, "cannot be its sites"},
    {"sites: *", "sites: alpha,*", ERROR_INPUT, "cannot be its sites"},
    {"sites: *", "sites: alpha, beta", ERROR_INPUT, "cannot be its sites"},
    {"environment: *", "environment: **", ERROR_INPUT, "cannot be its environment"},
    {"server-min: 13", "server-min: 19", ERROR_INPUT, "server-min is above"},
    {"migrations: 4", "migrations: 0", ERROR_INPUT, "more migrations irreversible"},
    {"unproven: 0", "unproven: 5", ERROR_INPUT, "more migrations irreversible or unproven"},
    {"content-size: 123456", "content-size: 0", ERROR_INPUT, "cannot be its content-size"},
    {"content-blake2b: ", "content-blake2b: A", ERROR_INPUT, "cannot be its content-blake2b"},
    {"manifest-size: 65536", "manifest-size: 16777217", ERROR_INPUT, "over 16777216 bytes"},
    {"built-with: planner", "built-with:  planner", ERROR_INPUT, "cannot be its built-with"},
    {"1.5.4\n", "1.5.4 \n", ERROR_INPUT, "cannot be its built-with"},
    {"1.5.4\n", "1.5.4\nbuilt-by: x\n", ERROR_INPUT, "goes on after built-with"},
    {"1.5.4\n", "1.5.4\n\n\nx", ERROR_INPUT, "goes on after built-with"},
};

static void refuses_every_damage_and_says_which(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(error_done) Error err = {0};
        uint8_t bytes[BUNDLE_HEAD_SIZE];
        Head head = {.sequence = 99};
        damaged_head(damages[i].from, damages[i].to, bytes);
        if (head_parse(bytes, &head, &err))
            fail_msg("'%s' → '%s' is accepted", damages[i].from, damages[i].to);
        if (err.class != damages[i].class || !strstr(err.message, damages[i].says))
            fail_msg("'%s' → '%s': %d %s", damages[i].from, damages[i].to, err.class, err.message);
        assert_int_equal(head.sequence, 99);
    }
}

static void refuses_text_that_has_no_end(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    uint8_t bytes[BUNDLE_HEAD_SIZE];
    Head head;
    memset(bytes, 'x', sizeof(bytes));
    assert_false(head_parse(bytes, &head, &err));
    memcpy(bytes, "sealift-bundle 1\nproduct: ", 26);
    assert_false(head_parse(bytes, &head, &err));
    assert_non_null(strstr(err.message, "'product' is expected"));
    memset(bytes, 0, sizeof(bytes));
    assert_false(head_parse(bytes, &head, &err));
    assert_non_null(strstr(err.message, "byte 0x00"));
}

static void refuses_to_write_what_it_would_not_read(void **state UNUSED)
{
    uint8_t bytes[BUNDLE_HEAD_SIZE];
    CLEANUP(error_done) Error err = {0};
    Head head = test_head();
    snprintf(head.channel, sizeof(head.channel), "Main");
    assert_false(head_format(&head, bytes, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_string_equal(err.message, "'Main' cannot be HEAD's channel");
    head = test_head();
    snprintf(head.built_with, sizeof(head.built_with), "a\nb");
    assert_false(head_format(&head, bytes, &err));
    head = test_head();
    head.sequence = -1;
    assert_false(head_format(&head, bytes, &err));
    head = test_head();
    head.floor = 100;
    assert_false(head_format(&head, bytes, &err));
}

static void holds_the_largest_values(void **state UNUSED)
{
    uint8_t bytes[BUNDLE_HEAD_SIZE];
    CLEANUP(error_done) Error err = {0};
    Head head = test_head();
    memset(head.built_with, 'x', sizeof(head.built_with) - 1);
    memset(head.sites, 0, sizeof(head.sites));
    for (int i = 0; i < 17; i++)
        snprintf(head.sites + strlen(head.sites), sizeof(head.sites) - strlen(head.sites),
                 "%ssite%02d-%052d", i ? "," : "", i, 0);
    snprintf(head.covers_from, sizeof(head.covers_from), "1%063d", 0);
    snprintf(head.covers_to, sizeof(head.covers_to), "2%063d", 0);
    snprintf(head.product, sizeof(head.product), "p%062d", 0);
    snprintf(head.channel, sizeof(head.channel), "c%062d", 0);
    snprintf(head.environment, sizeof(head.environment), "e%062d", 0);
    head.statements = head.content_size = BUNDLE_NUMBER_MAX;
    digest_hex(&head.content_digest, head.previous_head);
    head_bundle_id(head.product_uuid, head.sequence, head.tree_to, head.bundle_id);
    Head again;
    assert_true(head_format(&head, bytes, &err));
    assert_true(head_parse(bytes, &again, &err));
    assert_string_equal(again.sites, head.sites);
}

static void knows_names(void **state UNUSED)
{
    static const char *const good[] = {"a", "0", "a-", "main-2"};
    static const char *const bad[] = {"", "-a", "A", "a_b", "a b", "a/b", "a\n"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(head_name_is_valid(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(head_name_is_valid(bad[i]));
    assert_true(head_version_name_is_valid("2024.1_rc+7-B"));
    assert_false(head_version_name_is_valid(".1"));
    assert_false(head_version_name_is_valid("1 "));
}

static void finds_a_site_in_a_list(void **state UNUSED)
{
    assert_true(head_sites_hold("*", NULL));
    assert_true(head_sites_hold("*", "alpha"));
    assert_true(head_sites_hold("alpha,beta", "alpha"));
    assert_true(head_sites_hold("alpha,beta", "beta"));
    assert_false(head_sites_hold("alpha,beta", "bet"));
    assert_false(head_sites_hold("alpha,beta", "alpha,beta"));
    assert_false(head_sites_hold("alpha,beta", "gamma"));
    assert_false(head_sites_hold("alpha", NULL));
    assert_false(head_sites_hold("alpha", ""));
}

static void makes_the_bundle_id(void **state UNUSED)
{
    /* printf '3f2b8c1e-0000-4000-8000-00000000000a\n7\nabc' | b2sum | cut -c1-32 */
    char id[33];
    head_bundle_id(TEST_PRODUCT_UUID, 7, "abc", id);
    assert_string_equal(id, "81c5b2c59ff8ccea8b4030474ce584be");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_writes),
        cmocka_unit_test(accepts_what_is_odd_but_legal),
        cmocka_unit_test(refuses_every_damage_and_says_which),
        cmocka_unit_test(refuses_text_that_has_no_end),
        cmocka_unit_test(refuses_to_write_what_it_would_not_read),
        cmocka_unit_test(holds_the_largest_values),
        cmocka_unit_test(knows_names),
        cmocka_unit_test(finds_a_site_in_a_list),
        cmocka_unit_test(makes_the_bundle_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
