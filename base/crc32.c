#include "base/crc32.h"

#define POLYNOMIAL UINT32_C(0xedb88320)

uint32_t crc32_update(uint32_t crc, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (POLYNOMIAL & (0 - (crc & 1)));
    }
    return ~crc;
}
