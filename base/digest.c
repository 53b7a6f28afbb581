#include "base/digest.h"

#include <sodium/crypto_hash_sha512.h>
#include <sodium/utils.h>

void digest_begin(DigestStream *stream)
{
    crypto_generichash_blake2b_init(&stream->state, /* key= */ NULL, 0, DIGEST_SIZE);
}

void digest_update(DigestStream *stream, const void *bytes, size_t size)
{
    crypto_generichash_blake2b_update(&stream->state, bytes, size);
}

Digest digest_end(DigestStream *stream)
{
    Digest digest;
    crypto_generichash_blake2b_final(&stream->state, digest.bytes, sizeof(digest.bytes));
    return digest;
}

Digest digest_of(const void *bytes, size_t size)
{
    DigestStream stream;
    digest_begin(&stream);
    digest_update(&stream, bytes, size);
    return digest_end(&stream);
}

bool digest_equal(const Digest *a, const Digest *b)
{
    return sodium_memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

const char *digest_hex(const Digest *digest, char ret_hex[static DIGEST_HEX_SIZE])
{
    return sodium_bin2hex(ret_hex, DIGEST_HEX_SIZE, digest->bytes, DIGEST_SIZE);
}

static int hex_value(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

bool digest_parse_hex(const char *hex, size_t length, Digest *ret_digest)
{
    if (length != 2 * DIGEST_SIZE)
        return false;
    Digest digest;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_digest = digest;
    return true;
}

const char *digest_sha256_hex(const void *bytes, size_t size,
                              char ret_hex[static DIGEST_SHA256_HEX_SIZE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, bytes, size);
    return sodium_bin2hex(ret_hex, DIGEST_SHA256_HEX_SIZE, hash, sizeof(hash));
}

void digest_sha256_begin(Sha256Stream *stream)
{
    crypto_hash_sha256_init(&stream->state);
}

void digest_sha256_update(Sha256Stream *stream, const void *bytes, size_t size)
{
    crypto_hash_sha256_update(&stream->state, bytes, size);
}

const char *digest_sha256_so_far(const Sha256Stream *stream,
                                 char ret_base64[static DIGEST_SHA256_BASE64_SIZE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    Sha256Stream copy = *stream;
    crypto_hash_sha256_final(&copy.state, hash);
    return sodium_bin2base64(ret_base64, DIGEST_SHA256_BASE64_SIZE, hash, sizeof(hash),
                             sodium_base64_VARIANT_ORIGINAL);
}

/* FIPS 180-4, 5.3.4 and 6.5: SHA-512 from another beginning, and the first 48 bytes of its end. */
const char *digest_sha384_hex(const void *bytes, size_t size,
                              char ret_hex[static DIGEST_SHA384_HEX_SIZE])
{
    static const uint64_t beginning[8] = {
        UINT64_C(0xcbbb9d5dc1059ed8), UINT64_C(0x629a292a367cd507), UINT64_C(0x9159015a3070dd17),
        UINT64_C(0x152fecd8f70e5939), UINT64_C(0x67332667ffc00b31), UINT64_C(0x8eb44a8768581511),
        UINT64_C(0xdb0c2e0d64f98fa7), UINT64_C(0x47b5481dbefa4fa4),
    };
    crypto_hash_sha512_state state;
    uint8_t hash[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_init(&state);
    for (size_t i = 0; i < ARRAY_LEN(beginning); i++)
        state.state[i] = beginning[i];
    crypto_hash_sha512_update(&state, bytes, size);
    crypto_hash_sha512_final(&state, hash);
    return sodium_bin2hex(ret_hex, DIGEST_SHA384_HEX_SIZE, hash, (DIGEST_SHA384_HEX_SIZE - 1) / 2);
}
