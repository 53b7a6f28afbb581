#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_tree.h"
#include "base/text.h"
#include "tests/support/unit_test.h"

static char *make_folder(void)
{
    char *path = memory_string("/tmp/sealift-tree-test.XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static void write_file(const char *folder, const char *name)
{
    Error err = {0};
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    assert_true(file_write_atomic(path, 0600, "x", 1, &err));
}

static void removes_everything_below(void **state UNUSED)
{
    CLEANUP(memory_freep) char *top = make_folder();
    CLEANUP(memory_freep) char *deep = memory_format("%s/a/b/c", top);
    Error err = {0};
    assert_true(file_make_folders(deep, 0700, &err));
    write_file(top, "one");
    write_file(deep, "two");
    assert_true(file_tree_remove(top, &err));
    assert_false(file_exists(top));
}

static void removes_links_and_leaves_what_they_lead_to(void **state UNUSED)
{
    CLEANUP(memory_freep) char *top = make_folder();
    CLEANUP(memory_freep) char *other = make_folder();
    CLEANUP(memory_freep) char *link = file_path(top, "link");
    CLEANUP(memory_freep) char *kept = file_path(other, "kept");
    Error err = {0};
    write_file(other, "kept");
    assert_int_equal(symlink(other, link), 0);
    assert_true(file_tree_remove(top, &err));
    assert_false(file_exists(top));
    assert_true(file_exists(kept));
    assert_true(file_tree_remove(other, &err));
}

static void what_is_not_there_is_removed(void **state UNUSED)
{
    Error err = {0};
    assert_true(file_tree_remove("/tmp/sealift-tree-test-never-made", &err));
}

static void names_what_cannot_be_removed(void **state UNUSED)
{
    Error err = {0};
    assert_false(file_tree_remove("/proc/self/fdinfo", &err));
    assert_int_equal(err.class, ERROR_IO);
    assert_non_null(strstr(err.message, "cannot remove"));
    error_done(&err);
}

static void refuses_a_tree_without_end(void **state UNUSED)
{
    CLEANUP(memory_freep) char *top = make_folder();
    CLEANUP(text_done) Text path = {0};
    Error err = {0};
    text_add(&path, top);
    for (int i = 0; i < 70; i++)
        text_add(&path, "/d");
    assert_true(file_make_folders(text_string(&path), 0700, &err));
    assert_false(file_tree_remove(top, &err));
    assert_int_equal(err.class, ERROR_IO);
    error_done(&err);
    /* from the inside out it goes */
    for (int i = 0; i < 70; i++) {
        assert_int_equal(rmdir(text_string(&path)), 0);
        path.bytes[path.length -= 2] = '\0';
    }
    assert_int_equal(rmdir(top), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removes_everything_below),
        cmocka_unit_test(removes_links_and_leaves_what_they_lead_to),
        cmocka_unit_test(what_is_not_there_is_removed),
        cmocka_unit_test(names_what_cannot_be_removed),
        cmocka_unit_test(refuses_a_tree_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
