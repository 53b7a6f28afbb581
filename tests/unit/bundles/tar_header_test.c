#include "tests/support/unit_test.h"

#include <archive.h>
#include <archive_entry.h>

#include "bundles/tar_header.h"

/* What libarchive writes for this entry: the witness. */
static void libarchive_header(const char *path, int64_t size, uint8_t header[TAR_BLOCK_SIZE])
{
    static uint8_t bytes[4 * TAR_BLOCK_SIZE];
    size_t used = 0;
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    assert_int_equal(archive_write_set_format_ustar(archive), ARCHIVE_OK);
    archive_write_set_bytes_per_block(archive, 0);
    archive_write_set_bytes_in_last_block(archive, 1);
    assert_int_equal(archive_write_open_memory(archive, bytes, sizeof(bytes), &used), ARCHIVE_OK);
    archive_entry_set_pathname(entry, path);
    archive_entry_set_size(entry, size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 0, 0);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    memcpy(header, bytes, TAR_BLOCK_SIZE);
    archive_entry_free(entry);
    /* closing would write the entry's bytes, which do not fit; archive_write_fail would leak */
    (void)archive_write_free(archive);
}

static void writes_the_bytes_that_libarchive_writes(void **state UNUSED)
{
    char longest[OBJECT_PATH_MAX + 1] = {0};
    memset(longest, 'a', OBJECT_PATH_MAX);
    const struct {
        const char *path;
        int64_t size;
    } entries[] = {
        {"SIGNATURES", BUNDLE_SLOT_COUNT * BUNDLE_SLOT_SIZE},
        {"KEYRING", BUNDLE_KEYRING_SIZE},
        {"HEAD", BUNDLE_HEAD_SIZE},
        {"manifest.db", 65536},
        {"versions/0001/0002-add-customers.up.sql", 0},
        {"versions/0001/0002-add-customers.data0001.zst", OBJECT_STORED_SIZE_MAX - 1},
        {longest, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        uint8_t ours[TAR_BLOCK_SIZE], theirs[TAR_BLOCK_SIZE];
        assert_true(tar_header_make(entries[i].path, entries[i].size, ours));
        libarchive_header(entries[i].path, entries[i].size, theirs);
        assert_memory_equal(ours, theirs, TAR_BLOCK_SIZE);
    }
}

static void refuses_what_ustar_cannot_say(void **state UNUSED)
{
    char longer[OBJECT_PATH_MAX + 2] = {0};
    memset(longer, 'a', OBJECT_PATH_MAX + 1);
    uint8_t header[TAR_BLOCK_SIZE] = {7};
    assert_false(tar_header_make("", 1, header));
    assert_false(tar_header_make(longer, 1, header));
    assert_false(tar_header_make("a", -1, header));
    assert_false(tar_header_make("a", OBJECT_STORED_SIZE_MAX, header));
    assert_int_equal(header[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_bytes_that_libarchive_writes),
        cmocka_unit_test(refuses_what_ustar_cannot_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
