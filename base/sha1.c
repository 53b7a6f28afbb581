#include "base/sha1.h"

#include <string.h>

#include "base/attributes.h"

#define BLOCK_SIZE  64
#define LENGTH_SIZE 8 /* the message's length in bits ends its last block */
#define ROUNDS      80

static uint32_t rotate(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static uint32_t read_word(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The function and the constant of a round (FIPS 180-4, 4.1.1 and 4.2.1). */
static uint32_t mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20)
        return ((b & c) | (~b & d)) + 0x5a827999;
    if (round < 40)
        return (b ^ c ^ d) + 0x6ed9eba1;
    if (round < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    return (b ^ c ^ d) + 0xca62c1d6;
}

/* One block of the message (6.1.2). */
static void add_block(uint32_t state[static 5], const uint8_t *block)
{
    uint32_t schedule[ROUNDS];
    for (int i = 0; i < 16; i++)
        schedule[i] = read_word(block + 4 * i);
    for (int i = 16; i < ROUNDS; i++)
        schedule[i] =
            rotate(schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16], 1);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t next = rotate(a, 5) + mix(i, b, c, d) + e + schedule[i];
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

void sha1_begin(Sha1Stream *stream)
{
    *stream = (Sha1Stream){
        .state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
    };
}

void sha1_update(Sha1Stream *stream, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    while (size) {
        size_t held = stream->size % BLOCK_SIZE;
        size_t taken = size < BLOCK_SIZE - held ? size : BLOCK_SIZE - held;
        memcpy(stream->block + held, from, taken);
        stream->size += taken;
        from += taken;
        size -= taken;
        if (held + taken == BLOCK_SIZE)
            add_block(stream->state, stream->block);
    }
}

/* A one bit, zeroes, the length in bits: to the end of a block (5.1.1). */
void sha1_end(Sha1Stream *stream, uint8_t ret_hash[static SHA1_SIZE])
{
    static const uint8_t padding[BLOCK_SIZE] = {0x80};
    uint64_t bits = stream->size * 8;
    uint8_t length[LENGTH_SIZE];
    for (int i = 0; i < LENGTH_SIZE; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    size_t held = stream->size % BLOCK_SIZE;
    size_t room = held < BLOCK_SIZE - LENGTH_SIZE ? BLOCK_SIZE : 2 * BLOCK_SIZE;
    sha1_update(stream, padding, room - LENGTH_SIZE - held);
    sha1_update(stream, length, LENGTH_SIZE);
    for (int i = 0; i < SHA1_SIZE; i++)
        ret_hash[i] = (uint8_t)(stream->state[i / 4] >> (24 - 8 * (i % 4)));
}

const char *sha1_end_hex(Sha1Stream *stream, char ret_hex[static SHA1_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SHA1_SIZE];
    sha1_end(stream, hash);
    for (size_t i = 0; i < SHA1_SIZE; i++) {
        ret_hex[2 * i] = digits[hash[i] >> 4];
        ret_hex[2 * i + 1] = digits[hash[i] & 15];
    }
    ret_hex[SHA1_HEX_SIZE - 1] = '\0';
    return ret_hex;
}

const char *sha1_hex(const void *bytes, size_t size, char ret_hex[static SHA1_HEX_SIZE])
{
    Sha1Stream stream;
    sha1_begin(&stream);
    sha1_update(&stream, bytes, size);
    return sha1_end_hex(&stream, ret_hex);
}
