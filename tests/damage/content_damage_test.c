/* CONTENT that is signed and nevertheless not what the manifest says: tar headers, filler, the
 * archive's end, objects. And files that change while they are read. */
#include "tests/support/unit_test.h"

#include <unistd.h>
#include <zstd.h>

#include "bundles/bundle_reader.h"
#include "bundles/tar_header.h"
#include "tests/support/forge.h"

/* Of README, the first object: its header stands at 0, its data at 512. */
#define README_SIZE_FIELD 124
#define README_CHECKSUM   148
#define README_TYPE       156
#define README_LINK       157
#define README_DATA       512

/* A change of bytes from README's header on. */
typedef struct ContentDamage {
    const char *name;
    size_t offset;
    size_t size;
    const char *bytes;
    const char *says;
} ContentDamage;

#define README_HEADER "the tar header of 'README' is not as it must be"

static const ContentDamage damages[] = {
    {"a symbolic link", README_TYPE, 1, "2", README_HEADER},
    {"a hard link", README_TYPE, 1, "1", README_HEADER},
    {"a link's target", README_LINK, 11, "/etc/passwd", README_HEADER},
    {"a directory", README_TYPE, 1, "5", README_HEADER},
    {"a device", README_TYPE, 1, "3", README_HEADER},
    {"a FIFO", README_TYPE, 1, "6", README_HEADER},
    {"a pax header", README_TYPE, 1, "x", README_HEADER},
    {"a global pax header", README_TYPE, 1, "g", README_HEADER},
    {"a GNU long name", README_TYPE, 1, "L", README_HEADER},
    {"a GNU sparse file", README_TYPE, 1, "S", README_HEADER},
    {"an old-style type", README_TYPE, 1, "\0", README_HEADER},
    {"a base-256 size", README_SIZE_FIELD, 1, "\200", README_HEADER},
    {"a negative base-256 size", README_SIZE_FIELD, 12,
     "\377\377\377\377\377\377\377\377\377\377\377\377", README_HEADER},
    {"a negative octal size", README_SIZE_FIELD, 1, "-", README_HEADER},
    {"another size", README_SIZE_FIELD + 10, 1, "0", README_HEADER},
    {"a name that leaves", 0, 7, "../READ", README_HEADER},
    {"an absolute name", 0, 7, "/README", README_HEADER},
    {"a name behind a NUL", 6, 3, "\0.x", README_HEADER},
    {"another name", 0, 6, "readme", README_HEADER},
    {"a set-uid mode", 100, 4, "0047", README_HEADER},
    {"a time", 146, 1, "7", README_HEADER},
    {"a wrong checksum", README_CHECKSUM, 1, "7", README_HEADER},
    {"no magic", 257, 5, "usta\0", README_HEADER},
    {"GNU magic", 257, 8, "ustar  \0", README_HEADER},
    {"an owner's name", 265, 4, "root", README_HEADER},
    {"a prefix", 345, 3, "etc", README_HEADER},
    {"something behind the header's fields", 511, 1, "x", README_HEADER},
    {"another README", README_DATA, 4, "That",
     "object 'README' does not have the digest that the manifest says"},
};

static void expect_refused(Forge *forge, ErrorClass class, const char *name, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text bytes = forge_seal(forge);
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    bool good =
        bundle_reader_open_fd(forge_memory(&bytes), "bundle", &forge->site, &reader, &err) &&
        bundle_reader_verify(reader, &err);
    if (good)
        fail_msg("%s: accepted", name);
    if (err.class != class || !strstr(err.message, says))
        fail_msg("%s: %d %s; '%s' is expected", name, err.class, err.message, says);
}

static void refuses_headers_that_are_not_ours(void **state UNUSED)
{
    CLEANUP(forge_done) Forge good;
    forge_init(&good, FORGE_FULL);
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(forge_done) Forge bad;
        forge_copy(&good, &bad);
        memcpy(bad.objects.bytes + damages[i].offset, damages[i].bytes, damages[i].size);
        expect_refused(&bad, ERROR_INPUT, damages[i].name, damages[i].says);
    }
}

