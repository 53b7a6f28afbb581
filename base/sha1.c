#include "base/sha1.h"

#include <sodium/utils.h>
#include <string.h>

#include "base/attributes.h"

#define LENGTH_OFFSET (SHA1_BLOCK_SIZE - 8)

void sha1_begin(Sha1Stream *stream)
{
    *stream = (Sha1Stream){
        .state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
    };
}

static uint32_t rotate(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

static void expand(const uint8_t *block, uint32_t words[80])
{
    for (int i = 0; i < 16; i++, block += 4)
        words[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 |
                   (uint32_t)block[3];
    for (int i = 16; i < 80; i++)
        words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
}

/* The function of round `i` with its constant. */
static uint32_t mix(int i, uint32_t b, uint32_t c, uint32_t d)
{
    if (i < 20)
        return ((b & c) | (~b & d)) + 0x5a827999;
    if (i < 40)
        return (b ^ c ^ d) + 0x6ed9eba1;
    if (i < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    return (b ^ c ^ d) + 0xca62c1d6;
}

static void take_block(Sha1Stream *stream)
{
    uint32_t words[80], *state = stream->state;
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    expand(stream->block, words);
    for (int i = 0; i < 80; i++) {
        uint32_t next = rotate(a, 5) + mix(i, b, c, d) + e + words[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sha1_update(Sha1Stream *stream, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        size_t used = (size_t)(stream->length % SHA1_BLOCK_SIZE);
        size_t piece = size < SHA1_BLOCK_SIZE - used ? size : SHA1_BLOCK_SIZE - used;
        memcpy(stream->block + used, at, piece);
        stream->length += piece;
        at += piece;
        size -= piece;
        if (used + piece == SHA1_BLOCK_SIZE)
            take_block(stream);
    }
}

const char *sha1_end(Sha1Stream *stream, char ret_hex[static SHA1_HEX_SIZE])
{
    uint64_t bits = stream->length * 8;
    uint8_t length[8], sum[20];
    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha1_update(stream, "\x80", 1);
    while (stream->length % SHA1_BLOCK_SIZE != LENGTH_OFFSET)
        sha1_update(stream, "", 1);
    sha1_update(stream, length, sizeof(length));
    for (size_t i = 0; i < sizeof(sum); i++)
        sum[i] = (uint8_t)(stream->state[i / 4] >> (24 - 8 * (i % 4)));
    return sodium_bin2hex(ret_hex, SHA1_HEX_SIZE, sum, sizeof(sum));
}
