#include "tests/support/unit_test.h"

#include <string.h>

#include "base/attributes.h"
#include "base/sha1.h"

static void is_what_the_standard_says(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *hex;
    } cases[] = {
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Sha1Stream stream;
        char hex[SHA1_HEX_SIZE];
        sha1_begin(&stream);
        sha1_update(&stream, cases[i].text, strlen(cases[i].text));
        assert_string_equal(sha1_end(&stream, hex), cases[i].hex);
    }
}

/* A million times "a", in pieces that end at every place of a block. */
static void comes_in_any_pieces(void **state UNUSED)
{
    char piece[SHA1_BLOCK_SIZE * 3], hex[SHA1_HEX_SIZE];
    Sha1Stream stream;
    size_t left = 1000000;
    memset(piece, 'a', sizeof(piece));
    sha1_begin(&stream);
    for (size_t size = 1; left > 0; size = size % sizeof(piece) + 1) {
        size_t now = size < left ? size : left;
        sha1_update(&stream, piece, now);
        left -= now;
    }
    assert_string_equal(sha1_end(&stream, hex), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_the_standard_says),
        cmocka_unit_test(comes_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
