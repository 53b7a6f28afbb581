#include "tests/support/unit_test.h"

#include "applier/rehearsal/rehearsal_cluster.h"
#include "base/memory.h"

static void expect(const char *conninfo, const char *other)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(memory_freep) char *got = NULL;
    assert_true(rehearsal_cluster_conninfo(conninfo, "other", &got, &err));
    assert_string_equal(got, other);
}

static void only_the_database_is_another(void **state UNUSED)
{
    expect(NULL, "dbname='other'");
    expect("postgres", "dbname='other'");
    expect("host=/tmp/s port=5433 dbname=postgres user=me",
           "dbname='other' user='me' host='/tmp/s' port='5433'");
    expect("postgresql://me@h:5433/postgres?connect_timeout=3",
           "dbname='other' user='me' connect_timeout='3' host='h' port='5433'");
}

static void values_are_quoted(void **state UNUSED)
{
    expect("password='it\\'s a \\\\' dbname=x", "dbname='other' password='it\\'s a \\\\'");
}

static void refuses_what_cannot_be_read(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    char *got = NULL;
    assert_false(rehearsal_cluster_conninfo("host = 'open", "other", &got, &err));
    assert_int_equal(err.class, ERROR_USAGE);
    assert_null(got);
}

static void closing_what_was_not_opened(void **state UNUSED)
{
    RehearsalCluster cluster = {0};
    rehearsal_cluster_close(&cluster);
    assert_null(cluster.admin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_database_is_another),
        cmocka_unit_test(values_are_quoted),
        cmocka_unit_test(refuses_what_cannot_be_read),
        cmocka_unit_test(closing_what_was_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