static void refuses_bytes_in_filler_and_end(void **state UNUSED)
{
    CLEANUP(forge_done) Forge good;
    forge_init(&good, FORGE_FULL);
    /* the last object's filler ends where the archive's end begins */
    size_t end = good.objects.length - BUNDLE_END_SIZE;
    const struct {
        const char *name;
        size_t offset;
        const char *says;
    } places[] = {
        {"filler of the last object", end - 1, "filler behind 'versions/0002/"},
        {"the end's first byte", end, "the end of the archive is not as it must be"},
        {"the end's second block", end + 512, "the end of the archive is not as it must be"},
        {"the last byte", good.objects.length - 1, "the end of the archive is not as it must be"},
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        CLEANUP(forge_done) Forge bad;
        forge_copy(&good, &bad);
        bad.objects.bytes[places[i].offset] = 'x';
        expect_refused(&bad, ERROR_INPUT, places[i].name, places[i].says);
    }
}

/* HEAD says the size of CONTENT, and the manifest what it must be. */
static void refuses_more_and_less(void **state UNUSED)
{
    CLEANUP(forge_done) Forge good;
    forge_init(&good, FORGE_FULL);
    uint8_t header[TAR_BLOCK_SIZE];
    if (!tar_header_make("README", 0, header))
        abort();
    CLEANUP(forge_done) Forge more;
    forge_copy(&good, &more);
    more.objects.length -= BUNDLE_END_SIZE;
    text_add_n(&more.objects, header, sizeof(header)); /* the same name again */
    text_add_n(&more.objects, good.objects.bytes + good.objects.length - BUNDLE_END_SIZE,
               BUNDLE_END_SIZE);
    expect_refused(&more, ERROR_INPUT, "one entry more", "bytes of content, but HEAD says");
    CLEANUP(forge_done) Forge behind;
    forge_copy(&good, &behind);
    text_add_n(&behind.objects, header, sizeof(header));
    expect_refused(&behind, ERROR_INPUT, "an entry behind the end", "content, but HEAD says");
    CLEANUP(forge_done) Forge less;
    forge_copy(&good, &less);
    less.objects.length -= 512;
    expect_refused(&less, ERROR_INPUT, "half an end", "bytes of content, but HEAD says");
}

static void refuses_another_header_of_the_manifest(void **state UNUSED)
{
    CLEANUP(forge_done) Forge bad;
    forge_init(&bad, FORGE_MINIMAL);
    uint8_t header[TAR_BLOCK_SIZE];
    if (!tar_header_make("manifest.db-journal", (int64_t)bad.manifest.length, header))
        abort();
    text_add_n(&bad.extra, header, sizeof(header));
    expect_refused(&bad, ERROR_INPUT, "another name of the manifest",
                   "the tar header of 'manifest.db' is not as it must be");
}

/* Signed wrong is malformed; changed afterwards is untrusted, and the place is told. */
static void tells_changed_from_built_wrong(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_LARGE);
    CLEANUP(text_done) Text bytes = forge_seal(&forge);
    bytes.bytes[bytes.length - 4096] ^= 1;
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    assert_true(bundle_reader_open_fd(forge_memory(&bytes), "b", &forge.site, &reader, &err));
    assert_false(bundle_reader_verify(reader, &err));
    assert_int_equal(err.class, ERROR_TRUST);
    assert_non_null(strstr(err.message, "its content is not what was signed"));
    assert_non_null(strstr(err.detail, "'b': "));
}

/* A file that is another one than what was proven: each byte is checked where it is used. */
static void refuses_objects_that_change_after_verify(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_LARGE);
    CLEANUP(text_done) Text bytes = forge_seal(&forge);
    int fd = forge_memory(&bytes);
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    assert_true(bundle_reader_open_fd(fd, "b", &forge.site, &reader, &err));
    assert_true(bundle_reader_verify(reader, &err));
    const Manifest *manifest;
    assert_true(bundle_reader_manifest(reader, &manifest, &err));
    ObjectSource source = bundle_reader_objects(reader);
    int64_t objects = BUNDLE_MANIFEST_OFFSET + manifest->head.manifest_size;
    array_each (const ManifestObject, object, &manifest->objects) {
        /* the last byte, which is in the last chunk */
        int64_t place = objects + object->offset + object->stored_size - 1;
        char byte = bytes.bytes[place], changed = (char)(byte ^ 1);
        assert_int_equal(pwrite(fd, &changed, 1, place), 1);
        CLEANUP(error_done) Error failure = {0};
        CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
        assert_false(object_stream_open(&source, object, &stream, &failure) &&
                     object_stream_finish(stream, &failure));
        assert_int_equal(failure.class, ERROR_TRUST);
        if (stream) {
            CLEANUP(error_done) Error again = {0};
            assert_false(object_stream_finish(stream, &again));
        }
        assert_int_equal(pwrite(fd, &byte, 1, place), 1);
    }
}

