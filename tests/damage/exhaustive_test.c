/* Every byte of a bundle changed, every length it could be cut to: all refused. The bundle is as
 * small as one can be that has a filled keyring record and two filled slots. */
#include "tests/support/unit_test.h"

#include <unistd.h>

#include "bundles/bundle_reader.h"
#include "tests/support/forge.h"

/* Two changes of a byte: its lowest bit, and all bits. */
static const uint8_t flips[] = {0x01, 0xff};

/* Opening proves the whole envelope, a millisecond of Ed25519. CONTENT is read afresh on every
 * verify, so one reader serves for all changes of CONTENT; every so many a new one is opened. */
#define REOPEN_EVERY 64

typedef struct Scene {
    Keyring site;
    Text bytes;
    int fd;
} Scene;

static void scene_init(Scene *ret_scene)
{
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_MINIMAL);
    *ret_scene = (Scene){.site = forge_site_keyring(), .bytes = forge_seal(&forge)};
    ret_scene->fd = forge_memory(&ret_scene->bytes);
}

static void scene_done(Scene *scene)
{
    close(scene->fd);
    text_done(&scene->bytes);
}

static bool opens(const Scene *scene, BundleReader **ret_reader, Error *err)
{
    return bundle_reader_open_fd(dup(scene->fd), "bundle", &scene->site, ret_reader, err);
}

static BundleReader *good_reader(const Scene *scene)
{
    CLEANUP(error_done) Error err = {0};
    BundleReader *reader = NULL;
    if (!opens(scene, &reader, &err))
        fail_msg("the good bundle is refused: %s", err.message);
    return reader;
}

static void put(const Scene *scene, size_t offset, uint8_t byte)
{
    if (pwrite(scene->fd, &byte, 1, (off_t)offset) != 1)
        abort();
}

/* A refusal is of a class that says so: malformed, untrusted, or made by a newer planner. */
static void expect_refusal(bool accepted, const Error *err, size_t offset, const char *what)
{
    if (accepted)
        fail_msg("%s at byte %zu: accepted", what, offset);
    if (err->class != ERROR_INPUT && err->class != ERROR_TRUST && err->class != ERROR_TARGET)
        fail_msg("%s at byte %zu: %d %s", what, offset, err->class, err->message);
}

static void expect_not_opened(const Scene *scene, size_t offset, const char *what)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    expect_refusal(opens(scene, &reader, &err), &err, offset, what);
    assert_null(reader);
}

/* As a command does it: open, then verify. */
static void expect_not_verified(const Scene *scene, size_t offset, const char *what)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    expect_refusal(opens(scene, &reader, &err) && bundle_reader_verify(reader, &err), &err, offset,
                   what);
}

static void refuses_every_change_of_the_envelope(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene;
    scene_init(&scene);
    for (size_t offset = 0; offset < BUNDLE_ENVELOPE_SIZE; offset++) {
        uint8_t byte = (uint8_t)scene.bytes.bytes[offset];
        for (size_t i = 0; i < ARRAY_LEN(flips); i++) {
            put(&scene, offset, byte ^ flips[i]);
            expect_not_opened(&scene, offset, "change");
        }
        put(&scene, offset, byte);
    }
    bundle_reader_free(good_reader(&scene));
}

static void refuses_every_change_of_content(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene;
    scene_init(&scene);
    CLEANUP(bundle_reader_freep) BundleReader *reader = good_reader(&scene);
    for (size_t offset = BUNDLE_CONTENT_OFFSET; offset < scene.bytes.length; offset++) {
        uint8_t byte = (uint8_t)scene.bytes.bytes[offset];
        for (size_t i = 0; i < ARRAY_LEN(flips); i++) {
            CLEANUP(error_done) Error err = {0};
            put(&scene, offset, byte ^ flips[i]);
            expect_refusal(bundle_reader_verify(reader, &err), &err, offset, "change");
            assert_int_equal(err.class, ERROR_TRUST); /* what was signed is known */
            if (offset % REOPEN_EVERY == 0)
                expect_not_verified(&scene, offset, "change");
        }
        put(&scene, offset, byte);
    }
    CLEANUP(error_done) Error err = {0};
    if (!bundle_reader_verify(reader, &err))
        fail_msg("the good bundle is refused: %s", err.message);
}

static void refuses_every_cut(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene;
    scene_init(&scene);
    CLEANUP(bundle_reader_freep) BundleReader *reader = good_reader(&scene);
    for (size_t length = scene.bytes.length; length-- > 0;) {
        if (ftruncate(scene.fd, (off_t)length) != 0)
            abort();
        if (length < BUNDLE_ENVELOPE_SIZE || length % REOPEN_EVERY == 0 ||
            length + 2 * REOPEN_EVERY > scene.bytes.length) {
            expect_not_opened(&scene, length, "cut");
            continue;
        }
        CLEANUP(error_done) Error err = {0};
        expect_refusal(bundle_reader_verify(reader, &err), &err, length, "cut");
    }
}

static void refuses_whatever_is_appended(void **state UNUSED)
{
    CLEANUP(scene_done) Scene scene;
    scene_init(&scene);
    static const char zeros[TAR_BLOCK_SIZE];
    const struct {
        const char *bytes;
        size_t size;
    } tails[] = {{"\n", 1}, {zeros, 1}, {zeros, 512}, {scene.bytes.bytes, scene.bytes.length}};
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        if (ftruncate(scene.fd, (off_t)scene.bytes.length) != 0 ||
            pwrite(scene.fd, tails[i].bytes, tails[i].size, (off_t)scene.bytes.length) !=
                (ssize_t)tails[i].size)
            abort();
        expect_not_opened(&scene, i, "tail");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_every_change_of_the_envelope),
        cmocka_unit_test(refuses_every_change_of_content),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(refuses_whatever_is_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
