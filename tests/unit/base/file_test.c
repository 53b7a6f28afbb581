#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/unit_test.h"

static char folder[64];

static int make_folder(void **state UNUSED)
{
    memcpy(folder, "/tmp/file-test.XXXXXX", 22);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state UNUSED)
{
    FileEntryArray entries;
    Error err = {0};
    if (!file_list(folder, &entries, &err))
        return -1;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        remove(path);
    }
    file_entries_free(&entries);
    return rmdir(folder);
}

static void an_atomic_write_replaces_or_leaves(void **state UNUSED)
{
    CLEANUP(memory_freep) char *path = file_path(folder, "a");
    Error err = {0};
    assert_true(file_write_atomic(path, 0600, "one", 3, &err));
    assert_true(file_write_atomic(path, 0644, "three", 5, &err));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    assert_true(file_read_all(path, 5, &bytes, &size, &err));
    assert_string_equal(bytes, "three");
    /* a draft that is given up leaves the file and no other name */
    FileDraft draft;
    assert_true(file_draft_open(path, 0644, &draft, &err));
    assert_true(file_write(draft.fd, path, "x", 1, &err));
    file_draft_done(&draft);
    FileEntryArray entries;
    assert_true(file_list(folder, &entries, &err));
    assert_int_equal(entries.count, 1);
    file_entries_free(&entries);
}

static void a_new_file_never_replaces(void **state UNUSED)
{
    CLEANUP(memory_freep) char *path = file_path(folder, "b");
    Error err = {0};
    assert_true(file_write_atomic(path, 0600, "one", 3, &err));
    CLEANUP(file_draft_done) FileDraft draft = {.fd = -1};
    assert_true(file_draft_open(path, 0600, &draft, &err));
    assert_false(file_draft_commit_new(&draft, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    error_done(&err);
}

static void reads_regular_files_only(void **state UNUSED)
{
    CLEANUP(memory_freep) char *file = file_path(folder, "c");
    CLEANUP(memory_freep) char *link_path = file_path(folder, "link");
    CLEANUP(memory_freep) char *fifo = file_path(folder, "fifo");
    Error err = {0};
    assert_true(file_write_atomic(file, 0600, "12345", 5, &err));
    assert_int_equal(symlink("c", link_path), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const struct {
        const char *path;
        ErrorClass class;
        const char *says;
    } bad[] = {
        {link_path, ERROR_INPUT, "is a symbolic link"},
        {fifo, ERROR_INPUT, "is not a regular file"}, /* and does not wait for a writer */
        {folder, ERROR_INPUT, "is not a regular file"},
        {"/dev/null", ERROR_INPUT, "is not a regular file"},
        {"/nowhere/at/all", ERROR_IO, "cannot open"},
        {file, ERROR_INPUT, "is larger than 4 bytes"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char *bytes = NULL;
        size_t size = 0;
        assert_false(file_read_all(bad[i].path, 4, &bytes, &size, &err));
        assert_int_equal(err.class, bad[i].class);
        assert_non_null(strstr(err.message, bad[i].says));
        assert_null(bytes);
        error_done(&err);
    }
}

static void says_where_a_file_is_cut(void **state UNUSED)
{
    CLEANUP(memory_freep) char *path = file_path(folder, "d");
    Error err = {0};
    assert_true(file_write_atomic(path, 0600, "12345", 5, &err));
    CLEANUP(file_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char bytes[8];
    assert_true(file_read_at(fd, path, 1, bytes, 4, &err));
    assert_memory_equal(bytes, "2345", 4);
    assert_false(file_read_at(fd, path, 3, bytes, 4, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_non_null(strstr(err.message, "ends at byte 5"));
    error_done(&err);
}

static void a_full_disk_is_an_error(void **state UNUSED)
{
    CLEANUP(file_closep) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    Error err = {0};
    assert_false(file_write(fd, "/dev/full", "x", 1, &err));
    assert_int_equal(err.class, ERROR_IO);
    error_done(&err);
    FileDraft draft;
    assert_false(file_draft_open("/nowhere/at/all", 0644, &draft, &err));
    assert_int_equal(err.class, ERROR_IO);
    error_done(&err);
    assert_false(file_make_folders("/dev/null/x", 0755, &err));
    assert_int_equal(err.class, ERROR_IO);
    error_done(&err);
}

static void knows_the_parts_of_a_path(void **state UNUSED)
{
    static const struct {
        const char *path;
        const char *folder;
        const char *base;
    } paths[] = {
        {"a", ".", "a"},    {"a/b", "a", "b"},     {"/a", "/", "a"},
        {"a//b", "a", "b"}, {"a/b/c", "a/b", "c"},
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        CLEANUP(memory_freep) char *of = file_folder_of(paths[i].path);
        assert_string_equal(of, paths[i].folder);
        assert_string_equal(file_base_name(paths[i].path), paths[i].base);
    }
    CLEANUP(memory_freep) char *plain = file_path(".", "x");
    assert_string_equal(plain, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_atomic_write_replaces_or_leaves),
        cmocka_unit_test(a_new_file_never_replaces),
        cmocka_unit_test(reads_regular_files_only),
        cmocka_unit_test(says_where_a_file_is_cut),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(knows_the_parts_of_a_path),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
