/* libFuzzer target for the manifest's reader, as if its digest held. The first byte chooses: the
 * rest is a whole manifest.db, or it is changes to a good one, each of three bytes of offset, one
 * of length and that many bytes (SQLite pages are too long to be found by chance). HEAD stays that
 * of the good one. Checked: a refusal says that the input is malformed; what is accepted can be
 * written and read again.
 *
 *     make fuzz && build/fuzz/fuzz/manifest_reader_fuzz -max_len=4096 CORPUS */
#include <unistd.h>

#include "base/file.h"
#include "bundles/manifest_store.h"
#include "tests/support/forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static const Forge *good_bundle(void)
{
    static Forge good;
    if (!good.manifest.length)
        forge_init(&good, FORGE_REHEARSED);
    return &good;
}

static void apply_changes(Text *manifest, const uint8_t *bytes, size_t size)
{
    while (size > 4) {
        size_t offset = ((size_t)bytes[0] << 16 | (size_t)bytes[1] << 8 | bytes[2]);
        size_t length = bytes[3];
        bytes += 4;
        size -= 4;
        if (length > size)
            length = size;
        offset %= manifest->length;
        if (length > manifest->length - offset)
            length = manifest->length - offset;
        memcpy(manifest->bytes + offset, bytes, length);
        bytes += length;
        size -= length;
    }
}

/* Written by our own hand it may have another size, so only HEAD can refuse it. */
static void write_again(const Manifest *manifest)
{
    CLEANUP(error_done) Error err = {0};
    char path[] = "/tmp/sealift-fuzz.XXXXXX";
    int fd = mkstemp(path);
    check(fd >= 0);
    close(fd);
    check(manifest_write(manifest, path, &err));
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    const Forge *good = good_bundle();
    CLEANUP(error_done) Error err = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(text_done) Text image = {0};
    if (bytes[0] & 1) {
        text_add_n(&image, bytes + 1, size - 1);
    } else {
        text_add_n(&image, good->manifest.bytes, good->manifest.length);
        apply_changes(&image, bytes + 1, size - 1);
    }
    if (manifest_read(image.bytes, image.length, &good->head, &manifest, &err))
        write_again(&manifest);
    else
        check(err.class == ERROR_INPUT && manifest.versions.count == 0);
    return 0;
}
