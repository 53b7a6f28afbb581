#include "base/config_file.h"

#include <unistd.h>

#include "base/file.h"
#include "tests/support/unit_test.h"

typedef struct Sample {
    char *name;
    char *folder;
} Sample;

static const ConfigKey keys[] = {
    {"product", "name", offsetof(Sample, name)},
    {"migrations", "folder", offsetof(Sample, folder)},
};

static bool read_text(const char *text, Sample *sample, Error *err)
{
    char path[] = "/tmp/config-file-test.XXXXXX";
    CLEANUP(file_closep) int fd = mkstemp(path);
    assert_true(file_write(fd, path, text, strlen(text), err));
    bool good = config_file_read(path, CONFIG_REQUIRED, keys, ARRAY_LEN(keys), sample, err);
    unlink(path);
    return good;
}

static void sample_done(Sample *sample)
{
    free(sample->name);
    free(sample->folder);
}

static void reads_what_is_there_and_keeps_defaults(void **state UNUSED)
{
    CLEANUP(sample_done) Sample sample = {.folder = memory_string("migrations")};
    Error err = {0};
    assert_true(read_text("# a comment\n[product]\nname = harbor desk\n", &sample, &err));
    assert_string_equal(sample.name, "harbor desk");
    assert_string_equal(sample.folder, "migrations");
}

static void refuses_what_it_does_not_know(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"[product]\nnmae = x\n", "line 2: there is no key 'nmae' in a section [product]"},
        {"[produkt]\nname = x\n", "line 2: there is no key 'name' in a section [produkt]"},
        {"[product]\nname = x\nname = y\n", "line 3: 'name' in [product] stands twice"},
        {"[product]\nname\n", "line 2: neither [section] nor key = value"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(sample_done) Sample sample = {0};
        Error err = {0};
        assert_false(read_text(bad[i].text, &sample, &err));
        assert_int_equal(err.class, ERROR_CONFIG);
        if (!strstr(err.message, bad[i].says))
            fail_msg("%s", err.message);
        error_done(&err);
    }
}

static void a_missing_file_is_missed_only_where_it_must_be_there(void **state UNUSED)
{
    Sample sample = {0};
    Error err = {0};
    assert_true(
        config_file_read("/nowhere/x.conf", CONFIG_OPTIONAL, keys, ARRAY_LEN(keys), &sample, &err));
    assert_false(
        config_file_read("/nowhere/x.conf", CONFIG_REQUIRED, keys, ARRAY_LEN(keys), &sample, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    error_done(&err);
    assert_false(config_file_read("/tmp", CONFIG_REQUIRED, keys, ARRAY_LEN(keys), &sample, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    error_done(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_there_and_keeps_defaults),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(a_missing_file_is_missed_only_where_it_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
