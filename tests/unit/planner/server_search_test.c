#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_tree.h"
#include "base/text.h"
#include "planner/rehearsal/server_search.h"
#include "tests/support/unit_test.h"

static void reads_the_versions_of_servers(void **state UNUSED)
{
    static const struct {
        const char *line;
        int64_t major;
        const char *version;
        const char *whole;
    } good[] = {
        {"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15, "15.18",
         "15.18 (Debian 15.18-0+deb12u1)"},
        {"postgres (PostgreSQL) 18.4\n", 18, "18.4", "18.4"},
        {"postgres (PostgreSQL) 19beta1\n", 19, "19beta1", "19beta1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        Server server = {0};
        assert_true(server_search_parse(good[i].line, &server));
        assert_int_equal(server.major, good[i].major);
        assert_string_equal(server.version, good[i].version);
        assert_string_equal(server.whole, good[i].whole);
        free(server.version);
        free(server.whole);
    }
}

static void what_is_no_server_has_no_version(void **state UNUSED)
{
    static const char *const bad[] = {"", "postgres", "psql (PostgreSQL) 15.1\n",
                                      "postgres (PostgreSQL) devel\n",
                                      "postgres (PostgreSQL) 0.1\n"};
    Server server = {0};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(server_search_parse(bad[i], &server));
}

static void children_do_not_see_where_we_connect(void **state UNUSED)
{
    assert_false(server_search_keeps_variable("PGHOST=/tmp"));
    assert_false(server_search_keeps_variable("DATABASE_URL=x"));
    assert_false(server_search_keeps_variable("SEALIFT_CONFIG_DIR=/etc"));
    assert_true(server_search_keeps_variable("PATH=/bin"));
}

/* A folder with programs that say they are a server of this version. */
static char *make_server(const char *version)
{
    char *folder = memory_string("/tmp/sealift-server-test.XXXXXX");
    assert_non_null(mkdtemp(folder));
    CLEANUP(memory_freep)
    char *text = memory_format("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version);
    static const char *const programs[] = {"initdb", "postgres"};
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        CLEANUP(memory_freep) char *path = file_path(folder, programs[i]);
        Error err = {0};
        assert_true(file_write_atomic(path, 0755, text, strlen(text), &err));
        assert_int_equal(chmod(path, 0755), 0);
    }
    return folder;
}

static void named_folders_come_first(void **state UNUSED)
{
    CLEANUP(memory_freep) char *first = make_server("15.99");
    CLEANUP(memory_freep) char *second = make_server("15.98");
    CLEANUP(memory_freep) char *third = make_server("10.1");
    StringArray named = {0};
    ServerArray servers = {0};
    Error err = {0};
    *array_add(&named) = first;
    *array_add(&named) = second;
    *array_add(&named) = third;
    assert_true(server_search(&named, &servers, &err));
    assert_string_equal(server_search_find(&servers, 15)->folder, first);
    assert_string_equal(server_search_find(&servers, 10)->version, "10.1");
    assert_int_equal(servers.items[0].major, 10);
    assert_null(server_search_find(&servers, 99));
    server_search_done(&servers);
    array_free(&named);
    assert_true(file_tree_remove(first, &err) && file_tree_remove(second, &err) &&
                file_tree_remove(third, &err));
}

static void a_named_folder_without_server_is_an_error(void **state UNUSED)
{
    StringArray named = {0};
    ServerArray servers = {0};
    Error err = {0};
    *array_add(&named) = "/proc";
    assert_false(server_search(&named, &servers, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.message, "'/proc' holds no PostgreSQL server"));
    assert_int_equal(servers.count, 0);
    array_free(&named);
    error_done(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_versions_of_servers),
        cmocka_unit_test(what_is_no_server_has_no_version),
        cmocka_unit_test(children_do_not_see_where_we_connect),
        cmocka_unit_test(named_folders_come_first),
        cmocka_unit_test(a_named_folder_without_server_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
