#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_tree.h"
#include "base/text.h"
#include "planner/rehearsal/scratch_cluster.h"
#include "tests/support/unit_test.h"

/* Each test has a TMPDIR of its own. */
static int make_place(void **state)
{
    char *place = memory_string("/tmp/sealift-place.XXXXXX");
    assert_non_null(mkdtemp(place));
    assert_int_equal(chmod(place, 0755), 0);
    setenv("TMPDIR", place, 1);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    Error err = {0};
    assert_true(file_tree_remove(*state, &err));
    free(*state);
    return 0;
}

static void a_folder_is_made_and_goes(void **state)
{
    ScratchFolder folder = {.lock = -1};
    Error err = {0};
    assert_true(scratch_folder_make(&folder, &err));
    assert_true(text_has_prefix(folder.path, *state));
    CLEANUP(memory_freep) char *path = memory_string(folder.path);
    assert_true(file_exists(path));
    scratch_folder_done(&folder);
    assert_false(file_exists(path));
}

static void what_others_left_is_removed_and_what_they_use_is_not(void **state)
{
    CLEANUP(memory_freep) char *left = memory_format("%s/sealift-rehearsal.killed", (char *)*state);
    CLEANUP(memory_freep) char *young = memory_format("%s/sealift-rehearsal.young", (char *)*state);
    CLEANUP(memory_freep) char *owner = file_path(left, "owner");
    ScratchFolder used = {.lock = -1}, folder = {.lock = -1};
    Error err = {0};
    assert_true(scratch_folder_make(&used, &err));
    assert_true(file_make_folders(left, 0700, &err));
    assert_true(file_write_atomic(owner, 0600, "", 0, &err));
    assert_true(file_make_folders(young, 0700, &err)); /* is being made just now */
    assert_true(scratch_folder_make(&folder, &err));
    assert_false(file_exists(left));
    assert_true(file_exists(young));
    assert_true(file_exists(used.path));
    scratch_folder_done(&folder);
    scratch_folder_done(&used);
}

static void refuses_a_path_too_long_for_a_socket(void **state)
{
    CLEANUP(memory_freep)
    char *place = memory_format("%s/%080d", (const char *)*state, 1);
    ScratchFolder folder = {.lock = -1};
    Error err = {0};
    assert_true(file_make_folders(place, 0755, &err));
    setenv("TMPDIR", place, 1);
    assert_false(scratch_folder_make(&folder, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.message, "too long"));
    assert_int_equal(rmdir(place), 0); /* nothing was left in it */
    error_done(&err);
}

static void refuses_a_path_that_settings_cannot_hold(void **state)
{
    CLEANUP(memory_freep) char *place = memory_format("%s/o'clock", (const char *)*state);
    ScratchFolder folder = {.lock = -1};
    Error err = {0};
    assert_true(file_make_folders(place, 0755, &err));
    setenv("TMPDIR", place, 1);
    assert_false(scratch_folder_make(&folder, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    error_done(&err);
}

static void a_place_that_is_not_there_is_named(void **state UNUSED)
{
    ScratchFolder folder = {.lock = -1};
    Error err = {0};
    setenv("TMPDIR", "/nowhere", 1);
    assert_false(scratch_folder_make(&folder, &err));
    assert_int_equal(err.class, ERROR_IO);
    assert_non_null(strstr(err.message, "/nowhere"));
    error_done(&err);
}

/* initdb and postgres as scripts that fail in their own way. */
static char *make_server(const char *place, const char *initdb, const char *postgres)
{
    char *folder = file_path(place, "bin");
    Error err = {0};
    assert_true(file_make_folders(folder, 0755, &err));
    const char *const programs[][2] = {{"initdb", initdb}, {"postgres", postgres}};
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        CLEANUP(memory_freep) char *path = file_path(folder, programs[i][0]);
        CLEANUP(memory_freep) char *text = memory_format("#!/bin/sh\n%s\n", programs[i][1]);
        assert_true(file_write_atomic(path, 0755, text, strlen(text), &err));
        assert_int_equal(chmod(path, 0755), 0);
    }
    return folder;
}

/* Advance until it is ready or has failed. */
static bool bring_up(ScratchCluster *cluster, Error *err)
{
    while (cluster->state != SCRATCH_READY) {
        if (!scratch_cluster_advance(cluster, err))
            return false;
        (void)usleep(2000);
    }
    return true;
}

static void check_failure(const char *place, const char *initdb, const char *postgres,
                          const char *message, const char *detail)
{
    CLEANUP(memory_freep) char *bin = make_server(place, initdb, postgres);
    char version[] = "15.1";
    const Server server = {.folder = bin, .major = 15, .version = version};
    ScratchFolder folder = {.lock = -1};
    ScratchCluster cluster = {0};
    Error err = {0};
    assert_true(scratch_folder_make(&folder, &err));
    assert_true(scratch_cluster_begin(&folder, &server, &cluster, &err));
    assert_false(bring_up(&cluster, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.message, message));
    assert_non_null(strstr(err.detail, detail));
    scratch_cluster_remove(&cluster);
    scratch_folder_done(&folder);
    error_done(&err);
}

static void says_what_initdb_says(void **state)
{
    check_failure(*state, "echo 'no room for it' >&2; exit 1", "exit 0", "initdb did not succeed",
                  "no room for it");
}

static void says_what_the_server_says(void **state)
{
    check_failure(*state, "mkdir data; : > data/postgresql.conf", "echo 'no shared memory'; exit 1",
                  "the server did not start", "no shared memory");
}

static void notices_that_a_ready_server_died(void **state)
{
    static const char postgres[] = "printf '1\\n2\\n3\\n4\\n5\\n6\\n7\\nready   \\n' > "
                                   "data/postmaster.pid\nsleep 0.2\necho 'gone now'\nexit 2";
    CLEANUP(memory_freep)
    char *bin = make_server(*state, "mkdir data; : > data/postgresql.conf", postgres);
    char version[] = "15.1";
    const Server server = {.folder = bin, .major = 15, .version = version};
    ScratchFolder folder = {.lock = -1};
    ScratchCluster cluster = {0};
    Error err = {0};
    assert_true(scratch_folder_make(&folder, &err));
    assert_true(scratch_cluster_begin(&folder, &server, &cluster, &err));
    assert_true(bring_up(&cluster, &err));
    while (scratch_cluster_advance(&cluster, &err))
        (void)usleep(2000);
    assert_non_null(strstr(err.message, "the server died"));
    scratch_cluster_remove(&cluster);
    scratch_folder_done(&folder);
    error_done(&err);
}

int main(void)
{
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        PLACED(a_folder_is_made_and_goes),
        PLACED(what_others_left_is_removed_and_what_they_use_is_not),
        PLACED(refuses_a_path_too_long_for_a_socket),
        PLACED(refuses_a_path_that_settings_cannot_hold),
        PLACED(a_place_that_is_not_there_is_named),
        PLACED(says_what_initdb_says),
        PLACED(says_what_the_server_says),
        PLACED(notices_that_a_ready_server_died),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
