#include "tests/support/unit_test.h"

#include <string.h>

#include "base/attributes.h"
#include "base/sha1.h"

/* What FIPS 180-4's examples and `sha1sum` say. */
static void equals_the_published_vectors(void **state UNUSED)
{
    static const struct {
        const char *message, *expected;
    } vectors[] = {
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
         "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "a49b2446a02c645bf419f995b67091253a04a259"},
    };
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        char hex[SHA1_HEX_SIZE];
        sha1_hex(vectors[i].message, strlen(vectors[i].message), hex);
        assert_string_equal(hex, vectors[i].expected);
    }
}

static void equals_the_vector_of_a_million(void **state UNUSED)
{
    Sha1Stream stream;
    char hex[SHA1_HEX_SIZE], thousand[1000];
    memset(thousand, 'a', sizeof(thousand));
    sha1_begin(&stream);
    for (int i = 0; i < 1000; i++)
        sha1_update(&stream, thousand, sizeof(thousand));
    assert_string_equal(sha1_end_hex(&stream, hex), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

/* Where the padding needs a block of its own, and where it does not. */
static void pads_every_length_around_a_block(void **state UNUSED)
{
    static const struct {
        size_t size;
        const char *expected;
    } lengths[] = {
        {55, "8ae2d46729cfe68ff927af5eec9c7d1b66d65ac2"},
        {56, "636e2ec698dac903498e648bd2f3af641d3c88cb"},
        {63, "6d942da0c4392b123528f2905c713a3ce28364bd"},
        {64, "c6138d514ffa2135bfce0ed0b8fac65669917ec7"},
        {65, "69bd728ad6e13cd76ff19751fde427b00e395746"},
        {119, "41c89d06001bab4ab78736b44efe7ce18ce6ae08"},
        {120, "d3dbd653bd8597b7475321b60a36891278e6a04a"},
        {128, "e6434bc401f98603d7eda504790c98c67385d535"},
    };
    uint8_t bytes[128];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        char hex[SHA1_HEX_SIZE];
        assert_string_equal(sha1_hex(bytes, lengths[i].size, hex), lengths[i].expected);
    }
}

static void is_the_same_in_any_pieces(void **state UNUSED)
{
    char whole[SHA1_HEX_SIZE], pieces[SHA1_HEX_SIZE];
    char text[300];
    memset(text, 'x', sizeof(text));
    sha1_hex(text, sizeof(text), whole);
    for (size_t size = 1; size < sizeof(text); size += 7) {
        Sha1Stream stream;
        sha1_begin(&stream);
        for (size_t at = 0; at < sizeof(text); at += size)
            sha1_update(&stream, text + at, sizeof(text) - at < size ? sizeof(text) - at : size);
        assert_string_equal(sha1_end_hex(&stream, pieces), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_published_vectors),
        cmocka_unit_test(equals_the_vector_of_a_million),
        cmocka_unit_test(pads_every_length_around_a_block),
        cmocka_unit_test(is_the_same_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
