#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "planner/packing/bundles_file.h"
#include "tests/support/unit_test.h"

#define HEX16  "0123456789abcdef"
#define HEX128 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16
#define LINE1  "bundle 1 main - 1.0.0 " HEX128 " 2026-11-23T04:00:00Z " HEX128 "\n"

typedef struct Place {
    char folder[64];
    char *path;
} Place;

static int make_place(void **state)
{
    Place *place = memory_new(Place);
    memcpy(place->folder, "/tmp/bundles-file-test.XXXXXX", 30);
    assert_non_null(mkdtemp(place->folder));
    place->path = file_path(place->folder, BUNDLES_FILE_NAME);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    Place *place = *state;
    unlink(place->path);
    rmdir(place->folder);
    free(place->path);
    free(place);
    return 0;
}

static void write_text(const Place *place, const char *text)
{
    Error err = {0};
    assert_true(file_write_atomic(place->path, 0644, text, strlen(text), &err));
}

static void a_missing_file_is_empty(void **state)
{
    const Place *place = *state;
    BundleLineArray lines = {0};
    Error err = {0};
    assert_true(bundles_file_read(place->path, &lines, &err));
    assert_int_equal(lines.count, 0);
}

static void appends_what_it_reads_back(void **state)
{
    const Place *place = *state;
    Error err = {0};
    BundleLine line = {.sequence = 1, .channel = "main", .from = "-", .to = "1.0.0"};
    memcpy(line.tree_to, HEX128, 129);
    memcpy(line.head_digest, HEX128, 129);
    memcpy(line.created, "2026-11-23T04:00:00Z", 21);
    assert_true(bundles_file_append(place->path, &line, &err));
    line.sequence = 2;
    assert_true(bundles_file_append(place->path, &line, &err));
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    assert_true(file_read_all(place->path, 4096, &bytes, &size, &err));
    assert_true(text_has_prefix(bytes, "sealift-bundles 1\n" LINE1 "bundle 2 "));
    BundleLineArray lines = {0};
    assert_true(bundles_file_read(place->path, &lines, &err));
    assert_int_equal(lines.count, 2);
    /* the newest of two that built the same */
    assert_ptr_equal(bundles_file_find(&lines, &line), &lines.items[1]);
    line.channel[0] = 'x';
    assert_null(bundles_file_find(&lines, &line));
    array_free(&lines);
}

static void refuses_what_it_did_not_write(void **state)
{
    const Place *place = *state;
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"bundles\n", ":1: the first line is not"},
        {"sealift-bundles 1\n" LINE1 LINE1, ":3: sequence 1 is assigned twice"},
        {"sealift-bundles 1\nbundle 1", ":2: the last line is cut"},
        {"sealift-bundles 1\nbundle 1 main\n", ":2: the line is not 'bundle"},
        {"sealift-bundles 1\nbundle  1 main - 1 a b c\n", ":2: the line is not 'bundle"},
        {"sealift-bundles 1\nbundle 0 main - 1 a b c\n", ":2: the line has no sequence"},
        {"sealift-bundles 1\nbundle 1 Main - 1 a b c\n", ":2: the line has no valid channel"},
        {"sealift-bundles 1\nbundle 1 main - - a b c\n", ":2: the line has no valid version"},
        {"sealift-bundles 1\nbundle 1 main - 1 a b c\n", ":2: the line has no valid digests"},
        {"sealift-bundles 1\nbundle 1 main - 1 " HEX128 " 2026 " HEX128 "\n",
         ":2: the line has no valid time"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        write_text(place, bad[i].text);
        BundleLineArray lines = {.count = 7};
        Error err = {0};
        assert_false(bundles_file_read(place->path, &lines, &err));
        assert_int_equal(err.class, ERROR_INPUT);
        assert_non_null(strstr(err.message, bad[i].says));
        assert_int_equal(lines.count, 7);
        error_done(&err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_missing_file_is_empty, make_place, remove_place),
        cmocka_unit_test_setup_teardown(appends_what_it_reads_back, make_place, remove_place),
        cmocka_unit_test_setup_teardown(refuses_what_it_did_not_write, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