static void refuses_files_that_grow_or_shrink_while_read(void **state UNUSED)
{
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_FULL);
    CLEANUP(text_done) Text bytes = forge_seal(&forge);
    int fd = forge_memory(&bytes);
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    CLEANUP(error_done) Error err = {0};
    assert_true(bundle_reader_open_fd(fd, "b", &forge.site, &reader, &err));
    assert_int_equal(ftruncate(fd, (off_t)bytes.length + 1), 0);
    assert_false(bundle_reader_verify(reader, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_non_null(strstr(err.message, "behind its end"));
    error_done(&err);
    assert_int_equal(ftruncate(fd, (off_t)bytes.length - 1), 0);
    assert_false(bundle_reader_verify(reader, &err));
    assert_int_equal(err.class, ERROR_INPUT);
}

/* An object of our own making, in memory. */
typedef struct FakeObject {
    ManifestObject object;
    Text stored;
} FakeObject;

static bool read_fake(void *context, const ManifestObject *object UNUSED, int64_t offset,
                      void *bytes, size_t size, Error *err UNUSED)
{
    const FakeObject *fake = context;
    memcpy(bytes, fake->stored.bytes + offset, size);
    return true;
}

static void finish_fake(FakeObject *fake)
{
    fake->object.path = memory_string("x.sql.zst");
    fake->object.compressed = true;
    fake->object.stored_size = (int64_t)fake->stored.length;
    fake->object.stored_digest = digest_of(fake->stored.bytes, fake->stored.length);
}

#define FAKE_PLAIN_SIZE ((size_t)2 << 20)

static void pack_fake(FakeObject *fake, int checksum, int content_size, int window_log)
{
    CLEANUP(memory_freep) char *plain = memory_zeroed(1, FAKE_PLAIN_SIZE);
    fake->object.plain_size = (int64_t)FAKE_PLAIN_SIZE;
    fake->object.plain_digest = digest_of(plain, FAKE_PLAIN_SIZE);
    ZSTD_CCtx *compressor = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, checksum);
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_contentSizeFlag, content_size);
    if (window_log)
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_windowLog, window_log);
    char packed[65536];
    ZSTD_outBuffer out = {packed, sizeof(packed), 0};
    /* half first, so that a frame without a known size keeps its window */
    ZSTD_inBuffer in = {plain, FAKE_PLAIN_SIZE / 2, 0};
    if (window_log)
        ZSTD_compressStream2(compressor, &out, &in, ZSTD_e_continue);
    in.size = FAKE_PLAIN_SIZE;
    if (ZSTD_compressStream2(compressor, &out, &in, ZSTD_e_end) != 0)
        abort();
    ZSTD_freeCCtx(compressor);
    text_add_n(&fake->stored, packed, out.pos);
}

static void expect_stream(FakeObject *fake, ErrorClass class, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    finish_fake(fake);
    ObjectSource source = {.read = read_fake, .context = fake};
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    bool good = object_stream_open(&source, &fake->object, &stream, &err) &&
                object_stream_finish(stream, &err);
    if (good != (class == ERROR_NONE) ||
        (!good && (err.class != class || !strstr(err.message, says))))
        fail_msg("%d %s; '%s' is expected", err.class, err.message, says);
    free(fake->object.path);
    text_done(&fake->stored);
    *fake = (FakeObject){0};
}

