#include "tests/support/unit_test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "planner/packing/signing_key.h"

/* Made by minisign 0.11 with -G -W, for this test only; its public key. */
#define WITNESS_SECRET                                                                                 \
    "untrusted comment: minisign encrypted secret key\n"                                               \
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA8gMpB3zuGwzvd8ZVAMYQ0wu+" \
    "LVLfiV7ZuxkK2wuMul3asJbyzW1TSePFEuSyByptkEXAFVMpT7rM8R3QyuGi1g32D81XDGNhAAAAAAAAAAAAAAAAAAAAAAAA" \
    "AAAAAAAAAAAAAAAAAAA=\n"
#define WITNESS_PUBLIC "RWTyAykHfO4bDOPFEuSyByptkEXAFVMpT7rM8R3QyuGi1g32D81XDGNh"

static char folder[64];
static char *key_path, *public_path;

static int make_folder(void **state UNUSED)
{
    snprintf(folder, sizeof(folder), "/tmp/sealift-signing-key.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    key_path = memory_format("%s/vendor", folder);
    public_path = memory_format("%s/vendor.pub", folder);
    return 0;
}

static int drop_folder(void **state UNUSED)
{
    unlink(key_path);
    unlink(public_path);
    rmdir(folder);
    free(key_path);
    free(public_path);
    return 0;
}

static void signs_with_the_key_it_made(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    PublicKey made, read;
    assert_true(signing_key_create(key_path, &made, &err));
    struct stat status;
    assert_int_equal(stat(key_path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(public_key_read(public_path, &read, &err));
    assert_true(public_key_equal(&made, &read));
    CLEANUP(signing_key_freep) SigningKey *key = NULL;
    assert_true(signing_key_open(key_path, &key, &err));
    assert_true(public_key_equal(signing_key_public(key), &made));
    Signature signature;
    signing_key_sign(key, "message", 7, "sealift/1 release product=p sequence=1", &signature);
    assert_true(signature_verify(&signature, &made, "message", 7,
                                 "sealift/1 release product=p sequence=1", &err));
}

static void makes_another_key_each_time_and_never_overwrites(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    PublicKey first, second;
    assert_true(signing_key_create(key_path, &first, &err));
    assert_false(signing_key_create(key_path, &second, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.message, "vendor.pub' is already there"));
    unlink(public_path);
    assert_false(signing_key_create(key_path, &second, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_false(file_exists(public_path));
    unlink(key_path);
    assert_true(signing_key_create(key_path, &second, &err));
    assert_false(public_key_equal(&first, &second));
    assert_memory_not_equal(first.id, second.id, sizeof(first.id));
    CLEANUP(memory_freep) char *nowhere = memory_format("%s/none/key", folder);
    assert_false(signing_key_create(nowhere, &second, &err));
    assert_int_equal(err.class, ERROR_IO);
}

static void reads_a_key_that_minisign_made(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(signing_key_freep) SigningKey *key = NULL;
    char text[SIGNATURE_PUBLIC_KEY_TEXT];
    assert_true(file_write_atomic(key_path, 0400, WITNESS_SECRET, strlen(WITNESS_SECRET), &err));
    assert_true(signing_key_open(key_path, &key, &err));
    public_key_format(signing_key_public(key), text);
    assert_string_equal(text, WITNESS_PUBLIC);
}

static void refuses_a_key_that_others_may_read(void **state UNUSED)
{
    static const mode_t modes[] = {0644, 0640, 0604, 0610, 0601, 0620, 0602, 0660};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(signing_key_freep) SigningKey *key = NULL;
        assert_true(
            file_write_atomic(key_path, modes[i], WITNESS_SECRET, strlen(WITNESS_SECRET), &err));
        assert_false(signing_key_open(key_path, &key, &err));
        assert_int_equal(err.class, ERROR_CONFIG);
        assert_non_null(strstr(err.message, "readable by others"));
        assert_null(key);
    }
}

static void refuses_another_users_key(void **state UNUSED)
{
    if (geteuid() != 0)
        skip();
    CLEANUP(error_done) Error err = {0};
    CLEANUP(signing_key_freep) SigningKey *key = NULL;
    assert_true(file_write_atomic(key_path, 0600, WITNESS_SECRET, strlen(WITNESS_SECRET), &err));
    assert_int_equal(chown(key_path, 65534, 65534), 0);
    assert_false(signing_key_open(key_path, &key, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.message, "belongs to another user"));
}

/* Where in the witness's text (from its start) which character is put → class and words. */
static const struct {
    size_t at;
    char character;
    ErrorClass class;
    const char *says;
} damages[] = {
    {0, 'U', ERROR_INPUT, "no minisign secret key"},
    {49, 'S', ERROR_INPUT, "no minisign secret key"}, /* algorithm */
    {52, 'B', ERROR_CONFIG, "is encrypted"},          /* kdf */
    {54, 'C', ERROR_INPUT, "no minisign secret key"}, /* checksum algorithm */
    {60, ' ', ERROR_INPUT, "no minisign secret key"}, /* base64 */
    {135, 'A', ERROR_INPUT, "is damaged"},            /* seed */
    {190, 'A', ERROR_INPUT, "is damaged"},            /* public key */
    {240, 'B', ERROR_INPUT, "is damaged"},            /* checksum */
};

static void refuses_what_is_no_key(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(signing_key_freep) SigningKey *key = NULL;
        char text[] = WITNESS_SECRET;
        assert_int_not_equal(text[damages[i].at], damages[i].character);
        text[damages[i].at] = damages[i].character;
        assert_true(file_write_atomic(key_path, 0600, text, strlen(text), &err));
        if (signing_key_open(key_path, &key, &err))
            fail_msg("damage at %zu is accepted", damages[i].at);
        if (err.class != damages[i].class || !strstr(err.message, damages[i].says))
            fail_msg("damage at %zu: %d %s", damages[i].at, err.class, err.message);
    }
    static const char *const contents[] = {"", "x", "untrusted comment: x",
                                           "untrusted comment: x\n",
                                           "untrusted comment: x\n" WITNESS_PUBLIC "\n"};
    for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(signing_key_freep) SigningKey *key = NULL;
        assert_true(file_write_atomic(key_path, 0600, contents[i], strlen(contents[i]), &err));
        assert_false(signing_key_open(key_path, &key, &err));
        assert_int_equal(err.class, ERROR_INPUT);
    }
    CLEANUP(error_done) Error err = {0};
    CLEANUP(signing_key_freep) SigningKey *key = NULL;
    CLEANUP(memory_freep) char *large = memory_zeroed(1, 3000);
    assert_true(file_write_atomic(key_path, 0600, large, 3000, &err));
    assert_false(signing_key_open(key_path, &key, &err));
    assert_int_equal(err.class, ERROR_INPUT);
}

static void refuses_what_is_no_regular_file(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(signing_key_freep) SigningKey *key = NULL;
    assert_false(signing_key_open(folder, &key, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_int_equal(symlink("/dev/null", key_path), 0);
    assert_false(signing_key_open(key_path, &key, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    unlink(key_path);
    assert_false(signing_key_open(key_path, &key, &err));
    assert_int_equal(err.class, ERROR_IO);
}

#define KEY_TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_TEST(signs_with_the_key_it_made),
        KEY_TEST(makes_another_key_each_time_and_never_overwrites),
        KEY_TEST(reads_a_key_that_minisign_made),
        KEY_TEST(refuses_a_key_that_others_may_read),
        KEY_TEST(refuses_another_users_key),
        KEY_TEST(refuses_what_is_no_key),
        KEY_TEST(refuses_what_is_no_regular_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
