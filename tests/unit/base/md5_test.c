#include "tests/support/unit_test.h"

#include <string.h>

#include "base/attributes.h"
#include "base/md5.h"

/* RFC 1321, A.5. */
static void equals_the_published_vectors(void **state UNUSED)
{
    static const struct {
        const char *message, *expected;
    } vectors[] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        char hex[MD5_HEX_SIZE];
        md5_hex(vectors[i].message, strlen(vectors[i].message), hex);
        assert_string_equal(hex, vectors[i].expected);
    }
}

/* Where the padding needs a block of its own, and where it does not; `md5sum` says so. */
static void pads_at_each_edge(void **state UNUSED)
{
    static const struct {
        size_t size;
        const char *expected;
    } vectors[] = {
        {55, "ef1772b6dff9a122358552954ad0df65"},   {56, "3b0c8ac703f828b04c6c197006d17218"},
        {63, "b06521f39153d618550606be297466d5"},   {64, "014842d480b571495a4a0363793f7367"},
        {65, "c743a45e0d2e6a95cb859adae0248435"},   {119, "8a7bd0732ed6a28ce75f6dabc90e1613"},
        {120, "5f61c0ccad4cac44c75ff505e1f1e537"},  {128, "e510683b3f5ffe4093d021808bc6ff70"},
        {1000, "cabe45dcc9ae5b66ba86600cca6b8ba8"},
    };
    char bytes[1000];
    memset(bytes, 'a', sizeof(bytes));
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        char hex[MD5_HEX_SIZE];
        assert_string_equal(md5_hex(bytes, vectors[i].size, hex), vectors[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_published_vectors),
        cmocka_unit_test(pads_at_each_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