static void refuses_zstd_that_is_not_one_plain_frame(void **state UNUSED)
{
    FakeObject fake = {0};
    pack_fake(&fake, /* checksum= */ 0, /* content_size= */ 1, /* window_log= */ 0);
    expect_stream(&fake, ERROR_NONE, "");

    pack_fake(&fake, /* checksum= */ 1, /* content_size= */ 1, /* window_log= */ 0);
    expect_stream(&fake, ERROR_INPUT, "has a checksum, a dictionary or reserved bits");

    pack_fake(&fake, /* checksum= */ 0, /* content_size= */ 0, /* window_log= */ 20);
    expect_stream(&fake, ERROR_INPUT, "another size than the manifest says");

    pack_fake(&fake, /* checksum= */ 0, /* content_size= */ 1, /* window_log= */ 0);
    fake.object.plain_size--;
    expect_stream(&fake, ERROR_INPUT, "another size than the manifest says");

    pack_fake(&fake, /* checksum= */ 0, /* content_size= */ 1, /* window_log= */ 0);
    pack_fake(&fake, /* checksum= */ 0, /* content_size= */ 1, /* window_log= */ 0);
    expect_stream(&fake, ERROR_INPUT, "has bytes behind its zstd frame");

    pack_fake(&fake, /* checksum= */ 0, /* content_size= */ 1, /* window_log= */ 0);
    text_add_char(&fake.stored, '\0');
    expect_stream(&fake, ERROR_INPUT, "has bytes behind its zstd frame");

    pack_fake(&fake, /* checksum= */ 0, /* content_size= */ 1, /* window_log= */ 0);
    fake.stored.length--;
    expect_stream(&fake, ERROR_INPUT, "its zstd frame is cut short");

    pack_fake(&fake, /* checksum= */ 0, /* content_size= */ 1, /* window_log= */ 0);
    fake.object.plain_digest.bytes[0] ^= 1;
    expect_stream(&fake, ERROR_TRUST, "does not have the plain digest");

    text_add_n(&fake.stored, "\x50\x2a\x4d\x18\1\0\0\0x", 9); /* a skippable frame */
    expect_stream(&fake, ERROR_INPUT, "is not a zstd frame");

    text_add_n(&fake.stored, "\x28\xb5\x2f\xfd", 4);
    expect_stream(&fake, ERROR_INPUT, "is not a zstd frame");

    /* a window of 2^27 bytes and a size of 2 MiB: eight bytes after the descriptor */
    text_add_n(&fake.stored, "\x28\xb5\x2f\xfd\x80\x88\0\0\x20\0\1\0\0", 13);
    fake.object.plain_size = (int64_t)FAKE_PLAIN_SIZE;
    expect_stream(&fake, ERROR_INPUT, "zstd: Frame requires too much memory");
}

static void reads_ranges_in_ascending_order_only(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text text = {0};
    for (int i = 0; i < 100000; i++)
        text_addf(&text, "%06d\n", i);
    FakeObject fake = {.stored = text};
    fake.object = (ManifestObject){.path = memory_string("x"),
                                   .stored_size = (int64_t)text.length,
                                   .plain_size = (int64_t)text.length,
                                   .stored_digest = digest_of(text.bytes, text.length)};
    ObjectSource source = {.read = read_fake, .context = &fake};
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    assert_true(object_stream_open(&source, &fake.object, &stream, &err));
    char bytes[7];
    for (int i = 0; i < 100000; i += 77) {
        assert_true(object_stream_read_range(stream, (int64_t)i * 7, bytes, 7, &err));
        assert_memory_equal(bytes, text.bytes + (size_t)i * 7, 7);
    }
    assert_false(object_stream_read_range(stream, 7, bytes, 7, &err));
    assert_int_equal(err.class, ERROR_INTERNAL);
    error_done(&err);
    assert_false(object_stream_read_range(stream, (int64_t)text.length - 3, bytes, 7, &err));
    assert_non_null(strstr(err.message, "before what was asked for"));
    free(fake.object.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_headers_that_are_not_ours),
        cmocka_unit_test(refuses_bytes_in_filler_and_end),
        cmocka_unit_test(refuses_more_and_less),
        cmocka_unit_test(refuses_another_header_of_the_manifest),
        cmocka_unit_test(tells_changed_from_built_wrong),
        cmocka_unit_test(refuses_objects_that_change_after_verify),
        cmocka_unit_test(refuses_files_that_grow_or_shrink_while_read),
        cmocka_unit_test(refuses_zstd_that_is_not_one_plain_frame),
        cmocka_unit_test(reads_ranges_in_ascending_order_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
