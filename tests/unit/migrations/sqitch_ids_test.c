#include "tests/support/unit_test.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "migrations/sqitch_ids.h"

#define VECTORS "tests/vectors/sqitch_ids/"

static void read_plan(const char *path, SqitchPlan *ret_plan)
{
    CLEANUP(error_done) Error err = {0};
    if (!sqitch_plan_read(path, "sqitch.plan", ret_plan, &err))
        fail_msg("%s", err.message);
}

/* "expected" is what sqitch itself says of the plan; make test-tools compares the two again. */
static void are_those_of_sqitch(void **state UNUSED)
{
    CLEANUP(sqitch_plan_done) SqitchPlan plan = {0};
    CLEANUP(text_done) Text found = {0};
    CLEANUP(memory_freep) char *expected = NULL;
    CLEANUP(error_done) Error err = {0};
    size_t size, tag = 0;
    read_plan(VECTORS "sqitch.plan", &plan);
    for (size_t i = 0; i < plan.changes.count; i++) {
        text_addf(&found, "change %s %s\n", plan.changes.items[i].id, plan.changes.items[i].name);
        for (; tag < plan.tags.count && plan.tags.items[tag].changes == i + 1; tag++)
            text_addf(&found, "tag %s %s\n", plan.tags.items[tag].id, plan.tags.items[tag].name);
    }
    assert_true(file_read_all(VECTORS "expected", 1 << 20, &expected, &size, &err));
    assert_string_equal(text_string(&found), expected);
}

/* Made by Perl's URI module: URI->new($_)->canonical. */
static void uris_are_those_of_perl(void **state UNUSED)
{
    static const struct {
        const char *uri;
        const char *canonical;
    } cases[] = {
        {"http://h", "http://h/"},
        {"http://h?q", "http://h?q"},
        {"HTTP://H:/%41%2f", "http://h/A%2F"},
        {"https://Ann@H:443/a b", "https://Ann@h/a%20b"},
        {"https://h:8443/%zz", "https://h:8443/%zz"},
        {"http://[::1]:80/[x]", "http://[::1]/%5Bx%5D"},
        {"ssh://u@H:22/x", "ssh://u@h/x"},
        {"ftp://H:21", "ftp://h"},
        {"mailto:A@B", "mailto:A@B"},
        {"urn:uuid:AA", "urn:uuid:AA"},
        {"git@github.com:x/Y.git", "git@github.com:x/Y.git"},
        {"\xc3\xa9:x", "%C3%A9:x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep) char *found = sqitch_canonical_uri(cases[i].uri);
        assert_string_equal(found, cases[i].canonical);
    }
    assert_null(sqitch_canonical_uri("http://\xc3\xa9.example/"));
}

static void ids_are_forty_small_hex_digits(void **state UNUSED)
{
    assert_true(sqitch_is_id("ba4b4ad416c8f5a1843f40e9f547ee6ad8a5569d"));
    assert_false(sqitch_is_id("ba4b4ad416c8f5a1843f40e9f547ee6ad8a5569"));
    assert_false(sqitch_is_id("BA4b4ad416c8f5a1843f40e9f547ee6ad8a5569d"));
    assert_false(sqitch_is_id("ba4b4ad416c8f5a1843f40e9f547ee6ad8a5569d0"));
}

static void hashes_a_script(void **state UNUSED)
{
    char path[] = "/tmp/sealift-sqitch-XXXXXX", hash[SQITCH_ID_SIZE];
    CLEANUP(error_done) Error err = {0};
    CLEANUP(file_closep) int fd = mkstemp(path);
    assert_true(fd >= 0 && file_write(fd, path, "abc", 3, &err));
    assert_true(sqitch_script_hash(path, hash, &err));
    assert_string_equal(hash, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_int_equal(remove(path), 0);
    assert_false(sqitch_script_hash(path, hash, &err));
    assert_int_equal(err.class, ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_those_of_sqitch),
        cmocka_unit_test(uris_are_those_of_perl),
        cmocka_unit_test(ids_are_forty_small_hex_digits),
        cmocka_unit_test(hashes_a_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
