#include "base/md5.h"

#include <stdint.h>
#include <string.h>

#include "base/attributes.h"

#define BLOCK_SIZE  64
#define LENGTH_SIZE 8 /* the message's length in bits ends its last block */

/* The whole part of 2^32 |sin(i + 1)| (3.4). */
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const uint8_t shifts[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t rotate(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static uint32_t read_word(const uint8_t *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

/* The function of a round and the word of the block that its step takes (3.4). */
static uint32_t mix(unsigned step, uint32_t b, uint32_t c, uint32_t d, unsigned *ret_word)
{
    switch (step / 16) {
    case 0:
        *ret_word = step;
        return (b & c) | (~b & d);
    case 1:
        *ret_word = (5 * step + 1) % 16;
        return (b & d) | (c & ~d);
    case 2:
        *ret_word = (3 * step + 5) % 16;
        return b ^ c ^ d;
    default:
        *ret_word = 7 * step % 16;
        return c ^ (b | ~d);
    }
}

static void add_block(uint32_t state[static 4], const uint8_t *block)
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (unsigned step = 0; step < 64; step++) {
        unsigned word;
        uint32_t sum = a + mix(step, b, c, d, &word) + sines[step] + read_word(block + 4 * word);
        a = d;
        d = c;
        c = b;
        b += rotate(sum, shifts[step / 16][step % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

/* The rest of the message, a bit that is set, zeros, and the length: one block or two (3.1, 3.2).
 */
static void add_end(uint32_t state[static 4], const uint8_t *rest, size_t size, uint64_t bits)
{
    uint8_t blocks[2 * BLOCK_SIZE] = {0};
    size_t length = size + 1 + LENGTH_SIZE <= BLOCK_SIZE ? BLOCK_SIZE : 2 * BLOCK_SIZE;
    memcpy(blocks, rest, size);
    blocks[size] = 0x80;
    for (size_t i = 0; i < LENGTH_SIZE; i++)
        blocks[length - LENGTH_SIZE + i] = (uint8_t)(bits >> (8 * i));
    for (size_t at = 0; at < length; at += BLOCK_SIZE)
        add_block(state, blocks + at);
}

const char *md5_hex(const void *bytes, size_t size, char ret_hex[static MD5_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const uint8_t *message = bytes;
    size_t at = 0;
    for (; size - at >= BLOCK_SIZE; at += BLOCK_SIZE)
        add_block(state, message + at);
    add_end(state, message + at, size - at, (uint64_t)size * 8);
    for (unsigned i = 0; i < MD5_HEX_SIZE - 1; i++)
        ret_hex[i] = digits[state[i / 8] >> (8 * (i / 2 % 4) + (i % 2 ? 0 : 4)) & 15];
    ret_hex[MD5_HEX_SIZE - 1] = '\0';
    return ret_hex;
}
